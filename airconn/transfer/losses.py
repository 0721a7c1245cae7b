"""Turns losses of a format into sentences and errors."""

from __future__ import annotations

from collections.abc import Sequence

from airconn.errors import InputError, InputErrors
from airconn.formats.base import Loss
from airconn.model import Bundle


def refuse_losses(bundle: Bundle, losses: Sequence[Loss]) -> None:
    """Raises `InputErrors` if there are any losses."""
    if losses:
        raise InputErrors(tuple(InputError(show_loss(loss), where=str(_origin(bundle, loss))) for loss in losses))


def show_loss(loss: Loss) -> str:
    """A loss as a sentence."""
    name = f"{loss.kind.value}/{loss.id}"
    return f"{name}: {loss.field} {loss.message}" if loss.field else f"{name}: {loss.message}"


def _origin(bundle: Bundle, loss: Loss) -> object:
    obj = bundle.get(loss.kind, loss.id)
    return obj.origin if obj else loss.kind.value
