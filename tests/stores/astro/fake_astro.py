"""The Astro API on 127.0.0.1: Organizations, Workspaces, Deployments and the Environment Manager.

Each request and each answer is checked with the published schema, and a field that it doesn't have is wrong. What is
not known of the real one is a switch (`switches.py`). A test sets and judges the state, which has all secrets:

    with running(Switches(show_secrets="refused")) as astro:
        held = astro.put("CONNECTION", "warehouse", {"type": "postgres", "password": "s3cret"}, links=[...])
        result = airconn("import", ".env", "--to", f"astro-env://{astro.workspace}", env=astro.environ())
        assert astro.find("warehouse").content["password"] == "new"

Leaving the `with` block fails for an answer that the schema doesn't allow: then the fake is wrong, not the store.
"""

from __future__ import annotations

import base64
import copy
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.stores.astro import deployments, environment_objects, schema
from tests.stores.astro.deployments import Deployment
from tests.stores.astro.environment_objects import BadRequest, Held, Link, cuid
from tests.stores.astro.schema import Call
from tests.stores.astro.switches import DEFAULT, Switches
from tests.stores.site import Answer, Received, Site

ORGANIZATION, WORKSPACE, DEPLOYMENT, USER = "ORGANIZATION", "WORKSPACE", "DEPLOYMENT", "USER"
_EVERY_SECOND = {"GET": 25, "POST": 10, "DELETE": 5}
_WRITES = ("POST", "DELETE", "PATCH", "PUT")


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        message: str,
        field_errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.field_errors, self.headers = field_errors or [], headers or {}


@dataclass(frozen=True)
class Token:
    """A token, and what it may do."""

    text: str
    kind: str
    organization: str
    workspace: str = ""
    deployment: str = ""
    writes: bool = True
    shows_secrets: bool = True
    expires: float = float("inf")


@dataclass(frozen=True)
class Served:
    """A request and how it was answered."""

    operation: str
    """The operationId; empty if the schema has no such call."""
    status: int
    request: Received
    token: Token | None


