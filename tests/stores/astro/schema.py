"""The published schema of the Astro API, read strictly: which call a request is, and whether bodies are right.

`astro-openapi.yaml` says of itself where it is from. Its schemas allow fields that they don't name: here not.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from openapi_schema_validator import OAS30Validator

from tests.stores.site import Received

FILE = Path(__file__).parent / "astro-openapi.yaml"
_CODES = {
    "required": "required",
    "maxLength": "max",
    "maximum": "max",
    "maxItems": "max",
    "minLength": "min",
    "minimum": "min",
    "minItems": "min",
    "enum": "oneof",
    "additionalProperties": "unknown",
}


@dataclass(frozen=True)
class Wrong:
    """A field that isn't as the schema has it. `text` may quote the value."""

    field: str
    code: str
    text: str


@dataclass(frozen=True)
class Call:
    """A request that the schema has: its operation, and its parameters in their types."""

    operation: str
    path: dict[str, str]
    query: dict[str, Any]


@cache
def document() -> Any:
    return yaml.load(FILE.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def find_call(received: Received) -> Call | None:
    """The call of a request to `/v1/…`; None if there is no such path. Raises ValueError for a wrong method or query.

    The text of the error is the method's or the parameter's name.
    """
    for template, methods in document()["paths"].items():
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", "/v1" + template)
        match = re.fullmatch(pattern, received.path)
        if match is None:
            continue
        operation = methods.get(received.method.lower())
        if operation is None:
            raise ValueError(received.method)
        path = {name: unquote(text) for name, text in match.groupdict().items()}
        return Call(operation["operationId"], path, _query(received, operation))
    return None


def wrong_in_request(operation: str, body: Any) -> Iterator[Wrong]:
    """What is wrong in the body of a request."""
    asked = _operation(operation).get("requestBody")
    if asked is None:
        if body is not None:
            yield Wrong("", "unknown", "this call has no body")
        return
    schema = asked["content"]["application/json"]["schema"]
    name = schema["$ref"].rsplit("/", 1)[-1]
    if name == "UpdateDeploymentRequest":
        kind = body.get("type") if isinstance(body, dict) else None
        mapping = document()["components"]["schemas"][name]["discriminator"]["mapping"]
        if kind not in mapping:
            yield Wrong("type", "oneof", f"type must be one of {' '.join(mapping)}, not {kind!r}")
            return
        name = mapping[kind].rsplit("/", 1)[-1]
    yield from wrong_in(name, body)


def wrong_in_answer(operation: str, status: int, body: Any, *, strict: bool = True) -> Iterator[Wrong]:
    """What is wrong in an answer. The errors that the API documents in prose only are held to be errors as well."""
    if status >= 400:
        yield from wrong_in("Error", body)
        return
    content = _operation(operation)["responses"][str(status)].get("content")
    if content is None:
        if body not in (None, b"", ""):
            yield Wrong("", "unknown", "this answer has no body")
        return
    yield from wrong_in(content["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1], body, strict=strict)


def wrong_in(name: str, value: Any, *, strict: bool = True) -> Iterator[Wrong]:
    """What is wrong in a value of the schema of this name."""
    for error in _validator(name, strict).iter_errors(value):
        path = ".".join(str(part) for part in error.absolute_path)
        if error.validator == "required":
            missing = next(one for one in error.validator_value if one not in error.instance)
            path = f"{path}.{missing}".lstrip(".")
        yield Wrong(path, _CODES.get(str(error.validator), str(error.validator)), error.message)


def fields_of(name: str) -> set[str]:
    """The names of the fields that a schema has."""
    return set(document()["components"]["schemas"][name]["properties"])


@cache
def _operation(operation: str) -> Any:
    found = (one for methods in document()["paths"].values() for one in methods.values())
    return next(one for one in found if one["operationId"] == operation)


@cache
def _validator(name: str, strict: bool) -> Any:
    schemas = copy.deepcopy(document()["components"]["schemas"])
    for schema in schemas.values() if strict else ():
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    return OAS30Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})


def _query(received: Received, operation: Any) -> dict[str, Any]:
    known = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
    found: dict[str, Any] = {name: one["default"] for name, one in known.items() if "default" in one}
    lists: dict[str, list[str]] = {}
    for name, text in received.query:
        if name not in known:
            raise ValueError(name)
        schema = known[name]
        if schema["type"] == "array":
            lists.setdefault(name, []).append(text)
            found[name] = lists[name]
        else:
            if sum(other == name for other, _ in received.query) > 1:
                raise ValueError(name)
            try:
                found[name] = json.loads(text) if schema["type"] in ("integer", "boolean") else text
            except ValueError:
                raise ValueError(name) from None
        if next(OAS30Validator(schema).iter_errors(found[name]), None) is not None:
            raise ValueError(name)
    return found
