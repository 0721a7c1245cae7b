"""The ids that a shell offers at a tab: found quickly, without a question and without running a command."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from airconn.addresses import is_file
from airconn.config import Address, Config
from airconn.config_files import state_directory
from airconn.errors import AirconnError, UsageError
from airconn.logins import AirflowLogin
from airconn.model import ALL_KINDS, Kind
from airconn.model.reading import Key
from airconn.stores.saving import write_atomically
from airconn.transfer import reported_reads
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network, SourceFormat
from airconn.trust import is_airflow

_FRESH = 60
"""The seconds for which the ids of an Airflow are remembered."""
_OLD = 3600
"""The seconds after which a file with ids is removed."""
_STEP = 0.01
"""The seconds between two looks at a file that another process is to write."""


def offered_ids(
    config: Config, addresses: Iterable[str | None], source_format: SourceFormat, *, within: float
) -> frozenset[Key]:
    """The ids of files, of the environment and of Airflows, which have so many seconds. None of other places.

    None among the addresses is the target of the configuration. The ids of an Airflow are remembered for a minute. It
    isn't asked where its credentials come from a command or from a keyring, either of which may ask the user.
    """
    found: set[Key] = set()
    for address in dict.fromkeys(addresses):
        with suppress(AirconnError, OSError):
            resolved = config.target(address)
            if is_airflow(resolved.text):
                found |= _of_airflow(config, resolved, within) if _answers_alone(resolved) else frozenset()
            elif resolved.text != "-" and (is_file(resolved.text) or resolved.text.startswith(("env:", "local:"))):
                found |= _read(config, resolved, source_format, within)
    return frozenset(found)


def _answers_alone(address: Address) -> bool:
    """Whether an Airflow can be asked without running a command and without a keyring."""
    known = address.settings.credentials
    if known.token_command or known.commands:
        return False
    login = known.login
    if login is None or not login.is_due:
        return True
    return isinstance(login, AirflowLogin) and login.stored is not None and login.stored.is_in_file


def _read(config: Config, address: Address, source_format: SourceFormat, within: float) -> frozenset[Key]:
    network = Network(timeout=within, retries=0, deadline=time.monotonic() + within)
    with Places(config, network, _no_answer) as places:
        store = places.open_address(address, source_format)
        return reported_reads.quick_ids(store, ALL_KINDS, places.context())


def _no_answer(place: str) -> str:
    raise UsageError("a shell can't ask for it", where=place)


def _of_airflow(config: Config, address: Address, within: float) -> frozenset[Key]:
    """The ids of an Airflow that are remembered, or that it gives now."""
    user = address.settings.credentials.username or ""
    name = sha256("\n".join([address.text, user]).encode()).hexdigest()[:32]
    path = state_directory(config.environ) / "completion" / f"{name}.json"
    if _is_fresh(path, within):
        return _remembered(path, within)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, "")  # while it is empty, no other tab asks
    ids = _read(config, address, SourceFormat(), within)
    write_atomically(path, json.dumps(sorted(f"{kind.value}/{id_}" for kind, id_ in ids)))
    for other in path.parent.iterdir():
        if time.time() - other.stat().st_mtime > _OLD:
            other.unlink(missing_ok=True)
    return ids


def _is_fresh(path: Path, within: float) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return 0 <= time.time() - stat.st_mtime < (_FRESH if stat.st_size else within)


def _remembered(path: Path, within: float) -> frozenset[Key]:
    """The ids in a file, as soon as it has some."""
    until = time.monotonic() + within
    while not (text := path.read_text(encoding="utf-8")) and time.monotonic() < until:
        time.sleep(_STEP)
    names = json.loads(text or "[]")
    return frozenset((Kind(kind), id_) for kind, _, id_ in (name.partition("/") for name in names))
