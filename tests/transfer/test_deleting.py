"""Deletions by globs, in places that can't give all objects or hold others beside Airflow's."""

from __future__ import annotations

import pytest

from airconn.errors import BlockedError
from airconn.model import Kind, Selection, Text, Variable
from airconn.model.reading import Note
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities
from airconn.transfer.deleting import prepare_deletion
from airconn.transfer.requests import DeleteRequest
from tests.memory import UNREAD, Memory

SHARED = Capabilities(unprunable={Kind.VARIABLES: "any secret here may be read as one of Airflow's variables"})


def variables(*ids: str) -> list[Variable]:
    return [Variable(key=id_, value=Text("x")) for id_ in ids]


def test_a_glob_deletes_nothing_where_other_programs_may_have_secrets() -> None:
    store = Memory(*variables("a1", "a2"), capabilities=SHARED)
    with pytest.raises(BlockedError, match="and a glob would delete it") as caught:
        prepare_deletion(DeleteRequest(("a*",)), store, DEFAULT_CONTEXT)
    assert "airconn delete KIND/ID" in (caught.value.hint or "")
    with pytest.raises(BlockedError):
        prepare_deletion(DeleteRequest((), Selection(include=("a*",))), store, DEFAULT_CONTEXT)
    by_name = prepare_deletion(DeleteRequest(("variables/a1",)), store, DEFAULT_CONTEXT)
    assert [step.id for step in by_name.plan.steps] == ["a1"]


def test_an_object_that_a_glob_may_match_and_that_can_not_be_read_is_told() -> None:
    store = Memory(*variables("a1", "a2", "b"))
    store.unread = {"a2"}
    prepared = prepare_deletion(DeleteRequest(("a*",)), store, DEFAULT_CONTEXT)
    assert [step.id for step in prepared.plan.steps] == ["a1"]
    assert prepared.unread == (Note(f"{store.address}: variables/a2", UNREAD, left_out=True, failed=True),)


def test_what_is_named_and_what_is_matched_is_read_before_it_is_deleted() -> None:
    store = Memory(*variables("a1", "a2", "b"))
    prepared = prepare_deletion(DeleteRequest(("b", "a*", "a1")), store, DEFAULT_CONTEXT)
    assert [step.id for step in prepared.plan.steps] == ["b", "a1", "a2"]
    assert sorted(obj.id for obj in prepared.present) == ["a1", "a2", "b"]
