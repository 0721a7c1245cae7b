"""Reads a .env file of plain names as variables, if `--kind variables` says that it holds some.

Airflow itself only finds `AIRFLOW_VAR_*` in its environment, so that nothing else tells that these are variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from airconn.errors import InputError
from airconn.formats.base import Faults
from airconn.formats.dotenv.lines import Entry
from airconn.model import UNDESCRIBED, Origin, Text, Variable
from airconn.patterns import pattern

_NAME = pattern(r"[A-Za-z_][\w.-]*", re.ASCII)


def variables(entries: Iterable[Entry], source: str, faults: Faults) -> list[Variable]:
    """A variable for each name, with the name as its key. The last of several lines with one name counts.

    A line without a value, or with a name that may have a value in it, is a fault.
    """
    found: dict[str, Variable] = {}
    for entry in entries:
        name, origin = entry.name or "", Origin(source, entry.line)
        if entry.value is None or not _NAME.fullmatch(name):
            faults.take(InputError("this line is not NAME=VALUE", where=str(origin)))
            continue
        found[name] = Variable(key=name, value=Text.of(entry.value), unsaid=UNDESCRIBED, origin=origin)
    return list(found.values())
