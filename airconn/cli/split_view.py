"""Carries out a split into a directory, for `export` and `convert`, and shows what it wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airconn.cli import options as opt
from airconn.cli.app import App

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airconn.transfer.exporting import ExportRequest
    from airconn.transfer.request_parts import Network
    from airconn.transfer.splitting import Split, Splitting

_ROWS = 20


def deliver_split(app: App, request: ExportRequest, splitting: Splitting, network: Network) -> int:
    """Carries out a split, and reports its files on standard error. Returns the exit code."""
    from airconn.transfer import exporting
    from airconn.transfer.splitting import split

    with app.places(network) as places:
        strict = app.config.is_strict(request.writing.strict)
        request = replace(request, writing=replace(request.writing, strict=strict))
        sources = exporting.open_sources(request, places)
        app.writes = True
        done = split(request, splitting, sources, places)
    app.writes = False
    _show(app, done, splitting, masks=request.writing.redacted == "mask")
    if not len(done.bundle):
        opt.warn_of_nothing(app, request.selection)
    app.incomplete(done.notes)
    return done.exit_code


def _show(app: App, done: Split, splitting: Splitting, *, masks: bool) -> None:
    from airconn import report
    from airconn.model import number_of
    from airconn.quoting import clean
    from airconn.report import lacks

    app.notes(done.notes)
    app.ignored(done.ignored)
    for line in lacks.loss_lines(done.losses, "the file of an object", every_one=app.verbosity > 0):
        app.warn(line)
    rows = (("+", done.created), ("~", done.changed), ("-", done.removed))
    _rows(app, [clean(f"  {symbol} {path}") for symbol, paths in rows for path in paths])
    if done.gone:
        app.warn(f"the source no longer has the objects of {_files(len(done.gone))}, which are kept")
        _rows(app, [clean(f"  {path}") for path in done.gone])
        app.hint("--prune deletes them")
    numbers = f"{len(done.created)} created, {len(done.changed)} changed, {len(done.removed)} deleted"
    held = report.amounts(done.bundle, frozenset(obj.kind for obj in done.bundle))
    app.say(clean(f"{splitting.directory}: {numbers}, {done.unchanged} unchanged ({held})"))
    if done.hidden:
        how = "***, and" if masks else "references, which --fill ADDRESS fills;"
        app.say(f"secrets of {number_of(done.hidden)} are written as {how} all else is in clear (airconn help git)")


def _rows(app: App, rows: Sequence[str]) -> None:
    shown = rows if app.verbosity > 0 or len(rows) <= _ROWS + 1 else rows[:_ROWS]
    app.say(*shown)
    if len(shown) < len(rows):
        app.say(f"  and {len(rows) - len(shown)} more (-v lists all)")


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
