"""Tells files of the Astro CLI by what only it writes, and what others read differently in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from airconn.formats.dotenv import astro_env, astro_save
from airconn.formats.dotenv.lines import Entry
from airconn.model import AirflowObject, Kind
from airconn.patterns import pattern

_ENV_MASK = pattern(rf"^[A-Za-z_][A-Za-z0-9_]*={re.escape(astro_env.MASK)}\r?$", re.MULTILINE)
_SAVE_MASK = pattern(rf"^[A-Za-z_][A-Za-z0-9_]*={re.escape(astro_save.MASK)}$", re.MULTILINE)
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


def with_one_doubt(
    found: Mapping[str, AirflowObject], text: str, name: str, entries: Iterable[Entry]
) -> dict[str, AirflowObject]:
    """The objects, by the names of their variables, with one ambiguity for all that is read differently.

    `name` is the dialect, which nothing but the text says.
    """
    is_sure = name == "astro-save" or _ENV_MASK.search(text) is not None
    # JSON with an escaped $ in it is none to a reader that keeps the backslash.
    is_json = {entry.name: (entry.value or "").lstrip().startswith("{") for entry in entries if entry.name in found}
    return {
        key: _with_one_ambiguity(obj, name, is_sure=is_sure or (obj.kind is Kind.CONNECTIONS and is_json[key]))
        for key, obj in found.items()
    }


def _with_one_ambiguity(obj: AirflowObject, name: str, *, is_sure: bool) -> AirflowObject:
    of_readers = [found for found in obj.ambiguities if found.readers and not found.is_minor]
    if not of_readers:
        return obj
    readers = list(dict.fromkeys(reader for found in of_readers for reader in found.readers))
    places = [found.places for found in of_readers]
    ambiguity = replace(
        of_readers[0],
        rule="AC425",
        message=f"the file looks like the output of `{_COMMANDS[name]}` and is read as "
        f"such; other readers ({', '.join(readers)}) read it differently",
        way_out=f"--from-env-dialect {name} confirms this; another name selects another program",
        blocks=not is_sure and any(found.blocks for found in of_readers),
        readers=tuple(readers),
        places=None if None in places else frozenset(place for some in places for place in some or ()),
    )
    return replace(obj, ambiguities=(*(found for found in obj.ambiguities if found not in of_readers), ambiguity))
