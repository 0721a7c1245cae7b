"""Converts between ids and names of secrets in a Key Vault (`AzureKeyVaultBackend.build_path`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from airconn.model import Kind

TAGS = {Kind.CONNECTIONS: "airflow-connection-id", Kind.VARIABLES: "airflow-variable-key"}
"""The tags with the id of a secret's object."""
LONGEST = 127
"""The most characters of a name: `re.fullmatch` in the backend's `_get_secret_value`, and Key Vault's own rule."""
_NAME = re.compile(r"[0-9a-zA-Z-]*")


@dataclass(frozen=True, slots=True)
class Names:
    """The names under some prefixes. Capitals don't matter in Key Vault, and so not in comparisons here."""

    prefixes: Mapping[Kind, str | None]
    config_prefix: str | None
    sep: str
    keep_dashes: bool = False

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that have a prefix, which may be empty."""
        return frozenset(kind for kind, prefix in self.prefixes.items() if prefix is not None)

    def fault(self) -> str:
        """The fault of the prefixes. Empty without one."""
        if any(not _NAME.fullmatch(self.beginning(kind)) for kind in self.kinds) or not _NAME.fullmatch(self.sep):
            return "prefix or sep has a character that names of secrets can't have"
        return ""

    def beginning(self, kind: Kind) -> str:
        """The beginning of all names of a kind."""
        return self._beginning(self.prefixes[kind] or "")

    def name(self, kind: Kind, id_: str) -> str:
        """The name that Airflow looks for."""
        return self.beginning(kind) + id_.replace("_", self.sep)

    def key(self, kind: Kind, id_: str) -> str:
        """A text that is the same for all ids with the same secret."""
        return self.name(kind, id_).lower()

    def owner(self, name: str, tags: Mapping[str, str]) -> tuple[Kind, str] | None:
        """The object that the tags of a secret name. None if the tag doesn't fit the name of the secret."""
        for kind in self.kinds:
            id_ = tags.get(TAGS[kind])
            if id_ and self.key(kind, id_) == name.lower():
                return kind, id_
        return None

    def guess(self, kind: Kind, name: str) -> str | None:
        """The id of a secret without a tag. None if it isn't of this kind."""
        beginning = self.beginning(kind)
        rest = name[len(beginning) :]
        if not rest or not name.lower().startswith(beginning.lower()):
            return None
        reserved = {self.beginning(other) for other in self.kinds}
        if self.config_prefix is not None:
            reserved.add(self._beginning(self.config_prefix))
        # A longer prefix that begins with this one is another kind's, and so are the names below it.
        if any(len(other) > len(beginning) and name.lower().startswith(other.lower()) for other in reserved):
            return None
        return rest if self.keep_dashes or not self.sep else rest.replace(self.sep, "_")

    def is_guessed(self, id_: str) -> bool:
        """Whether an id of `guess` may be wrong."""
        return not self.keep_dashes and "_" in id_

    def _beginning(self, prefix: str) -> str:
        # Airflow strips the separator off the end, and adds none to an empty prefix.
        stripped = prefix.rstrip(self.sep) if prefix else prefix
        return (stripped + self.sep if stripped else "").replace("_", self.sep)
