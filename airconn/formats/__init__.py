"""The registry of formats. A format is one module with `sniff`, `parse` and `render`, imported when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, cast

from airconn.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airconn.formats.base import Change, Form, Parsed, ReadOptions, Rendered, Same, WriteOptions
    from airconn.model import AirflowObject, Bundle, Kind


class Format(Protocol):
    """What the module of a format has."""

    KINDS: frozenset[Kind]
    """The kinds that it has room for."""

    def sniff(self, text: str) -> bool:
        """Whether a text looks like this format, for texts whose name says nothing."""

    def parse(self, text: str, source: str, options: ReadOptions) -> Parsed:
        """The objects of a text. `source` names it in origins. Raises `InputError`."""

    def render(self, bundle: Bundle, options: WriteOptions) -> Rendered:
        """The bundle as text, and what of it the text doesn't hold."""

    def stored(self, obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
        """What is read back of an object that was rendered, if it can be. May raise `InputError` where it can't.

        This is a way past the text for whoever asks for many objects, one at a time.
        """


class Updater(Protocol):
    """What the module has that changes a text of a format in place."""

    def update(
        self, text: str, changes: Mapping[Change, AirflowObject | None], options: WriteOptions, same: Same
    ) -> Rendered:
        """`text` with the objects of `changes`, where None takes one out, and all else in it as it was."""

    def forms(self, text: str, options: WriteOptions) -> Form:
        """What is read back of an object that was written into `text`, in the form of the one that stands there."""


@dataclass(frozen=True, slots=True)
class _Entry:
    module: str
    patterns: tuple[str, ...]
    """Names of files that are of this format, the first match of the registry wins."""
    updater: str | None = None
    """The module whose `update` changes a text of this format in place."""


REGISTRY = {
    "settings": _Entry(
        "airconn.formats.settings",
        ("airflow_settings*.yaml", "airflow_settings*.yml"),
        "airconn.formats.settings_update",
    ),
    "k8s": _Entry("airconn.formats.k8s", ("*.k8s.yaml", "*.k8s.yml"), "airconn.formats.k8s.update"),
    "env": _Entry("airconn.formats.env", (".env", ".env.*", "*.env"), "airconn.formats.env_update"),
    "uri": _Entry("airconn.formats.uri", ("*.uri",)),
    "json": _Entry("airconn.formats.json_", ("*.json",)),
    "yaml": _Entry("airconn.formats.yaml_", ("*.yaml", "*.yml")),
}
NAMES = tuple(sorted(REGISTRY))


def get_format(name: str) -> Format:
    """The format of this name. Raises `UsageError` that lists the names there are."""
    refuse_unknown(name)
    return cast(Format, import_module(REGISTRY[name].module))


def refuse_unknown(name: str) -> None:
    """Raises `UsageError`, which lists the names there are, if no format has this name."""
    if name not in REGISTRY:
        raise UsageError(f"unknown format {name!r}", hint=f"the formats are {', '.join(NAMES)}")


def get_updater(name: str) -> Updater | None:
    """What changes a text of this format in place, or None for a format that is always written anew."""
    module = REGISTRY[name].updater
    return cast(Updater, import_module(module)) if module else None


def name_of_path(path: str) -> str | None:
    """The format that a file's name says it is of."""
    name = PurePath(path).name.lower()
    return next((key for key, entry in REGISTRY.items() if any(fnmatch(name, p) for p in entry.patterns)), None)


def detect(path: str, text: str) -> str:
    """The format of a text by its name, and where that says nothing or too little, by its content.

    Raises `InputError` that says how to settle it.
    """
    text = text.removeprefix("\ufeff")
    name = name_of_path(path)
    if name == "yaml" and get_format("settings").sniff(text):
        return "settings"
    if name in ("yaml", "json") and get_format("k8s").sniff(text):
        return "k8s"
    if name == "env" and not get_format("env").sniff(text) and get_format("uri").sniff(text):
        # `airflow connections export` gives this name to the other format, and one of the two readings finds nothing.
        raise InputError(
            "it can't be told whether this is a .env file without anything of Airflow, or a list of connections",
            where=path,
            hint="--from-format uri takes its lines as conn_id=URI, --from-format env as environment variables",
        )
    name = name or next((key for key in _BY_CONTENT if get_format(key).sniff(text)), None)
    if name is None:
        raise InputError(
            "it can't be told which format this is",
            where=path,
            hint=f"say so with --from-format, one of {', '.join(NAMES)}",
        )
    return name


_BY_CONTENT = ("settings", "k8s", "json", "env", "uri", "yaml")
