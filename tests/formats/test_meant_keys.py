"""Names that people write for the fields of a connection."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("user", "login"),
        ("username", "login"),
        ("Password", "password"),
        ("pasword", "password"),
        ("dbname", "schema"),
        ("schema_", "schema"),
        ("conn_host", "host"),
        ("type", "conn_type"),
    ],
)
def test_an_unknown_key_is_named_with_the_field_that_is_meant(airconn, tmp_path: Path, key: str, field: str) -> None:
    path = tmp_path / "a.env"
    path.write_text(f'AIRFLOW_CONN_A={{"conn_type": "http", "{key}": "s3cret"}}\n')
    result = airconn("convert", path)
    assert (result.code, f"did you mean {field!r}?" in result.err) == (3, True), result.err
    assert "s3cret" not in result.err


def test_an_unknown_key_that_means_no_field_is_told_with_the_fields_that_there_are(airconn, tmp_path: Path) -> None:
    path = tmp_path / "a.env"
    path.write_text('AIRFLOW_CONN_A={"conn_type": "http", "is_encrypted": "x"}\n')
    assert "the fields are conn_type, description, host" in airconn("convert", path).err
