"""`airconn login` and `airconn logout`: what is stored, where, and when it is used."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail, null

from airconn import stored_logins
from tests.cli import rings
from tests.cli.at_terminal import AtTerminal
from tests.cli.login_user import TOKEN, User, a_user
from tests.cli.password_door import PASSWORD, WRONG
from tests.conftest import ROOT


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    with a_user(tmp_path, monkeypatch) as user:
        yield user


def lines(shown: str) -> list[str]:
    """The lines of what is shown, with those that the terminal's width had broken in one."""
    return " ".join(shown.split()).replace("error:", "\nerror:").replace("hint:", "\nhint:").splitlines()


@pytest.mark.parametrize("version", ["2.10.5", "3.3.2"])
def test_a_login_is_checked_and_stored_in_the_keyring(user: User, version: str) -> None:
    site, _ = user.airflow(version)
    user.lines, user.hidden = ["ann"], [PASSWORD]
    code, shown = user.run("login", site.url)
    assert code == 0
    assert f"airflow {version} at {site.url}: logged in as ann\n" in shown
    assert "stored in the keyring (Ring of the tests)" in shown
    assert user.ring == {f"airconn {site.url}|ann": PASSWORD}
    assert user.kept == {site.url: {"username": "ann"}}
    assert stat.S_IMODE((user.state / "logins.json").stat().st_mode) == 0o600
    user.terminal, user.lines = False, []
    assert user.run("list", "--from", site.url)[0] == 0


def test_the_stored_login_is_for_all_spellings_of_its_address_and_no_other(user: User) -> None:
    site, door = user.airflow()
    user.log_in(f"{site.url}/home")
    user.terminal = False
    for url in (f"{site.url}/", f"{site.url}/dags/x/grid", site.url.replace("http", "HTTP")):
        assert user.run("list", "--from", url)[0] == 0
    door.tried.clear()
    for url in (f"{site.url}/other", site.url.replace("127.0.0.1", "localhost")):
        assert user.run("list", "--from", url)[0] == 5
    assert door.tried == []


def test_a_token_is_asked_for_and_stored(user: User) -> None:
    site, _ = user.airflow()
    user.hidden = [TOKEN]
    assert user.run("login", site.url, "--ask-token")[0] == 0
    assert user.asked == [f"token for {site.url}: "]
    assert (list(user.ring.values()), user.kept) == ([TOKEN], {site.url: {"username": ""}})
    user.terminal = False
    assert user.run("list", "--from", site.url)[0] == 0


def test_a_wrong_password_is_asked_for_twice_more_and_never_stored(user: User) -> None:
    site, _ = user.airflow()
    user.hidden = [WRONG] * 3
    code, shown = user.run("login", site.url, "--username", "ann")
    assert (code, user.hidden) == (5, [])
    assert shown.count("it refuses the user name or the password") == 3
    assert (user.ring, (user.state / "logins.json").exists()) == ({}, False)
    user.hidden = [WRONG, PASSWORD]
    assert user.run("login", site.url, "--username", "ann")[0] == 0


def test_an_airflow_that_does_not_answer_stores_nothing(user: User) -> None:
    site, _ = user.airflow()
    gone = site.url.replace(str(site.port), "9")
    user.hidden = [PASSWORD, PASSWORD]
    assert user.run("login", gone, "--username", "ann", "--retries", "0")[0] == 5
    assert (len(user.hidden), user.ring) == (1, {})


def test_nothing_typed_is_nothing_stored(user: User) -> None:
    site, _ = user.airflow()
    code, shown = user.run("login", site.url)
    assert (code, "no login was typed" in shown, user.ring) == (2, True, {})


@pytest.mark.parametrize("by", ["AIRCONN_USERNAME", "--username"])
def test_an_airflow_of_a_vendor_has_no_login_with_a_password_for_a_named_user_either(user: User, by: str) -> None:
    address = "https://abc.composer.googleusercontent.com"
    args = ("--username", "ann") if by == "--username" else ()
    user.environ = {} if args else {by: "ann"}
    code, shown = user.run("login", address, *args)
    assert (code, user.asked) == (2, [])
    assert shown.startswith(f"error: {address}: this Airflow has no login with a password\nhint:  --ask-token")


def test_the_keyring_that_is_locked_is_the_login_of_doctor(user: User) -> None:
    site, _ = user.airflow()
    user.log_in(site.url)
    keyring.set_keyring(rings.LockedRing())
    code, shown = user.run("doctor", site.url, "--output", "json")
    found = {(check["area"], check["name"]): check for check in json.loads(shown)["checks"]}
    assert (code, found["Network", "connection"]["result"], found["Airflow", "login"]["result"]) == (
        5,
        "ok",
        "failed",
    )
    assert ("Airflow", "address") not in found
    assert found["Airflow", "login"]["hint"]


