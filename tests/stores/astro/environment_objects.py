"""The rules of the Environment Manager: what an object is, what an update does to it, and what of it is shown.

No HTTP here. Each rule that isn't known asks `Switches`.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from tests.stores.astro.schema import fields_of
from tests.stores.astro.switches import Switches

TYPED = {
    "CONNECTION": "connection",
    "ENVIRONMENT_VARIABLE": "environmentVariable",
    "AIRFLOW_VARIABLE": "airflowVariable",
    "METRICS_EXPORT": "metricsExport",
}
"""The field of an object that has its content, by objectType."""
MAPS = ("extra", "headers", "labels")
_SECRET_NAME = re.compile(r"secret|token|passw|private_key|api_?key", re.IGNORECASE)
_MASK = "****"


def cuid(kind: str, number: int) -> str:
    """An id as Astro's are: `c`, and 24 small letters and digits."""
    return f"c{kind}{number:0{24 - len(kind)}d}"


class BadRequest(Exception):
    """A 400 for a field."""

    def __init__(self, name: str, code: str, text: str = "") -> None:
        super().__init__(name)
        self.field, self.code, self.text = name, code, text or f"{name} is not valid"


def auth_type(kind: str, airflow_type: str, *secrets: str, plain: tuple[str, ...] = ()) -> dict[str, Any]:
    """A connection auth type of the catalogue, with its parameters in the extra."""
    return {
        "id": kind,
        "name": kind.replace("-", " "),
        "description": f"Logs in with {kind}",
        "airflowType": airflow_type,
        "authMethodName": kind,
        "providerPackageName": f"apache-airflow-providers-{airflow_type}",
        "parameters": [
            {
                "airflowParamName": name,
                "friendlyName": name,
                "description": name,
                "dataType": "string",
                "isInExtra": name != "password",
                "isRequired": False,
                "isSecret": name in secrets,
            }
            for name in (*secrets, *plain)
        ],
    }


AUTH_TYPES = {
    one["id"]: one
    for one in (
        auth_type("aws-access-key", "aws", "aws_secret", "aws_session_token", plain=("region_name",)),
        auth_type("gcp-key", "google_cloud_platform", "keyfile_dict", plain=("project", "num_retries")),
        auth_type("postgres-password", "postgres", "password", plain=("sslmode",)),
    )
}


@dataclass
class Link:
    """A link to a Deployment. `overrides` has the fields of the content that differ there."""

    scope_entity_id: str
    overrides: dict[str, Any] = field(default_factory=dict)
    scope: str = "DEPLOYMENT"


@dataclass
class Held:
    """An environment object as the server holds it, with all secrets.

    `content` of a connection: type, host, ... and authTypeId; of a variable: value, isSecret.
    """

    id: str
    object_key: str
    object_type: str
    scope: str
    scope_entity_id: str
    content: dict[str, Any]
    description: str = ""
    auto_link: bool = False
    links: list[Link] = field(default_factory=list)
    exclude_links: list[str] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""

    @property
    def typed(self) -> str:
        return TYPED[self.object_type]

    def link(self, deployment: str) -> Link | None:
        return next((link for link in self.links if link.scope_entity_id == deployment), None)

    def reaches(self, deployment: str) -> bool:
        """Whether an object of a workspace gets to a Deployment of it."""
        linked = self.auto_link or self.link(deployment) is not None
        return linked and deployment not in self.exclude_links

    def state(self) -> dict[str, Any]:
        """All that a write could lose, secrets included, in a form to compare."""
        return {
            "key": self.object_key,
            "type": self.object_type,
            "scope": (self.scope, self.scope_entity_id),
            "content": copy.deepcopy(self.content),
            "description": self.description,
            "auto_link": self.auto_link,
            "links": {link.scope_entity_id: copy.deepcopy(link.overrides) for link in self.links},
            "exclude_links": sorted(self.exclude_links),
        }


# What is shown


