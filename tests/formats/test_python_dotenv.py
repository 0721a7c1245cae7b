"""Files of the python-dotenv dialect are read by python-dotenv itself, and our scanner tells where things are."""

from __future__ import annotations

import io
from collections.abc import Iterator

import dotenv.parser
import pytest
from dotenv.parser import Binding, Original
from hypothesis import given
from hypothesis import strategies as st

from airconn.formats import get_format
from airconn.formats.dotenv import lines
from airconn.formats.dotenv.python_dotenv import entries
from tests.formats.options import reading
from tests.formats.test_env_readers import TOKENS

M = 1_000_000


@given(st.lists(st.sampled_from(TOKENS), max_size=16).map("".join))
def test_it_tells_the_same_places_as_our_scanner(text: str) -> None:
    assert list(entries(text)) == list(lines.entries(text))


def test_what_python_dotenv_reads_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def older(stream: io.StringIO) -> Iterator[Binding]:
        """What python-dotenv 1.0 makes of it."""
        yield Binding("A", "1", Original("A=1\n", 1), False)
        yield Binding("AIRFLOW_VAR_B", "# secret", Original("\n export AIRFLOW_VAR_B= # secret\n", 2), False)
        yield Binding(None, None, Original("C='\n", 4), True)

    text = "A=1\n\n export AIRFLOW_VAR_B= # secret\nC='\n'\n"
    first, ours, _ = lines.entries(text)
    assert ours.value == ""
    monkeypatch.setattr(dotenv.parser, "parse_stream", older)
    found = list(entries(text))
    assert found[0] == first
    assert (found[1].name, found[1].value, found[1].is_fault) == ("AIRFLOW_VAR_B", "# secret", False)
    assert (found[1].line, found[1].column) == (ours.line, ours.column) == (3, 2)
    assert text[slice(*found[1].value_span)] == "# secret"
    assert (found[2].line, found[2].is_fault) == (4, True)


@pytest.mark.parametrize(
    "text",
    [
        "AIRFLOW_VAR_A=a" + " " * M + "b",
        "AIRFLOW_VAR_A=" + "b \t  " * 5000 + " " * 9000 + "b" + " " * 9000 + "b",
        "AIRFLOW_VAR_A='" + "x" * 2 * M + "'",
        'AIRFLOW_VAR_A="' + "\\n" * M + '"',
        "AIRFLOW_VAR_A='" + "x" * 2 * M,
        "'\n" + "A='\\'\n" * 20_000,
    ],
    ids=["blanks", "blanks in runs", "quoted", "escapes", "unclosed", "many unclosed"],
)
def test_it_is_not_asked_for_what_would_take_it_gigabytes_or_hours(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(dotenv.parser, "parse_stream")
    assert list(entries(text)) == list(lines.entries(text))


def test_it_is_asked_for_every_other_file(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"AIRFLOW_VAR_V{number}='value {number}'  # and so on\n" for number in range(1000))
    asked = []
    read = dotenv.parser.parse_stream
    monkeypatch.setattr(dotenv.parser, "parse_stream", lambda stream: asked.append(stream) or read(stream))
    found = get_format("env").parse(text, "file", reading(env_dialect="python-dotenv")).bundle.variables
    assert len(found) == 1000
    assert (str(found["v7"].origin), len(asked)) == ("file:8", 1)
