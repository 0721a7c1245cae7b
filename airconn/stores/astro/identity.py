"""Finds the token for Astro, and the organization and Workspace that it is for.

The order is that of astro-cli 1.45.0 (cmd/cloud/setup.go): ASTRO_API_TOKEN, then the context that `astro login` keeps
in its configuration file. That file is only read.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.stores.jwt_claims import claims_of, has_run_out

VARIABLE = "ASTRO_API_TOKEN"
API_VARIABLE = "AIRCONN_ASTRO_API"
_DOMAIN = "astronomer.io"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+")
_PREVIEW = re.compile(r"(pr[0-9]+)\.(.+)")


@dataclass(frozen=True, slots=True)
class AstroIdentity:
    """A token for Astro, and what it or its context says of the organization and the Workspace."""

    token: str = field(repr=False)
    source: str
    """Where the token comes from, in words."""
    organization: str = ""
    """An id. Empty if neither the token nor the context tells it."""
    workspace: str = ""
    """The id of the Workspace for which the token is, or which the context has chosen. Empty without one."""
    domain: str = _DOMAIN


def find_identity(settings: Settings) -> AstroIdentity:
    """The token of the address, else that of ASTRO_API_TOKEN, else that of the Astro CLI's context.

    Raises `TargetError` where there isn't one, or it has expired, and `UsageError`. Sends no request.
    """
    environ = settings.environ
    domain = _checked_domain(environ.get("ASTRO_DOMAIN", "").strip() or _DOMAIN, "ASTRO_DOMAIN")
    own = settings.credentials if settings.credentials.of_address else None
    if own is not None and own.token_command:
        from airconn.stores.secret_commands import first_line

        token = first_line(own.token_command, own.source, prints="token", hint="it is in your config.toml").strip()
        return _of_token(token, own.source, domain)
    if own is not None and own.token:
        return _of_token(own.token, own.source, domain)
    if own is not None:
        # An address with credentials of its own never gets those of another.
        looked_at = ", ".join(own.looked_at)
        raise TargetError(
            "Astro needs a token, and none is set",
            hint=f"set {looked_at}: no other token is sent to this address",
            topic="astro",
        )
    if token := environ.get(VARIABLE, "").strip():
        return _of_token(token, VARIABLE, domain)
    return _of_context(settings)


def api_url(settings: Settings, identity: AstroIdentity) -> tuple[str, str]:
    """The base URL of the Astro API, and what names it: AIRCONN_ASTRO_API, else the domain.

    As in config/cloud.go of astro-cli 1.45.0. Raises `UsageError` for a URL that would send the token in clear.
    """
    from airconn import trust

    in_environment = settings.environ.get(API_VARIABLE, "").strip()
    named_by = API_VARIABLE if in_environment else "'astro_api' in your config.toml"
    if given := in_environment or settings.astro_api:
        if not given.lower().startswith("https://") and not trust.is_this_machine(given):
            raise UsageError(
                f"{named_by} is not a URL with https://, and gets the token of Astro",
                hint=f"unset it; the Astro API is at https://api.{_DOMAIN}/v1",
            )
        return given.rstrip("/"), named_by
    domain = identity.domain.removeprefix("cloud.")
    named_by = f"the domain of Astro, {domain}; check the network, or set HTTPS_PROXY if you need a proxy"
    if preview := _PREVIEW.fullmatch(domain):
        return f"https://{preview[1]}.api.{preview[2]}/v1", named_by
    return f"https://api.{domain}/v1", named_by


def _checked_domain(domain: str, what: str) -> str:
    if not _HOST.fullmatch(domain):
        raise UsageError(f"{what} is not the name of a domain", hint=f"such as {_DOMAIN}")
    return domain


def _of_token(token: str, source: str, domain: str) -> AstroIdentity:
    claims = claims_of(token)
    if has_run_out(token):
        raise TargetError(
            f"the token in {source} has expired", hint="create a new one in the Astro UI, and set it", topic="astro"
        )
    permissions = claims.get("permissions")
    found: dict[str, str] = {}
    for permission in permissions if isinstance(permissions, list) else ():
        kind, colon, id_ = permission.partition(":") if isinstance(permission, str) else ("", "", "")
        if colon and id_:
            found.setdefault(kind, id_)
    return AstroIdentity(token, source, found.get("organizationId", ""), found.get("workspaceId", ""), domain)


def _of_context(settings: Settings) -> AstroIdentity:
    """The identity that `astro login` has stored. Its file is written by viper, whose keys have no case."""
    environ = settings.environ
    home = environ.get("ASTRO_HOME") or environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - as the CLI
    path = Path(home) / ".astro" / "config.yaml"
    values = _lower(_parsed(path))
    domain = environ.get("ASTRO_DOMAIN", "").strip() or str(values.get("context") or "")
    contexts = values.get("contexts")
    context = _lower(contexts.get(domain.replace(".", "_").lower())) if isinstance(contexts, Mapping) else {}
    kind, _, token = str(context.get("token") or "").strip().partition(" ")
    token = token.strip() if kind.lower() == "bearer" else kind
    if not token:
        raise TargetError(
            "Astro needs a token, and none is set",
            hint=f"set {VARIABLE}, or log in with: astro login (looked at {VARIABLE} and {path})",
            topic="astro",
        )
    if _has_passed(context.get("expiresin")) or has_run_out(token):
        raise TargetError(
            f"the login of the Astro CLI has expired ({path})",
            hint=f"astro login, or set {VARIABLE} to a token",
            topic="astro",
        )
    return AstroIdentity(
        token,
        f"the login of the Astro CLI ({path})",
        str(context.get("organization") or ""),
        str(context.get("workspace") or ""),
        _checked_domain(domain, f"the context in {path}"),
    )


def _parsed(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"can't be read: {error.strerror or 'unreadable'}", where=str(path)) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UsageError("not YAML, as the Astro CLI writes it", where=str(path), hint="astro login") from None


def _lower(values: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in values.items()} if isinstance(values, Mapping) else {}


def _has_passed(moment: Any) -> bool:
    """Whether a moment, as YAML reads it, is in the past. False for anything that isn't a moment."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment.replace("Z", "+00:00"))
        except ValueError:
            return False
    if not isinstance(moment, datetime):
        return False
    try:
        return moment.timestamp() <= time.time()
    except (ValueError, OverflowError, OSError):  # a year that the system's clock doesn't have, such as Go's year 1
        return moment.year < 1970
