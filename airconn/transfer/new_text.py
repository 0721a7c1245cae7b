"""Makes the new text of a file from the objects of places. Values that the places hide are kept from the file."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airconn import formats
from airconn.errors import BlockedError
from airconn.formats import omission
from airconn.formats.base import IsUnchanged, Loss, Rendered, WriteOptions
from airconn.model import (
    ALL_KINDS,
    OWN_POOL,
    REDACTED,
    AirflowObject,
    Bundle,
    Kind,
    fill,
    hidden_fields,
    is_unsaid,
    number_of,
    unfilled,
    value_fields,
    with_type_of,
)
from airconn.model.leaves import leaf_name
from airconn.model.reading import Key, Note
from airconn.model.secrecy import masked, secret_leaves
from airconn.stores.base import Context, Store
from airconn.stores.file import FileStore
from airconn.transfer import reported_reads
from airconn.transfer.hiding import Hidden, RedactedPolicy, settle_hidden, without_hidden
from airconn.transfer.loading import Loaded
from airconn.transfer.losses import refuse_losses, show_loss

if TYPE_CHECKING:
    from airconn.formats.references import ReferenceGuard


@dataclass(frozen=True, slots=True)
class TargetFile:
    """The file to write, or standard output, in its state before the write."""

    store: FileStore
    options: WriteOptions
    context: Context
    held: Bundle | None = None
    """The objects of the file. None if the new text doesn't depend on them."""

    @property
    def address(self) -> str:
        return self.store.address

    @property
    def old(self) -> Bundle:
        return self.held or Bundle()

    @property
    def is_updated(self) -> bool:
        """Whether its text is changed in place."""
        return self.held is not None and bool(formats.get_format(self.store.format_name()).updater)


@dataclass(frozen=True, slots=True)
class NewText:
    """The result: objects as text, with losses and notes."""

    text: str
    bundle: Bundle
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()
    hidden: Hidden = ()
    ignored: tuple[tuple[str, int], ...] = ()
    kept: tuple[AirflowObject, ...] = ()
    """The objects of the file that are kept because references in them would be overwritten."""
    masked: Hidden = ()
    """The objects with masked secrets, each with the names of these."""

    @property
    def written(self) -> Bundle:
        """The objects that the text holds, whole or in part."""
        gone = {(loss.kind, loss.id) for loss in self.losses if not loss.field}
        gone |= {(obj.kind, obj.id) for obj in self.kept}
        return self.bundle.only(lambda kind, id_: (kind, id_) not in gone) if gone else self.bundle


def make_text(
    loaded: Loaded,
    sources: Sequence[Store],
    target: TargetFile,
    *,
    redacted: RedactedPolicy = "mask",
    mask_secrets: bool = False,
    strict: bool = False,
) -> NewText:
    """The new text of the target from the loaded objects. Writes nothing.

    Values that the sources hide are taken from the target. A file whose format allows it is changed in place. With
    `mask_secrets`, all that `show` masks is then hidden, as if the sources hid it.

    Raises `BlockedError` for hidden values under `redacted="fail"` and if secrets that are to be masked would stay in
    the file, and `InputErrors` under `strict` for losses and for notes on what was read.
    """
    same = _same_to(sources, target.context)
    bundle, changed = _filled(loaded.bundle, target, same)
    bundle, hidden = settle_hidden(
        bundle,
        redacted,
        sources,
        "export from a source that shows its secrets, or use --redacted mask or --redacted omit",
    )
    guard = target.store.guard(target.options, same)
    secrets: Hidden = ()
    if mask_secrets:
        bundle, secrets = _without_secrets(bundle, target, redacted)
    with reported_reads.busy(target.store, "writing", target.context):
        rendered = _rendered(bundle, target, guard)
    rendered = replace(rendered, losses=tuple(_marked_usual(loss, bundle, target) for loss in rendered.losses))
    if strict:
        refuse_losses(bundle, rendered.losses, loaded.notes)
    _refuse_outdated(rendered.losses, target)
    hiding = [obj for obj, _ in (*hidden, *secrets)]
    omitted = {kind for note in loaded.notes for kind in omission.noted_kinds(note.message)}
    omitted |= {obj.kind for obj in hiding if bundle.get(obj.kind, obj.id) is None}
    rendered = _marked(rendered, target, omitted)
    kept = {(obj.kind, obj.id) for obj in guard.kept}
    hidden = tuple((obj, names) for obj, names in hidden if (obj.kind, obj.id) not in kept)
    notes = (*loaded.notes, *rendered.notes, *_not_stood_in(bundle, changed, kept, target))
    return NewText(rendered.text, bundle, rendered.losses, notes, hidden, loaded.ignored, tuple(guard.kept), secrets)


def _filled(bundle: Bundle, target: TargetFile, same: IsUnchanged) -> tuple[Bundle, Sequence[AirflowObject]]:
    """`bundle` with the hidden values that the file has, and the objects that got none because these may be old."""
    if target.held is None:
        return bundle, ()
    old = target.held
    source = bundle.map(lambda obj: with_type_of(obj, old.get(obj.kind, obj.id)))
    filled = source.map(lambda obj: fill(obj, old.get(obj.kind, obj.id)))
    _refuse_to_mask(filled, target)
    changed = [obj for obj in filled if obj is not source.get(obj.kind, obj.id) and _is_changed(obj, target, same)]
    stale = Bundle.of(changed)
    known = source.map(lambda obj: obj if stale.get(obj.kind, obj.id) else filled.get(obj.kind, obj.id) or obj)
    return known, changed


