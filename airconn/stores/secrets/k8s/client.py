"""Sends requests about Secrets to the API of a Kubernetes cluster, and puts errors into words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from airconn.config import Settings
from airconn.errors import AirconnError
from airconn.stores.concurrent_changes import CHANGED, DELETED
from airconn.stores.drivers import load
from airconn.stores.http import bodies
from airconn.stores.http.redirects import NamedServers
from airconn.stores.http.retries import driver_retry
from airconn.stores.secrets.k8s import config as k8s_config
from airconn.stores.secrets.k8s.config import EXTRA
from airconn.stores.secrets.service import SecretRefused, Service, Taken, Unavailable, Unsure

_DEFAULT_NAMESPACE = "default"
_PAGE = 500
_FRESH_STARTS = 3
"""The most times that a list is begun anew because it changed too much for the cluster to continue it."""
_TRY_AGAIN = (429, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster and a namespace in it."""

    api: Any = field(repr=False)
    """The driver's client, which holds the credentials."""
    server: str
    namespace: str


class KubernetesClient:
    """Sends requests about the Secrets of one namespace. Opens nothing before the first one."""

    def __init__(self, context: str, namespace: str | None, settings: Settings) -> None:
        self._context = context
        self._namespace = namespace
        self._settings = settings

    @property
    def namespace(self) -> str:
        return self._cluster.namespace

    @property
    def server(self) -> str:
        return self._cluster.server

    @property
    def where(self) -> str:
        return f"{self.server}, namespace {self.namespace}"

    def find(self, selector: str, *, at_most: int | None = None) -> list[dict[str, Any]]:
        """The Secrets that a label selector chooses, as JSON, or the first ones of them. Raises `Unavailable`."""
        for _ in range(_FRESH_STARTS):
            found = self._pages(selector, at_most)
            if found is not None:
                return found
        raise Unavailable(
            "Kubernetes can't list its Secrets, because they change all the time", where=self.where, hint="try again"
        )

    def _pages(self, selector: str, at_most: int | None) -> list[dict[str, Any]] | None:
        """The items of all pages of a list. None if the cluster doesn't have its first state any more."""
        found: list[dict[str, Any]] = []
        following = ""
        while True:
            options = {"_continue": following} if following else {}
            status, answer = self._call(
                "list_namespaced_secret", label_selector=selector, limit=at_most or _PAGE, **options
            )
            if status == 410:
                return None
            if status >= 300:
                raise self._unavailable(status, "list the Secrets")
            if not isinstance(answer.get("items"), list):
                raise self._no_kubernetes()
            found += answer["items"]
            following = (answer.get("metadata") or {}).get("continue") or ""
            if not following or (at_most is not None and len(found) >= at_most):
                return found

    def create(self, secret: Mapping[str, Any]) -> None:
        """Creates a Secret. Raises `Taken` if one of its name exists."""
        status, _ = self._call("create_namespaced_secret", body=dict(secret))
        if status == 409:
            raise Taken(f"a Secret {secret['metadata']['name']} exists already")
        self._check(status, "create")

    def patch(self, name: str, version: str, data: Mapping[str, str]) -> None:
        """Sets entries of a Secret, if it is still at this version. Raises `Taken` if it isn't."""
        body = {"metadata": {"resourceVersion": version}, "data": dict(data)}
        status, _ = self._call("patch_namespaced_secret", name=name, body=body)
        if status == 409:
            raise Taken(f"its Secret was {CHANGED}")
        if status == 404:
            raise Taken(f"its Secret was {DELETED}")
        self._check(status, "change")

    def delete(self, name: str, version: str) -> None:
        """Deletes a Secret, if it is still at this version. Raises `Taken` if it isn't."""
        body = {"preconditions": {"resourceVersion": version}}
        status, _ = self._call("delete_namespaced_secret", name=name, body=body)
        if status == 409:
            raise Taken(f"its Secret was {CHANGED}")
        if status != 404:
            self._check(status, "delete")

    def _check(self, status: int, what: str) -> None:
        """Raises an error unless a status is a success. The cluster's message isn't shown: it may quote a value."""
        if status < 300:
            return
        reasons = {
            403: f"Kubernetes refuses to {what} it: not allowed in namespace {self.namespace}, or a quota or policy "
            "forbids it",
            404: f"no such namespace: {self.namespace}",
            413: "it is too large for Kubernetes",
            422: "Kubernetes finds it invalid",
        }
        if status in reasons or (400 <= status < 500 and status not in (401, 429)):
            raise SecretRefused(reasons.get(status, f"Kubernetes refuses to {what} it (HTTP {status})"))
        raise self._unavailable(status, f"{what} Secrets")

    def _unavailable(self, status: int, what: str) -> Unavailable:
        if status == 401:
            return Unavailable(
                "Kubernetes refuses the credentials",
                where=self.server,
                hint=f"kubectl{self._flag} auth whoami shows whether they have expired",
                topic="kubernetes",
            )
        if status == 403:
            return Unavailable(
                f"Kubernetes refuses to {what} with these credentials",
                where=self.where,
                hint=f"kubectl{self._flag} auth can-i list secrets -n {self.namespace} must print yes",
                topic="kubernetes",
            )
        if status in (429, 503):
            return Unavailable("Kubernetes is overloaded", where=self.server, hint="try again later")
        if status >= 500:
            return Unavailable(f"Kubernetes fails (HTTP {status})", where=self.server, hint="try again later")
        return self._no_kubernetes()

    def _no_kubernetes(self) -> Unavailable:
        return Unavailable(
            "the server that answers is not a Kubernetes API",
            where=self.server,
            hint="check the server in the kubeconfig",
        )

    @property
    def _flag(self) -> str:
        return f" --context {self._context}" if self._context else ""

    def _call(self, method: str, **arguments: Any) -> tuple[int, Any]:
        """The status and the JSON of an answer. Raises `Unavailable` without one."""
        client = load("kubernetes.client", EXTRA)
        errors = load("urllib3.exceptions", EXTRA)
        call = getattr(self._cluster.api, method)
        timeout = (self._settings.timeout, self._settings.timeout)
        try:
            response = call(namespace=self.namespace, _preload_content=False, _request_timeout=timeout, **arguments)
            return int(response.status), _object(response.read())
        except client.ApiException as error:
            status = int(error.status or 0)
            if 300 <= status < 400:
                raise self._redirected(error.headers) from None
            return status, {}
        except errors.HTTPError as error:
            lost = isinstance(getattr(error, "reason", None) or error, errors.ProtocolError | errors.ReadTimeoutError)
            kind = Unsure if lost else Unavailable
            raise kind(_why(error, errors), where=self.server, hint=self._hint(error, errors)) from None
        except (OSError, ValueError):
            raise Unavailable(
                "the settings in the kubeconfig can't be used for a connection",
                where=self.server,
                hint=f"check that kubectl{self._flag} get namespaces works from here",
            ) from None

    def _redirected(self, headers: Mapping[str, str] | None) -> AirconnError:
        to = (headers or {}).get("Location")
        hint = "check the server in the kubeconfig"
        return NamedServers(self.where).refusal(to, self.server, hint) if to else self._no_kubernetes()

    def _hint(self, error: Exception, errors: Any) -> str:
        if isinstance(getattr(error, "reason", error), errors.SSLError):
            return "check certificate-authority in the kubeconfig"
        return f"check that kubectl{self._flag} get namespaces works from here"

    @cached_property
    def _cluster(self) -> Cluster:
        """The cluster with the credentials for it. Raises `UsageError`, and `Unavailable` without credentials."""
        configuration, namespace = k8s_config.find(self._context, self._settings)
        # All requests are safe to repeat: a Secret is created once, and other writes name the version they change.
        configuration.retries = driver_retry(self._settings.retries, _TRY_AGAIN)
        configuration.connection_pool_maxsize = Service.parallel
        client = load("kubernetes.client", EXTRA)
        api = client.CoreV1Api(client.ApiClient(configuration))
        pool = api.api_client.rest_client.pool_manager
        pool.pool_classes_by_scheme = bodies.limited(pool.pool_classes_by_scheme, _most, str(configuration.host))
        # A redirect would take the token along.
        pool.urlopen = partial(pool.urlopen, redirect=False)
        return Cluster(api, str(configuration.host), self._namespace or namespace or _DEFAULT_NAMESPACE)

    def close(self) -> None:
        if "_cluster" in self.__dict__:
            self._cluster.api.api_client.rest_client.pool_manager.clear()


def _most(method: str, url: str) -> int:
    """The most bytes of an answer. A Secret has up to 1 MiB, to which base64 and its metadata are added."""
    return bodies.LIST if method == "GET" else bodies.SMALL


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _why(error: Exception, errors: Any) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, errors.SSLError):
        return "the certificate of Kubernetes isn't trusted, or it refuses the client certificate"
    is_late = isinstance(reason, errors.ConnectTimeoutError | errors.ReadTimeoutError)
    if is_late and not isinstance(reason, errors.NewConnectionError):
        return "Kubernetes doesn't answer in time"
    if isinstance(reason, errors.ProxyError):
        return "the proxy in front of Kubernetes can't be reached, or refuses"
    if bodies.is_cut(reason):
        return "the connection to Kubernetes broke off before the answer was complete"
    return "Kubernetes can't be reached"
