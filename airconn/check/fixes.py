"""Fixes what has one right answer: modes of files, and connections that not all Airflows read alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from airconn import formats
from airconn.check import file_modes
from airconn.check.rules import Finding
from airconn.errors import AirconnError, InputError
from airconn.formats.base import WriteOptions
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT, EXPAND
from airconn.model import Kind, Selection
from airconn.stores.base import Context
from airconn.stores.file import FileStore

_REWRITTEN = frozenset({"AC209", "AC211"})


def fix(store: FileStore, findings: Iterable[Finding], context: Context) -> tuple[tuple[str, ...], str]:
    """Fixes what it can in one file. Gives what was fixed, and why other findings weren't.

    Raises `AirconnError` if the file can't be written.
    """
    findings = list(findings)
    done, why_not = _rewrite(store, findings, context)
    if store.path is not None and any(finding.code == "AC512" for finding in findings):
        try:
            file_modes.close_to_others(store.path)
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise AirconnError(f"its mode can't be changed: {reason}", where=store.address) from None
        done.append("now only its owner can read it")
    return tuple(done), why_not


def _unexpanded(store: FileStore) -> FileStore:
    """The same file with its references as they are: a file that is mended keeps them."""
    given, defaults = (
        {name: value for name, value in values.items() if name != EXPAND.name}
        for values in (store.settings.format_values, store.settings.format_defaults)
    )
    return FileStore(store.address, replace(store.settings, format_values=given, format_defaults=defaults))


def _rewrite(store: FileStore, findings: Iterable[Finding], context: Context) -> tuple[list[str], str]:
    """Rewrites connections one by one, each as the Airflow of the context reads it.

    A connection that would lose something in the new form is left as it is.
    """
    ids = sorted({finding.id for finding in findings if finding.code in _REWRITTEN})
    if not ids or store.path is None or not formats.get_format(store.format_name()).updater:
        return [], ""
    store = _unexpanded(store)
    values = {**store.format_values(), CONNECTION_FORMAT.name: "uri"}
    options = WriteOptions(airflow=context.airflow, values=values)
    done: list[str] = []
    for id_ in ids:
        try:
            before = store.read(Selection(), context)
            obj = before.bundle.connections.get(id_)
            if obj is None:
                continue
            rendered = store.rendered({(Kind.CONNECTIONS, id_): obj}, options, lambda held, wanted: False, context)
        except InputError:  # a file that doesn't parse has no one right answer
            return done, "its connections aren't changed, because a part of the file doesn't parse"
        except AirconnError:
            continue
        if rendered.losses or rendered.text == store.text():
            continue
        store.save(rendered.text, before.version)
        done.append(f"connections/{id_} is now written so that every Airflow reads it the same")
    return done, ""
