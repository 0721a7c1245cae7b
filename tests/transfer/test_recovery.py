"""The file of what would be lost holds all of it, as the Airflow that it is for takes it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import NEWEST, AirflowVersion, Connection, Selection, Text
from airconn.stores.file import FileStore
from airconn.transfer.recovery import Recovery

OLD = AirflowVersion(2, 11, 2)
CONNECTION = Connection(conn_id="a", conn_type="http", password="s'3 \n", extra=Text("no JSON, which 2.x takes"))


def test_what_is_kept_is_read_back_whole(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path / "state")
    recovery.keep([CONNECTION], OLD)
    assert recovery.path is not None
    assert stat.S_IMODE(recovery.path.stat().st_mode) == 0o600
    store = FileStore(str(recovery.path), Settings())
    store.reads_for = OLD
    assert list(store.read(Selection())) == [CONNECTION]


def test_it_is_there_as_long_as_there_is_something_to_recover(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    recovery.keep([], NEWEST)
    assert list(tmp_path.iterdir()) == []
    recovery.keep([CONNECTION], OLD)
    first = recovery.path
    recovery.keep([Connection(conn_id="b", conn_type="http")], OLD)
    assert recovery.path == first
    assert list(tmp_path.iterdir()) == [first]
    recovery.keep([], OLD)
    assert (recovery.path, list(tmp_path.iterdir())) == (None, [])


def test_without_a_place_for_it_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "file"))
    with pytest.raises(TargetError, match="no place for a copy"):
        Recovery(tmp_path / "file" / "state").keep([CONNECTION], OLD)
