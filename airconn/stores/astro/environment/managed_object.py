"""An object of the Environment Manager as the Astro API gives it, and what of it is hidden.

Schema `EnvironmentObject` of Astro's OpenAPI document (v1, 2026-11). `setFields` names each field that has a value,
also one that is hidden and isn't there. The members of an extra are dotted (`extra.aws_secret`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airconn.errors import InputError

Fields = Mapping[str, Any]

WORKSPACE, DEPLOYMENT = "WORKSPACE", "DEPLOYMENT"
PARTS = {
    "CONNECTION": "connection",
    "AIRFLOW_VARIABLE": "airflowVariable",
    "ENVIRONMENT_VARIABLE": "environmentVariable",
    "METRICS_EXPORT": "metricsExport",
}
"""The field that has the content of an object, by `objectType`."""
TEXTS = ("host", "login", "password", "schema")
"""The fields of a connection that are texts, except `type`."""

_CONNECTION_FIELDS = frozenset({"type", *TEXTS, "port", "extra", "connectionAuthType"})
_VARIABLE_FIELDS = frozenset({"value", "isSecret"})
_EXCLUDE_FIELDS = frozenset({"scope", "scopeEntityId"})
_LINK_FIELDS = _EXCLUDE_FIELDS | {"setFields", *(f"{part}Overrides" for part in PARTS.values())}

_MASK = re.compile(r"\*{3,}|[•●]{3,}")
"""A text that stands for a value where secrets aren't shown. That an extra may have one isn't documented."""


@dataclass(frozen=True, slots=True, repr=False)
class ManagedObject:
    """One object. `shows_secrets`: the API was asked for the secrets, and the organization allows that."""

    raw: Fields
    shows_secrets: bool

    @property
    def id(self) -> str:
        """The id at Astro. Empty for an object of which a Deployment's links were resolved."""
        return str(self.raw.get("id") or "")

    @property
    def key(self) -> str:
        return str(self.raw.get("objectKey", ""))

    @property
    def type(self) -> str:
        return str(self.raw.get("objectType", ""))

    @property
    def part_name(self) -> str:
        """The name of the field that has the content."""
        return PARTS.get(self.type, "")

    @property
    def part(self) -> Fields:
        """The content: the fields of the connection or the variable. Raises `InputError` if there isn't one."""
        part = self.raw.get(self.part_name)
        if not isinstance(part, Mapping):
            raise InputError("the Astro API returned it without its fields")
        return part

    @property
    def is_secret(self) -> bool:
        """Whether it is a variable whose value is a secret."""
        return bool(self.part.get("isSecret"))

    @property
    def auth_type(self) -> Fields:
        """The connectionAuthType. Empty without one."""
        found = self.part.get("connectionAuthType")
        return found if isinstance(found, Mapping) else {}

    @property
    def links(self) -> Sequence[Fields]:
        return _entries(self.raw, "links")

    @property
    def exclude_links(self) -> Sequence[Fields]:
        return _entries(self.raw, "excludeLinks")

    @property
    def auto_links(self) -> bool:
        """Whether each Deployment gets it. The API leaves the field out where it is false."""
        return bool(self.raw.get("autoLinkDeployments"))

    @property
    def description(self) -> str:
        return str(self.raw.get("description") or "")

    @property
    def set_fields(self) -> frozenset[str] | None:
        """The names of the fields that have a value. None for an API of before 2026-07, which doesn't tell."""
        return _names(self.raw)

    def hidden_fields(self) -> frozenset[str]:
        """The names of what is hidden, such as `password` and `extra.aws_secret`; `extra` where all of it may be."""
        if self.part_name != "connection":
            return frozenset({"value"}) if self._hides_value() else frozenset()
        return self.hidden_texts() | {f"extra.{key}" if key else "extra" for key in self.hidden_keys()}

    def _hides_value(self) -> bool:
        part = self.part
        value = part.get("value")
        if not part.get("isSecret"):
            return value is None and "value" in (self.set_fields or ())
        return not value or (not self.shows_secrets and _is_mask(value))

    def hidden_texts(self) -> frozenset[str]:
        """The hidden ones of a connection's fields that are texts."""
        part, names = self.part, self.raw.get("setFields")
        if not isinstance(names, list):
            password = part.get("password")
            is_hidden = not self.shows_secrets and (not password or _is_mask(password))
            return frozenset({"password"} if is_hidden else ())
        hidden = {name for name in TEXTS if not part.get(name) and name in names}
        if not self.shows_secrets and _is_mask(part.get("password")):
            hidden.add("password")
        return frozenset(hidden)

    def hidden_keys(self) -> frozenset[str]:
        """The hidden keys of the extra, or `""` where it isn't known which they are."""
        part, names = self.part, self.raw.get("setFields")
        given = part.get("extra")
        extra = given if isinstance(given, Mapping) else {}
        hidden = set(self._hidden_members(extra)) if extra else set()
        if not isinstance(names, list):
            return frozenset({""}) if not self.shows_secrets else frozenset(hidden)
        for name in names:
            key = name[6:] if isinstance(name, str) and name.startswith("extra.") else None
            if key is None or key in extra or has_path(extra, key):
                continue
            # A dot may be one of the key, or that of an object in the extra.
            hidden.add("" if "." in key or not key else key)
        if not extra and not hidden and "extra" in names:
            hidden.add("")
        return frozenset(hidden)

    def _hidden_members(self, extra: Fields) -> Iterator[str]:
        """The keys of the extra whose values are masks, or may be."""
        secret = self.secret_parameters()
        for key, value in extra.items():
            if key in secret:
                if value == "" or not self.shows_secrets:
                    yield key
            elif not self.shows_secrets and isinstance(value, str) and (not value or _is_mask(value)):
                yield key

    def secret_parameters(self) -> frozenset[str]:
        """The keys of the extra that the auth type of the connection calls secret."""
        parameters = self.auth_type.get("parameters")
        if not isinstance(parameters, list):
            return frozenset()
        return frozenset(
            str(one.get("airflowParamName"))
            for one in parameters
            if isinstance(one, Mapping) and one.get("isSecret") and one.get("isInExtra")
        )

    def hidden_overrides(self) -> Iterator[tuple[str, str]]:
        """The Deployment and the name of each override of a link that is hidden."""
        secret = frozenset() if self.shows_secrets else {f"extra.{key}" for key in self.secret_parameters()}
        for link in self.links:
            entity, names = str(link.get("scopeEntityId", "")), _names(link)
            if names is None and not self.shows_secrets:
                yield entity, "all of them"
            shown = overrides_of(link, self.part_name)
            for name in sorted(names or ()):
                if name in secret or not is_shown(shown, name):
                    yield entity, name

    def inexpressible(self) -> str:
        """Why an update can't send all of it back. Empty if it can.

        What an update lacks may be removed, so that an object with more than the documented fields isn't updated.
        """
        known = _CONNECTION_FIELDS if self.part_name == "connection" else _VARIABLE_FIELDS
        if unknown := self.part.keys() - known:
            return f"it has a field that this airconn doesn't know ({_some(unknown)})"
        for field, names in (("links", _LINK_FIELDS), ("excludeLinks", _EXCLUDE_FIELDS)):
            if not _is_list_of_objects(self.raw.get(field)):
                return f"its {field} have a form that this airconn doesn't know"
            for entry in _entries(self.raw, field):
                if entry.get("scope") != DEPLOYMENT:
                    return f"it has {field} to something else than a Deployment, which an update would remove"
                if unknown := entry.keys() - names:
                    return f"its {field} have a field that this airconn doesn't know ({_some(unknown)})"
        if self.raw.get("scope") == DEPLOYMENT and (self.links or self.exclude_links or self.auto_links):
            return "it belongs to a Deployment and has links, which an update can't send"
        return ""


