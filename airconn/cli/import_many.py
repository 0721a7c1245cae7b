"""`airconn import`, `apply` and `delete` with several targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.many_view import ManyView
from airconn.errors import ExitCode, UsageError
from airconn.model import Selection
from airconn.quoting import shown_address
from airconn.report import planfile
from airconn.report.matrix import names
from airconn.stores.saving import write_atomically
from airconn.targets import Target, targets_of
from airconn.transfer.backups import Backups, run_of
from airconn.transfer.many.engine import ManyConduct
from airconn.transfer.many.members import label_of
from airconn.transfer.many.shared import SharedPlaces, SharedSources
from airconn.transfer.many.tasks import DeleteTask, ImportTask, Inspect, UndoTask, server_of, unseen
from airconn.transfer.request_parts import Network, ObjectChanges
from airconn.transfer.requests import Conduct, DeleteRequest, ImportRequest
from airconn.transfer.side_by_side import parallel_by_default, server_at
from airconn.transfer.target_request import deletion_of, request_of
from airconn.transfer.undoing import UndoRequest

if TYPE_CHECKING:
    from airconn.transfer.importing import Import


@dataclass(frozen=True, slots=True)
class ManyOptions:
    """The options of a command with several targets."""

    conduct: Conduct
    network: Network
    output: str
    parallel: int | None = None
    canary: str | None = None
    show_values: bool = False
    backup: str = ""
    """The command in words, for the backups."""


def import_many(
    app: App, targets: Sequence[Target], request: ImportRequest, options: ManyOptions, plan_out: Path | None
) -> ExitCode:
    """Imports into several targets, or writes the plan for them into a file."""
    requests = {
        target.address: replace(
            request_of(request, target),
            to=opt.fixed(app.config, target.address) if plan_out else target.address,
        )
        for target in targets
    }
    if plan_out is None:
        return _run(app, targets, requests, request, options)
    for one in requests.values():
        planfile.refuse_untrusted(one)
    sections: dict[str, planfile.Section] = {}

    def note(target: Target, prepared: Import) -> None:
        sections[target.address] = planfile.section(prepared, requests[target.address])

    def write(failed: frozenset[str]) -> None:
        planned = [sections[t.address] for t in targets if t.address in sections and t.address not in failed]
        if not planned:
            return
        write_atomically(plan_out, planfile.dump_all(planned) + "\n")
        plan = f"the plan for {len(planned)} of {len(targets)} targets" if len(planned) < len(targets) else "the plan"
        canary = f" --canary {options.canary}" if options.canary else ""
        app.say(f"{plan_out}: {plan}; carry it out with: airconn apply {plan_out}{canary}")

    view = _view(app, options)
    code = _run(app, targets, requests, request, options, inspect=note, view=view)
    write(view.refused)
    return code


def apply_many(app: App, planned: Sequence[planfile.PlanFile], options: ManyOptions) -> ExitCode:
    """Carries out a plan for several targets."""
    requests = {str(one.request.to): one.request for one in planned}
    by_address = {str(one.request.to): one for one in planned}
    targets = targets_of(app.config, list(requests))
    first = planned[0].request
    # Each selects its own part of what the command line of the plan did, which has the same kinds and globs for all.
    common = replace(first.selection, exclude=(), within=())
    base = replace(first, selection=common, changes=ObjectChanges())
    if any(_sources(one.request) != _sources(first) for one in planned):
        raise UsageError("the plan has different sources for its targets", where=planned[0].path)

    def expect(target: Target, prepared: Import) -> None:
        planfile.refuse_change(by_address[target.address], prepared)

    view = _view(app, options, way_on="make a new plan for what is left")
    return _run(app, targets, requests, base, options, inspect=expect, view=view, is_planned=True)


def delete_many(app: App, targets: Sequence[Target], request: DeleteRequest, options: ManyOptions) -> ExitCode:
    """Deletes objects of several targets."""
    config = app.config
    tasks = [
        DeleteTask(
            target,
            deletion_of(request, target),
            config.confirms(target.address),
            server_of(config, target),
        )
        for target in targets
    ]
    view = _view(app, options, way_on="run the same command again for the rest", nothing="nothing to delete")
    return view.run(tasks, _conduct(app, targets, options))


def undo_many(app: App, runs: Sequence[str], request: UndoRequest, options: ManyOptions) -> ExitCode:
    """Undoes a run into several targets, of which each has a backup of its own."""
    backups = Backups(app.state_directory)
    headers = {run: backups.find(run).header for run in runs}
    app.say(f"undo of run {run_of(runs[0])}: {headers[runs[0]].command}, {len(runs)} targets")
    targets = {run: Target(header.to or header.address) for run, header in headers.items()}
    tasks = [
        UndoTask(target, run, request, backups, server_at(headers[run].address)) for run, target in targets.items()
    ]
    nothing = "nothing to undo: all is as it was before that run"
    view = _view(app, options, "run the same command again for the rest", nothing)
    code = view.run(tasks, _conduct(app, list(targets.values()), options))
    if not options.conduct.dry_run and request.selection == Selection():
        whole = {one.target.address for one in view.results if one.is_whole and one.backup is None}
        for run, target in targets.items():
            if target.address in whole:
                backups.note_undone(run)
    return code


def _sources(request: ImportRequest) -> tuple[object, ...]:
    return request.sources, request.fills, request.source_format, request.selection.kinds, request.selection.include


def _view(
    app: App,
    options: ManyOptions,
    way_on: str = "the same command finishes the job",
    nothing: str = "the sources hold nothing",
) -> ManyView:
    return ManyView(
        app,
        options.network,
        output=options.output,
        show_values=options.show_values,
        dry_run=options.conduct.dry_run,
        way_on=way_on,
        nothing=nothing,
        backup=options.backup,
    )


def _run(
    app: App,
    targets: Sequence[Target],
    requests: Mapping[str, ImportRequest],
    base: ImportRequest,
    options: ManyOptions,
    *,
    inspect: Inspect = unseen,
    view: ManyView | None = None,
    is_planned: bool = False,
) -> ExitCode:
    config = app.config
    view = view or _view(app, options)
    conduct = _conduct(app, targets, options)
    with SharedPlaces(config, options.network, app.ask_value, app.watch) as places:
        shared = SharedSources(base, places)
        tasks = [
            ImportTask(
                target,
                requests[target.address],
                shared,
                config.confirms(target.address),
                server_of(config, target),
                inspect,
                is_planned,
            )
            for target in targets
        ]
        return view.run(tasks, conduct, shared.forget)


def _conduct(app: App, targets: Sequence[Target], options: ManyOptions) -> ManyConduct:
    parallel = options.parallel or parallel_by_default(len(targets))
    return ManyConduct(options.conduct, parallel, canaries_of(app, targets, options.canary))


def canaries_of(app: App, targets: Sequence[Target], canary: str | None) -> frozenset[str]:
    """The addresses of the targets that `--canary` names. Raises `UsageError` for one that isn't of the run."""
    if canary is None:
        return frozenset()
    places = {app.config.place(target.address): target.address for target in targets}
    named = [app.config.place(target.address) for target in targets_of(app.config, [canary])]
    if not places.keys() >= set(named):
        labels = [label_of(target) for target in targets]
        is_bare = f"@{canary}" in labels
        are = "the target is" if len(labels) == 1 else "the targets are"
        raise UsageError(
            f"--canary {shown_address(canary)} is not one of the targets",
            hint=f"did you mean @{canary}?" if is_bare else f"{are} {names(labels)}",
            topic="targets",
        )
    return frozenset(places[place] for place in named)
