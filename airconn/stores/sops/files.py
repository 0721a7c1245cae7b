"""Decrypts the texts of files, and encrypts them again so that only what was changed is another ciphertext."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from airconn.errors import AirconnError, BlockedError, InputError, TargetError, UsageError
from airconn.formats.sops import changes
from airconn.formats.sops.clear import clear_text, grafted
from airconn.formats.sops.sealed import CIPHERTEXT, SopsType, metadata_of, type_of, type_of_path
from airconn.stores.sops.program import (
    MAC_MISMATCH,
    NO_KEY,
    NO_RULE,
    OLDEST,
    UNDECRYPTED,
    SopsAnswer,
    SopsProgram,
    scratch,
)

_IN_GROUP = {"gcp_kms": "gcp_kms", "hckms": "hckms", "kms": "kms", "azure_kv": "azure_keyvault"}


def decrypted(sealed: str, type_: SopsType, program: SopsProgram, where: str) -> str:
    """What SOPS prints of an encrypted text. Raises `InputError`."""
    stdin = "/dev/stdin" if Path("/dev/stdin").exists() else None
    args = ["--decrypt", "--input-type", type_.value, "--output-type", type_.value]
    answer = program.call([*args, stdin] if stdin else ["decrypt", *args[1:]], sealed.removeprefix("\ufeff"), where)
    if answer.code:
        raise _refused(answer, sealed, type_, where)
    return answer.out


def clear(sealed: str, program: SopsProgram, where: str) -> str:
    """The text of an encrypted file in clear, each value in the line that it has in the file. Raises `InputError`."""
    type_ = type_of(sealed)
    assert type_ is not None  # noqa: S101 - callers have looked
    return clear_text(sealed, decrypted(sealed, type_, program, where), type_)


def changed(
    sealed: str, old: str, new: str, program: SopsProgram, where: str, *, kept: Collection[changes.Path] = ()
) -> str:
    """The encrypted text with the values of `new` instead of those of `old`, its clear text.

    What is at a `kept` place stays as it is. All other ciphertexts, the keys and the comments stay to the byte.
    Raises `InputError`, and `BlockedError` for a change that SOPS can't make exactly.
    """
    type_ = type_of(sealed)
    assert type_ is not None  # noqa: S101 - callers have looked
    try:
        change = changes.change_of(sealed, old, new, type_, kept)
        for step in (*change.batch, *change.steps):
            step.index  # noqa: B018 - raises for a key that can't be an argument, before the first call
    except BlockedError as error:
        raise BlockedError(error.message, where=where, hint=error.hint) from None
    if not change.steps:
        return sealed
    result = _carried_out(change.base, change.batch, sealed, type_, program, where) if change.batch else ""
    if not result or not _has_all_of(sealed, result):
        result = _carried_out(change.base, change.steps, sealed, type_, program, where)
    if change.keeps_shape:
        result = grafted(sealed, result, type_)
    _refuse_inexact(result, change.result, type_, program, where)
    return result


def _has_all_of(sealed: str, result: str) -> bool:
    """Whether a text has all ciphertexts of another one, comments among them. Only the MAC is another."""
    there = {match[0] for match in CIPHERTEXT.finditer(result)}
    return sum(match[0] not in there for match in CIPHERTEXT.finditer(sealed)) <= 1


def _carried_out(
    base: str, steps: Sequence[changes.SopsStep], sealed: str, type_: SopsType, program: SopsProgram, where: str
) -> str:
    """The text `base` after these steps. `sealed` is the text of the file."""
    types = ["--input-type", type_.value, "--output-type", type_.value]
    with scratch(base) as file, scratch(_layout_of(sealed)) as layout:
        files = (*file.files, *layout.files)
        for step in steps:
            command = ["unset"] if step.value is None else ["set", "--value-stdin"]
            args = ["--config", layout.path, *command, *types, file.path, step.index]
            answer = program.call(args, step.value or "", where, files=files)
            if answer.code:
                raise _refused_change(answer, sealed, type_, program, where)
        return file.text()


class NoRuleError(UsageError):
    """No rule and no variable names keys for a new file."""


def encrypted(
    new: str, path: Path, program: SopsProgram, *, config: Path | None = None, like: str | None = None
) -> str:
    """A text encrypted as a file of this path: by the rules of `config`, or with the keys of the text `like`.

    Without either, with the keys that `SOPS_*` variables name. Raises `NoRuleError` without keys, `UsageError`
    without a program that can do it, `TargetError` if SOPS fails, and `BlockedError` for a text that SOPS can't keep
    exactly.
    """
    where = str(path)
    if program.path() is None:
        raise program.missing_for_new(where)
    type_ = (type_of(like) if like is not None else None) or type_of_path(where)
    _refuse_lines(new, type_, where)
    name = os.path.abspath(path)  # noqa: PTH100 - as SOPS makes it
    args = ["encrypt", "--input-type", type_.value, "--output-type", type_.value, "--filename-override", name]
    with scratch("" if like is None else _config_like(like)) as own:
        chosen = own.path if like is not None else str(config.absolute()) if config is not None else ""
        answer = program.call([*(["--config", chosen] if chosen else []), *args], new, where, files=own.files)
    if answer.code:
        raise _not_encrypted(answer, program, where)
    _refuse_inexact(answer.out, new, type_, program, where)
    return answer.out


def _refuse_lines(new: str, type_: SopsType, where: str) -> None:
    if type_ is SopsType.DOTENV and any(line and line[0] != "#" and "=" not in line for line in new.split("\n")):
        raise BlockedError(
            "sops can't hold a value of several lines in a .env file",
            where=where,
            hint="write YAML or JSON, such as -o secrets.enc.yaml",
            topic="sops",
        )


def _refuse_inexact(sealed: str, new: str | Sequence[Any], type_: SopsType, program: SopsProgram, where: str) -> None:
    """Raises `BlockedError` unless an encrypted text has exactly the values that it is to have."""
    try:
        back = clear(sealed, program, where)
    except InputError as error:
        raise BlockedError(
            f"what sops has encrypted can't be read back: {error.message}",
            where=where,
            hint=error.hint,
        ) from None
    if not changes.is_same(back, new, type_):
        raise BlockedError(
            "sops would change other values as well: it keeps no numbers such as 1.50 or dates as they are written",
            where=where,
            hint="write these values as texts in quotes",
            topic="sops",
        )


def _layout_of(sealed: str) -> str:
    """A configuration of SOPS with which it indents a text as it is indented already."""
    found = re.search(r"^( +)\S", sealed, re.MULTILINE) if sealed.lstrip("\ufeff \t\r\n").startswith("{") else None
    in_json = len(found[1]) if found else -1
    found = re.search(r"^[^\s#-][^\n]*:[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*( +)[^\s#-]", sealed, re.MULTILINE)
    in_yaml = len(found[1]) if found else 4
    stores = {"json": {"indent": in_json}, "json_binary": {"indent": in_json}, "yaml": {"indent": in_yaml}}
    return json.dumps({"stores": stores})


def _config_like(sealed: str) -> str:
    """A configuration of SOPS whose one rule has the keys and the choices of an encrypted text."""
    type_ = type_of(sealed)
    metadata = metadata_of(sealed, type_) if type_ else None
    if metadata is None or not any(metadata.groups):
        raise BlockedError("the keys of this encrypted file can't be read")
    groups = [
        {name: value for kind, keys in group.items() for name, value in _in_rule(kind, keys)}
        for group in metadata.groups
    ]
    rule: dict[str, Any] = {"key_groups": groups, **metadata.rules}
    if metadata.threshold:
        rule["shamir_threshold"] = metadata.threshold
    stores = json.loads(_layout_of(sealed))["stores"]
    return json.dumps({"creation_rules": [rule], "stores": stores})


def _in_rule(kind: str, keys: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """The keys of a kind as a rule has them (`config.go`, `keyGroup`), from their metadata (`stores.go`)."""
    if kind == "age":
        return [("age", [key["recipient"] for key in keys])]
    if kind == "pgp":
        return [("pgp", [key["fp"] for key in keys])]
    if kind == "kms":
        names = ("arn", "role", "context", "aws_profile")
        return [("kms", [{name: key[name] for name in names if key.get(name)} for key in keys])]
    if kind == "gcp_kms":
        return [("gcp_kms", [{"resource_id": key["resource_id"]} for key in keys])]
    if kind == "hckms":
        return [("hckms", [{"key_id": key["key_id"]} for key in keys])]
    if kind == "azure_kv":
        found = [
            {"vaultUrl": key["vault_url"], "key": key["name"], "version": key.get("version", "")} for key in keys
        ]
        return [("azure_keyvault", found)]
    return [("hc_vault", [f"{key['vault_address']}/v1/{key['engine_path']}/keys/{key['key_name']}" for key in keys])]


def _refused(answer: SopsAnswer, sealed: str, type_: SopsType, where: str) -> InputError:
    """The error for a text that SOPS doesn't decrypt. What SOPS says itself may have values in it."""
    if answer.code in MAC_MISMATCH or answer.code in UNDECRYPTED:
        return InputError(
            "the MAC of this encrypted file doesn't fit: it was changed without sops, by hand or by a merge",
            where=where,
            hint="take an older version of it from git; sops decrypt --ignore-mac shows it as it is",
            topic="sops",
        )
    if answer.code == NO_KEY:
        return InputError(
            f"sops has no key for this file, which is encrypted for {metadata_of(sealed, type_).keys}",
            where=where,
            hint="for age set SOPS_AGE_KEY_FILE, for a cloud log in; sops decrypt on the file says what it tried",
            topic="sops",
        )
    return InputError(
        f"sops can't decrypt this file (its exit code is {answer.code})",
        where=where,
        hint="run sops decrypt on the file to see why",
        topic="sops",
    )


