"""Groups options into typed values: a command gets one value for all options of a group."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from airconn.model import Kind, Selection
    from airconn.transfer.request_parts import Network, ObjectChanges, SourceFormat, Writing

F = TypeVar("F", bound=Callable[..., Any])


def together(options: list[Callable[[F], F]]) -> Callable[[F], F]:
    """One decorator for several options, in their order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def as_one(name: str, make: Callable[..., Any], options: list[Callable[[F], F]]) -> Callable[[F], F]:
    """A decorator for options of which a command gets one value: the argument `name`, which `make` makes of them."""

    def decorate(function: F) -> F:
        @wraps(function)
        def with_value(*args: Any, **kwargs: Any) -> Any:
            said = {key: kwargs.pop(key) for key in names}
            return function(*args, **kwargs, **{name: make(**said)})

        before = len(getattr(function, "__click_params__", ()))
        decorated = together(options)(cast("F", with_value))
        names = {param.name for param in decorated.__click_params__[before:]}  # type: ignore[attr-defined]
        return decorated

    return decorate


def make_kinds(kinds: tuple[str, ...]) -> frozenset[Kind]:
    """The kinds that were chosen. Without a choice, all kinds."""
    from airconn.model import ALL_KINDS, Kind

    return frozenset(map(Kind, kinds)) or ALL_KINDS


def make_selection(kinds: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...]) -> Selection:
    from airconn.model import Selection

    return Selection(make_kinds(kinds), include, exclude)


def make_source_format(from_format: str | None, kind: str | None, **said: str | None) -> SourceFormat:
    from airconn import formats
    from airconn.model import Kind
    from airconn.transfer.request_parts import SourceFormat

    return SourceFormat(from_format, Kind(kind) if kind else None, formats.given_values(said, "from_"))


def make_changes(**said: Any) -> ObjectChanges:
    from airconn.transfer.request_parts import ObjectChanges

    return ObjectChanges(**said)


def make_writing(out: Path | None, **said: Any) -> Writing:
    from airconn import formats
    from airconn.stores.saving import is_standard_output
    from airconn.transfer.request_parts import Writing

    is_file = out is not None and str(out) != "-" and not is_standard_output(out)
    of_formats = {option.name: said.pop(option.name) for option in formats.options() if option.help}
    return Writing(out if is_file else None, values=formats.given_values(of_formats), **said)


def make_network(**said: Any) -> Network:
    from airconn.transfer.request_parts import Network

    return Network(**said)
