"""Percent-encoding is that of Python's library, which Airflow uses, without the memory that it takes."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from hypothesis import given
from hypothesis import strategies as st

from airconn.formats import connection_uri
from airconn.formats.connection_uri import parse
from airconn.model import AirflowVersion, Connection, Text, rules_for

# Whole, cut and foreign sequences, and what the two kinds of decoding treat in different ways.
PIECES = ["%", "%4", "%41", "%4a", "%zz", "%%41", "%C3", "%a9", "%E2%82%AC", "%ff", "%00", "%25", "+", "&", "=", ";"]
encoded = st.lists(st.sampled_from([*PIECES, "a", "é", "\U0001f600", "\udcc3", " "]), max_size=8).map("".join)


@given(encoded)
def test_a_text_is_decoded_as_by_the_library(text: str) -> None:
    assert connection_uri.decode(text) == unquote(text)


@given(encoded.filter(lambda text: "\udcc3" not in text))
def test_a_query_is_decoded_as_by_the_library(text: str) -> None:
    assert list(connection_uri.decode_query(text)) == parse_qsl(text, keep_blank_values=True)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_encoded_as_by_the_library_and_a_tilde_and_the_capitals_of_a_host_besides(text: str) -> None:
    made = connection_uri.build(
        Connection(conn_id="a", conn_type="b", host=text, schema=text, login=text, password=text, extra=Text(text))
    )
    if "***" in text:
        return  # which stays as it is, for a person to see
    plain = quote(text, safe="").replace("~", "%7E")
    query = quote_plus(text, safe="").replace("~", "%7E")
    login, _, rest = made.removeprefix("b://").partition("@")
    host, _, rest = rest.partition("/")
    assert (login, rest) == (f"{plain}:{plain}", f"{plain}?__extra__={query}")
    assert not re.search("[A-Z]", re.sub("%[0-9A-F]{2}", "", host))
    assert unquote(host) == text
    assert parse(made, rules_for(AirflowVersion(2, 11, 2))).host == text
