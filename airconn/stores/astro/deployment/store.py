"""The environment variables of a Deployment at Astro as a place: `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar, cast

from airconn.config import Settings
from airconn.errors import InputError, UsageError
from airconn.formats import env
from airconn.formats.base import detail_notes, loss_notes
from airconn.model import (
    NEWEST,
    WRITES,
    Action,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Outcome,
    Selection,
    Step,
    Text,
    Variable,
    rules_for,
)
from airconn.model.reading import Key, Note, Reading
from airconn.quoting import clean, some
from airconn.stores.address_options import from_query
from airconn.stores.astro import in_environment
from airconn.stores.astro.address import AstroAddress, split_deployment
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.deployment import objects
from airconn.stores.astro.deployment.shape import checked
from airconn.stores.astro.deployment.variable import DeploymentVariable, variables_of
from airconn.stores.astro.deployment.writing import EMPTY_SECRET, VariablesWriter, is_secret, refuse_unready
from airconn.stores.astro.finding import find_deployment
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store

T = TypeVar("T", bound=AirflowObject)

_EMPTY = Text("")
_NAMES = 8


@dataclass(frozen=True, slots=True)
class DeploymentOptions:
    """The options of an address `astro-vars://WORKSPACE/DEPLOYMENT`."""

    TOPIC: ClassVar[str] = "astro"
    secret: str = ""
    """Which new variables are secrets: `all` or `none`. Empty: connections, and variables that look like secrets."""
    organization: str | None = None
    """The id of the organization, for a token that doesn't tell it."""


def open_store(address: str, settings: Settings) -> DeploymentVariablesStore:
    """The store of `astro-vars://WORKSPACE/DEPLOYMENT`. Nothing is asked yet. Raises `UsageError`."""
    parts = split_deployment(address)
    options = from_query(DeploymentOptions, parts.query)
    if options.secret not in ("", "all", "none"):
        raise UsageError("secret is all or none", where=str(parts), hint="without it, names and values decide")
    return DeploymentVariablesStore(parts, options, AstroApi(settings, options.organization))


