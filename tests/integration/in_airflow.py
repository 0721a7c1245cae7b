"""What is in the metadata database of a sandbox, read and written without airconn.

As a script it runs inside a sandbox's own environment. `in_airflow.py dump` reads the tables and decrypts them,
without importing Airflow: nothing is hidden or normalised. `in_airflow.py export DIRECTORY` lets the command line of
Airflow export all three kinds, in one process. `in_airflow.py wipe` empties the tables,
and `in_airflow.py seed` fills them with the JSON on standard input, which `in_airflow.py add` adds to what there is.
"""

import configparser
import contextlib
import json
import os
import sqlite3
import sys
from pathlib import Path


def connect(home):
    (path,) = home.glob("*.db")
    database = sqlite3.connect(path, timeout=120)
    database.row_factory = sqlite3.Row
    return database


def fernet_of(home):
    from cryptography.fernet import Fernet

    config = configparser.ConfigParser(interpolation=None)
    config.read(home / "airflow.cfg")
    key = os.environ.get("AIRFLOW__CORE__FERNET_KEY") or config["core"]["fernet_key"]
    return Fernet(key.encode())


def dump(home):
    """What is in the database."""
    fernet = fernet_of(home)

    def clear(value, encrypted):
        return fernet.decrypt(value.encode()).decode() if value and encrypted else value

    found = {"connections": {}, "variables": {}, "pools": {}}
    database = connect(home)
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
    database.close()
    return found


def export(home, directory):
    from airflow.__main__ import main

    for kind in ("connections", "variables", "pools"):
        sys.argv = ["airflow", kind, "export", str(Path(directory) / f"{kind}.json")]
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
            main()


def wipe(home):
    with contextlib.closing(connect(home)) as database, database:
        database.execute("delete from connection")
        database.execute("delete from variable")
        database.execute("delete from slot_pool where pool != 'default_pool'")
        # As Airflow makes it: some tests change it.
        database.execute("update slot_pool set slots = 128, description = 'Default pool', include_deferred = 0")


def seed(home, wanted):
    """Makes the database hold what `dump` wrote, and nothing else."""
    wipe(home)
    add(home, wanted)


def add(home, wanted):
    """Puts objects into the database, in the form of `dump`."""
    fernet = fernet_of(home)

    def secret(value):
        return fernet.encrypt(value.encode()).decode() if value else value

    with contextlib.closing(connect(home)) as database, database:
        for conn_id, fields in wanted.get("connections", {}).items():
            row = {"conn_id": conn_id, **fields, "password": secret(fields.get("password"))}
            row |= {"extra": secret(fields.get("extra")), "is_encrypted": True, "is_extra_encrypted": True}
            insert(database, "connection", row)
        for key, fields in wanted.get("variables", {}).items():
            row = {"key": key, "val": secret(fields["value"]) or "", "is_encrypted": bool(fields["value"])}
            insert(database, "variable", row | {"description": fields.get("description")})
        for name, fields in wanted.get("pools", {}).items():
            insert(database, "slot_pool", {"pool": name, **fields})


def insert(database, table, row):
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    database.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))


if __name__ == "__main__":
    home = Path(os.environ["AIRFLOW_HOME"])
    if sys.argv[1] in ("add", "seed"):
        found = {"add": add, "seed": seed}[sys.argv[1]](home, json.load(sys.stdin))
    else:
        found = {"dump": dump, "export": export, "wipe": wipe}[sys.argv[1]](home, *sys.argv[2:])
    if found is not None:
        json.dump(found, sys.stdout)
