"""Airflow's LocalFilesystemBackend finds in the files what airconn wrote, and airconn finds what it finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from airconn.config import Settings
from airconn.errors import InputError
from airconn.model import AirflowVersion, Kind, Selection
from airconn.stores import open_backend
from airconn.stores.base import Context, Store
from airconn.stores.local import LocalStore, open_store
from tests.integration.backends import judge
from tests.integration.backends.agreement import BackendAgreement, Place, differences, text_of

KINDS = (Kind.CONNECTIONS, Kind.VARIABLES)


class LocalFiles(BackendAgreement):
    suffix: ClassVar[str]

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        kwargs = {f"{kind.value}_file_path": str(tmp_path / f"objects-{kind.value}.{self.suffix}") for kind in KINDS}
        return Place(open_backend(judge.LOCAL_FILES, kwargs, "cfg", Settings()), judge.LOCAL_FILES, kwargs)


class TestJson(LocalFiles):
    suffix = "json"


class TestYaml(LocalFiles):
    suffix = "yaml"


class TestEnv(LocalFiles):
    suffix = "env"
    exceptions: ClassVar[int] = 420  # no line holds what is empty or has a line break in it, or some conn_types


FILES: dict[str, tuple[str, str]] = {
    "json": (
        json.dumps(
            {
                "uri": "http://u:p%40@H/s?a=1",
                "listed": ["http://h"],
                "nothing": [],
                "fields": {"conn_type": "postgresql", "port": "80", "extra": {"a": 1.5}},
                "dejson": {"conn_type": "a-b", "extra_dejson": {"a": 1}},
                "text": '{"conn_type": "http"}',
                "id": {"conn_id": "id", "uri": "http://h"},
            }
        ),
        json.dumps(
            {"text": " a ", "empty": "", "number": 1.50, "object": {"value": "x"}, "null": None, "flag": True}
        ),
    ),
    "yaml": (
        "a: http://h\nb: {conn_type: http, port: 8_0}\nc: {conn_type: http, port: 80}\n5: http://h\n'6': http://h\n",
        "a: text\nb: yes\nc: 012\nd: 2024-01-01\ne: '012'\nf: null\n5: x\n'6': y\ng: |\n  a\n  b\n",
    ),
    "env": (
        "a=http://h\r\n# c=http://h\n  # d=http://h\nexport e=http://h\nf=http://h#x\n g=http://h\n",
        'a= x \nB="q"\nexport c=d\ne=#f\ng=h\vi=j=k\n',
    ),
}


def read(store: Store, version: str) -> dict[Kind, dict[str, Any]]:
    found: dict[Kind, dict[str, Any]] = {kind: {} for kind in KINDS}
    for obj in store.read(Selection(), Context(airflow=AirflowVersion.parse(version))).bundle:
        found[obj.kind][obj.id] = obj
    return found


def put(tmp_path: Path, suffix: str, connections: str, variables: str) -> dict[str, str]:
    kwargs = {}
    for kind, text in zip(KINDS, (connections, variables), strict=True):
        path = tmp_path / f"{kind.value}.{suffix}"
        path.write_text(text, newline="")
        kwargs[f"{kind.value}_file_path"] = str(path)
    return kwargs


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("version", judge.EVERY_VERSION)
def test_airconn_finds_what_airflow_finds(version: str, suffix: str, tmp_path: Path) -> None:
    """But that what is no text comes as the text of it."""
    kwargs = put(tmp_path, suffix, *FILES[suffix])
    ours = read(LocalStore({kind: kwargs[f"{kind.value}_file_path"] for kind in KINDS}), version)
    ids = {kind: {*ours[kind], "nothing", "text", "null", "5", "6", "f", "g", "d", "e", "i", "c"} for kind in KINDS}
    answer = judge.ask(
        version,
        judge.LOCAL_FILES,
        kwargs,
        connections=sorted(ids[Kind.CONNECTIONS]),
        variables=sorted(ids[Kind.VARIABLES]),
    )
    theirs = {id_: found for id_, found in answer.connections.items() if found is not None}
    # A connection that is JSON in a text is nonsense to Airflow, and nothing to us.
    assert set(theirs) - {"text"} == set(ours[Kind.CONNECTIONS])
    for id_, connection in ours[Kind.CONNECTIONS].items():
        found = {**theirs[id_], "port": theirs[id_]["port"] and int(theirs[id_]["port"])}
        if isinstance(found["extra"], dict):
            found["extra"] = json.dumps(found["extra"])
        assert differences(connection, found) == set(), id_
    assert {id_ for id_, value in answer.variables.items() if value is not None} == set(ours[Kind.VARIABLES])
    dates = {"d"} if suffix == "yaml" else set()
    for id_, variable in ours[Kind.VARIABLES].items():
        if isinstance(answer.variables[id_], str) and id_ not in dates:
            assert text_of(variable.value) == answer.variables[id_], id_


BROKEN: dict[str, tuple[str, str, str]] = {
    "an unknown field": ("json", '{"a": "http://h", "b": {"conn_type": "http", "hots": "h"}}', '{"a": "1"}'),
    "no fields": ("json", '{"a": "http://h", "b": null}', '{"a": "1"}'),
    "several": ("json", '{"a": "http://h", "b": ["http://h", "http://h"]}', '{"a": "1"}'),
    "sections": ("json", '{"connections": {"a": {"conn_type": "http"}}}', '{"a": "1"}'),
    "a mark": ("json", '\ufeff{"a": "http://h"}', '{"a": "1"}'),
    "a list": ("json", '["http://h"]', '{"a": "1"}'),
    "no value": ("env", "a=http://h\nb=\n", "a=1\n"),
    "no sign": ("env", "a=http://h\nb\n", "a=1\n"),
    "blanks": ("env", "a=http://h\n  \n", "a=1\n"),
    "twice": ("env", "a=http://h\na=http://h\n", "a=1\n"),
    "a tag": ("yaml", "a: http://h\nb: !x y\n", "a: x\n"),
    "nothing": ("yaml", "", "a: x\n"),
}


@pytest.mark.parametrize("case", BROKEN)
@judge.on_worker_of("3.3.2")
def test_a_file_of_which_airflow_reads_nothing_is_at_fault(case: str, tmp_path: Path) -> None:
    suffix, connections, variables = BROKEN[case]
    kwargs = put(tmp_path, suffix, connections, variables)
    address = f"local:{kwargs['connections_file_path']},{kwargs['variables_file_path']}"
    with pytest.raises(InputError):
        open_store(address, Settings()).read(Selection())
    answer = judge.ask("3.3.2", judge.LOCAL_FILES, kwargs, connections=["a"], variables=["a"])
    found = answer.connections["a"]
    assert found is None or "error" in found
    assert answer.variables["a"] is not None


@pytest.mark.parametrize("version", judge.EVERY_VERSION)
def test_a_name_is_read_by_the_versions_that_read_it(version: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("a=1\n")
    kwargs = {"variables_file_path": str(tmp_path / ".env")}
    answer = judge.ask(version, judge.LOCAL_FILES, kwargs, variables=["a"])
    store = LocalStore({Kind.VARIABLES: kwargs["variables_file_path"]})
    if version.startswith("2."):
        assert answer.variables == {"a": "1"}
        assert read(store, version)[Kind.VARIABLES].keys() == {"a"}
    else:
        assert "error" in answer.variables["a"]
        with pytest.raises(InputError, match="reads no file with this name"):
            read(store, version)


@pytest.mark.parametrize("version", judge.EVERY_VERSION)
def test_a_list_of_a_variable_is_what_the_version_makes_of_it(version: str, tmp_path: Path) -> None:
    kwargs = put(tmp_path, "json", "{}", '{"a": ["x"]}')
    answer = judge.ask(version, judge.LOCAL_FILES, kwargs, variables=["a"])
    store = LocalStore({Kind.VARIABLES: kwargs["variables_file_path"]})
    ours = read(store, version)[Kind.VARIABLES]["a"].value.text
    assert (answer.variables["a"], ours) == (("x", "x") if version.startswith("2.") else (["x"], '[\n  "x"\n]'))
