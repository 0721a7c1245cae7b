"""What requests say beside their addresses: values that several kinds of request share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airconn.model import Kind
from airconn.transfer.hiding import RedactedPolicy


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """How files among the sources are read, where their names and contents don't tell."""

    name: str | None = None
    kind: Kind | None = None
    """What a file of one kind holds."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The values of options that only some formats have, by the names that these declare."""


AS_THEY_TELL = SourceFormat()


@dataclass(frozen=True, slots=True)
class Network:
    """How places are asked. None leaves a setting to the configuration."""

    timeout: float | None = None
    retries: int | None = None
    deadline: float | None = None
    """On the clock of `time.monotonic`."""
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    allow_redirect: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ObjectChanges:
    """How objects are changed on their way, as the command line says it. It holds no secrets, but may name them."""

    sets: tuple[str, ...] = ()
    set_files: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    literal_masks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.sets, self.set_files, self.renames, self.overlays, self.literal_masks))


@dataclass(frozen=True, slots=True)
class Writing:
    """How objects are written as text, and where to."""

    out: Path | None = None
    """The file. None for standard output."""
    format: str | None = None
    """Its format, where the name of the file doesn't tell."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The values of options that only some formats have, by the names that these declare."""
    redacted: RedactedPolicy | None = None
    """What becomes of fields that the sources hide. None is to mask them, and to say no more than that."""
    mask_secrets: bool = False
    """Whether each secret is hidden, as if the sources hid it."""
    replace: bool = False
    """Whether the file is written afresh, whatever it holds."""
    replace_references: bool = False
    """Whether an update of the file may write over references in it, such as `${DB_PW}`."""
    strict: bool = False
    """Whether it is an error that the format can't hold everything."""
