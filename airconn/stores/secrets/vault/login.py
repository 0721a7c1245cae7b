"""Logs in to Vault, by Airflow's options and Vault's own environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airconn.errors import UsageError
from airconn.stores.secrets.service import Unavailable
from airconn.stores.secrets.vault.options import VaultOptions

LOG_IN = "set VAULT_TOKEN, log in with `vault login`, or choose another auth_type in the address"


def log_in(client: Any, chosen: VaultOptions, environ: Mapping[str, str], address: str) -> None:
    """Gives `client` its token.

    Raises `UsageError` if an option is missing for it, `Unavailable` without a token, and hvac's errors.
    """
    credentials = _VaultCredentials(chosen, environ, address)
    where = {"mount_point": chosen.auth_mount_point} if chosen.auth_mount_point else {}
    auth = client.auth
    if chosen.auth_type == "approle":
        auth.approle.login(role_id=credentials.role_id(), secret_id=credentials.secret_id(), **where)
    elif chosen.auth_type == "jwt":
        path = {"path": chosen.auth_mount_point} if chosen.auth_mount_point else {}
        auth.jwt.jwt_login(role=credentials.need(chosen.jwt_role, "jwt_role"), jwt=credentials.jwt(), **path)
    elif chosen.auth_type == "kubernetes":
        role = credentials.need(chosen.kubernetes_role, "kubernetes_role")
        jwt = credentials.file(chosen.kubernetes_jwt_path, "kubernetes_jwt_path")
        auth.kubernetes.login(role=role, jwt=jwt, **where)
    elif chosen.auth_type in ("userpass", "ldap"):
        user, password = credentials.user(), credentials.password()
        getattr(auth, chosen.auth_type).login(username=user, password=password, **where)
    else:
        client.token = credentials.token()


class _VaultCredentials:
    """The credentials to log in with."""

    def __init__(self, chosen: VaultOptions, environ: Mapping[str, str], address: str) -> None:
        self._chosen = chosen
        self._environ = environ
        self._address = address

    def token(self) -> str:
        """The token, looked for in the order of Airflow's client, and then in the file of `vault login`."""
        chosen, home = self._chosen, self._environ.get("HOME")
        if chosen.token_path:
            token = self.file(chosen.token_path, "token_path")
        elif not (token := (chosen.token or self._environ.get("VAULT_TOKEN") or "").strip()) and home:
            left = Path(home) / ".vault-token"
            token = self.file(str(left), "~/.vault-token") if left.is_file() else ""
        if not token:
            raise Unavailable(
                "needs a token, and none is set: looked at token_path, VAULT_TOKEN and ~/.vault-token",
                where=self._address,
                hint=LOG_IN,
                topic="vault",
            )
        if not (token.isascii() and token.isprintable()):
            # The driver's own message would have the token in it.
            raise Unavailable(
                "the token has characters that aren't allowed in a token, such as a line break",
                where=self._address,
                hint="maybe more than the token was copied",
            )
        return token

    def role_id(self) -> str:
        return self.need(self._chosen.role_id or self._environ.get("VAULT_ROLE_ID"), "role_id or VAULT_ROLE_ID")

    def secret_id(self) -> str | None:
        """The secret id. None if it isn't set: a role may not need one."""
        return self._chosen.secret_id or self._environ.get("VAULT_SECRET_ID") or None

    def jwt(self) -> str:
        if self._chosen.jwt_token:
            return self._chosen.jwt_token.strip()
        return self.file(self._chosen.jwt_token_path, "jwt_token_path")

    def user(self) -> str:
        return self.need(self._chosen.username or self._environ.get("VAULT_USERNAME"), "username")

    def password(self) -> str:
        return self.need(self._chosen.password or self._environ.get("VAULT_PASSWORD"), "VAULT_PASSWORD")

    def file(self, path: str | None, name: str) -> str:
        """The content of the file that an option names."""
        text = self.need(path, name)
        home = self._environ.get("HOME")
        file = Path(home) / text[2:] if text.startswith("~/") and home else Path(text)
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise UsageError(f"the file that {name} names can't be read", where=text) from None

    def need(self, value: str | None, names: str) -> str:
        if not value:
            raise UsageError(f"auth_type {self._chosen.auth_type} needs {names}", where=self._address, topic="vault")
        return value
