"""Checks a single object: its id, its type, and the texts in the places of secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from airconn.airflow.conn_types import CONN_TYPES
from airconn.airflow.rest_api import dialect_for
from airconn.check.rules import Severity
from airconn.check.sensitive import secrets
from airconn.formats.base import extra_fault
from airconn.model import (
    MASK,
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Text,
    Variable,
    conn_ids,
    hidden_fields,
    rules_for,
    value_fields,
)
from airconn.model.leaves import leaf_name
from airconn.model.placeholder_forms import PlaceholderType
from airconn.model.placeholders import Weight, all_placeholders, first_of_each_form
from airconn.model.reference_forms import ReferenceKind
from airconn.model.references import references
from airconn.model.sensitive import text_leaves
from airconn.patterns import pattern
from airconn.stores import limits
from airconn.stores.airflow_api import refusals

ObjectProblem = tuple[str, str, Severity | None]
"""The code of a rule, a message that quotes no value, and a severity if it isn't the rule's own."""

_OVERRIDE = pattern(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\n]+|prompt:")
_IDS_OF_CONNECTIONS = frozenset({"AC301", "AC302", "AC303"})
"""The rules that report the id of a connection, so that AC306 doesn't report it again."""
RULE_OF = {
    PlaceholderType.MASK: "AC502",
    PlaceholderType.REFERENCE: "AC507",
    PlaceholderType.CIPHERTEXT: "AC508",
    PlaceholderType.TEMPLATE: "AC509",
    PlaceholderType.SAMPLE: "AC510",
}
"""The rule for each type of placeholder."""
_ALIASES = {
    "azure_blob": "wasb",
    "bigquery": "gcpbigquery",
    "gcp": "google_cloud_platform",
    "google": "google_cloud_platform",
    "google_cloud": "google_cloud_platform",
    "hive": "hiveserver2",
    "https": "http",
    "k8s": "kubernetes",
    "mariadb": "mysql",
    "mongodb": "mongo",
    "postgresql": "postgres",
    "s3": "aws",
}
"""What people write, and the type that they mean."""


def problems(obj: AirflowObject, airflow: AirflowVersion, *, is_uri: bool) -> Iterator[ObjectProblem]:
    """The problems of one object by itself. `is_uri`: its type was read from a URI."""
    of_id = list(_id(obj, airflow))
    yield from of_id
    yield from _refused(obj, airflow, {code for code, _, _ in of_id})
    if isinstance(obj, Connection) and not obj.stands_for:
        yield from _type(obj, is_uri)
    held = tuple(secrets(obj))
    yield from _masks(obj)
    yield from _words(obj, held)
    yield from _references(obj)
    yield from _blanks(held)


def _id(obj: AirflowObject, airflow: AirflowVersion) -> Iterator[ObjectProblem]:
    if isinstance(obj, Connection):
        if not conn_ids.is_stored(obj.id):
            yield "AC301", "Airflow can't store this id", None
        elif not conn_ids.is_in_api(obj.id) or len(obj.id) > conn_ids.LONGEST_IN_API:
            yield "AC302", "the REST API and the airflow command refuse this id", None
        # models/connection.py `sanitize_conn_id` of 2.8 to 2.11, with google-re2
        elif not obj.id.isascii():
            severity = Severity.ERROR if airflow.is_airflow_2 else None
            yield "AC303", "Airflow 2 can't find an id with letters outside of a to z", severity
    else:
        if not obj.id.strip():
            yield (
                "AC305",
                f"the {limits.ID_WORDS[obj.kind]} {'has only blanks in it' if obj.id else 'is empty'}",
                None,
            )
        for problem in limits.of_id(obj):
            yield "AC301", problem, None
    if isinstance(obj, Connection) and obj.id in dialect_for(airflow).taken_ids:
        yield (
            "AC307",
            f"the API of Airflow {airflow} has a page with this name, so the UI can't show the connection",
            None,
        )
    # utils/helpers.py `validate_key` of 3.3, which is asked for connections only
    if isinstance(obj, Connection) and ".." in obj.id:
        yield "AC304", "the airflow command of 3.3 refuses '..' in an id", None


def _refused(obj: AirflowObject, airflow: AirflowVersion, told: AbstractSet[str]) -> Iterator[ObjectProblem]:
    """What an import through the REST API would refuse, except what the rules in `told` report already.

    What only the API refuses isn't an error: Airflow's database, its environment or a secrets backend may hold it.
    """
    dialect = dialect_for(airflow)
    if not any(refusals.problems(obj, dialect)):
        return
    for problem in limits.of_values(obj, airflow):
        yield "AC321", problem, None
    if isinstance(obj, Connection):
        if told & _IDS_OF_CONNECTIONS:
            obj = replace(obj, conn_id="x")
        if extra_fault(obj, rules_for(airflow)):
            obj = replace(obj, extra=None)
    impossible = set(limits.problems(obj, airflow))
    for problem in refusals.problems(obj, dialect):
        if problem not in impossible:
            yield "AC306", problem, None


