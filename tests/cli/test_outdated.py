"""Objects whose new value has no form in the file that has the old one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NUL = json.dumps("new\0secret")
ENV = "AIRFLOW_VAR_ROTATED=old-secret\nAIRFLOW_VAR_X=1\n"
CASES = {
    "a NUL in a .env": (".env", ENV, f'{{"rotated": {NUL}, "x": "2"}}', "variables"),
    "no form for every reader": (".env", ENV, '{"rotated": "it\'s `new`", "x": "2"}', "variables"),
    "too long": (
        ".env",
        f"# airconn: env-dialect docker\n{ENV}",
        json.dumps({"rotated": "n" * 70_000, "x": "2"}),
        "variables",
    ),
    "a line break": (
        ".env",
        f"# airconn: env-dialect docker\n{ENV}",
        json.dumps({"rotated": "new\nsecret", "x": "2"}),
        "variables",
    ),
    "no URI": (
        "x.uri",
        "rotated=http://u:old-secret@h\nx=http://h\n",
        '{"rotated": {"conn_type": "my type", "password": "new"}, "x": {"conn_type": "http", "host": "i"}}',
        "connections",
    ),
}


@pytest.mark.parametrize("command", [["convert"], ["export", "--from"]], ids=["convert", "export"])
@pytest.mark.parametrize(("name", "text", "source", "kind"), CASES.values(), ids=CASES)
def test_an_old_value_does_not_stay_where_the_new_one_has_no_form(
    airconn, tmp_path: Path, command: list[str], name: str, text: str, source: str, kind: str
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / f"{kind}.json").write_text(source)
    args = (*command, tmp_path / f"{kind}.json", "-o", tmp_path / name)
    result = airconn(*args)
    assert (result.code, (tmp_path / name).read_text()) == (4, text), result.err
    assert f"old value of a field that can't be written: {kind}/rotated: " in result.err
    assert result.err.endswith("nothing was written\n")
    assert "secret" not in result.err
    excluded = airconn(*args, "--exclude", "rotated")
    assert excluded.code == 0
    assert (tmp_path / name).read_text() != text
    assert ("old-secret" in (tmp_path / name).read_text()) == (name == ".env")
    # A file that starts afresh has no old value.
    assert airconn(*args, "--replace").code == 0
    assert "old-secret" not in (tmp_path / name).read_text()


def test_what_the_file_never_had_is_left_out_with_a_warning(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_X=1\n")
    (tmp_path / "variables.json").write_text(f'{{"rotated": {NUL}, "x": "2"}}')
    result = airconn("convert", tmp_path / "variables.json", "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (0, "AIRFLOW_VAR_X=2\n")
    assert "NUL" in result.err
