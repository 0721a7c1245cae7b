"""The files of Airflow's LocalFilesystemBackend: how they are named, read, and changed without touching the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airconn.config import Settings
from airconn.errors import AirconnError, InputError, InputErrors, TargetError, UsageError
from airconn.formats.base import ReadOptions
from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Pool,
    Selection,
    Text,
    Variable,
)
from airconn.stores.base import Context
from airconn.stores.local import LocalStore, grammar, open_backend, open_store
from airconn.stores.local.edit import edited
from tests.formats import strategies as some
from tests.stores.contract import TARGET, create, do, planned, step

A = Variable(key="a", value=Text("1"))
API = Connection(conn_id="api", conn_type="http", host="h", password="p ü")


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., LocalStore]:
    """A store of files with these texts, of which None isn't there."""

    def place(connections: str | None = None, variables: str | None = None, suffix: str = "json") -> LocalStore:
        paths = {}
        for kind, text in ((Kind.CONNECTIONS, connections), (Kind.VARIABLES, variables)):
            paths[kind] = str(tmp_path / f"{kind.value}.{suffix}")
            if text is not None:
                Path(paths[kind]).write_text(text, newline="")
        return LocalStore(paths)

    return place


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "paths"),
        [
            ("local:c.json,v.yaml", {Kind.CONNECTIONS: "c.json", Kind.VARIABLES: "v.yaml"}),
            ("local:c.json", {Kind.CONNECTIONS: "c.json"}),
            ("local:c.json,", {Kind.CONNECTIONS: "c.json"}),
            ("local:,v.json", {Kind.VARIABLES: "v.json"}),
            ("local:?variables_file_path=a%2Cb.json", {Kind.VARIABLES: "a,b.json"}),
            (
                "local:?connections_file_path=/x/c.env&variables_file_path=v.json&configs_file_path=x.json",
                {Kind.CONNECTIONS: "/x/c.env", Kind.VARIABLES: "v.json"},
            ),
        ],
    )
    def test_an_address_names_the_file_of_each_kind(self, address: str, paths: dict[Kind, str]) -> None:
        store = open_store(address, Settings())
        assert store.capabilities.kinds == store.describe().kinds == set(paths)
        assert all(path in store.describe().text for path in paths.values())

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("local:", "no file is named"),
            ("local:,", "no file is named"),
            ("local:?configs_file_path=x.json", "no file is named"),
            ("local:a.json,b.json,c.json", "more than two files"),
            ("local:variables.json", "its name says variables"),
            ("local:variables.json,connections.json", "its name says variables"),
            ("local:,my-connection.json", "its name says connections"),
            ("local:?connection_file_path=x.json", "'connection_file_path' is not an option"),
            ("local:?x", "not a valid local: address"),
            ("local:?variables_file_path=a&variables_file_path=b", "the same option twice"),
        ],
    )
    def test_what_an_address_can_not_say(self, address: str, message: str) -> None:
        with pytest.raises(UsageError, match=message) as caught:
            open_store(address, Settings())
        assert caught.value.hint

    def test_options_of_airflow_are_taken_and_no_others(self) -> None:
        store = open_backend({"variables_file_path": "v.json", "connections_file_path": None}, "cfg", Settings())
        assert store.address == "local:,v.json"
        with pytest.raises(UsageError, match=r"did you mean|not an option") as caught:
            open_backend({"variables_path": "v.json"}, "airflow.cfg", Settings())
        assert caught.value.where == "airflow.cfg"

    def test_a_name_that_airflow_does_not_read_is_refused(self, tmp_path: Path) -> None:
        for name in ("v.txt", "v", ".env"):
            path = tmp_path / name
            path.write_text("a=1\n")
            store = LocalStore({Kind.VARIABLES: str(path)})
            for call in (lambda store=store: store.read(Selection()), lambda store=store: store.problems(A)):
                with pytest.raises(InputError, match="reads no file with this name"):
                    call()
        store = LocalStore({Kind.VARIABLES: str(tmp_path / ".env")})
        assert list(store.read(Selection(), Context(airflow=AirflowVersion(3, 0, 6))).bundle) == [A]


