"""Where programs read a value of a .env file differently, airconn says so, and where they agree it doesn't."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from pathlib import Path
from unittest import mock

import pytest
from dotenv import dotenv_values
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from airconn.formats import get_format
from airconn.formats.dotenv import lines
from airconn.formats.dotenv.readers import astro, compose
from airconn.formats.dotenv.readers.plain_lines import plain_lines
from airconn.formats.dotenv.readers.reader import ASTRO, COMPOSE, DOCKER, PYTHON_DOTENV, SHELL, Values
from airconn.model import Bundle, Text, Variable
from tests.formats import strategies as some
from tests.formats.options import reading, writing

SHELLS = [shutil.which(name) or name for name in ("sh", "bash")]
RECORDED = json.loads((Path(__file__).parent / "env_readings.json").read_text())["files"]
MODELS = {COMPOSE: compose.read, ASTRO: astro.read}
NAMES = [f"AIRFLOW_VAR_{letter}" for letter in "ABC"]


def read_by(reader: str, text: str) -> dict[str, str] | None:
    """What a model reads. None if the program refuses the file."""
    body = text.removeprefix("\ufeff")
    values: Values = MODELS[reader](body, plain_lines(body))
    return None if values.refused_at is not None else values.by_name


def read_by_python_dotenv(text: str) -> dict[str, str]:
    with mock.patch.dict(os.environ, clear=True):
        found = dotenv_values(stream=io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    return {name: value for name, value in found.items() if value is not None}


def read_by_shells(texts: list[str], directory: Path) -> list[list[dict[str, str] | None]]:
    """What each shell reads of each file. None if it doesn't get to the end."""
    for number, text in enumerate(texts):
        (directory / f"f{number}").write_bytes(text.encode() + b"\n:\n")
    names = " ".join(f'"${{{name}-<unset>}}"' for name in NAMES)
    script = "".join(
        f"( . ./f{number} >/dev/null; printf '%s\\0' {names} end; ) 2>/dev/null; printf '\\1'\n"
        for number in range(len(texts))
    )
    (directory / "script").write_text(script)
    found = []
    for program in SHELLS:
        done = subprocess.run(
            [program, "script"], cwd=directory, env={"PATH": "", "HOME": "/h"}, capture_output=True, check=False
        )
        pieces = [piece.decode("utf-8", "replace").split("\0") for piece in done.stdout.split(b"\1")[:-1]]
        assert len(pieces) == len(texts)
        found.append(
            [
                {name: value for name, value in zip(NAMES, piece, strict=False) if value != "<unset>"}
                if len(piece) == len(NAMES) + 2
                else None
                for piece in pieces
            ]
        )
    return found


class Said:
    """What airconn says of a file."""

    def __init__(self, text: str, env_dialect: str | None = None) -> None:
        found = get_format("env").read(text, ".env", reading(keeps_uris=True, env_dialect=env_dialect))
        self.is_fault = bool(found.faults)
        variables = [obj for obj in found.found if isinstance(obj, Variable)]
        self.values = {
            f"AIRFLOW_VAR_{obj.key.upper()}": obj.value.text for obj in variables if isinstance(obj.value, Text)
        }
        self.readers = {
            f"AIRFLOW_VAR_{obj.key.upper()}": {
                reader for each in obj.ambiguities if each.rule != "AC419" for reader in each.readers
            }
            for obj in variables
        }
        self.refusals = {
            reader for obj in variables for each in obj.ambiguities if each.rule == "AC419" for reader in each.readers
        }


TOKENS = [
    *("'", '"', "\\", "$", "#", " ", "=", "\r", "{", "}", "&", ";", "a", "x", "\t", ":", "-", "5", "é", "?", "+"),
    *("\\n", "\\t", '\\"', "\\'", "\\$", "\\\\", "\\ ", " #", "$$", "'a'", '"a b"', '{"a": "b"}', "a=b&c=d", "''"),
    *("${AIRFLOW_VAR_B}", "$AIRFLOW_VAR_A", "${X:-d}", "${X:?e}", "${X-", "$X", "$x", "\n", "export "),
]
values = st.lists(st.sampled_from(TOKENS), max_size=6).map("".join)
settings_of_one = st.tuples(
    st.sampled_from(["", "", "", "export ", " "]),
    st.sampled_from(NAMES),
    st.sampled_from(["="] * 8 + [" = ", "= ", " ="]),
    values,
    st.sampled_from(["\n"] * 5 + ["\r\n", " # c\n", " \n"]),
).map("".join)
files = st.tuples(st.sampled_from(["", "", "", "\ufeff"]), st.lists(settings_of_one, min_size=1, max_size=3)).map(
    lambda parts: parts[0] + "".join(parts[1])
)


