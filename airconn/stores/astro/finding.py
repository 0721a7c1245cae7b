"""Finds a Workspace and a Deployment of Astro by name or id. Several of one name are an error, never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from airconn.errors import TargetError, UsageError
from airconn.stores.astro.address import is_id
from airconn.stores.astro.client import AstroApi, AstroRefusal


class Workspace(NamedTuple):
    """A Workspace. The name is the id where only that is known."""

    id: str
    name: str


def find_workspace(api: AstroApi, name: str, where: str) -> Workspace:
    """The Workspace of a name or an id. Without either, it is that of the token or of the Astro CLI's context.

    `where` is the address, for messages. Raises `UsageError` for a name that none or several have, and `TargetError`.
    """
    if not name:
        chosen = api.identity.workspace
        if not chosen:
            raise UsageError(
                "the address names no Workspace, and the token isn't for one",
                where=where,
                hint="such as astro-env://WORKSPACE, by its name or its id",
                topic="astro",
            )
        return Workspace(chosen, chosen)
    if is_id(name):
        return Workspace(name, name)
    one = _the_one(_named(api, "Workspace", name, (), where), name, "Workspace", where)
    return Workspace(str(one.get("id")), name)


def find_deployment(api: AstroApi, workspace: str, name: str, where: str) -> dict[str, Any]:
    """The Deployment of a name or an id, as the API gives it. An id needs no Workspace.

    Raises `UsageError` for a name that none or several have, and for a Deployment of another Workspace, and
    `TargetError`.
    """
    if not name:
        raise UsageError(
            "the address names no Deployment",
            where=where,
            hint="write it like SCHEME://WORKSPACE/DEPLOYMENT",
            topic="astro",
        )
    own = find_workspace(api, workspace, where) if workspace or not is_id(name) else None
    if is_id(name):
        deployment = _by_id(api, name, where)
        if own is not None and deployment.get("workspaceId") != own.id:
            raise UsageError(
                f"the Deployment {name} is in the Workspace {deployment.get('workspaceId')}, and not in {own.name}",
                where=where,
            )
        return deployment
    scope = (("workspaceIds", own.id),) if own else ()
    one = _the_one(_named(api, "Deployment", name, scope, where), name, "Deployment", where)
    # A list may leave out what a single answer has, such as the environment variables.
    return _by_id(api, str(one.get("id")), where)


def _by_id(api: AstroApi, id_: str, where: str) -> dict[str, Any]:
    try:
        return api.get(f"/deployments/{id_}")
    except AstroRefusal as error:
        if error.status != 404:
            raise
        raise UsageError(f"Astro has no Deployment {id_} that the token sees", where=where) from None


def _named(
    api: AstroApi, what: str, name: str, scope: Sequence[tuple[str, str]], where: str
) -> tuple[list[dict[str, Any]], Sequence[str]]:
    """Those with a name, and all names if none has it. Whether the server filters by equality isn't documented."""
    key, order = f"{what.lower()}s", ("sorts", "createdAt:asc")
    try:
        found = [
            one for one in api.pages(f"/{key}", (*scope, ("names", name), order), key) if one.get("name") == name
        ]
        if found:
            return found, ()
        every = api.pages(f"/{key}", (*scope, order), key)
    except AstroRefusal as error:
        if error.status != 403:
            raise
        raise TargetError(
            f"the token may not list the {what}s",
            where=where,
            hint=f"name the {what} by its id",
            topic="astro",
        ) from None
    return [one for one in every if one.get("name") == name], sorted({str(one.get("name")) for one in every})


def _the_one(named: tuple[list[dict[str, Any]], Sequence[str]], name: str, what: str, where: str) -> dict[str, Any]:
    found, others = named
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(
            sorted(f"{one.get('id')}" + (f" in {_home(one)}" if what == "Deployment" else "") for one in found)
        )
        raise UsageError(
            f"{len(found)} {what}s are named {name!r}", where=where, hint=f"name one by its id: {ids}", topic="astro"
        )
    near = get_close_matches(name, others, n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    else:
        hint = f"the token sees {', '.join(map(repr, others[:5])) or 'none'}" + (" and more" if others[5:] else "")
    raise UsageError(f"unknown {what} {name!r}", where=where, hint=hint, topic="astro")


def _home(deployment: dict[str, Any]) -> str:
    return f"Workspace {deployment.get('workspaceName') or deployment.get('workspaceId')}"
