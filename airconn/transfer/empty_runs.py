"""Refuses a run that would succeed with nothing: globs that match no id, and sources without an object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from airconn.errors import AirconnError, InputError, InputErrors
from airconn.model import ALL_KINDS, Kind, Selection, matches
from airconn.model.reading import Key, Note
from airconn.stores.base import Context, Store
from airconn.stores.directory import DirectoryStore
from airconn.stores.file import FileStore
from airconn.transfer import reported_reads
from airconn.transfer.loading import Loaded

ALLOW = "--allow-empty accepts it"
_NEAREST = 3


def refuse_unmatched(
    selection: Selection, found: Iterable[Key], places: Sequence[Store], notes: Iterable[Note], context: Context
) -> None:
    """Raises `InputErrors` with each glob of `--include` that matches none of the ids that were `found` in `places`.

    Where a place failed to give some of its objects, as `notes` say, a glob may match one of these, and the run fails
    anyway.
    """
    keys = frozenset(found)
    globs = [glob for glob in dict.fromkeys(selection.include) if not any(matches(glob, *key) for key in keys)]
    if faults := unmatched(globs, places, notes, context, option="--include "):
        raise InputErrors(faults)


def unmatched(
    globs: Sequence[str], places: Sequence[Store], notes: Iterable[Note], context: Context, *, option: str = ""
) -> tuple[InputError, ...]:
    """The errors for globs that match nothing. `option` is the option that they are given with.

    None where a place failed to give some of its objects, as `notes` say.
    """
    if not globs or any(note.failed for note in notes):
        return ()
    others = suggestions(places, ALL_KINDS, context)
    where = ", ".join(dict.fromkeys(store.address for store in places))
    return tuple(
        InputError(f"{option}{glob!r} matches nothing", where=where, hint=_hint(glob, others)) for glob in globs
    )


def refuse_nothing(
    selection: Selection,
    sources: Sequence[Store],
    notes: Iterable[Note],
    context: Context,
    *,
    unless_empty: bool,
    ignored: Sequence[tuple[str, int]] = (),
) -> None:
    """Raises `InputError` if nothing was found in the sources because all they hold is of kinds that aren't selected,
    or files hold only names that aren't for Airflow, which `ignored` counts.

    Without `unless_empty` also where they hold nothing, or all of it was excluded. `notes` are those of the read.
    """
    if any(note.failed for note in notes):
        return
    where = ", ".join(dict.fromkeys(store.address for store in sources))
    # Each Airflow has a default pool. Only in a file was a pool written on purpose.
    files = [store for store in sources if isinstance(store, FileStore | DirectoryStore)]
    others = suggestions(files, ALL_KINDS, context)
    if others and not any(kind in selection.kinds for kind, _ in others):
        kinds = [(sum(other is kind for other, _ in others), kind) for kind in Kind]
        held = " and ".join(f"{n} {kind.singular if n == 1 else kind.value}" for n, kind in kinds if n)
        options = " ".join(f"--{kind.value}" for n, kind in kinds if n)
        raise InputError(f"{held} here, which are not selected", where=where, hint=f"add {options}; {ALLOW}")
    left_out = [note for note in notes if note.left_out]
    if ignored and not others and not left_out:
        where, number = ignored[0]
        nearly = next((note for note in notes if note.is_remark and note.where.startswith(f"{where}:")), None)
        if nearly is not None:  # a name that looks meant for Airflow
            raise InputError(nearly.message, where=nearly.where, hint=f"correct the name; {ALLOW}")
        names = "1 other name" if number == 1 else f"{number} other names"
        raise InputError(
            f"no AIRFLOW_CONN_* or AIRFLOW_VAR_* in it, but {names}",
            where=where,
            hint=f"--kind variables reads each name as a variable, as AIRFLOW_VAR_NAME is; {ALLOW}",
        )
    if not unless_empty and left_out and not others:
        *before, last = left_out
        faults = [InputError(note.message, where=note.where) for note in before]
        nothing_else = InputError(f"the sources hold nothing else: {last.message}", where=last.where, hint=ALLOW)
        raise InputErrors((*faults, nothing_else))
    if not unless_empty:
        what = "the sources hold nothing" + (" that is selected" if others else "")
        raise InputError(what, where=where, hint=f"check that it is the right file; {ALLOW}")


def refuse_empty(
    selection: Selection, loaded: Loaded, sources: Sequence[Store], context: Context, *, unless_empty: bool
) -> None:
    """Raises `InputError` as `refuse_unmatched` and `refuse_nothing` do for what was loaded from the sources."""
    refuse_unmatched(selection, loaded.seen, sources, loaded.notes, context)
    if not len(loaded.bundle):
        refuse_nothing(selection, sources, loaded.notes, context, unless_empty=unless_empty, ignored=loaded.ignored)


def suggestions(places: Sequence[Store], kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
    """The ids that can be suggested. A place that can't be read has none."""
    found: set[Key] = set()
    for store in places:
        for kind in kinds:
            with suppress(AirconnError):
                found |= reported_reads.quick_ids(store, frozenset({kind}), context)
    return frozenset(found)


def nearest(id_: str, others: Iterable[Key], number: int = 1) -> list[str]:
    """The ids, as KIND/ID, that are most similar to an unknown one."""
    from difflib import get_close_matches

    by_id = {other.lower(): f"{kind.value}/{other}" for kind, other in sorted(others)}
    return [by_id[near] for near in get_close_matches(id_.lower(), by_id, n=number, cutoff=0.5)]


def _hint(glob: str, others: frozenset[Key]) -> str:
    if left_out := sorted(f"{kind.value}/{id_}" for kind, id_ in others if matches(glob, kind, id_)):
        return f"other options exclude {', '.join(left_out[:_NEAREST])}; {ALLOW}"
    prefix, slash, rest = glob.partition("/")
    if slash and prefix in [kind.singular for kind in Kind]:
        return f"did you mean '{prefix}s/{rest}'? {ALLOW}"
    named = slash and prefix in [kind.value for kind in Kind]
    of_kind = {key for key in others if not named or key[0].value == prefix}
    near = nearest((rest if named else glob).strip("*?"), of_kind, _NEAREST)
    return f"did you mean {' or '.join(near)}? {ALLOW}" if near else f"airconn list shows the ids; {ALLOW}"
