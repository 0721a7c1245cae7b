"""`airconn edit`, with editors that are programs of the test."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.cli import run
from airconn.cli.app import App
from tests.conftest import Result, Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

SECRET = "canary-1"
OBJECTS = {
    "connections": {
        "db": {"conn_type": "postgres", "host": "old", "password": SECRET, "extra": '{"n": 1.50,"a": "b"}'},
        "api": {"conn_type": "http", "host": "h", "password": "***", "extra": '{"token": "***", "x": 1}'},
    },
    "variables": {"region": "eu"},
}
Edit = Callable[..., Result]


class TypedInput(io.BytesIO):
    """What a user types at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps(OBJECTS))
    return path


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Path]:
    """Where private files are. Nothing may be left in it."""
    path = tmp_path / "runtime"
    path.mkdir()
    yield path
    assert list(path.iterdir()) == []


@pytest.fixture
def edit(tmp_path: Path, runtime: Path) -> Edit:
    """Runs `airconn edit` at a terminal. `editor` is Python that has the path of the file as `path`, and its text as
    `text`, and writes what `text` is then; it may be one for each time that the editor opens."""

    def call(*args: object, editor: str | list[str] = "", typed: str = "y\n", **env: str) -> Result:
        editors = [editor] if isinstance(editor, str) else editor
        program = tmp_path / "editor.py"
        lines = [
            "import json, os, pathlib, sys",
            "path = pathlib.Path(sys.argv[-1])",
            "text = path.read_text()",
            f"log = pathlib.Path({str(tmp_path / 'seen.json')!r})",
            "seen = json.loads(log.read_text()) if log.exists() else []",
            "log.write_text(json.dumps([*seen, text]))",
            f"exec({editors!r}[min(len(seen), {len(editors) - 1})])",
            "path.write_text(text)",
        ]
        program.write_text("\n".join(lines))
        environ = {
            "PATH": os.environ["PATH"],
            "EDITOR": f"{sys.executable} {program}",
            "XDG_RUNTIME_DIR": str(runtime),
            "AIRCONN_CONFIG": str(tmp_path / "user.toml"),
            "AIRCONN_STATE_DIR": str(tmp_path / "state"),
            **env,
        }
        (tmp_path / "user.toml").touch()
        out, err = io.StringIO(), Terminal()
        code = run(["edit", *map(str, args)], App(TypedInput(typed.encode()), out, err, environ, tmp_path))
        return Result(code, out.getvalue(), err.getvalue())

    return call


def seen(tmp_path: Path) -> list[str]:
    found: list[str] = json.loads((tmp_path / "seen.json").read_text())
    return found


def objects(place: Path) -> Any:
    return json.loads(place.read_text())


def test_a_changed_field_is_imported_after_the_plan_and_a_question(edit: Edit, place: Path, tmp_path: Path) -> None:
    result = edit("db", "--from", place, editor="text = text.replace('host: old', 'host: new')")
    assert (result.code, "~ connections/db" in result.out) == (0, True), result
    assert f"write 1 object to {place}? [y/N]" in result.err
    changed = objects(place)
    assert (changed["connections"]["db"]["host"], changed["connections"]["db"]["password"]) == ("new", SECRET)
    assert changed["connections"]["db"]["extra"] == OBJECTS["connections"]["db"]["extra"]  # type: ignore[index]
    (text,) = seen(tmp_path)
    assert text.startswith("# Save and close to see the plan")
    assert "variables" not in text
    assert '        "n": 1.50,\n' in text
    assert SECRET not in result.out + result.err


def test_without_ids_all_that_is_selected_is_edited(edit: Edit, place: Path, tmp_path: Path) -> None:
    result = edit("--include", "d*", "--include", "region", "--from", place, editor="text = text.replace('eu', 'us')")
    assert (result.code, objects(place)["variables"]["region"]) == (0, "us"), result
    (text,) = seen(tmp_path)
    assert ("  db:" in text, "  api:" in text, "  region:" in text) == (True, False, True)


def test_no_writes_nothing(edit: Edit, place: Path) -> None:
    before = place.read_text()
    result = edit("db", "--from", place, editor="text = text.replace('old', 'new')", typed="n\n")
    assert (result.code, place.read_text()) == (4, before)
    assert result.err.endswith("the changes weren't confirmed\nnothing was written\n")


