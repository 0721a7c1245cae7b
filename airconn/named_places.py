"""The places that the configuration names: targets, addresses and groups, of the project's file and of the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airconn import trust
from airconn.errors import UsageError
from airconn.quoting import shown_address, some
from airconn.target_tables import own_address, texts

ALL = "all"
"""The group of all targets, unless the configuration has a group of that name."""

NO_TARGETS = "write a table [targets.NAME] with its address into airconn.toml"
"""The hint where no target is configured."""

_SHOWN = 5
"""The most members of a group that a message names."""
_OF_ADDRESS = ("headers", "env_dialect", "expand")
"""The settings of a target that count only in the file that has its address, as its credentials do: another file
must not choose where these are sent, nor what is sent there."""


@dataclass(frozen=True, slots=True)
class NamedTarget:
    """A `[targets.NAME]`, with the settings of the user's file over those of the project's."""

    name: str
    address: str
    """A URL, a path or any other address, or the `@name` of one in `[addresses]`. Empty if no file has it."""
    settings: Mapping[str, Any] = field(repr=False)
    """All settings that count, without the address."""
    files: Mapping[str, str]
    """The file that each of them is in, and `address`."""

    @property
    def credentials(self) -> Mapping[str, Any]:
        """The table of an address that is in this target."""
        return {"url": self.address, **{key: self.settings[key] for key in self.settings if _belongs_to_address(key)}}


@dataclass(frozen=True, slots=True)
class PlaceNames:
    """The targets, addresses and groups of both files. A `@name` is looked up in this order."""

    project: Mapping[str, Any]
    user: Mapping[str, Any]
    project_file: str
    user_file: str
    directory: Path
    """The directory of the project's file."""

    def addresses(self) -> dict[str, Any]:
        """The addresses by their names. The user's win over the project's."""
        return {**self.project.get("addresses", {}), **self.user.get("addresses", {})}

    def names_of_targets(self) -> list[str]:
        """The names of all targets, those of the project's file first."""
        return list({**self.project.get("targets", {}), **self.user.get("targets", {})})

    def groups(self) -> dict[str, tuple[str, ...]]:
        """The groups by their names, each with its members as they are written. The user's win over the project's."""
        both = {**self.project.get("groups", {}), **self.user.get("groups", {})}
        return {name: tuple(members) for name, members in both.items()}

    def file_of_group(self, name: str) -> str:
        """The file that a group is in."""
        return self.user_file if name in self.user.get("groups", {}) else self.project_file

    def target(self, name: str) -> NamedTarget | None:
        """The target of a name, without the `@`. None if no file has it."""
        theirs, own = (file.get("targets", {}).get(name) for file in (self.project, self.user))
        if theirs is None and own is None:
            return None
        address, file = self._address(name, theirs or {}, own or {})
        settings: dict[str, Any] = {}
        files: dict[str, str] = {"address": file} if address else {}
        for entry, of_entry in ((theirs or {}, self.project_file), (own or {}, self.user_file)):
            has_address = bool(own_address(entry)) and of_entry == file
            for key, value in entry.items():
                if key == "confirm" and settings.get("confirm") is True:
                    continue  # neither file takes back that the other one wants writes confirmed
                if key not in ("address", "url") and (has_address or not _belongs_to_address(key)):
                    settings[key], files[key] = value, of_entry
        return NamedTarget(name, address, settings, files)

    def _address(self, name: str, theirs: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[str, str]:
        """The address of a target and its file: of the target, else the address of that name, the user's first."""
        for entry, values, file in (
            (own, self.user, self.user_file),
            (theirs, self.project, self.project_file),
        ):
            if address := own_address(entry) or (f"@{name}" if name in values.get("addresses", {}) else ""):
                return address, file
        return "", ""

    def one(self, text: str) -> NamedTarget | None:
        """The target that is called `@name`. None for another name.

        Raises `UsageError` for the name of a group, and for a target without an address.
        """
        name = text[1:]
        self.refuse_clash(name)
        if self.is_group(name):
            members = self.members(name)
            raise UsageError(
                f"{text} is a group, and this takes one address",
                hint=f"name one of its members: {some(members, _SHOWN)}" if members else NO_TARGETS,
                topic="targets",
            )
        found = self.target(name)
        if found is not None and not found.address:
            raise UsageError(
                f"target {name!r} has no address",
                where=next(iter(found.files.values()), self.project_file),
                hint=f'add it to [targets.{name}]: address = "https://airflow.example.com"',
                topic="targets",
            )
        return found

    def entry(self, text: str) -> Any:
        """The entry of `@name` in `[addresses]`: a URL, or a table with one. Raises `UsageError` if it has none."""
        entry = self.addresses().get(text[1:])
        if entry is None:
            near = self.near(text[1:])
            table = f"[addresses.{text[1:]}]" if re.fullmatch(r"@[\w-]+", text) else "a table [addresses.NAME]"
            how = f"write {table} with its url into {self.user_file} or {self.project_file} (airconn help login)"
            hint = f"did you mean @{near}?" if near else how
            raise UsageError(f"no address is named {shown_address(text)}", hint=hint, topic="addresses")
        return entry

    def is_of_user(self, text: str) -> bool:
        """Whether the user's own file has the address of `@name`."""
        target = self.one(text)
        if target is None or target.address.startswith("@"):
            name = text if target is None else target.address
            return name[1:] in self.user.get("addresses", {})
        return target.files["address"] == self.user_file

    def overlays_of(self, target: NamedTarget) -> tuple[str, ...]:
        """The paths of the overlays of a target. In a file they are relative to its directory."""
        is_of_user = target.files.get("overlay") == self.user_file
        base = Path(self.user_file).parent if is_of_user else self.directory
        paths = texts(target.settings.get("overlay", ()))
        return tuple(str(base / (Path(path).expanduser() if is_of_user else path)) for path in paths)

    def is_group(self, name: str) -> bool:
        """Whether a name, without the `@`, is that of a group and of nothing else."""
        is_place = self.target(name) is not None or name in self.addresses()
        return not is_place and (name in self.groups() or name == ALL)

    def refuse_clash(self, name: str) -> None:
        """Raises `UsageError` for the name of a group that is also that of a place, in the same or another file."""
        if name not in self.groups():
            return
        for table, what in (("targets", "a target"), ("addresses", "an address")):
            for values, file in ((self.user, self.user_file), (self.project, self.project_file)):
                if name in values.get(table, {}):
                    raise UsageError(
                        f"@{name} is a group, and also {what} in {file}",
                        where=self.file_of_group(name),
                        hint="choose another name for one of them",
                        topic="targets",
                    )

    def members(self, name: str, above: tuple[str, ...] = ()) -> list[str]:
        """The targets and addresses of a group, those of its groups among them, each once and with its `@`.

        Raises `UsageError` for an unknown member, a circle, or the name of a place.
        """
        groups = self.groups()
        if name not in groups:  # ALL
            return [f"@{target}" for target in self.names_of_targets()]
        self.refuse_clash(name)
        file = self.file_of_group(name)
        if name in above:
            circle = " > ".join(f"@{one}" for one in (*above[above.index(name) :], name))
            hint = "take one of these names out of the group before it"
            raise UsageError(f"group {name!r} contains itself: {circle}", where=file, hint=hint, topic="targets")
        found: dict[str, None] = {}
        for member in groups[name]:
            inner = member[1:]
            if self.is_group(inner):
                found |= dict.fromkeys(self.members(inner, (*above, name)))
            elif inner in self.addresses() or self.target(inner) is not None:
                self.refuse_clash(inner)
                found[member] = None
            else:
                near = self.near(inner)
                raise UsageError(
                    f"group {name!r} has {member}, and no target, address or group has that name",
                    where=file,
                    hint=f"did you mean @{near}?" if near else f"write a table [targets.{inner}] with its address",
                    topic="targets",
                )
        return list(found)

    def near(self, name: str) -> str:
        """The name of a target, an address or a group that is similar to an unknown one. Empty if none is."""
        from difflib import get_close_matches

        known = [*self.names_of_targets(), *self.addresses(), *self.groups()]
        found = get_close_matches(name, [other for other in known if other != name], n=1)
        return found[0] if found else ""

    def names(self) -> Iterator[str]:
        """The names of all targets and addresses, then those of the groups, without the `@`."""
        yield from dict.fromkeys((*self.names_of_targets(), *self.addresses(), *self.groups()))
        if ALL not in self.groups() and self.names_of_targets():
            yield ALL


def _belongs_to_address(key: str) -> bool:
    of_credentials = (what for what in trust.CREDENTIALS if key in (what, *(f"{what}_{s}" for s in trust.SOURCES)))
    return key in _OF_ADDRESS or any(of_credentials)
