"""The hint of a URI that Airflow refuses names what is most likely in its way, and nothing else of it."""

from __future__ import annotations

import pytest

from airconn.formats.connection_uri import UriError, parse
from airconn.model import NEWEST, rules_for


def hint_of(uri: str) -> str:
    with pytest.raises(UriError) as caught:
        parse(uri, rules_for(NEWEST))
    return caught.value.hint or ""


@pytest.mark.parametrize(
    ("mark", "code"), [("#", "%23"), ("?", "%3F"), ("/", "%2F"), ("[", "%5B"), ("]", "%5D"), ("/#?", "%2F")]
)
def test_the_mark_inside_a_password_is_named_with_what_it_is_written_as(mark: str, code: str) -> None:
    hint = hint_of(f"postgres://user:pa{mark}ss@host:5432/db")
    assert hint.startswith(f"a '{mark[0]}' inside a password must be percent-encoded as {code} (and ")
    assert f"'{mark[0]}' is" not in hint
    assert not any(part in hint for part in ("user", "ss@", "5432"))


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://host:abc", "a port is a number"),
        ("http://host:99999", "a port is a number"),
        ("http://host:abc/?mail=a", "a port is a number"),
        ("http://[host", "brackets are only for IPv6 addresses"),
        ("a://b://c://d", "write '://' as %3A%2F%2F"),
        ("http://u:p@https://host:1", "write '://' as %3A%2F%2F"),
        ("http://h\uff0fx", "percent-encode that character"),
    ],
)
def test_what_is_no_mark_in_a_password_has_a_hint_of_its_own(uri: str, expected: str) -> None:
    assert expected in hint_of(uri)
