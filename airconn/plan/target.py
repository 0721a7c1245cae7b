"""What a plan has to know of its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airconn.model import AirflowObject, Step


@dataclass(frozen=True, slots=True)
class TargetRules:
    """How a target takes objects, as `stores.base.Store` says."""

    stored_form: Callable[[AirflowObject], AirflowObject] = lambda obj: obj
    """What the target would give back for an object after holding it."""
    refusal: Callable[[Step], str] = lambda step: ""
    """Why a step can't be done. Empty where it can."""
    hides_no_password: bool = False
    """Whether it shows a connection without a password as it shows one with a hidden password."""
