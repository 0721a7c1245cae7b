"""Makes the change of the options for overrides: with values from files, from the environment, or from the user."""

from __future__ import annotations

from functools import cache

from airconn.model import Selection
from airconn.transfer.loading import Change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges
from airconn.transfer.standard_input import STDIN


def make_change(
    changes: ObjectChanges, selection: Selection, places: Places, *, are_arguments: bool = False
) -> Change | None:
    """The change of the objects that `selection` selects. None without options for it.

    If the values to set `are_arguments` of the command, `-` is the text of standard input.

    Overlays are read at once, and other values when they are needed. Raises `InputError` for a faulty overlay.
    """
    if not changes:
        return None

    from airconn.override import Overrides, Surroundings, read_overlay, refuse_shapeless

    option_of_sets = "" if are_arguments else "--set"
    named = ((option_of_sets, changes.sets), ("--set-file", changes.set_files), ("--rename", changes.renames))
    for option, texts in named:
        for text in texts:
            refuse_shapeless(option, text)
    overlays = [places.open_file(path) for path in changes.overlays]
    overrides = Overrides(
        Surroundings(
            places.config.environ.get,
            places.read_value,
            cache(places.ask),
            cache(lambda: _read_input(places)) if are_arguments else None,
        ),
        changes.literal_masks,
        tuple(read_overlay(file.text(), file.address) for file in overlays),
        changes.sets,
        changes.set_files,
        changes.renames,
        selection,
        option_of_sets,
    )
    return overrides.apply


def _read_input(places: Places) -> str:
    """The text of standard input. A terminal would show what is typed, so there it is asked for."""
    stdin = places.config.stdin
    if stdin is not None and stdin.isatty():
        return places.ask("standard input (-)")
    return places.open_file(STDIN).text()
