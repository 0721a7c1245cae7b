"""The contract of stores, with the files of Airflow's LocalFilesystemBackend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from airconn.model import AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.stores.base import Store
from airconn.stores.local import LocalStore
from tests.stores.contract import StoreContract, create


class Files:
    """Looks into the files as Airflow does."""

    def __init__(self, paths: dict[Kind, Path]) -> None:
        self.paths = paths

    def load(self, kind: Kind) -> dict[str, Any]:
        path = self.paths.get(kind)
        if path is None or not path.exists():
            return {}
        found = (json.loads if path.suffix == ".json" else yaml.safe_load)(path.read_text())
        assert isinstance(found, dict)
        return found

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        value = self.load(kind).get(id_)
        if value is None:
            return None
        if kind is Kind.VARIABLES:
            assert isinstance(value, str)
            return Variable(key=id_, value=Text(value))
        extra = value.pop("extra")
        return Connection(conn_id=id_, extra=None if extra is None else Text(extra), **value)

    def clear(self) -> None:
        for path in self.paths.values():
            path.write_text("{}")

    def put_variables(self, values: dict[str, str]) -> None:
        self.paths[Kind.VARIABLES].write_text(json.dumps(values))


class LocalFiles(StoreContract):
    suffix: ClassVar[str]
    many = 10_000
    impossible = 0

    @pytest.fixture
    def paths(self, tmp_path: Path) -> dict[Kind, Path]:
        return {kind: tmp_path / f"{kind.value}.{self.suffix}" for kind in (Kind.CONNECTIONS, Kind.VARIABLES)}

    @pytest.fixture
    def store(self, paths: dict[Kind, Path]) -> Store:
        store = LocalStore({kind: str(path) for kind, path in paths.items()})
        for path in paths.values():
            path.write_text("{}")
        return store

    @pytest.fixture
    def truth(self, paths: dict[Kind, Path]) -> Files:
        return Files(paths)

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Callable[[], Store]:
        paths = {kind: str(tmp_path / "absent" / f"{kind.value}.json") for kind in (Kind.CONNECTIONS, Kind.VARIABLES)}
        return lambda: LocalStore(paths)

    @pytest.fixture
    def locked_out(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Store]:
        """Files that may not be read, also where the tests are run by somebody who may read everything."""

        def locked_out() -> Store:
            def refuse(path: Path) -> bytes:
                raise PermissionError(13, "no", str(path))

            monkeypatch.setattr(Path, "read_bytes", refuse)
            return store

        return locked_out

    def test_what_is_read_has_its_origin(self, store: Store, objects: list[AirflowObject]) -> None:
        create(store, *objects)
        for kind, path in zip(
            (Kind.CONNECTIONS, Kind.VARIABLES), store.address.removeprefix("local:").split(","), strict=True
        ):
            for obj in store.read(Selection(kinds=frozenset({kind}))).bundle:
                assert (obj.origin.source, bool(obj.origin.line)) == (path, True)


class TestJson(LocalFiles):
    suffix = "json"


class TestYaml(LocalFiles):
    suffix = "yaml"
