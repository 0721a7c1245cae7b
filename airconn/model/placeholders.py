"""Finds placeholders in objects: masks, references, ciphertext and templates in the place of a secret.

Their forms are in `model/placeholder_forms.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from urllib.parse import unquote

from airconn.airflow.masked_names import is_sensitive
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name
from airconn.model.objects import AirflowObject, Connection, Variable, field_values, value_fields
from airconn.model.placeholder_forms import Form, PlaceholderType, Reach, way_out
from airconn.model.placeholder_search import form_of, may_have_one
from airconn.model.redacted import MASK
from airconn.model.secret_names import is_hidden_name, is_secret_name
from airconn.model.sensitive import text_leaves
from airconn.model.text import Text
from airconn.patterns import pattern

_MASK, _TEMPLATE, _SAMPLE = PlaceholderType.MASK, PlaceholderType.TEMPLATE, PlaceholderType.SAMPLE

_DEEPEST = 5
"""The number of JSON texts inside of each other that are taken apart."""


class Weight(Enum):
    """What a placeholder does to an import."""

    BLOCKS = "blocks"
    WARNS = "warns"
    NOTED = "noted"
    """Only `airconn check` reports it."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A leaf that holds a placeholder. The path `()` is the whole field, and `conn_type` the whole connection."""

    field: str
    path: JsonPath
    form: Form
    weight: Weight = Weight.BLOCKS
    inside: JsonPath = ()
    """Where it is in the JSON text that the leaf is."""

    @property
    def name(self) -> str:
        return leaf_name(self.field, (*self.path, *self.inside))

    @property
    def place(self) -> str:
        """The leaf, as `--literal` names it."""
        return leaf_name(self.field, self.path)

    @property
    def type(self) -> PlaceholderType:
        return self.form.type

    @property
    def words(self) -> str:
        """What the leaf, or all of the connection, is instead of the value, as a clause."""
        if self.field == "conn_type":
            return f"all of it is {self.form.what}, not a connection"
        if self.type is _SAMPLE:
            return f"{self.name} looks like {self.form.what}"
        return f"{self.name} is {self.form.what}, not the value"

    @property
    def way_out(self) -> str:
        """What to do to get the value, in words."""
        return way_out(self.form)


def type_of(text: str) -> PlaceholderType | None:
    """The type of the placeholder that a text is as a whole. None for other texts."""
    form = form_of(text)
    return form.type if form else None


def placeholders(obj: AirflowObject, *, masks_anywhere: bool = False) -> Iterator[Placeholder]:
    """The placeholders of an object that block an import.

    With `masks_anywhere` also those in places that aren't of a secret and can't be anything else, as `check` reports.
    Texts to be filled in aren't among them (`samples`). Hidden leaves and leaves that the user calls genuine don't
    count.
    """
    for found in all_placeholders(obj):
        if found.type is not _SAMPLE and (masks_anywhere or found.weight is Weight.BLOCKS):
            yield found


def samples(obj: AirflowObject) -> Iterator[Placeholder]:
    """The texts in the places of secrets that look as if they were to be filled in."""
    return (found for found in all_placeholders(obj) if found.type is _SAMPLE)


def all_placeholders(obj: AirflowObject) -> Iterator[Placeholder]:
    """The placeholders of an object, whatever they do to an import."""
    genuine: frozenset[tuple[str, JsonPath]] = getattr(obj, "genuine", frozenset())
    values = field_values(obj)
    texts = [value.text if type(value) is Text else value for value in values if type(value) in _TEXTS]
    if _may_have_one("\n".join(texts)):
        for field, value in zip(value_fields(obj.kind), values, strict=True):
            for path, text in _texts(value):
                if (field, path) not in genuine:
                    yield from _in_text(obj, field, path, text)
    if isinstance(obj, Connection) and ("conn_type", ()) not in genuine and (whole := _form_of_whole(obj)):
        yield Placeholder("conn_type", (), whole)


_TEXTS = frozenset((str, Text))


def is_whole(obj: AirflowObject) -> bool:
    """Whether a connection is a placeholder as a whole, and the user doesn't say otherwise."""
    return isinstance(obj, Connection) and ("conn_type", ()) not in obj.genuine and _form_of_whole(obj) is not None


def first_of_each_form(found: Iterable[Placeholder]) -> list[Placeholder]:
    """The placeholders without further ones of the same form in the JSON text that one leaf is."""
    firsts: dict[tuple[str, str], Placeholder] = {}
    for each in found:
        firsts.setdefault((each.place, each.form.what), each)
    return list(firsts.values())


def stands_for_all(text: str) -> bool:
    """Whether a connection's whole value is a placeholder, before it is read as a URI."""
    form = form_of(text)
    return form is not None and form.type is not _SAMPLE


def whole_words(text: str) -> tuple[str, str] | None:
    """The words about a connection that is a placeholder as a whole, and the way out. None for other texts."""
    form = form_of(text)
    return (f"all of it is {form.what}, not a connection", way_out(form)) if form else None


def placeholder_in(uri: str) -> str:
    """What to say of the placeholder that a URI has as its password. Empty without one."""
    match = _ANY_PASSWORD_IN_URI.search(uri)
    form = form_of(unquote(match[1])) if match else None
    return f"its password is {form.what}, not the value: {way_out(form)}" if form else ""


_ANY_PASSWORD_IN_URI = pattern(r"://[^\s:/?#@]{0,300}:(.{1,300})@", re.DOTALL)


def _form_of_whole(obj: Connection) -> Form | None:
    """The form of the placeholder that a connection's whole value was."""
    return form_of(obj.stands_for) if obj.stands_for else _form_of_type(obj.conn_type)


