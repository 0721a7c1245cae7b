"""The sizes of the columns that Airflow stores objects in, and of what it reads as JSON.

Lengths are those of models/connection.py, variable.py and pool.py. SQLite doesn't enforce them, PostgreSQL and MySQL
do. The lengths of a conn_id are in conn_ids.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from airconn.airflow.versions import OLDEST, AirflowVersion

LONGEST_KEY = 250
"""`ID_LEN` of models/base.py."""
LONGEST_POOL_NAME = 256
LONGEST_TEAM_NAME = 50
LONGEST_FIELDS = {OLDEST: {"conn_type": 500, "host": 500, "schema": 500}}
"""By the first version with these columns. The other fields are of type TEXT, and as long as the database allows."""
INTEGERS = range(-(2**31), 2**31)
"""INTEGER of PostgreSQL and MySQL: ports and slots."""
MOST_DIGITS = 4300
"""The most digits of an integer in JSON that Python reads (`sys.int_info.default_max_str_digits`)."""


@lru_cache(maxsize=64)
def longest_fields(version: AirflowVersion) -> Mapping[str, int]:
    """The most characters of each field that has a limit."""
    return LONGEST_FIELDS[max((since for since in LONGEST_FIELDS if since <= version), default=OLDEST)]
