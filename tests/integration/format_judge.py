"""Runs inside a real Airflow's environment, as the judge of airconn's formats. It needs nothing of airconn.

`format_judge.py parse` reads JSON lines `[parser, form, text]` and answers each with the fields that Airflow makes of
it, or with the error. The parsers are `core` (`airflow.models.Connection`) and `sdk` (`airflow.sdk.Connection`).

`format_judge.py run` reads JSON lines of steps and answers each: `["cli", ARGUMENT...]` runs a command of `airflow`,
`["dump"]` gives what the metadata database holds, `["wipe"]` empties it, and `["backend", CONNECTIONS, VARIABLES]`
gives what the LocalFilesystemBackend finds in two files.
"""

import contextlib
import json
import logging
import os
import sys
import tempfile
import warnings

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


TEXTS = ("conn_type", "host", "login", "password", "schema")


def fields_of(connection):
    return {name: getattr(connection, name) for name in FIELDS}


def usable(connection):
    """The connection. Raises if a field of text has something else, of which Airflow can't make a URI."""
    if not all(isinstance(getattr(connection, name), str | None) for name in TEXTS):
        with contextlib.redirect_stdout(sys.stderr):  # Airflow 3 logs there
            connection.get_uri()
    return connection


def without_masking():
    """Airflow's secrets masker compiles a regular expression of all secrets anew for each one that it sees."""
    for name in ("airflow.models.connection", "airflow.sdk.definitions.connection", "airflow.models.variable"):
        with contextlib.suppress(ImportError):
            module = __import__(name, fromlist=["mask_secret"])
            if hasattr(module, "mask_secret"):
                module.mask_secret = lambda *_, **__: None


def parse(parser, form, text):
    if parser == "sdk":
        from airflow.sdk import Connection

        return Connection.from_uri(text, "c") if form == "uri" else Connection.from_json(text, "c")
    from airflow.models.connection import Connection

    return Connection(conn_id="c", uri=text) if form == "uri" else Connection.from_json(text, "c")


def parse_all():
    without_masking()
    for line in sys.stdin:
        try:
            answer = fields_of(usable(parse(*json.loads(line))))
        except Exception as error:  # noqa: BLE001 - whatever it is, Airflow refuses the text
            answer = {"error": repr(error)}
        print(json.dumps(answer, default=repr), flush=True)


def cli(*arguments):
    from airflow.__main__ import main

    sys.argv = ["airflow", *arguments]
    code = 0
    # A real file, because some commands ask for its descriptor.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as exit_:
                code = exit_.code
            except Exception as error:  # noqa: BLE001 - whatever it is, the command fails
                code = repr(error)
        said.seek(0)
        return {"code": code or 0, "said": said.read()}


def dump():
    from airflow.models import Connection, Pool, Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        connections = session.query(Connection).all()
        variables = session.query(Variable).all()
        pools = session.query(Pool).filter(Pool.pool != "default_pool").all()
        return {
            "connections": {each.conn_id: fields_of(each) for each in connections},
            "variables": {each.key: {"value": each.val, "description": each.description} for each in variables},
            "pools": {
                each.pool: {name: getattr(each, name) for name in ("slots", "description", "include_deferred")}
                for each in pools
            },
        }


def wipe():
    from airflow.models import Connection, Pool, Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(Connection).delete()
        session.query(Variable).delete()
        session.query(Pool).filter(Pool.pool != "default_pool").delete()


def backend(connections, variables):
    from airflow.secrets.local_filesystem import LocalFilesystemBackend

    found = LocalFilesystemBackend(connections_file_path=connections, variables_file_path=variables)
    return {
        "connections": {id_: fields_of(each) for id_, each in found._local_connections.items()},
        "variables": found._local_variables,
    }


def run():
    without_masking()
    steps = {"cli": cli, "dump": dump, "wipe": wipe, "backend": backend}
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        try:
            answer = steps[verb](*arguments)
        except ValueError:  # Airflow 3 can't read an extra that it has stored
            answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    # What Airflow and its libraries say on their way goes to standard error, and not between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = answers
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    {"parse": parse_all, "run": run}[sys.argv[1]]()
