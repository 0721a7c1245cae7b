"""Texts in the place of a secret that aren't the secret: masks, references, ciphertext and templates of other tools.

`***` is not among them: it is Airflow's own mask, and a hidden value in the model (`model/redacted.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name
from airconn.model.objects import AirflowObject, Connection, Variable, field_values, value_fields
from airconn.model.secret_names import is_secret_name
from airconn.model.sensitive import is_sensitive_place, text_leaves
from airconn.model.text import Text


class PlaceholderType(str, Enum):
    """The type of a placeholder."""

    MASK = "mask"
    REFERENCE = "reference"
    CIPHERTEXT = "ciphertext"
    TEMPLATE = "template"

    @property
    def what(self) -> str:
        """What the text is, in words that follow 'is'."""
        return _WORDS[self][0]

    @property
    def way_out(self) -> str:
        """What to do to get the value, in words."""
        return _WORDS[self][1]


_WORDS = {
    PlaceholderType.MASK: ("a mask of another tool, not the value", "fill in the value"),
    PlaceholderType.REFERENCE: (
        "a reference to a secret that is elsewhere, not the value",
        "resolve it first, as 'op inject' or 'vals eval' do",
    ),
    PlaceholderType.CIPHERTEXT: ("encrypted, not the value", "decrypt the file first, as 'sops decrypt' does"),
    PlaceholderType.TEMPLATE: ("a template, not the value", "render the file first"),
}

# Jinja, Go and Helm; envsubst and Compose; Kubernetes; ERB; Terraform. None has two readings, so no text is slow.
_ONE_TEMPLATE = (
    r"(?:\{\{(?:(?!\}\}).)+\}\}|\{%(?:(?!%\}).)+%\}|\$\{[^{}]+\}|\$\([^()]+\)|<%(?:(?!%>).)+%>|%\{[^{}]+\})"
)
_PATTERNS = {
    PlaceholderType.MASK: (
        r"\*{4,}|[•●]{3,}|#\s*secret\b.*|<(?:hidden|redacted|secret|masked|sensitive)>"
        r"|\[(?:hidden|redacted|masked|filtered|secret)\]|\((?:sensitive(?: value)?|hidden|redacted)\)"
        r"|_*redacted_*"
    ),
    # 1Password, bank-vaults, vals, Chamber and others for AWS, Azure Key Vault, Berglas, Keeper, App Service.
    PlaceholderType.REFERENCE: (
        r"op://[^\s/]+/\S+|(?:>>)?vault:(?!v\d+:)[\w.-]*/[\w./-]+(?:#\S+)?|(?:secret)?ref\+[\w-]+://\S+"
        r"|(?:aws-?(?:sm|ssm|secrets?manager|secret)|akv|(?:gcp-?)?sm|berglas|keeper|keyvault)://\S+"
        r"|aws-(?:sm|ssm):\S+|@Microsoft\.KeyVault\(.+\)"
    ),
    # sops and eyaml, Jasypt, dotenvx, Ansible, Spring Cloud Config, Vault's transit engine, age, PGP, and a
    # token of Fernet, as Airflow's database holds it (at least 73 bytes, of which the first 5 never change).
    PlaceholderType.CIPHERTEXT: (
        r"ENC\[.+\]|ENC\([A-Za-z0-9+/=_-]{16,}\)|encrypted:[A-Za-z0-9+/=_-]{20,}|\$ANSIBLE_VAULT;.+"
        r"|\{cipher\}[A-Za-z0-9+/=_-]{16,}|vault:v\d+:[A-Za-z0-9+/=]{16,}"
        r"|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----.+"
        r"|gAAAAA[\w-]{92,}={0,2}"
    ),
    PlaceholderType.TEMPLATE: rf"{_ONE_TEMPLATE}(?:[\s:/._-]{{0,3}}{_ONE_TEMPLATE})*",
}
_ANY_CASE = {PlaceholderType.MASK, PlaceholderType.REFERENCE}
_WHOLE = [
    (type_, re.compile(pattern, re.DOTALL | (re.IGNORECASE if type_ in _ANY_CASE else 0)))
    for type_, pattern in _PATTERNS.items()
]
_CERTAIN = re.compile(
    r"\*{4,}|[•●]{3,}|#\s*secret\b.*|<(?:hidden|redacted|secret|masked)>|\[(?:hidden|redacted)\]"
    r"|ENC\[AES256_GCM,.+\]|\$ANSIBLE_VAULT;.+",
    re.IGNORECASE | re.DOTALL,
)
"""Masks that are nothing else in any field, and the ciphertext of tools that encrypt all of a file. `redacted` or
`(hidden)` aren't here: they may be a status or a label."""
_PASSWORD_IN_URI = re.compile(r"://[^\s:/?#@]{0,300}:([^\s:/?#@]{1,300})@")
_HINTS = re.compile(
    r"\*{4}|[•●]|\\u|#\s*secret|hidden|redacted|masked|filtered|sensitive|[<\[]secret|://|vault:|aws-s|@Microsoft\."
    r"|ENC[\[(]|encrypted:|\$ANSIBLE|\{cipher\}|-----BEGIN|gAAAAA|\{[{%]|\$[{(]|<%|%\{",
    re.IGNORECASE,
)
"""Characters that each placeholder has, so that JSON without any isn't taken apart. `\\u` may be any of them."""


