"""The calls of `airflow` that read and write, as each version takes them.

Options were read in `cli/cli_config.py` of 2.7.3, 2.8.0, 2.11.2, 3.0.6, 3.1.8, 3.2.2 and 3.3.2.
"""

from __future__ import annotations

from airconn.airflow.command import dialect_of
from airconn.model import AirflowVersion, Kind
from airconn.stores.airflow_cli.script import FILE, Call

VERSION = Call("version", ("version",), keeps_output=True)
VALUES = Call("values", ("variables", "list", "--show-values", "-o", "json"), keeps_output=True)
"""The call for the exact texts of variables, since 3.2: older versions refuse the option."""


def export(kind: Kind) -> Call:
    """The call that writes all objects of a kind to a file."""
    return Call(kind.value, (kind.value, "export", FILE), f"{kind.value}.json")


def leaves_existing(kind: Kind, version: AirflowVersion) -> bool:
    """Whether an import can be told not to overwrite existing objects."""
    return kind is Kind.CONNECTIONS or (kind is Kind.VARIABLES and dialect_of(version).chooses)


def import_(kind: Kind, name: str, content: str, version: AirflowVersion, *, overwrite: bool) -> Call:
    """The call that imports objects of a kind from `content`. `overwrite` counts if the command has that choice."""
    options: tuple[str, ...] = ()
    if kind is Kind.CONNECTIONS and overwrite:
        options = ("--overwrite",)
    elif kind is Kind.VARIABLES and leaves_existing(kind, version):
        options = ("--action-on-existing-key", "overwrite" if overwrite else "skip")
    return Call(name, (kind.value, "import", *options, FILE), f"{name}.json", content)


def delete(kind: Kind, name: str, id_: str) -> Call:
    """The call that deletes one object, also one whose id looks like an option."""
    return Call(name, (kind.value, "delete", "--", id_))
