"""Named targets and groups: which targets the addresses of a command line mean, each with its own settings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

    @property
    def name(self) -> str:
        """What reports call it: `eu` for `@eu`, else its address."""
        return self.address.removeprefix("@")


def targets_of(config: Config, addresses: Iterable[str | None]) -> Sequence[Target]:
    """The targets that addresses mean: `@prod` may be a group, and None is the target of the configuration.

    Each comes once, in the order in which it is first named. Raises `UsageError` for an unknown name.
    """
    return tuple(Target(config.named(address)) for address in dict.fromkeys(addresses))
