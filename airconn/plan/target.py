"""What a plan has to know about its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airconn.model import AirflowObject, Step


@dataclass(frozen=True, slots=True)
class TargetRules:
    """How a target takes objects, as `stores.base.Store` says."""

    stored_form: Callable[[AirflowObject], AirflowObject] = lambda obj: obj
    """The form in which the target gives back an object that was written to it."""
    refusal: Callable[[Step], str] = lambda step: ""
    """Why a step can't be done. Empty where it can."""
    hides_no_password: bool = False
    """Whether the target shows a connection without a password like one with a hidden password."""
