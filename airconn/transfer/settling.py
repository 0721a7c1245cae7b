"""Says what a server puts off until its next read, or has it done and waits (`--settle`)."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from airconn.errors import AirconnError
from airconn.model.reading import Note, PutOff
from airconn.stores.base import Context, Settles, Store
from airconn.transfer.events import Noted


def left_by(notes: Sequence[Note]) -> tuple[PutOff, ...]:
    """What the writes have left for the next read."""
    return tuple(note for note in notes if isinstance(note, PutOff))


def settle(left: Sequence[PutOff], target: Store | None, context: Context) -> Generator[Noted, None, None]:
    """Waits until `target` has done what is left. Says what that is where it can't, and with None for `target`."""
    if not isinstance(target, Settles):
        yield Noted(tuple(left))
        return
    try:
        target.settle(context)
    except AirconnError as error:
        why = f"everything is written, but --settle didn't wait to the end: {error}"
        yield Noted((*left, Note(left[0].where, why)))
    except KeyboardInterrupt:
        yield Noted(tuple(left))
        raise
