"""Makes the change of the options for overrides: with values from files, from the environment, or from the user."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from airconn.errors import UsageError
from airconn.formats.sops.sealed import type_of
from airconn.model import Selection
from airconn.quoting import shown_address
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
            cache(partial(_read_value, places)),
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


def _read_value(places: Places, path: str) -> str:
    """The text of a file, decrypted if SOPS has encrypted it.

    It is read once, because the file of a shell's `<(command)` can't be read again.
    """
    try:
        text = Path(path).expanduser().read_bytes().decode()
    except UnicodeDecodeError:
        raise UsageError("this is not UTF-8 text", where=path) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else "this file can't be read"
        raise UsageError(reason, where=shown_address(path)) from None
    type_ = type_of(text)
    if type_ is None:
        return text
    from airconn.stores.sops.files import decrypted
    from airconn.stores.sops.program import SopsProgram

    program = SopsProgram(places.config.sops, places.config.environ, places.deadline)
    return decrypted(text, type_, program, shown_address(path))
