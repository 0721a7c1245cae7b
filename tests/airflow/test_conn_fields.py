"""The fields of connections are those that their providers publish."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from airconn import formats
from airconn.airflow.conn_fields import STANDARD_FIELDS, ConnectionFields, ExtraField, fields_of, read_entry
from airconn.airflow.conn_types import CONN_TYPES
from airconn.errors import UsageError
from airconn.formats.base import ReadOptions
from airconn.transfer.new_connections import new_connection_text
from tests.airflow.generate_conn_fields import entries_of, info_of, rewritten

INFO = """
def get_provider_info():
    return {
        "package-name": "apache-airflow-providers-x",
        "connection-types": [
            {
                "hook-name": "X",
                "connection-type": "x",
                "ui-field-behaviour": {
                    "hidden-fields": ["port"],
                    "relabeling": {"schema": "Database"},
                    "placeholders": {"host": "x.example.com", "extra__x__y": "z", "extra": "{" + "}"},
                },
                "conn-fields": {
                    "token": {"label": "Token", "schema": {"type": ["string", "null"], "format": "password"}},
                    "n": {"label": "N", "schema": {"type": ["integer", "null"], "default": 5}},
                },
            }
        ],
    }
""".replace('"{" + "}"', '"{}"')


def test_what_a_provider_says_becomes_an_entry() -> None:
    (entry,) = entries_of(info_of(INFO))
    assert read_entry(entry) == ConnectionFields(
        "X",
        "apache-airflow-providers-x",
        frozenset({"port"}),
        {"schema": "Database"},
        {"host": "x.example.com", "extra": "{}"},
        (ExtraField("token", "Token", secret=True), ExtraField("n", "N", "integer", default="5")),
    )


def test_entries_of_providers_that_are_not_given_stay() -> None:
    module = 'TABLE = r"""\na|A|p\n  |+k K\nb|B|p\n"""\n'
    assert rewritten(module, {"b": "b|New|p", "c": "c|C|p"}) == 'TABLE = r"""\na|A|p |+k K\nb|New|p\nc|C|p\n"""\n'


def test_known_types_have_their_fields() -> None:
    assert fields_of("postgres").labels == {"schema": "Database"}
    assert fields_of("postgres").package == "apache-airflow-providers-postgres"
    google = fields_of("google_cloud_platform")
    assert set(STANDARD_FIELDS) - google.hidden == {"description"}
    assert {one.key: one.secret for one in google.extra}["keyfile_dict"]
    assert fields_of("no_such_type").extra == ()


@pytest.mark.parametrize("conn_type", sorted(CONN_TYPES))
def test_the_text_of_a_new_connection_is_read_as_one_with_its_type_alone(conn_type: str) -> None:
    text = new_connection_text(conn_type, "my.new/id")
    bundle = formats.get_format("yaml").parse(text, "new.yaml", ReadOptions()).bundle
    (made,) = bundle
    assert (made.id, made.conn_type) == ("my.new/id", conn_type)  # type: ignore[union-attr]
    given = yaml.safe_load(text)["connections"]["my.new/id"]
    assert {name for name, value in given.items() if value is not None} == {"conn_type"}
    with_extra = yaml.safe_load(text.replace("# extra:", "extra:").replace("    #   ", "      "))
    known = {one.key for one in fields_of(conn_type).extra}
    assert set(with_extra["connections"]["my.new/id"].get("extra") or ()) == known


def test_an_unknown_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        new_connection_text("postgress", "x")
    assert caught.value.hint == "did you mean 'postgres'?"


def test_the_guide_shows_the_beginning_of_the_text() -> None:
    page = (Path(__file__).parents[2] / "airconn/help/objects.md").read_text()
    assert "".join(new_connection_text("snowflake", "reports").splitlines(keepends=True)[:6]) in page
