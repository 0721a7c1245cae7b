"""Objects that a user names, and what is suggested where they aren't there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.errors import InputErrors, TargetError
from airconn.model import ALL_KINDS, Kind, Selection, Text, Variable
from airconn.model.reading import Key, Reading
from airconn.stores.base import DEFAULT_CONTEXT, Context
from airconn.transfer.showing import find
from tests.memory import Memory


class Closed(Memory):
    """Gives what is asked for by its name, and no list."""

    def quick_ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        raise TargetError("nobody may list", where=self.address)


@pytest.mark.parametrize(("place", "hint"), [(Memory, "did you mean variables/region?"), (Closed, "airconn list")])
def test_what_is_not_there_is_said_not_to_be_even_if_nothing_can_be_suggested(place: type[Memory], hint: str) -> None:
    store = place(Variable(key="region", value=Text("x")))
    assert [obj.id for obj in find(store, ["region"], ALL_KINDS, DEFAULT_CONTEXT).objects] == ["region"]
    with pytest.raises(InputErrors) as caught:
        find(store, ["regoin"], ALL_KINDS, DEFAULT_CONTEXT)
    (error,) = caught.value.errors
    assert error.message == "regoin doesn't exist"
    assert (error.hint or "").startswith(hint)


class Foreign(Memory):
    """Lists an id of which it has no object."""

    def quick_ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        return frozenset(self.held) | {(Kind.VARIABLES, "regoin")}


class Told(Foreign):
    """Says why as well."""

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        passed_over = dict.fromkeys(selection.ids or (), "it is no text")
        return replace(super().read(selection, context), passed_over=passed_over)


@pytest.mark.parametrize(("place", "hint"), [(Foreign, "did you mean variables/region?"), (Told, "it is no text")])
def test_an_id_is_never_suggested_for_itself(place: type[Memory], hint: str) -> None:
    store = place(Variable(key="region", value=Text("x")))
    with pytest.raises(InputErrors) as caught:
        find(store, ["variables/regoin"], ALL_KINDS, DEFAULT_CONTEXT)
    assert caught.value.errors[0].hint == hint
