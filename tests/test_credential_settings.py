"""Where the credentials for an address come from: variables, and files and commands of the user's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from airconn.credentials import Credentials
from airconn.errors import AirconnError, BlockedError, UsageError
from tests.test_config import Asked, config

URL = "https://prod.example.com"


def entry(*lines: str, url: str = URL, name: str = "prod") -> str:
    return f'[addresses.{name}]\nurl = "{url}"\n' + "\n".join(lines) + "\n"


def secret_file(tmp_path: Path, text: str = "canary-of-file\n", mode: int = 0o600, name: str = "secret") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def prod(tmp_path: Path, *lines: str, consent: Asked | None = None, **environ: str) -> Credentials:
    return config(tmp_path, user=entry(*lines), consent=consent, **environ).resolve("@prod").settings.credentials


def error_of(tmp_path: Path, *lines: str, **environ: str) -> AirconnError:
    with pytest.raises(UsageError) as caught:
        prod(tmp_path, *lines, **environ)
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    return caught.value


def test_a_client_comes_from_its_two_variables_after_a_password_and_before_a_command(tmp_path: Path) -> None:
    client = {"AIRCONN_CLIENT_ID": "airflow", "AIRCONN_CLIENT_SECRET": "canary"}
    known = config(tmp_path, **client, AIRCONN_TOKEN_COMMAND="x").target("https://h").settings.credentials
    assert (known.client_id, known.client_secret, known.token_command) == ("airflow", "canary", None)
    assert known.source == "AIRCONN_CLIENT_ID and AIRCONN_CLIENT_SECRET"
    assert "canary" not in repr(known)
    both = config(tmp_path, **client, AIRCONN_USERNAME="u", AIRCONN_PASSWORD="p")
    assert both.target("https://h").settings.credentials.client_id is None
    with pytest.raises(UsageError, match="AIRCONN_CLIENT_ID is set and AIRCONN_CLIENT_SECRET is not"):
        config(tmp_path, AIRCONN_CLIENT_ID="x").target("https://h")
    looked = config(tmp_path).target("https://h").settings.credentials.looked_at
    assert looked[:3] == (
        "AIRCONN_TOKEN",
        "AIRCONN_USERNAME and AIRCONN_PASSWORD",
        "AIRCONN_CLIENT_ID and AIRCONN_CLIENT_SECRET",
    )


def test_each_credential_of_an_address_has_a_source_of_its_own(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    known = prod(tmp_path, 'username = "ann"', f'password_file = "{file}"', AIRCONN_TOKEN="other")
    assert (known.username, known.password, known.token, known.of_address) == ("ann", "canary-of-file", None, True)
    assert known.source == "username of @prod and password_file of @prod"
    known = prod(tmp_path, 'client_id_env = "ID"', 'client_secret_command = ["pass", "x"]', ID="airflow")
    assert (known.client_id, known.client_secret) == ("airflow", None)
    assert [(command.field, command.words) for command in known.commands] == [("client_secret", ("pass", "x"))]
    known = prod(tmp_path, f'token_file = "{file}"')
    assert (known.token, known.source, known.of_address) == ("canary-of-file", "token_file of @prod", True)
    known = prod(tmp_path, 'token_command = ["print-token"]', AIRCONN_TOKEN="other")
    assert (known.token_command, known.source, known.of_address) == (("print-token",), "token_command of @prod", True)
    assert "canary" not in repr(known)


def test_nothing_of_another_address_takes_the_place_of_what_is_missing(tmp_path: Path) -> None:
    others = {"AIRCONN_TOKEN": "other", "AIRCONN_HEADER_X_KEY": "other"}
    known = prod(tmp_path, 'client_id_env = "ID"', 'client_secret_env = "S"', **others)
    assert known == Credentials(looked_at=("ID and S",), of_address=True)
    known = prod(tmp_path, "[addresses.prod.headers]", 'X-Other = { env = "OTHER" }', **others, OTHER="mine")
    assert (dict(known.headers), known.token, known.source) == ({"X-Other": "mine"}, None, "")
    assert known.looked_at == ("the credentials of this address, which has only headers",)


@pytest.mark.parametrize(
    ("text", "value"),
    [("pass word ", "pass word "), ("x\n", "x"), ("x\r\n", "x"), ("\ufeffx", "x"), (" x", " x")],
)
def test_a_file_holds_one_line_which_is_taken_as_it_is(tmp_path: Path, text: str, value: str) -> None:
    file = secret_file(tmp_path, text)
    assert prod(tmp_path, 'username = "ann"', f'password_file = "{file}"').password == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n", "the file is empty"),
        ("canary\nmore\n", "the file has more than one line"),
        ("canary" * 20_000, "the file is larger than 64 KiB"),
    ],
    ids=["nothing", "an empty line", "two lines", "too large"],
)
def test_a_file_without_one_line_is_told_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    file = secret_file(tmp_path, text)
    error = error_of(tmp_path, f'token_file = "{file}"')
    assert (error.where, error.message) == (str(file), f"token_file of @prod: {message}")


def test_a_file_that_is_missing_or_not_a_text_is_told_with_its_path(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-file"
    error = error_of(tmp_path, f'token_file = "{missing}"')
    assert (error.where, error.message) == (str(missing), "token_file of @prod: no such file")
    assert error_of(tmp_path, f'token_file = "{tmp_path}"').message == "token_file of @prod: Is a directory"
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfecanary")
    assert error_of(tmp_path, f'token_file = "{binary}"').message == "token_file of @prod: the file is not UTF-8"


def test_the_home_of_the_user_is_known_in_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    secret_file(tmp_path)
    assert prod(tmp_path, 'token_file = "~/secret"').token == "canary-of-file"


@pytest.mark.parametrize(("mode", "warns"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o644, 1)])
def test_a_file_that_others_can_read_is_told(tmp_path: Path, mode: int, warns: int) -> None:
    asked = Asked(None)
    file = secret_file(tmp_path, mode=mode)
    assert prod(tmp_path, f'token_file = "{file}"', consent=asked).token == "canary-of-file"
    assert len(asked.warned) == warns
    for text in asked.warned:
        assert text.startswith(f"{file}: others can read this file, which holds a credential (mode {mode:04o})")
        assert "canary" not in text


def test_files_and_commands_are_for_the_users_own_file_alone(tmp_path: Path) -> None:
    file = secret_file(tmp_path)
    lines = [
        ('token_file = "{}"', "token_file"),
        ('token_command = ["touch", "x"]', "token_command"),
        ('username_env = "AIRCONN_U"\npassword_command = ["touch"]', "password_command"),
        ('username = "ann"\npassword_env = "AIRCONN_P"', "username"),
        ('headers.X-Key = {{ file = "{}" }}', "headers.X-Key"),
        ('headers.X-Key = { command = ["touch", "x"] }', "headers.X-Key"),
    ]
    for line, key in lines:
        text = entry(line.format(file) if "{}" in line else line)
        with pytest.raises(UsageError, match=f"has '{key}', and a project's file may not do that") as caught:
            config(tmp_path, text)
        assert caught.value.where == "airconn.toml"
        assert config(tmp_path, user=text).addresses()["prod"]["url"] == URL


def test_a_project_names_variables_of_headers_as_it_does_those_of_tokens(tmp_path: Path) -> None:
    own = entry('headers.X-Key = { env = "AIRCONN_PROD_KEY" }', url="https://mine.example.com", name="mine")
    for variable in ("AWS_SECRET_ACCESS_KEY", "AIRCONN_PROD_KEY", "AIRCONN_METADB_PASSWORD"):
        with pytest.raises(UsageError, match=f"headers.X-Key.env = '{variable}', and a project's file may not"):
            config(tmp_path, entry(f'headers.X-Key = {{ env = "{variable}" }}'), own)
    text = entry('headers.X-Key = { env = "AIRCONN_TEAM_KEY" }')
    known = config(tmp_path, text, own, AIRCONN_TEAM_KEY="k").resolve("@prod").settings.credentials
    assert (dict(known.headers), known.header_source) == ({"X-Key": "k"}, "AIRCONN_TEAM_KEY")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (('token_env = "A"', 'token_file = "b"'), "address 'prod' has both 'token_env' and 'token_file'"),
        (('username = "a"', 'username_env = "b"'), "address 'prod' has both 'username' and 'username_env'"),
        (('password = "canary"',), "address 'prod' can't have 'password' like this"),
        (('client_secret = "canary"',), "address 'prod' can't have 'client_secret' like this"),
        (('token_command = "canary print"',), "address 'prod' can't have 'token_command' like this"),
        (("token_command = []",), "address 'prod' can't have 'token_command' like this"),
        (("token_command = [1]",), "address 'prod' can't have 'token_command' like this"),
        (('headers = "canary"',), "address 'prod' can't have 'headers' like this"),
        (('headers.X = "canary"',), "header 'X' of address 'prod' needs a value from somewhere"),
        (('headers.X = { value = "canary" }',), "header 'X' of address 'prod' needs a value from somewhere"),
        (('headers.X = { env = "A", file = "b" }',), "header 'X' of address 'prod' needs a value"),
        (('headers.X = { env = "NOT_SET" }',), "header 'X' of @prod is taken from NOT_SET, which isn't set"),
        (('headers."X Y" = { env = "A" }',), "header 'X Y' of @prod isn't the name of a header"),
        (('headers.Host = { env = "A" }',), "the header Host can't be set"),
        (('headers.X = { env = "A" }', 'headers.x = { env = "A" }'), "the header x is set twice"),
        (
            ('token_command = ["x"]', 'headers.Authorization = { env = "A" }'),
            "A and token_command of @prod are both set",
        ),
        (('username = "ann"',), "username of @prod is set and password_env of this address is not"),
    ],
)
def test_a_wrong_entry_is_told_and_not_quoted(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    assert message in error_of(tmp_path, *lines, A="canary").message


def test_only_an_airflow_has_headers(tmp_path: Path) -> None:
    text = entry('headers.X = { env = "A" }', url="vault:///secret")
    with pytest.raises(UsageError, match="@prod has headers, which only the URL of an Airflow can have"):
        config(tmp_path, user=text, A="canary").resolve("@prod")
    found = config(tmp_path, AIRCONN_HEADER_X_KEY="canary")
    for address in ("vault:///secret", "aws-ssm://", "astro-env://ws", "k8s://", "conns.env"):
        credentials = found.resolve(address).settings.credentials
        assert (dict(credentials.headers), credentials.sources) == ({}, "")


def test_credentials_that_a_place_does_not_use_are_not_ignored_in_silence(tmp_path: Path) -> None:
    """airconn would log in with VAULT_TOKEN, which may be that of another place."""
    for url in ("vault:///secret", "aws-ssm://", "metadb:", "k8s://", "x.env", "airflow-cli:"):
        found = config(tmp_path, user=entry('token_env = "AIRCONN_T"', url=url), AIRCONN_T="canary")
        with pytest.raises(UsageError, match="@prod has credentials in the configuration, which aren't used"):
            found.resolve("@prod")
    for url in ("https://h", "astro-env://ws", "astro-airflow://ws/d", "composer://p/l/e", "mwaa://r/e"):
        found = config(tmp_path, user=entry('token_env = "AIRCONN_T"', url=url), AIRCONN_T="canary")
        assert found.resolve("@prod").settings.credentials.token == "canary"


def test_a_variable_is_a_header_of_its_name(tmp_path: Path) -> None:
    environ = {"AIRCONN_HEADER_CF_ACCESS_CLIENT_ID": "id", "AIRCONN_HEADER_COOKIE": "a=b", "AIRCONN_HEADER_EMPTY": ""}
    known = config(tmp_path, **environ, AIRCONN_TOKEN="t").target("https://h").settings.credentials
    assert dict(known.headers) == {"Cf-Access-Client-Id": "id", "Cookie": "a=b"}
    assert known.sources == "AIRCONN_TOKEN and AIRCONN_HEADER_CF_ACCESS_CLIENT_ID, AIRCONN_HEADER_COOKIE"
    assert "a=b" not in repr(known)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"AIRCONN_HEADER_X": "canary\r\nY: 1"}, "AIRCONN_HEADER_X can't be sent as a header"),
        ({"AIRCONN_HEADER_X": "canäry"}, "AIRCONN_HEADER_X can't be sent as a header"),
        ({"AIRCONN_HEADER_X": "  "}, "AIRCONN_HEADER_X can't be sent as a header"),
        ({"AIRCONN_HEADER_": "canary"}, "a variable that begins with AIRCONN_HEADER_ isn't the name of a header"),
        ({"AIRCONN_HEADER_CANARY:": "x"}, "a variable that begins with AIRCONN_HEADER_ isn't the name of a header"),
        ({"AIRCONN_HEADER_canary\n": "x"}, "a variable that begins with AIRCONN_HEADER_ isn't the name of a header"),
        ({"AIRCONN_HEADER_CONTENT_LENGTH": "1"}, "the header Content-Length can't be set"),
        ({"AIRCONN_HEADER_A": "1", "AIRCONN_HEADER_a": "2"}, "the header A is set twice"),
        ({"AIRCONN_HEADER_AUTHORIZATION": "canary", "AIRCONN_TOKEN": "canary"}, "AIRCONN_TOKEN are both set"),
    ],
)
def test_what_is_not_a_header_is_told_and_not_quoted(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        config(tmp_path, **environ).target("https://h")
    assert message in caught.value.message
    assert "canary" not in f"{caught.value} {caught.value.hint}".lower()


def test_an_authorization_is_the_login_and_comes_before_a_command(tmp_path: Path) -> None:
    environ = {"AIRCONN_HEADER_AUTHORIZATION": "key", "AIRCONN_TOKEN_COMMAND": "x"}
    known = config(tmp_path, **environ).target("https://h").settings.credentials
    assert (known.has_authorization, known.token_command) == (True, None)
    assert known.sources == "AIRCONN_HEADER_AUTHORIZATION"


def test_headers_are_credentials_for_what_a_project_may_name(tmp_path: Path) -> None:
    header = {"AIRCONN_HEADER_X_KEY": "canary"}
    with pytest.raises(UsageError, match="would get the credentials in AIRCONN_HEADER_X_KEY unencrypted"):
        config(tmp_path, 'url = "http://attacker.example.com"', **header).target(None)
    asked = Asked(True)
    config(tmp_path, 'url = "https://x.example.com"', consent=asked, **header).target(None)
    assert asked.asked == [("https://x.example.com", "airconn.toml", "AIRCONN_HEADER_X_KEY")]
    with pytest.raises(BlockedError, match="AIRCONN_TRUST doesn't name that host"):
        config(tmp_path, 'url = "https://x"', AIRCONN_TRUST="y", **header).target(None)
    config(tmp_path, consent=asked, **header).target("http://airflow:8080")
    assert asked.told == [("http://airflow:8080", "AIRCONN_HEADER_X_KEY")]


def test_a_command_gets_none_of_the_variables(tmp_path: Path) -> None:
    user = entry('client_id_env = "MY_ID"', 'client_secret_env = "MY_SECRET"', 'headers.X = { env = "MY_KEY" }')
    names = config(tmp_path, user=user, AIRCONN_HEADER_COOKIE="x").credential_names()
    assert names >= {
        *("AIRCONN_CLIENT_ID", "AIRCONN_CLIENT_SECRET", "AIRCONN_HEADER_COOKIE", "AIRCONN_TOKEN_COMMAND"),
        *("MY_ID", "MY_SECRET", "MY_KEY"),
    }


def test_a_url_of_the_browser_is_the_address_that_it_belongs_to(tmp_path: Path) -> None:
    own = 'token_command = ["print-token"]\naddresses.prod = "https://prod.example.com/x/home?orgId=org_1"'
    for address in ("https://prod.example.com/x", "https://PROD.example.com/x/connections/list/"):
        found = config(tmp_path, user=own).target(address).settings.credentials
        assert found.token_command == ("print-token",)
        asked = Asked(False)
        config(tmp_path, f'url = "{address}"', own, consent=asked).target(None)
        assert asked.asked == []  # the user has named it
    assert config(tmp_path, user=own).target("https://prod.example.com/y").settings.credentials.token_command is None
    text = entry('token_env = "AIRCONN_T"', url="https://prod.example.com/x/home")
    mine = entry('token_env = "AIRCONN_T"', url="https://prod.example.com/x", name="mine")
    assert config(tmp_path, text, mine, AIRCONN_T="t").resolve("@prod").settings.credentials.token == "t"


def test_a_url_of_the_browser_trusts_its_host(tmp_path: Path) -> None:
    nobody = Asked(False)
    project = 'url = "https://x.example.com/home"'
    environ = {"AIRCONN_TOKEN": "t", "AIRCONN_TRUST": "https://X.example.com:443/home?orgId=org_1"}
    config(tmp_path, project, consent=nobody, **environ).target(None)
    assert nobody.asked == []
    with pytest.raises(BlockedError):
        config(tmp_path, 'url = "https://y.example.com"', **environ).target(None)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://h/dags", 1),
        ("https://h/x/pools", 1),
        ("https://h/home?orgId=org_1", 0),
        ("https://h/dags/x/grid", 0),
        ("https://h/x", 0),
        ("http://[", 0),
    ],
)
def test_what_may_be_a_part_of_the_address_is_not_left_out_in_silence(
    tmp_path: Path, address: str, told: int
) -> None:
    asked = Asked(None)
    config(tmp_path, consent=asked).target(address)
    assert len(asked.warned) == told
    assert all("is a page of the web interface" in text and "/api/v2" in text for text in asked.warned)
