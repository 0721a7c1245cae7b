"""What commands on several targets report: notes and errors that name their targets, and no text twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from airconn.cli.app import App
from airconn.errors import AirconnError, ExitCode, InputErrors
from airconn.quoting import clean, some_or_all

if TYPE_CHECKING:
    from airconn.model.reading import Note
    from airconn.targets import Target
    from airconn.transfer.many.members import Failure
    from airconn.transfer.many.target_threads import Reads

_FEW = 3
"""The targets that are named, and the most whose errors of the same words are told one by one."""


def targets_of(app: App, addresses: Sequence[str], *, is_pattern: bool = False) -> Sequence[Target]:
    """The targets of a command that is to read several. Empty if it reads one, as it always did.

    With `is_pattern` a single one counts as several. Raises `UsageError` for an unknown name.
    """
    if len(addresses) < 2 and not is_pattern and not any(address.startswith("@") for address in addresses):
        return ()
    from airconn import targets

    found = targets.targets_of(app.config, addresses or [None])
    return found if len(found) > 1 or is_pattern else ()


def tell_settings(
    app: App, targets: Sequence[Target], *, are_compared: bool = False, are_written: bool = False
) -> None:
    """Says what the settings of targets change of what is read, or of what an import writes, and which of them don't
    count in a comparison: `@eu: with overlays/eu.yaml, without pools/*`."""
    said: dict[str, list[str]] = {}
    for target in targets:
        if text := target.said if are_written else target.said_of_reads:
            said.setdefault(text, []).append(target.address)
    for text, names in said.items():
        app.say(clean(f"{in_targets(names)}: {text}"))
    changed = [target for target in targets if target.overlays or target.renames] if are_compared else []
    if changed:
        where = in_targets(target.address for target in changed)
        compare = f"airconn import SOURCE --to {changed[0].address} --dry-run"
        app.say(clean(f"{where}: overlays and renames aren't used here; {compare} compares with them"))


@contextmanager
def reading(app: App, parallel: int | None, *, fail_fast: bool) -> Iterator[Reads]:
    """Within this block threads read targets, and ask their questions through the main thread."""
    from airconn.transfer.many.target_threads import Reads
    from airconn.transfer.side_by_side import Inbox

    inbox = Inbox()
    app.in_main_thread = inbox.ask
    try:
        yield Reads(inbox, app.watch, parallel, fail_fast)
    finally:
        app.in_main_thread = None


def in_targets(labels: Iterable[str]) -> str:
    """`@eu`, or `3 targets (@eu, @us, @ap)`."""
    names = list(dict.fromkeys(labels))
    return names[0] if len(names) == 1 else f"{len(names)} targets ({some_or_all(names, _FEW)})"


def tell_notes(app: App, notes: Iterable[tuple[str, Note]]) -> None:
    """Tells notes with the names of their targets. The same one on several targets is one line, unless verbose."""
    from airconn.transfer.many.members import where_in

    groups: dict[tuple[object, ...], list[tuple[str, Note]]] = {}
    for label, note in notes:
        groups.setdefault((note.message, note.failed, note.is_detail or note.is_minor), []).append((label, note))
    for same in groups.values():
        labels = {label for label, _ in same}
        if len(labels) == 1 or app.verbosity > 0:
            app.notes(replace(note, where=where_in(label, note.where)) for label, note in same)
        else:
            app.notes([replace(same[0][1], where=in_targets(label for label, _ in same))])


def tell_failures(app: App, failures: Sequence[Failure], skipped: Sequence[str] = ()) -> None:
    """Tells the errors of targets. Many with the same words are one."""
    app.writes = False
    groups: dict[tuple[object, ...], list[Failure]] = {}
    for failure in failures:
        error = failure.error
        alone = failure.label if isinstance(error, InputErrors) or app.verbosity > 0 else ""
        groups.setdefault((error.message, error.hint, alone), []).append(failure)
    hint = None
    for same in groups.values():
        error = same[0].error
        if len({failure.label for failure in same}) > _FEW:
            where = in_targets(failure.label for failure in same)
            app.error(AirconnError(error.message, where=where, hint=error.hint if error.hint != hint else None))
        else:
            for number, failure in enumerate(same):
                told = number > 0 or failure.error.hint == hint
                app.error(_without_hint(failure.error) if told else failure.error)
        hint = error.hint
    if skipped:
        app.say(f"{in_targets(skipped)}: not begun, because of --fail-fast", level=-1)


def _without_hint(error: AirconnError) -> AirconnError:
    return error if isinstance(error, InputErrors) else AirconnError(error.message, where=error.where)


def worst_of(codes: Iterable[ExitCode], failures: Iterable[Failure]) -> ExitCode:
    """The exit code of a command on several targets."""
    from airconn.transfer.many.verdict import worst

    return worst([*codes, *(failure.error.exit_code for failure in failures)])


def counted(parts: Iterable[tuple[int, str]]) -> str:
    """`11 written, 1 failed`, without what isn't there."""
    return ", ".join(f"{number} {word}" for number, word in parts if number)


def tell_incomplete(app: App, notes: Iterable[tuple[str, Note]], missing: str = "is missing") -> None:
    """Warns that objects of some targets could not be read."""
    labels = [label for label, note in notes if note.failed]
    if labels:
        app.error(AirconnError(f"not complete: what could not be read {missing}", where=clean(in_targets(labels))))