def _refused_change(
    answer: SopsAnswer, sealed: str, type_: SopsType, program: SopsProgram, where: str
) -> AirconnError:
    if too_old := _too_old(program, where):
        return too_old
    if answer.code in MAC_MISMATCH or answer.code in UNDECRYPTED or answer.code == NO_KEY:
        return _refused(answer, sealed, type_, where)
    return BlockedError(
        f"sops refuses to change this file (its exit code is {answer.code})",
        where=where,
        hint="export it again with --replace, which encrypts the whole file anew",
        topic="sops",
    )


def _not_encrypted(answer: SopsAnswer, program: SopsProgram, where: str) -> AirconnError:
    if too_old := _too_old(program, where):
        return too_old
    if answer.code == NO_RULE or "no keys provided" in answer.errors or "no matching creation rules" in answer.errors:
        return NoRuleError(
            "sops doesn't know for which keys to encrypt this file",
            where=where,
            hint="write a creation rule for its path into .sops.yaml, or set SOPS_AGE_RECIPIENTS or the like",
            topic="sops",
        )
    return TargetError(
        f"sops can't encrypt this file (its exit code is {answer.code})",
        where=where,
        hint="the keys or the rules may be wrong: run sops encrypt on any file of that name to see why",
        topic="sops",
    )


def _too_old(program: SopsProgram, where: str) -> UsageError | None:
    version = program.version()
    if version is None or version >= OLDEST:
        return None
    has, needs = (".".join(map(str, one)) for one in (version, OLDEST))
    return UsageError(
        f"sops {has} is too old to write files without showing values to other programs: {needs} or newer is needed",
        where=where,
        hint="install a newer one: https://github.com/getsops/sops/releases",
        topic="sops",
    )