class TestReading:
    def test_what_airflow_makes_nothing_of_is_told(self, place: Callable[..., LocalStore]) -> None:
        store = place('{"a": "{\\"conn_type\\": \\"s3cret\\"}", "b": []}', '{"c": null, "d": {"value": "x"}}')
        found = store.read(Selection())
        assert [(obj.id, obj.value) for obj in found.bundle if isinstance(obj, Variable)] == [
            ("d", Text('{\n  "value": "x"\n}'))
        ]
        said = {note.message.split(" ")[0]: note.left_out for note in found.notes}
        assert said == {"a": True, "b": True, "c": True, "d": False}
        assert "s3cret" not in "".join(note.message for note in found.notes)

    def test_what_is_no_text_in_yaml_is_told(self, place: Callable[..., LocalStore]) -> None:
        store = place(
            "a: {conn_type: http, login: 012, password: 'yes'}\n", "5: x\nb: 012\nc: yes\nd: '012'\n", "yaml"
        )
        found = store.read(Selection())
        assert found.bundle.connections["a"] == Connection(conn_id="a", conn_type="http", login="10", password="yes")
        assert {key: obj.value for key, obj in found.bundle.variables.items()} == {
            "b": Text("10"),
            "c": Text("true"),
            "d": Text("012"),
        }
        assert sorted(note.message.partition(",")[0].partition(";")[0] for note in found.notes) == [
            "a: login isn't a text",
            "b isn't a text",
            "c isn't a text",
            "the key a key isn't a text",
        ]

    @pytest.mark.parametrize(
        ("suffix", "text", "message"),
        [
            ("json", '{"a": {"conn_type": "x", "s3cret @": 1}}', "not a field of a connection"),
            ("json", '{"a": ["http://s3cret@h", "http://h"]}', "several values"),
            ("json", '{"a": 5}', "neither"),
            ("json", '{"connections": {"a": {"conn_type": "http"}}}', "section for each kind"),
            ("json", "[]", "an object of ids"),
            ("json", "", "empty"),
            ("json", '\ufeff{"a": "http://h"}', "byte order mark"),
            ("env", "a=http://u:s3cret/x@h", "not a number"),
            ("env", "http://u:s3cret@h/?a=b", "can't be an id"),
            ("env", "u:s3cret@h=", "one of the two is empty"),
            ("env", "a=http://h\n  \n", "one of the two is empty"),
            ("env", "a=http://h\na=http://s3cret@h\n", "is in line 1 already"),
            ("env", "\ufeffa=http://h\n", "byte order mark"),
            ("yaml", "a: !s3cret x\n", "this value has a YAML tag"),
            ("yaml", "a: 2024-13-99\n", "can't read this YAML"),
            ("yaml", "a: {conn_type: http, password: yes}\n", "'password' is true or false"),
            ("yaml", "a: {conn_type: http, extra: {a: 2024-01-01}}\n", "a date to Airflow"),
            ("yaml", "- a\n", "an object of ids"),
        ],
    )
    def test_a_fault_that_keeps_airflow_from_reading_anything_is_an_error(
        self, place: Callable[..., LocalStore], suffix: str, text: str, message: str
    ) -> None:
        with pytest.raises(InputError) as caught:
            place(text, "{}" if suffix != "env" else "", suffix).read(Selection())
        errors = caught.value.errors if isinstance(caught.value, InputErrors) else (caught.value,)
        said = " ".join(f"{error} {error.hint}" for error in errors)
        assert message in said
        assert "s3cret" not in said
        assert f"connections.{suffix}" in said

    def test_a_date_in_a_variable_is_read_as_text_as_airflow_gives_it_to_tasks(
        self, place: Callable[..., LocalStore]
    ) -> None:
        text = "a: 2024-01-01\nb: {c: [2024-01-02, 012]}\n"
        found = place("", text, "yaml").read(Selection(kinds=frozenset({Kind.VARIABLES})))
        values = {key: variable.value.text for key, variable in found.bundle.variables.items() if variable.value}
        assert values["a"] == "2024-01-01"
        assert json.loads(values["b"]) == {"c": ["2024-01-02", 10]}
        assert [note.message.partition(",")[0] for note in found.notes] == ["a isn't a text", "b isn't a text"]

    def test_bytes_in_a_variable_have_no_text_and_are_refused(self, place: Callable[..., LocalStore]) -> None:
        with pytest.raises(InputErrors, match="binary data"):
            place("", "a: {b: !!binary aGk=}\n", "yaml").read(Selection(kinds=frozenset({Kind.VARIABLES})))

    def test_a_team_is_a_fault_to_an_airflow_that_knows_none(self, place: Callable[..., LocalStore]) -> None:
        store = place('{"a": {"conn_type": "x", "team_name": "t"}}', "{}")
        assert store.read(Selection()).bundle.connections["a"].team_name == "t"
        with pytest.raises(InputError, match="team_name"):
            store.read(Selection(), Context(airflow=AirflowVersion(3, 1, 8)))

    def test_a_file_that_can_not_be_read_is_told(self, place: Callable[..., LocalStore], tmp_path: Path) -> None:
        store = place(None, '{"a": "1"}')
        with pytest.raises(TargetError, match="no such file"):
            store.read(Selection())
        assert list(store.read(Selection(), TARGET).bundle) == [A]
        assert list(store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle) == [A]
        (tmp_path / "connections.json").write_bytes(b'{"a": \n"\xff"}')
        with pytest.raises(InputError, match=r"connections\.json:2: this is not UTF-8"):
            store.read(Selection())


