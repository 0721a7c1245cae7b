"""The text of a file or of standard input. A version of it is read once, and only that version is written over."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airconn.config import Settings
from airconn.errors import BlockedError, InputError, UsageError
from airconn.formats.sops.sealed import type_of
from airconn.quoting import shown_address
from airconn.stores import saving

if TYPE_CHECKING:
    from airconn.stores.sops.program import SopsProgram

Version = tuple[int, int, int]
"""The number of a file, the time of its last change, and its size."""

_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP})
"""The errors of a path that leads to no file, as `Path.is_file` has them."""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The text of a file, and its version."""

    text: str
    """The text, with its byte order mark."""
    version: Version | None
    """None if a write has nothing to respect: standard input, a pipe, an empty file."""
    sealed: str | None = None
    """The text as the file has it, if SOPS has encrypted it. `text` is then in clear, with the same lines."""


def refuse_directory(address: str) -> None:
    """Raises `UsageError` for a directory in the place of a file that is to be written."""
    if address.endswith("/") or Path(address).is_dir():
        raise UsageError(
            f"{address} is a directory, and this is written as one file",
            hint="name a file in it; airconn export --split DIR writes a file for each object",
        )


class TextFile:
    """A file, or standard input without a `path`."""

    def __init__(self, address: str, path: Path | None, settings: Settings) -> None:
        self.path = path
        self._address = address
        self._stdin = settings.stdin
        self._settings = settings
        self._is_open = path is not None and saving.is_open_for_writing(path)
        self._content: Content | None = None

    def version(self) -> Version | None:
        """The present version. None if a write has nothing to respect.

        Raises `InputError` if the system doesn't say whether there is a file: it may have secrets.
        """
        if self.path is None or self._is_open:
            return None
        try:
            return self._version_of(os.stat(self.path))  # noqa: PTH116 - asked for each object: faster than Path.stat
        except ValueError:  # a name that no file can have
            return None
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            raise self._unreadable(error) from None

    def _version_of(self, status: os.stat_result) -> Version | None:
        if self._is_open or not stat.S_ISREG(status.st_mode) or not status.st_size:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def content(self) -> Content:
        """The text of the file, with its version. Raises `InputError`."""
        return self._content_of(self.version())

    def content_to_respect(self) -> Content | None:
        """The same, or None if a write has nothing to respect."""
        version = self.version()
        return None if version is None else self._content_of(version)

    def _content_of(self, version: Version | None) -> Content:
        if self._content is None or self._content.version != version:
            data, read = self._bytes()
            text = self._decoded(data)
            if type_of(text) is None:
                self._content = Content(text, read)
            else:
                from airconn.stores.sops import files

                self._content = Content(files.clear(text, self._program, self._address), read, text)
        return self._content

    @property
    def _program(self) -> SopsProgram:
        from airconn.stores.sops.program import SopsProgram

        settings = self._settings
        return SopsProgram(settings.sops, settings.environ, settings.deadline)

    def _bytes(self) -> tuple[bytes, Version | None]:
        if self.path is None:
            if self._stdin is None:
                raise UsageError("standard input is closed")
            return self._stdin.read(), None
        try:
            with self.path.open("rb") as file:
                version = self._version_of(os.fstat(file.fileno()))
                return file.read(), version
        except OSError as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: OSError) -> InputError:
        reason = {
            FileNotFoundError: "no such file",
            IsADirectoryError: "this is a directory",
            PermissionError: "you may not read this file",
        }.get(type(error), "this file can't be read")
        return InputError(reason, where=shown_address(self._address))

    def _decoded(self, data: bytes) -> str:
        try:
            text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
            if "\0" in text[:2000]:
                raise UnicodeDecodeError("utf-8", data, data.find(b"\0"), data.find(b"\0") + 1, "NUL")
            return text
        except UnicodeDecodeError as error:
            from airconn.formats import foreign_texts

            if known := foreign_texts.of_bytes(data):
                raise InputError(known[0], where=self._address, hint=known[1]) from None
            line = data.count(b"\n", 0, error.start) + 1
            if error.reason == "NUL" and _is_utf_8(data):
                column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
                raise InputError(
                    "a NUL character (U+0000) is in this file",
                    where=f"{self._address}:{line}:{column}",
                    hint="delete it, or type the text again; save a UTF-16 file as UTF-8",
                ) from None
            raise InputError(
                "this is not UTF-8 text", where=f"{self._address}:{line}", hint="save the file as UTF-8"
            ) from None

    def save(
        self, text: str, version: object, *, afresh: bool = False, kept: Collection[tuple[str | int, ...]] = ()
    ) -> None:
        """Writes the file as `FileStore.save` says.

        `kept` are the places of objects in an encrypted file that the text has in another form.
        """
        if self.path is None:
            raise UsageError("standard input can't be written to", hint="name a file")
        data = self._stored_text(text, kept, afresh=afresh)
        with saving.alone_with(self.path):
            if not afresh:
                self.refuse_changed(version)
            saving.write_atomically(self.path, data, keep_mode=not afresh)

    def _stored_text(self, text: str, kept: Collection[tuple[str | int, ...]], *, afresh: bool) -> str:
        """What the file gets for a clear text: the text itself, or the same encrypted.

        A file that is encrypted stays so, and a new one is encrypted if the settings or a rule of SOPS say so. Raises
        `InputError`, `UsageError`, `BlockedError` and `TargetError` where SOPS can't do that.
        """
        wanted, path = self._settings.encrypt, self.path
        if path is None or self._is_open or wanted == "none":
            return text
        sealed = self.sealed()
        if sealed is None and not self.is_to_be_sealed(afresh=afresh):
            return text
        from airconn.stores.sops import files, rules

        if sealed is not None and not afresh:
            return files.changed(sealed, self.content().text, text, self._program, self._address, kept=kept)
        if sealed is not None:
            return files.encrypted(text, path, self._program, like=sealed)

        try:
            return files.encrypted(text, path, self._program, config=rules.config_for(path, self._settings.environ))
        except files.NoRuleError:
            if wanted == "sops":
                raise
            return text

    def is_to_be_sealed(self, *, afresh: bool = False) -> bool:
        """Whether a file in clear, or none, is encrypted by the next write, as far as can be told without SOPS."""
        if self.path is None or self._is_open or self._settings.encrypt:
            return self._settings.encrypt == "sops"
        if not afresh and self.version() is not None:
            return False
        from airconn.stores.sops import rules

        return rules.config_for(self.path, self._settings.environ) is not None

    def refuse_without_sops(self) -> None:
        """Raises `UsageError` if the file is to be encrypted, and SOPS isn't installed."""
        if self.is_to_be_sealed() and self._program.path() is None:
            raise self._program.missing_for_new(self._address)

    def sealed(self) -> str | None:
        """The text as SOPS has encrypted it, without a call of SOPS. None for a file in clear, or none."""
        version = self.version()
        if version is None:
            return None
        if self._content is not None and self._content.version == version:
            return self._content.sealed
        try:
            text = self._decoded(self._bytes()[0])
        except InputError:
            return None
        return text if type_of(text) is not None else None

    def refuse_changed(self, version: object) -> None:
        """Raises `BlockedError` if the file isn't the `version` any more that was read."""
        if self.version() != version:
            raise BlockedError(
                "another program has changed this file in the meantime", where=self._address, hint="run it again"
            )


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
