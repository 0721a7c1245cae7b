"""Tells a text that SOPS has encrypted by its metadata, and what that says (getsops/sops, `stores`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airconn.patterns import pattern

_DOTENV = pattern(r"^sops_(mac|lastmodified|version)=", re.MULTILINE)
_YAML = pattern(r"^sops:[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_YAML_PART = pattern(r"^[ \t]+['\"]?(mac|lastmodified|version)['\"]?:", re.MULTILINE)
_JSON = pattern(r'"sops"\s*:\s*\{')
_PARTS = frozenset({"mac", "lastmodified", "version"})
CIPHERTEXT = pattern(
    r"ENC\[AES256_GCM,data:[^\],]*,iv:[^\],]*,tag:[^\],]*,type:(str|int|float|bool|time|bytes|comment)\]"
)
"""One encrypted value (`aes/cipher.go`)."""


class SopsType(str, Enum):
    """How SOPS reads a file: what its `--input-type` calls it."""

    YAML = "yaml"
    JSON = "json"
    DOTENV = "dotenv"
    BINARY = "binary"
    """A file of any other shape, which is one value in a JSON file."""


_KEYS = {
    "age": "age",
    "pgp": "PGP",
    "kms": "AWS KMS",
    "gcp_kms": "Google Cloud KMS",
    "azure_kv": "Azure Key Vault",
    "hc_vault": "Vault transit",
    "hckms": "Huawei Cloud KMS",
}
"""The kinds of keys by their names in the metadata, as messages call them."""
_RULES = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)


def type_of(text: str) -> SopsType | None:
    """The type of an encrypted text. None for a text without the metadata of SOPS, with `ENC[…]` in it or without."""
    if "sops" not in text or "mac" not in text:
        return None
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _type_of_json(text)
    if {match[1] for match in _DOTENV.finditer(text)} == _PARTS:
        return SopsType.DOTENV
    block = _YAML.search(text)
    if block is not None and {match[1] for match in _YAML_PART.finditer(text, block.end())} >= _PARTS:
        return SopsType.YAML
    return None


def _type_of_json(text: str) -> SopsType | None:
    if not _JSON.search(text):
        return None
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
    metadata = found.get("sops")
    if not isinstance(metadata, dict) or not metadata.keys() >= _PARTS:
        return None
    is_one_value = found.keys() == {"data", "sops"} and isinstance(found["data"], str)
    return SopsType.BINARY if is_one_value else SopsType.JSON


def type_of_path(path: str) -> SopsType:
    """The type that SOPS takes for a new file of this name (`cmd/sops/formats`)."""
    if path.endswith((".yaml", ".yml")):
        return SopsType.YAML
    if path.endswith(".json"):
        return SopsType.JSON
    return SopsType.DOTENV if path.endswith(".env") else SopsType.BINARY


@dataclass(frozen=True, slots=True)
class SopsMetadata:
    """What the metadata of a file says. It holds no secrets."""

    groups: Sequence[Mapping[str, Sequence[Mapping[str, Any]]]]
    """The groups of keys, each with its keys by their kinds. Most files have one."""
    threshold: int
    rules: Mapping[str, Any]
    """Which values are encrypted, as a rule of `.sops.yaml` says it."""

    @property
    def keys(self) -> str:
        """The keys in words, such as `age (2) and AWS KMS (1)`."""
        counts: dict[str, int] = {}
        for group in self.groups:
            for kind, keys in group.items():
                counts[kind] = counts.get(kind, 0) + len(keys)
        return " and ".join(f"{_KEYS[kind]} ({number})" for kind, number in counts.items()) or "no key"


def metadata_of(text: str, type_: SopsType) -> SopsMetadata:
    """The metadata of an encrypted text. Empty where it can't be read."""
    try:
        found = _raw_metadata(text, type_)
    except (ValueError, RecursionError):
        found = {}
    groups = [_group(group) for group in found.get("key_groups") or [found] if isinstance(group, dict)]
    rules = {name: found[name] for name in _RULES if found.get(name)}
    if str(found.get("mac_only_encrypted", "")).lower() == "true":
        rules["mac_only_encrypted"] = True
    threshold = str(found.get("shamir_threshold") or 0)
    return SopsMetadata(groups, int(threshold) if threshold.isdigit() else 0, rules)


def _group(found: Mapping[str, Any]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    named = {name: found.get(name) for name in _KEYS}
    return {
        name: [key for key in keys if isinstance(key, dict)]
        for name, keys in named.items()
        if isinstance(keys, list) and keys
    }


def _raw_metadata(text: str, type_: SopsType) -> Mapping[str, Any]:
    text = text.removeprefix("\ufeff")
    if type_ is SopsType.DOTENV:
        pairs = (line.partition("=") for line in text.splitlines() if line.startswith("sops_"))
        return _unflattened({name.removeprefix("sops_"): value for name, _, value in pairs})
    if type_ is SopsType.YAML:
        import yaml

        block = _YAML.search(text)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            found = yaml.load(text[block.start() :] if block else "", loader)  # noqa: S506 - a safe loader
        except yaml.YAMLError:
            return {}
    else:
        found = json.loads(text)
    metadata = found.get("sops") if isinstance(found, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _unflattened(flat: Mapping[str, str]) -> dict[str, Any]:
    """Metadata with names such as `age__list_0__map_recipient` as a tree (`stores/flatten.go`)."""
    root: dict[str, Any] = {}
    for name, value in flat.items():
        parts = re.split(r"__(list|map)_", name)
        node: Any = root
        key: Any = parts[0]
        for kind, part in zip(parts[1::2], parts[2::2], strict=True):
            below: Any = [] if kind == "list" else {}
            if isinstance(node, list):
                node.extend({} if kind == "map" else [] for _ in range(int(key) + 1 - len(node)))
                node = node[int(key)]
            else:
                node = node.setdefault(key, below)
            key = part
        if isinstance(node, dict):
            node[key] = value
    return root