def hidden_names(held: Held, content: dict[str, Any], switches: Switches) -> set[str]:
    """The dotted names of the fields of `content` (the object's own, or an override) that are secrets."""
    if "Variable" in held.typed:
        return {"value"} if held.content.get("isSecret") else set()
    if held.typed == "metricsExport":
        hidden: set[str] = {name for name in content if name in ("password", "basicToken")}
        return hidden | {f"headers.{name}" for name in content.get("headers", {})}
    hidden = {"password"} if content.get("password") else set()
    hidden |= {f"extra.{name}" for name in _secrets_of_auth_type(held) if name in content.get("extra", {})}
    if switches.secret_extra == "by name as well":
        hidden |= {f"extra.{name}" for name in content.get("extra", {}) if _SECRET_NAME.search(name)}
    return hidden


def set_fields(content: dict[str, Any]) -> list[str]:
    """The names of fields that have a value, as `setFields` has them: members of maps are dotted."""
    found = []
    for name, value in content.items():
        if name in MAPS:
            found += [f"{name}.{member}" for member in value]
        elif name == "authTypeId":
            continue
        elif name != "isSecret" and value not in ("", None):
            found.append(name)
    return sorted(found)


def shown(held: Held, switches: Switches, *, secrets: bool) -> dict[str, Any]:
    """The object as an answer has it."""
    answer: dict[str, Any] = {
        "id": held.id,
        "objectKey": held.object_key,
        "objectType": held.object_type,
        "scope": held.scope,
        "scopeEntityId": held.scope_entity_id,
        "setFields": set_fields(held.content),
        held.typed: _content(held, switches, secrets=secrets),
        "createdAt": held.created_at,
        "updatedAt": held.updated_at,
    }
    if held.description:
        answer["description"] = held.description
    if held.auto_link:
        answer["autoLinkDeployments"] = True
    if held.links:
        answer["links"] = [_link(held, link, switches, secrets=secrets) for link in held.links]
    if held.exclude_links:
        answer["excludeLinks"] = [{"scope": "DEPLOYMENT", "scopeEntityId": one} for one in held.exclude_links]
    return answer


def resolved(held: Held, deployment: str, switches: Switches, *, secrets: bool) -> dict[str, Any]:
    """The object as a Deployment (or, with none, its workspace) gets it: overrides applied, no id, and its source."""
    link = held.link(deployment)
    got = copy.deepcopy(held)
    if link is not None:
        got.content = {**got.content, **_overlaid(got.content, link.overrides)}
    got.links, got.exclude_links, got.auto_link = [], [], False
    answer = shown(got, switches, secrets=secrets)
    answer.pop("id")
    if switches.resolved_id == "empty":
        answer["id"] = ""
    answer |= {"sourceScope": held.scope, "sourceScopeEntityId": held.scope_entity_id}
    if deployment:
        answer |= {"scope": "DEPLOYMENT", "scopeEntityId": deployment}
    return answer


def _content(held: Held, switches: Switches, *, secrets: bool) -> dict[str, Any]:
    if "Variable" in held.typed:
        value = "" if held.content["isSecret"] and not secrets else held.content["value"]
        return {"value": value, "isSecret": held.content["isSecret"]}
    content = copy.deepcopy({name: value for name, value in held.content.items() if name != "authTypeId"})
    if not secrets:
        _hide(held, content, switches)
    kind = held.content.get("authTypeId")
    if kind:
        content["connectionAuthType"] = copy.deepcopy(AUTH_TYPES[kind])
    return _without_empty_maps(content)


def _hide(held: Held, content: dict[str, Any], switches: Switches) -> None:
    by_auth_type = {f"extra.{name}" for name in _secrets_of_auth_type(held)}
    for name in hidden_names(held, content, switches):
        top, _, member = name.partition(".")
        if not member:
            content.pop(top)
            if switches.hidden_password == "empty":
                content[top] = ""
        else:
            content[top].pop(member)
            if name in by_auth_type and switches.hidden_extra != "missing":
                content[top][member] = _MASK if switches.hidden_extra == "masked" else ""


def _link(held: Held, link: Link, switches: Switches, *, secrets: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "scope": link.scope,
        "scopeEntityId": link.scope_entity_id,
        "setFields": set_fields(link.overrides),
    }
    overrides = copy.deepcopy(link.overrides)
    hidden = set() if secrets else hidden_names(held, overrides, switches) & {*answer["setFields"]}
    if hidden and switches.hidden_overrides == "object left out":
        return answer
    for name in hidden:
        top, _, member = name.partition(".")
        blank = switches.hidden_overrides == "blank"
        place = overrides[top] if member else overrides
        place.pop(member or top)
        if blank:
            place[member or top] = ""
    overrides = _without_empty_maps(overrides)
    if overrides and not ("Variable" in held.typed and "value" not in overrides):
        answer[f"{held.typed}Overrides"] = overrides
    return answer


