"""Names that people write in `airflow_settings.yaml` and that it doesn't have."""

from __future__ import annotations

from pathlib import Path

import pytest

ENTRY = {
    "connections": "conn_id: a\n      conn_type: http",
    "variables": "variable_name: a\n      variable_value: x",
    "pools": "pool_name: a\n      pool_slot: 1",
}


def settings(kind: str, *entries: str) -> str:
    return f"airflow:\n  {kind}:\n" + "".join(f"    - {entry}\n" for entry in entries)


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("connections", "conn_extras", "conn_extra"),
        ("connections", "extra", "conn_extra"),
        ("connections", "conn_url", "conn_uri"),
        ("connections", "Password", "conn_password"),
        ("connections", "conn_hots", "conn_host"),
        ("variables", "value", "variable_value"),
        ("pools", "slots", "pool_slot"),
    ],
)
def test_another_name_of_a_field_is_named_with_the_right_one(
    airconn, tmp_path: Path, kind: str, name: str, field: str
) -> None:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(settings(kind, f"{ENTRY[kind]}\n      {name}: s3cret"))
    err = airconn("convert", path).err
    assert f"airflow_settings.yaml:5:7: unknown field {name!r} (did you mean {field!r}?): left out" in err
    assert "s3cret" not in err
    assert airconn("import", path, "--to", tmp_path / "o.json", "--strict").code == 3


def test_a_name_that_is_like_none_has_no_suggestion(airconn, tmp_path: Path) -> None:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(settings("variables", f"{ENTRY['variables']}\n      zzz: 1"))
    assert "unknown field 'zzz': left out" in airconn("convert", path).err


@pytest.mark.parametrize(
    ("kind", "entry", "name", "field"),
    [
        ("variables", "key: a\n      value: x", "key", "variable_name"),
        ("pools", "name: a\n      slots: 3", "name", "pool_name"),
        ("connections", "id: a\n      conn_type: http", "id", "conn_id"),
    ],
)
def test_an_entry_whose_id_has_another_name_is_an_error_and_not_passed_over(
    airconn, tmp_path: Path, kind: str, entry: str, name: str, field: str
) -> None:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(settings(kind, ENTRY[kind], entry))
    result = airconn("import", path, "--to", tmp_path / "o.json")
    assert (result.code, (tmp_path / "o.json").exists()) == (3, False)
    assert f"airflow_settings.yaml:5:7: this entry has no {field}\n" in result.err
    assert f"hint:  did you mean {field!r} where it says {name!r}?\n" in result.err
