"""Dataclasses that are made in a fifth of the time, since each start of airconn makes many.

Python's own compiles six functions for each class. Here only `__init__` is compiled, and all classes share the rest.
For all else they are dataclasses: `fields`, `replace` and type checkers know them.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        plain: type[Any] | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        repr: bool = True,  # noqa: A002 - the name that the standard library has
        eq: bool = True,
        order: bool = False,
        kw_only: bool = False,
    ) -> Any:
        """What `dataclasses.dataclass` does."""

        def make(plain: type[Any]) -> type[Any]:
            cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(plain)
            fields = dataclasses.fields(cls)
            cls.__init__ = _initializer(cls, fields, slots=slots)
            if frozen:
                cls.__setattr__, cls.__delattr__ = _refuse_to_set, _refuse_to_delete
            if frozen and slots:
                cls.__getstate__, cls.__setstate__ = _state, _set_state
            if repr and "__repr__" not in plain.__dict__:
                cls.__repr__ = _shown
            key = _key([field.name for field in fields if field.compare])
            if eq:
                cls.__eq__ = _comparison(key, operator.eq)
                cls.__hash__ = (lambda self: hash(key(self))) if frozen else None
            if order:
                for name in ("lt", "le", "gt", "ge"):
                    setattr(cls, f"__{name}__", _comparison(key, getattr(operator, name)))
            return cls

        return make if plain is None else make(plain)


def _initializer(cls: type[Any], fields: tuple[dataclasses.Field[Any], ...], *, slots: bool) -> Callable[..., None]:
    """The `__init__` of a class, which fills slots directly."""
    names: dict[str, Any] = {"_unset": dataclasses.MISSING, "_set": object.__setattr__}
    args, keywords, body = ["self"], ["*"], []
    for field in fields:
        name = field.name
        if slots:
            names[f"_set_{name}"] = getattr(cls, name).__set__
        value, default = name, ""
        if field.default is not dataclasses.MISSING:
            names[f"_default_{name}"], default = field.default, f"=_default_{name}"
            value = name if field.init else f"_default_{name}"
        elif field.default_factory is not dataclasses.MISSING:
            names[f"_make_{name}"], default = field.default_factory, "=_unset"
            value = f"_make_{name}() if {name} is _unset else {name}" if field.init else f"_make_{name}()"
        if field.init:
            (keywords if field.kw_only else args).append(f"{name}{default}")
        if field.init or default:
            body.append(f"    _set_{name}(self, {value})" if slots else f"    _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()")
    signature = ", ".join([*args, *(keywords if len(keywords) > 1 else [])])
    lines = [f"def __init__({signature}):", *(body or ["    pass"])]
    exec("\n".join(lines), names)  # noqa: S102 - of the names of fields, as the standard library does
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _key(names: list[str]) -> Callable[[Any], object]:
    """Gives the values of the fields that a class is compared by."""
    return operator.attrgetter(*names) if names else lambda record: ()


def _comparison(key: Callable[[Any], object], compare: Callable[[Any, Any], bool]) -> Callable[[Any, object], bool]:
    """A method that compares a record with another one of its class."""
    return lambda self, other: compare(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented


def _shown(self: Any) -> str:
    values = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _refuse_to_set(self: object, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
