"""What the options that change objects on the way say: values from files, from the environment, or asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from airconn.cli.app import App
from airconn.cli.options import make_selection
from airconn.transfer.standard_input import one_name
from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import AirflowVersion, Bundle, Selection
from airconn.quoting import shown_address


def make_overrides(
    app: App, options: dict[str, Any], selection: Selection | None = None
) -> Callable[[Bundle, AirflowVersion], Bundle] | None:
    """What the options of `overriding` do to the objects, if any is given.

    Overlays are read now, and all else when it is needed. `selection` is what was selected, where `options` don't say
    it. Raises `InputError` for a faulty overlay.
    """
    if not any(options[name] for name in ("literal_masks", "overlays", "sets", "set_files", "renames")):
        return None

    from airconn.override import Overrides, Surroundings, read_overlay, refuse_shapeless
    from airconn.stores.file import FileStore

    for option, name in (("--set", "sets"), ("--set-file", "set_files"), ("--rename", "renames")):
        for text in options[name]:
            refuse_shapeless(option, text)
    overlays = [FileStore(one_name(path), Settings(stdin=app.stdin)) for path in options["overlays"]]
    overrides = Overrides(
        Surroundings(app.environ.get, cache(_read_value), cache(lambda place: _ask(app, place))),
        tuple(options["literal_masks"]),
        tuple(read_overlay(file.text(), file.address) for file in overlays),
        tuple(options["sets"]),
        tuple(options["set_files"]),
        tuple(options["renames"]),
        selection or make_selection(options["kinds"], options["include"], options["exclude"]),
    )
    return overrides.apply


def _read_value(path: str) -> str:
    """The text of a file, as it is. It is read once, because what a shell gives for `<(command)` can't be again."""
    try:
        return Path(path).expanduser().read_bytes().decode()
    except UnicodeDecodeError:
        raise UsageError("this is not UTF-8 text", where=path) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "this file can't be read"
        raise UsageError(reason, where=shown_address(path)) from None


def _ask(app: App, place: str) -> str:
    """Asks for a value on the terminal, where it isn't shown."""
    import warnings
    from getpass import GetPassWarning, getpass

    from airconn.quoting import clean

    no_terminal = UsageError(
        "there is no terminal to ask for it", where=place, hint="env:NAME or file:PATH take it from elsewhere"
    )
    if not app.stderr.isatty():
        raise no_terminal
    with app.progress.hidden(), warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)  # it would be shown while it is typed
        try:
            return getpass(f"{clean(place)}: ")
        except (GetPassWarning, EOFError):
            raise no_terminal from None
