"""A .env file means the same to airconn, to python-dotenv, and to the shells that source it."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from dotenv import dotenv_values
from dotenv.parser import parse_stream
from hypothesis import example, given
from hypothesis import strategies as st

from airconn.errors import InputError
from airconn.formats import env, get_format
from airconn.formats.dotenv import quoting
from airconn.formats.dotenv.lines import entries
from airconn.formats.dotenv.readers import shell as shell_model
from tests.formats import strategies as some
from tests.formats.options import writing

SHELLS = [shutil.which(name) or name for name in ("sh", "bash")]


def is_writable(value: str) -> bool:
    return "\0" not in value and not quoting.refusal(value)


values = st.lists(some.texts.filter(is_writable), min_size=1, max_size=40)


def read_by_dotenv(text: str, *, interpolate: bool) -> dict[str, str | None]:
    # As `dotenv_values(path)` opens a file, with all line ends as '\n'.
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    return dict(dotenv_values(stream=stream, interpolate=interpolate))


def read_by_shell(shell: str, text: str, directory: Path) -> dict[str, str]:
    (directory / "file").write_bytes(text.encode())
    script = "set -a; . ./file; exec /usr/bin/env -0"
    done = subprocess.run([shell, "-c", script], cwd=directory, env={}, capture_output=True, check=True)
    assert done.stderr == b""
    pairs = (line.partition(b"=") for line in done.stdout.split(b"\0") if line)
    return {name.decode(): value.decode() for name, _, value in pairs}


@given(values)
def test_a_quoted_value_is_the_same_to_every_reader_that_is_not_named(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    quoted = {f"V{number}": quoting.quote(text) for number, text in enumerate(texts)}
    text = "".join(f"{name}={value.text}\n" for name, value in quoted.items())
    wanted = {f"V{number}": text for number, text in enumerate(texts)}
    assert {entry.name: entry.value for entry in entries(text)} == wanted
    assert read_by_dotenv(text, interpolate=False) == wanted
    expanded = read_by_dotenv(text, interpolate=True)
    for name, value in quoted.items():
        assert expanded[name] == wanted[name] or "python-dotenv (with interpolation)" in value.misread_by
    for_sh = {
        name for name, value in quoted.items() if not any(reader.startswith("sh") for reader in value.misread_by)
    }
    lines = "".join(f"{name}={value.text}\n" for name, value in quoted.items() if name in for_sh)
    for shell in SHELLS:
        seen = read_by_shell(shell, lines, tmp_path_factory.mktemp("env", numbered=True))
        assert {name: seen[name] for name in for_sh} == {name: wanted[name] for name in for_sh}


@given(some.bundles(some.connections, some.variables, max_size=6), st.sampled_from(["json", "uri"]))
def test_a_written_file_is_the_same_to_every_reader_that_is_not_named(
    tmp_path_factory: pytest.TempPathFactory, bundle: some.Bundle, form: str
) -> None:
    try:
        rendered = get_format("env").render(bundle, writing(connection_format=form))  # type: ignore[arg-type]
    except InputError:
        return
    wanted = {entry.name: entry.value for entry in entries(rendered.text) if entry.name}
    assert read_by_dotenv(rendered.text, interpolate=False) == wanted
    broken = {note.where: note.message for note in rendered.notes}
    expanded = read_by_dotenv(rendered.text, interpolate=True)
    for_sh = []
    for obj in bundle:
        name, said = env.env_name(obj.kind, obj.id), broken.get(f"{obj.kind.value}/{obj.id}", "")
        if name in wanted:
            assert expanded[name] == wanted[name] or "interpolation" in said
            for_sh += [name] if " sh" not in said else []
    # What a shell can't read is in the file all the same, and must not keep it from reading the rest.
    directory = tmp_path_factory.mktemp("env", numbered=True)
    (directory / "file").write_bytes(rendered.text.encode())
    for shell in SHELLS:
        script = "set -a; . ./file 2>/dev/null; exec /usr/bin/env -0"
        done = subprocess.run([shell, "-c", script], cwd=directory, env={"PATH": ""}, capture_output=True, check=True)
        seen = dict(line.split(b"=", 1) for line in done.stdout.split(b"\0") if line)
        assert {name: seen[name.encode()].decode() for name in for_sh} == {name: wanted[name] for name in for_sh}


TOKENS = [
    *("A", "B=", "'", '"', "\\", "\n", "\r\n", "\r", " ", "#", "=", "export ", "x", "\t", "$", "\\n", "\\'", '\\"'),
    *("\u2028", "\x0b", "é", "\ufeff", " # c", "\x85", "\\x41", "''", '""', "  \n", "\0"),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=16).map("".join))
@example("A='x\\\\'\nB=1")
@example("A= # secret")
@example("\ufeffA=1")
def test_the_grammar_is_that_of_python_dotenv(text: str) -> None:
    in_a_file = text.replace("\r\n", "\n").replace("\r", "\n")
    theirs = [(b.key, b.value, b.error) for b in parse_stream(io.StringIO(in_a_file, newline=""))]
    ours = [(entry.name, entry.value, entry.is_fault) for entry in entries(text)]
    empty = (None, None, False)  # comments, and what python-dotenv makes of blank lines at the end
    assert [e for e in ours if e != empty] == [e for e in theirs if e != empty]


def test_a_long_line_of_commands_takes_time_in_its_length() -> None:
    def seconds(number: int) -> float:
        text = "A=" + "a;" * number + "\n"
        start = time.process_time()
        shell_model.read(text, {})
        return time.process_time() - start

    # Eight times as long, and not 64 times, as if each command took as long as the file.
    assert seconds(120_000) < 25 * max(seconds(15_000), 0.02)