def overrides_of(link: Fields, part_name: str) -> Fields:
    """The overrides of a link that the API shows."""
    found = link.get(f"{part_name}Overrides")
    return found if isinstance(found, Mapping) else {}


def values_at(extra: Any, key: str) -> Iterator[Any]:
    """The values that an extra has under a key, or under the dotted path of one."""
    if not isinstance(extra, Mapping):
        return
    if key in extra:
        yield extra[key]
    for at, char in enumerate(key):
        if char == "." and key[:at] in extra:
            yield from values_at(extra[key[:at]], key[at + 1 :])


def has_path(extra: Any, key: str) -> bool:
    """Whether an extra has a key, or the dotted path of one."""
    return any(True for _ in values_at(extra, key))


def override_values(overrides: Fields, name: str) -> list[Any]:
    """The values of the override of a name, which may be the dotted path of one in a map."""
    head, dot, member = name.partition(".")
    if dot:
        return list(values_at(overrides.get(head), member))
    return [overrides[name]] if name in overrides else []


def is_shown(overrides: Fields, name: str) -> bool:
    """Whether an override has a value. An empty text may be one that is hidden."""
    found = override_values(overrides, name)
    return bool(found) and all(value not in (None, "") and not _is_mask(value) for value in found)


def _is_mask(value: object) -> bool:
    return isinstance(value, str) and _MASK.fullmatch(value) is not None


def _names(fields: Fields) -> frozenset[str] | None:
    found = fields.get("setFields")
    return frozenset(str(name) for name in found) if isinstance(found, list) else None


def _entries(fields: Fields, name: str) -> Sequence[Fields]:
    found = fields.get(name)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def _is_list_of_objects(found: object) -> bool:
    return found is None or (isinstance(found, list) and all(isinstance(entry, Mapping) for entry in found))


def _some(names: Any) -> str:
    first = min(str(name) for name in names)
    return first if re.fullmatch(r"\w{1,60}", first) else "with an unusual name"
