"""Objects that a user names, and what is suggested where they aren't there."""

from __future__ import annotations

import pytest

from airconn.errors import InputErrors, TargetError
from airconn.model import ALL_KINDS, Kind, Text, Variable
from airconn.transfer.showing import find
from tests.memory import Memory


class Closed(Memory):
    """Gives what is asked for by its name, and no list."""

    def at_hand(self, kinds: frozenset[Kind]) -> frozenset[tuple[Kind, str]]:
        raise TargetError("nobody may list", where=self.address)


@pytest.mark.parametrize(("place", "hint"), [(Memory, "did you mean variables/region?"), (Closed, "airconn list")])
def test_what_is_not_there_is_said_not_to_be_even_if_nothing_can_be_suggested(place: type[Memory], hint: str) -> None:
    store = place(Variable(key="region", value=Text("x")))
    assert [obj.id for obj in find(store, ["region"], ALL_KINDS)] == ["region"]
    with pytest.raises(InputErrors) as caught:
        find(store, ["regoin"], ALL_KINDS)
    (error,) = caught.value.errors
    assert error.message == "regoin is not there"
    assert (error.hint or "").startswith(hint)


class Foreign(Memory):
    """Lists an id of which it has no object."""

    def at_hand(self, kinds: frozenset[Kind]) -> frozenset[tuple[Kind, str]]:
        return super().at_hand(kinds) | {(Kind.VARIABLES, "regoin")}


class Told(Foreign):
    """Says why as well."""

    def passed_over(self, kind: Kind, id_: str) -> str:
        return "it is no text"


@pytest.mark.parametrize(("place", "hint"), [(Foreign, "did you mean variables/region?"), (Told, "it is no text")])
def test_an_id_is_never_suggested_for_itself(place: type[Memory], hint: str) -> None:
    store = place(Variable(key="region", value=Text("x")))
    with pytest.raises(InputErrors) as caught:
        find(store, ["variables/regoin"], ALL_KINDS)
    assert caught.value.errors[0].hint == hint
