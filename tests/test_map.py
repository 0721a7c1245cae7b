"""The map of the code, airconn/README.md, and that of the tests name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAP = ROOT / "airconn" / "README.md"
PATH = re.compile(r"`((?:[\w*]+/)*[\w*]+(?:/|\.py|\.txt))`")


@pytest.mark.parametrize("page", [MAP, ROOT / "tests" / "README.md"], ids=lambda page: page.parent.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = set(PATH.findall(page.read_text()))
    assert len(named) > 10
    assert [name for name in named if not any(any(base.glob(name)) for base in (page.parent, ROOT))] == []


def test_every_room_has_its_sentence() -> None:
    section = MAP.read_text().split("## The rooms")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    rooms = {path.name for path in (ROOT / "airconn").iterdir() if path.suffix in ("", ".py")}
    assert named == rooms - {"__init__.py", "__main__.py", "__pycache__"}


@pytest.mark.parametrize(
    ("word", "file"),
    [
        ("field limits", "airflow/column_limits.py"),
        ("A way to log in", "stores/airflow_api/login/registry.py"),
        ("A store", "addresses.py"),
        ("A secrets backend", "stores/secrets/service.py"),
        ("a 502", "stores/http/gateways.py"),
        ("A rule of `check`", "check/rules.py"),
        ("A `.env` dialect", "formats/dotenv/dialect.py"),
        ("An option of a format", "formats/k8s/declaration.py"),
        ("An Airflow release", "airflow/releases.py"),
        ("the retry policy", "stores/http/retries.py"),
        ("exit codes", "errors.py"),
        ("rendered", "cli/import_view.py"),
        ("for `explain`", "transfer/lookup_order.py"),
        ("masks in `show`", "report/show.py"),
    ],
)
def test_a_task_leads_to_the_file_to_change(word: str, file: str) -> None:
    """A paragraph or a row has both what a reader looks for and the file."""
    parts = re.split(r"\n\n|\n(?=\|)", MAP.read_text())
    assert any(word in part and f"`{file}`" in part for part in parts)
