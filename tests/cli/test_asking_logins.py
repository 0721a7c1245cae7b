"""The question for a login: when it is asked, and what becomes of the answer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from airconn.cli.asking_logins import TerminalLogins
from airconn.cli.consent import HostConsent
from tests.cli.at_terminal import CTRL_C, CTRL_D, AtTerminal
from tests.cli.login_user import TOKEN, User, a_user
from tests.cli.password_door import PASSWORD, WRONG
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    with a_user(tmp_path, monkeypatch) as user:
        yield user
    # What was typed is nowhere on the disk.
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not any(word in path.read_text() for word in (PASSWORD, WRONG)), path


def at_terminal(user: User, *args: object, **streams: int) -> AtTerminal:
    """A run as a process of its own, on a real terminal."""
    environ = {
        "AIRCONN_CONFIG": str(user.directory / "config.toml"),
        "AIRCONN_STATE_DIR": str(user.state),
        "CI": "",
    }
    return AtTerminal(user.directory, *args, environ=environ, **streams)


def test_an_airflow_that_needs_a_login_is_asked_for_at_a_real_terminal(user: User) -> None:
    site, _ = user.airflow()
    run = at_terminal(user, "list", "--from", site.url)
    run.answer("user name: ", "ann")
    run.answer("password of ann: ", PASSWORD)
    assert run.end() == 0
    assert run.shown.startswith(f"{site.url} needs a login (airconn login stores one)\nuser name: ann\n")
    assert PASSWORD not in run.shown


def test_ctrl_c_at_a_real_terminal_ends_the_run(user: User) -> None:
    site, _ = user.airflow()
    run = at_terminal(user, "list", "--from", site.url)
    run.answer("user name: ", "ann")
    run.answer("password of ann: ", CTRL_C)
    assert run.end() == 130
    assert run.shown.endswith("password of ann: \ninterrupted\n")


def test_nothing_is_asked_where_a_file_is_typed_on_the_terminal(user: User) -> None:
    site, _ = user.airflow()
    run = at_terminal(user, "import", "-", "--to", site.url)
    run.write(f'{{"variables": {{"a": "b"}}}}\n{CTRL_D}')
    assert run.end() == 5
    assert "needs credentials, and none are set" in run.shown
    assert "user name" not in run.shown


@pytest.mark.parametrize("option", ["--fill", "--overlay"])
def test_nothing_is_asked_where_an_option_reads_standard_input(user: User, option: str) -> None:
    site, _ = user.airflow()
    (user.directory / "a.json").write_text('{"variables": {"a": "b"}}')
    user.lines, user.hidden = ['{"variables": {"a": {"value": "c"}}}'], [PASSWORD]
    code, shown = user.run("import", user.directory / "a.json", option, "-", "--to", site.url)
    assert (code, user.asked, "user name" in shown) == (5, [], False)
    assert "needs credentials, and none are set" in shown


def test_nothing_is_asked_where_standard_input_is_a_pipe(user: User) -> None:
    site, _ = user.airflow()
    run = at_terminal(user, "list", "--from", site.url, stdin=subprocess.DEVNULL)
    assert run.end() == 5
    assert run.shown.startswith(f"error: {site.url}: needs credentials, and none are set\nhint:")


@pytest.mark.parametrize("version", ["2.10.5", "3.3.2"])
def test_the_login_that_is_typed_is_sent(user: User, version: str) -> None:
    site, _ = user.airflow(version)
    user.lines, user.hidden = ["ann"], [PASSWORD]
    assert user.run("list", "--from", site.url)[0] == 0
    assert user.asked == ["password of ann: "]


def test_the_answer_is_remembered_for_the_run(user: User) -> None:
    site, door = user.airflow()
    user.lines, user.hidden = ["ann"], [PASSWORD]
    code, shown = user.run("diff", site.url, f"{site.url}/home")
    assert (code, shown.count("needs a login")) == (0, 1)
    assert set(door.tried) == {("ann", PASSWORD)}


def test_each_airflow_gets_its_own_login_and_no_other(user: User) -> None:
    (one, first), (two, second) = user.airflow(), user.airflow(username="bob", password="canary-of-bob")
    user.lines, user.hidden = ["ann", "bob"], [PASSWORD, "canary-of-bob"]
    assert user.run("diff", one.url, two.url)[0] == 0
    assert first.tried == [("ann", PASSWORD)]
    assert second.tried == [("bob", "canary-of-bob")]


@pytest.mark.parametrize("version", ["2.10.5", "3.3.2"])
def test_a_wrong_password_is_told_and_asked_for_twice_more(user: User, version: str) -> None:
    site, _ = user.airflow(version)
    user.lines, user.hidden = ["ann"] * 4, [WRONG] * 4
    code, shown = user.run("list", "--from", site.url)
    refused = f"{site.url}: it refuses the " + ("credentials" if version < "3" else "user name or the password")
    assert (code, len(user.asked)) == (5, 3)
    assert shown.count(f"\n{refused}\n") == 3 or shown.count(f"{refused}\n") == 3
    assert f"error: {refused}\nhint:" in shown


@pytest.mark.parametrize("name", [[], ["--username", "ann"]], ids=["asked", "named"])
def test_the_second_answer_may_be_right(user: User, name: list[str]) -> None:
    site, door = user.airflow()
    user.lines, user.hidden = ["ann"] * 2, [WRONG, PASSWORD]
    # A read of a single object goes on in other threads.
    assert user.run("get", "pools/default_pool", "--from", site.url, *name)[0] == 3  # the fake has no pools
    assert door.tried == [("ann", WRONG), ("ann", PASSWORD)]


@pytest.mark.parametrize(
    ("typed", "hidden"),
    [([], []), ([""], []), (["ann"], []), (["ann"], [""])],
    ids=["no name", "empty name", "no password", "empty password"],
)
def test_without_an_answer_it_is_the_error_of_a_pipe(user: User, typed: list[str], hidden: list[str]) -> None:
    site, door = user.airflow()
    user.lines, user.hidden = typed, hidden
    code, shown = user.run("list", "--from", site.url)
    assert (code, door.tried) == (5, [])
    assert f"error: {site.url}: needs credentials, and none are set\nhint:" in shown
    assert f"or run airconn login {site.url}" in " ".join(shown.split())


@pytest.mark.parametrize("by", ["AIRCONN_USERNAME", "--username"])
def test_only_the_password_of_a_named_user_is_asked_for(user: User, by: str) -> None:
    site, door = user.airflow()
    args = ("--username", "ann") if by == "--username" else ()
    user.environ = {} if args else {by: "ann"}
    user.hidden = [PASSWORD]
    code, shown = user.run("list", "--from", site.url, *args)
    assert (code, "user name: " in shown) == (0, False)
    assert door.tried == [("ann", PASSWORD)]


@pytest.mark.parametrize("by", ["AIRCONN_USERNAME", "--username"])
def test_a_named_user_without_a_password_is_an_error_in_ci(user: User, by: str) -> None:
    site, door = user.airflow()
    args = ("--username", "ann") if by == "--username" else ()
    user.environ = {"CI": "true"} if args else {"CI": "true", by: "ann"}
    code, shown = user.run("list", "--from", site.url, *args)
    assert (code, shown) == (
        2,
        f"error: {by} is set and AIRCONN_PASSWORD is not\nhint:  set AIRCONN_PASSWORD as well\n",
    )
    assert (door.tried, site.log) == ([], [])


def test_an_address_with_a_user_name_of_its_own_is_asked_for_the_password(user: User) -> None:
    site, door = user.airflow()
    (user.directory / "config.toml").write_text(f'[addresses.prod]\nurl = "{site.url}"\nusername = "ann"\n')
    user.environ, user.hidden = {"AIRCONN_TOKEN": "canary-of-others"}, [PASSWORD]
    assert user.run("list", "--from", "@prod")[0] == 0
    assert door.tried == [("ann", PASSWORD)]
    assert not any("canary-of-others" in str(received.headers) for received in site.log)


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"CI": "1"}, {"_AIRCONN_COMPLETE": "bash_complete"}])
def test_nothing_is_asked_in_ci_or_for_a_completion(user: User, environ: dict[str, str]) -> None:
    site, _ = user.airflow()
    user.environ, user.lines, user.hidden = environ, ["ann"], [PASSWORD]
    code, shown = user.run("list", "--from", site.url)
    assert code == 5
    assert shown.startswith(f"error: {site.url}: needs credentials, and none are set\nhint:")


@pytest.mark.parametrize(
    ("host", "warning"),
    [
        ("nowhere:9", "http://nowhere:9 isn't encrypted: others on the network can read your password"),
        ("a.invalid", "http://a.invalid: the credentials in your login are sent unencrypted, because it isn't https"),
    ],
)
def test_a_password_that_others_could_read_is_warned_of_once(user: User, host: str, warning: str) -> None:
    asker = TerminalLogins(app := user.app())
    HostConsent(app).tell_in_clear(f"http://{host}", "your login")
    user.hidden = [PASSWORD]
    assert asker.ask(f"http://{host}", "ann", "") == ("ann", PASSWORD)
    shown = " ".join(app.stderr.getvalue().split())  # type: ignore[attr-defined]
    assert (shown.count("warning: "), f"warning: {warning}" in shown) == (1, True)


def test_a_host_of_a_project_is_asked_for_consent_first(user: User) -> None:
    site, door = user.airflow()
    (user.directory / "airconn.toml").write_text(f'url = "{site.url}"\n')
    user.lines = ["n"]
    code, shown = user.run("list")
    assert (code, door.tried, "user name" in shown) == (4, [], False)
    assert f"airconn.toml names {site.url}: send it the credentials in your login" in shown
    user.lines, user.hidden = ["y", "ann"], [PASSWORD]
    assert user.run("list")[0] == 0


@pytest.mark.parametrize("host", ["astronomer.run", "composer.googleusercontent.com", "airflow.amazonaws.com"])
def test_the_airflows_of_vendors_have_no_passwords_to_ask_for(host: str) -> None:
    from airconn.logins import takes_passwords

    assert not takes_passwords(f"https://x.{host}/y")
    assert takes_passwords(f"https://{host}.example.com")


def test_what_needs_no_login_is_not_asked_for_one(user: User) -> None:
    with Site(airflow("3.3.2")) as site:
        code, shown = user.run("list", "--from", site.url)
        assert (code, "needs a login" in shown) == (0, False)
    site, _ = user.airflow()
    user.environ = {"AIRCONN_TOKEN": TOKEN}
    code, shown = user.run("list", "--from", site.url)
    assert (code, "needs a login" in shown) == (0, False)


def test_several_targets_ask_for_their_logins_one_after_the_other(user: User) -> None:
    sites = [user.airflow()[0], user.airflow()[0]]
    (user.directory / "a.json").write_text('{"variables": {"a": "b"}}')
    run = at_terminal(user, "import", "a.json", "--to", sites[0].url, "--to", sites[1].url, "--dry-run")
    for _ in sites:
        run.answer("user name: ", "ann")
        run.answer("password of ann: ", PASSWORD)
    assert run.end() == 0
    asked = [line for line in run.shown.splitlines() if "needs a login" in line or line.startswith(("user", "pass"))]
    assert asked[1::3] == ["user name: ann"] * 2
    assert asked[2::3] == ["password of ann: "] * 2
    assert {line.split()[0] for line in asked[::3]} == {site.url for site in sites}


def test_a_wrong_password_of_one_target_does_not_stop_the_others(user: User) -> None:
    right, wrong = user.airflow()[0], user.airflow()[0]
    (user.directory / "a.json").write_text('{"variables": {"a": "b"}}')
    user.environ = {"AIRCONN_USERNAME": "ann", "AIRCONN_PASSWORD": PASSWORD, "WRONG": WRONG}
    user.terminal = False
    (user.directory / "config.toml").write_text(
        f'[targets.right]\naddress = "{right.url}"\n'
        f'[targets.wrong]\naddress = "{wrong.url}"\nusername = "ann"\npassword_env = "WRONG"\n'
    )
    code, shown = user.run("import", user.directory / "a.json", "--to", "@all", "--dry-run")
    assert code == 5
    assert f"error: @wrong, {wrong.url}: it refuses the user name or the password" in shown
    assert f"@right, airflow 3.3.2 at {right.url}: would be 1 created" in shown
