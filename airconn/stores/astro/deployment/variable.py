"""One environment variable of a Deployment, as Astro's API gives and takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class DeploymentVariable:
    """An environment variable of a Deployment."""

    key: str
    is_secret: bool = False
    value: str | None = field(default=None, repr=False)
    """None where Astro hides it, and in a request for a value that stays as it is."""
    updated_at: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.is_secret or self.value is None


def variables_of(deployment: Mapping[str, Any]) -> tuple[DeploymentVariable, ...]:
    """The environment variables of a Deployment in their order. The API shows no value of a secret one."""
    return tuple(
        DeploymentVariable(
            str(entry["key"]),
            is_secret := bool(entry.get("isSecret")),
            None if is_secret else entry.get("value"),
            str(entry.get("updatedAt", "")),
        )
        for entry in deployment.get("environmentVariables") or ()
    )
