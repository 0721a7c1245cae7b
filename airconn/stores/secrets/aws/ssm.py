"""AWS Systems Manager's Parameter Store (`SystemsManagerParameterStoreBackend` of amazon 9.39.0)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airconn.config import Settings
from airconn.formats import backend_names
from airconn.model import AirflowObject, Kind
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Ids
from airconn.stores.secrets.aws import options
from airconn.stores.secrets.aws.errors import Answered, KeyFailed
from airconn.stores.secrets.aws.options import AwsOptions
from airconn.stores.secrets.aws.service import AwsService
from airconn.stores.secrets.aws.store import AwsStore
from airconn.stores.secrets.codec import Payload, TextCodec
from airconn.stores.secrets.service import Denied, Foreign, Held, SecretRefused, Taken

SCHEME = "aws-ssm"
EXAMPLE = f"{SCHEME}://eu-west-1"
STANDARD = 4096
"""The most bytes of a parameter that is free of charge. A larger one is of the advanced tier."""
LEVELS = 15

_RESERVED = re.compile("/(aws|ssm)", re.IGNORECASE)
_NESTED = re.compile(r"\{\{[^{}]*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterStoreOptions(AwsOptions):
    """The options of Airflow's backend."""

    connections_prefix: str | None = backend_names.PARAMETER_STORE[Kind.CONNECTIONS]
    variables_prefix: str | None = backend_names.PARAMETER_STORE[Kind.VARIABLES]
    config_prefix: str | None = "/airflow/config"

    def joined(self, prefix: str) -> str:
        return backend_names.parameter_store_beginning(prefix)


def open_store(address: str, settings: Settings) -> ParameterStore:
    """The store of `aws-ssm://REGION`."""
    return ParameterStore(options.of_address(ParameterStoreOptions, address, EXAMPLE, settings), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> ParameterStore:
    """The store of Airflow's `backend_kwargs`."""
    return ParameterStore(options.of_kwargs(ParameterStoreOptions, kwargs, where), settings)


class ParameterStore(AwsStore):
    """A store of encrypted values (SecureString). AWS keeps old values, but not those of a deleted parameter."""

    _CAPABILITIES = Capabilities(
        # "Name" and "Value" of PutParameter in the API reference.
        ids=Ids("letters a to z, digits and _.-, with / inside", re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")),
        largest=8192,
        versions=True,
    )

    def __init__(self, chosen: ParameterStoreOptions, settings: Settings) -> None:
        codec = TextCodec(chosen.connection_format)
        super().__init__(Parameters(chosen, settings, SCHEME), codec, chosen)

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> tuple[str, ...]:
        found = super().problems(obj, context)
        if not found and _NESTED.search(self._codec.encode(obj)):  # type: ignore[arg-type]
            return ("it has double braces ({{…}}), which AWS reads as a reference to a parameter and refuses",)
        return found


class Parameters(AwsService):
    """The service of the parameters of one account and region below two paths."""

    parallel = 4
    """It takes 40 reads a second, and 3 writes, to which boto3 slows down."""
    service_name = "ssm"
    words = "AWS Parameter Store"
    longest = 1011 - len("arn:aws-us-gov:ssm:us-gov-west-1:123456789012:parameter/")
    """The limit counts the ARN as well."""

    def refusal(self, kind: Kind, id_: str) -> str:
        name = self.name(kind, id_)
        if _RESERVED.match(name):
            return "names that begin with aws or ssm are reserved: add a prefix"
        if name.count("/") > LEVELS:
            return f"its path has more than the {LEVELS} levels that fit"
        return super().refusal(kind, id_)

    def _path(self, kind: Kind) -> str:
        return self._prefixes[kind].rstrip("/") or "/"

    def first_page(self, kind: Kind) -> Any:
        return self.call("get_parameters_by_path", Path=self._path(kind), MaxResults=1)

    def ids(self, kind: Kind) -> Iterator[str]:
        for page in self.pages("get_parameters_by_path", "Parameters", **self._all(kind), WithDecryption=False):
            yield from filter(None, (self.own(kind, parameter["Name"]) for parameter in page))

    def _all(self, kind: Kind) -> dict[str, Any]:
        return {"Path": self._path(kind), "Recursive": True, "MaxResults": 10}

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        pages = self.pages("get_parameters_by_path", "Parameters", **self._all(kind), WithDecryption=True)
        try:
            parameters = [parameter for page in pages for parameter in page]
        except KeyFailed:  # that of one parameter, which may not be selected
            yield from super().fetch(kind, wanted)
            return
        for parameter in parameters:
            id_ = self.own(kind, parameter["Name"])
            if id_ and wanted(id_):
                yield Held(id_, parameter["Value"], parameter.get("Version"))

    def get(self, kind: Kind, id_: str) -> Held | None:
        if self.refusal(kind, id_):
            return None
        name = self.name(kind, id_)
        try:
            found = self.call("get_parameter", Name=name, WithDecryption=True)["Parameter"]
        except SecretRefused as error:
            if isinstance(error, Answered) and error.code == "ParameterNotFound":
                return None
            raise self.of_all(error, name) from None
        return Held(id_, found["Value"], found.get("Version"))

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        tier = "Standard" if _is_small(payload) else "Advanced"
        try:
            self._put(self.name(kind, id_), payload, self._chosen.kms_key_id, Overwrite=False, Tier=tier)
        except Answered as error:
            if error.code == "ParameterAlreadyExists":
                raise Taken("a parameter with this name exists already") from None
            raise

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        name = self.name(kind, id_)
        # A parameter of the advanced tier can't get the other tier, and this keeps both as they are.
        tier = "Intelligent-Tiering" if _is_small(payload) else "Advanced"
        self._put(name, payload, self._chosen.kms_key_id or self._key_of(name), Overwrite=True, Tier=tier)

    def _key_of(self, name: str) -> str | None:
        """The key of a parameter. A write that doesn't name it would use the account's own."""
        wanted = {"Key": "Name", "Option": "Equals", "Values": [name]}
        try:
            found = self.call("describe_parameters", ParameterFilters=[wanted])["Parameters"]
        except Denied as error:
            raise Denied(f"{error.message}, to see the key that encrypts it: set kms_key_id to that key") from None
        return next((parameter.get("KeyId") for parameter in found), None)

    def _put(self, name: str, payload: str, key: str | None, **more: Any) -> None:
        if key:
            more["KeyId"] = key
        self.call("put_parameter", Name=name, Value=payload, Type="SecureString", **more)

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        try:
            self.call("delete_parameter", Name=self.name(kind, id_))
        except Answered as error:
            if error.code != "ParameterNotFound":
                raise


def _is_small(payload: str) -> bool:
    return len(payload.encode()) <= STANDARD
