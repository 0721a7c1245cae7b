"""The dataclasses of airconn are as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from airconn.records import dataclass as quick
from tests.test_architecture import PACKAGE


def variants(make: Any) -> list[type[Any]]:
    """Classes with all that the classes of airconn use, made with one of both decorators."""

    @make(frozen=True, slots=True)
    class Base:
        """A base."""

        number: int
        text: str = "x"

    @make(frozen=True, slots=True)
    class Inherits(Base):
        """A class with the fields of another one."""

        more: tuple[int, ...] = ()
        made: dict[str, int] = dataclasses.field(default_factory=dict)
        unseen: str = dataclasses.field(default="s", repr=False, compare=False)
        kept: list[int] = dataclasses.field(default_factory=list, init=False, compare=False)
        known: bool | None = dataclasses.field(default=None, init=False, compare=False)

    @make(frozen=True, slots=True, kw_only=True, repr=False)
    class Named:
        """A class whose fields are named."""

        number: int = 1
        text: str

    @make(frozen=True, slots=True, order=True)
    class Ordered:
        """A class with an order."""

        number: int
        text: str = ""

    @make(frozen=True, slots=True, eq=False)
    class Itself:
        """A class whose records are only equal to themselves."""

        number: int

    @make(slots=True)
    class Changing:
        """A class whose records can change."""

        number: int
        text: str = ""

    @make
    class Open:
        """A class without slots."""

        number: int
        text: str = ""

        def __post_init__(self) -> None:
            self.text += "!"

    @make(frozen=True)
    class Closed:
        """A frozen class without slots."""

        number: int

        def __repr__(self) -> str:
            return "closed"

    return [Base, Inherits, Named, Ordered, Itself, Changing, Open, Closed]


PAIRS = list(zip(variants(dataclasses.dataclass), variants(quick), strict=True))
CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((2, "b"), {}),
    ((1, "x", (3,), {"a": 1}, "t"), {}),
    ((), {"text": "b"}),
    ((), {"number": 3, "text": "b"}),
    ((1, "x", "y", "z", 1, 2, 3), {}),
    ((), {"other": 1}),
]


def result(call: Any, *args: Any, **kwargs: Any) -> Any:
    """What a call gives, or the type of what it raises."""
    try:
        return call(*args, **kwargs)
    except (TypeError, AttributeError) as error:
        return type(error)


@pytest.mark.parametrize(("slow", "fast"), PAIRS, ids=lambda cls: cls.__name__)
def test_a_record_is_what_the_standard_library_makes(slow: type[Any], fast: type[Any]) -> None:
    assert [(f.name, f.default, f.init) for f in dataclasses.fields(fast)] == [
        (f.name, f.default, f.init) for f in dataclasses.fields(slow)
    ]
    assert fast.__dict__.get("__slots__") == slow.__dict__.get("__slots__")
    made = [(result(slow, *args, **kwargs), result(fast, *args, **kwargs)) for args, kwargs in CALLS]
    both = [(ours, theirs) for theirs, ours in made if not isinstance(theirs, type)]
    assert [isinstance(theirs, type) and theirs for theirs, _ in made] == [
        isinstance(ours, type) and ours for _, ours in made
    ]
    assert both
    for ours, theirs in both:
        if repr(theirs).partition(" at ")[0] == repr(theirs):
            assert repr(ours) == repr(theirs)
        names = [field.name for field in dataclasses.fields(theirs)]
        assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
        assert result(setattr, ours, "number", 9) == result(setattr, theirs, "number", 9)
        assert result(delattr, ours, "number") == result(delattr, theirs, "number")
        if slow.__name__ in ("Changing", "Open"):
            ours.number = theirs.number = 9
        assert ours.__class__ is fast
        assert (copy.copy(ours) == ours) == (copy.copy(theirs) == theirs)
        assert result(hash, ours) == result(hash, theirs) or not isinstance(result(hash, theirs), type)
        changed = [result(dataclasses.replace, each, number=7) for each in (ours, theirs)]
        assert result(getattr, changed[0], "number") == result(getattr, changed[1], "number")
        assert (ours == theirs) is False
    for one, _ in enumerate(both):
        for other, _ in enumerate(both):
            ours_too, theirs_too = zip(both[one], both[other], strict=True)
            assert (ours_too[0] == ours_too[1]) == (theirs_too[0] == theirs_too[1])
            assert result(lambda pair: pair[0] < pair[1], ours_too) == result(
                lambda pair: pair[0] < pair[1], theirs_too
            )


@quick(frozen=True, slots=True)
class Pickled:
    """A record that pickle finds."""

    number: int
    made: list[int] = dataclasses.field(default_factory=list)


def test_a_record_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Pickled(1, [2]))) == Pickled(1, [2])
    assert Pickled(1).made is not Pickled(1).made


def test_all_dataclasses_are_made_that_way() -> None:
    others = [path for path in PACKAGE.rglob("*.py") if "from dataclasses import dataclass" in path.read_text()]
    assert others == [PACKAGE / "records.py"]
