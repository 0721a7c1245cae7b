"""Finds the places where the processes of a Deployment of Astro look for an object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from airconn.config import Address, Config
from airconn.errors import AirconnError, UsageError
from airconn.quoting import shown_address
from airconn.stores.astro.address import is_id
from airconn.stores.base import Store
from airconn.transfer.lookup_order import AstroPlaces, ChainedPlace
from airconn.transfer.places import Places

_SCHEMES = ("astro-env://", "astro-vars://", "astro-airflow://")
_HOW = "--astro=WORKSPACE/DEPLOYMENT, by their names or ids, or an address such as astro-env://WORKSPACE/DEPLOYMENT"
_MANAGER = "Astro Environment Manager"
_UNNAMED = ChainedPlace(_MANAGER, reason="the Deployment isn't known: add --astro=WORKSPACE/DEPLOYMENT")
UNKNOWN_BACKEND = ChainedPlace(
    "secrets backend",
    reason="the image or the variables of the Deployment may set one: add --backend ADDRESS or --no-backend",
)
"""The backend of a Deployment of which only the Deployment itself knows whether it has one."""


@dataclass(frozen=True, slots=True)
class AstroDeployment:
    """A Deployment as the user names it, with the settings of its address."""

    path: str = ""
    """`WORKSPACE/DEPLOYMENT` as it is in an address. Empty if it isn't named."""
    options: tuple[tuple[str, str], ...] = ()
    address: Address | None = None

    @property
    def is_named(self) -> bool:
        return bool(self.path)

    def open(self, scheme: str, places: Places, **options: str) -> Store:
        """The store of one place of the Deployment. It sends no request yet. Raises `UsageError`."""
        query = urlencode((*self.options, *options.items()))
        text = f"{scheme}://{self.path}" + (f"?{query}" if query else "")
        return places.open_address(replace(self.address, text=text)) if self.address else places.open(text)


def named_deployment(text: str, config: Config) -> AstroDeployment:
    """The Deployment that `--astro` names. Raises `UsageError` for a text that names none."""
    if not text:
        return AstroDeployment()
    address = config.resolve(text) if text.startswith("@") else None
    rest = address.text if address else text
    scheme = next((scheme for scheme in _SCHEMES if rest.lower().startswith(scheme)), "")
    path, _, query = rest[len(scheme) :].partition("?")
    path = path.rstrip("/")
    if is_id(path):
        path = f"/{path}"
    if "://" in path or not path.partition("/")[2]:
        raise UsageError(f"--astro: {shown_address(text)} names no Deployment", hint=_HOW)
    options = tuple((name, value) for name, value in parse_qsl(query) if name == "organization")
    return AstroDeployment(path, options, address)


def places_at_astro(deployment: AstroDeployment, places: Places) -> AstroPlaces:
    """The Environment Manager and the environment of a Deployment. What can't be reached says why.

    Raises `UsageError` for a Deployment that isn't there, and without a token.
    """
    if not deployment.is_named:
        return AstroPlaces(_UNNAMED)
    variables = _opened("environment (Deployment)", "astro-vars", deployment, places)
    if variables.store is not None:
        try:
            variables.store.describe(places.context())
        except UsageError:
            raise
        except AirconnError:
            pass  # it is told where the place is read
    manager = _opened(_MANAGER, "astro-env", deployment, places, linked="true")
    # Which of these two comes first isn't documented.
    options = {"linked": "true", "as": "env"}
    linked = _opened("environment (Environment Manager)", "astro-env", deployment, places, **options)
    return AstroPlaces(manager, (variables, linked))


def _opened(title: str, scheme: str, deployment: AstroDeployment, places: Places, **options: str) -> ChainedPlace:
    try:
        return ChainedPlace(title, deployment.open(scheme, places, **options))
    except UsageError:
        raise
    except AirconnError as error:
        return ChainedPlace.closed(title, error)
