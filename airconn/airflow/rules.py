"""How each version of Airflow reads and holds objects, in all of its places."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from airconn.airflow.versions import AirflowVersion

TEAMS_SINCE = AirflowVersion(3, 2)


@dataclass(frozen=True, slots=True)
class Rules:
    """How one version of Airflow reads and holds objects. Each field names the module that it mirrors."""

    version: AirflowVersion = field(compare=False)
    typed_query_values: bool
    """A URI's query values are decoded as JSON: `?x=1` is a number (models/connection.py `_parse_from_uri`)."""
    extra_is_object: bool
    """An extra that isn't a JSON object is refused (models/connection.py `_validate_extra`)."""
    variable_descriptions: bool
    """`airflow variables import` knows the `{"value", "description"}` wrapper (cli variable_command.py)."""
    wraps_falsy_values: bool
    """That wrapper is also recognised around an empty value (cli variable_command.py)."""
    team_names: bool
    """Objects may belong to a team (models/connection.py `team_name`)."""
    type_is_suffix: bool
    """The format of Airflow's own files is what `pathlib` calls their suffix, which `.env` alone doesn't have.
    Before, it is the text behind the last dot (secrets/local_filesystem.py `_parse_secret_file`)."""
    variable_lists: bool
    """A list in a file of variables is a value; before, it is all that its one entry is (same module)."""
    tasks_ask_server: bool
    """A task has no way to the metadata database but the API server's (sdk/execution_time/context.py)."""
    unlimited_pools: bool
    """The REST API can show a pool of -1 slots; before, such a pool breaks every listing of pools."""
    ascii_conn_ids: bool
    """A connection whose id has a letter beyond ASCII can't be created in any way (models/connection.py
    `sanitize_conn_id`, with google-re2)."""


@lru_cache(maxsize=64)
def rules_for(version: AirflowVersion) -> Rules:
    """The rules of `version`; those of the nearest known version for a newer or older one."""
    return Rules(
        version=version,
        typed_query_values=version >= AirflowVersion(3, 1, 6),
        extra_is_object=version >= AirflowVersion(3, 0),
        variable_descriptions=version >= AirflowVersion(3, 0),
        wraps_falsy_values=version >= AirflowVersion(3, 3),
        team_names=version >= TEAMS_SINCE,
        type_is_suffix=version >= AirflowVersion(3, 1),
        variable_lists=version >= AirflowVersion(3, 2),
        tasks_ask_server=version >= AirflowVersion(3, 0),
        unlimited_pools=version >= AirflowVersion(3, 1),
        ascii_conn_ids=AirflowVersion(2, 8) <= version < AirflowVersion(3, 0),
    )
