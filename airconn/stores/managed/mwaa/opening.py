"""Opens the Airflow of an MWAA environment: finds its web server by AWS, and logs in there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from airconn.config import Settings
from airconn.credentials import Credentials, WebToken
from airconn.errors import AirconnError, UsageError
from airconn.model import Action, AirflowObject, Outcome, Selection, Step
from airconn.model.reading import Note, Reading
from airconn.stores.airflow_api import bulk
from airconn.stores.airflow_api.access import Access, access
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.store import AirflowApiStore
from airconn.stores.base import DEFAULT_CONTEXT, Context
from airconn.stores.managed.mwaa.address import MwaaAddress, split
from airconn.stores.managed.mwaa.calls import MwaaCalls
from airconn.stores.managed.mwaa.environment import MwaaEnvironment
from airconn.stores.managed.mwaa.faults import MwaaDenied

_FRESH = 40.0
"""The seconds in which a web login token that lives 60 s is still used."""
_SOURCE = "your AWS identity; its Airflow role is in its policy for airflow:CreateWebLoginToken names"


def open_store(address: str, settings: Settings) -> MwaaStore:
    """The Airflow of `mwaa://REGION/ENVIRONMENT`. Nothing is asked yet. Raises `UsageError`."""
    parts = split(address)
    if settings.credentials.of_address:
        raise UsageError(
            "an MWAA environment needs AWS credentials, but the configuration has others for it",
            where=str(parts),
            hint="profile_name and role_arn choose AWS credentials: mwaa://REGION/ENVIRONMENT?profile_name=NAME",
        )
    return (InvokedMwaaStore if parts.through_api else MwaaStore)(parts, settings)


class MwaaStore(AirflowApiStore):
    """The Airflow of an MWAA environment, with a session of its web server."""

    def __init__(self, address: MwaaAddress, settings: Settings) -> None:
        self._mwaa = address
        self._settings = settings
        self._calls = MwaaCalls(address, settings)
        self._environment = MwaaEnvironment()
        super().__init__(str(address), self._find_environment)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        self._access()
        if context.writes is not None:
            self._environment.check_writes(self.address)
        found = super().read(selection, context)
        why = self._environment.unsettled
        return replace(found, notes=(*found.notes, Note(self.address, why))) if why else found

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        self._access()
        self._environment.check_writes(self.address)
        yield from super().apply(steps, context)

    def close(self) -> None:
        super().close()
        self._calls.close()

    def _find_environment(self) -> Access:
        self._environment = self._calls.visible_environment()
        self._environment.check_is_there(self.address)
        return self._open_access()

    def _open_access(self) -> Access:
        """Access to the web server that AWS names. Raises `TargetError`."""
        try:
            tokens = WebTokens(self._calls)
        except MwaaDenied as error:
            hint = self._other_way() or error.hint
            raise MwaaDenied(error.message, where=error.where, hint=hint) from None
        settings = replace(
            self._settings,
            credentials=Credentials(web_token_source=tokens, source=_SOURCE, looked_at=(_SOURCE,)),
            named_by=f"AWS, for {self.address}",
        )
        hint = self._environment.unreached_hint(self._mwaa.region)
        return access(f"https://{tokens.host}", settings, unreached=hint)

    def _other_way(self) -> str:
        """The hint to use `InvokeRestApi`, if these credentials may. Otherwise empty."""
        try:
            self._calls.invoke("GET", "/version", {}, None)
        except Exception:  # noqa: BLE001 - whatever it is, the first refusal is what the user has to know
            return ""
        return f"airflow:InvokeRestApi is allowed: {self.address}?through=api"


class WebTokens:
    """The source of web login tokens for one environment. Each token is given once, and only while it is fresh."""

    def __init__(self, calls: MwaaCalls) -> None:
        """Asks for the first one, which tells the host. Raises `TargetError`."""
        self._calls = calls
        self._lock = threading.Lock()
        self._made = time.monotonic()
        self._first: WebToken | None = calls.web_token()
        self.host = self._first.host

    def __call__(self) -> WebToken:
        with self._lock:
            first, self._first = self._first, None
        if first is not None and time.monotonic() - self._made < _FRESH:
            return first
        return self._calls.web_token()


class InvokedMwaaStore(MwaaStore):
    """The Airflow of an MWAA environment, through `InvokeRestApi`."""

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        api = self._api(context)
        return (*super().problems(obj, context), *_of_path(obj, api))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        from airconn.stores.managed.mwaa.invoked_api import emptied, refusal_of

        if why := super().refusal(step, context):
            return why
        api = self._api(context)
        if step.action is Action.UPDATE and (names := emptied(step, api)):
            return refusal_of(names)
        if step.action in (Action.UPDATE, Action.REPLACE, Action.DELETE) and not _is_reached(step, api):
            return f"InvokeRestApi can't send a path like that of {step.id!r}: leave ?through=api out"
        return ""

    def _open_access(self) -> Access:
        from airconn.stores.managed.mwaa.invoking import invoked_access

        return invoked_access(self._calls, self.address, self._settings)

    def _api(self, context: Context) -> Api:
        from airconn.stores.managed.mwaa.invoked_api import InvokedV1, InvokedV2

        known = super()._api(context)
        return (InvokedV2 if known.dialect.v2 else InvokedV1)(known.dialect, known.origin)


def _of_path(obj: AirflowObject, api: Api) -> tuple[str, ...]:
    """What keeps an object from being written, read and deleted by its path, where only paths have ids."""
    if api.dialect.bulk or api.has_path(obj.kind, obj.id):
        return ()
    return ("InvokeRestApi only accepts paths of up to 64 letters, digits and '_.-~': leave ?through=api out",)


def _is_reached(step: Step, api: Api) -> bool:
    """Whether a step can be carried out by the path of its object, or with its id in a body."""
    if api.has_path(step.kind, step.id):
        return True
    try:
        return bulk.entry(api, step).key is not None
    except AirconnError:
        return False
