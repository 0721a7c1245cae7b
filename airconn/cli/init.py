"""`airconn init`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.completing import complete_file
from airconn.errors import AirconnError, BlockedError, UsageError

if TYPE_CHECKING:
    from airconn.doctor.new_config import NewConfig

_PATIENCE = 10.0
"""The seconds that the Airflow may be silent."""


@click.command("init", short_help="Write airconn.toml, the configuration of a project.")
@click.option("--url", metavar="ADDRESS", help="The address of the Airflow; a URL of your browser will do.")
@click.option("--name", metavar="NAME", help="A name for it, to be used as @NAME; '' for none.")
@click.option(
    "--file",
    metavar="FILE",
    shell_complete=complete_file,
    help="The file with your connections and variables; '' for none.",
)
@click.option("--prod", is_flag=True, help="It is production: each write is confirmed. So it is if NAME is prod.")
@click.option("--force", is_flag=True, help="Overwrite an airconn.toml that is there.")
@opt.verbosity
@click.pass_obj
def command(app: App, /, url: str | None, name: str | None, file: str | None, prod: bool, force: bool) -> int:
    """Write airconn.toml in this directory: three questions on a terminal, or the options.

    It holds no secrets, and can be committed. The Airflow is asked for its version; if that fails, the file is
    written all the same.

    \b
      airconn init
      airconn init --url https://airflow.example.com --name prod
      airconn init --url http://localhost:8080 --name '' --file .env

    Where airconn.toml is there already, --url and --name add one more Airflow to it:

    \b
      airconn init --url https://airflow-dev.example.com --name dev
    """
    from dataclasses import replace

    from airconn.config import PROJECT_FILE
    from airconn.doctor.new_config import is_production
    from airconn.stores.saving import write_atomically

    app.writes = True
    path = app.directory / PROJECT_FILE
    is_there = path.is_file() and not path.is_symlink()
    is_added = bool(is_there and url and (name or prod) and not force and file is None)
    if not is_added:
        _may_write(app, path, force=force)
    new = _answers(app, url, name, "" if is_added else file)
    if prod and not new.name:
        new = replace(new, name="prod")
    new = replace(new, is_production=prod or is_production(new.name))
    text = _with_one_more(app, path, new) if is_added else new.text()
    write_atomically(path, text)
    app.writes = False
    app.say(f"added @{new.name} to {PROJECT_FILE}:" if is_added else f"wrote {PROJECT_FILE}:")
    app.data("".join(f"  {line}\n" if line else "\n" for line in text.splitlines()))
    is_reached = _ask_version(app, new.url)
    _tell_ignore(app, new)
    app.say(f"next: {_next(app, new, is_reached=is_reached, is_added=is_added)}")
    return 0


def _with_one_more(app: App, path: Path, new: NewConfig) -> str:
    """The text of the configuration with one more address. Raises an error if it has that name already."""
    from airconn import config_files
    from airconn.doctor.new_config import with_address

    there = config_files.read(path, path.name)
    if any(new.name in there.get(table, {}) for table in ("addresses", "targets", "groups")):
        raise BlockedError(
            f"@{new.name} is there already, and stays as it is",
            where=path.name,
            hint="choose another --name, or edit the file",
        )
    text = with_address(path.read_bytes().decode(), new)
    if not config_files.accepts(text, path.name):  # such as addresses = {…} in one line
        raise BlockedError(
            "no address can be added to this file",
            where=path.name,
            hint=f"edit it: {new.name} is {new.url}; --force overwrites the file",
        )
    return text


def _may_write(app: App, path: Path, *, force: bool) -> None:
    """Raises an error if the file is there, and the user doesn't agree to overwrite it.

    A link isn't followed: a project may have one to a file of the user.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise BlockedError(f"{path.name} is a link, or not a file, and stays as it is", hint="remove it first")
    if force or not path.exists():
        return
    said = app.confirm(f"{path.name} is there: overwrite it?")
    if not said:
        way = "--url ADDRESS --name NAME adds an Airflow to it"
        hint = f"{way}; {'--force overwrites it' if said is None else 'or edit it'}"
        raise BlockedError(f"{path.name} is there, and stays as it is", hint=hint)


