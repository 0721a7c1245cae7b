"""Microsoft's client for Key Vault: who we are, one call, and what its errors mean."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from airconn.config import Settings
from airconn.stores import drivers
from airconn.stores.http import bodies, requests_session
from airconn.stores.http.redirects import NamedServers
from airconn.stores.secrets.service import Declined, SecretRefused, Unavailable

_LOG_IN = "az login, a managed identity, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"


def library(module: str) -> Any:
    """A module of Azure's libraries, imported at first use."""
    package = "azure-identity" if module.startswith("azure.identity") else "azure-keyvault-secrets"
    return drivers.load(module, "azure", package)


class AzureClient:
    """Calls methods of `SecretClient`. Threads may share it. Nothing is imported or opened before the first call."""

    def __init__(
        self, make_credential: Callable[..., Any], vault_url: str, place: str, settings: Settings, **options: Any
    ) -> None:
        """`make_credential` gets the options of Azure's libraries for the network.

        `place` is the address for messages, `options` are further ones of `SecretClient`.
        """
        self._make_credential = make_credential
        self._url = vault_url
        self._place = place
        self._settings = settings
        self._options = options
        self._lock = threading.Lock()
        self._client: Any = None
        self._credential: Any = None
        self._tokens: Any = None
        """What the requests for tokens are sent with."""
        self._answered = False

    def get(self, name: str) -> Any:
        """A secret with its current value. Raises `Declined` (404) if it doesn't exist."""
        return self._call(lambda client, options: client.get_secret(name, **options))

    def set(self, name: str, value: str, **properties: Any) -> Any:
        """Gives a secret a new version, which makes it if it doesn't exist."""
        return self._call(lambda client, options: client.set_secret(name, value, **properties, **options))

    def delete(self, name: str) -> str | None:
        """Begins to delete a secret, and gives its newest version.

        It is gone for readers at once, and can be brought back for some days.
        """
        deleted = self._call(lambda client, options: client.begin_delete_secret(name, **options).result())
        return deleted.properties.version  # type: ignore[no-any-return]

    def recover(self, name: str) -> None:
        """Begins to bring a deleted secret back."""
        self._call(lambda client, options: client.begin_recover_deleted_secret(name, **options))

    def list(self, page: int | None = None) -> Iterator[Any]:
        """The properties of all secrets. `page` is how many of them to ask for at a time."""

        def first(client: Any, options: dict[str, Any]) -> Any:
            pages = client.list_properties_of_secrets(max_page_size=page, **options).by_page()
            return pages, next(pages, ())

        pages, found = self._call(first)
        while True:
            yield from found
            following = self._call(lambda client, options: next(pages, None))
            if following is None:
                return
            found = following

    def close(self) -> None:
        """Closes its connections."""
        with self._lock:
            for held in (self._client, self._credential):
                if held is not None:
                    held.close()
            self._client = self._credential = None

    def _call(self, function: Callable[[Any, dict[str, Any]], Any]) -> Any:
        if self._answered:
            return self._once(function, {})
        with self._lock:
            # One at a time, until the first answer has told the client how to log in: it has no lock for that.
            # Before that answer, what can't be reached is more likely a wrong address than a short fault.
            return self._once(function, {} if self._answered else {"retry_connect": 0})

    def _once(self, function: Callable[[Any, dict[str, Any]], Any], options: dict[str, Any]) -> Any:
        errors = library("azure.core.exceptions")
        client = self._client or self._connect()
        try:
            answer = function(client, options)
        except errors.AzureError as error:
            raise self._meaning(error) from None
        except ValueError:
            # The only one that it raises for an answer: the server wants a token for another service.
            raise Unavailable(
                "the server requires a token for another service; none is sent",
                where=self._place,
                hint="check that it is a Key Vault; for one with a custom domain add verify_challenge_resource=false",
            ) from None
        self._answered = True
        return answer

    def _connect(self) -> Any:
        settings = self._settings
        network: dict[str, Any] = {
            "connection_timeout": settings.timeout,
            "read_timeout": settings.timeout,
            "retry_total": settings.retries,
            "retry_connect": settings.retries,
            "retry_read": settings.retries,
            "retry_status": settings.retries,
        }
        if settings.ca_bundle is not None:
            network["connection_verify"] = str(settings.ca_bundle)
        secrets = library("azure.keyvault.secrets")
        try:
            # No one server gives tokens, and none of them gives one by a redirect.
            self._tokens = self._transport(NamedServers(self._place))
            self._credential = self._make_credential(transport=self._tokens, **network)
        except ValueError:
            raise Unavailable(
                "the credentials for Azure are incomplete or malformed",
                where=self._place,
                hint=_LOG_IN,
                topic="azure",
            ) from None
        # A page says where the next one is: that has to be the same vault, as the token goes along.
        transport = self._transport(NamedServers(self._place, self._url, settings.allow_redirect))
        # Redirects are for the transport, which says why one isn't followed.
        self._client = secrets.SecretClient(
            self._url, self._credential, transport=transport, permit_redirects=False, **self._options, **network
        )
        return self._client

    def _transport(self, named: NamedServers) -> Any:
        """What sends the requests, with the time-outs and authorities of the settings."""
        settings = self._settings
        session = requests_session.make_session("azure", named, lambda method, url: bodies.SMALL)
        return library("azure.core.pipeline.transport").RequestsTransport(
            session=session,
            connection_timeout=settings.timeout,
            read_timeout=settings.timeout,
            connection_verify=True if settings.ca_bundle is None else str(settings.ca_bundle),
        )

    def _meaning(self, error: Any) -> SecretRefused | Unavailable:
        """What an error of the library means. Its text isn't shown: it may quote a value."""
        errors = library("azure.core.exceptions")
        if isinstance(error, errors.ClientAuthenticationError):
            session = self._tokens.session
            if session is not None and session.refusal is not None:
                return Unavailable(session.refusal.message, where=self._place, hint=session.refusal.hint)
            return Unavailable(
                "Azure refuses the credentials, or none are set", where=self._place, hint=_LOG_IN, topic="azure"
            )
        if isinstance(error, errors.HttpResponseError) and error.status_code is not None:
            self._answered = True
            return self._declined(int(error.status_code), _codes(error))
        return self._unreachable(error)

    def _declined(self, status: int, codes: tuple[str, ...]) -> SecretRefused | Unavailable:
        if status == 429:
            return Unavailable(
                "the vault still refuses requests, because there were too many",
                where=self._place,
                hint="try again in a minute",
            )
        if status >= 500:
            return Unavailable(f"Key Vault fails (status {status})", where=self._place, hint="try again later")
        code = codes[-1] if codes else ""
        if code == "ForbiddenByFirewall":
            return Unavailable(
                "the firewall of the vault refuses this machine",
                where=self._place,
                hint="check the network",
            )
        if status == 403 and code != "SecretDisabled":
            return Declined(
                f"Key Vault refuses access{f' ({code})' if code else ''}",
                status=status,
                code=code,
                hint="the account needs the role Key Vault Secrets User to read, "
                "and Key Vault Secrets Officer to write",
            )
        return Declined(f"Key Vault refuses it ({code or status})", status=status, code=code)

    def _unreachable(self, error: Any) -> Unavailable:
        host = urlsplit(self._url).hostname or ""
        errors = library("azure.core.exceptions")
        causes = tuple(_causes(error))
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return Unavailable(
                f"the certificate of {host} is not trusted",
                where=self._place,
                hint="--ca-bundle FILE names the certificates of your authorityinstead of the usual ones",
            )
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return Unavailable(
                f"the name {host} doesn't resolve",
                where=self._place,
                hint="check the name of the vault; an address is like azure-keyvault://my-vault",
            )
        if isinstance(error, errors.ServiceResponseTimeoutError | errors.ServiceRequestTimeoutError):
            return Unavailable(
                f"no answer within {self._settings.timeout:g} s",
                where=self._place,
                hint="--timeout SECONDS waits longer",
            )
        return Unavailable(f"{host} can't be reached", where=self._place, hint="check the network and the proxy")


def _codes(error: Any) -> tuple[str, ...]:
    """The codes in the body of an answer, the outermost first. Only what looks like a code is one."""
    try:
        inner = json.loads(error.response.text())["error"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    found = []
    while isinstance(inner, dict):
        code = inner.get("code")
        if isinstance(code, str) and code.isalnum() and len(code) <= 60:
            found.append(code)
        inner = inner.get("innererror") or inner.get("innerError")
    return tuple(found)


def _causes(error: Any) -> Iterator[BaseException]:
    """An exception and all that it came from, in the ways that requests, urllib3 and azure-core have of saying so."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, *one.args]
        waiting += [getattr(one, name, None) for name in ("inner_exception", "reason")]
