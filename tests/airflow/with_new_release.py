"""A program: airconn as it is once Airflow 3.4 has come out, for which nothing but airconn/airflow/ has changed.

It enters the release into the tables, changes a rule and a size, and then runs `airconn` with the arguments.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

VERSION = "3.4.0"
MIGRATION = "0123456789ab"


def enter_release() -> None:
    """Enters 3.4.0 before anything has read the tables."""
    from airconn.airflow import releases

    releases.RELEASE_DAYS[VERSION] = "2027-01-12"
    releases.PYTHONS["3.4"] = (11, 15)

    from airconn.airflow import column_limits, metadata_schema, rules
    from airconn.airflow.versions import AirflowVersion

    metadata_schema.MIGRATIONS[MIGRATION] = VERSION
    column_limits.LONGEST_FIELDS[AirflowVersion(3, 4)] = {"conn_type": 500, "host": 1000, "schema": 500}
    known_rules = rules.rules_for

    @lru_cache
    def rules_for(version: rules.AirflowVersion) -> rules.Rules:
        """The new rule: 3.4 takes any JSON as the extra of a connection, as 2.x does."""
        known = known_rules(version)
        return replace(known, extra_is_object=False) if version.series == "3.4" else known

    rules.rules_for = rules_for


if __name__ == "__main__":
    enter_release()

    from airconn.__main__ import main

    main()
