"""AWS Systems Manager's Parameter Store (`SystemsManagerParameterStoreBackend` of amazon 9.39.0)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from airconn.config import Settings
from airconn.model import AirflowObject, Kind
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets import aws
from airconn.stores.secrets.codec import Payload, TextCodec
from airconn.stores.secrets.service import Foreign, Held, Refused, Taken, Unavailable
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore

SCHEME = "aws-ssm"
EXAMPLE = f"{SCHEME}://eu-west-1"
STANDARD = 4096
"""The bytes of a parameter that costs nothing. A larger one is of the advanced tier, which does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(aws.AwsOptions):
    """Those of Airflow's backend, and with which key airconn encrypts."""

    connections_prefix: str | None = "/airflow/connections"
    variables_prefix: str | None = "/airflow/variables"
    config_prefix: str | None = "/airflow/config"
    kms_key_id: str | None = None
    """airconn's own: the key that new values are encrypted with, or that of the account."""

    def prefix(self, kind: Kind) -> str | None:
        """What stands before the ids of a kind, or None where Airflow doesn't look for them."""
        given = self.connections_prefix if kind is Kind.CONNECTIONS else self.variables_prefix
        if given is None:
            return None
        given = given.rstrip("/")
        return f"{'' if given.startswith('/') or not given else '/'}{given}/"


def open_store(address: str, settings: Settings) -> ParameterStore:
    """The parameters of `aws-ssm://REGION`."""
    return ParameterStore(aws.of_address(Options, address, EXAMPLE), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> ParameterStore:
    """The parameters that Airflow's `backend_kwargs` say."""
    return ParameterStore(aws.of_kwargs(Options, kwargs, where), settings)


class ParameterStore(SecretStore):
    """Values are encrypted (SecureString). AWS keeps older ones to look at; a deleted parameter is gone."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        kinds=SECRET_KINDS,
        # "Name" of PutParameter in the API reference: a path of at most 15 levels.
        ids=Ids(
            "letters a to z, digits and _.-, with / inside",
            re.compile(r"(?!/)(?!.*//)[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+){0,10}"),
            900,
        ),
        largest=8192,
        versions=True,
    )

    def __init__(self, chosen: Options, settings: Settings) -> None:
        self._aws = Parameters(chosen, settings)
        kinds = frozenset(kind for kind in SECRET_KINDS if chosen.prefix(kind) is not None)
        codec = TextCodec("uri" if chosen.connection_format == "uri" else "json")
        super().__init__(self._aws.address, self._aws, codec, kinds)

    def problems(self, obj: AirflowObject) -> tuple[str, ...]:
        found = tuple(super().problems(obj))
        if not found and self.size(obj) == 0:
            return ("its value is empty, and a parameter isn't",)
        if not found and not self._aws.passes(obj.kind, obj.id):
            return (f"the id doesn't match {obj.kind.value}_lookup_pattern, so that Airflow never looks for it",)
        return found


class Parameters(aws.AwsService):
    """The parameters of one account and region below two paths."""

    service_name = "ssm"
    words = "AWS Parameter Store"

    def __init__(self, chosen: Options, settings: Settings) -> None:
        super().__init__(chosen, settings, SCHEME)
        self._prefixes = {kind: chosen.prefix(kind) for kind in SECRET_KINDS}
        self._key = {"KeyId": chosen.kms_key_id} if chosen.kms_key_id else {}

    def name(self, kind: Kind, id_: str) -> str:
        return f"{self._prefixes[kind]}{id_}"

    def ids(self, kind: Kind) -> Iterator[str]:
        for parameter in self._parameters(kind, decrypted=False):
            yield parameter["Name"][len(self._prefixes[kind] or "") :]

    def _parameters(self, kind: Kind, *, decrypted: bool) -> Iterator[Any]:
        """The parameters below a path. Their values come along, so that no request for each is needed."""
        self.prepare()
        prefix = self._prefixes[kind] or "/"
        others = [
            other for other in self._prefixes.values() if other and other != prefix and other.startswith(prefix)
        ]
        arguments: dict[str, Any] = {"Path": prefix, "Recursive": True, "WithDecryption": decrypted, "MaxResults": 10}
        while True:
            try:
                page = self.call("get_parameters_by_path", **arguments)
            except Refused as error:
                raise Unavailable(error.message, where=self.address, hint=error.hint) from None
            for parameter in page["Parameters"]:
                name = parameter["Name"]
                if not any(map(name.startswith, others)) and self.passes(kind, name[len(prefix) :]):
                    yield parameter
            if not page.get("NextToken"):
                return
            arguments["NextToken"] = page["NextToken"]

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        for parameter in self._parameters(kind, decrypted=True):
            id_ = parameter["Name"][len(self._prefixes[kind] or "") :]
            if wanted(id_):
                yield Held(id_, parameter["Value"], parameter.get("Version"))

    def get(self, kind: Kind, id_: str) -> Held | None:
        if not self.passes(kind, id_):
            return None
        try:
            found = self.call("get_parameter", Name=self.name(kind, id_), WithDecryption=True)["Parameter"]
        except aws.Answered as error:
            if error.code == "ParameterNotFound":
                return None
            raise
        except aws.Denied as error:
            raise Unavailable(error.message, where=f"{self.address}{self.name(kind, id_)}", hint=error.hint) from None
        return Held(id_, found["Value"], found.get("Version"))

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        try:
            self._put(kind, id_, payload, overwrite=False)
        except aws.Answered as error:
            if error.code == "ParameterAlreadyExists":
                raise Taken("there is a parameter of this name already") from None
            raise

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        self._put(kind, id_, payload, overwrite=True)

    def _put(self, kind: Kind, id_: str, payload: str, *, overwrite: bool) -> None:
        tier = "Standard" if len(payload.encode()) <= STANDARD else "Advanced"
        if overwrite and tier == "Standard":
            tier = "Intelligent-Tiering"  # an advanced one can't be made a standard one
        self.call(
            "put_parameter",
            Name=self.name(kind, id_),
            Value=payload,
            Type="SecureString",
            Overwrite=overwrite,
            Tier=tier,
            **self._key,
        )

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        try:
            self.call("delete_parameter", Name=self.name(kind, id_))
        except aws.Answered as error:
            if error.code != "ParameterNotFound":
                raise
