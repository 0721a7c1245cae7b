"""The question for a login: when it is asked, and what becomes of the answer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.at_terminal import CTRL_C, CTRL_D, AtTerminal
from tests.cli.password_door import PASSWORD, WRONG, PasswordDoor
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site


class Doors:
    """Airflows that need a login, and a user at a terminal."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self.environ = {
            "AIRCONN_CONFIG": str(directory / "config.toml"),
            "AIRCONN_STATE_DIR": str(directory / "state"),
        }
        (directory / "config.toml").touch()
        self._stack = stack

    def open(self, version: str = "3.3.2", **options: str) -> tuple[Site, PasswordDoor]:
        door = PasswordDoor(v2=version.startswith("3"), **options)
        return self._stack.enter_context(Site(airflow(version, door))), door

    def run(self, *args: object, stdin: int | None = None, **environ: str) -> AtTerminal:
        streams = {} if stdin is None else {"stdin": stdin}
        return AtTerminal(self.directory, *args, environ={**self.environ, **environ}, **streams)


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CI", "AIRCONN_URL"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        yield Doors(tmp_path, stack)
    # What was typed is nowhere on the disk.
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or not any(word in path.read_text() for word in (PASSWORD, WRONG)), path


def log_in(run: AtTerminal, password: str = PASSWORD, user: str = "ann") -> None:
    run.answer("user name: ", user)
    run.answer(f"password of {user}: ", password)


@pytest.mark.parametrize("version", ["2.10.5", "3.3.2"])
def test_an_airflow_that_needs_a_login_is_asked_for(doors: Doors, version: str) -> None:
    site, _ = doors.open(version)
    run = doors.run("list", "--from", site.url)
    log_in(run)
    assert run.end() == 0
    assert run.shown.startswith(f"{site.url} needs a login (airconn login stores one)\nuser name: ann\n")
    assert PASSWORD not in run.shown


def test_the_answer_is_remembered_for_the_run(doors: Doors) -> None:
    site, door = doors.open()
    run = doors.run("diff", site.url, f"{site.url}/home")
    log_in(run)
    assert run.end() == 0
    assert run.shown.count("needs a login") == 1
    assert set(door.tried) == {("ann", PASSWORD)}


def test_each_airflow_gets_its_own_login_and_no_other(doors: Doors) -> None:
    (one, first), (two, second) = doors.open(), doors.open(username="bob", password="canary-of-bob")
    run = doors.run("diff", one.url, two.url)
    log_in(run)
    log_in(run, "canary-of-bob", "bob")
    assert run.end() == 0
    assert first.tried == [("ann", PASSWORD)]
    assert second.tried == [("bob", "canary-of-bob")]


@pytest.mark.parametrize("version", ["2.10.5", "3.3.2"])
def test_a_wrong_password_is_told_and_asked_for_twice_more(doors: Doors, version: str) -> None:
    site, _ = doors.open(version)
    run = doors.run("list", "--from", site.url)
    for _ in range(3):
        log_in(run, WRONG)
    assert run.end() == 5
    refused = f"{site.url}: it refuses the " + ("credentials" if version < "3" else "user name or the password")
    assert run.shown.count(f"\n{refused}\nuser name: ") == 2
    assert f"error: {refused}\nhint:" in run.shown
    assert WRONG not in run.shown


def test_the_second_answer_may_be_right(doors: Doors) -> None:
    site, door = doors.open()
    run = doors.run("get", "pools/default_pool", "--from", site.url)  # a read that goes on in other threads
    log_in(run, WRONG)
    log_in(run)
    assert run.end() == 3  # the fake has no pools
    assert door.tried == [("ann", WRONG), ("ann", PASSWORD)]


def test_ctrl_c_ends_the_run(doors: Doors) -> None:
    site, _ = doors.open()
    run = doors.run("list", "--from", site.url)
    run.answer("user name: ", "ann")
    run.answer("password of ann: ", CTRL_C)
    assert run.end() == 130
    assert run.shown.endswith("password of ann: \ninterrupted\n")


