"""Says why a step can't be carried out on an object as it is, because it could lose a secret, a link or a field.

It isn't documented what an update does with a field that it doesn't send, with `""`, or with a key that its extra
lacks. What depends on that is done by deleting and creating the object, with everything that it has, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from airconn.model import Action, Connection, Step, Text, Variable
from airconn.quoting import some
from airconn.stores.astro.environment.listing import SHOW
from airconn.stores.astro.environment.managed_object import TEXTS, ManagedObject, has_path
from airconn.stores.astro.environment.objects import ObjectForm, sent_extra


def refusal(step: Step, held: ManagedObject, form: ObjectForm) -> str:
    """Why an update or a replacement can't be done. Empty if it can."""
    if step.action is Action.UPDATE:
        return held.inexpressible() or _of_update(step, held, form)
    return held.inexpressible() or _of_replacement(step, held, form)


def _of_update(step: Step, held: ManagedObject, form: ObjectForm) -> str:
    source, written = step.source, step.written
    if held.type != "CONNECTION":
        if isinstance(source, Variable) and "value" in written and _empties_secret(source, held):
            return EMPTY_SECRET
        return _cleared(step, ("description",), held) if not form.as_env else ""
    if not isinstance(source, Connection):
        return ""
    if "conn_type" in written and source.conn_type != held.part.get("type"):
        return "Astro can't change the conn_type of a connection"
    if cleared := _cleared(step, ("description", *TEXTS, "port"), held):
        return cleared
    if "extra" in written and (reason := _of_extra(source.extra, held)):
        return reason
    unsent = sorted(name for name in held.hidden_fields() if name.partition(".")[0] not in written)
    if unsent:
        it = "it" if len(unsent) == 1 else "them"
        return f"Astro hides {some(unsent)}, and an update without {it} may clear {it}: put {it} into the source"
    return ""


EMPTY_SECRET = "Astro can't make a secret empty: delete the variable first"  # noqa: S105 - a message


def _empties_secret(source: Variable, held: ManagedObject) -> bool:
    return held.is_secret and isinstance(source.value, Text) and not source.value.text


def _cleared(step: Step, names: Iterable[str], held: ManagedObject) -> str:
    """Why an update doesn't clear a field: what Astro makes of an empty text or a missing field isn't documented."""
    hidden = held.hidden_fields()
    for name in names:
        if name not in step.written or getattr(step.source, name) not in (None, ""):
            continue
        value = held.description if name == "description" else held.part.get(name)
        if name in hidden or value not in (None, ""):
            return f"unknown whether an update at Astro can clear {name}"
    return ""


def _of_extra(extra: object, held: ManagedObject) -> str:
    """Why an update doesn't write an extra."""
    hidden = held.hidden_keys()
    sent = sent_extra(extra) if isinstance(extra, Text) and extra.text.strip() else {}
    if "" in hidden:
        names = [name.removeprefix("extra.") for name in held.set_fields or () if name.startswith("extra.")]
        if not names or not all(has_path(sent, name) for name in names):
            return "Astro hides a part of extra, and which one is unknown: writing the rest may lose it"
    elif lost := sorted(key for key in hidden if key not in sent):
        return f"Astro hides {some([f'extra.{key}' for key in lost])}: writing the rest of extra may lose it"
    given = held.part.get("extra")
    shown = given if isinstance(given, dict) else {}
    if emptied := sorted(key for key, value in sent.items() if value == "" and (key in hidden or shown.get(key))):
        return f"unknown whether an update at Astro can empty {some([f'extra.{key}' for key in emptied])}"
    if removed := sorted(set(_paths(given)) - set(_paths(sent))):
        return f"unknown whether an update at Astro can remove {some(removed)}"
    return ""


def _paths(value: Any, path: str = "extra") -> Iterator[str]:
    """The names of the keys of an object, and of those below it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.{key}"
            yield from _paths(item, f"{path}.{key}")


def _of_replacement(step: Step, held: ManagedObject, form: ObjectForm) -> str:
    """Why an object isn't deleted and created anew: what Astro hides of it would be lost."""
    source = step.source
    if isinstance(source, Variable) and not form.as_env and _empties_secret(source, held):
        return "a new secret can't be empty either"
    hidden = sorted(held.hidden_fields())
    if hidden:
        return f"deleting it and creating it again would lose hidden values: {some(hidden)} (to show: {SHOW})"
    if overrides := list(held.hidden_overrides()):
        names = ", ".join(f"{name} (Deployment {deployment})" for deployment, name in overrides[:3])
        return (
            f"deleting it and creating it again would lose hidden overrides of its links: {names} (to show: {SHOW})"
        )
    return ""