def _answers(app: App, url: str | None, name: str | None, file: str | None) -> NewConfig:
    from airconn.config import DEFAULT_URL
    from airconn.doctor import new_config

    if url is None and not app.can_ask:
        raise UsageError(
            "no terminal to ask for the address of the Airflow, or CI is set",
            hint="give --url ADDRESS, and --name NAME and --file FILE if you like",
        )

    def address(text: str) -> str:
        base, page = new_config.checked_address(text)
        if page:
            app.say(f"{page} is a page of the web interface and isn't used")
        return base

    known = address(url) if url is not None else _ask(app, "Address of your Airflow", DEFAULT_URL, address)
    if not app.can_ask:
        return new_config.NewConfig(known, new_config.checked_name(name or ""), new_config.checked_file(file or ""))
    likely = new_config.likely_name(known)
    called = new_config.checked_name(name) if name is not None else None
    if called is None:
        called = _ask(app, "Name for it, to be used as @NAME (- for none)", likely, new_config.checked_name)
    given = new_config.checked_file(file) if file is not None else None
    if given is None:
        found = new_config.likely_file(app.directory)
        given = _ask(app, "File with your connections and variables (- for none)", found, new_config.checked_file)
    return new_config.NewConfig(known, called, given)


def _ask(app: App, question: str, default: str, check: Callable[[str], str]) -> str:
    """The answer to a question, which is asked again until it can be used. Raises `KeyboardInterrupt` at its end."""
    from airconn.quoting import clean

    while True:
        with app.progress.hidden():
            app.stderr.write(f"{clean(question)} [{clean(default)}]: ")
            app.stderr.flush()
            line = app.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        try:
            return check(line.decode("utf-8", "replace").strip() or default)
        except UsageError as error:
            app.writes = False
            app.error(error)
            app.writes = True


def _ask_version(app: App, url: str) -> bool:
    """Says which Airflow answers at an address, or why none does."""
    from airconn.config import Config
    from airconn.transfer.places import Places
    from airconn.transfer.request_parts import Network

    try:
        # Without the configuration: this shows what the address is worth by itself.
        config = Config(app.environ)
        with Places(config, Network(timeout=_PATIENCE, retries=0), app.ask_value, app.watch) as places:
            store = places.open_address(config.resolve(url, named_by="your answer"))
            app.say(f"found {store.describe(places.context()).text}")
    except AirconnError as error:
        _warn(app, error, url)
        return False
    return True


def _warn(app: App, error: AirconnError, where: str) -> None:
    app.warn(f"{error.where or where}: {error.message}")
    if error.hint:
        app.hint(error.hint)


def _tell_ignore(app: App, new: NewConfig) -> None:
    """Says how git ignores files that hold secrets, if it doesn't."""
    from airconn.stores.git import is_not_ignored

    for name in dict.fromkeys((new.file, ".env")):
        if name and Path(name).name.endswith(".env") and is_not_ignored(app.directory / name):
            app.hint(f"git doesn't ignore {name}, which may hold secrets: echo {name} >> .gitignore")


def _next(app: App, new: NewConfig, *, is_reached: bool, is_added: bool) -> str:
    """The command that most users need next."""
    from airconn.config import PROJECT_FILE, Config

    to = f"@{new.name}" if is_added else None
    doctor = f"airconn doctor {to}" if to else "airconn doctor"
    if not is_reached:
        return f"{doctor} (shows step by step what fails)"
    try:
        has_login = bool(Config.load(app.environ, app.directory).target(to).settings.credentials.sources)
    except AirconnError as error:
        _warn(app, error, PROJECT_FILE)  # such as that credentials would travel in clear
        return doctor
    if not has_login:
        login = f"airconn login {to}" if to else "airconn login"
        return f"{login}, or set AIRCONN_USERNAME and AIRCONN_PASSWORD (airconn help login); then {doctor}"
    if to:
        return f"airconn list --from {to}"
    if new.file and (app.directory / new.file).exists():
        return f"airconn import {new.file} --dry-run (shows what would change)"
    return f"airconn export -o {new.file}" if new.file else "airconn list"
