"""The value of an environment variable as the program reads it that its document is for."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airconn.formats.environment.entries import KeyRef, Program
from airconn.model.jsontext import Number


@dataclass(frozen=True, slots=True)
class HeldValue:
    """A value, or why there isn't one."""

    text: str | None = None
    hidden: str = ""
    unread: str = ""
    expanded_by: str = ""
    key_ref: KeyRef | None = None


_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_HELM = re.compile(
    r"\{\{-?\s*(?:[.$]|[\"`][^{}]*\}\}|(?:include|tpl|template|if|else|end|with|range|printf|default|lookup)\b)"
)
"""A template of Helm or Go. Jinja's, which Airflow renders, start otherwise."""
_COMPOSE = re.compile(r"\$(?:(?P<escaped>\$)|[A-Za-z_]|\{(?=[A-Za-z_]))")
_KUBERNETES = re.compile(r"\$(?:(?P<escaped>\$)|\((?P<name>[^)]*)\))")
_TERRAFORM = re.compile(r"(?P<escaped>[$%]?)(?P<opening>[$%]\{)")
_GITHUB = re.compile(r"\$\{\{")
_QUOTED = "(put it in quotes)"
TEMPLATE = "is a template ({{ }}), not the value"


def read(value: Any, written: str | None, program: Program, *, is_encoded: bool = False) -> HeldValue:
    """The text that a program makes of a scalar. `written` is what is written in YAML, if that is odd."""
    if isinstance(value, bool):
        as_text = "true" if value else "false"
        if written not in (None, as_text):
            return HeldValue(unread=f"is a truth value, not a text {_QUOTED}")
        return HeldValue(as_text)
    if isinstance(value, Number):
        if written is not None or not _is_plain(value.text):
            return HeldValue(unread=f"is a number that programs write differently {_QUOTED}")
        return HeldValue(value.text)
    if written is not None and isinstance(value, str):
        return HeldValue(unread=f"is a value that programs read differently without quotes {_QUOTED}")
    if value is None:
        taken = "has no value, so Docker Compose takes that of the shell" if program is Program.COMPOSE else ""
        return HeldValue(unread=taken or "has no value")
    if not isinstance(value, str):
        return HeldValue(unread=f"is {'a list' if isinstance(value, list) else 'a mapping'}, not a text")
    return _decoded(value) if is_encoded else text(value, program)


def _is_plain(text: str) -> bool:
    """Whether programs write a number as it is written here: Go and Python agree on these."""
    is_fraction = re.fullmatch(r"-?[0-9]{1,9}\.[0-9]{1,6}", text) and repr(float(text)) == text
    return _PLAIN_NUMBER.fullmatch(text) is not None or bool(is_fraction and not text.endswith(".0"))


def _decoded(value: str) -> HeldValue:
    if _HELM.search(value):
        return HeldValue(unread=TEMPLATE)
    try:
        return HeldValue(base64.b64decode("".join(value.split()), validate=True).decode())
    except ValueError:  # which UnicodeDecodeError is, too
        return HeldValue(unread="is not UTF-8 text in base64")


def text(value: str, program: Program) -> HeldValue:
    """The text that a program makes of a text."""
    if _HELM.search(value) or (program is Program.HELM and "{{" in value):
        return HeldValue(unread=TEMPLATE)
    if _GITHUB.search(value):
        return HeldValue(unread="is an expression of GitHub Actions, not the value")
    if program in (Program.COMPOSE, Program.GITLAB):
        return _with_dollars(value, program)
    if program is Program.TERRAFORM:
        return _of_terraform(value)
    if program is Program.ARM and value.startswith("[") and value.endswith("]"):
        if value.startswith("[["):
            return HeldValue(value[1:])
        return HeldValue(unread="is an expression of the template, not the value")
    return HeldValue(value)


def _with_dollars(value: str, program: Program) -> HeldValue:
    """A text in which `$NAME` and `${NAME}` are references, and `$$` is a `$` (compose-go `template.go`)."""
    if any(not match["escaped"] for match in _COMPOSE.finditer(value)):
        return HeldValue(value, expanded_by=program.value)
    return HeldValue(value.replace("$$", "$"))


def _of_terraform(value: str) -> HeldValue:
    if any(not match["escaped"] for match in _TERRAFORM.finditer(value)):
        return HeldValue(unread="is a template of Terraform, not the value")
    return HeldValue(_TERRAFORM.sub(lambda match: match["opening"], value))


def of_kubernetes(value: str, known: Mapping[str, HeldValue]) -> HeldValue:
    """A value in which `$(NAME)` is a variable above it in the same list, and `$$` is a `$`.

    The rules are those of the kubelet (`makeEnvironmentVariables`). A name that isn't in the list may be that of a
    service, and is left as it is.
    """
    found = text(value, Program.PLAIN)
    if found.text is None or "$" not in value:
        return found
    hidden, unread, unknown = "", "", False

    def expanded(match: re.Match[str]) -> str:
        nonlocal hidden, unread, unknown
        if match["escaped"]:
            return "$"
        other = known.get(match["name"])
        if other is None:
            unknown = True
            return match[0]
        hidden = hidden or (f"has a part that {other.hidden}" if other.hidden else "")
        unread = unread or ("refers to a variable that can't be read" if other.text is None else "")
        unknown = unknown or bool(other.expanded_by)
        return other.text or ""

    end = value.rfind(")") + 1  # behind it, a $( is text, and looking for its end takes too long
    result = _KUBERNETES.sub(expanded, value[:end]) + value[end:].replace("$$", "$")
    if hidden or unread:
        return HeldValue(hidden=hidden, unread="" if hidden else unread)
    return HeldValue(value if unknown else result, expanded_by=Program.KUBERNETES.value if unknown else "")


def of_kustomize(value: str) -> HeldValue:
    """A literal of a generator: one pair of quotes around it doesn't count (kustomize `api/kv/kv.go`)."""
    if value[:1] in ("'", '"') and value[:1] == value[-1:]:
        return HeldValue(value[1:-1])
    return HeldValue(value)