@lru_cache(maxsize=1024)
def _form_of_type(conn_type: str) -> Form | None:
    """The form of the references that look like URIs with this conn_type."""
    return form_of(f"{conn_type.replace('_', '-')}://x/x") if conn_type else None


def _texts(value: object) -> Iterator[tuple[JsonPath, str]]:
    """The texts in a field that aren't hidden and may have a placeholder, with their paths."""
    if isinstance(value, str):
        if _may_have_one(value):
            yield (), value
    elif isinstance(value, Text) and _may_have_one(value.text):
        leaves = list(text_leaves(value))
        if not leaves:
            yield (), value.text
        for path, text in leaves:
            if path not in value.hidden:
                yield path, text


def _may_have_one(text: str) -> bool:
    """Whether a text, or JSON with escapes in it, may have a placeholder."""
    return "\\" in text or MASK in text or may_have_one(text)


def _in_text(
    obj: AirflowObject, field: str, path: JsonPath, text: str, inside: JsonPath = (), depth: int = 0
) -> Iterator[Placeholder]:
    """The placeholder that a leaf is, or those in the JSON text that it is."""
    place = (*path, *inside)
    if inside and text == MASK:  # Airflow's own: in a text it isn't a hidden leaf of the model
        yield Placeholder(field, path, _AIRFLOWS_MASK, inside=inside)
    elif form := form_of(text):
        if weight := _weight(obj, field, place, form):
            yield Placeholder(field, path, form, weight, inside)
    elif (path or field == "password") and depth < _DEEPEST and text.lstrip()[:1] in ("{", "["):
        for below, leaf in text_leaves(Text(text)):
            yield from _in_text(obj, field, path, leaf, (*inside, *below), depth + 1)
    elif form := _form_in_part(text, is_secret=_is_secret(obj, field, place)):
        yield Placeholder(field, path, form, inside=inside)


_AIRFLOWS_MASK = Form(_MASK, "a mask of Airflow", "", (), (), Reach.ANYWHERE)


def _weight(obj: AirflowObject, field: str, path: JsonPath, form: Form) -> Weight | None:
    """What a placeholder at a place does to an import. None if it is everyday there."""
    if _belongs_to_secrets(obj, field, path, form):
        return Weight.WARNS if form.type is _SAMPLE else Weight.BLOCKS
    if form.reach is not Reach.ANYWHERE:
        return None
    if form.type is PlaceholderType.CIPHERTEXT or (field == "login" and form.type is _MASK):
        return Weight.BLOCKS  # all of the file is encrypted, or the login is masked like the password
    return Weight.NOTED if field == "description" else Weight.WARNS


def _belongs_to_secrets(obj: AirflowObject, field: str, path: JsonPath, form: Form) -> bool:
    if field == "password" and isinstance(obj, Connection):
        return True
    if field == "extra" and not path:
        return form.type is not _SAMPLE
    if form.reach is Reach.PASSWORDS:
        return False
    return _is_secret(obj, field, path, is_strict=form.type in (_TEMPLATE, _SAMPLE))


_IDS = pattern(r"(?:keys?|sessions?|cookies?|signatures?|nonce|auth|ticket|private|pem)$", re.IGNORECASE)
"""The ends of names of secrets that are everyday names in a variable as well: `cache_key`, `session`."""
_PLACES = pattern(r"(?:^|[_.-])(?:file|dir|ref|reference)$", re.IGNORECASE)
"""The ends of names that say where a secret is."""


def _is_secret(obj: AirflowObject, field: str, path: JsonPath, *, is_strict: bool = False) -> bool:
    """Whether a leaf holds a secret, by its names.

    `is_strict` is for texts that may be the value itself (Airflow renders some templates): names that are only
    sometimes those of secrets don't count.
    """
    if isinstance(obj, Connection) and field == "password":
        return True
    own = (obj.key,) if isinstance(obj, Variable) and field == "value" else ()
    names = [part for part in (*own, *path) if isinstance(part, str)]
    if not names:
        return False
    if any(map(is_sensitive, names[:-1])):
        return True
    last = names[-1]
    if is_strict and _PLACES.search(last):
        return False
    if is_sensitive(last) and is_hidden_name(last):
        return True
    wide = is_strict and not isinstance(obj, Connection)
    return any(is_secret_name(name) and not (wide and _IDS.search(name)) for name in names)


_PASSWORD_IN_URI = pattern(r"://[^\s:/?#@]{0,300}:([^\s:/?#@]{1,300})@")
_TEMPLATE_IN_URI = pattern(r"://[^\s:/?#@]{0,300}:([$%#]?[{(<][^@/]{1,300}[})>])@")
_SETTING = pattern(
    r"(?:^|[;&?\s])[\w.]{0,40}(?:passw(?:or)?d|pwd|secret|token|api_?key|account_?key|access_?key)"
    r"\s?=\s?([^\s;&=]{3,300})(?=[;&\s]|$)",
    re.IGNORECASE,
)


def _form_in_part(text: str, *, is_secret: bool) -> Form | None:
    """The form of the password that a text has in it, in a URI or as in `password=…`.

    A template only counts in the place of a secret, and a text to be filled in isn't looked for.
    """
    is_uri = "://" in text and "@" in text
    if not is_uri and "=" not in text:
        return None
    patterns = (_PASSWORD_IN_URI, _TEMPLATE_IN_URI) if is_uri else (_SETTING,)
    found = (form_of(unquote(match[1])) for pattern in patterns for match in pattern.finditer(text))
    return next((form for form in found if form and _counts_in_part(form, is_secret=is_secret)), None)


def _counts_in_part(form: Form, *, is_secret: bool) -> bool:
    if form.type is _TEMPLATE:
        return is_secret
    return form.type is not _SAMPLE and form.reach is not Reach.PASSWORDS
