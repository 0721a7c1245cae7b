"""Ids and names of files that a terminal, a shell or the log of a CI would obey, in every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ESCAPE = "\x1b]0;x\x07\x9b2J\u202e"


def is_harmless(text: str) -> bool:
    lines = text.split("\n")
    return all(line.isprintable() and not line.lstrip().startswith("::") for line in lines)


def source(path: Path, value: str = "v") -> Path:
    held = {
        "connections": {f"c{ESCAPE}": {"conn_type": f"http{ESCAPE}", "host": ESCAPE}},
        "variables": {ESCAPE: value},
    }
    path.write_text(json.dumps(held))
    return path


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("command", ["list", "show", "diff", "import", "check", "explain", "convert", "delete"])
@pytest.mark.parametrize("name", [f"{ESCAPE}.json", "::error::x.json", "  ::add-mask::x.json", "a\n::error::x.json"])
def test_what_a_file_is_called_and_holds_goes_out_clean(
    airconn, tmp_path: Path, monkeypatch, command: str, output: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = source(Path(name))
    other = source(tmp_path / "other.json", "w")
    args = {
        "list": ["--from", file],
        "show": ["--from", file, f"variables/{ESCAPE}"],
        "diff": [file, other, "--show-values"],
        "import": [file, "--to", other, "--show-values", "-v"],
        "check": [file, "-v"],
        "explain": [f"variables/{ESCAPE}", "--in", file],
        "convert": [file, "-o", name.replace(".json", ".env")],
        "delete": ["--from", file, f"variables/{ESCAPE}", "--yes"],
    }[command]
    args += ["--output", output] if command != "convert" else []
    result = airconn(command, *args)
    assert result.out + result.err
    assert is_harmless(result.out)
    assert is_harmless(result.err)
    if output == "json" and command != "check" and result.out:
        assert ESCAPE in {obj["id"] for obj in json.loads(result.out)["objects"]}


def test_an_annotation_for_github_is_one_line_and_clean(airconn, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(f"a\n::error::{ESCAPE}.env").write_text("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_A=2\n")
    result = airconn("check", f"a\n::error::{ESCAPE}.env", env={"GITHUB_ACTIONS": "true"})
    annotations = [line for line in result.out.splitlines() if line.lstrip().startswith("::")]
    assert annotations
    assert all(line.startswith(("::error file=a", "::warning file=a", "::notice file=a")) for line in annotations)
    assert all(line.isprintable() for line in result.out.split("\n"))


@pytest.mark.parametrize(
    "name", ["$(touch hit)", "`touch hit`", "a b", "x;touch hit", "it's", "a\\\\$(touch hit)", "ok-1"]
)
def test_a_shell_gets_a_name_as_one_quoted_word(tmp_path: Path, name: str) -> None:
    (tmp_path / "airconn.toml").write_text(f'[addresses]\n"{name}" = "x.env"\n"a\\nb" = "x.env"\n')
    environ = {**os.environ, "COMP_CWORD": "3", "AIRCONN_CONFIG": os.devnull}

    def offered(shell: str) -> str:
        words = "airconn list --from @" if shell != "fish" else "airconn list --from "
        own = {"_AIRCONN_COMPLETE": f"{shell}_complete", "COMP_WORDS": words}
        own |= {"COMP_CWORD": "@"} if shell == "fish" else {}
        done = subprocess.run(
            [sys.executable, "-m", "airconn"],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**environ, **own, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        assert "a\nb" not in done.stdout  # it isn't offered: a line break is the end of an offer
        return done.stdout.strip()

    # As click's script for bash reads it, and Enter runs it.
    script = 'IFS="," read type value <<< "$1"; eval "printf %s $value"'
    said = subprocess.run(
        ["bash", "-c", script, "-", offered("bash")], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert said.stdout == "@" + name.replace("\\\\", "\\").replace("\\", "")
    assert not (tmp_path / "hit").exists()
    assert offered("fish") == "plain,@" + name.replace("\\\\", "\\")  # which quotes by itself, as zsh does
