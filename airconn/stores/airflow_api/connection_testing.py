"""Asks an Airflow to test a connection, and takes from its words all that was sent."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from airconn.airflow import connection_tests
from airconn.airflow.conn_fields import fields_of
from airconn.errors import TargetError
from airconn.model import MASK, Connection, Text
from airconn.model.jsontext import leaves
from airconn.model.secrecy import is_secret
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.error_texts import reason
from airconn.stores.airflow_api.session import Session
from airconn.stores.connection_tests import ConnectionTest, Verdict
from airconn.stores.http import gateways
from airconn.stores.http.echoes import echo_forms, quotes, shown
from airconn.stores.http.messages import Request

_WINDOW = 8
"""The characters of a sent text in a row that count as a quotation of it."""
_WITHHELD = "the server's message quotes a secret that was sent, and is not shown"


def try_connection(session: Session, api: Api, connection: Connection) -> ConnectionTest:
    """The result of a test. Raises as `TriesConnections.try_connection`.

    It is sent once, since a wrong password may lock its user out.
    """
    # An Airflow that has a connection of this id would mix its values with those that are sent.
    (create, *_) = api.create(replace(connection, conn_id=f"airconn-test-{secrets.token_hex(8)}", description=None))
    request = Request("POST", f"{api.path(connection.kind)}/test", body=create.body, once=True)
    reply = session.send(request)
    dialect = api.dialect
    if connection_tests.is_switched_off(reply.status, reply.body.decode("utf-8", "replace")):
        return ConnectionTest(Verdict.SWITCHED_OFF, hint=connection_tests.how_to_switch_on(dialect.version))
    if reply.status in (401, 403):
        raise session.shut_out(reply.status, "test connections")
    if reply.status >= 400 and not gateways.fault(reply):
        # The words of a refusal may quote what they refuse.
        why = reason(reply, create.body, session.auth.secrets())
        told = f": {why}" if why else ""
        raise TargetError(f"it refuses to test the connection, with status {reply.status}{told}", where=session.base)
    answer = session.object_in(reply, request)
    if not isinstance(answer.get("status"), bool):
        raise session.strange("its answer to a test of a connection isn't an answer of Airflow")
    return _judged(connection, answer["status"], answer.get("message"))


def _judged(connection: Connection, works: bool, message: object) -> ConnectionTest:
    said = message if isinstance(message, str) else ""
    words = scrubbed(said, connection)
    if works:
        return ConnectionTest(Verdict.WORKS, words)
    if connection_tests.is_untestable(connection.conn_type, said):
        return ConnectionTest(Verdict.UNTESTABLE, hint="a task that uses it is the only test there is")
    if connection_tests.is_not_installed(said):
        return ConnectionTest(Verdict.NOT_INSTALLED, hint=_package_hint(connection.conn_type))
    return ConnectionTest(Verdict.FAILS, words)


def _package_hint(conn_type: str) -> str:
    package = fields_of(conn_type).package or f"the provider of the type {conn_type}"
    return f"install {package} in that Airflow"


def scrubbed(message: str, connection: Connection) -> str:
    """A message in one line with `***` for all that was sent in it, in any encoding and in part.

    One that quotes a secret is withheld as a whole, since a `***` in the place of a password that is an everyday word
    gives it away.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in message).split())
    open_texts, hidden = _sent(connection)
    line = _masked(line, open_texts)
    if any(quotes(line, secret) for secret in hidden):
        return _WITHHELD
    return shown(line, ())


def _sent(connection: Connection) -> tuple[list[str], list[str]]:
    """The texts of a connection that aren't secrets, and those that are."""
    fields = (connection.host, connection.schema, connection.login)
    opened = [text for text in fields if isinstance(text, str)]
    if connection.port is not None:
        opened.append(str(connection.port))
    hidden = [connection.password] if isinstance(connection.password, str) else []
    if isinstance(connection.extra, Text):
        for path, text in _leaves(connection.extra):
            is_hidden = not path or is_secret(connection, "extra", path, text)
            (hidden if is_hidden else opened).append(text)
    basic = f"{connection.login or ''}:{connection.password or ''}"
    hidden.append(base64.b64encode(basic.encode()).decode())
    return [text for text in opened if len(text) > 2], [text for text in hidden if text]


def _leaves(extra: Text) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The texts and numbers in an extra with their paths, or all of it if it isn't JSON."""
    try:
        found: list[tuple[Any, Any]] = list(leaves(extra.value()))
    except ValueError:
        found = [((), extra.text)]
    for path, leaf in found:
        text = leaf if isinstance(leaf, str) else getattr(leaf, "text", "")
        if text:
            yield path, text


def _masked(line: str, texts: Iterable[str]) -> str:
    """`line` with the mask for each of these texts in it, and for each long part of one."""
    covered = [False] * len(line)
    for text in texts:
        for form in echo_forms(text):
            parts = {form} | {form[start : start + _WINDOW] for start in range(len(form) - _WINDOW + 1)}
            for part in parts:
                start = line.find(part)
                while part and start >= 0:
                    covered[start : start + len(part)] = [True] * len(part)
                    start = line.find(part, start + 1)
    out: list[str] = []
    for char, is_covered in zip(line, covered, strict=True):
        if not is_covered:
            out.append(char)
        elif not out or out[-1] != MASK:
            out.append(MASK)
    return "".join(out)
