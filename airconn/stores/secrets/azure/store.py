"""A Key Vault as a place, in which two objects can have the same secret."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from airconn.formats.base import Note
from airconn.model import Action, AirflowObject, Bundle, Kind, Outcome, Selection, Step
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets.azure.names import LONGEST, TAGS
from airconn.stores.secrets.azure.service import AzureKeyVault, another
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.service import Foreign, Held, Taken
from airconn.stores.secrets.store import SECRET_KINDS, Key, SecretStore

LARGEST = 25 * 1024
"""25 KB, by "About Azure Key Vault secrets"."""


class AzureKeyVaultStore(SecretStore):
    """Secrets of one vault."""

    capabilities: ClassVar = Capabilities(
        kinds=SECRET_KINDS,
        ids=Ids("letters, digits, '-' and '_', whose capitals count as small letters", re.compile(r"[A-Za-z0-9_-]+")),
        largest=LARGEST,
        versions=True,
        keeps_ids=False,
    )

    def __init__(self, address: str, service: AzureKeyVault, codec: TextCodec) -> None:
        super().__init__(address, service, codec, service.names.kinds)
        self._vault = service
        self._names = service.names
        self._known: dict[str, Key] = {}
        """Which object the secret of a name is, by all that was read."""
        self._planned: dict[str, Key] = {}
        """Which object is to be created under a name, since the last read."""
        self._written: dict[str, Key] = {}
        self._lock = threading.Lock()

    def read(self, selection: Selection) -> Bundle:
        self._planned = {}
        self._vault.guessed = 0
        found = super().read(selection)
        if selection.ids is None and self._vault.guessed:
            tags = " and ".join(TAGS[kind] for kind in Kind if kind in self.kinds)
            self.notes.append(
                Note(
                    self.address,
                    "ids of secrets without a tag are told from their names, with '_' for each '-' "
                    f"(keep_dashes=true keeps it); what airconn writes has the tag {tags}",
                )
            )
        return found

    def _decoded(self, kind: Kind, secret: Held) -> AirflowObject | None:
        owner = self._known.setdefault(self._names.key(kind, secret.id), (kind, secret.id))
        if owner != (kind, secret.id):
            self._leave_alone(kind, Foreign(another(owner), where=secret.id))
            return None
        return super()._decoded(kind, secret)

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        found = list(super().problems(obj))
        if obj.kind in self.kinds and len(self._names.name(obj.kind, obj.id)) > LONGEST:
            found.append(f"with its prefix the id is longer than the {LONGEST} characters that a name has")
        return found

    def create_refusal(self, obj: AirflowObject) -> str:
        key = (obj.kind, obj.id)
        name = self._names.key(*key)
        owner = self._known.get(name)
        if owner is not None and owner != key:
            return f"its name is taken: {another(owner)}"
        if reason := self._foreign.get(key):
            return f"its name is taken: {reason}"
        first = self._planned.setdefault(name, key)
        if first != key:
            return f"{first[1]} has the same name in a Key Vault, {self._names.name(*key)}: rename one of them"
        return ""

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        self._written = {}
        yield from super().apply(steps)

    def _carry_out(self, step: Step) -> None:
        if step.kind in self.kinds:
            name, key = self._names.key(step.kind, step.id), (step.kind, step.id)
            with self._lock:
                first = self._written.setdefault(name, key)
            if first != key:
                raise Taken(f"{another(first)}, which was written just now")
        super()._carry_out(step)
        if step.action is Action.DELETE:
            self._known.pop(self._names.key(step.kind, step.id), None)