@pytest.mark.parametrize("editor", ["", "text += '# a comment\\n'"])
def test_an_unchanged_text_does_nothing(edit: Edit, place: Path, editor: str) -> None:
    before = place.read_text()
    result = edit("db", "--from", place, editor=editor)
    assert (result.code, result.out, place.read_text()) == (0, "", before)
    assert result.err == "nothing was changed in the editor\n"


def test_a_part_of_extra_is_changed_and_its_form_stays(edit: Edit, place: Path) -> None:
    result = edit("db", "--from", place, "--yes", editor="text = text.replace('1.50', '2.50')")
    assert result.code == 0, result
    assert objects(place)["connections"]["db"]["extra"] == '{"n": 2.50, "a": "b"}'


def test_a_hidden_part_beside_a_changed_one_is_filled(edit: Edit, place: Path, tmp_path: Path) -> None:
    change = "text = text.replace('\"x\": 1', '\"x\": 2')"
    blocked = edit("api", "--from", place, editor=[change, ""])
    assert (blocked.code, objects(place)) == (4, OBJECTS)
    assert "connections/api: extra.token is hidden on both sides" in seen(tmp_path)[1].splitlines()[0]
    (tmp_path / "seen.json").unlink()
    real = {"api": {"conn_type": "http", "password": SECRET, "extra": {"token": SECRET, "x": 1}}}
    (tmp_path / "real.json").write_text(json.dumps({"connections": real}))
    filled = edit("api", "--from", place, "--fill", tmp_path / "real.json", editor=change)
    assert filled.code == 0, filled
    assert json.loads(objects(place)["connections"]["api"]["extra"]) == {"token": SECRET, "x": 2}


def test_a_mistake_opens_the_editor_again_with_the_error_and_its_line(
    edit: Edit, place: Path, tmp_path: Path
) -> None:
    first = "text = text.replace('port: null', 'port: abc').replace('host: old', 'host: new')"
    result = edit("db", "--from", place, editor=[first, "text = text.replace('port: abc', 'port: 5')"])
    assert (result.code, objects(place)["connections"]["db"]["port"]) == (0, 5), result
    again = seen(tmp_path)[1].splitlines()
    assert again[0].startswith("# error: line ")
    number = int(again[0].split()[3].partition(":")[0])
    assert again[number - 1].strip() == "db:"
    assert "host: new" in seen(tmp_path)[1]


@pytest.mark.parametrize("typed", ["1.60", "yes", "0123", "1_000", "12:30:00"])
def test_a_text_that_yaml_reads_as_another_one_needs_quotes(
    edit: Edit, place: Path, tmp_path: Path, typed: str
) -> None:
    editor = [
        f"text = text.replace('region: eu', 'region: {typed}')",
        f"text = text.replace('{typed}', '\"{typed}\"')",
    ]
    result = edit("region", "--from", place, editor=editor)
    assert (result.code, objects(place)["variables"]["region"]) == (0, typed), result
    error, hint = seen(tmp_path)[1].splitlines()[:2]
    assert error.startswith("# error: line 6: variables/region: value: Airflow reads this as another value")
    assert hint == "# hint:  put a value in quotes to keep its text"


def test_a_mistake_that_is_left_ends_with_the_error(edit: Edit, place: Path, tmp_path: Path) -> None:
    before = place.read_text()
    result = edit("db", "--from", place, editor=["text = text.replace('port: null', 'port: abc')", ""])
    assert (result.code, place.read_text(), len(seen(tmp_path))) == (3, before, 2)
    assert "edited.yaml:4:3: db: 'port' is not a whole number" in result.err
    assert result.err.endswith("nothing was written\n")


def test_a_blocked_plan_opens_the_editor_again(edit: Edit, place: Path, tmp_path: Path) -> None:
    first = "text = text.replace('  api:', '  new_api:')"
    result = edit("api", "--from", place, editor=[first, "text = text.replace('***', 'x')"])
    assert result.code == 0, result
    assert seen(tmp_path)[1].startswith("# error: ")
    assert objects(place)["connections"]["new_api"]["password"] == "x"
    assert "connections/api was removed in the editor, and is not deleted" in result.err
    assert "api" in objects(place)["connections"]


def test_only_what_was_changed_is_written(edit: Edit, place: Path) -> None:
    other = json.loads(place.read_text())
    other["variables"]["region"] = "us"
    meanwhile = f"pathlib.Path({str(place)!r}).write_text({json.dumps(other)!r})"
    change = f"{meanwhile}\ntext = text.replace('host: old', 'host: new')"
    result = edit("db", "variables/region", "--from", place, editor=change)
    assert (result.code, "region" in result.out) == (0, False), result
    assert objects(place)["variables"]["region"] == "us"


