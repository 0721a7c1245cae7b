"""Writing onto files that are there already."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MASKED = {"db": {"conn_type": "postgres", "login": "u", "password": "***", "host": "h", "schema": "x"}}


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    path = tmp_path / "connections.json"
    path.write_text(json.dumps(MASKED))
    return path


def test_a_mask_is_never_written_over_a_secret_and_other_lines_stay(airconn, masked: Path, tmp_path: Path) -> None:
    text = "OTHER=1\nAIRFLOW_CONN_DB=postgres://u:real@h/x\n"
    (tmp_path / ".env").write_text(text)
    result = airconn("convert", masked, "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (0, text)
    assert "hides" not in result.err


@pytest.mark.parametrize("name", ["out.json", "out.yaml", "out.uri", "airflow_settings.yaml"])
def test_the_secrets_of_a_file_of_any_format_stand_in_for_hidden_ones(
    airconn, masked: Path, tmp_path: Path, name: str
) -> None:
    real = {"db": {**MASKED["db"], "password": "real"}}
    (tmp_path / "connections.yaml").write_text(json.dumps(real))
    assert airconn("convert", tmp_path / "connections.yaml", "-o", tmp_path / name).code == 0
    assert airconn("convert", masked, "-o", tmp_path / name).code == 0
    assert "real" in (tmp_path / name).read_text()
    assert "***" not in (tmp_path / name).read_text()


def test_replace_starts_afresh(airconn, masked: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=1\nAIRFLOW_CONN_DB=postgres://u:real@h/x\n")
    assert airconn("convert", masked, "-o", tmp_path / ".env", "--replace").code == 0
    assert (tmp_path / ".env").read_text().startswith("# airconn: hidden by the source: password\nAIRFLOW_CONN_DB=")
    assert "OTHER" not in (tmp_path / ".env").read_text()


def test_a_file_that_does_not_parse_is_not_written_over(airconn, masked: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("what is this\n")
    result = airconn("convert", masked, "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (3, "what is this\n")
    assert result.err.endswith("nothing was written\n")


def test_an_import_into_a_env_file_keeps_what_is_not_its_business(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nDB_PASSWORD=other\nAIRFLOW_VAR_X=1\n")
    (tmp_path / "variables.json").write_text('{"y": "2", "x": "3"}')
    result = airconn("import", tmp_path / "variables.json", "--to", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (
        0,
        "# mine\nDB_PASSWORD=other\nAIRFLOW_VAR_X=3\nAIRFLOW_VAR_Y=2\n",
    )


def test_an_import_makes_a_file_that_is_not_there_yet(airconn, examples: Path, tmp_path: Path) -> None:
    result = airconn("import", examples / ".env", "--to", tmp_path / "new.json")
    assert (result.code, result.out.endswith(": 8 created, 0 updated, 0 unchanged\n")) == (0, True)
    assert len(json.loads((tmp_path / "new.json").read_text())["connections"]) == 4


def test_an_import_keeps_the_shape_of_a_file_of_one_kind(airconn, examples: Path, tmp_path: Path) -> None:
    (tmp_path / "connections.json").write_text('{"old": {"conn_type": "http"}}')
    result = airconn("import", examples / ".env", "--to", tmp_path / "connections.json")
    assert result.code == 1
    assert "  x variables/region                    " in result.out
    assert "this file holds no variables" in result.out
    assert set(json.loads((tmp_path / "connections.json").read_text())) >= {"old", "warehouse"}


def test_what_a_file_can_not_hold_of_an_import_is_said(airconn, examples: Path, tmp_path: Path) -> None:
    result = airconn("import", examples / "objects.json", "--to", tmp_path / "airflow_settings.yaml")
    assert result.code == 0
    assert "warning: connections/billing_api: description has no place in a settings file" in result.err
    other = airconn("import", examples / "objects.json", "--pools", "--to", tmp_path / ".env")
    assert (other.code, "the env format holds no pools" in other.out) == (1, True)


def test_standard_output_can_be_named(airconn, examples: Path, tmp_path: Path) -> None:
    result = airconn("convert", examples / "objects.json", "--pools", "-o", "-")
    assert (result.code, '"sensors"' in result.out) == (0, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "mark"),
    [
        ((), "# airconn: env-dialect sh\n"),
        (("--env-dialect", "docker"), "# airconn: env-dialect docker\n"),
        (("--env-dialect", "portable"), ""),
    ],
)
def test_a_file_that_is_written_afresh_stays_in_its_dialect(
    airconn, tmp_path: Path, options: tuple[str, ...], mark: str
) -> None:
    (tmp_path / ".env").write_bytes(b"#\tairconn: env-dialect sh \r\nwhat is this\n")
    (tmp_path / "new.json").write_text('{"variables": {"a": "1"}}')
    assert airconn("convert", tmp_path / "new.json", "-o", tmp_path / ".env", "--replace", *options).code == 0
    assert (tmp_path / ".env").read_text() == f"{mark}AIRFLOW_VAR_A=1\n"


def test_starting_afresh_needs_nothing_of_the_old_file(airconn, tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text('{"variables": {"a": "1"}}')
    for old in (b"\xff\xff", b"# airconn: env-dialect nonsense\n", b""):
        (tmp_path / "x.env").write_bytes(old)
        options = ("--replace", "--format", "env")
        assert airconn("convert", tmp_path / "new.json", "-o", tmp_path / "x.env", *options).code == 0
        assert (tmp_path / "x.env").read_text() == "AIRFLOW_VAR_A=1\n"


@pytest.mark.parametrize(
    ("hidden", "known"),
    [
        ('["***", "***"]', '["one"]'),
        ('{"token": "***"}', '{"token": "one", "token": "two"}'),
        ('{"db": {"password": "***"}}', '{"db": "postgres://u:one@h/x"}'),
    ],
)
def test_a_mask_that_may_stand_for_what_a_file_knows_is_not_written(
    airconn, tmp_path: Path, hidden: str, known: str
) -> None:
    (tmp_path / "masked.json").write_text(json.dumps({"variables": {"v": hidden}}))
    text = f"AIRFLOW_VAR_V='{known}'\n"
    (tmp_path / ".env").write_text(text)
    result = airconn("convert", tmp_path / "masked.json", "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (4, text)
    assert f"{tmp_path / '.env'}: the source hides what this file may know" in result.err
    assert "variables/v value" in result.err
    assert "one" not in result.err
    assert airconn("convert", tmp_path / "masked.json", "-o", tmp_path / ".env", "--replace").code == 0


def test_what_is_hidden_as_one_piece_is_kept_whole(airconn, tmp_path: Path) -> None:
    (tmp_path / "masked.json").write_text(json.dumps({"variables": {"v": '{"secret": {"db": "***"}, "n": 2}'}}))
    (tmp_path / ".env").write_text('AIRFLOW_VAR_V=\'{"secret": {"db": {"user": "u", "password": "p"}}, "n": 1}\'\n')
    assert airconn("convert", tmp_path / "masked.json", "-o", tmp_path / ".env").code == 0
    assert (
        tmp_path / ".env"
    ).read_text() == 'AIRFLOW_VAR_V=\'{"secret": {"db": {"user": "u", "password": "p"}}, "n": 2}\'\n'