@pytest.mark.parametrize("environ", [{"CI": "true"}, {}], ids=["ci", "pipe"])
def test_login_needs_a_terminal(user: User, environ: dict[str, str]) -> None:
    site, _ = user.airflow()
    user.environ, user.terminal = environ, bool(environ)
    code, shown = user.run("login", site.url, "--username", "ann")
    assert code == 2
    assert "hint: set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD" in lines(shown)[-1]
    assert user.asked == []


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, rings.PlaintextRing])
def test_without_a_keyring_nothing_is_asked_and_both_ways_out_are_told(user: User, backend: type) -> None:
    site, _ = user.airflow()
    keyring.set_keyring(backend())
    code, shown = user.run("login", site.url)
    assert (code, user.asked, site.log) == (5, [], [])
    assert "set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD" in lines(shown)[-1]
    assert "airconn login --insecure-file" in lines(shown)[-1]


def test_a_keyring_that_keeps_nothing_is_told(user: User) -> None:
    site, _ = user.airflow()
    keyring.set_keyring(rings.ForgetfulRing())
    user.hidden = [PASSWORD]
    code, shown = user.run("login", site.url, "--username", "ann")
    assert (code, "error: the keyring doesn't give back what it was given" in shown) == (5, True)
    assert user.run("logout", site.url)[1].endswith("no login is stored for it\n")


