"""What a text doesn't hold of its sources, in as few lines as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from airconn.formats.base import Loss
from airconn.model import AirflowObject, Kind, number_of
from airconn.quoting import clean, some

_SHOWN_NAMES = 8


class _SameLoss(NamedTuple):
    """The same loss of several objects."""

    kind: Kind
    field: str
    message: str
    is_of_kind: bool


def loss_lines(losses: Iterable[Loss], holder: str, *, every_one: bool) -> list[str]:
    """The losses as lines, such as `connections: description has no field in a URI (2: a, b)`.

    With `every_one`, each loss has a line with all its objects, minor ones included. Without it, minor ones aren't
    told, and several losses of `holder` share a line.
    """
    groups: dict[_SameLoss, list[str]] = {}
    for loss in losses:
        if every_one or not loss.is_minor:
            groups.setdefault(_SameLoss(loss.kind, loss.field, loss.message, loss.is_of_kind), []).append(
                clean(loss.id)
            )
    if every_one or len(groups) <= 1:
        return [_line(group, ids, every_name=every_one) for group, ids in groups.items()]
    whole = [f"skipped {amounts}"] if (amounts := ", ".join(_skipped(groups))) else []
    parts = [f"lost or changed: {', '.join(names)}"] if (names := _changed(groups)) else []
    return [f"{holder} can't hold everything: {'; '.join([*whole, *parts])} (-v lists them)"]


def _line(group: _SameLoss, ids: Sequence[str], *, every_name: bool) -> str:
    text = f"{group.field} {group.message}" if group.field else f"left out: {group.message}"
    names = ", ".join(ids) if every_name else some(ids, _SHOWN_NAMES)
    lists = "" if every_name or len(ids) <= _SHOWN_NAMES else ", -v lists them"
    return f"{group.kind.value}: {text} ({len(ids):,}: {names}{lists})"


def _skipped(groups: Mapping[_SameLoss, Sequence[str]]) -> Iterator[str]:
    """`6 variables` of a kind that can't be held at all, and `variables/a=b` for single objects."""
    for group, ids in groups.items():
        kind = group.kind
        if group.is_of_kind:
            yield f"{len(ids):,} {kind.singular if len(ids) == 1 else kind.value}"
        elif not group.field:
            yield some([f"{kind.value}/{id_}" for id_ in ids])


def _changed(groups: Mapping[_SameLoss, Sequence[str]]) -> list[str]:
    """`description of connections/a`, `port of 3 connections`."""
    return [
        f"{group.field} of {f'{group.kind.value}/{ids[0]}' if len(ids) == 1 else f'{len(ids):,} {group.kind.value}'}"
        for group, ids in groups.items()
        if group.field
    ]


def hidden_lines(hidden: Sequence[tuple[AirflowObject, Sequence[str]]], how: str, *, every_one: bool) -> list[str]:
    """That hidden values were treated in a way, and of which objects.

    `how` is `are written as ***`, say. The first line is the message, and the others are a list.
    """
    if len(hidden) == 1:
        obj, names = hidden[0]
        return [clean(f"hidden values of {obj.kind.value}/{obj.id} ({', '.join(names)}) {how}")]
    if not every_one:
        return [f"hidden values of {number_of(len(hidden))} (-v lists them) {how}"]
    rows = [clean(f"  {obj.kind.value}/{obj.id}  {', '.join(names)}") for obj, names in hidden]
    return [f"hidden values of {number_of(len(hidden))} {how}:", *rows]


def what_happens_to_hidden(format_: str, *, omitted: bool, several: bool = False) -> str:
    """What happens to hidden values, behind `hidden values of … `."""
    if omitted:
        return "are left out"
    if format_ == "k8s":
        return "are written as ***, and kubectl apply would store *** in their place"
    files = "these files" if several else "this file"
    return f"are written as ***. Importing {files} keeps the values that the target has"


def what_is_masked(format_: str, *, omitted: bool) -> str:
    """What happens to secrets that are masked, behind `secrets of … are `."""
    if omitted:
        return "left out"
    stored = "kubectl apply would store *** in their place"
    return f"masked; {stored if format_ == 'k8s' else 'importing them again keeps what the target has'}"
