"""`airconn check`."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

CANARY = "hunter2canary"


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_findings_are_on_standard_output_with_a_fix_and_the_sum_beside_them(airconn) -> None:
    result = airconn("check", "-", "--from-format", "env", stdin="AIRFLOW_CONN_LAKE=aws://aws://bucket\n")
    assert result.code == 0
    assert result.out == (
        "<stdin>:1:25: warning AC201 connections/lake: the scheme is written twice: Airflow removes both, and "
        "cuts the rest\n"
        "  fix: write the scheme once\n"
    )
    assert result.err == "1 file: 0 errors, 1 warning, 0 notes\n"


@pytest.mark.parametrize(
    ("text", "args", "code"),
    [
        ("AIRFLOW_VAR_A=1\n", [], 0),
        ("AIRFLOW_CONN_A=http://H\n", ["--strict"], 0),
        ("AIRFLOW_CONN_A=http://h/?a=1\n", [], 0),
        ("AIRFLOW_CONN_A=http://h/?a=1\n", ["--strict"], 3),
        ("AIRFLOW_CONN_A=http://h/?a=1\n", ["--strict", "--ignore", "ac211"], 0),
        ("AIRFLOW_CONN_A=http:/h\n", [], 0),
        ("AIRFLOW_CONN_A=http:/h\n", ["--strict"], 3),
        ("AIRFLOW_CONN_A=http://h:port\n", [], 3),
        ("AIRFLOW_CONN_A=http:/h\n", ["--strict", "--variables"], 0),
        ("AIRFLOW_CONN_A=http:/h\n", ["--strict", "--exclude", "a"], 0),
        ("nonsense\n", ["--ignore", "AC999"], 2),
        ("AIRFLOW_VAR_A=1\n", ["--airflow", "three"], 2),
        ("AIRFLOW_VAR_A=1\n", ["--from-format", "xml"], 2),
    ],
)
def test_exit_codes(airconn, tmp_path: Path, text: str, args: list[str], code: int) -> None:
    assert airconn("check", write(tmp_path / ".env", text), *args).code == code


def test_a_place_that_is_no_file_is_refused(airconn) -> None:
    result = airconn("check", "http://localhost:8080")
    assert (result.code, result.err.splitlines()[0]) == (2, "error: http://localhost:8080 is not a file")


def test_a_missing_file_is_a_finding_of_its_own(airconn, tmp_path: Path) -> None:
    result = airconn("check", tmp_path / "no.env", write(tmp_path / "a.env", "AIRFLOW_CONN_A=http:/h\n"), "-q")
    assert [line.split()[1:3] for line in result.out.splitlines()] == [["warning", "AC203"], ["error", "AC101"]]


def test_quiet_leaves_out_notes_fixes_and_the_sum(airconn, tmp_path: Path) -> None:
    result = airconn("check", write(tmp_path / ".env", "AIRFLOW_CONN_A=http://H/?a=1\n"), "-q")
    assert [line.split()[2] for line in result.out.splitlines()] == ["AC211"]
    assert result.err == ""


def test_json(airconn, tmp_path: Path) -> None:
    path = write(tmp_path / ".env", "AIRFLOW_CONN_A=http://h/?a=1\n", 0o644)
    report = json.loads(airconn("check", path, "--output", "json").out)
    assert report == {
        "schema_version": 1,
        "files": [str(path)],
        "places": [],
        "findings": [
            {
                "code": "AC211",
                "name": "typed-query",
                "severity": "warning",
                "file": str(path),
                "line": 1,
                "column": 1,
                "kind": "connections",
                "id": "a",
                "message": (
                    "query values are JSON to Airflow 3.1.6 and later, and texts to Airflow 2, 3.0 and workers"
                ),
                "fix": "write the extra as ?__extra__= and its JSON, which all releases read the same",
            }
        ],
        "fixed": [],
        "summary": {"error": 0, "warning": 1, "note": 0},
    }


def test_sarif(airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a b.uri", "a=http://H/?a=1#\n")
    log = json.loads(airconn("check", "a b.uri", "--output", "sarif", env={"GITHUB_ACTIONS": "true"}).out)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    driver = log["runs"][0]["tool"]["driver"]
    assert driver["name"] == "airconn"
    for rule in driver["rules"]:
        assert rule["id"]
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    results = log["runs"][0]["results"]
    assert [(r["ruleId"], r["level"]) for r in results] == [
        ("AC211", "warning"),
        ("AC205", "note"),
        ("AC202", "warning"),
    ]
    for result in results:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "a%20b.uri"}
        assert place["region"]["startLine"] == 1
        assert place["region"]["startColumn"] >= 1


def test_github_gets_annotations_on_standard_output(airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a,b:c%.env", "AIRFLOW_CONN_A=http:/h\n")
    text = airconn("check", "a,b:c%.env").out
    result = airconn("check", "a,b:c%.env", env={"GITHUB_ACTIONS": "true"})
    assert result.out.startswith(text)
    assert result.out[len(text) :] == (
        "::warning file=a%2Cb%3Ac%25.env,line=1,col=20,title=AC203 no-scheme::connections/a: no '//' follows the "
        "scheme: Airflow reads the rest as the schema, and cuts a character. "
        "Fix: start the URI with its conn_type and '://'\n"
    )


def test_an_annotation_is_one_line_whatever_an_id_holds(airconn, tmp_path: Path) -> None:
    path = write(tmp_path / "connections.json", json.dumps({"a\n::error::%b\r": {"conn_type": "http"}}))
    result = airconn("check", path, env={"GITHUB_ACTIONS": "true"})
    (line,) = [line for line in result.out.splitlines() if line.startswith("::")]
    assert line.startswith("::error ")
    assert "connections/a\\n::error::%25b\\r: Airflow can't store this id" in line


def test_fix_mends_the_mode_and_what_is_read_in_two_ways(airconn, tmp_path: Path) -> None:
    text = (
        "# mine\nAIRFLOW_CONN_A=http://u:p@h/?n=1\nOTHER=x  # keep\nAIRFLOW_CONN_B=' http://h/s '\nAIRFLOW_VAR_T=x\n"
    )
    path = write(tmp_path / ".env", text, 0o644)
    result = airconn("check", path, "--fix", "--strict", "--ignore", "AC420")
    assert result.code == 0
    assert result.out == ""
    assert result.err == (
        f"fixed: {path}: connections/a is now written so that every Airflow reads it the same\n"
        f"fixed: {path}: connections/b is now written so that every Airflow reads it the same\n"
        f"fixed: {path}: now only its owner can read it\n"
        "1 file: 0 errors, 0 warnings, 0 notes\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == (
        "# mine\nAIRFLOW_CONN_A=http://u:p@h/?__extra__=%7B%22n%22%3A+1%7D\nOTHER=x  # keep\n"
        "AIRFLOW_CONN_B='http://h/s'\nAIRFLOW_VAR_T=x\n"
    )
    assert airconn("check", path, "--fix", "--ignore", "AC420").err == "1 file: 0 errors, 0 warnings, 0 notes\n"


def test_fix_keeps_what_the_airflow_that_was_named_reads(airconn, tmp_path: Path) -> None:
    path = write(tmp_path / ".env", "AIRFLOW_CONN_A=http://h/?n=1\n")
    assert airconn("check", path, "--fix", "--airflow", "2.11").code == 0
    assert path.read_text() == "AIRFLOW_CONN_A=http://h/?__extra__=%7B%22n%22%3A+%221%22%7D\n"


def test_fix_mends_a_uri_in_a_settings_file(airconn, tmp_path: Path) -> None:
    text = "# mine\nairflow:\n  connections:\n    - conn_id: a  # keep\n      conn_uri: http://h/?n=1\n"
    path = write(tmp_path / "airflow_settings.yaml", text)
    assert airconn("check", path, "--fix", "--strict").code == 0
    assert path.read_text() == text.replace("http://h/?n=1", "'http://h/?__extra__=%7B%22n%22%3A+1%7D'")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.env", "AIRFLOW_CONN_A=http://h/?n=1\nno line\n"),
        ("a.uri", "a=http://h/?n=1\n"),
        ("connections.json", '{"a": "http://h/?n=1"}'),
        ("b.env", "AIRFLOW_CONN_A=http://H/?a=1&a=x\nAIRFLOW_CONN_b=http://h\n"),
    ],
)
def test_fix_leaves_alone_what_it_can_not_mend(airconn, tmp_path: Path, name: str, text: str) -> None:
    path = write(tmp_path / name, text)
    result = airconn("check", path, "--fix")
    assert "fixed" not in result.err
    assert result.out
    assert path.read_text() == text
    assert ("its connections aren't changed, because a part of the file doesn't parse" in result.err) is (
        name == "a.env"
    )


def test_fix_leaves_out_what_is_ignored_or_not_selected(airconn, tmp_path: Path) -> None:
    text = "AIRFLOW_CONN_A=http://u:p@h/?n=1\n"
    path = write(tmp_path / ".env", text, 0o644)
    assert airconn("check", path, "--fix", "--ignore", "AC211", "--exclude", "a").err.startswith("1 file")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (text, 0o644)


CANARIES = dict(
    re.findall(
        r"^=== (.*)\n((?:(?!===).*\n)*)", (Path(__file__).parents[1] / "check/canaries.txt").read_text(), re.MULTILINE
    )
)


@pytest.mark.parametrize("name", list(CANARIES))
@pytest.mark.parametrize("output", ["text", "json", "sarif"])
@pytest.mark.parametrize("airflow", ["2.11", "3.3"])
def test_no_value_is_ever_shown(airconn, tmp_path: Path, name: str, output: str, airflow: str) -> None:
    path = write(tmp_path / name, CANARIES[name], 0o644)
    env = {"GITHUB_ACTIONS": "true"}
    result = airconn("check", path, "-v", "--fix", "--output", output, "--airflow", airflow, env=env)
    assert "AC" in result.out
    assert CANARY not in (result.out + result.err).lower()
    assert quote(CANARY) not in result.out + result.err


def test_fix_mends_a_file_once_that_is_named_twice(airconn, tmp_path: Path) -> None:
    path = write(tmp_path / "c.env", "AIRFLOW_CONN_A=http://h/?n=1\n")
    (tmp_path / "link.env").symlink_to(path)
    result = airconn("check", path, tmp_path / "link.env", tmp_path / "." / "c.env", "--fix")
    assert (result.code, result.err.count("fixed: ")) == (0, 1)
    assert "__extra__" in path.read_text()
