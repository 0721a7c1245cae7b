"""`airconn explain`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.errors import UsageError
from airconn.quoting import shown_address

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Kind
    from airconn.transfer.request_parts import Network


_ASTRO = "--astro"
_KINDS = ("connections", "variables", "pools")


class _WithBareAstro(click.Command):
    """Takes `--astro` and `--astro=DEPLOYMENT`. The word behind `--astro` alone is an ID."""

    def make_parser(self, ctx: click.Context) -> Any:
        parser = super().make_parser(ctx)
        parse = parser.parse_args
        setattr(parser, "parse_args", lambda args: parse(_with_values(args)))  # noqa: B010 - of one parser alone
        return parser


def _with_values(args: Sequence[str]) -> list[str]:
    """The words of a command line in which `--astro` has a value, if only an empty one."""
    end = args.index("--") if "--" in args else len(args)
    for word, after in pairwise(args[:end]):
        if word == _ASTRO and after.lower().startswith("astro-"):
            raise UsageError("the Deployment is written after a '='", hint=f"{_ASTRO}={after}")
        if word == _ASTRO and "/" in after and after.partition("/")[0] not in _KINDS:
            shown = shown_address(after)
            hint = f"the Deployment is written after a '=': {_ASTRO}='{shown}'; an ID comes before {_ASTRO}"
            raise UsageError(f"is {shown} the Deployment, or an ID?", hint=hint)
    return [f"{_ASTRO}=" if word == _ASTRO else word for word in args[:end]] + list(args[end:])


@click.command(
    "explain", cls=_WithBareAstro, short_help="Show where Airflow would find an object, and what that shadows."
)
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=opt.complete_object)
@click.option("--all", "everything", is_flag=True, help="Every object that is in more than one place.")
@click.option(
    "--backend",
    metavar="ADDRESS",
    shell_complete=opt.complete_address,
    help="The secrets backend [the one of Airflow's configuration].",
)
@click.option(
    "--workers-backend",
    metavar="ADDRESS",
    shell_complete=opt.complete_address,
    help="That of the workers [Airflow's configuration].",
)
@click.option("--no-backend", is_flag=True, help="Look in no secrets backend.")
@click.option(
    "--database",
    metavar="ADDRESS",
    shell_complete=opt.complete_address,
    help="The metadata database, or an Airflow that shows what is in it [that of Airflow's configuration, else "
    "AIRCONN_URL].",
)
@click.option(
    _ASTRO,
    metavar="WORKSPACE/DEPLOYMENT",
    help="Look into the Environment Manager, the variables and the Airflow of this Deployment of Astro. It is "
    "written after a '='. Without it, the Environment Manager comes second and isn't read.",
)
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
    astro: str | None,
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
      airconn explain warehouse --astro=analytics/prod --no-backend
      airconn explain variables/region --backend vault://vault.example.com/secret
    """
    from airconn.cli.meant import refuse_kind_as_id
    from airconn.report import explain as report
    from airconn.transfer.explaining import ExplainRequest, explain
    from airconn.transfer.lookup_places import NamedPlaces

    if bool(ids) is everything:
        raise UsageError("name the ID to explain, or use --all", hint="one of the two")
    refuse_kind_as_id("explain", ids)
    if no_backend and (backend or workers_backend):
        raise UsageError("--no-backend contradicts the address of a backend", hint="choose one")
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
    if explained.hints_at_astro:
        app.hint(
            "this Airflow runs at Astro, whose Environment Manager comes before the database: "
            f"{_ASTRO}=WORKSPACE/DEPLOYMENT looks into it"
        )
    return explained.exit_code