class TestWriting:
    def test_new_files_are_made_readable_by_their_owner_alone(
        self, place: Callable[..., LocalStore], tmp_path: Path
    ) -> None:
        create(place(), API, A)
        assert json.loads((tmp_path / "variables.json").read_text()) == {"a": "1"}
        assert json.loads((tmp_path / "connections.json").read_text())["api"]["password"] == "p ü"
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}

    def test_a_file_that_nothing_changes_in_is_not_written(
        self, place: Callable[..., LocalStore], tmp_path: Path
    ) -> None:
        store = place('{"x": "http://h"}', None)
        create(store, A)
        assert (tmp_path / "connections.json").read_text() == '{"x": "http://h"}'

    def test_the_second_file_that_can_not_be_written_leaves_the_first_and_is_told(
        self, place: Callable[..., LocalStore], tmp_path: Path
    ) -> None:
        store = place("{}", None)
        (tmp_path / "variables.json").mkdir()
        assert do(store, step(Action.CREATE, API), step(Action.CREATE, A)) == [
            None,
            f"{tmp_path / 'variables.json'}: this is a directory",
        ]
        assert list(json.loads((tmp_path / "connections.json").read_text())) == ["api"]
        with pytest.raises(TargetError, match="directory"):
            do(place(), step(Action.CREATE, A))

    def test_what_was_changed_meanwhile_is_left_alone(self, place: Callable[..., LocalStore], tmp_path: Path) -> None:
        for action in (Action.UPDATE, Action.REPLACE, Action.DELETE):
            store = place("{}", '{"a": "1"}')
            found = store.read(Selection(), TARGET)
            (held,) = found.bundle
            (tmp_path / "variables.json").write_text('{"a": "theirs", "b": "2"}')
            (error,) = do(store, step(action, replace(A, value=Text("ours")), held, "value"), before=found)
            assert error == "another program has changed it; run again"
            assert json.loads((tmp_path / "variables.json").read_text()) == {"a": "theirs", "b": "2"}

    def test_an_entry_of_which_airflow_makes_nothing_is_no_room_for_another(
        self, place: Callable[..., LocalStore], tmp_path: Path
    ) -> None:
        store = place("{}", '{"a": null}')
        found = store.read(Selection(), TARGET)
        assert list(found.bundle) == []
        plan = planned([A], found, store)
        assert "that Airflow can't read" in plan.blocked[0].reasons[0]
        for action in (Action.CREATE, Action.UPDATE):
            assert all(do(store, step(action, A, A, "value")))
            assert all(do(store, step(action, A, A, "value"), before=found))
        assert (tmp_path / "variables.json").read_text() == '{"a": null}'

    def test_what_has_no_place_is_said_before(self, place: Callable[..., LocalStore]) -> None:
        assert place().problems(Pool(name="p", slots=1))
        assert LocalStore({Kind.VARIABLES: "v.json"}).problems(API) == ("no file for connections is named",)
        assert place().problems(replace(A, key=""))
        assert place().problems(replace(A, value=Text("\ud800")))
        assert place().problems(replace(API, extra=Text("[1]")))
        for variable in ("", "a\nb", "a\u2028b"):
            assert place(suffix="env").problems(replace(A, value=Text(variable)))
            assert not place().problems(replace(A, value=Text(variable)))
        for id_ in ("#a", " #a", "a=b", "a\x0bb", "http://x"):
            assert place(suffix="env").problems(replace(A, key=id_))
        assert place(suffix="env").problems(replace(API, conn_type="a b"))

    def test_what_is_lost_is_told(self, place: Callable[..., LocalStore]) -> None:
        def told(store: LocalStore, *objects: AirflowObject) -> list[list[tuple[str, str]]]:
            outcomes = list(store.apply([step(Action.CREATE, obj) for obj in objects], TARGET))
            assert [outcome.error for outcome in outcomes] == [None] * len(objects)
            return [[(note.where, note.message.split(" ")[0]) for note in outcome.notes] for outcome in outcomes]

        assert told(place(), replace(A, description="d"), replace(API, team_name="t")) == [
            [("variables/a", "description")],
            [("connections/api", "team_name")],
        ]
        assert told(place(suffix="env"), replace(API, description="d", login="l", schema="s")) == [
            [("connections/api", "description")]
        ]

    def test_a_mask_that_is_called_genuine_is_written(self, place: Callable[..., LocalStore], tmp_path: Path) -> None:
        store = place("{}", "{}")
        genuine = Variable(key="a", value=Text("***"), literal=frozenset({"value"}))
        create(store, genuine)
        assert json.loads((tmp_path / "variables.json").read_text()) == {"a": "***"}
        assert store.read(Selection()).bundle.variables["a"].value is REDACTED
        assert store.stored_form(replace(API, password=REDACTED)).password is REDACTED


