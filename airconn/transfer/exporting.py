"""An export: what places hold as the new text of a file, which keeps what the file has and the sources hide."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from airconn import formats
from airconn.errors import BlockedError
from airconn.formats import omission
from airconn.formats.base import IsUnchanged, Loss, Note, Rendered, WriteOptions
from airconn.model import (
    REDACTED,
    AirflowObject,
    Bundle,
    Kind,
    Selection,
    fill,
    hidden_fields,
    is_unsaid,
    number_of,
    unfilled,
    value_fields,
    with_type_of,
)
from airconn.model.leaves import leaf_name
from airconn.model.secrecy import masked, secret_leaves
from airconn.stores.base import Store
from airconn.stores.file import FileStore
from airconn.transfer import (
    Change,
    Hidden,
    Loaded,
    RedactedPolicy,
    load,
    refuse_losses,
    settle_hidden,
    show_loss,
    watching,
    without_hidden,
)


@dataclass(frozen=True, slots=True)
class Export:
    """Objects as text, and everything there is to say about it."""

    text: str
    bundle: Bundle
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()
    hidden: Hidden = ()
    ignored: tuple[tuple[str, int], ...] = ()
    kept: tuple[AirflowObject, ...] = ()
    """The objects of the file that stay as they are because references in them would be written over."""
    masked: Hidden = ()
    """The objects with secrets that were masked, and the names of these."""

    @property
    def written(self) -> Bundle:
        """The objects that the text holds, whole or in part."""
        gone = {(loss.kind, loss.id) for loss in self.losses if not loss.field}
        gone |= {(obj.kind, obj.id) for obj in self.kept}
        return self.bundle.only(lambda kind, id_: (kind, id_) not in gone) if gone else self.bundle


def export(
    sources: Sequence[Store],
    selection: Selection,
    out: FileStore,
    *,
    options: WriteOptions,
    redacted: RedactedPolicy = "mask",
    mask_secrets: bool = False,
    strict: bool = False,
    replace_file: bool = False,
    fills: Sequence[Store] = (),
    change: Change | None = None,
    on_loaded: Callable[[Loaded], None] = lambda loaded: None,
) -> Export:
    """What the sources hold, as the new text of `out`. Writes nothing.

    Where `out` is a file with something in it, its values stand in for those that the sources hide, and a format that
    can be changed in place is, unless `replace_file` says to start afresh.
    `on_loaded` gets what was read, before anything is done with it.

    With `mask_secrets`, what is a secret to `show` is then hidden like all that the sources hide.

    Raises `BlockedError` for what they hide under `redacted="fail"` and where secrets would stay in `out` that are to
    be masked, and `InputErrors` for losses under `strict`.
    """
    old = Bundle()
    respect = out.holds_something() and not replace_file
    if respect:
        out.reads_for = options.airflow
        old = watching.read(out, Selection())
    loaded = load(sources, selection, options.airflow, fills=fills, change=change)
    on_loaded(loaded)
    bundle = loaded.bundle
    same, changed = _same_to(sources), list[AirflowObject]()
    if respect:
        source = bundle.map(lambda obj: with_type_of(obj, old.get(obj.kind, obj.id)))
        filled = source.map(lambda obj: fill(obj, old.get(obj.kind, obj.id)))
        _refuse_to_mask(filled, old, out)
        changed = [
            obj for obj in filled if obj is not source.get(obj.kind, obj.id) and _is_changed(obj, old, out, same)
        ]
        stale = Bundle.of(changed)
        bundle = source.map(lambda obj: obj if stale.get(obj.kind, obj.id) else filled.get(obj.kind, obj.id) or obj)
    bundle, hidden = settle_hidden(
        bundle,
        redacted,
        sources,
        "export from a place that shows its secrets, or take --redacted mask or --redacted omit",
    )
    guard = out.guard(options, same)
    secrets: Hidden = ()
    if mask_secrets:
        bundle, secrets = _without_secrets(bundle, old, out, redacted)
    with watching.busy(out, "writing"):
        if respect and formats.get_format(out.format_name()).updater:
            rendered = out.rendered({(obj.kind, obj.id): obj for obj in bundle}, options, guard)
        else:
            if len(old):
                pairs = ((obj, old.get(obj.kind, obj.id)) for obj in bundle)
                bundle = Bundle.of(held if held is not None and guard(held, obj) else obj for obj, held in pairs)
            if len(old) and not len(bundle):
                number = "the object" if len(old) == 1 else f"all {len(old)} objects"
                raise BlockedError(
                    f"there is nothing to write, and {number} of this file would be gone",
                    where=out.address,
                    hint="is it the right place, and the right selection? --replace empties the file",
                )
            rendered = formats.get_format(out.format_name()).render(bundle, options)
    if strict:
        refuse_losses(bundle, rendered.losses)
    _refuse_outdated(rendered.losses, old, out)
    hiding = [obj for obj, _ in (*hidden, *secrets)]
    is_short = any(note.message == omission.NOTE for note in loaded.notes) or any(
        obj.kind is Kind.VARIABLES and bundle.get(obj.kind, obj.id) is None for obj in hiding
    )
    rendered = _marked(rendered, out, options, is_short=is_short)
    kept = {(obj.kind, obj.id) for obj in guard.kept}
    hidden = tuple((obj, names) for obj, names in hidden if (obj.kind, obj.id) not in kept)
    notes = (*loaded.notes, *rendered.notes, *_not_stood_in(bundle, changed, kept, out))
    return Export(rendered.text, bundle, rendered.losses, notes, hidden, loaded.ignored, tuple(guard.kept), secrets)


def _refuse_outdated(losses: Sequence[Loss], old: Bundle, out: FileStore) -> None:
    """Raises `BlockedError` where the old value of an object would go on to count because the new one has no form."""
    lost = [loss for loss in losses if not loss.field and old.get(loss.kind, loss.id) is not None]
    if lost:
        raise BlockedError(
            f"this file has an old value of what it can't hold: {'; '.join(map(show_loss, lost))}",
            where=out.address,
            hint="--exclude leaves the objects out; a file of another format may hold the new values",
        )


def _is_changed(obj: AirflowObject, old: Bundle, out: FileStore, same: IsUnchanged) -> bool:
    """Whether an object with hidden fields has changed visibly, so that those of the file may be out of date.

    `obj` has what the file knows in their place. What only describes it doesn't count.
    """
    held = old.get(obj.kind, obj.id)
    if held is None:
        return False
    unseen = {
        name: getattr(held, name)
        for name in value_fields(obj.kind)
        if name in ("description", "team_name")
        or (value := getattr(obj, name)) is REDACTED
        or (value is None and is_unsaid(obj, name))
    }
    seen = replace(obj, **unseen)
    return not (same(held, seen) or same(held, out.as_held(seen)))


def _not_stood_in(
    bundle: Bundle, changed: Sequence[AirflowObject], kept: Set[tuple[Kind, str]], out: FileStore
) -> list[Note]:
    """Says whose hidden fields the file has, and are written as hidden nevertheless."""
    hidden, omitted = list[str](), list[str]()
    for obj in changed:
        now, name = bundle.get(obj.kind, obj.id), f"{obj.kind.value}/{obj.id}"
        if now is None and formats.get_format(out.format_name()).updater:
            omitted.append(name)
        elif now is not None and hidden_fields(now) and (obj.kind, obj.id) not in kept:
            hidden.append(name)
    way_out = "--fill ADDRESS takes them from a place that shows them"
    reason = "so the hidden values in this file may be old"
    said = ((hidden, "are not kept"), (omitted, "stay there, because the new ones are left out"))
    return [
        Note(out.address, f"what the source shows of {', '.join(names)} has changed, {reason} and {what}; {way_out}")
        for names, what in said
        if names
    ]


def _marked(rendered: Rendered, out: FileStore, options: WriteOptions, *, is_short: bool) -> Rendered:
    """The text with a mark if variables are left out, here or in a source: no import takes them for deleted."""
    if not is_short:
        return replace(rendered, text=omission.unmarked(rendered.text))
    text = omission.marked(rendered.text, out.format_name(), options.kinds)
    if text is None:
        message = (
            "variables are left out, which this format can't say: an import with --prune of this file would delete "
            "them (--redacted mask keeps them)"
        )
        return replace(rendered, notes=(*rendered.notes, Note(out.address, message)))
    return replace(rendered, text=text)


def _without_secrets(bundle: Bundle, old: Bundle, out: FileStore, redacted: RedactedPolicy) -> tuple[Bundle, Hidden]:
    """`bundle` with its secrets hidden, and what these are. Raises `BlockedError` where `out` has others."""
    others = [obj for obj in old if bundle.get(obj.kind, obj.id) is None and any(secret_leaves(obj))]
    if others:
        raise BlockedError(
            f"this file has secrets of {number_of(len(others))} that the source doesn't have, and they would stay",
            where=out.address,
            hint="--replace writes the file afresh",
        )
    found = tuple(
        (obj, tuple(leaf_name(name, path) for name, path in leaves))
        for obj in bundle
        if (leaves := list(secret_leaves(obj)))
    )
    bundle = bundle.map(masked)
    if redacted == "omit":
        bundle = Bundle.of(rest for obj in bundle if (rest := without_hidden(obj)) is not None)
    return bundle, found


def _refuse_to_mask(bundle: Bundle, old: Bundle, out: FileStore) -> None:
    """Raises `BlockedError` where a `***` would take the place of what may be the secret that it stands for."""
    listed = [
        f"{obj.kind.value}/{obj.id} {', '.join(names)}"
        for obj in bundle
        if (names := unfilled(obj, old.get(obj.kind, obj.id)))
    ]
    if listed:
        raise BlockedError(
            f"the source hides values that this file may have, at places that aren't certain: {'; '.join(listed)}",
            where=out.address,
            hint="--fill ADDRESS takes it from a place that shows it; --replace writes *** in its place",
        )


def _same_to(sources: Sequence[Store]) -> IsUnchanged:
    """Whether an object of a file and one of a source are the same, as far as the source tells formatting."""

    def same(held: AirflowObject, wanted: AirflowObject) -> bool:
        return held == wanted or any(store.stored_form(held) == wanted for store in sources)

    return same
