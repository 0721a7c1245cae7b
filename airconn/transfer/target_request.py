"""Makes the request of one target of the request of a command line, with the settings of the target in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airconn.model import Selection
from airconn.targets import Target
from airconn.transfer.request_parts import TargetChanges

if TYPE_CHECKING:
    from airconn.transfer.requests import DeleteRequest, ImportRequest


def request_of(request: ImportRequest, target: Target) -> ImportRequest:
    """The import into one target: its overlays and renames below those of the command line, the objects that both
    select, and its Airflow where the command line says none.

    A plan file keeps the result, so that `airconn apply` needs no settings of the target but its address.
    """
    changes = request.changes
    of_target = TargetChanges(target.overlays, target.renames, target.has_overlays_of_project, target.address)
    if of_target:
        changes = replace(changes, of_target=of_target)
    return replace(
        request,
        selection=selection_of(request.selection, target),
        changes=changes,
        airflow=request.airflow or target.airflow,
    )


def deletion_of(request: DeleteRequest, target: Target) -> DeleteRequest:
    """The deletion in one target: globs choose among the objects that it is limited to, and ids name any."""
    from airconn.transfer.globs import has_globs

    selection = request.selection
    if has_globs(request.names, selection):
        selection = selection_of(selection, target)
    return replace(request, place=target.address, selection=selection, airflow=request.airflow or target.airflow)


def selection_of(selection: Selection, target: Target) -> Selection:
    """The part of a selection that the target is limited to."""
    exclude = tuple(dict.fromkeys((*selection.exclude, *target.exclude)))
    return replace(selection, exclude=exclude, within=target.include)
