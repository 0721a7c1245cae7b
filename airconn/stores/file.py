"""Files and standard input as places."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from airconn import formats
from airconn.config import Settings
from airconn.errors import AirconnError, InputError, UsageError
from airconn.formats.base import Parsed, ReadOptions, WriteOptions
from airconn.model import Action, Bundle, Outcome, Selection, Step
from airconn.stores.base import Capabilities, Store

STDIN = "-"
_MODE = 0o600


def open_store(address: str, settings: Settings) -> Store:
    """The file at this path, or standard input for `-`."""
    return FileStore(address, settings)


class FileStore(Store):
    """A file in one of the formats. Its text is read once, when it is first asked for."""

    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__("<stdin>" if address == STDIN else address)
        self.path = None if address == STDIN else Path(address)
        self.settings = settings
        self._text: str | None = None
        self.ignored = 0

    def describe(self) -> str:
        return self.address

    def text(self) -> str:
        """What the file holds. Raises `InputError`."""
        if self._text is None:
            self._text = self._decode(self._bytes())
        return self._text

    def _bytes(self) -> bytes:
        if self.path is None:
            if self.settings.stdin is None:
                raise UsageError("there is no standard input to read")
            return self.settings.stdin.read()
        try:
            return self.path.read_bytes()
        except OSError as error:
            reason = {
                FileNotFoundError: "there is no such file",
                IsADirectoryError: "this is a directory",
                PermissionError: "you may not read this file",
            }.get(type(error), "this file can't be read")
            raise InputError(reason, where=self.address) from None

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InputError(
                "this is not UTF-8 text", where=f"{self.address}:{line}", hint="save the file as UTF-8"
            ) from None

    def parse(self) -> Parsed:
        """What the file holds, in the format that was named or that its name and content tell."""
        text = self.text()
        name = self.settings.from_format or formats.detect(self.address, text)
        options = ReadOptions(airflow=self.reads_for, kind=self.settings.kind)
        return formats.get_format(name).parse(text, self.address, options)

    def read(self, selection: Selection) -> Bundle:
        parsed = self.parse()
        self.notes = list(parsed.notes)
        self.ignored = parsed.ignored
        return selection.of(parsed.bundle)

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """Writes the file anew with all steps done: all of them or, where the file can't be written, none."""
        if self.path is None:
            raise UsageError("standard input can't be written to", hint="name a file")
        steps = list(steps)
        name = self.settings.from_format or formats.name_of_path(str(self.path))
        if name is None:
            raise UsageError(f"{self.address}: its name doesn't tell the format", hint="name it like objects.json")
        before = self.parse().bundle if self.path.exists() else Bundle()
        changed = {(obj.kind, obj.id): obj for obj in before}
        for step in steps:
            if step.action is Action.DELETE:
                changed.pop((step.kind, step.id), None)
            else:
                changed[step.kind, step.id] = step.result()
        rendered = formats.get_format(name).render(Bundle.of(changed.values()), WriteOptions(airflow=self.reads_for))
        lost = {(loss.kind, loss.id): loss.message for loss in rendered.losses if not loss.field}
        write_atomically(self.path, rendered.text)
        for step in steps:
            yield Outcome(step, lost.get((step.kind, step.id)))


def write_atomically(path: Path, text: str) -> None:
    """Writes a file that may hold secrets: readable by its owner alone, whole or not at all.

    The text goes to a temporary file in the same directory, which takes the place of the old one. A file that is
    there keeps its mode if that is stricter; a symbolic link stays one.

    Raises `AirconnError` where that can't be done; the old file is then untouched.
    """
    target = Path(os.path.realpath(path))
    temporary = None
    try:
        data = text.encode("utf-8")
        mode = target.stat().st_mode & _MODE if target.exists() else _MODE
        handle, temporary = tempfile.mkstemp(prefix=".airconn-", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except UnicodeEncodeError:
        raise AirconnError(
            "an object has half a character (a lone surrogate) in it, which no file holds", where=str(path)
        ) from None
    except OSError as error:
        raise AirconnError(f"can't be written: {error.strerror or 'the system refuses'}", where=str(path)) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
