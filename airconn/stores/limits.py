"""What no Airflow can store of an object, or breaks on later, whichever way it gets there. No value is quoted.

Lengths are those of the columns (models/connection.py, variable.py and pool.py); SQLite doesn't enforce them, and
PostgreSQL and MySQL do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from airconn.model import (
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Pool,
    Text,
    jsontext,
    rules_for,
    value_fields,
)

LONGEST_KEY = 250  # `ID_LEN` of models/base.py
LONGEST_POOL = 256
_LONGEST_TEAM = 50
_LONGEST = {"conn_type": 500, "host": 500, "schema": 500}
_HALF = re.compile("[\ud800-\udfff]")
_DIGITS = 4300  # the longest integer that Python reads (`sys.int_info.default_max_str_digits`)
_WHOLE = range(-(2**31), 2**31)  # INTEGER of PostgreSQL and MySQL

ID_WORDS = {Kind.CONNECTIONS: "id", Kind.VARIABLES: "key", Kind.POOLS: "name"}
"""What the id of a kind is called."""


def problems(obj: AirflowObject, version: AirflowVersion) -> Iterator[str]:
    """Each reason why an Airflow of this version can't hold `obj`, as a sentence. Which ids it takes is left open."""
    yield from of_id(obj)
    yield from of_values(obj, version)


def of_values(obj: AirflowObject, version: AirflowVersion) -> Iterator[str]:
    """Those of the reasons that are about its fields. `airconn check` tells them as well, of files."""
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        text = value.text if isinstance(value, Text) else value
        if isinstance(text, str):
            if is_broken(text):
                yield f"its {name} has half a character (a lone surrogate) in it, which Airflow can't store"
            if len(text) > _LONGEST.get(name, len(text)):
                yield f"its {name} is longer than the {_LONGEST[name]} characters that Airflow's database has for it"
    yield from _of_team(obj, version)
    if isinstance(obj, Connection) and obj.port is not None and obj.port not in _WHOLE:
        yield "its port is beyond what Airflow's database has for it"
    if isinstance(obj, Pool) and obj.slots < -1:
        yield "its slots are negative; -1 is without limit"
    elif isinstance(obj, Pool) and obj.slots not in _WHOLE:
        yield "its slots are beyond what Airflow's database has for them"


def of_id(obj: AirflowObject) -> Iterator[str]:
    """Those of the reasons that are about its id."""
    if is_broken(obj.id):
        yield f"the {ID_WORDS[obj.kind]} has half a character (a lone surrogate) in it"
    longest = {Kind.VARIABLES: LONGEST_KEY, Kind.POOLS: LONGEST_POOL}.get(obj.kind)
    if longest is not None and len(obj.id) > longest:
        yield f"the {ID_WORDS[obj.kind]} is longer than {longest} characters"


def _of_team(obj: AirflowObject, version: AirflowVersion) -> Iterator[str]:
    if obj.team_name is None:
        return
    if not rules_for(version).team_names:
        yield f"it belongs to a team, and Airflow {version} has none: teams came with 3.2"
    elif not 0 < len(obj.team_name) <= _LONGEST_TEAM:
        yield f"its team_name is empty or longer than {_LONGEST_TEAM} characters"


def is_broken(text: str) -> bool:
    """Whether a text has half a character in it, which no database holds."""
    return not text.isascii() and _HALF.search(text) is not None


def breaks_json(text: str) -> bool:
    """Whether a server fails on a text that looks like JSON, instead of taking it as it is.

    Python reads no integer of more than 4300 digits, which raises a ValueError that no version of Airflow expects;
    and nesting is limited by the stack. Either way each listing with the object in it would end in a failure.
    """
    if len(text) <= _DIGITS and text.count("[") + text.count("{") <= jsontext.MAX_DEPTH:
        return False
    if is_too_deep(text):
        return True
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    except (ValueError, RecursionError):
        return True
    return False


def is_too_deep(text: str) -> bool:
    """Whether a text is JSON that nests deeper than what reads and writes it bears."""
    if text.count("[") + text.count("{") <= jsontext.MAX_DEPTH:
        return False
    try:
        jsontext.dumps(jsontext.loads(text))
    except jsontext.TooDeepError:
        return True
    except ValueError:
        pass
    return False