def test_without_the_keyring_package_its_extra_is_named(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    site, _ = user.airflow()
    monkeypatch.setitem(sys.modules, "keyring", None)
    code, shown = user.run("login", site.url)
    assert (code, user.asked) == (2, [])
    assert "the keyring package isn't installed" in shown
    assert "[keyring]" in lines(shown)[-1]
    assert "--insecure-file" in lines(shown)[-1]


def test_a_plain_file_is_written_only_on_demand(user: User) -> None:
    site, _ = user.airflow()
    keyring.set_keyring(fail.Keyring())
    user.hidden = [PASSWORD]
    code, shown = user.run("login", site.url, "--username", "ann", "--insecure-file")
    file = user.state / "logins.json"
    assert code == 0
    assert f"warning: the login is stored in {file} as plain text" in lines(shown)[0]
    assert user.kept == {site.url: {"username": "ann", "secret": PASSWORD}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    user.terminal = False
    code, shown = user.run("list", "--from", site.url)
    assert (code, "warning" in shown) == (0, False)
    file.chmod(0o644)
    code, shown = user.run("list", "--from", site.url)
    assert (code, "others can read this file, which holds a login (mode 0644)" in lines(shown)[0]) == (0, True)


def test_the_keyring_takes_the_place_of_the_file_and_the_other_way_round(user: User) -> None:
    site, _ = user.airflow()
    user.log_in(site.url, "--insecure-file")
    user.log_in(site.url)
    assert (user.kept[site.url], len(user.ring)) == ({"username": "ann"}, 1)
    user.log_in(site.url, "--insecure-file")
    assert (user.kept[site.url], user.ring) == ({"username": "ann", "secret": PASSWORD}, {})


@pytest.mark.parametrize(
    "environ",
    [
        {"AIRCONN_TOKEN": TOKEN},
        {"AIRCONN_USERNAME": "ann", "AIRCONN_PASSWORD": PASSWORD},
        {"AIRCONN_TOKEN_COMMAND": f"echo {TOKEN}"},
        {"AIRCONN_HEADER_AUTHORIZATION": f"Bearer {TOKEN}"},
    ],
    ids=lambda environ: next(iter(environ)),
)
def test_with_other_credentials_the_keyring_is_not_asked(user: User, environ: dict[str, str]) -> None:
    site, _ = user.airflow()
    user.log_in(site.url)
    keyring.set_keyring(rings.LockedRing())
    user.environ = environ
    assert user.run("list", "--from", site.url)[0] == 0


def test_without_a_stored_login_the_keyring_is_not_even_imported(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    site, _ = user.airflow()
    monkeypatch.setitem(sys.modules, "keyring", None)
    user.terminal = False
    code, shown = user.run("list", "--from", site.url)
    assert (code, "needs credentials, and none are set" in shown) == (5, True)


def test_a_stored_login_that_is_refused_is_told_as_such(user: User) -> None:
    site, door = user.airflow()
    user.log_in(site.url)
    door.password = "canary-changed"
    code, shown = user.run("list", "--from", site.url)
    assert code == 5
    assert lines(shown)[-2:] == [
        f"error: {site.url}: it refuses the user name or the password ",
        f"hint: they come from the keyring; airconn login {site.url} asks for a new one (airconn help login)",
    ]
    assert user.asked == []


def test_a_locked_keyring_is_an_error_that_says_so(user: User) -> None:
    site, _ = user.airflow()
    user.log_in(site.url)
    keyring.set_keyring(rings.LockedRing())
    code, shown = user.run("list", "--from", site.url)
    assert (code, "error: the keyring is locked" in shown, site.sent("POST", "/nothing")) == (5, True, [])


def test_a_keyring_that_waits_for_its_user_does_not_hold_up_a_job(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = user.airflow()
    user.log_in(site.url)
    keyring.set_keyring(rings.SilentRing())
    monkeypatch.setattr(stored_logins, "_SECONDS", 0.2)
    user.terminal = False
    code, shown = user.run("list", "--from", site.url)
    assert (code, "error: the keyring doesn't answer within" in shown) == (5, True)


def test_a_login_that_has_gone_from_the_keyring_is_told(user: User) -> None:
    site, _ = user.airflow()
    user.log_in(site.url)
    (user.directory / "ring").unlink()
    code, shown = user.run("list", "--from", site.url)
    assert (code, "the keyring doesn't have the stored login any more" in shown) == (5, True)


def test_the_stored_password_is_for_the_user_who_is_named(user: User) -> None:
    site, door = user.airflow()
    user.log_in(site.url)
    user.terminal = False
    door.tried.clear()
    assert user.run("list", "--from", site.url, "--username", "ann")[0] == 0
    code, shown = user.run("list", "--from", site.url, "--username", "bob")
    assert (code, "--username is set and AIRCONN_PASSWORD is not" in shown) == (2, True)
    assert door.tried == [("ann", PASSWORD)]


def test_a_named_user_gets_no_password_of_another(user: User) -> None:
    site, door = user.airflow()
    user.terminal = False
    user.environ = {"AIRCONN_USERNAME": "bob", "AIRCONN_PASSWORD": "canary-of-bob", "AIRCONN_TOKEN": "canary-token"}
    code, shown = user.run("list", "--from", site.url, "--username", "ann")
    assert (code, "--username is set and AIRCONN_PASSWORD for this user is not" in shown) == (2, True)
    user.environ = {"AIRCONN_PASSWORD": PASSWORD, "AIRCONN_TOKEN": "canary-token"}
    assert user.run("list", "--from", site.url, "--username", "ann")[0] == 0
    assert door.tried == [("ann", PASSWORD)]


def test_credentials_of_an_address_win_over_a_named_user_with_a_warning(user: User) -> None:
    site, door = user.airflow()
    text = f'[addresses.prod]\nurl = "{site.url}"\ntoken_env = "PROD"\n'
    (user.directory / "config.toml").write_text(text)
    user.environ = {"PROD": TOKEN}
    code, shown = user.run("list", "--from", "@prod", "--username", "bob")
    assert (code, door.tried) == (0, [])
    assert "warning: --username isn't used for @prod, which has credentials of its own" in shown
    code, shown = user.run("login", "@prod")
    assert (code, "@prod has credentials of its own in the configuration" in shown) == (2, True)


def test_a_stored_login_goes_with_the_headers_of_an_address(user: User) -> None:
    site, _ = user.airflow()
    text = f'[addresses.prod]\nurl = "{site.url}"\nheaders.X-Door = {{ env = "DOOR" }}\n'
    (user.directory / "config.toml").write_text(text)
    user.environ = {"DOOR": "canary-door"}
    user.hidden = [PASSWORD]
    assert user.run("login", "@prod", "--username", "ann")[0] == 0
    user.terminal = False
    assert user.run("list", "--from", "@prod")[0] == 0
    assert {received.headers["X-Door"] for received in site.log} == {"canary-door"}


def test_a_stored_login_is_for_the_address_of_a_target_and_targets_tells_it(user: User) -> None:
    site, door = user.airflow()
    text = f'[targets.eu]\naddress = "{site.url}"\nexclude = "pools/*"\n[groups]\nprod = ["@eu"]\n'
    (user.directory / "config.toml").write_text(text)
    user.hidden = [PASSWORD]
    code, shown = user.run("login", "@prod", "--username", "ann")
    assert (code, "name one of its members: @eu" in shown) == (2, True)
    assert user.run("login", "@eu", "--username", "ann")[0] == 0
    user.terminal = False
    seen = len(site.log)
    code, shown = user.run("targets")
    assert (code, len(site.log)) == (0, seen)
    assert "stored in the keyring, as ann" in shown
    assert PASSWORD not in shown
    assert user.run("list", "--from", "@eu")[0] == 0
    assert ("ann", PASSWORD) in door.tried
    code, shown = user.run("logout", "@eu")
    assert (code, "the login of ann is removed" in shown) == (0, True)
    assert "none; looked at AIRCONN_TOKEN" in user.run("targets")[1]


def test_what_wins_over_the_stored_login_is_told(user: User) -> None:
    site, _ = user.airflow()
    user.environ = {"AIRCONN_TOKEN": "canary-other"}
    user.hidden = [PASSWORD]
    code, shown = user.run("login", site.url, "--username", "ann")
    assert (code, "warning: AIRCONN_TOKEN is set, and is used before the stored login" in shown) == (0, True)


def test_a_host_that_only_a_project_names_is_not_asked_for_before_consent(user: User) -> None:
    site, _ = user.airflow()
    (user.directory / "airconn.toml").write_text(f'url = "{site.url}"\n')
    user.lines = ["n"]
    code, shown = user.run("login")
    assert (code, user.asked, site.log) == (4, [], [])
    assert f"airconn.toml names {site.url}: send it the credentials in your login" in shown


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("astro-airflow://prod", "ASTRO_API_TOKEN"),
        ("astro://prod", "ASTRO_API_TOKEN"),
        ("mwaa://eu-west-1/prod", "AWS_PROFILE"),
        ("composer://p/l/e", "gcloud auth application-default login"),
        ("vault://", "VAULT_TOKEN"),
        ("metadb:", "AIRCONN_METADB_PASSWORD"),
        ("https://x.astronomer.run/d", "--ask-token stores a token"),
        (".env", "name it by its URL"),
    ],
)
def test_addresses_without_a_login_lead_to_what_to_set(user: User, address: str, hint: str) -> None:
    code, shown = user.run("login", address)
    assert (code, user.asked) == (2, [])
    assert hint in lines(shown)[-1]


def test_a_secret_in_the_place_of_the_address_is_not_repeated(user: User) -> None:
    for words in (["canary-token"], ["http://localhost", "ann", "canary-word"]):
        assert user.run("login", *words)[0] == 2


def test_a_password_behind_the_user_name_is_refused_and_not_repeated(user: User) -> None:
    code, shown = user.run("list", "--username", "ann:canary-password")
    assert (code, "error: --username has a ':' in it" in shown) == (2, True)


def test_logout_removes_one_or_all(user: User) -> None:
    (one, _), (two, _) = user.airflow(), user.airflow()
    user.log_in(one.url)
    user.log_in(two.url, "--insecure-file")
    code, shown = user.run("logout", f"{one.url}/home")
    assert (code, shown) == (0, f"{one.url}: the login of ann is removed\n")
    assert (user.ring, list(user.kept)) == ({}, [two.url])
    user.log_in(one.url)
    assert user.run("logout", "--all")[0] == 0
    assert (user.ring, user.kept) == ({}, {})
    user.terminal = False
    assert user.run("list", "--from", one.url)[0] == 5
    assert user.run("logout", one.url) == (0, f"{one.url}: no login is stored for it\n")
    assert user.run("logout", "--all", one.url)[0] == 2


@pytest.mark.parametrize("content", ["{", "[]", '{"logins": 1}', '{"logins": {"a": {"username": 1}}}', "[" * 100_000])
def test_a_broken_file_of_logins_is_told_and_counts_as_empty(user: User, content: str) -> None:
    site, _ = user.airflow()
    user.state.mkdir()
    (user.state / "logins.json").write_text(content)
    user.terminal = False
    code, shown = user.run("list", "--from", site.url)
    assert (code, "not a file of stored logins" in " ".join(shown.split())) == (5, True)


def test_the_whole_way_at_a_real_terminal(user: User) -> None:
    site, _ = user.airflow()
    environ = {
        "AIRCONN_CONFIG": str(user.directory / "config.toml"),
        "AIRCONN_STATE_DIR": str(user.state),
        "CI": "",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "tests.cli.rings.FileRing",
    }
    login = AtTerminal(user.directory, "login", site.url, environ=environ)
    login.answer("user name for ", "ann")
    login.answer("password of ann: ", PASSWORD)
    assert login.end() == 0
    listed = AtTerminal(user.directory, "list", "--from", site.url, environ=environ)
    assert listed.end() == 0
    assert PASSWORD not in login.shown + listed.shown
    assert user.ring == {f"airconn {site.url}|ann": PASSWORD}
