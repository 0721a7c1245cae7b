"""How a missing library is installed: never by the name of airconn alone, which no public index has."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from airconn import installed
from airconn.installed import command_for


@pytest.mark.parametrize(
    ("origin", "installer", "command"),
    [
        (None, "pip", "pip install 'pymysql>=1.1' 'psycopg[binary]>=3'"),
        (None, "uv", "uv pip install 'pymysql>=1.1' 'psycopg[binary]>=3'"),
        ({"url": "file:///src/airconn", "dir_info": {"editable": True}}, "pip", "pip install -e '/src/airconn[db]'"),
        ({"url": "file:///my%20src/it's", "dir_info": {}}, "pip", "pip install '/my src/it'\"'\"'s[db]'"),
        (
            {"url": "https://git.example.com/a", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "pip",
            "pip install 'airconn[db] @ git+https://git.example.com/a@abc'",
        ),
        (
            {"url": "https://git.example.com/a", "vcs_info": {"vcs": "git", "requested_revision": "v1"}},
            "uv",
            "uv pip install 'airconn[db] @ git+https://git.example.com/a@v1'",
        ),
        (
            {"url": "file:///x/airconn-0.1.0-py3-none-any.whl", "archive_info": {}},
            "pip",
            "pip install 'airconn[db] @ file:///x/airconn-0.1.0-py3-none-any.whl'",
        ),
        (
            {"url": "https://me:canary@git.example.com/a", "vcs_info": {"vcs": "git"}},
            "pip",
            "pip install 'pymysql>=1.1' 'psycopg[binary]>=3'",
        ),
        ([], "pip", "pip install 'pymysql>=1.1' 'psycopg[binary]>=3'"),
    ],
)
def test_it_is_installed_as_it_was(
    monkeypatch: pytest.MonkeyPatch, origin: object, installer: str, command: str
) -> None:
    texts = {"direct_url.json": None if origin is None else json.dumps(origin), "INSTALLER": f"{installer}\n"}
    requirements = [
        "click>=8",
        "boto3>=1.34; extra == 'aws'",
        "pymysql>=1.1; extra == 'db'",
        'psycopg[binary]>=3 ; extra=="db"',
    ]
    found = SimpleNamespace(read_text=texts.get, requires=requirements)
    monkeypatch.setattr(metadata, "distribution", lambda name: found)
    assert command_for("db") == command


def test_without_being_installed_it_comes_from_the_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert command_for("db") == f"pip install '{Path(__file__).parents[1]}[db]'"
    monkeypatch.setattr(installed, "CLONE", tmp_path)
    assert command_for("vault", "hvac") == "pip install hvac"
