"""`airconn explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Kind
    from airconn.transfer.request_parts import Network


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
    backend: str | None,
    workers_backend: str | None,
    no_backend: bool,
    database: str | None,
    astro: bool,
    exit_code: bool,
    kinds: frozenset[Kind],
    airflow: AirflowVersion | None,
    network: Network,
    output: str,
) -> int:
    """Show every place where Airflow looks for the object ID, in its order, and which of them has it.

    The first place that has it wins, and what others have is shadowed. The places are the secrets backend that
    Airflow is configured with, the environment of this process, and the metadata database. ID is KIND/ID, or an id.

    \b
      airconn explain warehouse
      airconn explain --all --exit-code
      airconn explain variables/region --backend vault://vault.example.com/secret --database https://airflow.example.com
    """
    from airconn.cli.meant import refuse_kind_as_id
    from airconn.report import explain as report
    from airconn.transfer.explaining import ExplainRequest, explain
    from airconn.transfer.lookup_places import NamedPlaces

    if bool(ids) is everything:
        raise UsageError("say which ID to explain, or --all", hint="one of the two")
    refuse_kind_as_id("explain", ids)
    if no_backend and (backend or workers_backend):
        raise UsageError("--no-backend and an address of one want the opposite of one another", hint="choose one")
    named = NamedPlaces(backend, workers_backend, no_backend, database, astro)
    with app.places(network) as places:
        explained = explain(ExplainRequest(ids, kinds, airflow, named, exit_code), places)
    app.notes(explained.notes)
    if explained.missing:
        app.error(explained.missing)
    elif output == "json":
        app.data(report.explain_json(explained.explanations, str(explained.airflow)) + "\n")
    else:
        for line in report.explain_lines(explained.explanations, app.style):
            app.rows(f"{line}\n")
        if everything:
            app.say(report.summary(explained.explanations))
    app.incomplete(explained.notes)
    return explained.exit_code
