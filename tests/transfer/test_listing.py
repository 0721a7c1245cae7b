"""list, show, diff and explain without a command line: what they find, and the exit code that goes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.config import Config
from airconn.errors import ExitCode, InputErrors, UsageError
from airconn.model import ALL_KINDS, Kind, Selection, Text, Variable
from airconn.transfer.comparing import DiffRequest, compare_places
from airconn.transfer.explaining import ExplainRequest, explain
from airconn.transfer.listing import ListRequest, ShowRequest, list_objects, show_objects
from airconn.transfer.lookup import LookupState
from airconn.transfer.lookup_places import NamedPlaces
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network
from tests.memory import Memory
from tests.transfer.conftest import refuse_to_ask


def file(path: Path, objects: object) -> str:
    path.write_text(json.dumps(objects))
    return str(path)


def test_a_list_is_of_what_is_selected(places: Places, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"a": "1"}, "pools": {"p": {"slots": 1}}})
    found = list_objects(ListRequest(source, selection=Selection(frozenset({Kind.POOLS}))), places)
    assert ([obj.id for obj in found.bundle], found.place, found.exit_code) == (["p"], source, ExitCode.OK)


def test_a_list_of_other_kinds_alone_is_an_error_unless_that_is_allowed(places: Places, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"a": "1"}})
    pools = Selection(frozenset({Kind.POOLS}))
    refused = list_objects(ListRequest(source, selection=pools), places)
    assert (refused.exit_code, "1 variable here" in str(refused.error)) == (ExitCode.INPUT, True)
    assert list_objects(ListRequest(source, selection=pools, allow_empty=True), places).exit_code == ExitCode.OK


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory(*(Variable(key=key, value=Text("1")) for key in "ab"))
    memory.unread = {"a"}
    monkeypatch.setattr("airconn.transfer.places.open_store", lambda address, settings: memory)
    return memory


def test_what_could_not_be_read_has_an_exit_code(places: Places, memory: Memory) -> None:
    assert list_objects(ListRequest("http://memory"), places).exit_code == ExitCode.SOME_FAILED
    assert show_objects(ShowRequest(("b",), "http://memory"), places).exit_code == ExitCode.OK
    compared = compare_places(DiffRequest("http://memory", "http://memory", fails_on_difference=True), places)
    assert compared.exit_code == ExitCode.SOME_FAILED


def test_what_is_shown_is_what_was_named(places: Places, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"a": "1", "b": "2"}, "pools": {"a": {"slots": 1}}})
    shown = show_objects(ShowRequest(("b", "pools/a"), source), places)
    assert [(obj.kind, obj.id) for obj in shown.objects] == [(Kind.VARIABLES, "b"), (Kind.POOLS, "a")]
    with pytest.raises(UsageError, match="more than one object"):
        show_objects(ShowRequest(("a",), source), places)


@pytest.mark.parametrize(
    ("other", "counts", "code"),
    [("1", True, ExitCode.OK), ("2", False, ExitCode.OK), ("2", True, ExitCode.DIFFERENT)],
)
def test_a_difference_has_an_exit_code_where_it_counts(
    places: Places, tmp_path: Path, other: str, counts: bool, code: ExitCode
) -> None:
    a = file(tmp_path / "a.json", {"variables": {"v": "1"}})
    b = file(tmp_path / "b.json", {"variables": {"v": other}})
    assert compare_places(DiffRequest(a, b, fails_on_difference=counts), places).exit_code == code


def test_the_faults_of_both_places_are_told(places: Places, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_text("{")
    with pytest.raises(InputErrors) as caught:
        compare_places(DiffRequest(str(tmp_path / "a.json"), str(tmp_path / "b.json")), places)
    assert len(caught.value.errors) == 2


def test_two_places_without_anything_to_compare_are_no_success_unless_that_is_allowed(
    places: Places, tmp_path: Path
) -> None:
    a, b = file(tmp_path / "a.json", {"pools": {"p": {"slots": 1}}}), file(tmp_path / "b.json", {})
    (tmp_path / "c.env").write_text("# nothing\n")
    refused = compare_places(DiffRequest(a, str(tmp_path / "c.env")), places)
    assert (refused.exit_code, refused.nothing[:27]) == (ExitCode.INPUT, "neither side holds anything")
    allowed = compare_places(DiffRequest(a, str(tmp_path / "c.env"), allow_empty=True), places)
    assert (allowed.exit_code, allowed.error) == (ExitCode.OK, None)
    assert compare_places(DiffRequest(b, b), places).nothing == "neither side holds anything"


@pytest.fixture
def named(tmp_path: Path) -> NamedPlaces:
    backend = file(tmp_path / "backend.json", {"both": "http://one"})
    database = file(tmp_path / "database.json", {"connections": {"both": "http://two", "db": "http://db"}})
    return NamedPlaces(backend=f"local:{backend}", database=database)


def test_the_first_place_wins(places: Places, named: NamedPlaces) -> None:
    explained = explain(ExplainRequest(("both",), places=named, fails_on_difference=True), places)
    states = [[found.state for found in one.findings] for one in explained.explanations]
    assert states[-1] == [LookupState.WINS, LookupState.ABSENT, LookupState.SHADOWED]
    assert explained.exit_code == ExitCode.DIFFERENT


def test_all_that_several_places_have_is_explained(places: Places, named: NamedPlaces) -> None:
    explained = explain(ExplainRequest(places=named), places)
    assert {(one.kind, one.id) for one in explained.explanations} == {(Kind.CONNECTIONS, "both")}
    assert explained.exit_code == ExitCode.OK


def test_an_object_that_no_place_has_is_an_error(places: Places, named: NamedPlaces) -> None:
    with pytest.raises(InputErrors, match="connections/bot wasn't found in any source"):
        explain(ExplainRequest(("connections/bot",), places=named), places)


def test_a_place_of_the_configuration_that_is_closed_is_told_and_one_that_was_named_is_an_error(
    tmp_path: Path, named: NamedPlaces
) -> None:
    environ = {"AIRFLOW__SECRETS__BACKEND": "no.such.Backend", "AIRFLOW_HOME": str(tmp_path)}
    with Places(Config(environ), Network(), refuse_to_ask) as places:
        by_configuration = NamedPlaces(database=named.database)
        explained = explain(ExplainRequest(places=by_configuration, kinds=ALL_KINDS), places)
        assert [note.where for note in explained.notes] == ["secrets backend"]
        assert explained.exit_code == ExitCode.SOME_FAILED
        with pytest.raises(UsageError):
            explain(
                ExplainRequest(("both",), places=NamedPlaces(backend="nosuch://x", database=named.database)), places
            )
