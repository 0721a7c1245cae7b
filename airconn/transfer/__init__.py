"""The one place that strings reading, planning and writing together. Every command is a few lines over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from airconn.errors import AirconnError, BlockedError, InputError, InputErrors, UnfitError
from airconn.formats.base import Loss, Note
from airconn.model import (
    NEWEST,
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Kind,
    Selection,
    Text,
    fill,
    hidden_fields,
    rules_for,
    value_fields,
)
from airconn.stores.base import Store
from airconn.transfer import watching

Change = Callable[[Bundle, AirflowVersion], Bundle]
"""What is done to the objects of the sources before they go on, for the Airflow that they are read for."""
RedactedPolicy = Literal["mask", "omit", "fail"]
Hidden = tuple[tuple[AirflowObject, tuple[str, ...]], ...]
"""The objects with hidden fields, and the names of these."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the sources hold together."""

    bundle: Bundle
    notes: tuple[Note, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()
    """For each source with entries that are none of our business, how many there were."""
    seen: frozenset[tuple[Kind, str]] = frozenset()
    """The ids that were read, and those that a change made of them."""
    strangers: int = 0
    """How many objects were left out because the target has no place for their kind."""


def load(
    sources: Sequence[Store],
    selection: Selection,
    airflow: AirflowVersion,
    *,
    fills: Sequence[Store] = (),
    change: Change | None = None,
) -> Loaded:
    """The selected objects of all sources, read for one version of Airflow.

    What they hide is taken from `fills`, from each in turn, and `change` has the last word.
    Raises `InputErrors` with the faults of all of them, and where an id comes twice with different values.
    """
    bundles: list[Bundle] = []
    notes: list[Note] = []
    ignored: list[tuple[str, int]] = []
    faults: list[InputError] = []
    for store in sources:
        store.reads_for = airflow
        try:
            bundles.append(watching.read(store, selection))
        except InputErrors as error:
            faults += error.errors
        except InputError as error:
            faults.append(error)
        notes += store.notes
        if store.ignored:
            ignored.append((store.address, store.ignored))
    if faults:
        raise InputErrors(tuple(faults))
    bundle = bundles[0] if len(bundles) == 1 else Bundle.of(obj for bundle in bundles for obj in bundle)
    for store in fills:
        bundle, said = _filled(bundle, store, airflow)
        notes += said
    changed = change(bundle, airflow) if change else bundle
    seen = frozenset((obj.kind, obj.id) for some in (bundle, changed) for obj in some)
    return Loaded(changed, tuple(notes), tuple(ignored), seen)


def _filled(bundle: Bundle, store: Store, airflow: AirflowVersion) -> tuple[Bundle, list[Note]]:
    """`bundle` with what is hidden in it and `store` shows, and what there is to say about that."""
    lacking = frozenset((obj.kind, obj.id) for obj in bundle if hidden_fields(obj))
    if not lacking:
        return bundle, []
    store.reads_for = airflow
    other = watching.read(store, Selection(kinds=frozenset(kind for kind, _ in lacking), ids=lacking))
    return bundle.map(lambda obj: fill(obj, other.get(obj.kind, obj.id))), list(store.notes)


def load_for(
    sources: Sequence[Store],
    selection: Selection,
    target: Store,
    airflow: AirflowVersion | None,
    *,
    fills: Sequence[Store] = (),
    change: Change | None = None,
    on_loaded: Callable[[Loaded], None] = lambda loaded: None,
) -> Loaded:
    """The sources as the Airflow of `target` reads them, or as `airflow` does if that is given.

    They are read before the target is asked anything: a fault of the input is told whether a server runs or not.
    `on_loaded` gets what was read, and raises for what is wrong with it.
    """
    first: AirconnError | None = None
    loaded = None
    try:
        loaded = load(sources, selection, airflow or NEWEST, fills=fills, change=change)
        on_loaded(loaded)
    except (InputError, UnfitError) as error:
        first, loaded = error, None
    if first and airflow:
        raise first
    try:
        version = airflow or target.airflow()
    except AirconnError:
        if first:
            raise first from None
        raise
    if loaded is None or (rules_for(version) != rules_for(NEWEST) and airflow is None):
        loaded = load(sources, selection, version, fills=fills, change=change)
        on_loaded(loaded)
    return loaded


def settle_hidden(
    bundle: Bundle, redacted: RedactedPolicy, sources: Sequence[Store], hint: str
) -> tuple[Bundle, Hidden]:
    """What goes on of `bundle`, and what of it is hidden. Raises `BlockedError` for that under `redacted="fail"`."""
    hidden = tuple((obj, names) for obj in bundle if (names := hidden_fields(obj)))
    if hidden and redacted == "fail":
        listed = "; ".join(f"{obj.kind.value}/{obj.id} {', '.join(names)}" for obj, names in hidden)
        where = ", ".join(store.address for store in sources)
        raise BlockedError(f"hidden by the source: {listed}", where=where, hint=hint)
    if hidden and redacted == "omit":
        bundle = Bundle.of(rest for obj in bundle if (rest := without_hidden(obj)) is not None)
    return bundle, hidden


def refuse_losses(bundle: Bundle, losses: Sequence[Loss]) -> None:
    """Raises `InputErrors` if there are any."""
    if losses:
        raise InputErrors(tuple(InputError(show_loss(loss), where=str(_origin(bundle, loss))) for loss in losses))


def without_hidden(obj: AirflowObject) -> AirflowObject | None:
    """The object without its hidden fields and leaves, or None where nothing useful is left."""
    changes: dict[str, object] = {}
    for name in value_fields(obj.kind):
        value = getattr(obj, name)
        if value is REDACTED:
            if obj.kind is Kind.VARIABLES and name == "value":
                return None
            changes[name] = None
        elif isinstance(value, Text) and value.hidden:
            if obj.kind is Kind.VARIABLES:
                return None  # a value without some of its parts is another value
            changes[name] = value.without_hidden()
    return replace(obj, **changes)  # type: ignore[arg-type]


def show_loss(loss: Loss) -> str:
    """A loss as a sentence."""
    name = f"{loss.kind.value}/{loss.id}"
    return f"{name}: {loss.field} {loss.message}" if loss.field else f"{name}: {loss.message}"


def _origin(bundle: Bundle, loss: Loss) -> object:
    obj = bundle.get(loss.kind, loss.id)
    return obj.origin if obj else loss.kind.value


def close(stores: Iterable[Store]) -> None:
    for store in stores:
        store.close()
