"""`airconn edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.backup_option import command_words
from airconn.cli.backup_option import no_backup as no_backup_option
from airconn.errors import BlockedError, InputError, InputErrors, UsageError

if TYPE_CHECKING:
    from airconn.cli.editor import PrivateFile
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.editing import Draft
    from airconn.transfer.importing import Import
    from airconn.transfer.places import Places
    from airconn.transfer.request_parts import Network, SourceFormat
    from airconn.transfer.requests import Conduct


class NotConfirmed(BlockedError):
    """The answer to the question after the plan was no."""


def _complete_type(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from airconn.airflow.conn_types import CONN_TYPES

    return sorted(name for name in CONN_TYPES if name.startswith(incomplete))


@click.command("edit", short_help="Edit single objects in your editor.")
@click.argument("ids", nargs=-1, metavar="[ID...]", shell_complete=opt.complete_object)
@opt.source
@click.option(
    "--new",
    "new_type",
    metavar="TYPE",
    shell_complete=_complete_type,
    help="Create a connection of this type, such as postgres.",
)
@click.option("--yes", "-y", is_flag=True, help="Import without asking.")
@opt.filling
@opt.literal
@opt.selection
@opt.reading
@opt.airflow
@no_backup_option
@opt.finishing
@opt.network
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    ids: tuple[str, ...],
    from_: str | None,
    new_type: str | None,
    yes: bool,
    fill: tuple[str, ...],
    literal_masks: tuple[str, ...],
    selection: Selection,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    no_backup: bool,
    fail_fast: bool,
    verify: bool,
    show_values: bool,
    network: Network,
) -> int:
    """Edit the objects ID of an Airflow (or a file, or a backend) as YAML in $VISUAL or $EDITOR.

    Without ID, all that --connections, --variables, --pools, --include and --exclude select.

    Hidden values are *** and stay as they are. After the editor come the plan and a question, and then the import of
    what was changed. The file of the editor is readable only by you, and gone when airconn ends.

    \b
      airconn edit connections/warehouse
      airconn edit region --from .env
      airconn edit --new postgres warehouse
    """
    from airconn.cli.editor import editor_of, private_file
    from airconn.cli.meant import refuse_kind_as_id
    from airconn.model import Selection
    from airconn.transfer import editing
    from airconn.transfer.requests import Conduct

    app.writes = True
    if not ids and new_type is None and selection == Selection():
        raise UsageError(
            "no objects are named",
            hint="airconn edit KIND/ID, airconn edit --variables or --include GLOB, or airconn edit --new TYPE",
        )
    if ids and (selection.include or selection.exclude):
        raise UsageError("IDs and globs can't be combined", hint="use one of them")
    refuse_kind_as_id("edit", ids)
    if not app.can_ask:
        raise UsageError("no terminal for an editor, or CI is set", hint="airconn set changes fields without one")
    editor = editor_of(app.environ)
    request = editing.EditRequest(ids, from_, source_format, selection, airflow, new_type, fill, literal_masks)
    conduct = Conduct(yes=True, fail_fast=fail_fast, verify=verify)
    with app.places(network) as places:
        draft = editing.draft(request, places)
        app.notes(draft.notes)
        with private_file(editing.NAME, app.environ, in_memory=draft.is_encrypted) as file:
            words = command_words(app, no_backup, "edit", ids)
            session = _EditSession(app, draft, places, conduct, editor, file, yes=yes, backup=words)
            return session.run(show_values=show_values)


class _EditSession:
    """The editor, and the import of what was changed in it, until one of them ends it."""

    def __init__(
        self,
        app: App,
        draft: Draft,
        places: Places,
        conduct: Conduct,
        editor: list[str],
        file: PrivateFile,
        *,
        yes: bool,
        backup: str,
    ) -> None:
        self._app = app
        self._draft = draft
        self._places = places
        self._conduct = conduct
        self._editor = editor
        self._file = file
        self._yes = yes
        self._backup = backup
        self._blocked: InputErrors | None = None
        """Why the last plan can't be carried out."""

    def run(self, *, show_values: bool) -> int:
        """Raises what the import raises, except for mistakes in the text, with which the editor opens again.

        A text that was left as it was ends it: with the mistake, if there is one.
        """
        from airconn.cli.editor import run_editor
        from airconn.transfer.editing import with_errors, without_errors

        text, mistake = self._draft.text, None
        comments: list[Exception] = []
        while True:
            self._file.write(with_errors(text, comments))
            run_editor(self._editor, self._file, self._app.environ)
            before, text = text, without_errors(self._file.read())
            if text == before and mistake:
                raise mistake
            if text in (before, self._draft.text):
                self._app.say("nothing was changed in the editor")
                return 0
            try:
                return self._import(text, show_values=show_values)
            except NotConfirmed:
                raise
            except (InputError, UsageError, BlockedError) as error:
                if not self._app.writes:  # something was written already
                    raise
                mistake, comments = error, [self._blocked or error]

    def _import(self, text: str, *, show_values: bool) -> int:
        from airconn.cli.import_view import ImportView
        from airconn.transfer.editing import changes_in, import_edited

        app, self._blocked = self._app, None
        edited = changes_in(text, self._draft)
        for name in edited.removed:
            app.warn(f"{name} was removed in the editor, and is not deleted (airconn delete {name})")
        if not len(edited.objects):
            app.say("nothing was changed in the editor")
            return 0
        to = self._draft.place
        view = ImportView(app, output="text", show_values=show_values, to=to, backup=self._backup)

        def ask(prepared: Import) -> None:
            self._blocked = _reasons(prepared)
            if not self._yes and prepared.plan.writes and not prepared.plan.blocked and not view.agrees(prepared):
                raise NotConfirmed("the changes weren't confirmed")

        return view.run(import_edited(self._draft, edited, self._places, self._conduct, view.host(), ask))


def _reasons(prepared: Import) -> InputErrors | None:
    """Why a plan is blocked, object by object. None if it isn't."""
    reasons = [
        InputError(f"{step.kind.value}/{step.id}: {reason}", where=str(step.source.origin) if step.source else None)
        for step in prepared.plan.blocked
        for reason in step.reasons
    ]
    return InputErrors(tuple(reasons)) if reasons else None
