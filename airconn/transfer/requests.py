"""The requests of commands that write objects. A plan file has the JSON form of one."""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.model import AirflowVersion, Selection
from airconn.plan import Policy
from airconn.transfer.request_parts import AS_THEY_TELL, ObjectChanges, SourceFormat


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Which objects to import into which target, and how. A plan file keeps one for `airconn apply`."""

    sources: tuple[str, ...]
    to: str | None = None
    """The address of the target, if it isn't the one of the configuration."""
    source_format: SourceFormat = AS_THEY_TELL
    fills: tuple[str, ...] = ()
    """The addresses that show what the sources hide."""
    selection: Selection = field(default_factory=Selection)
    changes: ObjectChanges = field(default_factory=ObjectChanges)
    airflow: AirflowVersion | None = None
    """The Airflow that the sources are read for, if it isn't the one of the target."""
    policy: Policy = field(default_factory=Policy)
    prune: bool = False
    """Whether selected objects that the sources lack are deleted."""
    max_delete: int = 10
    """The most objects that may be deleted."""
    allow_empty: bool = False
    """Whether a glob may match nothing, and the sources may hold nothing."""
    strict: bool = False
    """Whether a loss, or a warning about what is read, is an error."""


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """Which objects to delete from a place."""

    names: tuple[str, ...]
    """The objects, each `KIND/ID`, an id that one kind has, or a glob over either."""
    selection: Selection = field(default_factory=Selection)
    """The kinds in which names without a kind are looked up, and globs."""
    place: str | None = None
    """The address of the place, if it isn't the one of the configuration."""
    source_format: SourceFormat = AS_THEY_TELL
    airflow: AirflowVersion | None = None
    max_delete: int = 10
    """The most objects that are deleted if any of them is chosen by a glob."""
    allow_empty: bool = False
    """Whether a glob may match nothing."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a request is carried out, without influence on what is written."""

    dry_run: bool = False
    """Whether it ends with the plan."""
    tells_difference: bool = False
    """Whether a dry run has an exit code of its own if something would change."""
    yes: bool = False
    """Whether it deletes without asking."""
    confirm: bool = False
    """Whether it asks before any write, unless `yes`."""
    fail_fast: bool = False
    """Whether it ends with the first object that fails."""
    verify: bool = False
    """Whether written objects are read back and compared."""
    settle: bool = False
    """Whether the run waits for what the server puts off until its next read."""
