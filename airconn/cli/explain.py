"""`airconn explain`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import AirconnError, ExitCode, InputError, InputErrors, UsageError
from airconn.formats.base import Note
from airconn.model import NEWEST, AirflowVersion, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from airconn.stores.base import Store
    from airconn.transfer.explaining import Chain, Explanation, Key, Place


@click.command("explain", short_help="Show where Airflow would find an object, and what that shadows.")
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="Every object that more than one place has.")
@click.option("--backend", metavar="ADDRESS", help="The secrets backend [the one of Airflow's configuration].")
@click.option("--workers-backend", metavar="ADDRESS", help="That of the workers [Airflow's configuration].")
@click.option("--no-backend", is_flag=True, help="Look in no secrets backend.")
@click.option(
    "--database",
    metavar="ADDRESS",
    help="The metadata database, or an Airflow that shows what is in it [that of Airflow's configuration, else "
    "AIRCONN_URL].",
)
@click.option("--astro", is_flag=True, help="Astro's Environment Manager comes second.")
@click.option("--exit-code", is_flag=True, help="Exit with 6 if something shadows other values.")
@opt.kinds
@opt.airflow
@opt.network
@opt.output
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    ids: tuple[str, ...],
    everything: bool,
    exit_code: bool,
    kinds: tuple[str, ...],
    airflow: AirflowVersion | None,
    output: str,
    **options: Any,
) -> int:
    """Show every place where Airflow looks for the object ID, in its order, and which of them has it.

    The first place that has it wins, and what others have is shadowed. The places are the secrets backend that
    Airflow is configured with, the environment of this process, and the metadata database. ID is KIND/ID, or an id.

    \b
      airconn explain warehouse
      airconn explain --all --exit-code
      airconn explain variables/region --backend vault://vault.example.com/secret --database https://airflow.example.com
    """
    from airconn.report import explain as report

    if bool(ids) is everything:
        raise UsageError("say which ID to explain, or --all", hint="one of the two")
    if options["no_backend"] and (options["backend"] or options["workers_backend"]):
        raise UsageError("--no-backend and an address of one want the opposite of one another", hint="choose one")
    with ExitStack() as stack:
        faults: dict[str, str] = {}
        chains, version = _chains(app, options, airflow, stack, faults)
        unread = {Note(title, f"can't be looked into: {why}", failed=True): None for title, why in faults.items()}
        if ids:
            unread.clear()  # each of them is shown as unknown, in its place
        try:
            explanations = _explained(chains, ids, opt.make_selection(kinds, (), ()).kinds, unread)
        except InputErrors as error:
            app.notes(unread)
            if not unread:
                raise
            app.error(error)
            return app.verdict(unread)
    app.notes(unread)
    if output == "json":
        app.data(report.explain_json(explanations, str(version)) + "\n")
    else:
        for line in report.explain_lines(explanations, app.style):
            app.rows(f"{line}\n")
        if everything:
            app.say(report.summary(explanations))
    different = any(found.is_different for one in explanations for found in one.shadowed)
    if code := app.verdict(unread):
        return code
    return ExitCode.DIFFERENT if exit_code and different else ExitCode.OK


def _explained(
    chains: list[Chain], names: tuple[str, ...], kinds: frozenset[Kind], unread: dict[Note, None]
) -> list[Explanation]:
    """The explanations that are asked for. `unread` gets what a place could not give."""
    from airconn.transfer.explaining import State, explain, several_have

    places = {id(place.store): place.store for chain in chains for place in chain.places}
    stores = [store for store in places.values() if store is not None]

    def take_note() -> None:
        unread.update(dict.fromkeys(note for store in stores for note in store.notes if note.failed))

    if not names:
        found = several_have(stores, kinds - {Kind.POOLS})
        take_note()
        explanations = explain(chains, found)
        take_note()
        if not unread:
            findings = (found for one in explanations for found in one.findings if found.place.store)
            unknown = ((found.place.title, found.reason) for found in findings if found.state is State.UNKNOWN)
            unread.update({Note(title, f"can't be looked into: {why}", failed=True): None for title, why in unknown})
        return explanations
    wanted: list[list[Key]] = [_keys(name, kinds) for name in dict.fromkeys(names)]
    explanations = explain(chains, [key for keys in wanted for key in keys])
    take_note()
    shown: list[Explanation] = []
    missing: list[tuple[str, list[Explanation]]] = []
    for name, keys in zip(dict.fromkeys(names), wanted, strict=True):
        ours = [one for one in explanations if (one.kind, one.id) in keys]
        known = {(one.kind, one.id) for one in ours if one.is_known}
        shown += [one for one in ours if (one.kind, one.id) in known]
        if not known:
            missing.append((name, ours))
    if missing:
        from airconn.transfer.nothing import at_hand

        others = at_hand(stores, kinds - {Kind.POOLS})
        raise InputErrors(tuple(_missing(name, ours, others) for name, ours in missing))
    return shown


def _missing(name: str, explanations: list[Explanation], others: frozenset[Key]) -> InputError:
    """The error of an id that no place has; `others` are those that are there."""
    from airconn.transfer.explaining import State
    from airconn.transfer.nothing import nearest

    findings = [found for one in explanations for found in one.findings]
    looked = dict.fromkeys(found.place.title for found in findings if found.state is not State.UNKNOWN)
    closed = {found.place.title: found.reason for found in findings if found.state is State.UNKNOWN}
    hint = "; ".join(
        [f"looked into: {', '.join(looked)}", *(f"not into the {title}: {why}" for title, why in closed.items())]
    )
    of_kinds = {one.kind for one in explanations}
    id_ = explanations[0].id if explanations else name
    if near := nearest(id_, [key for key in others if key[0] in of_kinds and key[1] != id_]):
        hint = f"did you mean {near[0]}? {hint}"
    return InputError(f"{name} is in no place that could be looked into", hint=hint)


def _keys(name: str, kinds: frozenset[Kind]) -> list[Key]:
    prefix, slash, rest = name.partition("/")
    if slash and prefix in (Kind.CONNECTIONS.value, Kind.VARIABLES.value):
        return [(Kind(prefix), rest)]
    if slash and prefix == Kind.POOLS.value:
        raise UsageError(
            "a pool is in the metadata database and nowhere else", hint="explain a connection or a variable"
        )
    return [(kind, name) for kind in (Kind.CONNECTIONS, Kind.VARIABLES) if kind in kinds]


def _chains(
    app: App, options: dict[str, Any], airflow: AirflowVersion | None, stack: ExitStack, faults: dict[str, str]
) -> tuple[list[Chain], AirflowVersion]:
    """The chains of an Airflow, and its version. `faults` gets why a place can't be looked into."""
    from airconn.transfer.explaining import Place
    from airconn.transfer.lookup_order import chains

    def opened(address: str) -> Store:
        store = opt.open_address(app.config.resolve(address), options)
        stack.callback(store.close)
        app.follow(store)
        return store

    database: Place
    version = airflow
    try:
        store = opened(_database_address(app, options["database"]))
        version = version or store.airflow()
        store.describe()
        database = Place("metadata database", store, reads_for=version)
    except AirconnError as error:
        if options["database"]:
            raise
        database = _closed("metadata database", error, faults)
    version = version or NEWEST
    result = chains(
        version,
        backend=_backend(app, options, "", version, opened, faults),
        workers_backend=_backend(app, options, "workers", version, opened, faults),
        environment=opened("env:"),
        database=database,
        astro=options["astro"],
    )
    return list(result), version


