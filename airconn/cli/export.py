"""`airconn export`, and what it shares with `convert`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.standard_input import refuse_second_use
from airconn.errors import AirconnError, BlockedError, ExitCode, InputError

if TYPE_CHECKING:
    from airconn.model import AirflowVersion, Selection
    from airconn.stores.file import FileStore
    from airconn.transfer.environ import Environ
    from airconn.transfer.exporting import Export

DEFAULT_FORMAT = "json"


@click.command("export", short_help="Pull objects out of an Airflow.")
@opt.source
@opt.writing
@opt.airflow
@opt.overriding
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.network
@opt.verbosity
@click.pass_obj
def command(
    app: App,
    /,
    from_: str | None,
    kinds: tuple[str, ...],
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    **options: Any,
) -> int:
    """Pull objects out of an Airflow (or a file, or another place) into a file or to standard output.

    Airflow's API hides passwords and sensitive extras: they are written as ***, and named on standard error.

    \b
      airconn export --format uri
      airconn export -o .env --include 'aws_*'
      airconn export --connections -o connections.json
      airconn export --format k8s --k8s-namespace airflow | kubectl apply -f -
    """
    from airconn import transfer

    refuse_second_use((from_ or "",), options["fill"], options["overlays"])
    with ExitStack() as stack:
        store = opt.open_address(app.config.target(from_), options)
        stack.callback(transfer.close, [store])

        def airflow() -> AirflowVersion:
            store.describe()
            return store.airflow()

        return deliver(app, [store], opt.make_selection(kinds, include, exclude), options, airflow, unless_empty=True)


def deliver(
    app: App,
    stores: list[Any],
    selection: Selection,
    options: dict[str, Any],
    airflow: Any,
    *,
    unless_empty: bool = False,
) -> int:
    """Reads the stores, writes what they hold to the file or to standard output, and says what there is to say.

    Gives the exit code. `airflow` gives the version that the text is written for, unless an option does. That the
    stores hold nothing is an error, `unless_empty`.
    """
    from airconn import formats, transfer
    from airconn.cli.overriding import make_overrides
    from airconn.config import Settings
    from airconn.formats.base import WriteOptions
    from airconn.stores.file import FileStore
    from airconn.stores.saving import is_standard_output, refuse_unwritable
    from airconn.transfer import exporting
    from airconn.transfer.nothing import ALLOW

    path: Path | None = options["out"]
    if path is not None and (str(path) == "-" or is_standard_output(path)):
        path = None
    app.writes = path is not None
    values = formats.given_values(options)
    out = FileStore(
        str(path or "-"),
        Settings(
            from_format=options["format"] or (None if path else DEFAULT_FORMAT),
            format_values=values,
            replace_references=options["replace_references"] or options["replace"],
        ),
    )
    formats.get_format(out.format_name())
    out.choose(selection.kinds)
    formats.refuse_idle(out.format_name(), values, afresh=options["replace"] or not out.holds_something())
    if path is not None:
        refuse_unwritable(path)
    change = make_overrides(app, options, selection)
    fills = opt.open_fills(app, options)
    with ExitStack() as stack:
        stack.callback(transfer.close, fills)
        version = _asked(airflow, out, afresh=options["replace"])
        app.follow(*stores, *fills, out)
        result = exporting.export(
            stores,
            selection,
            out,
            options=WriteOptions(
                airflow=options["airflow"] or version,
                kinds=selection.kinds,
                values={**out.said_values(), **values},
            ),
            redacted=options["redacted"] or "mask",
            mask_secrets=options["mask_secrets"],
            strict=options["strict"],
            replace_file=options["replace"],
            fills=fills,
            change=change,
            on_loaded=opt.nothing_check(options, selection, stores, unless_empty=unless_empty),
        )
    nothing = _why_nothing(result, out)
    if nothing and not options["allow_empty"]:
        tell(app, result, selection, None, omitted=options["redacted"] == "omit")
        raise InputError(nothing, hint=ALLOW)
    if path is None:
        app.data(result.text, raw=True)
    else:
        out.save(result.text, afresh=options["replace"])
        app.writes = False
    if nothing:
        opt.warn_of_nothing(app, selection, nothing)
    elif not len(result.bundle):
        opt.warn_of_nothing(app, selection)
    tell(app, result, selection, path, omitted=options["redacted"] == "omit")
    _tell_of_secrets(app, result, path, options["redacted"])
    if result.kept:
        app.error(_keeps_references(result, out))
        return ExitCode.BLOCKED
    return app.verdict(result.notes)


def _keeps_references(result: Export, out: FileStore) -> BlockedError:
    """The error of an export that had to leave objects of the file as they are."""
    from airconn.stores.file import kept_in_words

    return BlockedError(
        f"left as they are, for the new values would replace references ($NAME, {{{{ }}}} and the like): "
        f"{kept_in_words(result.kept)}",
        where=out.address,
        hint="--replace-references writes the new values; --exclude leaves the objects out",
    )


def _asked(airflow: Callable[[], AirflowVersion], out: FileStore, *, afresh: bool) -> AirflowVersion:
    """The version that is asked for, after all that can be judged without it: a fault of the file is told whether a
    server runs or not."""
    from airconn.model import Selection
    from airconn.transfer import watching

    fault: InputError | None = None
    if out.holds_something() and not afresh:
        try:
            watching.read(out, Selection())
        except InputError as error:
            fault = error
    try:
        return airflow()
    except AirconnError:
        if fault:
            raise fault from None
        raise


def _why_nothing(result: Export, out: FileStore) -> str:
    """Why nothing is written although there was something. Empty where something is, or nothing was there."""
    if not len(result.bundle):
        return "the source hides a part of everything" if result.hidden else ""
    return "" if len(result.written) or result.kept else f"the {out.format_name()} format can't hold anything"


def tell(app: App, result: Export, selection: Selection, out: Path | None, *, omitted: bool) -> None:
    """Says on standard error what was left out, hidden or changed on the way."""
    how = "are left out" if omitted else "stand as *** in the text; importing it again keeps what the target has"
    tell_lacks(app, result, how)
    if out is not None:
        from airconn import report

        app.say(f"{out}: {report.amounts(result.written, selection.kinds)}")


def _tell_of_secrets(app: App, result: Export, path: Path | None, redacted: str | None) -> None:
    """Says how many secrets were masked, or where they are in clear although the user may take them to be masked."""
    from airconn.model import number_of

    if result.masked:
        how = "left out" if redacted == "omit" else "masked; importing them again keeps what the target has"
        app.say(f"secrets of {number_of(len(result.masked))} are {how}")
        return
    exposed = False
    if path is not None:
        from airconn.stores import git

        exposed = git.is_not_ignored(path)
    if redacted not in ("mask", "omit") and not exposed:
        return
    from airconn.model.secrecy import secret_leaves

    holders = sum(any(secret_leaves(obj)) for obj in result.written)
    if not holders:
        return
    number = number_of(holders)
    if exposed:
        app.warn(
            f"{path}: secrets of {number} are written in clear, and git doesn't ignore this file: "
            "list it in .gitignore, or write it with --mask-secrets"
        )
    else:
        app.warn(
            f"secrets of {number} are written in clear: --redacted is about what the source hides, "
            "and --mask-secrets masks these"
        )


def tell_lacks(app: App, result: Export | Environ, how: str) -> None:
    """Says what was left out or changed, and that the hidden fields `how`."""
    app.notes(result.notes)
    app.ignored(result.ignored)
    if not (result.losses or result.hidden):
        return
    from airconn import report

    for line in report.loss_lines(result.losses, every_name=app.verbosity > 0):
        app.warn(line)
    if result.hidden:
        number = len(result.hidden)
        app.warn(f"the source hides fields of {number} object{'' if number == 1 else 's'}:")
        for obj, names in result.hidden:
            app.say(report.clean(f"  {obj.kind.value}/{obj.id}  {', '.join(names)}"))
        app.say(f"  they {how}")
