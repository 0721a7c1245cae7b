"""Runs inside a sandbox's own environment: what is in its metadata database, as JSON on standard output.

`in_airflow.py dump` reads the tables and decrypts them, without importing Airflow: nothing is hidden or normalised.
`in_airflow.py export DIRECTORY` lets Airflow's own command line export all three kinds, in one process.
`in_airflow.py wipe` empties the tables.
"""

import configparser
import contextlib
import json
import os
import sqlite3
import sys
from pathlib import Path

HOME = Path(os.environ["AIRFLOW_HOME"])


def connect():
    (path,) = HOME.glob("*.db")
    database = sqlite3.connect(path, timeout=30)
    database.row_factory = sqlite3.Row
    return database


def dump():
    from cryptography.fernet import Fernet

    config = configparser.ConfigParser(interpolation=None)
    config.read(HOME / "airflow.cfg")
    key = os.environ.get("AIRFLOW__CORE__FERNET_KEY") or config["core"]["fernet_key"]
    fernet = Fernet(key.encode())

    def clear(value, encrypted):
        return fernet.decrypt(value.encode()).decode() if value and encrypted else value

    found = {"connections": {}, "variables": {}, "pools": {}}
    database = connect()
    for row in database.execute("select * from connection"):
        fields = {name: row[name] for name in ("conn_type", "description", "login", "host", "port", "schema")}
        fields["password"] = clear(row["password"], row["is_encrypted"])
        fields["extra"] = clear(row["extra"], row["is_extra_encrypted"])
        found["connections"][row["conn_id"]] = fields
    for row in database.execute("select * from variable"):
        value = clear(row["val"], row["is_encrypted"])
        found["variables"][row["key"]] = {"value": value, "description": row["description"]}
    for row in database.execute("select * from slot_pool where pool != 'default_pool'"):
        fields = {"slots": row["slots"], "description": row["description"]}
        found["pools"][row["pool"]] = fields | {"include_deferred": bool(row["include_deferred"])}
    json.dump(found, sys.stdout)


def export(directory):
    from airflow.__main__ import main

    for kind in ("connections", "variables", "pools"):
        sys.argv = ["airflow", kind, "export", str(Path(directory) / f"{kind}.json")]
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
            main()


def wipe():
    with connect() as database:
        database.execute("delete from connection")
        database.execute("delete from variable")
        database.execute("delete from slot_pool where pool != 'default_pool'")


if __name__ == "__main__":
    {"dump": dump, "export": export, "wipe": wipe}[sys.argv[1]](*sys.argv[2:])