JSON = '{\n    "x": {"conn_type": "http", "extra": "{}",  "port": 1e2},\n    "a": "http://h",\n    "n": 1.50\n}\n'
YAML = """\
# ours
x: {conn_type: http}   # on one line
a: http://h   # to be changed
fields:
  conn_type: http
  extra: |
    {"a": 1}

# the last
flag: yes
"""
ENV = "# ours\r\nx=http://h\r\na=http://h\r\nexport b=http://h"


def read(text: str, suffix: str, kind: Kind = Kind.VARIABLES) -> Bundle:
    return grammar.read(text, kind, f"x.{suffix}", ReadOptions(kind=kind)).bundle


class TestEditing:
    def test_json_keeps_its_order_its_indent_and_its_numbers(self) -> None:
        after = edited(JSON, "json", {"a": A, "b": API, "c": None})
        assert after.startswith(
            '{\n    "x": {\n        "conn_type": "http",\n        "extra": "{}",\n        "port": 1e2\n'
        )
        assert '    "a": "1",\n    "n": 1.50,\n    "b": {' in after
        assert edited(after, "json", {"x": None, "a": None, "b": None, "n": None}) == "{}\n"

    def test_yaml_keeps_every_other_line(self) -> None:
        after = edited(YAML, "yaml", {"a": A, "fields": API, "new": A, "older": A})
        assert after.splitlines()[:3] == [
            "# ours",
            "x: {conn_type: http}   # on one line",
            "a: '1'   # to be changed",
        ]
        assert after.endswith("\n# the last\nflag: yes\nnew: '1'\nolder: '1'\n")
        assert yaml.safe_load(after)["fields"]["password"] == "p ü"
        gone = edited(YAML, "yaml", {"a": None, "fields": None})
        assert gone == "# ours\nx: {conn_type: http}   # on one line\n\n# the last\nflag: yes\n"

    @pytest.mark.parametrize("text", ["{}", "{}\n", "# c\n{}  # d\n", "---\n{}\n"])
    def test_an_empty_mapping_of_yaml_is_filled_and_emptied(self, text: str) -> None:
        after = edited(text, "yaml", {"a": A, "b": A})
        assert yaml.safe_load(after) == {"a": "1", "b": "1"}
        assert yaml.safe_load(edited(after, "yaml", {"a": None, "b": None})) == {}

    @pytest.mark.parametrize("text", ["{a: x}", "a: &x y\nb: *x\n"])
    def test_what_would_change_something_else_is_refused(self, place: Callable[..., LocalStore], text: str) -> None:
        store = place("{}", text, "yaml")
        held = store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle.variables["a"]
        with pytest.raises(AirconnError, match="in place"):
            do(store, step(Action.UPDATE, A, held, "value"))

    def test_lines_keep_every_other_line_and_their_ends(self) -> None:
        after = edited(ENV, "env", {"a": API, "c": replace(API, conn_id="c"), "x": None})
        assert after == ("# ours\r\na=http://:p%20%C3%BC@h/\r\nexport b=http://h\r\nc=http://:p%20%C3%BC@h/\r\n")
        assert edited("x=1\n", "env", {"x": None}) == ""

    @pytest.mark.parametrize("suffix", ["json", "yaml", "env"])
    @pytest.mark.parametrize("kind", [Kind.CONNECTIONS, Kind.VARIABLES])
    @given(data=st.data())
    def test_whatever_changes_is_read_back_and_all_else_stays(self, suffix: str, kind: Kind, data: Any) -> None:
        options = ReadOptions(kind=kind)
        objects = some.connections if kind is Kind.CONNECTIONS else some.variables

        def drawn() -> dict[str, Any]:
            found = data.draw(some.bundles(objects, max_size=5)).of_kind(kind)
            store = LocalStore({kind: f"x.{suffix}"})
            return {id_: obj for id_, obj in found.items() if not store.problems(obj)}

        before, changes = drawn(), drawn()
        text = edited("", suffix, before)
        removed = [id_ for id_ in before if id_ not in changes and len(id_) % 2]
        after = edited(text, suffix, {**changes, **dict.fromkeys(removed)})
        wanted = {id_: obj for id_, obj in {**before, **changes}.items() if id_ not in removed}
        assert dict(read(after, suffix, kind).of_kind(kind)) == {
            id_: grammar.stored(obj, suffix, options) for id_, obj in wanted.items()
        }
