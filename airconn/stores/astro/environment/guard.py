"""Compares an object before and after an update: what was there and wasn't meant to change has to be there.

This is the only guard against what isn't documented about updates. Quotes no value: names, and ids of Deployments.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from airconn.model.jsontext import leaves
from airconn.stores.astro.environment.bodies import Body, places
from airconn.stores.astro.environment.managed_object import (
    WORKSPACE,
    Fields,
    ManagedObject,
    is_shown,
    override_values,
    overrides_of,
)


def is_as_sent(held: ManagedObject, body: Body) -> bool:
    """Whether an object is the one that a create has sent, as far as it is shown."""
    sent: dict[str, Any] = body[held.part_name]
    if (body.get("description") or "") != held.description:
        return False
    if bool(body.get("autoLinkDeployments")) is not held.auto_links:
        return False
    if not _entities(body.get("links", ())) <= _entities(held.links):
        return False
    if not _entities(body.get("excludeLinks", ())) <= _entities(held.exclude_links):
        return False
    if held.part_name == "connection":
        names = held.hidden_fields()
        if any(name.partition(".")[0] not in sent for name in names):
            return False
        return not list(_of_connection(held, sent))
    is_same = held.part.get("value") == sent.get("value") or bool(held.hidden_fields())
    return bool(sent.get("isSecret")) is held.is_secret and is_same


def changed_links(before: ManagedObject, after: ManagedObject) -> Iterator[str]:
    """The links, excluded Deployments and overrides that an update changed, in words. It was to change none."""
    now = {_entity(link): link for link in after.links}
    for link in before.links:
        entity = _entity(link)
        if entity not in now:
            yield f"the link to the Deployment {entity} is gone"
            continue
        for name in _lost_overrides(before, link, now[entity]):
            yield f"the override of {name} for the Deployment {entity} is gone or has changed"
    for entity in sorted(_entities(after.links) - _entities(before.links)):
        yield f"it is linked to the Deployment {entity} now"
    for entity in sorted(_entities(before.exclude_links) - _entities(after.exclude_links)):
        yield f"the Deployment {entity} is not excluded any more"
    if before.auto_links is not after.auto_links:
        now_linked = "to each Deployment now" if after.auto_links else "automatically to each Deployment any more"
        yield f"it is {'' if after.auto_links else 'not '}linked {now_linked}"


def _lost_overrides(before: ManagedObject, old: Fields, new: Fields) -> list[str]:
    """The names of a link's overrides that are gone, or have another value, as far as both sides show it."""
    has = _override_names(before, new)
    shown, shows = overrides_of(old, before.part_name), overrides_of(new, before.part_name)
    secret = {f"extra.{key}" for key in before.secret_parameters()}
    lost = []
    for name in sorted(_override_names(before, old)):
        if is_shown(shown, name) and is_shown(shows, name) and name not in secret:
            if not _same(override_values(shown, name), override_values(shows, name)):
                lost.append(name)
        elif name not in has:
            lost.append(name)
    return lost


def _override_names(held: ManagedObject, link: Fields) -> set[str]:
    names = link.get("setFields")
    if isinstance(names, list):
        return {str(name) for name in names}
    return {name for name, value in overrides_of(link, held.part_name).items() if value not in (None, "")}


def changed_fields(before: ManagedObject, after: ManagedObject, body: Body) -> Iterator[str]:
    """The fields that aren't as an update sent them, in words. `after` may hide what `before` shows."""
    if (body.get("description") or "") != after.description:
        yield "its description isn't the one that was sent"
    sent: dict[str, Any] = body[before.part_name]
    if before.part_name != "connection":
        if before.is_secret != after.is_secret:
            yield "it is not a secret any more" if before.is_secret else "it is a secret now"
        elif not after.hidden_fields() and not before.is_secret and sent["value"] != after.part.get("value", ""):
            yield "its value isn't the one that was sent"
        return
    if sent.get("authTypeId") != after.auth_type.get("id"):
        yield "its authentication type (connectionAuthType) has changed"
    yield from _of_connection(after, sent)


def _of_connection(after: ManagedObject, sent: Body) -> Iterator[str]:
    hidden, names = after.hidden_fields(), after.set_fields
    for name in ("type", "host", "login", "schema", "password", "port"):
        wanted, now = sent.get(name), after.part.get(name)
        if name in hidden or (wanted in (None, "") and now in (None, "")):
            continue
        if wanted != now:
            yield f"{name} is gone" if now in (None, "") else f"{name} isn't the one that was sent"
    if "extra" in hidden:
        if names is not None and not any(name.partition(".")[0] == "extra" for name in names):
            yield "extra is gone"
        return
    wanted_extra, now_extra = sent.get("extra") or {}, after.part.get("extra") or {}
    for key in sorted(wanted_extra.keys() | now_extra.keys()):
        if f"extra.{key}" in hidden:
            continue
        if key not in now_extra:
            yield f"extra.{key} is gone"
        elif key not in wanted_extra:
            yield f"extra.{key} is there, and was not sent"
        elif not _same(wanted_extra[key], now_extra[key]):
            yield f"extra.{key} isn't the one that was sent"


def _same(a: Any, b: Any) -> bool:
    """Whether two values are the same, numbers as Go may write them."""
    first, second = dict(leaves(a)), dict(leaves(b))
    return first.keys() == second.keys() and all(_same_leaf(value, second[path]) for path, value in first.items())


def _same_leaf(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool) or not (isinstance(a, int | float) and isinstance(b, int | float)):
        return type(a) is type(b) and bool(a == b)
    try:
        return a == b or float(a) == float(b)
    except OverflowError:
        return False


def way_back(before: ManagedObject) -> str:
    """How to restore the links of an object: the request with them, without the values of any override."""
    if before.raw.get("scope") != WORKSPACE:
        return ""
    body = {
        "links": places(before.links),
        "excludeLinks": places(before.exclude_links),
        "autoLinkDeployments": before.auto_links,
    }
    text = f"POST /environment-objects/{before.id} with its fields and {json.dumps(body)}"
    overrides = {
        _entity(link): sorted(_override_names(before, link)) for link in before.links if _override_names(before, link)
    }
    told = "; ".join(f"{', '.join(names)} for {entity}" for entity, names in sorted(overrides.items()))
    return text + (f", and set these overrides again: {told}" if told else "")


def _entity(entry: Fields) -> str:
    return str(entry.get("scopeEntityId", ""))


def _entities(entries: Any) -> set[str]:
    return {_entity(entry) for entry in entries}
