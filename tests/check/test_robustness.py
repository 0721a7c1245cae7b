"""No text makes the rules fail, and none of them says what the text holds."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airconn.check import check_all, report
from airconn.config import Settings
from airconn.formats import names, uri_problems
from airconn.model import NEWEST, OLDEST, Selection, rules_for
from airconn.stores.file import STDIN, FileStore

PIECES = [
    "s3",
    "http",
    "://",
    "/",
    ":",
    "@",
    "#",
    "%",
    "%FF",
    "?",
    "&",
    "=",
    "_",
    "H",
    "[",
    "]",
    " ",
    "\t",
    "\n",
    "é",
    "1",
]
PIECES += ["__extra__=", "***", "{", "}", '"', "'", "x" * 9]
URIS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@settings(max_examples=150, deadline=None)
@given(URIS)
def test_every_uri_is_looked_at(uri: str) -> None:
    for version in (OLDEST, NEWEST):
        for _, offset, message in uri_problems.problems(uri, rules_for(version)):
            assert 0 <= offset <= len(uri)
            assert message.isprintable()


@pytest.mark.parametrize("name", names())
@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["AIRFLOW_CONN_A=", "AIRFLOW_VAR_b='", "a: ", '{"a": "', "- ", ""]), URIS)))
def test_every_text_is_looked_at(name: str, lines: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{start}{rest}" for start, rest in lines)
    store = FileStore(STDIN, Settings(stdin=io.BytesIO(text.encode()), from_format=name))
    findings = check_all([store], Selection())
    assert all(finding.line >= 1 and finding.column >= 1 for finding in findings)
    assert report.as_sarif(findings)
