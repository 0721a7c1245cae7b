"""Turns losses of a format into sentences and errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airconn.errors import InputError, InputErrors
from airconn.formats.base import Loss
from airconn.model import Bundle
from airconn.model.reading import Note


def refuse_losses(bundle: Bundle, losses: Sequence[Loss], notes: Iterable[Note] = ()) -> None:
    """Raises `InputErrors` if there are any losses, or notes on what was read."""
    faults = [InputError(show_loss(loss), where=str(_origin(bundle, loss))) for loss in losses]
    faults += [
        InputError(note.message, where=note.where)
        for note in notes
        if not (note.failed or note.is_detail or note.is_remark)
    ]
    if faults:
        raise InputErrors(tuple(faults))


def refuse_notes(notes: Iterable[Note]) -> None:
    """Raises `InputErrors` with all notes on what was read or would be lost, but those that fail the run anyway."""
    refuse_losses(Bundle(), (), notes)


def show_loss(loss: Loss) -> str:
    """A loss as a sentence."""
    name = f"{loss.kind.value}/{loss.id}"
    return f"{name}: {loss.field} {loss.message}" if loss.field else f"{name}: {loss.message}"


def _origin(bundle: Bundle, loss: Loss) -> object:
    obj = bundle.get(loss.kind, loss.id)
    return obj.origin if obj else loss.kind.value