def _secrets_of_auth_type(held: Held) -> set[str]:
    kind = AUTH_TYPES.get(held.content.get("authTypeId", ""))
    parameters = kind["parameters"] if kind else []
    return {one["airflowParamName"] for one in parameters if one["isSecret"] and one["isInExtra"]}


def _without_empty_maps(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if not (name in MAPS and not value)}


# What a write does


def new_content(object_type: str, body: dict[str, Any], switches: Switches) -> dict[str, Any]:
    """The content of a new object out of the body of its creation."""
    typed = TYPED[object_type]
    _refuse_other_types(typed, body)
    given = body[typed]
    if "Variable" in typed:
        return {"value": given.get("value", ""), "isSecret": given.get("isSecret", False)}
    if given.get("authTypeId") and given["authTypeId"] not in AUTH_TYPES:
        raise BadRequest("connection.authTypeId", "oneof")
    return _stored({name: value for name, value in given.items() if value != ""}, switches)


def updated_content(held: Held, body: dict[str, Any], switches: Switches) -> dict[str, Any]:
    """The content that an update leaves."""
    _refuse_other_types(held.typed, body)
    given = body[held.typed]
    if "Variable" in held.typed:
        return {**held.content, "value": _updated_value(held, given, switches)}
    if held.typed == "connection" and given["type"] != held.content["type"]:
        raise BadRequest("connection.type", "immutable", "the type of a connection can't change")
    if given.get("authTypeId") and given["authTypeId"] not in AUTH_TYPES:
        raise BadRequest("connection.authTypeId", "oneof")
    hidden = hidden_names(held, held.content, switches)
    result = _kept_fields(held, given, hidden, switches)
    for name, value in given.items():
        if name in MAPS:
            result[name] = _updated_map(held, name, value, hidden, switches)
        elif value == "":
            _empty(result, name, held, switches)
        else:
            result[name] = value
    return _stored(result, switches)


def updated_links(held: Held, body: dict[str, Any], known: set[str], switches: Switches) -> list[Link]:
    """The links that an update (or a creation) leaves. `known`: the Deployments that there are."""
    if "links" not in body:
        return [] if switches.links_omitted == "removed" else held.links
    links: list[Link] = []
    for number, given in enumerate(body["links"]):
        entity = given["scopeEntityId"]
        if entity not in known or entity in {link.scope_entity_id for link in links}:
            raise BadRequest(f"links.{number}.scopeEntityId", "invalid", f"{entity} can't be linked")
        old = held.link(entity)
        overrides = copy.deepcopy(old.overrides) if old else {}
        if "overrides" in given:
            overrides = _updated_overrides(held, overrides, given["overrides"], f"links.{number}.overrides", switches)
        links.append(Link(entity, overrides))
    return links


def updated_exclude_links(held: Held, body: dict[str, Any], known: set[str], switches: Switches) -> list[str]:
    """The excluded Deployments that an update leaves."""
    if "excludeLinks" not in body:
        return [] if switches.exclude_links_omitted == "removed" else held.exclude_links
    entities = [one["scopeEntityId"] for one in body["excludeLinks"]]
    for number, entity in enumerate(entities):
        if entity not in known or entities.count(entity) > 1:
            raise BadRequest(f"excludeLinks.{number}.scopeEntityId", "invalid", f"{entity} can't be excluded")
    return entities


def _refuse_other_types(typed: str, body: dict[str, Any]) -> None:
    for other in TYPED.values():
        if other in body and other != typed:
            raise BadRequest(other, "excluded_with", f"{other} doesn't fit objectType")
    if typed not in body:
        raise BadRequest(typed, "required")


