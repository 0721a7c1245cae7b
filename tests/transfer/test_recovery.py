"""The file of what would be lost holds all of it, as the Airflow that it is for takes it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import NEWEST, AirflowVersion, Connection, Selection, Text
from airconn.stores.base import Context
from airconn.stores.file import FileStore
from airconn.stores.saving import write_atomically
from airconn.transfer.recovery import Recovery

OLD = AirflowVersion(2, 11, 2)
CONNECTION = Connection(conn_id="a", conn_type="http", password="s'3 \n", extra=Text("no JSON, which 2.x takes"))


def test_what_is_kept_is_read_back_whole(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path / "state")
    recovery.keep([CONNECTION], OLD)
    assert recovery.path is not None
    assert stat.S_IMODE(recovery.path.stat().st_mode) == 0o600
    store = FileStore(str(recovery.path), Settings())
    assert list(store.read(Selection(), Context(OLD)).bundle) == [CONNECTION]


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


def test_what_objects_have_besides_is_in_a_private_file_beside_it_for_as_long(tmp_path: Path) -> None:
    recovery = Recovery(tmp_path)
    request = {"request": "POST /x", "body": {"links": ["é"]}}
    recovery.keep([CONNECTION, Connection(conn_id="b", conn_type="http")], OLD, [request])
    assert recovery.path is not None
    assert recovery.more is not None
    assert sorted(tmp_path.iterdir()) == sorted([recovery.path, recovery.more])
    assert stat.S_IMODE(recovery.more.stat().st_mode) == 0o600
    assert json.loads(recovery.more.read_text()) == [request]
    recovery.is_safe(CONNECTION.kind, "a")
    assert json.loads(recovery.more.read_text()) == [request]
    recovery.is_safe(CONNECTION.kind, "b")
    recovery.settle()
    assert (recovery.path, recovery.more, list(tmp_path.iterdir())) == (None, None, [])


def test_without_a_place_for_it_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "file"))
    with pytest.raises(TargetError, match="a copy of it can't be saved"):
        Recovery(tmp_path / "file" / "state").keep([CONNECTION], OLD)


def test_the_file_shrinks_with_what_becomes_safe_and_is_right_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[str] = []

    def write(path: Path, text: str) -> None:
        writes.append(text)
        write_atomically(path, text)

    monkeypatch.setattr("airconn.transfer.recovery.write_atomically", write)
    connections = [Connection(conn_id=f"c{number:04}", conn_type="http") for number in range(1000)]
    recovery = Recovery(tmp_path)
    recovery.keep(connections, OLD)

    def kept() -> set[str]:
        (file,) = tmp_path.iterdir()
        return set(FileStore(str(file), Settings()).read(Selection()).bundle.connections)

    for number, connection in enumerate(connections[:-3], 1):
        recovery.is_safe(connection.kind, connection.id)
        if number % 250 == 0:
            assert kept() >= {other.id for other in connections[number:]}
    assert len(writes) < 12
    recovery.settle()
    assert kept() == {"c0997", "c0998", "c0999"}
    for connection in connections:
        recovery.is_safe(connection.kind, connection.id)
    assert (recovery.path, list(tmp_path.iterdir())) == (None, [])


def test_a_file_that_can_not_be_made_smaller_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str) -> None:
        raise TargetError("no space left")

    recovery = Recovery(tmp_path)
    other = Connection(conn_id="b", conn_type="http")
    recovery.keep([CONNECTION, other], OLD)
    monkeypatch.setattr("airconn.transfer.recovery.write_atomically", full)
    recovery.is_safe(other.kind, other.id)
    assert recovery.path is not None
    assert recovery.path.exists()


def test_a_machine_without_a_directory_for_temporary_files_is_such_a_place_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_usable() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    (tmp_path / "file").touch()
    monkeypatch.setattr("tempfile.gettempdir", none_usable)
    with pytest.raises(TargetError, match="a copy of it can't be saved"):
        Recovery(tmp_path / "file" / "state").keep([CONNECTION], OLD)
