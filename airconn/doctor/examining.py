"""Carries out `doctor`: all checks, one after the other. A failure doesn't stop those that still make sense."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from airconn.addresses import runs_command
from airconn.config import Address, Config
from airconn.doctor import configuration
from airconn.doctor.installation import installation
from airconn.errors import AirconnError, ExitCode, InputError
from airconn.model import ALL_KINDS, Kind, Selection
from airconn.model.reading import Reading
from airconn.stores.base import Context, Store
from airconn.stores.health import Health, HealthCheck, HealthQuestions, TellsHealth, failed
from airconn.transfer.places import Places

_BEFORE_AT = re.compile(r"[\w.+-]+(?=@[\w-]+\.[\w.-]*[A-Za-z])")
"""The name in an account such as `ann@example.com`, which errors of vendors have in them."""


@dataclass(frozen=True, slots=True)
class DoctorRequest:
    """What is examined."""

    directory: Path
    """Where `airconn.toml` is looked for."""
    address: str | None = None
    """The address, if it isn't the one of the configuration."""
    asks_writes: bool = False
    options: frozenset[str] = frozenset()
    """The settings that options of the command line give."""
    from_env_files: frozenset[str] = frozenset()
    """The variables that `--env-file` has set."""


def examine(
    request: DoctorRequest,
    config: Config | AirconnError,
    without_files: Config,
    open_places: Callable[[Config], Places],
) -> Iterator[HealthCheck]:
    """All checks, as they are made. Writes nothing. Paths and accounts in them don't show the name of the user.

    `config` is the error if the configuration can't be read, and `without_files` is the configuration without it.
    """
    home = os.path.expanduser("~").rstrip("/")  # noqa: PTH111 - pathlib's raises without a home

    def shortened(text: str) -> str:
        text = _BEFORE_AT.sub("…", text)
        return text.replace(f"{home}/", "~/") if home else text

    for check in _all_checks(request, config, without_files, open_places):
        yield replace(check, text=shortened(check.text), hint=shortened(check.hint))


def _all_checks(
    request: DoctorRequest,
    config: Config | AirconnError,
    without_files: Config,
    open_places: Callable[[Config], Places],
) -> Iterator[HealthCheck]:
    yield from _machine()
    yield from configuration.of_files(config, request.directory, request.from_env_files)
    if isinstance(config, AirconnError):
        if (request.address or "@").startswith("@"):
            return
        config = without_files  # the address that the user names can still be checked
    try:
        address = config.target(request.address)
    except AirconnError as error:
        yield failed(configuration.AREA, "address", error)
        return
    yield from configuration.of_address(config, address, config.named(request.address))
    yield from configuration.of_settings(config, address, config.named(request.address), request.options)
    with open_places(config) as places:
        yield from _place(request, address, places)


def exit_code(checks: list[HealthCheck]) -> ExitCode:
    """That of the first failure."""
    return next((check.exit_code for check in checks if check.health is Health.FAILED), ExitCode.OK)


def _machine() -> Iterator[HealthCheck]:
    found, area = installation(), "This machine"
    yield HealthCheck(area, "airconn", Health.FINE, found.airconn)
    yield HealthCheck(area, "Python", Health.FINE, f"{found.python} on {found.platform}")
    extras = ", ".join(found.extras) or "none"
    missing = f"; not installed: {', '.join(found.missing)}" if found.missing else ""
    yield HealthCheck(area, "extras", Health.FINE if found.extras else Health.UNUSED, f"{extras}{missing}")


def _place(request: DoctorRequest, address: Address, places: Places) -> Iterator[HealthCheck]:
    try:
        store = places.open_address(address)
    except AirconnError as error:
        yield failed("Address", "address", error)
        return
    context = places.context()
    if isinstance(store, TellsHealth):
        yield from store.health(HealthQuestions(places.settings(address), request.asks_writes), context)
        return
    # The command of airflow-cli: may have a secret in it.
    command = address.text.partition(":")[2].strip() if runs_command(address.text) else ""
    for check in _by_reading(store, context):
        if command:
            check = replace(check, text=check.text.replace(command, "…"), hint=check.hint.replace(command, "…"))
        yield check


def _by_reading(store: Store, context: Context) -> Iterator[HealthCheck]:
    """The checks of a store that only tells what it is, and can be read."""
    area = "Objects"
    try:
        described = store.describe(context)
        yield HealthCheck(area, "access", Health.FINE, described.text)
        reading = store.read(Selection(kinds=described.kinds), context)
    except InputError as error:
        yield failed(area, "content", error)
        return
    except AirconnError as error:
        yield failed(area, "access", error)
        return
    yield HealthCheck(area, "content", Health.FINE, _amounts(reading, described.kinds))
    if faults := [note for note in reading.notes if note.failed]:
        text = f"{len(faults)} can't be read; {faults[0].where}: {faults[0].message}"
        yield HealthCheck(area, "unreadable", Health.FAILED, text, exit_code=ExitCode.SOME_FAILED)
    hint = store.capabilities.read_only_hint[1]
    writable = "this address can be written to" if store.capabilities.writable else "this address is read-only"
    health = Health.FINE if store.capabilities.writable else Health.UNUSED
    yield HealthCheck(area, "writes", health, writable, "" if store.capabilities.writable else hint)


def _amounts(reading: Reading, kinds: frozenset[Kind]) -> str:
    counts = [(len(reading.bundle.of_kind(kind)), kind) for kind in Kind if kind in kinds & ALL_KINDS]
    return ", ".join(f"{number} {kind.singular if number == 1 else kind.value}" for number, kind in counts)
