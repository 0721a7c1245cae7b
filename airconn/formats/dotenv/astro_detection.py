"""Tells files of the Astro CLI by what only it writes, and what python-dotenv reads differently in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from airconn.formats.dotenv import astro_env, astro_save
from airconn.formats.dotenv.expansion import is_weighty
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.lines import entries as read_by_python_dotenv
from airconn.model import AirflowObject
from airconn.model.ambiguity import Ambiguity

_ENV_MASK = re.compile(rf"^[A-Za-z_][A-Za-z0-9_]*={re.escape(astro_env.MASK)}\r?$", re.MULTILINE)
_SAVE_MASK = re.compile(rf"^[A-Za-z_][A-Za-z0-9_]*={re.escape(astro_save.MASK)}$", re.MULTILINE)
_COMMANDS = {"astro-env": "astro env variable export", "astro-save": "astro deployment variable list --save"}


def detected(text: str) -> str | None:
    """The dialect of the Astro CLI that a text is in. None if it may be any other file.

    That is, for a file of `astro env`: a mask that only it writes, or an escaped `$` where each line has exactly the
    quotes and escapes that it writes. For one of `--save`: its mask, a line feed at the start and none at the end.
    """
    if "# secret" not in text and "\\$" not in text:
        return None
    is_env = _ENV_MASK.search(text) is not None or ("\\$" in text and astro_env.is_exact(text))
    if is_env and not any(entry.is_fault for entry in astro_env.entries(text)):
        return "astro-env"
    is_save = text.startswith("\n") and not text.endswith("\n") and _SAVE_MASK.search(text) is not None
    return "astro-save" if is_save and not any(entry.is_fault for entry in astro_save.entries(text)) else None


def with_doubts(
    found: Mapping[str, AirflowObject], text: str, name: str, entries: Iterable[Entry]
) -> dict[str, AirflowObject]:
    """The objects, by the names of their variables, with an ambiguity where python-dotenv reads another value.

    `entries` were read in the dialect `name`, which nothing but the text says.
    """
    theirs = {entry.name: entry.value for entry in read_by_python_dotenv(text) if entry.name}
    has_mask = _ENV_MASK.search(text) is not None
    ours = {entry.name: entry for entry in entries if entry.name in found}
    changed = dict(found)
    for key, entry in ours.items():
        value = entry.value or ""
        if key is None or theirs.get(key) == value or entry.comment:
            continue
        is_json = value.lstrip().startswith("{")  # which is none with python-dotenv's \$
        doubt = Ambiguity(
            "AC425",
            f"the file has the form of `{_COMMANDS[name]}` and is read so; python-dotenv reads it differently",
            f"--from-env-dialect {name} or python-dotenv settles it",
            blocks=name == "astro-env" and not has_mask and not is_json and is_weighty(key),
            is_minor=name == "astro-env" and has_mask,
        )
        changed[key] = replace(found[key], ambiguities=(*found[key].ambiguities, doubt))
    return changed