class DeploymentVariablesStore(Store):
    """The variables of a Deployment that Airflow looks into. All others are sent back as they were read."""

    def __init__(self, parts: AstroAddress, options: DeploymentOptions, api: AstroApi) -> None:
        super().__init__(
            str(parts),
            Capabilities(
                kinds=env.KINDS,
                hides=True,
                at_once=True,
                conditional=True,
                ids=in_environment.IDS,
                largest=in_environment.LARGEST,
                folds_case=True,
                restarts="restarts the components of the Deployment, for up to two minutes",
            ),
        )
        self._parts = parts
        self._options = options
        self._api = api
        self._id = ""
        self._is_asleep = False
        self._description: Description | None = None

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        if self._description is None:
            self._deployment()
        return cast("Description", self._description)

    def location(self, kind: Kind) -> object:
        return self.address, kind

    def _deployment(self) -> dict[str, Any]:
        """The Deployment as it is now. Its name is looked up once. Raises `UsageError` and `TargetError`."""
        if self._id:
            return checked(self._api.get(f"/deployments/{self._id}"), self.address)
        found = find_deployment(self._api, self._parts.workspace, self._parts.deployment, self.address)
        checked(found, self.address)
        self._id = str(found.get("id"))
        self._is_asleep = found.get("status") == "HIBERNATING"
        workspace = found.get("workspaceName") or found.get("workspaceId")
        words = (
            f"the environment variables of the Deployment {found.get('name')} in the Workspace {workspace} at Astro"
        )
        self._description = Description(clean(words), _version(str(found.get("airflowVersion"))), env.KINDS)
        return found

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        variables = variables_of(self._deployment())
        context.progress("reading variables", len(variables), self.address)
        rules = rules_for(context.airflow)
        found = objects.find_objects(variables, selection, context.wanted, rules, self.address)
        return Reading(
            Bundle.of(found.objects),
            tuple(found.notes),
            ignored=found.ignored,
            kinds=self.capabilities.kinds,
            passed_over=found.passed_over,
            versions=found.versions,
        )

    def ids(self, kinds: frozenset[Kind], context: Context = DEFAULT_CONTEXT) -> frozenset[Key]:
        return frozenset((obj.kind, obj.id) for obj in self.read(Selection(kinds=kinds), context).bundle)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        if obj.kind not in self.capabilities.kinds:
            return obj
        try:
            return cast("T", in_environment.stored(obj, rules_for(context.airflow)))
        except InputError:
            return obj

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        if not isinstance(obj, Connection | Variable):
            return (f"a {obj.kind.singular} can't be an environment variable",)
        return in_environment.problems(obj, rules_for(context.airflow), context.wanted)

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        read = context.before.versions.get((step.kind, step.id)) if context.before is not None else None
        if step.action is Action.CREATE and isinstance(read, str):
            return f"the Deployment has a variable of its name that can't be read as a {step.kind.singular}: {read}"
        if step.action is Action.DELETE or step.kind not in self.capabilities.kinds or step.source is None:
            return ""
        obj, held = step.result(), read if isinstance(read, DeploymentVariable) else None
        if isinstance(obj, Variable) and obj.value == _EMPTY and is_secret(obj, held, self._options.secret):
            return EMPTY_SECRET
        return ""

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        rules = rules_for(context.airflow)
        written = [
            cast("Connection | Variable", step.result())
            for step in steps
            if step.action in WRITES and step.source is not None and step.kind in self.capabilities.kinds
        ]
        return [
            note
            for obj in written
            for note in (
                *loss_notes(obj, in_environment.value_of(obj, rules)[1]),
                *detail_notes(obj, in_environment.changed(obj)),
            )
        ]

    def effects(self, steps: Sequence[Step], context: Context) -> Sequence[str]:
        """Which objects become secrets, or stay some, which Astro can't undo, and whether the Deployment sleeps."""
        before = context.before.versions if context.before is not None else {}
        chosen = self._options.secret
        new, stay = list[str](), list[str]()
        for step in steps:
            held = before.get((step.kind, step.id))
            known = held if isinstance(held, DeploymentVariable) else None
            if step.source is None or step.kind not in self.capabilities.kinds:
                continue
            obj, name = cast("Connection | Variable", step.result()), f"{step.kind.value}/{step.id}"
            if known is not None and known.is_secret:
                stay += [name] if chosen == "none" else []
            elif is_secret(obj, known, chosen):
                new.append(name)
        told = []
        if new:
            names = some(sorted(new), _NAMES)
            told.append(f"written as secrets, which Astro never shows and can't turn back into plain values: {names}")
        if stay:
            names = some(sorted(stay), _NAMES)
            told.append(
                f"still secrets in spite of secret=none, since Astro can't turn them into plain values: {names}"
            )
        if self._is_asleep:
            told.append("the Deployment hibernates: what is written counts when it wakes up")
        return told

    def rehearse(self, steps: Sequence[Step], context: Context) -> Sequence[Outcome]:
        """None: what would fail is refused in the plan. Raises `BlockedError` where an update isn't possible now."""
        if steps:
            refuse_unready(self._deployment(), self.address)
        return ()

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        """Carries out all steps in one update of the Deployment, or none if it can't be updated."""
        steps = [step for step in steps if step.action in WRITES]
        if not steps:
            return
        writer = VariablesWriter(
            self,
            self._api,
            self._deployment,
            lambda some: self.losses(some, context),
            self._options.secret,
            context,
        )
        yield from writer.write(steps)

    def close(self) -> None:
        self._api.close()


def _version(text: str) -> AirflowVersion:
    """The Airflow of a Deployment, such as `2.11.2+astro.1`. The newest one where Astro doesn't say it (`NA`)."""
    try:
        return AirflowVersion.parse(text)
    except UsageError:
        return NEWEST