_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A leaf that holds a placeholder. The path `()` is the whole field."""

    field: str
    path: JsonPath
    type: PlaceholderType

    @property
    def name(self) -> str:
        return leaf_name(self.field, self.path)


def type_of(text: str) -> PlaceholderType | None:
    """The type of the placeholder that a text is as a whole. None for other texts."""
    if not _HINTS.search(text):
        return None
    text = text.strip(_BLANKS)
    return next((type_ for type_, pattern in _WHOLE if pattern.fullmatch(text)), None)


def placeholders(obj: AirflowObject, *, masks_anywhere: bool = False) -> Iterator[Placeholder]:
    """The placeholders of an object in the place of a secret, and certain ciphertext in any field.

    With `masks_anywhere`, also certain masks in any field: `check` reports those, while an import takes a mask in a
    description as text. Hidden leaves and leaves that the user calls genuine don't count.
    """
    genuine: frozenset[tuple[str, JsonPath]] = getattr(obj, "genuine", frozenset())
    for field, value in zip(value_fields(obj.kind), field_values(obj), strict=True):
        for path, text in _texts(value):
            type_ = type_of(text)
            if (field, path) in genuine:
                continue
            if type_ is None:
                if _has_masked_password(text):
                    yield Placeholder(field, path, PlaceholderType.MASK)
                continue
            is_certain = (masks_anywhere or type_ is not PlaceholderType.MASK) and _CERTAIN.fullmatch(
                text.strip(_BLANKS)
            )
            if is_certain or _is_secret(obj, field, path, type_):
                yield Placeholder(field, path, type_)
    if isinstance(obj, Connection) and ("conn_type", ()) not in genuine and (whole := _type_of_whole(obj)):
        yield Placeholder("conn_type", (), whole)


_REFERENCE_TYPES = re.compile(
    r"op|akv|(?:gcp_)?sm|aws_?(?:sm|ssm|secrets?manager|secret)|berglas|keeper|keyvault|(?:secret)?ref\+.+|arn"
)
"""The conn_type of a connection whose whole value is a reference, read as a URI."""


def _type_of_whole(obj: Connection) -> PlaceholderType | None:
    """The type of the placeholder that a connection's whole value was before it was read as a URI."""
    conn_type = obj.conn_type or ""
    if _REFERENCE_TYPES.fullmatch(conn_type):
        return PlaceholderType.REFERENCE
    if obj.host not in (None, ""):
        return None
    if conn_type == "encrypted":
        return PlaceholderType.CIPHERTEXT
    # `vault` is a type of Airflow, whose connections have a host or an extra. `vault:secret/data/db#uri` has neither.
    is_path = isinstance(obj.schema, str) and "/" in obj.schema
    return PlaceholderType.REFERENCE if conn_type == "vault" and is_path and obj.extra is None else None


def _has_masked_password(text: str) -> bool:
    """Whether a URI in a text has a mask as its password."""
    if "://" not in text or "@" not in text:
        return False
    return any(type_of(unquote(match[1])) is PlaceholderType.MASK for match in _PASSWORD_IN_URI.finditer(text))


def _texts(value: object) -> Iterator[tuple[JsonPath, str]]:
    """The texts in a field that aren't hidden, with their paths."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, Text) and _HINTS.search(value.text):
        leaves = list(text_leaves(value))
        if not leaves:
            yield (), value.text
        for path, text in leaves:
            if path not in value.hidden:
                yield path, text


def _is_secret(obj: AirflowObject, field: str, path: JsonPath, type_: PlaceholderType) -> bool:
    """Whether a leaf holds a secret. A template may be the value itself (Airflow renders some), so it only counts
    under a name that Airflow hides."""
    if is_sensitive_place(obj, field, path) or (field == "extra" and not path):
        return True
    if type_ is PlaceholderType.TEMPLATE:
        return False
    own = (obj.key,) if isinstance(obj, Variable) and field == "value" else ()
    return any(isinstance(part, str) and is_secret_name(part) for part in (*own, *path))
