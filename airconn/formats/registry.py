"""The registry of formats."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import PurePath

from airconn.errors import InputError, UsageError
from airconn.formats import json_, uri, yaml_
from airconn.formats.declaration import Format
from airconn.formats.dotenv import declaration as dotenv
from airconn.formats.environment import declaration as environment
from airconn.formats.format_option import FormatOption
from airconn.formats.k8s import declaration as k8s
from airconn.formats.outputs import declaration as outputs
from airconn.formats.settings import declaration as settings

FORMATS = {
    declared.name: declared
    for declared in (
        outputs.FORMAT,
        environment.FORMAT,
        settings.FORMAT,
        k8s.FORMAT,
        dotenv.FORMAT,
        uri.FORMAT,
        json_.FORMAT,
        yaml_.FORMAT,
    )
}
"""The formats by name. The first one wins whose patterns match a file's name, or that a text looks like."""


_OTHER_NAMES = {
    "dotenv": "env",
    ".env": "env",
    "yml": "yaml",
    "astro": "settings",
    "kubernetes": "k8s",
    "secret": "k8s",
    "url": "uri",
}
"""What people call the formats."""


def names() -> tuple[str, ...]:
    """The names of the formats, sorted."""
    return tuple(sorted(FORMATS))


def writable_names() -> tuple[str, ...]:
    """The names of the formats that can be written, sorted."""
    return tuple(name for name in names() if FORMATS[name].is_writable)


def get_format(name: str) -> Format:
    """The format of this name. Raises `UsageError` that lists the known names."""
    refuse_unknown(name)
    return FORMATS[name]


def refuse_unknown(name: str, *, to_write: bool = False) -> None:
    """Raises `UsageError` that lists the known names, or those `to_write`, if no format has this name."""
    if name not in FORMATS:
        from difflib import get_close_matches

        meant = _OTHER_NAMES.get(name.lower()) or next(iter(get_close_matches(name[:80].lower(), FORMATS, n=1)), None)
        did_you = f"did you mean {meant!r}? " if meant else ""
        known = writable_names() if to_write else names()
        raise UsageError(
            f"unknown format {name!r}", hint=f"{did_you}the formats are {', '.join(known)}", topic="formats"
        )


def refuse_read_only(name: str) -> None:
    """Raises `UsageError` that lists the formats to choose from if files of this one can't be written."""
    if not get_format(name).is_writable:
        raise UsageError(
            f"files of the {name} format can only be read",
            hint=f"the formats to write are {', '.join(writable_names())}",
            topic="formats",
        )


def name_of_path(path: str, *, is_new: bool = False) -> str | None:
    """The format that a file's name says. None if it says nothing. `is_new`: the file is to be written."""
    name = PurePath(path).name.lower()
    known = (key for key, found in FORMATS.items() if any(fnmatch(name, p) for p in found.patterns))
    return next((key for key in known if FORMATS[key].is_writable or not is_new), None)


def detect(path: str, text: str, *, has_kind: bool = False) -> str:
    """The format of a text by its name or, where that isn't enough, by its content.

    `has_kind`: the user says that the file holds one kind.

    Raises `InputError` with a hint if it can't be told.
    """
    text = text.removeprefix("\ufeff")
    name = name_of_path(path)
    _refuse_foreign(text, path, is_told=name is not None)
    known = [other for other in FORMATS.values() if not (has_kind and other.yields_to_kind)]
    if closer := next((other.name for other in known if name in other.refines and other.fits(path, text)), None):
        return closer
    is_either = name == "env" and not FORMATS["env"].sniff(text) and FORMATS["uri"].sniff(text)
    if is_either and not _has_near_miss(text):
        # `airflow connections export` also gives this name to the other format, and one of the two readings is empty.
        raise InputError(
            "unclear whether this is a .env file without names of Airflow, or a list of connections",
            where=path,
            hint="--from-format uri takes its lines as conn_id=URI, --from-format env as environment variables",
            topic="formats",
        )
    name = name or next((other.name for other in known if other.fits(path, text)), None)
    if name is None and not text.strip():
        raise InputError(
            "this file is empty", where=path, hint="look at the command that wrote it, or add --from-format"
        )
    if name is None:
        raise InputError(
            "the format of this file is unclear",
            where=path,
            hint=f"add --from-format, one of {', '.join(names())}",
            topic="formats",
        )
    return name


def _has_near_miss(text: str) -> bool:
    """Whether a line sets a variable whose name is nearly one that Airflow looks for."""
    from airconn.formats.dotenv import slips

    names = (line.partition("=")[0].strip().removeprefix("export ") for line in text.splitlines())
    return any(slips.near_miss(name) for name in names)


def _refuse_foreign(text: str, path: str, *, is_told: bool) -> None:
    """Raises `InputError` for an HTML page, a script and the like, unless it may be a file of a format."""
    from airconn.formats import foreign_texts

    is_told = is_told or any(FORMATS[name].sniff(text) for name in ("env", "uri", "environment"))
    foreign_texts.refuse(text, path, is_told=is_told)


def options() -> list[FormatOption]:
    """The options of all formats, each once."""
    return list(dict.fromkeys(option for name in names() for option in FORMATS[name].options))


def given_values(found: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """The values of formats' options among those of a command line, whose names start with `prefix`."""
    values = ((option.name, found.get(f"{prefix}{option.name}")) for option in options())
    return {name: value for name, value in values if isinstance(value, str)}


def are_source_values(values: Mapping[str, str]) -> bool:
    """Whether these are possible values of the options for files that are read."""
    known = {option.name: option.choices for option in options() if option.help_of_sources}
    return all(name in known and value in (known[name] or (value,)) for name, value in values.items())


def refuse_unused(name: str, values: Mapping[str, str], *, afresh: bool) -> None:
    """Raises `UsageError` for an option that the format doesn't have, since it would do nothing."""
    chosen = FORMATS[name]
    for option in options():
        value = values.get(option.name)
        changes_nothing = value in (None, option.default) or (option.name, value) in chosen.always
        if changes_nothing or option in chosen.options:
            continue
        owners = [owner for owner in names() if option in FORMATS[owner].options]
        raise UsageError(
            f"{option.flag} is for the {' and '.join(owners)} format{'s' * (len(owners) > 1)}, "
            f"and this is written as {name}",
            hint=f"leave {option.flag} out, or choose the format with --format {owners[0]}",
        )
    chosen.check_options(values, afresh)
