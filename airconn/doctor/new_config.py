"""The first `airconn.toml` of a project, made of three answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

from airconn import trust
from airconn.addresses import is_file
from airconn.config import PROJECT_FILE
from airconn.errors import UsageError
from airconn.quoting import shown_address
from airconn.stores.airflow_api.address import base_url
from airconn.stores.base import Store
from airconn.stores.registry import open_store

_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
_PRODUCTION = ("prod", "production", "prd", "live")
_FILE_NAME = "files"
"""The name of the address of the file with objects."""
_LIKELY = (".env", "airflow.env", "airflow_settings.yaml", "connections.yaml", "connections.json", "airflow.yaml")
"""Files that may hold objects, the likeliest first."""


@dataclass(frozen=True, slots=True)
class NewConfig:
    """The answers. None of them holds a secret."""

    url: str
    """The address of the Airflow, as `checked_address` gives it."""
    name: str = ""
    """Its name, for `@name`. Empty for none."""
    file: str = ""
    """The path of the file that holds objects. Empty for none."""
    is_production: bool = False
    """Whether each write to it is confirmed. It then has a name."""

    def text(self) -> str:
        """The text of the file."""
        target = f"@{self.name}" if self.name else self.url
        named = {self.name: self.url} if self.name and not self.is_production else {}
        named |= {_FILE_NAME: self.file} if self.file else {}
        lines = [
            "# The settings of airconn for this project. They hold no secrets.",
            "# Credentials come from variables or a login: airconn help login",
            "",
            "# The Airflow of commands without --to or --from.",
            f"url = {json.dumps(target, ensure_ascii=False)}",
        ]
        if named:
            lines += ["", "# Names for addresses: airconn list --from @NAME", "[addresses]"]
            lines += [f"{name} = {json.dumps(address, ensure_ascii=False)}" for name, address in named.items()]
        if self.is_production:
            lines += ["", "# Each write to it shows its plan and asks first; without a terminal it needs --yes."]
            lines += [
                f"[addresses.{self.name}]",
                f"url = {json.dumps(self.url, ensure_ascii=False)}",
                "confirm = true",
            ]
        return "\n".join([*lines, ""])


def with_address(text: str, new: NewConfig) -> str:
    """The text of an `airconn.toml` with one more named address behind all that it has."""
    lines = ["# It asks before each write; without a terminal it needs --yes."] if new.is_production else []
    lines += [f"[addresses.{new.name}]", f"url = {json.dumps(new.url, ensure_ascii=False)}"]
    lines += ["confirm = true"] if new.is_production else []
    ending = "" if text.endswith("\n") or not text else "\n"
    return "\n".join([text + ending, *lines, ""])


def checked_address(address: str) -> tuple[str, str]:
    """An address as a project's file can have it, and what was left out of the URL of a browser.

    Raises `UsageError` for one that no store takes, that has credentials in it, or that such a file may not name.
    """
    address = address.strip()
    if address.startswith("@"):
        raise UsageError("this is a name, and not an address", hint="such as http://localhost:8080")
    if address == "-" or not address:
        raise UsageError("this is not the address of an Airflow", hint="such as http://localhost:8080")
    if is_file(address):
        _refuse_file(address)
    if not trust.is_airflow(address):
        trust.refuse_project({"url": address}, {}, PROJECT_FILE)
        return address, ""
    base = base_url(address)
    rest = address[len(base) :] if address.lower().startswith(base.lower()) else ""
    return base, re.split("[?#]", rest)[0].rstrip("/")


def _refuse_file(address: str) -> None:
    from airconn.config import Settings

    store: Store = open_store(address, Settings())  # raises for a URL without http://, with what is meant
    store.close()
    raise UsageError(
        f"{shown_address(address)} is not the address of an Airflow",
        hint="such as http://localhost:8080; the path of a file goes into --file",
    )


def checked_name(name: str) -> str:
    """A name for an address, without its @, empty for `-`. Raises `UsageError`."""
    name = name.strip().removeprefix("@")
    if name == "-":
        return ""
    if name and not _NAME.fullmatch(name):
        raise UsageError("a name has letters, digits, - and _ only", hint="such as dev or prod")
    if name == _FILE_NAME:
        raise UsageError(f"{_FILE_NAME!r} is the name of the file with objects", hint="such as dev or prod")
    return name


def is_production(name: str) -> bool:
    """Whether a name is one that people give to production."""
    return name.lower() in _PRODUCTION


def checked_file(file: str) -> str:
    """The path of a file with objects, empty for `-`. Raises `UsageError` for an address of another place."""
    file = file.strip()
    if file == "-":
        return ""
    if any(category(char) in ("Cc", "Cs") for char in file):
        raise UsageError("this path has characters in it that a configuration file can't hold", hint="such as .env")
    if file and (file.startswith("@") or not is_file(file)):
        raise UsageError("this is not the path of a file", hint="such as .env or airflow.yaml")
    return file


def likely_file(directory: Path) -> str:
    """The file in a directory that is the likeliest to hold objects, or a name for a new one."""
    return next((name for name in _LIKELY if (directory / name).is_file()), "airflow.yaml")


def likely_name(url: str) -> str:
    """A name for an address, by what its host tells."""
    if trust.is_this_machine(url):
        return "local"
    words = re.findall(r"[a-z]+", url.lower())
    known = {"prod": "prod", "production": "prod", "dev": "dev", "development": "dev", "staging": "staging"}
    known |= {"test": "test", "stage": "staging", "qa": "qa"}
    return next((known[word] for word in words if word in known), "airflow")