def test_the_file_is_private_and_gone_with_all_that_the_editor_left(edit: Edit, place: Path, tmp_path: Path) -> None:
    look = (
        "import stat\n"
        "modes = [stat.S_IMODE(os.stat(each).st_mode) for each in (path, path.parent)]\n"
        "log.write_text(json.dumps([str(path), modes]))\n"
        "(path.parent / 'edited.yaml~').write_text(text)"
    )
    result = edit("db", "--from", place, editor=look)
    path, modes = json.loads((tmp_path / "seen.json").read_text())
    assert (result.code, modes) == (0, [0o600, 0o700])
    assert not Path(path).parent.exists()


def test_an_editor_that_fails_changes_nothing(edit: Edit, place: Path) -> None:
    before = place.read_text()
    result = edit("db", "--from", place, editor="path.write_text(text.replace('old', 'new')); sys.exit(3)")
    assert (result.code, place.read_text()) == (1, before)
    assert "ended with exit code 3" in result.err


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"EDITOR": "no-such-editor --wait"}, "$EDITOR: no such program"),
        ({"VISUAL": "no-such-editor"}, "$VISUAL: no such program"),
        ({"VISUAL": "vi 'x"}, "$VISUAL: a quotation mark is not closed"),
        ({"EDITOR": "", "PATH": "/nowhere"}, "no editor is set"),
    ],
)
def test_an_editor_that_is_not_there_is_told(edit: Edit, place: Path, env: dict[str, str], said: str) -> None:
    result = edit("db", "--from", place, **env)
    assert (result.code, said in result.err) == (2, True), result.err


def test_visual_comes_before_editor(edit: Edit, place: Path) -> None:
    result = edit("db", "--from", place, VISUAL=f"{sys.executable} -c 'import sys; sys.exit(9)'")
    assert (result.code, "ended with exit code 9" in result.err) == (1, True)


def test_without_a_terminal_another_command_is_named(airconn: Any, place: Path) -> None:
    result = airconn("edit", "db", "--from", place)
    assert (result.code, "airconn set changes fields without one" in result.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([], 2, "airconn edit KIND/ID, airconn edit --variables or --include GLOB, or airconn edit --new TYPE"),
        (["db", "--include", "d*"], 2, "IDs and globs can't be combined"),
        (["--include", "x*"], 3, "--include 'x*' matches nothing"),
        (["--pools"], 3, "it holds nothing that is selected"),
        (["dbx"], 3, "did you mean connections/db?"),
        (["connections", "db"], 2, "connections/db"),
        (["--new", "postgre"], 2, "did you mean 'postgres'?"),
        (["--new", "http", "a", "b"], 2, "--new makes one connection"),
        (["--new", "http", "pools/a"], 2, "--new makes a connection"),
    ],
)
def test_what_is_named_wrongly_is_told_before_the_editor(
    edit: Edit, place: Path, tmp_path: Path, args: list[str], code: int, said: str
) -> None:
    result = edit(*args, "--from", place)
    assert (result.code, said in result.err) == (code, True), result.err
    assert not (tmp_path / "seen.json").exists()


def test_a_new_connection_starts_from_the_fields_of_its_type(edit: Edit, place: Path, tmp_path: Path) -> None:
    fill = (
        "text = text.replace('login:', 'login: anna').replace('# extra:', 'extra:')"
        ".replace('#   account:', '  account: acme')"
    )
    result = edit("--new", "snowflake", "sf", "--from", place, editor=fill)
    assert result.code == 0, result
    made = {name: value for name, value in objects(place)["connections"]["sf"].items() if value is not None}
    assert made == {"conn_type": "snowflake", "login": "anna", "extra": '{"account": "acme"}'}
    (text,) = seen(tmp_path)
    assert "\n    host:" not in text  # Snowflake's form hides it
    assert "# Private key (Text) (secret)" in text


def test_a_new_connection_overwrites_none(edit: Edit, place: Path) -> None:
    before = place.read_text()
    result = edit(
        "--new",
        "postgres",
        "db",
        "--from",
        place,
        editor=["text += '\\n'; text = text.replace('host:', 'host: h')", ""],
    )
    assert (result.code, place.read_text()) == (4, before), result