@pytest.mark.parametrize(
    "lines", [[CTRL_D], [""], ["ann", CTRL_D], ["ann", ""]], ids=["name", "none", "word", "empty"]
)
def test_without_an_answer_it_is_the_error_of_a_pipe(doors: Doors, lines: list[str]) -> None:
    site, door = doors.open()
    run = doors.run("list", "--from", site.url)
    for prompt, line in zip(("user name: ", "password of ann: "), lines, strict=False):
        run.answer(prompt, line)
    assert run.end() == 5
    assert f"\nerror: {site.url}: needs credentials, and none are set\nhint:" in run.shown
    assert door.tried == []


@pytest.mark.parametrize("variable", ["AIRCONN_USERNAME", "--username"])
def test_only_the_password_of_a_named_user_is_asked_for(doors: Doors, variable: str) -> None:
    site, door = doors.open()
    args, environ = (("--username", "ann"), {}) if variable == "--username" else ((), {variable: "ann"})
    run = doors.run("list", "--from", site.url, *args, **environ)
    run.answer("password of ann: ", PASSWORD)
    assert run.end() == 0
    assert "user name: " not in run.shown
    assert door.tried == [("ann", PASSWORD)]


def test_an_address_with_a_user_name_of_its_own_is_asked_for_the_password(doors: Doors) -> None:
    site, door = doors.open()
    (doors.directory / "config.toml").write_text(f'[addresses.prod]\nurl = "{site.url}"\nusername = "ann"\n')
    run = doors.run("list", "--from", "@prod", AIRCONN_TOKEN="canary-of-others")
    run.answer("password of ann: ", PASSWORD)
    assert run.end() == 0
    assert door.tried == [("ann", PASSWORD)]
    assert not any("canary-of-others" in str(received.headers) for received in site.log)


@pytest.mark.parametrize("ci", ["true", "1"])
def test_nothing_is_asked_in_ci(doors: Doors, ci: str) -> None:
    site, _ = doors.open()
    run = doors.run("list", "--from", site.url, CI=ci)
    assert run.end() == 5
    assert run.shown.startswith(f"error: {site.url}: needs credentials, and none are set\nhint:")


def test_nothing_is_asked_where_standard_input_is_a_pipe(doors: Doors) -> None:
    site, _ = doors.open()
    run = doors.run("list", "--from", site.url, stdin=subprocess.DEVNULL)
    assert run.end() == 5
    assert run.shown.startswith(f"error: {site.url}: needs credentials, and none are set\nhint:")


@pytest.mark.parametrize("place", ["source", "fill"])
def test_nothing_is_asked_where_a_file_is_typed_on_the_terminal(doors: Doors, place: str) -> None:
    site, _ = doors.open()
    (doors.directory / "a.json").write_text('{"variables": {"a": "b"}}')
    args = ["-"] if place == "source" else ["a.json", "--fill", "-"]
    run = doors.run("import", *args, "--to", site.url)
    run.write(f'{{"variables": {{"a": "b"}}}}\n{CTRL_D}')
    assert run.end() == 5
    assert "needs credentials, and none are set" in run.shown
    assert "user name" not in run.shown


def test_a_host_of_a_project_is_asked_for_consent_first(doors: Doors) -> None:
    site, door = doors.open()
    (doors.directory / "airconn.toml").write_text(f'url = "{site.url}"\n')
    run = doors.run("list")
    run.answer(f"airconn.toml names {site.url}: send it the credentials in your login, now and later? [y/N] ", "n")
    assert run.end() == 4
    assert (door.tried, "user name" in run.shown) == ([], False)
    run = doors.run("list")
    run.answer("[y/N] ", "y")
    log_in(run)
    assert run.end() == 0


def test_what_needs_no_login_is_not_asked_for_one(doors: Doors) -> None:
    with Site(airflow("3.3.2")) as site:
        run = doors.run("list", "--from", site.url)
        assert run.end() == 0
        assert "needs a login" not in run.shown
