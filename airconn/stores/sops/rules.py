"""Finds the `.sops.yaml` whose creation rules count for a new file (getsops/sops, `config/config.go`)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NAME = ".sops.yaml"
_DEPTH = 100


def config_for(path: Path, environ: Mapping[str, str]) -> Path | None:
    """The configuration of SOPS that has a creation rule for a file, as far as that can be told without SOPS.

    SOPS looks upwards from the working directory, or takes `SOPS_CONFIG`. What is found upwards from the file counts
    as well, so that a file in another project isn't written in clear.
    """
    named = environ.get("SOPS_CONFIG")
    found = [Path(named)] if named else [above(Path.cwd()), above(Path(os.path.abspath(path)).parent)]  # noqa: PTH100
    return next((one for one in found if one is not None and has_rule(one, path)), None)


def above(directory: Path) -> Path | None:
    """The configuration of SOPS in a directory, or the first one above it."""
    for one in [directory, *directory.parents][:_DEPTH]:
        if (one / _NAME).exists():
            return one / _NAME
    return None


def has_rule(config: Path, path: Path) -> bool:
    """Whether a configuration may have a creation rule for a file. One that can't be read may: SOPS then says why."""
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found: Any = yaml.load(config.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe loader
    except (OSError, ValueError, yaml.YAMLError):
        return True
    rules = found.get("creation_rules") if isinstance(found, dict) else None
    if not isinstance(rules, list):
        return False
    base = f"{Path(os.path.abspath(config)).parent}{os.sep}"  # noqa: PTH100 - as SOPS does
    name = os.path.abspath(path).removeprefix(base)  # noqa: PTH100
    return any(_matches(rule, name) for rule in rules if isinstance(rule, dict))


def _matches(rule: Mapping[str, Any], name: str) -> bool:
    pattern = rule.get("path_regex") or ""
    try:
        return not pattern or re.search(str(pattern), name) is not None
    except re.error:  # Go may know it
        return True