def _rendered(bundle: Bundle, target: TargetFile, guard: ReferenceGuard) -> Rendered:
    if target.is_updated:
        changes = {(obj.kind, obj.id): obj for obj in bundle}
        return target.store.rendered(changes, target.options, guard, target.context)
    old = target.old
    if len(old):
        pairs = ((obj, old.get(obj.kind, obj.id)) for obj in bundle)
        bundle = Bundle.of(held if held is not None and guard(held, obj) else obj for obj, held in pairs)
    if len(old) and not len(bundle):
        number = "the object" if len(old) == 1 else f"all {len(old)} objects"
        raise BlockedError(
            f"there is nothing to write, and {number} of this file would be gone",
            where=target.address,
            hint="check the source and the selection; --replace empties the file",
        )
    return formats.get_format(target.store.format_name()).render(bundle, target.options)


def _marked_usual(loss: Loss, bundle: Bundle, target: TargetFile) -> Loss:
    """The loss, marked if it is of the default pool as each Airflow has it and no kinds were chosen."""
    is_own = loss.is_of_kind and bundle.get(loss.kind, loss.id) == OWN_POOL
    return replace(loss, is_usual=True) if is_own and target.options.kinds == ALL_KINDS else loss


def _refuse_outdated(losses: Sequence[Loss], target: TargetFile) -> None:
    """Raises `BlockedError` if an object can't be written, so that its old value in the file would go on to count."""
    lost = [loss for loss in losses if not loss.field and target.old.get(loss.kind, loss.id) is not None]
    if lost:
        raise BlockedError(
            f"this file has an old value of a field that can't be written: {'; '.join(map(show_loss, lost))}",
            where=target.address,
            hint="--exclude excludes the objects; another format may hold the new values",
        )


def _is_changed(obj: AirflowObject, target: TargetFile, same: IsUnchanged) -> bool:
    """Whether an object with hidden fields has changed visibly, so that the file's values may be out of date.

    `obj` has the file's values in their place. Its description doesn't count.
    """
    held = target.old.get(obj.kind, obj.id)
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
    return not (same(held, seen) or same(held, target.store.as_held(seen, target.context)))


def _not_stood_in(bundle: Bundle, changed: Sequence[AirflowObject], kept: Set[Key], target: TargetFile) -> list[Note]:
    """Notes on objects that are written with hidden fields although the file has values for them."""
    hidden, omitted = list[str](), list[str]()
    for obj in changed:
        now, name = bundle.get(obj.kind, obj.id), f"{obj.kind.value}/{obj.id}"
        if now is None and target.is_updated:
            omitted.append(name)
        elif now is not None and hidden_fields(now) and (obj.kind, obj.id) not in kept:
            hidden.append(name)
    where, way_out = target.address, "--fill ADDRESS gets them from a source that shows them"
    reason = "so the hidden values in this file may be old"
    said = ((hidden, "are not kept"), (omitted, "stay there, because the new ones are omitted"))
    return [
        Note(where, f"the visible values of {', '.join(names)} have changed, {reason} and {what}; {way_out}")
        for names, what in said
        if names
    ]


def _marked(rendered: Rendered, target: TargetFile, omitted: Set[Kind]) -> Rendered:
    """The text, with a mark if it or a source lacks hidden objects of some kinds, so that no import deletes these."""
    if not omitted:
        return replace(rendered, text=omission.unmarked(rendered.text))
    text = omission.marked(rendered.text, target.store.format_name(), target.options.kinds, omitted)
    if text is None:
        kinds = " and ".join(kind.value for kind in Kind if kind in omitted)
        message = (
            f"{kinds} are omitted, and this format can't mark that: an import with --prune of this file "
            "would delete them (--redacted mask keeps them)"
        )
        return replace(rendered, notes=(*rendered.notes, Note(target.address, message)))
    return replace(rendered, text=text)


def _without_secrets(bundle: Bundle, target: TargetFile, redacted: RedactedPolicy) -> tuple[Bundle, Hidden]:
    """`bundle` with its secrets hidden, and their names. Raises `BlockedError` if the file has others."""
    others = [obj for obj in target.old if bundle.get(obj.kind, obj.id) is None and any(secret_leaves(obj))]
    if others:
        raise BlockedError(
            f"this file has secrets of {number_of(len(others))} that the source doesn't have, and they would stay",
            where=target.address,
            hint="--replace writes a new file",
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


def _refuse_to_mask(bundle: Bundle, target: TargetFile) -> None:
    """Raises `BlockedError` if a `***` would overwrite a value of the file that may be the secret itself."""
    listed = [
        f"{obj.kind.value}/{obj.id} {', '.join(names)}"
        for obj in bundle
        if (names := unfilled(obj, target.old.get(obj.kind, obj.id)))
    ]
    if listed:
        raise BlockedError(
            f"the source hides values that this file may have, at unclear positions: {'; '.join(listed)}",
            where=target.address,
            hint="--fill ADDRESS gets it from a source that shows it; --replace writes *** instead",
        )


def _same_to(sources: Sequence[Store], context: Context) -> IsUnchanged:
    """Gives whether an object of a file and one of a source are the same, as far as the source keeps formatting."""
    read = replace(context, writes=None)

    def same(held: AirflowObject, wanted: AirflowObject) -> bool:
        return held == wanted or any(store.stored_form(held, read) == wanted for store in sources)

    return same
