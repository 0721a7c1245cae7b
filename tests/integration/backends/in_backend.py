"""Runs inside a real Airflow's environment, and asks it what a secrets backend holds. It needs nothing of airconn.

`in_backend.py` reads one request, a JSON object, from standard input, and answers it in JSON. `judge.ask` says what
can be asked.

`in_backend.py airflow PRELUDE ARGUMENT...` is the command line of Airflow, after running the script PRELUDE, if it
isn't empty.
"""

import contextlib
import functools
import importlib
import json
import os
import runpy
import sys
import warnings

FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


def main():
    request = json.load(sys.stdin)
    # Importing Airflow makes the backend already that its configuration names.
    run_prelude(request["prelude"])
    without_masking()
    reading_files_once()
    seed(request["database"])
    find_connection, find_variable = FINDERS[request["via"]](request)
    return {
        "connections": {id_: answer(fields_of, find_connection, id_) for id_ in request["connections"]},
        "variables": {key: answer(lambda value: value, find_variable, key) for key in request["variables"]},
    }


def run_prelude(path):
    if path:
        runpy.run_path(path, run_name="prelude")


def without_masking():
    """Airflow's secrets masker compiles a regular expression of all secrets anew for each one that it sees.

    It changes what is logged, and never what is found.
    """
    for name in (
        "airflow.utils.log.secrets_masker",
        "airflow._shared.secrets_masker.secrets_masker",
        "airflow.sdk._shared.secrets_masker.secrets_masker",
    ):
        with contextlib.suppress(ImportError):
            importlib.import_module(name).SecretsMasker.add_mask = lambda *_, **__: None


def reading_files_once():
    """The LocalFilesystemBackend reads its whole file anew for each id."""
    module = importlib.import_module("airflow.secrets.local_filesystem")
    for name in ("load_connections_dict", "load_variables"):
        setattr(module, name, functools.cache(getattr(module, name)))


def seed(objects):
    """Put `objects` into the metadata database."""
    if not objects:
        return
    from airflow.models import Connection, Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        for id_, fields in objects.get("connections", {}).items():
            session.add(Connection(conn_id=id_, **fields))
        for key, value in objects.get("variables", {}).items():
            session.add(Variable(key=key, val=value))


def the_class(request):
    """The backend alone, made as Airflow makes it."""
    module, _, name = request["backend"].rpartition(".")
    backend = getattr(importlib.import_module(module), name)(**request["kwargs"])
    if request["model"] == "sdk":
        backend._set_connection_class(importlib.import_module("airflow.sdk").Connection)
    elif hasattr(backend, "_set_connection_class"):  # since 3.2; before, there was only one
        backend._set_connection_class(importlib.import_module("airflow.models").Connection)
    return backend.get_connection, backend.get_variable


def the_search(request):
    """Where a server, or with the model of the SDK a worker, looks. A worker here has no server to ask."""
    if request["model"] == "sdk":
        from airflow.sdk import Connection, Variable

        return none_for(Connection.get), none_for(Variable.get)
    from airflow.models import Connection, Variable

    return none_for(Connection.get_connection_from_secrets), Variable.get_variable_from_secrets


FINDERS = {"class": the_class, "search": the_search}


def none_for(find):
    """`find`, answering None instead of raising what says that nothing was found."""

    def found(name):
        try:
            return find(name)
        except Exception as error:
            kind = getattr(getattr(error, "error", None), "error", None)
            if type(error).__name__ == "AirflowNotFoundException" or getattr(kind, "name", "").endswith("_NOT_FOUND"):
                return None
            raise

    return found


def fields_of(connection):
    return connection and {name: getattr(connection, name) for name in FIELDS}


def answer(form, find, name):
    try:
        return form(find(name))
    except Exception as error:  # noqa: BLE001 - whatever it is, Airflow finds nothing there
        return {"error": repr(error)}


def airflow(prelude, *arguments):
    run_prelude(prelude)
    sys.argv = ["airflow", *arguments]
    importlib.import_module("airflow.__main__").main()


if __name__ == "__main__":
    if sys.argv[1:2] == ["airflow"]:
        airflow(*sys.argv[2:])
        sys.exit()
    # What Airflow and its libraries say on their way goes to standard error, and not between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    json.dump(main(), answers, default=repr)
    answers.close()
