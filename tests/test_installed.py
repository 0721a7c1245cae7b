"""How what is lacking is to be installed."""

from __future__ import annotations

import json
from importlib import metadata
from types import SimpleNamespace

import pytest

from airconn.installed import command_for


@pytest.mark.parametrize(
    ("origin", "installer", "command"),
    [
        (None, "pip", "pip install 'airconn[db]'"),
        (None, "uv", "uv pip install 'airconn[db]'"),
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
            "pip install 'airconn[db]'",
        ),
        ([], "pip", "pip install 'airconn[db]'"),
    ],
)
def test_it_is_installed_as_it_was(
    monkeypatch: pytest.MonkeyPatch, origin: object, installer: str, command: str
) -> None:
    texts = {"direct_url.json": None if origin is None else json.dumps(origin), "INSTALLER": f"{installer}\n"}
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(read_text=texts.get))
    assert command_for("db") == command


def test_what_was_not_installed_comes_from_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    assert command_for("db") == "pip install 'airconn[db]'"
