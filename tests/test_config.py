"""Where settings come from, and what a wrong one is told."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

from airconn.config import DEFAULT_URL, Config
from airconn.config_files import user_file
from airconn.errors import BlockedError, UsageError


class Asked:
    """Somebody at a terminal, who says yes or no."""

    def __init__(self, says: bool | None) -> None:
        self.says = says
        self.asked: list[tuple[str, str, str]] = []
        self.told: list[tuple[str, str]] = []
        self.warned: list[str] = []

    def ask(self, host: str, file: str, source: str) -> bool:
        self.asked.append((host, file, source))
        if self.says is False:
            raise BlockedError("they say no")
        return bool(self.says)

    def tell_in_clear(self, host: str, source: str) -> None:
        self.told.append((host, source))

    def tell(self, warning: str) -> None:
        self.warned.append(warning)


def config(tmp_path: Path, project: str = "", user: str = "", consent: Asked | None = None, **environ: str) -> Config:
    (tmp_path / "airconn.toml").write_text(project)
    (tmp_path / "user.toml").write_text(user)
    return Config.load({"AIRCONN_CONFIG": str(tmp_path / "user.toml"), **environ}, tmp_path, consent=consent)


def test_the_target_is_the_option_then_the_variable_then_the_files_then_the_default(tmp_path: Path) -> None:
    both = {"project": 'url = "http://project"', "user": 'url = "http://user"'}
    assert config(tmp_path, **both, AIRCONN_URL="http://env").target("http://option").text == "http://option"
    assert config(tmp_path, **both, AIRCONN_URL="http://env").target(None).text == "http://env"
    assert config(tmp_path, **both).target(None).text == "http://project"
    assert config(tmp_path, user='url = "http://user"').target(None).text == "http://user"
    assert config(tmp_path).target(None).text == DEFAULT_URL


@pytest.mark.parametrize("home", [None, "", "relative", "/elsewhere"])
def test_the_file_of_the_user_is_where_platformdirs_says(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if home is None:
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_CONFIG_HOME", home)
    assert user_file(os.environ) == platformdirs.user_config_path("airconn") / "config.toml"


def test_a_name_stands_for_its_address_and_names_its_own_credentials(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        '[addresses]\ndev = "https://dev"\n[addresses.prod]\nurl = "https://prod"\ntoken_env = "AIRCONN_P_TOKEN"\n',
        AIRCONN_P_TOKEN="t",
        AIRCONN_TOKEN="other",
    )
    assert found.resolve("@dev").settings.credentials.token == "other"
    prod = found.resolve("@prod")
    assert (prod.text, prod.settings.credentials.token) == ("https://prod", "t")


def test_the_credentials_of_a_named_address_never_fall_back_to_those_of_another(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        '[addresses.prod]\nurl = "https://prod"\ntoken_env = "AIRCONN_PROD_TOKEN"\n',
        AIRCONN_TOKEN="other",
    )
    credentials = found.resolve("@prod").settings.credentials
    assert (credentials.token, credentials.looked_at[0]) == (None, "AIRCONN_PROD_TOKEN")


def test_a_user_name_and_a_password_of_another_address_are_no_fallback_either(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        '[addresses.prod]\nurl = "https://prod"\ntoken_env = "AIRCONN_PROD_TOKEN"\n',
        AIRCONN_USERNAME="u",
        AIRCONN_PASSWORD="p",
    )
    credentials = found.resolve("@prod").settings.credentials
    assert (credentials.username, credentials.password) == (None, None)


def test_an_empty_address_is_not_the_default_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="an address is empty"):
        config(tmp_path).target("")


def test_only_the_users_own_file_may_name_any_variable(tmp_path: Path) -> None:
    text = '[addresses.x]\nurl = "https://x"\ntoken_env = "AWS_SECRET_ACCESS_KEY"\n'
    with pytest.raises(UsageError, match="a project's file may not do that"):
        config(tmp_path, text)
    found = config(tmp_path, user=text, AWS_SECRET_ACCESS_KEY="t")
    assert found.resolve("@x").settings.credentials.token == "t"


def test_a_project_gets_no_credentials_that_are_for_another_place(tmp_path: Path) -> None:
    user = '[addresses.prod]\nurl = "https://prod"\ntoken_env = "AIRCONN_PROD_TOKEN"\n'
    for variable in ("AIRCONN_PROD_TOKEN", "AIRCONN_METADB_PASSWORD"):
        text = f'[addresses.x]\nurl = "https://x"\ntoken_env = "{variable}"\n'
        with pytest.raises(UsageError, match="a project's file may not do that") as caught:
            config(tmp_path, text, user)
        assert "for no other address" in (caught.value.hint or "")
    same = '[addresses.x]\nurl = "https://prod"\ntoken_env = "AIRCONN_PROD_TOKEN"\n'
    assert config(tmp_path, same, user, AIRCONN_PROD_TOKEN="t").resolve("@x").settings.credentials.token == "t"


def test_a_projects_authorities_are_for_an_airflow(tmp_path: Path) -> None:
    found = config(tmp_path, 'ca_bundle = "company.pem"\nclient_cert = "c.pem"', 'ca_bundle = "mine.pem"')
    assert found.resolve("https://airflow").settings.ca_bundle == Path("company.pem")
    for address in ("vault:///secret", "k8s://", "metadb:", "aws-ssm://"):
        settings = found.resolve(address).settings
        assert (settings.ca_bundle, settings.client_cert) == (Path("mine.pem"), None)


@pytest.mark.parametrize(
    "text",
    [
        'url = "airflow-cli:rm -rf x"',
        '[addresses]\nx = "Airflow-CLI:rm x"',
        '[addresses.x]\nurl = "airflow-cli: rm x"',
    ],
)
def test_a_command_in_an_address_is_the_users_own_choice(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="runs a command, and a project's file may not do that"):
        config(tmp_path, text)
    name = None if text.startswith("url") else "@x"
    assert config(tmp_path, user=text).target(name).text.lower().startswith("airflow-cli:")
    assert config(tmp_path, 'url = "airflow-cli:"').target(None).text == "airflow-cli:"


@pytest.mark.parametrize(
    "text",
    [
        'url = "vault://attacker.example.com/secret"',
        '[addresses]\nx = "metadb+postgresql://attacker.example.com/db"',
        '[addresses.x]\nurl = "gcp-secretmanager://p?api_endpoint=attacker.example.com"',
    ],
)
def test_a_project_does_not_choose_who_gets_other_credentials(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="decides where your credentials are sent") as caught:
        config(tmp_path, text)
    assert caught.value.where == "airconn.toml"
    assert "your own config.toml, and use @name" in (caught.value.hint or "")
    name = None if text.startswith("url") else "@x"
    assert "attacker" in config(tmp_path, user=text).target(name).text
    assert "attacker" in config(tmp_path, AIRCONN_URL="vault://attacker.example.com/secret").target(None).text


def test_a_project_may_name_what_the_users_own_file_says(tmp_path: Path) -> None:
    user = '[addresses]\nvault = "vault://vault.example.com/secret"'
    assert config(tmp_path, 'url = "@vault"', user).target(None).text == "vault://vault.example.com/secret"


def test_credentials_are_not_in_a_repr(tmp_path: Path) -> None:
    found = config(tmp_path, AIRCONN_USERNAME="canary-u", AIRCONN_PASSWORD="canary-p")
    assert "canary" not in repr(found.target(None)) + repr(found)


@pytest.mark.parametrize(
    ("project", "environ", "message"),
    [
        ("uRl = 1", {}, "unknown setting 'uRl'"),
        ("url = 1", {}, "^airconn.toml: 'url' has to be a text in quotes$"),
        ("url = ", {}, "this is not TOML"),
        ('[addresses]\nx = "u"\n[addresses.x]\nurl = "u"', {}, "this is not TOML"),
        ('token_command = ["x"]', {}, "a project's file may not do that"),
        ("[addresses]\nx = 1", {}, "neither a text nor a table"),
        ('[addresses.x]\nurl = "u"\ntoken = "secret"', {}, "can't have 'token'"),
        ("", {"AIRCONN_TIMEOUT": "soon"}, "^AIRCONN_TIMEOUT is not a number"),
        ("", {"AIRCONN_RETRIES": "-1"}, "^AIRCONN_RETRIES is not a number"),
        ("", {"AIRCONN_DEADLINE": "nan"}, "^AIRCONN_DEADLINE is not a number of seconds"),
        ("deadline = 0", {}, "^airconn.toml: 'deadline' is not a number of seconds"),
        ('deadline = "60"', {}, "^airconn.toml: 'deadline' has to be a number, without quotes$"),
        ("retries = 4.5", {}, "'retries' has to be a whole number, without quotes"),
        ("retries = true", {}, "'retries' has to be a whole number"),
        ("retries = 101", {}, "^airconn.toml: 'retries' is not a number from 0 to 100"),
        ("retries = 101", {"AIRCONN_RETRIES": "many"}, "^AIRCONN_RETRIES is not a number from 0 to 100"),
        ("addresses = 1", {}, "'addresses' has to be a table"),
        ("", {"AIRCONN_USERNAME": "u"}, "AIRCONN_USERNAME is set and AIRCONN_PASSWORD is not"),
        ("", {"AIRCONN_TOKEN_COMMAND": "a 'b"}, "quote that isn't closed"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path: Path, project: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        config(tmp_path, project, **environ).target(None)
    assert "secret" not in str(caught.value) + str(caught.value.hint)


@pytest.mark.parametrize("command", ['"vault read x"', "[1, 2]"])
def test_a_token_command_has_to_be_a_list_of_words(tmp_path: Path, command: str) -> None:
    with pytest.raises(UsageError, match="'token_command' has to be a list of words, such as") as caught:
        config(tmp_path, user=f"token_command = {command}")
    assert (caught.value.where or "").endswith(".toml")


def test_a_wrong_number_in_the_users_own_file_is_told_with_that_file(tmp_path: Path) -> None:
    found = config(tmp_path, user="retries = 101")
    with pytest.raises(UsageError, match="'retries' is not a number from 0 to 100") as caught:
        found.target(None)
    assert caught.value.message.startswith(found.user_file)
    assert found.user_file.endswith(".toml")


def test_an_unknown_name_gets_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no address is named @prd") as caught:
        config(tmp_path, '[addresses]\nprod = "http://p"').resolve("@prd")
    assert caught.value.hint == "did you mean @prod?"
    found = config(tmp_path)
    for name, table in (("@prod", "[addresses.prod]"), ("@a b", "a table [addresses.NAME]")):
        with pytest.raises(UsageError, match="no address is named") as caught:
            found.resolve(name)
        where = f"{found.user_file} or airconn.toml (airconn help login)"
        assert caught.value.hint == f"write {table} with its url into {where}"


def test_an_address_that_is_there_twice_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        config(tmp_path, '[addresses]\nx = "u"\n[addresses.x]\nurl = "u"')
    assert "this name is written twice" in (caught.value.hint or "")


def test_network_settings_come_from_variables_and_files(tmp_path: Path) -> None:
    settings = config(tmp_path, 'timeout = 5\nca_bundle = "ca.pem"', AIRCONN_RETRIES="0").target(None).settings
    assert (settings.timeout, settings.ca_bundle, settings.retries) == (5.0, Path("ca.pem"), 0)


def test_a_deadline_is_counted_from_the_start_of_the_run(tmp_path: Path) -> None:
    found = config(tmp_path, "deadline = 30\n[addresses]\nx = 'http://x'")
    ends = {found.target(None).settings.deadline, found.resolve("@x").settings.deadline}
    assert ends == {found.began + 30}
    left = found.target(None).settings.seconds_left()
    assert left is not None
    assert 0 < left <= 30
    assert config(tmp_path, "").target(None).settings.seconds_left() is None


@pytest.mark.parametrize("secret", ["AIRCONN_TOKEN", "AIRCONN_TOKEN_COMMAND", "AIRCONN_USERNAME", "AIRCONN_X_TOKEN"])
@pytest.mark.parametrize("address", ["http://attacker.example.com", "HTTP://localhost.attacker.example.com:8080/x"])
def test_a_projects_address_gets_no_credentials_in_clear(tmp_path: Path, secret: str, address: str) -> None:
    own = '\ntoken_env = "AIRCONN_X_TOKEN"' if secret == "AIRCONN_X_TOKEN" else ""
    projects = {None: f'url = "{address}"', "@x": f'[addresses.x]\nurl = "{address}"{own}'}
    if own:
        del projects[None]
    env = {secret: "canary", **({"AIRCONN_PASSWORD": "canary"} if secret == "AIRCONN_USERNAME" else {})}
    for name, project in projects.items():
        with pytest.raises(UsageError, match=r"would get the credentials in .* unencrypted") as caught:
            config(tmp_path, project, AIRCONN_TRUST="attacker.example.com", **env).target(name)
        assert caught.value.where == "airconn.toml"
        assert "canary" not in str(caught.value) + str(caught.value.hint)
        assert config(tmp_path, project).target(name).text == address  # there is nothing to send


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1.attacker.example.com",
        "http://attacker.localhost",
        "http://localhost@attacker.example.com",
        "http://attacker.example.com\\\\@localhost",
        "http://attacker.example.com#@localhost",
        "http://attacker.example.com/localhost",
        "http://0.0.0.0.example.com",
        "http://127.0.0.1:80@attacker.example.com",
        "http://[::2]",
    ],
)
def test_what_only_looks_like_this_machine_is_not_this_machine(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="unencrypted"):
        config(tmp_path, f'url = "{address}"', AIRCONN_TOKEN="t").target(None)


@pytest.mark.parametrize(
    "address",
    ["https://x.example.com", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:80", "http://LOCALHOST:1/b"],
)
def test_with_nobody_to_ask_a_projects_address_gets_them_over_https_or_on_this_machine(
    tmp_path: Path, address: str
) -> None:
    project = f'url = "{address}"'
    for consent in (None, Asked(None)):
        found = config(tmp_path, project, consent=consent, AIRCONN_TOKEN="t")
        assert found.target(None).settings.credentials.token == "t"
        trusting = config(tmp_path, project, consent=consent, AIRCONN_TOKEN="t", AIRCONN_TRUST="other.example.com")
        with pytest.raises(BlockedError, match="AIRCONN_TRUST doesn't name that host"):
            trusting.target(None)


def test_somebody_at_a_terminal_is_asked_unless_the_host_is_trusted(tmp_path: Path) -> None:
    project = 'url = "https://X.example.com:443/a"'
    asked = Asked(True)
    assert config(tmp_path, project, consent=asked, AIRCONN_TOKEN="t").target(None).settings.credentials.token == "t"
    assert asked.asked == [("https://x.example.com", "airconn.toml", "AIRCONN_TOKEN")]
    with pytest.raises(BlockedError, match="they say no"):
        config(tmp_path, project, consent=Asked(False), AIRCONN_TOKEN="t").target(None)
    for trusted in ("x.example.com", "y, X.EXAMPLE.COM"):
        nobody = Asked(False)
        config(tmp_path, project, consent=nobody, AIRCONN_TOKEN="t", AIRCONN_TRUST=trusted).target(None)
        assert nobody.asked == []
    config(tmp_path, project, consent=nobody).target(None)
    assert nobody.asked == []  # there is nothing to send


@pytest.mark.parametrize("named", ["option", "AIRCONN_URL", "url", "address", "the same name"])
def test_an_address_that_the_user_names_may_be_in_clear_which_is_told(tmp_path: Path, named: str) -> None:
    url = "http://airflow:8080"
    asked = Asked(False)
    user = {
        "url": f'url = "{url}/"',
        "address": f'addresses.mine = "{url}"',
        "the same name": f'addresses.x = "{url}"',
    }
    environ = {"AIRCONN_URL": url} if named == "AIRCONN_URL" else {}
    # The project names the same one, or another by the same name.
    project = 'addresses.x = "http://attacker"' if named == "the same name" else f'url = "{url}"'
    found = config(tmp_path, project, user.get(named, ""), consent=asked, AIRCONN_TOKEN="t", **environ)
    address = found.target({"option": url, "the same name": "@x"}.get(named))
    assert (address.text, address.settings.credentials.token) == (url, "t")
    assert (asked.asked, asked.told) == ([], [(url, "AIRCONN_TOKEN")])


def test_a_token_command_of_the_users_file_is_for_the_addresses_there(tmp_path: Path) -> None:
    own = 'token_command = ["print-token"]\n'
    user = own + (
        'url = "https://own"\naddresses.dev = "https://dev"\naddresses.v = "vault:///secret"\n'
        '[addresses.prod]\nurl = "https://prod"\ntoken_env = "AIRCONN_PROD_TOKEN"\n'
    )
    project = 'url = "https://attacker"\naddresses.same = "https://OWN:443/"'

    def command(found: Config, name: str | None) -> tuple[str, ...] | None:
        return found.target(name).settings.credentials.token_command

    found = config(tmp_path, project, user)
    for name in ("https://own", "@dev", "https://dev/", "@same"):
        assert command(found, name) == ("print-token",)
    for name in (None, "@prod", "https://prod", "https://elsewhere", "http://own", "https://own/other"):
        assert command(found, name) is None
    assert "for the addresses there" in found.target(None).settings.credentials.looked_at[-1]
    alone = config(tmp_path, project, own)
    assert command(alone, "https://elsewhere") == ("print-token",)
    assert command(alone, None) is None
    assert command(config(tmp_path, "", own), None) == ("print-token",)
    assert command(config(tmp_path, project, user, AIRCONN_TOKEN_COMMAND="other"), None) == ("other",)
