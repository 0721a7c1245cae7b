"""Plan files: a plan to be reviewed, which `airconn apply` carries out unchanged or refuses.

It holds no value of any object: it has the request, the steps, and digests of what the sources and the target
held.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airconn import trust
from airconn.addresses import is_file, is_glob
from airconn.errors import BlockedError, InputError, UsageError
from airconn.model import REDACTED, Bundle, Text, value_fields
from airconn.quoting import shown_address
from airconn.report.results import step_json
from airconn.transfer.importing import Import
from airconn.transfer.request_json import as_json, import_request
from airconn.transfer.requests import ImportRequest

SCHEMA_VERSION = 3
_KEYS = {"target": str, "digests": dict, "objects": list}
_HINT = "make one with: airconn import SOURCE --plan-out FILE"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The content of a plan file."""

    path: str
    target: str
    """The target in words, with the version of its Airflow."""
    request: ImportRequest
    digests: Mapping[str, Any]
    objects: list[Any]


Section = Mapping[str, Any]
"""The part of a plan file that is about one target."""


def section(prepared: Import, request: ImportRequest) -> Section:
    """The plan of one target as JSON."""
    salt = secrets.token_hex(16)
    return {
        "target": prepared.target,
        "request": as_json(request),
        "digests": {"salt": salt, **_digests(prepared, ascii(salt))},
        "objects": [step_json(step) for step in prepared.plan.steps],
    }


def dump(prepared: Import, request: ImportRequest) -> str:
    """The text of a plan file."""
    return _dumped(section(prepared, request))


def dump_all(sections: Sequence[Section]) -> str:
    """The text of a plan file for several targets."""
    return _dumped({"targets": list(sections)})


def _dumped(found: Mapping[str, Any]) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, **found}, indent=2, ensure_ascii=False)


def load(path: Path) -> Sequence[PlanFile]:
    """Reads a plan file: the plan of each of its targets. Raises `InputError`."""
    found = _found(path)
    if found["schema_version"] != SCHEMA_VERSION:
        hint = "make a new plan with: airconn import SOURCE --plan-out FILE"
        raise InputError("this plan file was made by another version of airconn", where=str(path), hint=hint)
    return [_plan_of(one, path) for one in found.get("targets", [found])]


def _plan_of(found: Section, path: Path) -> PlanFile:
    try:
        request = import_request(found.get("request"))
    except ValueError:
        raise InputError("it has options that this version of airconn doesn't know", where=str(path)) from None
    return PlanFile(str(path), found["target"], request, found["digests"], found["objects"])


def _found(path: Path) -> dict[str, Any]:
    """The JSON of a plan file of any version. Raises `InputError`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no such file", where=shown_address(str(path)), hint=_HINT) from None
    except (OSError, ValueError, RecursionError):
        raise InputError("not a plan file", where=str(path), hint=_HINT) from None
    if not isinstance(found, dict) or not isinstance(found.get("schema_version"), int):
        raise InputError("not a plan file", where=str(path), hint=_HINT)
    sections = found.get("targets", [found])
    if not isinstance(sections, list) or not sections or not all(map(_is_section, sections)):
        raise InputError("not a plan file", where=str(path), hint=_HINT)
    return found


def _is_section(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(found.get(key), kind) for key, kind in _KEYS.items())


def refuse_other_file(path: Path) -> None:
    """Raises `UsageError` where a plan would replace a file that isn't a plan, such as its own source."""
    if str(path) == "-":
        raise UsageError("a plan is written to a file", hint="name one: --plan-out plan.json")
    if path.exists():
        try:
            _found(path)
        except InputError:
            raise UsageError(
                "this file exists already, and is not a plan", where=str(path), hint="choose another name"
            ) from None


def addresses(request: ImportRequest) -> tuple[str, ...]:
    """The addresses that a request names."""
    return (*((request.to,) if request.to else ()), *request.sources, *request.fills)


def refuse_untrusted(request: ImportRequest, where: str | None = None) -> None:
    """Raises `UsageError` for an address that `airconn apply` doesn't take from a plan file (`airconn.trust`)."""
    for address in addresses(request):
        if why := trust.refusal(address):
            raise UsageError(
                f"the {address.partition(':')[0]}: address {why}, and a plan may not do that",
                where=where,
                hint="name the address in your own config.toml, and use @name",
            )


def refuse_missing(request: ImportRequest) -> None:
    """Raises `InputError` for a file among the sources that isn't there, seen from the directory of this process."""
    for source in request.sources:
        if source.startswith(("@", "-")) or is_glob(source):
            continue
        if is_file(source) and not os.path.lexists(source):
            hint = "run airconn apply in the directory where the plan was made"
            raise InputError("no such file", where=shown_address(source), hint=hint)


def refuse_change(planned: PlanFile, prepared: Import) -> None:
    """Raises `BlockedError` unless sources, target and plan are the same as when the file was made."""
    salt = ascii(planned.digests.get("salt", ""))
    now = _digests(prepared, salt)
    hint = "make a new plan with: airconn import … --plan-out FILE"
    for what, said in (("sources", "what the sources hold"), ("target", "what the target holds")):
        if planned.digests.get(what) != now[what]:
            raise BlockedError(f"{said} has changed since the plan was made", where=planned.path, hint=hint)
    steps = json.loads(json.dumps([step_json(step) for step in prepared.plan.steps]))
    if planned.target != prepared.target:
        raise BlockedError(
            f"the plan was made for {planned.target}, and this is {prepared.target}", where=planned.path
        )
    if planned.objects != steps:
        raise BlockedError("the plan would be different now", where=planned.path, hint=hint)


def _digests(prepared: Import, salt: str) -> dict[str, str]:
    return {"sources": _digest(prepared.loaded.bundle, salt), "target": _digest(prepared.present, salt)}


def _digest(bundle: Bundle, salt: str) -> str:
    """One digest of all objects together. It is slow on purpose, so that guessing their values is slow too."""
    objects = [
        [obj.kind.value, obj.id, {name: _shown(getattr(obj, name)) for name in value_fields(obj.kind)}]
        for obj in bundle
    ]
    text = json.dumps(objects, sort_keys=True).encode()
    return hashlib.scrypt(text, salt=salt.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def _shown(value: Any) -> Any:
    if value is REDACTED:
        return ["hidden"]
    if isinstance(value, Text):
        return [value.text, [list(path) for path in value.hidden]]
    return value
