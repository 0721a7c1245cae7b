"""What is wrong with a single object: its id, its type, and what stands where a secret should."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from airconn.check.conn_types import CONN_TYPES
from airconn.check.rules import Severity
from airconn.check.sensitive import leaves, secrets
from airconn.model import (
    MASK,
    AirflowObject,
    AirflowVersion,
    Connection,
    Pool,
    Text,
    Variable,
    conn_ids,
    hidden_fields,
    jsontext,
    value_fields,
)
from airconn.stores import limits

Trouble = tuple[str, str, Severity | None]
"""The code of a rule, what is wrong in words that quote no value, and a severity if it isn't the rule's own."""

_OTHER_MASK = re.compile(r"\*{4,}|#\s*secret\b.*|<(hidden|redacted|secret)>|\[(hidden|redacted)\]", re.IGNORECASE)
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
"""What people write, and which type it is to Airflow."""


def troubles(obj: AirflowObject, airflow: AirflowVersion, *, is_uri: bool) -> Iterator[Trouble]:
    """Everything that is wrong with one object by itself. `is_uri`: its type was read from a URI."""
    yield from _id(obj, airflow)
    for problem in limits.of_values(obj, airflow):
        yield "AC321", problem, None
    if isinstance(obj, Connection):
        yield from _type(obj, is_uri)
    yield from _masks(obj)
    yield from _blanks(obj)


def _id(obj: AirflowObject, airflow: AirflowVersion) -> Iterator[Trouble]:
    if isinstance(obj, Connection):
        if not conn_ids.is_stored(obj.id):
            yield "AC301", "no Airflow stores this id", None
        elif not conn_ids.is_in_api(obj.id) or len(obj.id) > conn_ids.LONGEST_IN_API:
            yield "AC302", "the REST API and the airflow command refuse this id", None
        # models/connection.py `sanitize_conn_id` of 2.8 to 2.11, with google-re2
        elif not obj.id.isascii():
            severity = Severity.ERROR if airflow.major == 2 else None
            yield "AC303", "Airflow 2 loses an id with letters beyond a to z", severity
    elif isinstance(obj, Pool) and not obj.id.strip():
        yield "AC301", "a pool needs a name", None
    elif not obj.id.strip():
        what = "has nothing but blanks in it" if obj.id else "is empty: the API of Airflow 2 has no path to it"
        yield "AC305", f"the key {what}", None
    else:
        for problem in limits.of_id(obj):
            yield "AC301", problem, None
    # utils/helpers.py `validate_key` of 3.3, which is asked for connections only
    if isinstance(obj, Connection) and ".." in obj.id:
        yield "AC304", "the airflow command of 3.3 refuses '..' in an id", None


def _type(obj: Connection, is_uri: bool) -> Iterator[Trouble]:
    if not obj.conn_type:
        if not is_uri:  # of a URI it is told in more detail
            yield "AC313", "there is no conn_type, without which no hook is found", None
    elif obj.conn_type not in CONN_TYPES:
        near = nearest_type(obj.conn_type)
        if near:
            yield "AC311", f"the conn_type is unknown: did you mean {near!r}?", None
        else:
            yield "AC312", "the conn_type is none of the published providers'", None


@lru_cache(maxsize=4096)
def nearest_type(conn_type: str) -> str | None:
    """The known type that was probably meant."""
    name = conn_type[:80].strip().lower().replace("-", "_")
    if name in CONN_TYPES:
        return name
    near = get_close_matches(name, CONN_TYPES, n=1, cutoff=0.8)
    return _ALIASES.get(name) or (near[0] if near else None)


def _masks(obj: AirflowObject) -> Iterator[Trouble]:
    if hidden := hidden_fields(obj):
        yield "AC501", f"hidden where it comes from: {', '.join(hidden)}", None
    for name, text in texts(obj):
        if _OTHER_MASK.fullmatch(text.strip()):
            yield "AC502", f"a mark for something hidden would be taken for the value: {name}", None
        elif MASK in text:
            yield "AC503", f"*** is inside of a text, where Airflow may have hidden something: {name}", None


def texts(obj: AirflowObject) -> Iterator[tuple[str, str]]:
    """The texts in an object with the names of their fields. JSON is taken apart, and hidden leaves are left out."""
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, Text):
            parts = list(leaves(value))
            if not parts and isinstance(obj, Variable):
                yield name, value.text
            for path, leaf in parts:
                if path not in value.hidden:
                    yield f"{name}.{jsontext.show_path(path)}", leaf


def _blanks(obj: AirflowObject) -> Iterator[Trouble]:
    names = [name for name, text in secrets(obj) if _has_blanks(text)]
    if names:
        yield "AC504", f"blanks or line breaks at an end: {', '.join(names)}", None


def _has_blanks(text: str) -> bool:
    """Whether there are blanks at an end. The last line of several, as in a private key, may have its line break."""
    inner = text.strip()
    if "\n" in inner and text.endswith("\n"):
        text = text[:-1]
    return bool(inner) and text != inner