def _updated_value(held: Held, given: dict[str, Any], switches: Switches) -> str:
    old: str = held.content["value"]
    if not held.content["isSecret"]:
        return str(given.get("value", ""))
    if "value" not in given:
        if switches.secret_value_absent == "refused":
            raise BadRequest(f"{held.typed}.value", "required")
        return "" if switches.secret_value_absent == "blanked" else old
    if given["value"] == "":
        return "" if switches.empty_secret_variable == "blanked" else old
    return str(given["value"])


def _kept_fields(held: Held, given: dict[str, Any], hidden: set[str], switches: Switches) -> dict[str, Any]:
    """The fields that stay although they weren't sent."""
    kept = {}
    for name, value in held.content.items():
        if name == "authTypeId":
            stays = switches.auth_type_omitted == "kept"
        elif name in MAPS:
            of_map = {member: value[member] for member in value if f"{name}.{member}" in hidden}
            if switches.connection_fields_omitted == "visible cleared" and of_map and name not in given:
                kept[name] = of_map
                continue
            stays = switches.connection_fields_omitted == "kept"
        else:
            stays = switches.connection_fields_omitted == "kept" or (
                switches.connection_fields_omitted == "visible cleared" and name in hidden
            )
        if stays:
            kept[name] = copy.deepcopy(value)
    return kept


def _updated_map(
    held: Held, name: str, given: dict[str, Any], hidden: set[str], switches: Switches
) -> dict[str, Any]:
    old: dict[str, Any] = held.content.get(name, {})
    start: dict[str, Any] = {}
    if switches.extra_sent == "merged":
        start = copy.deepcopy(old)
    elif switches.extra_sent == "hidden kept":
        start = {member: old[member] for member in old if f"{name}.{member}" in hidden}
    for member, value in given.items():
        if value == "" and f"{name}.{member}" in hidden and switches.empty_password == "kept":
            start[member] = old[member]
        else:
            start[member] = value
    return start


def _empty(result: dict[str, Any], name: str, held: Held, switches: Switches) -> None:
    secret = name in ("password", "basicToken")
    keeps = switches.empty_password if secret else switches.empty_text
    if keeps == "cleared":
        result.pop(name, None)
    elif name in held.content:
        result[name] = held.content[name]


def _updated_overrides(
    held: Held, old: dict[str, Any], given: dict[str, Any], where: str, switches: Switches
) -> dict[str, Any]:
    for other in given.keys() - {held.typed, "unsetFields"}:
        raise BadRequest(f"{where}.{other}", "excluded_with", f"{other} doesn't fit objectType")
    content = given.get(held.typed)
    result = old
    if content == {} and switches.empty_override == "cleared":
        result = {}
    elif content:
        kept = {name: value for name, value in content.items() if value != ""}
        result = {**old, **_overlaid(old, kept)}
    for name in given.get("unsetFields", []):
        top, _, member = name.partition(".")
        if top not in fields_of(f"{_schema_name(held.typed)}") or (member and top not in MAPS):
            raise BadRequest(f"{where}.unsetFields", "oneof", f"{name} can't be unset")
        if content and (member in content.get(top, {}) if member else top in content):
            raise BadRequest(f"{where}.unsetFields", "excluded_with", f"{name} is set as well")
        if member:
            result = {**result, top: {key: value for key, value in result.get(top, {}).items() if key != member}}
        else:
            result = {key: value for key, value in result.items() if key != top}
    return _stored(_without_empty_maps(result), switches)


def _schema_name(typed: str) -> str:
    return f"EnvironmentObject{typed[0].upper()}{typed[1:]}Overrides"


def _overlaid(content: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**content.get(name, {}), **value} if name in MAPS else copy.deepcopy(value)
        for name, value in over.items()
    }


def _stored(content: dict[str, Any], switches: Switches) -> dict[str, Any]:
    """As Go keeps it: the keys of an extra sorted, and big integers as floats if the switch says so."""
    content = copy.deepcopy(content)
    for name in MAPS:
        if name in content:
            content[name] = _as_go(content[name], switches)
    return content


def _as_go(value: Any, switches: Switches) -> Any:
    if isinstance(value, dict):
        return {name: _as_go(value[name], switches) for name in sorted(value)}
    if isinstance(value, list):
        return [_as_go(one, switches) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and switches.extra_numbers == "floats":
        return int(float(value))
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value
