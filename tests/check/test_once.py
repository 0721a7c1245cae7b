"""A file that every Airflow reads alike is read once, however large it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from airconn.check.checker import check
from airconn.config import Settings
from airconn.model import Selection
from airconn.stores.base import Context
from airconn.stores.file import FileStore


@pytest.mark.parametrize(
    ("name", "text", "times"),
    [
        ("variables.json", '{"a": "x", "b": {"c": 1}}', 1),
        ("pools.json", '{"a": {"slots": 1}}', 1),
        ("variables.json", '{"a": {"value": "x", "description": "y"}}', 2),  # which Airflow 2 reads as it stands
        ("variables.json", '{"a": {"value": "x", "other": "y"}}', 2),
        ("connections.json", '{"a": {"conn_type": "http"}}', 2),
    ],
)
def test_a_file_is_read_again_only_where_another_airflow_may_read_it_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, times: int
) -> None:
    (tmp_path / name).write_text(text)
    store, parse, parsed = FileStore(str(tmp_path / name), Settings()), FileStore.read_text, []

    def counted(self: FileStore, context: Context, *, keeps_uris: bool) -> object:
        parsed.append(context.airflow)
        return parse(self, context, keeps_uris=keeps_uris)

    monkeypatch.setattr(FileStore, "read_text", counted)
    check(store, Selection())
    assert len(parsed) == times
