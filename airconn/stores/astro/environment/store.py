"""The Environment Manager of Astro as a place: the objects of a Workspace or of a Deployment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from airconn.config import Settings
from airconn.model import Action, AirflowObject, Kind, Outcome, Selection, Step, rules_for
from airconn.model.reading import Key, Note, Reading
from airconn.stores.astro.address import AstroAddress, is_id, split
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.environment.bodies import recreate_body
from airconn.stores.astro.environment.effects import effects, effects_of_twins
from airconn.stores.astro.environment.listing import PATH, ObjectLister
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment.objects import KINDS, ObjectForm
from airconn.stores.astro.environment.options import EnvironmentOptions, options_of
from airconn.stores.astro.environment.pacing import Paces
from airconn.stores.astro.environment.reading import EnvironmentReader
from airconn.stores.astro.environment.refusals import refusal
from airconn.stores.astro.environment.writing import EnvironmentWriter, Place, losses
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store, read_only

T = TypeVar("T", bound=AirflowObject)

_LINKED = ("it shows what a Deployment gets from its Workspace", "write to astro-env://WORKSPACE instead")


class EnvironmentManagerStore(Store):
    """The objects of one scope. It is asked nothing before the first call that needs an answer."""

    def __init__(self, parts: AstroAddress, options: EnvironmentOptions, settings: Settings) -> None:
        linked = options.linked
        super().__init__(
            str(parts),
            Capabilities(
                kinds=KINDS,
                hides=True,
                real_values="switch on Environment Secrets Fetching in Astro's Organization Settings",
                writable=not linked,
                read_only_hint=_LINKED if linked else ("", ""),
                folds_case=options.as_env,
            ),
        )
        self._parts = parts
        self._options = options
        self._form = ObjectForm(options.as_env)
        self._api = AstroApi(settings, options.organization)
        self._paces = Paces()
        self._lister = ObjectLister(self._api, parts, self._paces, linked=linked)

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        what = "environment variables in the Environment Manager" if self._form.as_env else "the Environment Manager"
        linked = ", with what is linked to it" if self._options.linked else ""
        return Description(f"{what} of {self._lister.scope}{linked}", kinds=KINDS)

    def location(self, kind: Kind) -> object:
        """The names in the address. An id of a Deployment is enough to tell which one it is.

        What is linked to a Deployment counts as its own: written there, it would be a copy that doesn't follow the
        Workspace any more.
        """
        parts, options = self._parts, self._options
        workspace = "" if is_id(parts.deployment) else parts.workspace
        return parts.scheme, options.organization or "", workspace, parts.deployment, options.as_env

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        return EnvironmentReader(self._lister, self._form, self.address, context).read(selection)

    def quick_ids(self, kinds: frozenset[Kind], context: Context = DEFAULT_CONTEXT) -> frozenset[Key]:
        """The ids of all objects, which are listed without their secrets."""
        ours = kinds & KINDS
        types = {self._form.type_of(kind) for kind in ours}
        if not ours:
            return frozenset()
        found = self._lister.find(next(iter(types)) if len(types) == 1 else "", secrets=False)
        return frozenset(key for one in found if (key := self._form.named_by(one)) is not None and key[0] in ours)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        if obj.kind not in KINDS or any(self._form.problems(obj, rules_for(context.airflow))):
            return obj
        return self._form.stored_form(obj, rules_for(context.airflow), _held((obj.kind, obj.id), context))

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        return tuple(self._form.problems(obj, rules_for(context.airflow), context.wanted))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        if step.action is Action.CREATE:
            why = context.before.unreadable.get((step.kind, step.id)) if context.before else None
            return f"it is there, and {why}" if why else ""
        held = _held((step.kind, step.id), context)
        if held is None or step.action is Action.DELETE:
            return ""
        return refusal(step, held, self._form)

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        return [note for step in steps for note in losses(step, self._form, context)]

    def effects(self, steps: Sequence[Step], context: Context) -> Sequence[str]:
        before = context.before.versions if context.before is not None else {}
        held = cast("Mapping[Key, ManagedObject]", before)
        of_workspace = not self._parts.deployment
        found = list(effects(steps, held, self._options, of_workspace=of_workspace))
        new = [step for step in steps if step.action is Action.CREATE and step.kind in KINDS]
        if new and not of_workspace:
            reaching = self._lister.reaching()
            form = self._form
            twice = [step for step in new if (form.type_of(step.kind), form.key_of(step.kind, step.id)) in reaching]
            found += effects_of_twins(twice)
        return found

    def remainder(self, steps: Sequence[Step], context: Context) -> Sequence[Mapping[str, Any]]:
        found = []
        for step in steps:
            held = _held((step.kind, step.id), context)
            if held is not None and step.source is not None and not refusal(step, held, self._form):
                body = recreate_body(step.source, held, self._form, rules_for(context.airflow))
                found.append({"request": f"POST {PATH}", "body": body})
        return found

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        if not self.capabilities.writable:
            raise read_only(self)
        place = Place(self._api, self._lister, self._form, self._options, self._paces)
        return EnvironmentWriter(self, place, context).write(steps)

    def close(self) -> None:
        self._api.close()


def _held(key: Key, context: Context) -> ManagedObject | None:
    """The object as it was read before a write."""
    return None if context.before is None else cast("ManagedObject | None", context.before.versions.get(key))


def open_store(address: str, settings: Settings) -> EnvironmentManagerStore:
    """The objects of `astro-env://WORKSPACE[/DEPLOYMENT]`. Nothing is asked yet. Raises `UsageError`."""
    parts = split(address)
    return EnvironmentManagerStore(parts, options_of(parts), settings)
