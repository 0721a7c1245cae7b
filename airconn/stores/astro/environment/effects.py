"""Says what a write to the Environment Manager does besides what its plan shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from airconn.model import Action, AirflowObject, Connection, Step, Text, Variable
from airconn.model.reading import Key
from airconn.model.secrecy import secret_leaves
from airconn.quoting import some
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment.options import EnvironmentOptions


def is_secret(obj: AirflowObject, chosen: str | None) -> bool:
    """Whether a new variable is a secret at Astro. `chosen` is the option `secret`: `all`, `none` or None.

    Without it, a variable is one by its name and its value, and the environment variable of a connection always. An
    empty value never is, because Astro shows the empty text for each secret.
    """
    if isinstance(obj, Variable):
        if not isinstance(obj.value, Text) or not obj.value.text:
            return False
        return chosen == "all" or (chosen is None and any(name == "value" for name, _ in secret_leaves(obj)))
    return isinstance(obj, Connection) and chosen != "none"


def effects(
    steps: Sequence[Step], held: Mapping[Key, ManagedObject], options: EnvironmentOptions, *, of_workspace: bool
) -> Iterator[str]:
    """The effects of these steps in sentences. `held` are the objects as they were read."""
    created = [step for step in steps if step.action is Action.CREATE and step.source is not None]
    has_flag = [step for step in created if options.as_env or isinstance(step.source, Variable)]
    secret = [step for step in has_flag if step.source and is_secret(step.source, options.secret)]
    if secret and options.secret is None:
        told = f"written as secrets, which Astro can't turn back into plain values: {_some(secret)}"
        yield f"{told} (?secret=none writes plain ones)"
    if plain := [step for step in steps if _stays_plain(step, held, options)]:
        yield (
            f"they look like secrets but stay plain variables, because Astro can't change that: {_some(plain)} "
            "(delete them first)"
        )
    stay = [step for step in steps if _has(step, held, is_secret=True)]
    if stay and options.secret == "none":  # noqa: S105 - the word of an option
        yield f"they stay secrets, which Astro can't turn into plain values: {_some(stay)}"
    if of_workspace and created and not options.auto_link:
        yield (
            f"no Deployment gets {_some(created)} until you link {_them(created)} in the Astro UI "
            "(?auto_link=true links new objects to all Deployments of the Workspace)"
        )
    replaced = [step for step in steps if step.action is Action.REPLACE]
    if replaced:
        yield f"deleted and created again, with {_its(replaced)} links: {_some(replaced)}"
    linked = [step for step in steps if step.action is Action.DELETE and _is_linked(held.get((step.kind, step.id)))]
    if linked:
        yield f"Deployments lose {_some(linked)}, which {'is' if len(linked) == 1 else 'are'} linked to them"


def effects_of_twins(steps: Sequence[Step]) -> Iterator[str]:
    """The effect of steps that create what the Deployment gets from its Workspace as well."""
    if steps:
        them = "it" if len(steps) == 1 else "them"
        yield (
            f"the Deployment has {_some(steps)} from its Workspace already, and Astro doesn't document which "
            f"one is used: change {them} in the Workspace instead"
        )


def _stays_plain(step: Step, held: Mapping[Key, ManagedObject], options: EnvironmentOptions) -> bool:
    """Whether an update writes a value into a plain variable that would be a secret if it were new."""
    writes = step.source is not None and "value" in step.written and is_secret(step.source, options.secret)
    return writes and _has(step, held, is_secret=False)


def _has(step: Step, held: Mapping[Key, ManagedObject], *, is_secret: bool) -> bool:
    """Whether a step updates a variable at Astro that is a secret, or that isn't one."""
    found = held.get((step.kind, step.id))
    is_variable = found is not None and found.type != "CONNECTION"
    return step.action is Action.UPDATE and is_variable and found is not None and found.is_secret is is_secret


def _is_linked(held: ManagedObject | None) -> bool:
    return held is not None and (held.auto_links or bool(held.links))


def _some(steps: Sequence[Step]) -> str:
    return some(sorted(f"{step.kind.value}/{step.id}" for step in steps))


def _them(steps: Sequence[Step]) -> str:
    return "it" if len(steps) == 1 else "them"


def _its(steps: Sequence[Step]) -> str:
    return "its" if len(steps) == 1 else "their"