def _closed(title: str, error: AirconnError, faults: dict[str, str]) -> Place:
    """A place that can't be looked into."""
    from airconn.transfer.explaining import Place

    faults[title] = f"{error}" + (f" ({error.hint})" if error.hint else "")
    return Place(title, reason=faults[title])


def _backend(
    app: App,
    options: dict[str, Any],
    section: str,
    version: AirflowVersion,
    opened: Callable[[str], Store],
    faults: dict[str, str],
) -> Place | None:
    """The secrets backend that processes of a section have, or None where they have none of their own."""
    from airconn.airflow.config_file import AirflowConfig, secrets_backend
    from airconn.stores.configured import ADDRESS
    from airconn.transfer.explaining import Place

    given = options["workers_backend" if section else "backend"]
    title = "secrets backend of the workers" if section else "secrets backend"
    if options["no_backend"]:
        return None
    if given is None:
        config = AirflowConfig.load(app.environ)
        configured = secrets_backend(config, "workers" if section else "secrets")
        if configured is None or (section and (options["backend"] or configured == secrets_backend(config))):
            return None
    try:
        store = opened(given or f"{ADDRESS}{section}")
    except AirconnError as error:
        if given:
            raise
        return _closed(title, error, faults)
    return Place(title, store, reads_for=version)


def _database_address(app: App, given: str | None) -> str:
    """What stands for the metadata database: a choice, else what Airflow's configuration names, else the target."""
    from airconn.airflow.config_file import AirflowConfig

    if given:
        return given
    config = AirflowConfig.load(app.environ)
    is_there = config.file.exists() or config.get("database", "sql_alchemy_conn") is not None
    is_chosen = app.environ.get("AIRCONN_URL") or app.config.value("url")
    return app.config.target(None).text if is_chosen and not is_there else "metadb:"
