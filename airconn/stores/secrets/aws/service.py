"""The common base of AWS's two services for secrets: requests, and the names of secrets."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from airconn.config import Settings
from airconn.errors import AirconnError
from airconn.model import Kind
from airconn.stores.secrets.aws import session
from airconn.stores.secrets.aws.errors import AwsEndpoint, KeyFailed, no_aws, told
from airconn.stores.secrets.aws.options import AwsOptions, pattern_of
from airconn.stores.secrets.service import Denied, SecretRefused, Service, Unavailable
from airconn.stores.secrets.store import SECRET_KINDS


class AwsService(Service):
    """One account and region, through boto3, which retries throttled and failed requests itself."""

    service_name: ClassVar[str]
    words: ClassVar[str]
    longest: ClassVar[int]
    """The most characters of a name."""

    def __init__(self, chosen: AwsOptions, settings: Settings, scheme: str) -> None:
        region = session.region_of(chosen, settings) or ""
        self.address = f"{scheme}://{region}"
        self._asked = AwsEndpoint(
            self.address,
            self.service_name,
            region,
            session.endpoint_of(chosen, settings, self.service_name) or "",
        )
        self._chosen = chosen
        self._settings = settings
        self._prefixes = {kind: chosen.prefix(kind) or "" for kind in SECRET_KINDS}
        self._others = {kind: chosen.others_below(kind) for kind in SECRET_KINDS}
        self._patterns = {kind: pattern_of(chosen, kind) for kind in SECRET_KINDS}
        self._key = {"KmsKeyId": chosen.kms_key_id} if chosen.kms_key_id else {}
        self._lock = threading.Lock()
        self._made: Any = None
        self._knows_us = False

    def describe(self) -> str:
        region = self._asked.region or (self._made and self._made.meta.region_name)
        return f"{self.words} in {region or 'the region of the profile'}"

    def account(self) -> object:
        given = ("profile_name", "role_arn", "aws_access_key_id", "session_kwargs", "assume_role_with_saml")
        endpoint = session.endpoint_of(self._chosen, self._settings, self.service_name)
        return self.address, endpoint, *(getattr(self._chosen, name) for name in given)

    def name(self, kind: Kind, id_: str) -> str:
        return f"{self._prefixes[kind]}{id_}"

    def refusal(self, kind: Kind, id_: str) -> str:
        """Why Airflow finds nothing under an id, or AWS can't have its name. Empty otherwise."""
        pattern = self._patterns[kind]
        if pattern is not None and pattern.match(id_) is None:
            return f"the id doesn't match {kind.value}_lookup_pattern, so Airflow never looks for it"
        if len(self.name(kind, id_)) > self.longest:
            return f"the id and its prefix are longer than the {self.longest} characters that fit"
        return ""

    def own(self, kind: Kind, name: str) -> str:
        """The id of an object of a kind by the name of its secret. Empty if the name isn't of this kind."""
        prefix = self._prefixes[kind]
        if not name.startswith(prefix) or any(map(name.startswith, self._others[kind])):
            return ""
        id_ = name[len(prefix) :]
        return "" if id_ and self.refusal(kind, id_) else id_

    @abstractmethod
    def first_page(self, kind: Kind) -> Any:
        """The smallest page of the list of names."""

    def knock(self, kind: Kind) -> None:
        if self._knows_us:
            return
        try:
            self.first_page(kind)
        except Denied:
            pass  # the credentials are good, and may be allowed to write without listing
        except SecretRefused as error:
            raise self.of_all(error) from None

    def call(self, name: str, **arguments: Any) -> Any:
        """The answer to one request. Raises `SecretRefused` for an error about one secret."""
        try:
            answer = getattr(self._client(), name)(**arguments)
        except AirconnError:
            raise
        except Exception as error:  # noqa: BLE001 - boto3's are of many families, and each could quote a value
            ours = told(error, self._asked)
            self._knows_us = self._knows_us or isinstance(ours, SecretRefused)
            raise ours from None
        self._knows_us = True
        return answer

    def pages(self, call: str, part: str, **arguments: Any) -> Iterator[list[Any]]:
        """The pages of a list. Raises `Unavailable` if a part of it would be missing, and `KeyFailed`."""
        while True:
            try:
                page = self.call(call, **arguments)
            except KeyFailed:
                raise
            except SecretRefused as error:
                raise self.of_all(error) from None
            if part not in page:
                raise no_aws(self._asked)
            yield page[part]
            if not page.get("NextToken"):
                return
            arguments["NextToken"] = page["NextToken"]

    def of_all(self, error: SecretRefused, name: str = "") -> Unavailable:
        """The error for a place of which a part can't be read: the rest is never given as if it were all."""
        hint = error.hint
        if name and hint:
            hint += f"{'' if hint.endswith('?') else ';'} --exclude leaves it out"
        where = f"{self.address}/{name.lstrip('/')}" if name else self.address
        return Unavailable(error.message, where=where, hint=hint, topic=self._asked.topic if hint else None)

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = session.make_client(self._chosen, self._settings, self.service_name, self.parallel + 2)
            return self._made
