"""What every store has to do, with files in each format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.formats import get_format
from airconn.formats.base import WriteOptions
from airconn.model import Action, Bundle, Connection, Pool, Text, Variable
from airconn.stores.base import Rehearses, Store
from airconn.stores.file import FileStore
from tests.stores.contract import TARGET, AnyContract, do, step

FORMATS = {"json": "x.json", "yaml": "x.yaml", "env": "x.env", "settings": "airflow_settings.yaml"}
CONNECTION = Connection(conn_id="warehouse", conn_type="postgres", host="db", login="etl", password="p ü", port=5432)
VARIABLE = Variable(key="region", value=Text("eu-west-1"))


@pytest.mark.parametrize("format_", FORMATS)
class TestFile(AnyContract):
    @pytest.fixture
    def path(self, tmp_path: Path, format_: str) -> Path:
        return tmp_path / FORMATS[format_]

    @pytest.fixture
    def store(self, path: Path, filled: Bundle, format_: str) -> Store:
        options = WriteOptions(kinds=get_format(format_).kinds)
        path.write_text(get_format(format_).render(filled, options).text)
        return FileStore(str(path), Settings())

    @pytest.fixture
    def filled(self, format_: str) -> Bundle:
        objects = (CONNECTION, VARIABLE, Pool(name="default", slots=3))
        return Bundle.of(obj for obj in objects if obj.kind in get_format(format_).kinds)

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Callable[[], Store]:
        return lambda: FileStore(str(tmp_path / "absent" / "x.json"), Settings())

    def test_a_rehearsal_writes_nothing_and_tells_what_the_write_tells(
        self, store: Store, path: Path, filled: Bundle
    ) -> None:
        assert isinstance(store, Rehearses)
        unnamed = Variable(key="no name for a shell", value=Text("x"))
        steps = [step(Action.CREATE, Variable(key="new", value=Text("1"))), step(Action.CREATE, unnamed)]
        before = path.read_bytes()
        told = {outcome.step: outcome.error for outcome in store.rehearse(steps, TARGET)}
        assert path.read_bytes() == before
        assert [told.get(one) for one in steps] == do(store, *steps)
        assert path.read_bytes() != before
