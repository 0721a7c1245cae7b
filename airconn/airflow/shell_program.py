"""The program that reads and writes an Airflow's objects in the Python of that Airflow.

airconn never imports this module: its text is sent to the Python that runs an `airflow` command, from 3.8 on, with
whatever of Airflow is installed there. Requests are read as lines of JSON from the file descriptor 3, and answers
are printed behind the mark that the first argument says. Everything else that is printed goes to standard error.

What it relies on was read in 2.7.3, 2.8.0, 2.11.2, 3.0.6, 3.1.8, 3.2.2 and 3.3.2, and is probed before it is used:
the tables of `models/connection.py`, `variable.py` and `pool.py`, the attributes that these encrypt,
`get_fernet` of `models/crypto.py`, `create_session` of `utils/session.py`, and `on_pre_execution` of
`utils/cli_action_loggers.py`. No Connection is loaded or created with a password: both add it to the expression with
which Airflow masks its log, which takes time that grows with the square of their number.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import socket
import sys
import time
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Tell: TypeAlias = Callable[[dict[str, Any]], None]

BATCH = 500
"""The most objects in one transaction."""
CHUNK = 2000
"""The most characters of a line. More don't pass through a terminal."""
ATTEMPTS = 5
"""How often a batch is begun while another program locks the database."""

KINDS = {
    # kind: (module, class, column of the id, the names of the commands in Airflow's audit log)
    "connections": ("airflow.models.connection", "Connection", "conn_id", "connections_import", "connections_delete"),
    "variables": ("airflow.models.variable", "Variable", "key", "variables_import", "variables_delete"),
    "pools": ("airflow.models.pool", "Pool", "pool", "pool_import", "pool_delete"),
}
ENCRYPTED: dict[str, dict[str, Any]] = {
    # kind: {column: (its attribute, the column that says whether it is encrypted)}
    "connections": {"password": ("password", "is_encrypted"), "extra": ("extra", "is_extra_encrypted")},
    "variables": {"val": ("val", "is_encrypted")},
    "pools": {},
}


class Unfit(Exception):
    """This Airflow lacks what the program relies on."""


class StepRefused(Exception):
    """A step can't be carried out. The message is one of those that airconn knows."""


