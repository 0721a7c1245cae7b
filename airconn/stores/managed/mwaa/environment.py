"""An MWAA environment as AWS describes it (`GetEnvironment`), and the words for its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airconn.airflow.versions import AirflowVersion
from airconn.errors import TargetError, UsageError

_AGAIN = "try again when its status is AVAILABLE"
_NO_WEB_SERVER = {
    "CREATING": ("is being created", _AGAIN),
    "PENDING": ("waits for VPC endpoints of yours before it is created", "create them in its VPC"),
    "CREATE_FAILED": ("could not be created", "the AWS console shows why"),
    "DELETING": ("is being deleted", "check the name"),
    "DELETED": ("is deleted", "check the name"),
}
"""The statuses in which the environment has no Airflow to ask."""
_UNSETTLED = {
    "CREATING_SNAPSHOT": "is being updated: AWS copies its database, and may restore the copy later",
    "UPDATING": "is being updated, and a rollback would undo a write",
    "ROLLING_BACK": "is being rolled back to an earlier copy of its database",
    "MAINTENANCE": "is in maintenance",
    "UNAVAILABLE": "isn't stable after a failed update",
}
"""The statuses in which the Airflow may answer, but a write may be lost."""
_PRIVATE = "PRIVATE_ONLY"


@dataclass(frozen=True, slots=True)
class MwaaEnvironment:
    """The properties of an environment. All are empty where AWS doesn't let these credentials see them."""

    status: str = ""
    access_mode: str = ""
    airflow: AirflowVersion | None = None
    arn: str = ""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Its Airflow configuration options by `section.key`, such as `secrets.backend`."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> MwaaEnvironment:
        """The environment in an answer of `GetEnvironment`."""
        try:
            version = AirflowVersion.parse(str(told.get("AirflowVersion") or ""))
        except UsageError:
            version = None
        options = told.get("AirflowConfigurationOptions") or {}
        return cls(
            status=str(told.get("Status") or ""),
            access_mode=str(told.get("WebserverAccessMode") or ""),
            airflow=version,
            arn=str(told.get("Arn") or ""),
            options={str(name): str(value) for name, value in options.items()},
        )

    def check_is_there(self, where: str) -> None:
        """Raises `TargetError` for a status in which no Airflow runs."""
        if self.status in _NO_WEB_SERVER:
            what, hint = _NO_WEB_SERVER[self.status]
            raise TargetError(f"the environment {what} (status {self.status})", where=where, hint=hint, topic="mwaa")

    @property
    def unsettled(self) -> str:
        """Why a write may be lost now. Empty if it isn't."""
        why = _UNSETTLED.get(self.status)
        return f"the environment {why} (status {self.status})" if why else ""

    def check_writes(self, where: str) -> None:
        """Raises `TargetError` for a status in which a write may be lost."""
        if self.unsettled:
            raise TargetError(self.unsettled, where=where, hint=f"{_AGAIN}; it can be read until then")

    def unreached_hint(self, region: str) -> str:
        """The hint where its web server can't be reached. Empty without a likely reason."""
        if self.unsettled:
            return f"{self.unsettled}: {_AGAIN}"
        from_inside = "run airconn in its VPC, or through a VPN or a bastion into it"
        if self.access_mode == _PRIVATE:
            return f"its web server is private (WebserverAccessMode {_PRIVATE}): {from_inside}"
        if not self.access_mode:
            return f"if its web server is private: {from_inside}"
        return f"the name comes from AWS in {region}; check the proxy and the firewall"
