"""The code keeps the rules that tools can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LONGEST = 400
"""The alarm, not the measure: a module has one subject, and is split by subjects."""
FORBIDDEN = re.compile(r"\b((?i:nobody|somebody|whoever|what\s+stands|is\s+no)|is\s+none)\b")
"""Words that readers of English as a second language stumble over, or that hide who does what."""


@pytest.mark.parametrize(
    "command",
    [["ruff", "check"], ["ruff", "format", "--check"], ["mypy", "--no-error-summary"]],
    ids=lambda command: " ".join(command),
)
def test_the_code_passes(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_has_grown_out_of_its_subject() -> None:
    modules = sorted((ROOT / "airconn").rglob("*.py"))
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules}
    assert len(lines) == len(modules) > 200
    assert {name: number for name, number in lines.items() if number > LONGEST} == {}


def texts_without_effect(path: Path) -> Iterator[str]:
    """The docstrings of a module: of itself, its classes, functions and values."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def test_docstrings_say_it_in_plain_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word[0]}"
        for path in sorted((ROOT / "airconn").rglob("*.py"))
        for text in texts_without_effect(path)
        for word in FORBIDDEN.finditer(text)
    ]
    assert found == []


def test_the_name_of_a_class_is_used_for_one_thing() -> None:
    named: dict[str, list[str]] = {}
    for path in sorted((ROOT / "airconn").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def test_the_face_of_a_folder_only_exports() -> None:
    definitions = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    found = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in (ROOT / "airconn").rglob("__init__.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, definitions)
    }
    assert found == set()


def test_no_options_are_passed_on_as_a_mapping_of_names() -> None:
    """A request is a value with typed fields. Only click's own declarations name options by texts."""
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "airconn").rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if 'options["' in line
    }
    assert found == set()


def test_the_continuous_integration_runs_the_command_of_the_readme() -> None:
    command = (ROOT / ".ci/run").read_text().splitlines()[-1]
    assert f"```sh\n{command}\n```" in (ROOT / "README.md").read_text()
