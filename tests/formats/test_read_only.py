"""A format that is only read: files of it are sources, and never written over by a change."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.formats import shared_tree

ROOT = Path(__file__).parents[2]
SCRIPT = """import sys
from airconn import formats
from tests.formats.made_up_read_only import FORMAT
formats.FORMATS = {FORMAT.name: FORMAT, **formats.FORMATS}
formats.registry.FORMATS = formats.FORMATS
from airconn.cli import run
sys.exit(run(sys.argv[1:]))"""
DOCUMENT = "told:\n  zone: eu\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(*args: str, text: str | None = None) -> tuple[int, str, str]:
        command = [sys.executable, "-c", SCRIPT, *args]
        environ = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "COLUMNS": "200"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environ, input=text
        )
        return done.returncode, done.stdout, done.stderr

    return call


def test_it_is_found_in_yaml_json_and_standard_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(DOCUMENT)
    (tmp_path / "x.json").write_text('{"told": {"zone": "eu"}}')
    wanted = (0, '{\n  "zone": "eu"\n}\n')
    for source in ("x.yaml", "x.json"):
        assert run("convert", source, "--format", "json", "--variables")[:2] == wanted
    assert run("convert", "-", "--format", "json", "--variables", text=DOCUMENT)[:2] == wanted
    as_said = ("convert", "-", "--from-format", "told", "--format", "json", "--variables")
    assert run(*as_said, text=DOCUMENT)[:2] == wanted


def test_other_yaml_stays_yaml(run: Run, tmp_path: Path) -> None:
    (tmp_path / "variables.yaml").write_text("zone: it was told so\n")
    assert run("convert", "variables.yaml", "--format", "json", "--variables")[:2] == (
        0,
        '{\n  "zone": "it was told so"\n}\n',
    )


def test_it_is_offered_for_sources_alone(run: Run) -> None:
    _, text, _ = run("convert", "--help")
    text = " ".join(text.split())
    assert "settings, told, uri, yaml" in text  # --from-format
    assert "k8s, settings, uri, yaml [json]" in text  # --format
    code, _, err = run("convert", "x.yaml", "--format", "told")
    assert code == 2
    assert "files of the told format can only be read" in err
    assert "the formats to write are env, json, k8s, settings, uri, yaml" in err


@pytest.mark.parametrize(
    "args",
    [
        ("import", "new.env", "--to", "x.yaml"),
        ("import", "new.env", "--to", "x.yaml", "--dry-run"),
        ("delete", "variables/zone", "--from", "x.yaml", "--yes"),
        ("convert", "new.env", "-o", "x.yaml"),
    ],
    ids=lambda args: " ".join(args),
)
def test_a_file_of_it_is_never_changed(run: Run, tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "x.yaml").write_text(DOCUMENT)
    (tmp_path / "new.env").write_text("AIRFLOW_VAR_ZONE=us\n")
    code, out, err = run(*args)
    assert (code, out) == (4, "")
    assert "x.yaml: files of the told format can only be read, not changed" in err
    assert "write to another file; airconn convert --replace and export --replace overwrite this one" in err
    assert "nothing was written" in err
    assert (tmp_path / "x.yaml").read_text() == DOCUMENT


def test_replace_writes_the_file_afresh_in_the_format_of_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"told": {"zone": "eu"}}')
    (tmp_path / "new.env").write_text("AIRFLOW_VAR_ZONE=us\n")
    assert run("convert", "new.env", "-o", "x.json", "--variables", "--replace")[0] == 0
    assert json.loads((tmp_path / "x.json").read_text()) == {"zone": "us"}


def test_replace_with_a_name_that_tells_no_format_asks_for_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.told").write_text(DOCUMENT)
    (tmp_path / "new.env").write_text("AIRFLOW_VAR_ZONE=us\n")
    code, _, err = run("convert", "new.env", "-o", "x.told", "--replace")
    assert code == 2
    assert "the name of x.told doesn't show the format" in err
    assert (tmp_path / "x.told").read_text() == DOCUMENT


def test_a_new_file_is_not_written_in_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.env").write_text("AIRFLOW_VAR_ZONE=us\n")
    assert run("convert", "new.env", "-o", "new.told")[0] == 2
    assert not (tmp_path / "new.told").exists()


def test_a_text_is_parsed_once_and_knows_the_source_that_asks() -> None:
    text = "a: {b: [1]}\nc: &x {d: 1}\ne: *x\n"
    shared_tree.try_load.cache_clear()
    assert shared_tree.try_load(text)
    ((first, place),) = shared_tree.load(text, "one.yaml")
    assert (str(place), str(first["a"].origin("b")), str(first["e"].origin("d"))) == (
        "one.yaml:1:1",
        "one.yaml:1:5",
        "one.yaml:2:8",
    )
    ((second, _),) = shared_tree.load(text, "two.yaml")
    assert second is first
    assert str(second["a"]["b"].origin(0)) == "two.yaml:1:9"
    assert shared_tree.try_load.cache_info().misses == 1