def test_what_an_airflow_hides_is_kept(edit: Edit) -> None:
    shown = {
        "connection_id": "db",
        "conn_type": "http",
        "host": "old",
        "password": "***",
        "extra": '{"token": "***"}',
    }
    sent: list[Any] = []

    def respond(received: Received) -> Answer | None:
        if received.method == "PATCH":
            sent.append(received.body)
            shown["host"] = received.body["host"]
            return Answer(body=shown)
        if received.path.endswith("/connections"):
            return Answer(body={"connections": [shown], "total_entries": 1})
        return Answer(body=shown) if received.path.endswith("/connections/db") else None

    with Site(airflow("3.3.2", respond)) as site:
        result = edit(
            "connections/db",
            editor="text = text.replace('host: old', 'host: new')",
            AIRCONN_URL=site.url,
            AIRCONN_TOKEN="a-token",
        )
    assert (result.code, sent[0]["host"], "***" in json.dumps(sent)) == (0, "new", False), result


def at_a_terminal(place: Path, tmp_path: Path, environ: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """`airconn edit` at a terminal of its own, whose editor has made the file `open`, and our end of the terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "airconn", "edit", "db", "--from", str(place)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        cwd=tmp_path,
        env={**environ, "CI": ""},
    )
    os.close(follower)
    end = time.monotonic() + 120
    while not (tmp_path / "open").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    return process, leader


def test_an_editor_that_ignores_the_end_is_killed(place: Path, tmp_path: Path, runtime: Path) -> None:
    code = f"signal.signal(15, signal.SIG_IGN); pathlib.Path({str(tmp_path / 'open')!r}).touch(); time.sleep(60)"
    (tmp_path / "editor.py").write_text(f"import pathlib, signal, time; {code}")
    environ = {**os.environ, "EDITOR": f"{sys.executable} {tmp_path / 'editor.py'}", "VISUAL": ""}
    process, leader = at_a_terminal(place, tmp_path, {**environ, "XDG_RUNTIME_DIR": str(runtime)})
    try:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 128 + signal.SIGTERM
    finally:
        os.close(leader)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_no_file(place: Path, tmp_path: Path, runtime: Path, number: signal.Signals) -> None:
    """Ctrl-C goes to the editor as well: this one ends with it."""
    editor = tmp_path / "editor.sh"
    editor.write_text(f"#!/bin/sh\ntouch {tmp_path}/open\nexec sleep 60\n")
    editor.chmod(0o755)
    environ = {**os.environ, "EDITOR": str(editor), "XDG_RUNTIME_DIR": str(runtime), "VISUAL": ""}
    process, leader = at_a_terminal(place, tmp_path, environ)
    try:
        (directory,) = runtime.iterdir()
        assert stat.S_IMODE((directory / "edited.yaml").stat().st_mode) == 0o600
        if number is signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        shown = b""
        with contextlib.suppress(OSError):
            while more := os.read(leader, 1000):
                shown += more
        assert process.wait(120) == (1 if number is signal.SIGINT else 128 + number), shown
    finally:
        os.close(leader)
    assert SECRET.encode() not in shown


def test_what_a_killed_run_left_goes_with_the_next(edit: Edit, place: Path, runtime: Path) -> None:
    left = runtime / "airconn-edit-x"
    left.mkdir(mode=0o700)
    (left / "edited.yaml").write_text(SECRET)
    assert edit("db", "--from", place).code == 0


def test_the_types_of_new_connections_are_completed(airconn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "airconn edit --new snow")
    monkeypatch.setenv("COMP_CWORD", "3")
    monkeypatch.setenv("_AIRCONN_COMPLETE", "bash_complete")
    done = subprocess.run([sys.executable, "-m", "airconn"], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["plain,snowflake"]


def test_a_value_that_looks_like_a_placeholder_is_written_when_it_is_called_the_value(
    edit: Edit, place: Path
) -> None:
    change = f"text = text.replace({SECRET!r}, 'op://vault/db/pw')"
    blocked = edit("db", "--from", place, editor=[change, ""])
    assert (blocked.code, objects(place)) == (4, OBJECTS)
    (place.parent / "seen.json").unlink()
    done = edit("db", "--from", place, "--literal", "connections/db.password", editor=change)
    assert (done.code, objects(place)["connections"]["db"]["password"]) == (0, "op://vault/db/pw"), done
