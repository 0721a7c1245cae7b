"""Options that would do nothing where they stand are refused, so that nobody relies on them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--k8s-namespace", "x"], "--k8s-namespace is for the k8s format, and this is written as json"),
        (["--k8s-name", "x", "--format", "env"], "--k8s-name is for the k8s format, and this is written as env"),
        (
            ["--k8s-layout", "env", "-o", "out.yaml"],
            "--k8s-layout is for the k8s format, and this is written as yaml",
        ),
        (["--env-dialect", "sh"], "--env-dialect is for the env format, and this is written as json"),
        (
            ["--env-dialect", "sh", "--format", "k8s"],
            "--env-dialect is for the env format, and this is written as k8s",
        ),
        (
            ["--connection-format", "uri", "--format", "yaml"],
            "--connection-format is for the env and k8s formats, and this is written as yaml",
        ),
        (["--format", "k8s", "--k8s-name", "x"], "--k8s-name is the name of one Secret with all"),
        (
            ["--format", "k8s", "--k8s-layout", "backend", "--k8s-name", "x"],
            "--k8s-name is the name of one Secret with all",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.parametrize("command", ["convert", "export --from"])
def test_an_option_of_another_format(
    airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, options: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.json").write_text('{"variables": {"a": "b"}}')
    result = airconn(*command.split(), "in.json", *options)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    assert "\nhint:  leave" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]


@pytest.mark.parametrize(
    "options",
    [
        ["--format", "k8s", "--k8s-namespace", "x", "--connection-format", "uri"],
        ["--format", "k8s", "--k8s-name", "x", "--k8s-layout", "env"],
        ["--format", "env", "--env-dialect", "sh", "--connection-format", "uri"],
        ["--format", "uri", "--connection-format", "uri"],
        ["--format", "json", "--connection-format", "json"],
        ["-o", "out.env", "--env-dialect", "sh"],
    ],
    ids=" ".join,
)
def test_an_option_of_the_format(
    airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.json").write_text('{"connections": {"a": {"conn_type": "http"}}, "variables": {}}')
    assert airconn("convert", "in.json", *options).code == 0


def test_nothing_can_be_mended_on_standard_input(airconn) -> None:
    result = airconn("check", "-", "--fix", stdin="AIRFLOW_VAR_A=1\n")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: --fix changes files, and can't change standard input\nhint:  name the file\n"