@given(files)
@settings(max_examples=400)
@example("AIRFLOW_VAR_A='a\\\\nb'\n")
@example('AIRFLOW_VAR_A="under \\$50"\n')
@example("AIRFLOW_VAR_A=a#b\nAIRFLOW_VAR_B= # c\n")
@example("AIRFLOW_VAR_A=x\nAIRFLOW_VAR_B='${AIRFLOW_VAR_A}'\n")
@example("AIRFLOW_VAR_A=pa$$word\nAIRFLOW_VAR_B=costs $5\n")
@example('AIRFLOW_VAR_A="a\r\nb"\n')
def test_what_the_readers_that_count_read_differently_is_said_and_nothing_else(text: str) -> None:
    said = Said(text)
    if said.is_fault:
        return
    theirs = {
        PYTHON_DOTENV: read_by_python_dotenv(text),
        COMPOSE: read_by(COMPOSE, text),
        ASTRO: read_by(ASTRO, text),
    }
    for reader, found in theirs.items():
        if found is None:
            assert reader in said.refusals or not said.values
            continue
        for name, value in said.values.items():
            assert (found.get(name) != value) == (reader in said.readers[name]), (reader, name)


@given(st.lists(files, min_size=25, max_size=25))
@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])  # each takes a while
def test_what_a_shell_reads_differently_is_said_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    found = read_by_shells(texts, tmp_path_factory.mktemp("env"))
    for number, text in enumerate(texts):
        said = Said(text)
        if said.is_fault:
            continue
        theirs = [of_shell[number] for of_shell in found]
        if None in theirs:
            assert SHELL in said.refusals.union(*said.readers.values()) or not said.values
            continue
        for name, value in said.values.items():
            differs = any(each is None or each.get(name) != value for each in theirs)
            if differs:
                assert SHELL in said.readers[name] or SHELL in said.refusals, (repr(text), name)
            # A value that a shell expands, or that is behind a line at which it may stop, may be the same by chance.
            elif SHELL not in said.refusals and text.count(name) == 1 and "\\\n" not in text:
                assert SHELL not in said.readers[name], (repr(text), name)


@given(files)
def test_nothing_that_a_chosen_program_reads_is_said_but_references(text: str) -> None:
    for dialect in ("compose", "docker", "sh"):
        assert not any(Said(text, dialect).readers.values())
    said = Said(text, "python-dotenv")
    theirs = read_by_python_dotenv(text)
    for name, value in said.values.items():
        assert said.readers[name] == ({PYTHON_DOTENV} if theirs.get(name) != value else set()) or said.is_fault


def test_the_models_read_what_the_programs_were_recorded_to_read() -> None:
    for text, of_compose, of_astro in RECORDED:
        assert read_by(ASTRO, text) == of_astro
        # Compose goes on in the line behind a quoted value, and takes a name without letters: airconn refuses both.
        ours = read_by(COMPOSE, text)
        assert (
            ours == of_compose
            or (ours is None and "" in of_compose)
            or any(entry.is_fault for entry in lines.entries(text))
        )


@given(st.one_of(values, some.texts))
@example("\\")
@example("it's \\n")
@example(" \n")
def test_a_written_value_is_read_alike_by_all_readers_that_are_not_named(text: str) -> None:
    bundle = Bundle.of([Variable(key="a", value=Text(text))])
    rendered = get_format("env").render(bundle, writing())
    if rendered.losses:
        return
    said = Said(rendered.text)
    named = " ".join(note.message for note in rendered.notes)
    for reader in said.refusals.union(*said.readers.values()) - {DOCKER}:  # which keeps all quotes
        assert {SHELL: " sh"}.get(reader, reader) in named
