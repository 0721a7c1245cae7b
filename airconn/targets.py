"""Named targets and groups: which targets the addresses of a command line mean, each with its own settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airconn.errors import UsageError
from airconn.named_places import NO_TARGETS
from airconn.quoting import shown_address
from airconn.target_tables import texts

if TYPE_CHECKING:
    from airconn.config import Config
    from airconn.model import AirflowVersion


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a command, with the settings that `[targets.NAME]` gives it."""

    address: str
    """The address as a command line would give it: `@eu`, or a URL or path without a name."""
    airflow: AirflowVersion | None = None
    """The Airflow that its objects are for. None: the target is asked."""
    overlays: tuple[str, ...] = ()
    """The files whose fields come over those of the sources, before those of the command line."""
    renames: tuple[str, ...] = ()
    """As `--rename` takes them: KIND/OLD=NEW."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    has_overlays_of_project: bool = False
    """Whether only a project's file names the overlays, so that these may not take values from elsewhere."""

    @property
    def name(self) -> str:
        """What reports call it: `eu` for `@eu`, else its address."""
        return self.address.removeprefix("@")

    @property
    def said(self) -> str:
        """What the settings change of an import, as a part of a line. Empty if they change nothing."""
        overlays = f"with {', '.join(self.overlays)}" if self.overlays else ""
        renames = f"renamed {', '.join(self.renames)}" if self.renames else ""
        return ", ".join(part for part in (overlays, renames, self.said_of_reads) if part)

    @property
    def said_of_reads(self) -> str:
        """What they change where the target is only read. Empty if they change nothing."""
        from airconn.airflow.versions import unknown

        how = unknown(self.airflow) if self.airflow else ""
        parts = (
            f"only {', '.join(self.include)}" if self.include else "",
            f"without {', '.join(self.exclude)}" if self.exclude else "",
            f"for Airflow {self.airflow}{f' ({how})' if how else ''}" if self.airflow else "",
        )
        return ", ".join(part for part in parts if part)


def target_of(config: Config, address: str | None) -> Target:
    """The target of one address, which may not be a group. None is the target of the configuration.

    Raises `UsageError` for an unknown name, and for a group.
    """
    from airconn.airflow.versions import AirflowVersion

    named = config.named(address)
    config.location(named)
    found = config.places.target(named[1:]) if named.startswith("@") else None
    if found is None:
        return Target(named)
    settings = found.settings
    return Target(
        named,
        AirflowVersion.parse(settings["airflow"]) if "airflow" in settings else None,
        config.places.overlays_of(found),
        tuple(f"{old}={new}" for old, new in settings.get("rename", {}).items()),
        texts(settings.get("include", ())),
        texts(settings.get("exclude", ())),
        "overlay" in settings and found.files["overlay"] != config.user_file,
    )


def targets_of(config: Config, addresses: Iterable[str | None]) -> Sequence[Target]:
    """The targets that addresses mean: `@prod` may be a group, and None is the target of the configuration.

    Each comes once, in the order in which it is first named. Raises `UsageError` for an unknown name, for a target
    without an address, and for two targets that are the same place, whose overlays could contradict each other.
    """
    found: dict[str, Target] = {}
    for address in addresses:
        named = config.named(address)
        is_group = named.startswith("@") and config.places.is_group(named[1:])
        for member in config.places.members(named[1:]) if is_group else [named]:
            if member not in found:
                found[member] = target_of(config, member)
        if is_group and not config.places.members(named[1:]):
            raise UsageError(
                f"{named} is every target, and the configuration has none",
                hint=NO_TARGETS,
                topic="targets",
            )
    _refuse_twice(config, list(found))
    return tuple(found.values())


def _refuse_twice(config: Config, addresses: Sequence[str]) -> None:
    """Raises `UsageError` where two addresses are the same place."""
    known: dict[object, str] = {}
    for address in addresses:
        other = known.setdefault(config.place(address), address)
        if other != address:
            raise UsageError(
                f"{shown_address(other)} and {shown_address(address)} are the same place: "
                f"{shown_address(config.location(address))}",
                hint="name one of them",
                topic="targets",
            )
