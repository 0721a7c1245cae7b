"""The common base of the stores of AWS's two services."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from airconn.model import AirflowObject
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context
from airconn.stores.secrets.aws.options import AwsOptions
from airconn.stores.secrets.aws.service import AwsService
from airconn.stores.secrets.codec import Codec
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore


class AwsStore(SecretStore):
    """A store of an AWS service, with the checks of objects that both services share."""

    _CAPABILITIES: ClassVar[Capabilities]

    def __init__(self, service: AwsService, codec: Codec, chosen: AwsOptions) -> None:
        kinds = frozenset(kind for kind in SECRET_KINDS if chosen.prefix(kind) is not None)
        super().__init__(service.address, service, codec, replace(self._CAPABILITIES, kinds=kinds))
        self._aws = service

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> tuple[str, ...]:
        found = tuple(super().problems(obj, context))
        if not found and (reason := self._aws.refusal(obj.kind, obj.id)):
            return (reason,)
        if not found and not self._text(obj):
            return ("its value is empty, and AWS can't store empty values",)
        return found
