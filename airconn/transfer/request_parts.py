"""The parts of requests that several kinds of request share, besides addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from airconn.model import Kind
from airconn.transfer.hiding import RedactedPolicy


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """How files among the sources are read, if their names and contents don't tell."""

    name: str | None = None
    kind: Kind | None = None
    """The kind that a file of one kind holds."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The values of options that only some formats have, by the names that these declare."""


AS_THEY_TELL = SourceFormat()


@dataclass(frozen=True, slots=True)
class Network:
    """The network settings. None leaves a setting to the configuration."""

    timeout: float | None = None
    retries: int | None = None
    deadline: float | None = None
    """The end of the run, on the clock of `time.monotonic`."""
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    allow_redirect: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TargetChanges:
    """The changes of objects that the configuration names for a target. Those of the command line come after them.

    Unlike those, they may be for objects that the sources lack: a run may have only a part of all sources.
    """

    overlays: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    is_of_project: bool = False
    """Whether only a project's file names the overlays, so that these may not take values from elsewhere."""
    target: str = ""
    """What messages call the target."""

    def __bool__(self) -> bool:
        return bool(self.overlays or self.renames)


@dataclass(frozen=True, slots=True)
class ObjectChanges:
    """The changes of objects that the command line names. They hold no secrets, but may name their places."""

    sets: tuple[str, ...] = ()
    set_files: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    literal_masks: tuple[str, ...] = ()
    resolve: tuple[str, ...] = ()
    """Which references in objects are replaced by their values, in the words of `--resolve`."""
    of_target: TargetChanges = field(default_factory=TargetChanges)

    def __bool__(self) -> bool:
        said = (self.sets, self.set_files, self.renames, self.overlays, self.literal_masks, self.resolve)
        return any(said) or bool(self.of_target)

    @property
    def only_resolve(self) -> bool:
        """Whether nothing changes but references, if anything does."""
        return not replace(self, resolve=())


@dataclass(frozen=True, slots=True)
class Writing:
    """How objects are written as text, and into which file."""

    out: Path | None = None
    """The path of the file. None for standard output."""
    format: str | None = None
    """The format, if the name of the file doesn't tell it."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The values of options that only some formats have, by the names that these declare."""
    redacted: RedactedPolicy | None = None
    """What happens to fields that the sources hide. None masks them, with the usual notes."""
    mask_secrets: bool = False
    """Whether each secret is hidden, as if the sources hid it."""
    replace: bool = False
    """Whether the file is written afresh, without regard to its content."""
    replace_references: bool = False
    """Whether an update of the file may write over references in it, such as `${DB_PW}`."""
    encrypt: Literal["", "sops", "none"] = ""
    """Whether a file is encrypted that isn't so yet. Empty: a new one is, if a rule of SOPS is for it."""
    strict: bool | None = False
    """Whether a loss of the format, or a warning about what is read, is an error. None leaves it to the command."""
