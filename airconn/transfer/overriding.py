"""Makes the change of the options for overrides: with values from files, from the environment, or from the user."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from airconn.config import PROJECT_FILE
from airconn.errors import UsageError
from airconn.model import AirflowObject, AirflowVersion, Bundle, Selection
from airconn.transfer.loading import Change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges
from airconn.transfer.standard_input import STDIN

if TYPE_CHECKING:
    from airconn.config import Config
    from airconn.override import Surroundings, TargetOverrides
    from airconn.override.allowed import Allowed
    from airconn.transfer.resolving import References


def make_change(
    changes: ObjectChanges,
    selection: Selection,
    places: Places,
    *,
    are_arguments: bool = False,
    resolves: bool = True,
) -> Change | None:
    """The change of the objects that `selection` selects. None without options for it.

    If the values to set `are_arguments` of the command, `-` is the text of standard input.

    References are followed as `--resolve` says, else the user's configuration, except with `resolves=False` and in
    the objects that arguments change. Overlays are read at once, and other values when they are needed.

    Raises `InputError` for a faulty overlay.
    """
    allowed = allowed_by(changes.resolve, places.config) if resolves else None
    if not (changes or allowed):
        return None

    from airconn.override import Overrides, Surroundings, read_overlay, refuse_shapeless

    option_of_sets = "" if are_arguments else "--set"
    named = ((option_of_sets, changes.sets), ("--set-file", changes.set_files), ("--rename", changes.renames))
    for option, texts in named:
        for text in texts:
            refuse_shapeless(option, text)
    overlays = [places.open_file(path) for path in changes.overlays]
    surroundings = Surroundings(
        places.config.environ.get,
        places.read_value,
        cache(places.ask),
        cache(lambda: _read_input(places)) if are_arguments else None,
        environ=places.config.environ,
    )
    references, follow = None, None
    if allowed:
        # One for all targets of a run, which asks for each value once.
        references = places.kept.get(allowed) or _references(places, allowed, surroundings)
        follow = None if are_arguments else references.follow
        surroundings = replace(surroundings, refer=references.value, follows=references.allows)
    return Overrides(
        surroundings,
        changes.literal_masks,
        tuple(read_overlay(file.text(), file.address) for file in overlays),
        changes.sets,
        changes.set_files,
        changes.renames,
        selection,
        option_of_sets,
        _of_target(changes, places, surroundings, references),
        follow,
    )


def _of_target(
    changes: ObjectChanges, places: Places, surroundings: Surroundings, references: References | None
) -> TargetOverrides:
    """What the configuration names for the target, without the overlays that the command line names as well."""
    from airconn.override import TargetOverrides, read_overlay

    said, own = changes.of_target, {os.path.realpath(path) for path in changes.overlays}
    if said.is_of_project:
        for path in said.overlays:
            _refuse_outside(path, places.config.directory)
        why = f"only {PROJECT_FILE} names this file"
        hint = "--resolve or --overlay FILE allows it for this run, and the target of your own config.toml for all"
        surroundings = replace(surroundings, refusal=(why, hint))
        if references is not None:
            surroundings = replace(surroundings, refer=references.any_value, follows=references.allows_any)
    files = [places.open_file(path) for path in said.overlays if os.path.realpath(path) not in own]
    overlays = (read_overlay(file.text(), file.address) for file in files)
    return TargetOverrides(
        tuple(replace(overlay, may_lack=True) for overlay in overlays), said.renames, surroundings, said.target
    )


def _refuse_outside(path: str, directory: Path) -> None:
    """Raises `UsageError` for an overlay of a project that a link takes out of its directory."""
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory)):
        raise UsageError(
            "this overlay is outside of the directory of airconn.toml, which may not name it",
            where=path,
            hint="name it in your own config.toml, or with --overlay",
            topic="targets",
        )


def allowed_by(resolve: tuple[str, ...], config: Config) -> Allowed | None:
    """The references that `--resolve` allows, else the user's configuration. None without both.

    Raises `UsageError` for other words.
    """
    words, where = (resolve, "--resolve") if resolve else config.resolve_words()
    if not words:
        return None
    from airconn.override.allowed import read_allowed

    return read_allowed(words, where)


def resolved(
    objects: tuple[AirflowObject, ...], resolve: tuple[str, ...], places: Places, airflow: AirflowVersion
) -> tuple[AirflowObject, ...]:
    """The objects with references replaced, as `resolve` or else the user's configuration says.

    Raises as the change of `make_change`.
    """
    change = make_change(ObjectChanges(resolve=resolve), Selection(), places)
    if change is None:
        return objects
    bundle = change(Bundle.of(objects), airflow)
    return tuple(bundle.get(obj.kind, obj.id) or obj for obj in objects)


def _references(places: Places, allowed: Allowed, surroundings: Surroundings) -> References:
    from airconn.transfer.resolving import References

    references: References = places.kept.setdefault(allowed, References(places, allowed, surroundings))
    return references


def _read_input(places: Places) -> str:
    """The text of standard input. A terminal would show what is typed, so there it is asked for."""
    stdin = places.config.stdin
    if stdin is not None and stdin.isatty():
        return places.ask("standard input (-)")
    return places.open_file(STDIN).text()