@dataclass
class FakeAstro:
    """The state of the fake, and what goes wrong there."""

    switches: Switches = DEFAULT
    checks_answers: bool = True
    organizations: dict[str, dict[str, Any]] = field(default_factory=dict)
    workspaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    objects: dict[str, Held] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    log: list[Served] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What the fake did wrong: answers against the schema, and errors in it."""
    before: Callable[[Call, Received], None] = lambda call, received: None
    """Is called before each call that is allowed; may raise `Refusal`, and change the state as another user would."""
    after: Callable[[Call, Received], None] = lambda call, received: None
    """Is called when a call is done; raising `Refusal` hides that from the caller."""
    url: str = ""
    """The base of the API, which ends in /v1."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _throttled: set[str] = field(default_factory=set)
    _created: set[tuple[str, str, str]] = field(default_factory=set)
    _calls: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.organization = self.add_organization("Acme")
        self.workspace = self.add_workspace("Data Platform")
        self.deployment = self.add_deployment("production")
        self.token = self.add_token()

    # The state, for tests

    def add_organization(self, name: str) -> str:
        """The id of a new Organization."""
        key = cuid("org", len(self.organizations) + 1)
        self.organizations[key] = {"id": key, "name": name, "product": "HOSTED", "status": "ACTIVE"}
        return key

    def add_workspace(self, name: str, organization: str = "") -> str:
        """The id of a new Workspace."""
        key = cuid("wsp", len(self.workspaces) + 1)
        self.workspaces[key] = {
            "id": key,
            "name": name,
            "organizationId": organization or self.organization,
            "organizationName": self.organizations[organization or self.organization]["name"],
            "cicdEnforcedDefault": False,
            "createdAt": deployments.EARLIER,
            "updatedAt": deployments.EARLIER,
        }
        return key

    def add_deployment(
        self, name: str, workspace: str = "", *, kind: str = "STANDARD", executor: str = "CELERY", **fields: Any
    ) -> str:
        """The id of a new Deployment; `fields` are those of its record (status, apiUrl, ...)."""
        number = len(self.deployments) + 1
        owner = self.workspaces[workspace or self.workspace]
        record = {**deployments.new_record(number, name, owner, kind, executor), **fields}
        record = {name: value for name, value in record.items() if value is not None}
        self.deployments[record["id"]] = Deployment(record)
        return str(record["id"])

    def add_token(self, kind: str = ORGANIZATION, **fields: Any) -> str:
        """The text of a new token: a JWT, as far as its claims go. By default of the first Workspace, Deployment."""
        own: dict[str, Any] = {"organization": self.organization}
        if kind in (WORKSPACE, DEPLOYMENT):
            own["workspace"] = self.workspace
        if kind == DEPLOYMENT:
            own["deployment"] = self.deployment
        own |= fields
        claims: dict[str, Any] = {"sub": f"made up {len(self.tokens) + 1}", "iss": "https://auth.astronomer.io/"}
        if "expires" in own:
            claims["exp"] = int(own["expires"])
        if kind != USER:
            claims |= {"apiTokenId": cuid("tok", len(self.tokens) + 1), "permissions": []}
            named = {"organization": "organizationId", "workspace": "workspaceId", "deployment": "deploymentId"}
            claims["permissions"] = ["apiTokenAccess"] + [
                f"{claim}:{own[name]}" for name, claim in named.items() if own.get(name)
            ]
        parts = ({"alg": "RS256", "typ": "JWT"}, claims, f"c4nary signature {len(self.tokens) + 1}")
        text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        self.tokens[text] = Token(text, kind, **own)
        return text

    def put(
        self,
        object_type: str,
        key: str,
        content: dict[str, Any],
        *,
        deployment: str = "",
        workspace: str = "",
        description: str = "",
        auto_link: bool = False,
        links: dict[str, dict[str, Any]] | None = None,
        exclude_links: tuple[str, ...] = (),
    ) -> Held:
        """Puts an object there as another user would. `links`: Deployment ids, with the overrides of each."""
        if "VARIABLE" in object_type:
            content = {"isSecret": False, **content}
        held = Held(
            id=cuid("obj", next(self._numbers)),
            object_key=key,
            object_type=object_type,
            scope=DEPLOYMENT if deployment else WORKSPACE,
            scope_entity_id=deployment or workspace or self.workspace,
            content=copy.deepcopy(content),
            description=description,
            auto_link=auto_link,
            links=[Link(entity, copy.deepcopy(overrides)) for entity, overrides in (links or {}).items()],
            exclude_links=list(exclude_links),
            created_at=deployments.EARLIER,
            updated_at=deployments.EARLIER,
        )
        with self._lock:
            self.objects[held.id] = held
        return held

    def find(self, key: str, object_type: str = "", entity: str = "") -> Held:
        """The one object of this key. Raises KeyError if there is none, or more than one."""
        found = [
            held
            for held in self.objects.values()
            if held.object_key == key
            and object_type in ("", held.object_type)
            and entity in ("", held.scope_entity_id)
        ]
        if len(found) != 1:
            raise KeyError(f"{len(found)} objects have the key {key}")
        return found[0]

    def state(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        """All objects, with their secrets, by entity, type and key: to compare before and after."""
        return {
            (held.scope_entity_id, held.object_type, held.object_key): held.state() for held in self.objects.values()
        }

    def environ(self, token: str = "") -> dict[str, str]:
        """The environment variables of a user of this fake."""
        return {"ASTRO_API_TOKEN": token or self.token, "AIRCONN_ASTRO_API": self.url}

    def calls(self, *operations: str, status: int = 0) -> list[Served]:
        """What was asked for, by operationId."""
        return [
            one for one in self.log if (not operations or one.operation in operations) and status in (0, one.status)
        ]

    # HTTP

    def answer(self, received: Received) -> Answer:
        call, token = None, None
        try:
            token = self._token(received)
            self._limit(received, token)
            call = self._call(received)
            self._allow(call, received, token)
            with self._lock:
                self.before(call, received)
                status, body = _OPERATIONS[call.operation](self, call, received.body, token)
                self.after(call, received)
            body = copy.deepcopy(body)
            if self.switches.future_fields and body:
                _add_future_fields(body)
            answer = Answer(status, body if body is not None else b"")
        except Refusal as refusal:
            answer = self._error(refusal)
        except BadRequest as wrong:
            answer = self._error(_bad_request([schema.Wrong(wrong.field, wrong.code, wrong.text)], self.switches))
        except Exception as error:  # noqa: BLE001 (the test fails with it in the end)
            self.faults.append(f"{received.method} {received.path}: {type(error).__name__}: {error}")
            answer = self._error(Refusal(500, "the fake is wrong"))
        if call is not None and self.checks_answers:
            strict = not self.switches.future_fields
            for one in schema.wrong_in_answer(call.operation, answer.status, answer.body, strict=strict):
                if one.code == "oneof" and one.field.endswith(".scope") and self._has_future_links():
                    continue
                self.faults.append(f"{call.operation} answers {answer.status}: {one.field}: {one.text}")
        self.log.append(Served(call.operation if call else "", answer.status, received, token))
        return answer

    def _token(self, received: Received) -> Token:
        kind, _, text = (received.headers.get("Authorization") or "").partition(" ")
        token = self.tokens.get(text)
        if kind != "Bearer" or token is None:
            raise Refusal(401, "Invalid authorization token")
        if token.expires < time.time():
            raise Refusal(401, "Authorization token is expired")
        return token

    def _limit(self, received: Received, token: Token) -> None:
        method = received.method
        if self.switches.throttled != "never" and method not in self._throttled:
            self._throttled.add(method)
            raise self._too_many()
        if self.switches.rate_limits:
            now = time.monotonic()
            with self._lock:
                times = [at for at in self._calls.get((token.text, method), []) if at > now - 1]
                self._calls[token.text, method] = times
                if len(times) >= _EVERY_SECOND.get(method, 5):
                    raise self._too_many()
                times.append(now)

    def _too_many(self) -> Refusal:
        headers = {} if self.switches.throttled == "without" else {"Retry-After": "1"}
        return Refusal(429, "Too Many Requests", headers=headers)

    def _call(self, received: Received) -> Call:
        try:
            call = schema.find_call(received)
        except ValueError as error:
            name = str(error)
            if name == received.method:
                raise Refusal(self.switches.patch_status, "Method Not Allowed") from None
            raise _bad_request([schema.Wrong(name, "invalid", name)], self.switches) from None
        if call is None:
            raise Refusal(404, "Not Found")
        if received.body is not None and "json" not in (received.headers.get("Content-Type") or ""):
            raise Refusal(400, "the body must be JSON")
        wrong = list(schema.wrong_in_request(call.operation, received.body))
        if wrong:
            raise _bad_request(wrong, self.switches)
        return call

    def _allow(self, call: Call, received: Received, token: Token) -> None:
        organization = call.path.get("organizationId")
        if organization is not None and token.organization != organization:
            raise Refusal(403, f"no access to organization {organization}")
        if not token.writes and received.method in _WRITES:
            raise Refusal(403, f"not allowed to {call.operation}")

    def _has_future_links(self) -> bool:
        return any(link.scope != DEPLOYMENT for held in self.objects.values() for link in held.links)

    def _error(self, refusal: Refusal) -> Answer:
        body: dict[str, Any] = {
            "message": refusal.message,
            "requestId": f"3d1c8f2e-{next(self._numbers):04d}",
            "statusCode": refusal.status,
        }
        if refusal.field_errors:
            body["fieldErrors"] = refusal.field_errors
        return Answer(refusal.status, body, refusal.headers)

    # Organizations, Workspaces, Deployments

    def list_organizations(self, call: Call, body: Any, token: Token) -> Any:
        if token.kind != USER:
            raise Refusal(403, "this needs a personal access token")
        found = [one for key, one in self.organizations.items() if key == token.organization]
        return 200, self._page("organizations", found, call)

    def list_workspaces(self, call: Call, body: Any, token: Token) -> Any:
        self._refuse_deployment_token(token)
        found = [
            one
            for one in self.workspaces.values()
            if one["organizationId"] == token.organization
            and token.workspace in ("", one["id"])
            and one["id"] in call.query.get("workspaceIds", [one["id"]])
            and self._is_named(one, call)
        ]
        return 200, self._page("workspaces", found, call)

    def list_deployments(self, call: Call, body: Any, token: Token) -> Any:
        self._refuse_deployment_token(token)
        found = [
            one.shown()
            for one in self.deployments.values()
            if self._may_see(one, token)
            and one.workspace in call.query.get("workspaceIds", [one.workspace])
            and one.id in call.query.get("deploymentIds", [one.id])
            and self._is_named(one.record, call)
        ]
        return 200, self._page("deployments", found, call)

    def get_deployment(self, call: Call, body: Any, token: Token) -> Any:
        return 200, self._deployment(call.path["deploymentId"], token).shown()

    def update_deployment(self, call: Call, body: Any, token: Token) -> Any:
        deployment = self._deployment(call.path["deploymentId"], token)
        deployments.update(deployment, body, self.switches)
        if self.switches.deployment_update == "resets links":
            for held in self.objects.values():
                held.links = [link for link in held.links if link.scope_entity_id != deployment.id]
        return 200, deployment.shown()

    def _refuse_deployment_token(self, token: Token) -> None:
        if token.kind == DEPLOYMENT and self.switches.deployment_token_lists == "refused":
            raise Refusal(403, "this token has no access to Workspaces")

    def _is_named(self, one: dict[str, Any], call: Call) -> bool:
        names = call.query.get("names")
        if names is None or self.switches.names_filter == "ignored":
            return True
        if self.switches.names_filter == "contains":
            return any(name.lower() in one["name"].lower() for name in names)
        return one["name"] in names

    def _may_see(self, deployment: Deployment, token: Token) -> bool:
        return (
            deployment.record["organizationId"] == token.organization
            and token.workspace in ("", deployment.workspace)
            and token.deployment in ("", deployment.id)
        )

    def _deployment(self, key: str, token: Token) -> Deployment:
        deployment = self.deployments.get(key)
        if deployment is None or deployment.record["organizationId"] != token.organization:
            raise Refusal(404, f"Deployment {key} not found")
        if not self._may_see(deployment, token):
            raise Refusal(403, f"no access to Deployment {key}")
        return deployment

    # The Environment Manager

    def list_objects(self, call: Call, body: Any, token: Token) -> Any:
        query = call.query
        if ("workspaceId" in query) == ("deploymentId" in query):
            raise BadRequest("workspaceId", "required", "either workspaceId or deploymentId is needed")
        secrets = query.get("showSecrets", False)
        if secrets:
            self._refuse_secrets(token)
        found = [
            held
            for held in self._listed(query, token)
            if held.object_type == query.get("objectType", held.object_type)
            and held.object_key == query.get("objectKey", held.object_key)
        ]
        page = self._page("environmentObjects", found, call)
        if query.get("resolveLinked"):
            entity = query.get("deploymentId", "")
            page["environmentObjects"] = [
                environment_objects.resolved(held, entity, self.switches, secrets=secrets)
                for held in page["environmentObjects"]
            ]
        else:
            page["environmentObjects"] = [
                environment_objects.shown(held, self.switches, secrets=secrets) for held in page["environmentObjects"]
            ]
        return 200, page

    def create_object(self, call: Call, body: Any, token: Token) -> Any:
        known = self._scope(body["scope"], body["scopeEntityId"], token)
        if body["scope"] == DEPLOYMENT:
            _refuse_workspace_fields(body)
        content = environment_objects.new_content(body["objectType"], body, self.switches)
        if not body["objectKey"]:
            raise BadRequest("objectKey", "required")
        self._refuse_same_key(body)
        held = Held(
            id=cuid("new", next(self._numbers)),
            object_key=body["objectKey"],
            object_type=body["objectType"],
            scope=body["scope"],
            scope_entity_id=body["scopeEntityId"],
            content=content,
            description=body.get("description", ""),
            auto_link=body.get("autoLinkDeployments", False),
            created_at=deployments.LATER,
            updated_at=deployments.LATER,
        )
        held.links = environment_objects.updated_links(held, {"links": [], **body}, known, self.switches)
        held.exclude_links = environment_objects.updated_exclude_links(
            held, {"excludeLinks": [], **body}, known, self.switches
        )
        self.objects[held.id] = held
        name = (held.scope_entity_id, held.object_type, held.object_key)
        if self.switches.create_answer != "200" and name not in self._created:
            self._created.add(name)
            raise Refusal(500, "Internal Server Error")
        return 200, {"id": held.id}

    def get_object(self, call: Call, body: Any, token: Token) -> Any:
        held, _ = self._object(call, token)
        return 200, environment_objects.shown(held, self.switches, secrets=False)

    def update_object(self, call: Call, body: Any, token: Token) -> Any:
        held, known = self._object(call, token)
        if held.scope == DEPLOYMENT:
            _refuse_workspace_fields(body)
        content = environment_objects.updated_content(held, body, self.switches)
        links, excluded = held.links, held.exclude_links
        auto_link = held.auto_link
        if held.scope == WORKSPACE:
            links = environment_objects.updated_links(held, body, known, self.switches)
            excluded = environment_objects.updated_exclude_links(held, body, known, self.switches)
            omitted = held.auto_link if self.switches.auto_link_omitted == "kept" else False
            auto_link = body.get("autoLinkDeployments", omitted)
        if "description" not in body:
            description = held.description if self.switches.description_omitted == "kept" else ""
        elif body["description"] == "" and self.switches.empty_text == "kept":
            description = held.description
        else:
            description = body["description"]
        held.content, held.links, held.exclude_links = content, links, excluded
        held.auto_link, held.description, held.updated_at = auto_link, description, deployments.LATER
        return 200, environment_objects.shown(held, self.switches, secrets=False)

    def delete_object(self, call: Call, body: Any, token: Token) -> Any:
        held, _ = self._object(call, token)
        del self.objects[held.id]
        return 204, None

    def exclude_object(self, call: Call, body: Any, token: Token) -> Any:
        held, known = self._object(call, token)
        entity = body["scopeEntityId"]
        if held.scope != WORKSPACE or entity not in known:
            raise BadRequest("scopeEntityId", "invalid")
        if entity in held.exclude_links:
            raise Refusal(409, "it is excluded already")
        held.exclude_links.append(entity)
        return 200, None

    def _listed(self, query: dict[str, Any], token: Token) -> list[Held]:
        entity = query.get("deploymentId") or query["workspaceId"]
        self._scope(DEPLOYMENT if "deploymentId" in query else WORKSPACE, entity, token)
        found = [held for held in self.objects.values() if held.scope_entity_id == entity]
        if "deploymentId" in query and (query.get("resolveLinked") or self.switches.deployment_list == "mixed"):
            workspace = self.deployments[entity].workspace
            own = {(held.object_type, held.object_key) for held in found}
            found += [
                held
                for held in self.objects.values()
                if held.scope_entity_id == workspace
                and held.reaches(entity)
                and not (query.get("resolveLinked") and (held.object_type, held.object_key) in own)
            ]
        for order in reversed(query.get("sorts", [])):
            name, _, direction = order.partition(":")
            attribute = {"objectType": "object_type", "objectKey": "object_key", "createdAt": "created_at"}
            key = attribute.get(name, "updated_at")
            found.sort(key=lambda held: str(getattr(held, key)), reverse=direction == "desc")
        return found

    def _refuse_secrets(self, token: Token) -> None:
        if not token.shows_secrets:
            raise Refusal(403, "this role doesn't see secrets")
        if self.switches.show_secrets == "refused":
            raise Refusal(
                self.switches.show_secrets_status,
                f"showSecrets on organization with id {token.organization} is not allowed",
            )

    def _scope(self, scope: str, entity: str, token: Token) -> set[str]:
        """The Deployments that an object of this scope can be linked to. Raises `Refusal` if not for this token."""
        if scope == DEPLOYMENT:
            self._deployment(entity, token)
            return set()
        workspace = self.workspaces.get(entity)
        if workspace is None or workspace["organizationId"] != token.organization:
            raise Refusal(404, f"Workspace {entity} not found")
        if token.workspace not in ("", entity) or token.deployment:
            raise Refusal(403, f"no access to Workspace {entity}")
        return {one.id for one in self.deployments.values() if one.workspace == entity}

    def _object(self, call: Call, token: Token) -> tuple[Held, set[str]]:
        held = self.objects.get(call.path["environmentObjectId"])
        if held is None:
            raise Refusal(404, "environment object not found")
        return held, self._scope(held.scope, held.scope_entity_id, token)

    def _refuse_same_key(self, body: dict[str, Any]) -> None:
        entity = body["scopeEntityId"]
        entities = {entity}
        if self.switches.same_key_in_both_scopes == "refused":
            workspace = self.deployments[entity].workspace if body["scope"] == DEPLOYMENT else entity
            entities |= {workspace}
            if body["scope"] == WORKSPACE:
                entities |= {one.id for one in self.deployments.values() if one.workspace == workspace}
        for held in self.objects.values():
            if (held.object_key, held.object_type) == (body["objectKey"], body["objectType"]) and (
                held.scope_entity_id in entities
            ):
                raise Refusal(409, f"an environment object {held.object_key} exists already")

    def _page(self, name: str, found: list[Any], call: Call) -> dict[str, Any]:
        offset, limit = call.query["offset"], call.query["limit"]
        if self.switches.page_cap:
            limit = min(limit, self.switches.page_cap)
        return {name: found[offset : offset + limit], "offset": offset, "limit": limit, "totalCount": len(found)}


def _bad_request(wrong: list[schema.Wrong], switches: Switches) -> Refusal:
    errors = [
        {"code": one.code, "field": one.field, "message": one.text if switches.errors_quote else one.code}
        for one in wrong
    ]
    return Refusal(400, f"Invalid request: {errors[0]['message']}", errors)


def _refuse_workspace_fields(body: dict[str, Any]) -> None:
    for name in ("autoLinkDeployments", "links", "excludeLinks"):
        if name in body:
            raise BadRequest(name, "excluded_with", f"{name} is for WORKSPACE scope only")


def _add_future_fields(body: dict[str, Any]) -> None:
    """Adds a field that the schema doesn't have to the answer, each object or Deployment, and each link."""
    body["futureField"] = {"kind": "from later"}
    for one in body.get("environmentObjects", []) + body.get("deployments", []):
        one["futureField"] = {"kind": "from later"}
        for link in one.get("links", []):
            link["futureField"] = "from later"
    for link in body.get("links", []):
        link["futureField"] = "from later"


_OPERATIONS: dict[str, Callable[[FakeAstro, Call, Any, Token], tuple[int, Any]]] = {
    "ListOrganizations": FakeAstro.list_organizations,
    "ListWorkspaces": FakeAstro.list_workspaces,
    "ListDeployments": FakeAstro.list_deployments,
    "GetDeployment": FakeAstro.get_deployment,
    "UpdateDeployment": FakeAstro.update_deployment,
    "ListEnvironmentObjects": FakeAstro.list_objects,
    "CreateEnvironmentObject": FakeAstro.create_object,
    "GetEnvironmentObject": FakeAstro.get_object,
    "UpdateEnvironmentObject": FakeAstro.update_object,
    "DeleteEnvironmentObject": FakeAstro.delete_object,
    "ExcludeLinkingEnvironmentObject": FakeAstro.exclude_object,
}


@contextmanager
def running(switches: Switches = DEFAULT, *, checks_answers: bool = True) -> Iterator[FakeAstro]:
    """A running fake. Raises AssertionError in the end if it answered against the schema."""
    astro = FakeAstro(switches, checks_answers)
    with Site(astro.answer) as site:
        astro.url = f"{site.url}/v1"
        yield astro
    if astro.faults:
        raise AssertionError("\n".join(astro.faults))
