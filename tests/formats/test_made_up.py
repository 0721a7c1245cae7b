"""A format is one module and one line in the registry: the command line, its help and its refusals follow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """import sys
from airconn import formats
from tests.formats.made_up import FORMAT
formats.FORMATS[FORMAT.name] = FORMAT
from airconn.cli import run
sys.exit(run(sys.argv[1:]))"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*args: str) -> tuple[int, str, str]:
        command = [sys.executable, "-c", SCRIPT, *args]
        environ = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "COLUMNS": "200"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environ)
        return done.returncode, done.stdout, done.stderr

    return call


def test_a_made_up_format_is_written_and_read_with_its_option(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("AIRFLOW_VAR_REGION=eu\nAIRFLOW_CONN_A=http://h\n")
    assert run("convert", "x.env", "--format", "pairs", "--variables")[:2] == (0, "# pairs\nregion:eu\n")
    code, out, err = run("convert", "x.env", "-o", "x.pairs", "--pairs-mark", "=")
    assert (code, out) == (0, "")
    assert "the pairs format holds no connections" in err
    assert (tmp_path / "x.pairs").read_text() == "# pairs\nregion=eu\n"
    read = ("convert", "x.pairs", "--from-pairs-mark", "=", "--format", "json", "--variables")
    assert run(*read)[:2] == (0, '{\n  "region": "eu"\n}\n')
    assert run("list", "--from", "x.pairs", "--from-pairs-mark", "=")[0] == 0
    assert run("import", "x.pairs", "--from-pairs-mark", "=", "--to", "x.env")[0] == 0


def test_its_faults_are_told_with_their_places(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("# pairs\na:1\nb\na:2\n")
    code, out, _ = run("check", "x.txt")
    assert code == 3
    assert "x.txt:3:1: error AC101 this line is not a pair" in out
    assert "x.txt:4:1: error AC101 variables/a is in x.txt:2 already, with other values" in out


def test_its_option_is_in_the_help_and_refused_for_other_formats(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("AIRFLOW_VAR_REGION=eu\n")
    _, text, _ = run("convert", "--help-all")
    assert "--pairs-mark [:|=]" in text
    assert "What is between a key and its value [:]." in text
    assert "--from-pairs-mark [:|=]" in text
    assert "env, json, k8s, pairs, settings, uri, yaml [json]" in " ".join(text.split())
    code, _, err = run("convert", "x.env", "--format", "json", "--pairs-mark", "=")
    assert code == 2
    assert "--pairs-mark is for the pairs format, and this is written as json" in err
    assert run("convert", "x.env", "--format", "pairs", "--pairs-mark", "x")[0] == 2