class OwnAirflow:
    """The parts of Airflow that the program relies on."""

    def __init__(self) -> None:
        """Raises `Unfit`."""
        try:
            self.version = str(import_module("airflow").__version__)
            self.fernet = import_module("airflow.models.crypto").get_fernet()
            self.create_session = import_module("airflow.utils.session").create_session
            self.classes = {kind: getattr(import_module(names[0]), names[1]) for kind, names in KINDS.items()}
            self.tables = {kind: model.__table__ for kind, model in self.classes.items()}
            needed = [(self.fernet, "is_encrypted"), (self.fernet, "decrypt")]
            for kind, columns in ENCRYPTED.items():
                self.encoded(kind, dict.fromkeys(columns, "{}"))
                names = [KINDS[kind][2], *columns, *(flag for _, flag in columns.values())]
                needed += [(self.tables[kind].c, name) for name in names]
            lacking = [name for owner, name in needed if not hasattr(owner, name)]
        except Exception as error:
            raise Unfit(type(error).__name__) from error
        if lacking:
            raise Unfit(lacking[0])

    def encoded(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        """The columns for these values, encrypted as the model of this Airflow does."""
        found, model = dict(values), self.classes[kind]()
        for column, (attribute, flag) in ENCRYPTED[kind].items():
            if column in values:
                if values[column] is not None:
                    setattr(model, attribute, values[column])
                found[column] = getattr(model, "_" + attribute)
                found[flag] = bool(getattr(model, flag))
        return found

    def decoded(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """A row with its texts decrypted. What can't be decrypted keeps its flag."""
        for column, (_, flag) in ENCRYPTED[kind].items():
            # Airflow ignores the flag of an empty text of a connection (`get_password`, `get_extra`).
            if row[flag] and row[column] is not None and (row[column] or kind == "variables"):
                if not self.fernet.is_encrypted:
                    continue
                try:
                    row[column] = self.fernet.decrypt(row[column].encode()).decode()
                except Exception:  # noqa: BLE001, S112 - as get_val of models/variable.py
                    continue
            row[flag] = False
        return row

    def log(self, kind: str, *, deletes: bool) -> None:
        """Writes what the command would write into Airflow's audit log."""
        try:
            name = KINDS[kind][4 if deletes else 3]
            import_module("airflow.utils.cli_action_loggers").on_pre_execution(
                sub_command=name, start_datetime=datetime.now(timezone.utc), full_command=str(["airconn", kind]),
                user=getpass.getuser(), host_name=socket.gethostname(), dag_id=None, task_id=None,
                execution_date=None, logical_date=None,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - as the command, which writes without it
            sys.stderr.write(f"the audit log was not written: {type(error).__name__}\n")


def digest(row: dict[str, Any]) -> str:
    """A value that differs if the row does."""
    return hashlib.sha256(repr(sorted(row.items())).encode("utf-8", "surrogatepass")).hexdigest()


def rows(
    connection: Any, table: Any, id_column: str, ids: list[str] | None, *, lock: bool = False
) -> Iterator[dict[str, Any]]:
    """The rows of a table as dictionaries: all, or those with these ids."""
    query = table.select().order_by(table.c[id_column])
    if ids is None:
        for row in connection.execute(query).mappings():
            yield dict(row)
        return
    for start in range(0, len(ids), BATCH):
        some = query.where(table.c[id_column].in_(ids[start : start + BATCH]))
        for row in connection.execute(some.with_for_update() if lock else some).mappings():
            yield dict(row)


def read(airflow: OwnAirflow, request: dict[str, Any], tell: Tell) -> None:
    """Tells the rows that are asked for, each with its digest, and the names of teams by their ids."""
    with airflow.create_session() as session:
        connection = session.connection()
        for kind, ids in request["kinds"].items():
            table = airflow.tables[kind]
            if "team_id" in table.c and not request.get("teams"):
                team = next(iter(table.c["team_id"].foreign_keys)).column.table
                request["teams"] = True
                for row in connection.execute(team.select()).mappings():
                    tell({"team": str(row["id"]), "name": row["name"]})
            for row in rows(connection, table, KINDS[kind][2], ids):
                told = digest(row)
                row = airflow.decoded(kind, row)
                row.pop("id", None)
                tell({"kind": kind, "row": {name: plain(value) for name, value in row.items()}, "digest": told})


def plain(value: Any) -> Any:
    """A value of a column as JSON has it. Bytes that aren't UTF-8 keep half characters, which airconn finds."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "surrogateescape")
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def write(airflow: OwnAirflow, request: dict[str, Any], tell: Tell) -> None:
    """Carries out steps, some in a transaction, and tells the outcome of each when that is committed."""
    steps = request["steps"]
    for deletes in (False, True):
        for kind in KINDS:
            if any(step["kind"] == kind and (step["action"] == "delete") is deletes for step in steps):
                airflow.log(kind, deletes=deletes)
    for start in range(0, len(steps), BATCH):
        batch = steps[start : start + BATCH]
        for outcome in outcomes(airflow, batch):
            tell(outcome)


def outcomes(airflow: OwnAirflow, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outcomes of a batch, of which nothing is written if it isn't committed."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return committed(airflow, batch)
        except Exception as error:  # noqa: BLE001, PERF203 - a batch that fails is an outcome
            if not left or "locked" not in str(error):
                # Also where only the answer to the commit was lost, so that the objects may be written.
                return [{"n": step["n"], "failed": reason_of(error), "all": True} for step in batch]
            time.sleep(1)
    return []


def committed(airflow: OwnAirflow, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outcomes of a batch that is committed."""
    with airflow.create_session() as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            # Without it, each savepoint is a transaction of its own.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        there: dict[tuple[str, str], str] = {}
        for kind, (_, _, id_column, _, _) in KINDS.items():
            ids = [step["id"] for step in batch if step["kind"] == kind]
            for row in rows(connection, airflow.tables[kind], id_column, ids, lock=True):
                there[kind, row[id_column]] = digest(row)
        done = [one(airflow, connection, step, there.get((step["kind"], step["id"]))) for step in batch]
    return done  # noqa: RET504 - the commit is at the end of the block


def one(airflow: OwnAirflow, connection: Any, step: dict[str, Any], there: str | None) -> dict[str, Any]:
    """The outcome of one step, in a savepoint. `there` is the digest of the row that the table has."""
    kind, table, id_column = step["kind"], airflow.tables[step["kind"]], KINDS[step["kind"]][2]
    chosen = table.c[id_column] == step["id"]
    try:
        if step["action"] == "create" and there is not None:
            raise StepRefused("exists")
        if step["action"] == "delete" and there is None:
            return {"n": step["n"]}
        if step["action"] != "create" and there is None:
            raise StepRefused("gone")
        if step["digest"] is not None and step["digest"] != there:
            raise StepRefused("changed")
        values = {name: value for name, value in step["values"].items() if name in table.c}
        values = airflow.encoded(kind, values)
        with connection.begin_nested():
            if step["action"] in ("delete", "replace"):
                connection.execute(table.delete().where(chosen))
            if step["action"] in ("create", "replace"):
                connection.execute(table.insert().values(**{id_column: step["id"]}, **values))
            elif step["action"] == "update" and values:
                connection.execute(table.update().where(chosen).values(**values))
    except StepRefused as error:
        return {"n": step["n"], "refused": str(error)}
    except Exception as error:  # noqa: BLE001 - of the database, with classes of its own
        return {"n": step["n"], "failed": reason_of(error)}
    return {"n": step["n"]}


def reason_of(error: Exception) -> str:
    """The class of an error. Its message may quote values."""
    return type(getattr(error, "orig", None) or error).__name__


def serve() -> None:
    """Answers requests until there are no more."""
    mark, out = sys.argv[1], os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)

    def tell(answer: dict[str, Any]) -> None:
        text = json.dumps(answer)
        for start in range(0, len(text), CHUNK):
            more = "+" if start + CHUNK < len(text) else "."
            out.write(mark + " " + more + text[start : start + CHUNK] + "\n")
        out.flush()

    try:
        airflow = OwnAirflow()
    except Unfit as error:
        tell({"unfit": str(error)})
        return
    tell({"version": airflow.version})
    text = ""
    with os.fdopen(3, "r", encoding="ascii", newline="\n") as requests:
        for line in requests:
            text += line.rstrip("\r\n")[1:]
            if not line.startswith("."):
                continue
            request, text = json.loads(text), ""
            try:
                {"read": read, "write": write}[request["do"]](airflow, request, tell)
                tell({"end": True})
            except Exception as error:  # noqa: BLE001 - the next request may work
                tell({"end": True, "failed": reason_of(error)})
    os._exit(0)  # what Airflow does at the end of a process takes a second


if __name__ == "__main__":
    serve()
