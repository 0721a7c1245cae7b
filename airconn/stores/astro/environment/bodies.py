"""Builds the requests that write objects of the Environment Manager.

Astro's CLI and its Terraform provider contradict each other about what an update does with a field that it lacks.
So an update sends back all that the object has, and what isn't known to be safe is refused (`refusals.py`).
Without links, excludeLinks and autoLinkDeployments an update removes them (astro-cli 1.45.0, cloud/env/link.go). The
overrides of a link aren't sent, which keeps them (the same).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airconn.model import REDACTED, AirflowObject, Connection, Rules, Step, Text, Variable
from airconn.stores.astro.environment.managed_object import (
    PARTS,
    TEXTS,
    WORKSPACE,
    Fields,
    ManagedObject,
    overrides_of,
)
from airconn.stores.astro.environment.objects import ObjectForm, sent_extra

Body = dict[str, Any]


def content_of(obj: AirflowObject, form: ObjectForm, rules: Rules) -> Body:
    """The fields of an object, all of them and without those that are empty. Nothing of it may be hidden."""
    if form.as_env and isinstance(obj, Connection | Variable):
        return {"value": form.value_of(obj, rules)}
    if isinstance(obj, Variable) and isinstance(obj.value, Text):
        return {"value": obj.value.text}
    if not isinstance(obj, Connection):
        raise TypeError("not an object of the Environment Manager")
    body: Body = {"type": obj.conn_type}
    body |= {name: value for name in TEXTS if (value := getattr(obj, name))}
    if obj.port is not None:
        body["port"] = obj.port
    if isinstance(obj.extra, Text) and (extra := sent_extra(obj.extra)):
        body["extra"] = extra
    return body


def create_body(
    obj: AirflowObject,
    form: ObjectForm,
    rules: Rules,
    scope: tuple[str, str],
    *,
    is_secret: bool,
    auto_link: bool = False,
) -> Body:
    """The request that creates an object. `scope` is its type and its id, `is_secret` is for a variable."""
    type_ = form.type_of(obj.kind)
    content = content_of(obj, form, rules)
    if type_ != "CONNECTION":
        content["isSecret"] = is_secret
    body: Body = {
        "objectKey": form.key_of(obj.kind, obj.id),
        "objectType": type_,
        "scope": scope[0],
        "scopeEntityId": scope[1],
        PARTS[type_]: content,
    }
    if (description := _description(obj, form)) is not None:
        body["description"] = description
    if auto_link and scope[0] == WORKSPACE:
        body["autoLinkDeployments"] = True
    return body


def _description(obj: AirflowObject, form: ObjectForm) -> str | None:
    """The description of the object at Astro. In the form of the environment, Airflow's is in the value."""
    if form.as_env or not isinstance(obj, Connection | Variable) or not isinstance(obj.description, str):
        return None
    return obj.description or None


def recreate_body(obj: AirflowObject, held: ManagedObject, form: ObjectForm, rules: Rules) -> Body:
    """The request that creates an object anew in the place of `held`, with its links and their overrides.

    Nothing of `held` may be hidden.
    """
    scope = str(held.raw.get("scope")), str(held.raw.get("scopeEntityId"))
    is_secret = held.type != "CONNECTION" and held.is_secret
    body = create_body(obj, form, rules, scope, is_secret=is_secret)
    if form.as_env and held.description:
        body["description"] = held.description
    if isinstance(obj, Connection) and not form.as_env and obj.conn_type == held.part.get("type"):
        body[held.part_name] |= _auth_type(held)
    return body | _carried_links(held)


def restore_body(held: ManagedObject) -> Body:
    """The request that creates `held` as it was. Nothing of it may be hidden."""
    part = {name: value for name, value in held.part.items() if name != "connectionAuthType"}
    body: Body = {name: held.raw.get(name) for name in ("objectKey", "objectType", "scope", "scopeEntityId")}
    body[held.part_name] = part | _auth_type(held)
    if held.description:
        body["description"] = held.description
    return body | _carried_links(held)


def _carried_links(held: ManagedObject) -> Body:
    if held.raw.get("scope") != WORKSPACE:
        return {}
    body: Body = {
        "links": [
            _place(link) | ({"overrides": {held.part_name: dict(overrides)}} if overrides else {})
            for link in held.links
            for overrides in (overrides_of(link, held.part_name),)
        ],
        "excludeLinks": [_place(entry) for entry in held.exclude_links],
    }
    if held.auto_links:
        body["autoLinkDeployments"] = True
    return body


def update_body(step: Step, held: ManagedObject, form: ObjectForm, rules: Rules) -> Body:
    """The request that writes the fields of an update, and sends back all else as `held` has it.

    `held` was read a moment before, and `refusals.update_refusal` has found nothing against it.
    """
    body: Body = {held.part_name: _updated_content(step, held, form, rules)}
    written = step.written
    description = held.description
    if not form.as_env and "description" in written and step.source is not None:
        description = _description(step.source, form) or ""
    if description:
        body["description"] = description
    if held.raw.get("scope") == WORKSPACE:
        # An entry without `overrides` keeps those that it has, and an empty one would clear them.
        body["links"] = [_place(link) for link in held.links]
        body["excludeLinks"] = [_place(entry) for entry in held.exclude_links]
        body["autoLinkDeployments"] = held.auto_links
    return body


def _updated_content(step: Step, held: ManagedObject, form: ObjectForm, rules: Rules) -> Body:
    source, written = step.source, step.written
    if source is None:
        raise TypeError("an update has a source")
    if held.type != "CONNECTION":
        return {"value": _updated_value(step, held, form, rules)}
    content: Body = {"type": held.part.get("type")} | _auth_type(held)
    hidden = held.hidden_fields()
    for name in (*TEXTS, "port"):
        value = getattr(source, name) if name in written else held.part.get(name)
        if value not in (None, "", REDACTED) and not (name in hidden and name not in written):
            content[name] = value
    extra = getattr(source, "extra", None)
    if "extra" not in written:
        extra = held.part.get("extra")
        if isinstance(extra, Mapping) and extra:
            content["extra"] = dict(extra)
    elif isinstance(extra, Text):
        content["extra"] = sent_extra(extra)
    return content


def _updated_value(step: Step, held: ManagedObject, form: ObjectForm, rules: Rules) -> str:
    """The value of a variable. For a secret that isn't shown, an empty one says that it doesn't change.

    (astro-cli 1.45.0, cloud/env/link.go: "verified live".)
    """
    source = step.result() if form.as_env else step.source
    if form.as_env and isinstance(source, Connection):
        return form.value_of(source, rules)
    if "value" in step.written and isinstance(source, Variable) and isinstance(source.value, Text):
        return source.value.text
    return "" if held.hidden_fields() else str(held.part.get("value", ""))


def _auth_type(held: ManagedObject) -> Body:
    """The auth type of a connection. It is read as `connectionAuthType` and written as `authTypeId`."""
    id_ = held.auth_type.get("id")
    return {"authTypeId": id_} if isinstance(id_, str) and id_ else {}


def _place(entry: Fields) -> Body:
    return {"scope": entry.get("scope"), "scopeEntityId": entry.get("scopeEntityId")}


def places(entries: Sequence[Fields]) -> list[Body]:
    """The Deployments of links or excludeLinks, as an update takes them."""
    return [_place(entry) for entry in entries]