def _type(obj: Connection, is_uri: bool) -> Iterator[ObjectProblem]:
    if not obj.conn_type:
        if not is_uri:  # the checks of URIs report it in more detail
            yield "AC313", "conn_type is missing; without it Airflow finds no hook", None
    elif obj.conn_type not in CONN_TYPES:
        near = nearest_type(obj.conn_type)
        if near:
            yield "AC311", f"the conn_type is unknown: did you mean {near!r}?", None
        else:
            yield "AC312", "no published provider has this conn_type", None


@lru_cache(maxsize=4096)
def nearest_type(conn_type: str) -> str | None:
    """The known type that was probably meant."""
    name = (
        conn_type[:80].strip().lower().replace("-", "_").partition("+")[0]
    )  # as in postgresql+psycopg2 of SQLAlchemy
    if name in CONN_TYPES:
        return name
    near = get_close_matches(name, CONN_TYPES, n=1, cutoff=0.8)
    return _ALIASES.get(name) or (near[0] if near else None)


def _masks(obj: AirflowObject) -> Iterator[ObjectProblem]:
    if hidden := hidden_fields(obj):
        yield "AC501", f"hidden by the source: {', '.join(hidden)}", None
    found = first_of_each_form(all_placeholders(obj))
    places = {each.place for each in found}
    refers = any(ambiguity.blocks for ambiguity in obj.ambiguities)  # its rule reports it
    for each in found:
        if refers and each.type is PlaceholderType.TEMPLATE:
            continue
        is_secret = each.weight is Weight.BLOCKS or each.type is PlaceholderType.SAMPLE
        yield RULE_OF[each.type], each.words, None if is_secret else Severity.NOTE
    for name, text in texts(obj):
        if name not in places and MASK in text:
            yield "AC503", f"*** inside a text, where Airflow may have hidden a secret: {name}", None


def texts(obj: AirflowObject) -> Iterator[tuple[str, str]]:
    """The texts in an object that aren't hidden, with the names of their fields. Of JSON, each leaf by itself."""
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, Text):
            parts = list(text_leaves(value))
            if not parts and isinstance(obj, Variable):
                yield name, value.text
            for path, leaf in parts:
                if path not in value.hidden:
                    yield leaf_name(name, path), leaf


def _words(obj: AirflowObject, held: Sequence[tuple[str, str]]) -> Iterator[ObjectProblem]:
    told = {each.place for each in all_placeholders(obj)}
    if isinstance(obj, Connection | Variable):
        told |= {leaf_name(field, path) for field, path in obj.genuine}
    names = [name for name, text in held if _OVERRIDE.fullmatch(text) and name not in told]
    if names:
        words = "only an overlay or --resolve takes env:, file: and prompt: for what they say; here it is the secret"
        yield "AC505", f"{words}: {', '.join(names)}", None


def _references(obj: AirflowObject) -> Iterator[ObjectProblem]:
    """The references in an object that no other rule reports, and what is wrong with any of them."""
    known: dict[str, Any] = {} if obj.kind is Kind.POOLS else {"genuine": frozenset()}
    found = list(references(replace(obj, **known)))
    told = {(each.field, each.path) for each in all_placeholders(obj)}
    if others := [each for each in found if (each.field, each.path) not in told]:
        named = (f"{'all of it' if each.is_whole else each.name} ({each.kind.value})" for each in others)
        yield "AC520", f"references to values elsewhere: {', '.join(named)}", None
    if any(each.kind is ReferenceKind.REF for each in found):
        from airconn.check.faulty_references import fault_of

        for each in found:
            if each.kind is ReferenceKind.REF and (why := fault_of(each.text)):
                yield "AC521", f"{'all of it' if each.is_whole else each.name}: {why}", None


def _blanks(held: Sequence[tuple[str, str]]) -> Iterator[ObjectProblem]:
    names = [name for name, text in held if _has_blanks(text)]
    if names:
        yield "AC504", f"blanks or line breaks at the start or the end: {', '.join(names)}", None


def _has_blanks(text: str) -> bool:
    """Whether a text begins or ends with blanks. The last of several lines may have its line end, as in a key."""
    inner = text.strip()
    if "\n" in inner and text.endswith("\n"):
        text = text[:-1]
    return bool(inner) and text != inner
