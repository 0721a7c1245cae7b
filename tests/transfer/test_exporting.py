"""An export and a conversion without a command line: what is written, and what the result says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.errors import BlockedError, ExitCode, InputError, InputErrors, UsageError
from airconn.model import Kind, Selection, Text, Variable
from airconn.transfer.exporting import Export, ExportRequest, export, open_sources
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges, Writing
from tests.memory import Memory

Exported = Callable[..., Export]


@pytest.fixture
def exported(places: Places) -> Exported:
    def call(*sources: Path, only_files: bool = True, **said: Any) -> Export:
        request = ExportRequest(tuple(map(str, sources)), only_files, **said)
        return export(request, open_sources(request, places), places)

    return call


def file(path: Path, objects: object) -> Path:
    path.write_text(json.dumps(objects))
    return path


def test_a_text_for_standard_output_is_given_and_not_written(exported: Exported, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"a": "1"}})
    result = exported(source, writing=Writing(format="env"))
    assert (result.made.text, result.exit_code) == ("AIRFLOW_VAR_A=1\n", ExitCode.OK)
    assert list(tmp_path.iterdir()) == [source]


def test_a_file_is_written_and_keeps_what_the_sources_hide(exported: Exported, tmp_path: Path) -> None:
    out = file(tmp_path / "out.json", {"variables": {"a": "***", "b": "real"}})
    source = file(tmp_path / "in.json", {"variables": {"b": "***", "c": "3"}})
    result = exported(source, writing=Writing(out=out))
    assert json.loads(out.read_text())["variables"]["b"] == "real"
    assert [obj.id for obj in result.made.written] == ["b", "c"]
    assert result.exit_code == ExitCode.OK


def test_nothing_to_write_is_an_error_with_all_that_is_to_be_said(exported: Exported, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"b": "***"}})
    out = tmp_path / "out.json"
    result = exported(source, writing=Writing(out=out, redacted="omit"))
    assert (result.is_done, result.exit_code, out.exists()) == (False, ExitCode.INPUT, False)
    assert [(obj.id, names) for obj, names in result.made.hidden] == [("b", ("value",))]
    result = exported(source, writing=Writing(out=out, redacted="omit"), allow_empty=True)
    assert (result.is_done, result.nothing, result.exit_code) == (True, "every object has hidden values", 0)


def test_references_that_are_kept_block_and_the_rest_is_written(exported: Exported, tmp_path: Path) -> None:
    out = tmp_path / "out.env"
    out.write_text("AIRFLOW_VAR_A=${REGION}\nAIRFLOW_VAR_B=old\n")
    source = file(tmp_path / "in.json", {"variables": {"a": "1", "b": "2"}})
    result = exported(source, writing=Writing(out=out))
    assert isinstance(result.error, BlockedError)
    assert (result.is_done, result.exit_code) == (True, ExitCode.BLOCKED)
    assert [obj.id for obj in result.made.kept] == ["a"]
    assert "${REGION}" in out.read_text()
    assert "old" not in out.read_text()


def test_secrets_in_clear_are_counted_where_masks_were_asked_for(exported: Exported, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"connections": {"c": {"conn_type": "http", "password": "hunter2"}}})
    assert exported(source).in_clear == 0
    assert exported(source, writing=Writing(redacted="mask")).in_clear == 1
    masked = exported(source, writing=Writing(redacted="mask", mask_secrets=True))
    assert (masked.in_clear, len(masked.made.masked), "hunter2" in masked.made.text) == (0, 1, False)


def test_an_option_that_would_do_nothing_is_refused(exported: Exported, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"a": "1"}})
    with pytest.raises(UsageError, match="--k8s-namespace is for the k8s format"):
        exported(source, writing=Writing(format="env", values={"k8s_namespace": "x"}))


def test_only_files_are_converted(exported: Exported) -> None:
    with pytest.raises(UsageError, match="is not a file"):
        exported(Path("env:"))


def test_standard_input_is_read_once(exported: Exported) -> None:
    with pytest.raises(UsageError, match="named more than once"):
        exported(Path("-"), fills=("-",))


def test_an_export_of_nothing_is_a_success_and_a_conversion_of_nothing_is_not(
    exported: Exported, tmp_path: Path
) -> None:
    source = file(tmp_path / "in.json", {"variables": {}})
    assert exported(source, only_files=False).exit_code == ExitCode.OK
    with pytest.raises(InputError, match="the sources hold nothing"):
        exported(source)


def test_a_glob_that_matches_nothing_is_refused(exported: Exported, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"region": "1"}})
    with pytest.raises(InputErrors) as caught:
        exported(source, selection=Selection(frozenset(Kind), ("regoin",)))
    assert "did you mean variables/region?" in str(caught.value.errors[0].hint)


def test_objects_are_changed_on_the_way(exported: Exported, tmp_path: Path) -> None:
    source = file(tmp_path / "in.json", {"variables": {"a": "1"}})
    result = exported(source, changes=ObjectChanges(sets=("variables/a.value=2",)), writing=Writing(format="env"))
    assert result.made.text == "AIRFLOW_VAR_A=2\n"


def test_what_could_not_be_read_has_an_exit_code(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(*(Variable(key=key, value=Text("1")) for key in "ab"))
    memory.unread = {"a"}
    monkeypatch.setattr("airconn.transfer.places.open_store", lambda address, settings: memory)
    request = ExportRequest(("http://memory",))
    result = export(request, open_sources(request, places), places)
    assert (result.exit_code, [obj.id for obj in result.made.written]) == (ExitCode.SOME_FAILED, ["b"])
