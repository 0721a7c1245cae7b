"""A plan in a file, to be looked at and then carried out as it is, or not at all.

It holds no value of any object: it says where the sources are and how they are read, and has digests of what they and
the target held.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airconn import trust
from airconn.errors import BlockedError, InputError, UsageError
from airconn.model import REDACTED, Bundle, Text, value_fields
from airconn.quoting import shown_address
from airconn.report import step_json
from airconn.transfer.importing import Import

SCHEMA_VERSION = 1
_KEYS = {"schema_version": int, "target": str, "options": dict, "digests": dict, "objects": list}


@dataclass(frozen=True, slots=True)
class PlanFile:
    """What a plan file says."""

    path: str
    target: str
    """The place in words, with the version of the Airflow."""
    options: Mapping[str, Any]
    """What the command line said, sources and target included."""
    digests: Mapping[str, str]
    objects: list[Any]


def dump(prepared: Import, options: Mapping[str, Any]) -> str:
    """The text of a plan file. `options` are what JSON holds."""
    salt = secrets.token_hex(16)
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "target": prepared.target,
            "options": options,
            "digests": {"salt": salt, **_digests(prepared, ascii(salt))},
            "objects": [step_json(step) for step in prepared.plan.steps],
        },
        indent=2,
        ensure_ascii=False,
    )


def load(path: Path) -> PlanFile:
    """Reads a plan file. Raises `InputError`."""
    hint = "make one with: airconn import SOURCE --plan-out FILE"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", where=shown_address(str(path)), hint=hint) from None
    except (OSError, ValueError, RecursionError):
        raise InputError("this is no plan file", where=str(path), hint=hint) from None
    if not isinstance(found, dict) or any(not isinstance(found.get(key), kind) for key, kind in _KEYS.items()):
        raise InputError("this is no plan file", where=str(path), hint=hint)
    if found["schema_version"] != SCHEMA_VERSION:
        raise InputError("this plan file was made by another version of airconn", where=str(path), hint=hint)
    return PlanFile(str(path), found["target"], found["options"], found["digests"], found["objects"])


def refuse_other_file(path: Path) -> None:
    """Raises `UsageError` where a plan would take the place of something that is no plan, such as its own source."""
    if str(path) == "-":
        raise UsageError("a plan goes to a file", hint="name one: --plan-out plan.json")
    if path.exists():
        try:
            load(path)
        except InputError:
            raise UsageError(
                "there is a file already, and it is no plan", where=str(path), hint="choose another name"
            ) from None


def refuse_untrusted(options: Mapping[str, Any], where: str | None = None) -> None:
    """Raises `UsageError` for an address that `airconn apply` wouldn't take from anybody's plan (`airconn.trust`)."""
    for address in (options["to"] or "", *options["sources"], *options["fill"]):
        if why := trust.refusal(address):
            raise UsageError(
                f"the {address.partition(':')[0]}: address {why}, and a plan isn't trusted with that",
                where=where,
                hint="give the address a name in your own config.toml, and say @name",
            )


def refuse_change(planned: PlanFile, prepared: Import) -> None:
    """Raises `BlockedError` unless sources, target and plan are what they were when the file was made."""
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
        raise BlockedError("the plan would be another one now", where=planned.path, hint=hint)


def _digests(prepared: Import, salt: str) -> dict[str, str]:
    return {"sources": _digest(prepared.loaded.bundle, salt), "target": _digest(prepared.present, salt)}


def _digest(bundle: Bundle, salt: str) -> str:
    """One digest of all objects together. It is slow on purpose: so is guessing at what they hold."""
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
