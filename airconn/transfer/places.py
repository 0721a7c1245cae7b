"""The places of one run: opens them by their addresses, with the same deadline, and closes them at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from airconn.config import Address, Config, Settings
from airconn.errors import UsageError
from airconn.formats.dotenv.declaration import EXPAND
from airconn.formats.sops.sealed import type_of
from airconn.model import NEWEST, AirflowVersion
from airconn.quoting import shown_address
from airconn.stores import open_store
from airconn.stores.base import Context, Store, Watch, unwatched
from airconn.transfer.request_parts import AS_THEY_TELL, Network, SourceFormat
from airconn.transfer.standard_input import STDIN, one_name

if TYPE_CHECKING:
    from airconn.stores.file import FileStore

Ask = Callable[[str], str]
"""Asks the user for a value, such as a password, and shows what it is for. Raises `UsageError` without a terminal."""


class Places:
    """Opens the stores of the addresses of a request, each with its settings."""

    def __init__(self, config: Config, network: Network, ask: Ask, watch: Watch = unwatched) -> None:
        self.config = config
        self.ask = ask
        self.deadline = network.deadline
        """The end of the run, on the clock of `time.monotonic`, which is known once a place is open."""
        self._network = network
        self._watch = watch
        self._opened: list[Store] = []
        self.kept: dict[object, Any] = {}
        """What a run keeps for its other parts, such as the values of references, by what it is for."""
        self.read_value = cache(self._read_value)
        """The text of a file. It is read once, because the file of a shell's `<(command)` can't be read again."""

    def __enter__(self) -> Places:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for store in self._opened:
            store.close()

    def open(self, address: str, source: SourceFormat = AS_THEY_TELL) -> Store:
        """The store of an address. It sends no request yet. Raises `UsageError`."""
        return self._open(self.config.resolve(address), source)

    def open_referred(self, address: str, named_in: str) -> Store:
        """The store of an address that a reference in `named_in` names, which the user may not have written.

        Raises `UsageError`, and `BlockedError` where it may not have credentials.
        """
        return self._open(self.config.referred(address, named_in), AS_THEY_TELL)

    def open_address(self, address: Address, source: SourceFormat = AS_THEY_TELL) -> Store:
        """The store of an address whose settings are known. It sends no request yet. Raises `UsageError`."""
        return self._open(address, source)

    def open_target(self, address: str | None, source: SourceFormat = AS_THEY_TELL) -> Store:
        """The store of the address of a target, or of the target of the configuration."""
        return self._open(self.config.target(address), source)

    def open_fills(self, addresses: Iterable[str], source: SourceFormat = AS_THEY_TELL) -> list[Store]:
        """The places that show what the sources hide. References in them are expanded if those in the sources are.

        Raises `InputError` for a file that can't be read.
        """
        expansion = {name: value for name, value in source.values.items() if name == EXPAND.name}
        from airconn.stores.directory import DirectoryStore
        from airconn.stores.file import FileStore

        fills = [self.open(address, SourceFormat(values=expansion)) for address in addresses]
        for store in fills:
            if isinstance(store, FileStore) and store.path is not None:
                store.text()  # raises also if nothing has to be filled
            elif isinstance(store, DirectoryStore):
                store.found()  # the same
        return fills

    def open_file(self, path: str) -> FileStore:
        """The store of a path, or of standard input."""
        from airconn.stores.file import FileStore

        text = one_name(path)
        self._take_stdin(text)
        config = self.config
        settings = Settings(stdin=config.stdin, environ=config.environ, sops=config.sops, deadline=self.deadline)
        return FileStore(text, settings)

    def context(self, airflow: AirflowVersion = NEWEST) -> Context:
        """The context for reading a place."""
        return Context(airflow, deadline=self.deadline, watch=self._watch)

    def settings(self, address: Address, source: SourceFormat = AS_THEY_TELL) -> Settings:
        """The settings that the store of an address gets: those of the configuration, and the options before them."""
        said: dict[str, Any] = {one.name: getattr(self._network, one.name) for one in fields(self._network)}
        said |= {"from_format": source.name, "kind": source.kind, "format_values": source.values}
        given = {name: value for name, value in said.items() if value is not None}
        return replace(address.settings, **given)

    def _take_stdin(self, address: str) -> None:
        """Asks for no login any more where standard input is read as a file."""
        if address == STDIN and self.config.question:
            self.config.question.refrain()

    def _open(self, address: Address, source: SourceFormat) -> Store:
        settings = self.settings(address, source)
        text = one_name(address.text)
        self._take_stdin(text)
        store = open_store(text, settings)
        self.deadline = settings.deadline
        self._opened.append(store)
        return store

    def _read_value(self, path: str) -> str:
        """The text of a file, decrypted if SOPS has encrypted it."""
        try:
            text = Path(path).expanduser().read_bytes().decode()
        except UnicodeDecodeError:
            raise UsageError("this is not UTF-8 text", where=path) from None
        except (OSError, ValueError, RuntimeError) as error:
            reason = "no such file" if isinstance(error, FileNotFoundError) else "this file can't be read"
            raise UsageError(reason, where=shown_address(path)) from None
        type_ = type_of(text)
        if type_ is None:
            return text
        from airconn.stores.sops.files import decrypted
        from airconn.stores.sops.program import SopsProgram

        return decrypted(
            text, type_, SopsProgram(self.config.sops, self.config.environ, self.deadline), shown_address(path)
        )
