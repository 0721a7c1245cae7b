"""Run by a sandbox's own Python: prints as JSON what that Airflow finds of some connections and variables.

Its argument is {"connections": [id, …], "variables": [key, …]}. A server, a scheduler and the command line look with
the core, and since Airflow 3 a task looks with the Task SDK.
"""

import json
import os
import sys

FIELDS = ("conn_type", "description", "host", "schema", "login", "password", "port", "extra")


def found_by(connection, variable, ids):
    connections = {id_: connection(id_) for id_ in ids["connections"]}
    return {
        "connections": {id_: {name: getattr(c, name) for name in FIELDS} for id_, c in connections.items()},
        "variables": {key: variable(key) for key in ids["variables"]},
    }


def main():
    ids = json.loads(sys.argv[1])
    # Airflow says things on standard output while it is imported.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from airflow import __version__
    from airflow.models import Connection, Variable

    found = {"core": found_by(Connection.get_connection_from_secrets, Variable.get, ids)}
    if not __version__.startswith("2."):
        from airflow.sdk import Connection, Variable

        found["task sdk"] = found_by(Connection.get, Variable.get, ids)
    json.dump(found, out)


if __name__ == "__main__":
    main()
