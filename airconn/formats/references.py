"""Protects references in the values of a file, such as `${DB_PW}` or `{{ db.password }}`, when it is updated."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import IsUnchanged, WriteOptions
from airconn.formats.dotenv.declaration import DIALECT
from airconn.formats.dotenv.dialects import dialect_of
from airconn.formats.dotenv.lines import unix_lines
from airconn.formats.dotenv.marks import PORTABLE
from airconn.formats.expansion_limits import LONGEST, MOST
from airconn.model import AirflowObject, Kind, Origin, Text, field_values, fill, value_fields
from airconn.model.leaves import leaves_of
from airconn.patterns import pattern

_TEMPLATE = pattern(
    r"\$\{[^{}$]*\}|\$\([^()$]*\)|\{\{[^{}]*\}\}|\{%[^%]*%\}|<%[^%]*%>"
    r"|\A\$[A-Z_][A-Z0-9_]*\Z|\A(?:op|ref\+[a-z0-9]+)://\S+\Z|\AENC\[[^\]]*\]\Z"
)
"""References that a tool fills in, in any format: envsubst, Jinja, Helm, 1Password, vals and SOPS."""
_SHELL = pattern(r"\\.|\$[A-Za-z_]\w*|\$\{|\$\(|`", re.DOTALL)
_NAMED = pattern(r"\\.|\$\{([A-Za-z_]\w*)(?:(:?-)([^{}$]*))?\}|\$([A-Za-z_]\w*)|\$[{(]|`", re.DOTALL)


class ReferenceGuard:
    """Decides which objects of a file an update may rewrite. It is used as the `IsUnchanged` of the update."""

    def __init__(self, is_unchanged: IsUnchanged) -> None:
        self.is_unchanged = is_unchanged
        self.kept: list[AirflowObject] = []
        """The objects that are kept for their references, though the new ones have other values."""

    def __call__(self, held: AirflowObject, wanted: AirflowObject) -> bool:
        return self.is_unchanged(held, wanted)


class _FieldGuard(ReferenceGuard):
    """The guard of formats with separate fields: an object stays as it is if the update would destroy a reference."""

    def __call__(self, held: AirflowObject, wanted: AirflowObject) -> bool:
        if self.is_unchanged(held, wanted):
            return True
        if not self.would_destroy(held, wanted):
            return False
        if not any(self.means(other, fill(wanted, other)) for other in self.expansions(held)):
            self.kept.append(held)
        return True

    def means(self, expanded: AirflowObject, wanted: AirflowObject) -> bool:
        """Whether both are the same, apart from the layout of JSON."""
        return self.is_unchanged(expanded, wanted) or all(
            leaves_of(ours) == leaves_of(theirs)
            for ours, theirs in zip(field_values(expanded), field_values(wanted), strict=True)
        )

    def would_destroy(self, held: AirflowObject, wanted: AirflowObject) -> bool:
        """Whether a reference of `held` is not in the same field of `wanted`."""
        pairs = zip(_texts(held), _texts(wanted), strict=True)
        return any(_templates(before) - _templates(after) for before, after in pairs)

    def expansions(self, held: AirflowObject) -> Iterator[AirflowObject]:
        """The objects that `held` may become when its references are filled in."""
        changes: dict[str, object] = {}
        for name in value_fields(held.kind):
            value = getattr(held, name)
            text = value.text if isinstance(value, Text) else value
            if isinstance(text, str) and _TEMPLATE.search(text):
                expanded = _Expansion(os.environ).of(text)
                if expanded is None:
                    return
                changes[name] = Text.of(expanded) if isinstance(value, Text) else expanded
        yield replace(held, **changes)  # type: ignore[arg-type]


class _TextGuard(_FieldGuard):
    """The guard of formats that encode the fields of a value, such as a URI."""

    def __init__(self, is_unchanged: IsUnchanged, text: str) -> None:
        super().__init__(is_unchanged)
        self.text = text

    def would_destroy(self, held: AirflowObject, wanted: AirflowObject) -> bool:
        if held.kind is Kind.CONNECTIONS:
            # The tool that fills in the file sees no references in percent-encoded text or base64.
            return any(found[:2] in self.text for text in _texts(held) for found in _templates(text))
        return super().would_destroy(held, wanted)


class _EnvGuard(_TextGuard):
    """The guard of .env files, whose readers expand more, but nothing between single quotes or after a backslash."""

    def __init__(self, is_unchanged: IsUnchanged, text: str, options: WriteOptions) -> None:
        super().__init__(is_unchanged, text)
        self.options = options
        dialect = dialect_of(text, options.value(DIALECT), "")
        self.dialect = dialect
        self.values: dict[str, str] = {}
        self.written: dict[str, str] = {}
        """The values as they are written in the file, with their quotes."""
        lines = unix_lines(text)
        for entry in dialect.entries(text):
            if entry.name and entry.value is not None:
                self.values[entry.name] = entry.value
                self.written[entry.name] = lines[slice(*entry.value_span)]

    def would_destroy(self, held: AirflowObject, wanted: AirflowObject) -> bool:
        name = env.env_name(held.kind, held.id)
        written = self.written.get(name, "")
        if self.refers(written):
            return True
        literal = self.values.get(name, "").replace("$", "")
        return bool(_templates(literal)) and super().would_destroy(held, wanted)

    def refers(self, written: str) -> bool:
        """Whether a value as it is written has a reference for the readers of the file."""
        if self.dialect.name != PORTABLE:
            return bool(self.dialect.expanded_by(written))
        return not written.startswith("'") and any(match[0][0] != "\\" for match in _SHELL.finditer(written))

    def expansions(self, held: AirflowObject) -> Iterator[AirflowObject]:
        """The objects that readers may read from a line: the file or the environment comes first."""
        value = self.values[env.env_name(held.kind, held.id)]
        for places in ((self.values, os.environ), (os.environ, self.values)):
            expanded = _Expansion(*places).of(value)
            if expanded is not None:
                try:
                    yield env.read_value(held.kind, held.id, expanded, self.options.rules, Origin(""))
                except InputError:
                    continue


def guard_of(format_name: str, text: str, options: WriteOptions, is_unchanged: IsUnchanged) -> ReferenceGuard:
    """The guard for an update of `text`."""
    if format_name == "env":
        return _EnvGuard(is_unchanged, text, options)
    return _FieldGuard(is_unchanged) if format_name in ("json", "yaml") else _TextGuard(is_unchanged, text)


def _texts(obj: AirflowObject) -> list[str]:
    texts = (value.text if isinstance(value, Text) else value for value in field_values(obj))
    return [text if isinstance(text, str) else "" for text in texts]


def _templates(text: str) -> set[str]:
    return set(_TEMPLATE.findall(text))


class _Expansion:
    """Fills in references, from the first of several mappings that has the name."""

    def __init__(self, *places: Mapping[str, str]) -> None:
        self.places = places
        self.known: dict[str, str | None] = {}

    def of(self, text: str) -> str | None:
        """`text` with its references filled in. None if a value isn't known."""
        pieces: list[str] = []
        done = 0
        for match in _NAMED.finditer(text):
            found = match[0][1:] if match[0].startswith("\\") else self.value(match)
            if found is None:
                return None
            pieces += [text[done : match.start()], found]
            done = match.end()
        whole = "".join([*pieces, text[done:]])
        return whole if len(whole) <= max(LONGEST, len(text)) else None

    def value(self, match: re.Match[str]) -> str | None:
        name = match[1] or match[4]
        if not name:
            return None
        value = self.lookup(name)
        if match[2] and (value is None or (match[2] == ":-" and not value)):
            return match[3]
        return value

    def lookup(self, name: str) -> str | None:
        if name not in self.known:
            self.known[name] = None  # also for a value that refers to itself
            value = next((place[name] for place in self.places if name in place), None)
            if value is not None and len(self.known) <= MOST:
                self.known[name] = self.of(value)
        return self.known[name]
