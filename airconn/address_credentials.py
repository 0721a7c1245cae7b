"""The credentials for one address: who may have which, and where a login comes from that no setting gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from airconn import config_files, logins, stored_logins, trust
from airconn.browser_urls import airflow_endpoint
from airconn.credential_settings import CredentialFinder
from airconn.credentials import Credentials, FoundLogin
from airconn.errors import UsageError
from airconn.logins import AirflowLogin, LoginQuestion
from airconn.stored_logins import StoredLogin
from airconn.urls import endpoint


@dataclass(frozen=True, slots=True)
class AddressCredentials:
    """Finds the credentials for the addresses of one run. The fields are those of `Config`."""

    environ: Mapping[str, str] = field(repr=False)
    user: Mapping[str, Any]
    username: str = ""
    question: LoginQuestion | None = None
    typed: dict[str, FoundLogin] = field(default_factory=dict, repr=False)
    consent: trust.Consent | None = None
    is_cautious: bool = False

    def finder(self) -> CredentialFinder:
        command = self.user.get("token_command")
        warn = self.consent.tell if self.consent else None
        return CredentialFinder(self.environ, tuple(map(str, command)) if command else None, warn, self.username)

    def of(self, address: str, entry: Mapping[str, Any], named_in: str | None, name: str) -> Credentials:
        """The credentials for an address. Raises an error if it may not have them."""
        is_airflow = trust.is_airflow(address)
        if entry.get("headers") and not is_airflow:
            raise UsageError(f"{name} has headers, which only the URL of an Airflow can have")
        if trust.has_credentials(entry) and not trust.uses_credentials(address):
            raise UsageError(
                f"{name} has credentials in the configuration, which aren't used for an address like this",
                hint="they are for Airflows and Astro; secrets backends and databases "
                "have their own variables (airconn help login)",
            )
        named = [self.environ.get("AIRCONN_URL", ""), *_urls(self.user)]
        is_own = named_in is None or airflow_endpoint(address) in map(airflow_endpoint, named)
        has_command = self._has_command_for(address, is_own=is_own)
        if not is_airflow:
            return self.finder().find(entry, name, has_command=has_command, takes_headers=False)
        found = self.finder().find(
            entry, name, has_command=has_command, has_password=partial(self._has_password, address)
        )
        if self.username and found.of_address and found.login_name != self.username and self.consent:
            self.consent.tell(f"--username isn't used for {name}, which has credentials of its own")

        def allow(sources: str) -> None:
            if named_in is not None and not is_own:
                trusted = self.environ.get(trust.VARIABLE, "")
                trust.check_recipient(address, named_in, sources, trusted, self.consent, must_agree=self.is_cautious)
            elif self.consent and not (address.lower().startswith("https://") or trust.is_this_machine(address)):
                self.consent.tell_in_clear(endpoint(address)[0], sources)

        if found.sources:
            allow(found.sources)
        if found.login_name or not found.source:
            return replace(found, login=self._login(address, found, partial(allow, logins.LOGIN)))
        return found

    def _has_password(self, address: str, username: str) -> bool:
        """Whether the password of a user is stored, or can be asked for."""
        can_ask = self.question is not None and self.question.can_ask and logins.takes_passwords(address)
        return can_ask or logins.stored_for(self._stored_logins(), logins.canonical(address), username) is not None

    def _stored_logins(self) -> dict[str, StoredLogin]:
        warn = self.consent.tell if self.consent else None
        return stored_logins.read(config_files.state_directory(self.environ), warn)

    def _login(self, address: str, found: Credentials, allow: Callable[[], None]) -> AirflowLogin:
        """Where the login for an Airflow may still come from, of which no setting gives one."""
        key = logins.canonical(address)
        return AirflowLogin(
            address=key,
            username=found.login_name,
            username_source=found.source,
            password_source="password_env of this address" if found.of_address else "AIRCONN_PASSWORD",
            stored=logins.stored_for(self._stored_logins(), key, found.login_name),
            question=self.question,
            typed=self.typed,
            allow=allow,
        )

    def _has_command_for(self, address: str, *, is_own: bool) -> bool:
        """Whether `token_command` of the user's file is for this address: it is for the Airflows in that file or, if
        the file has no addresses, for each that the user names."""
        urls = _urls(self.user, with_credentials=False)
        theirs = {airflow_endpoint(url) for url in urls if trust.is_airflow(url)}
        return airflow_endpoint(address) in theirs if theirs else is_own


def _urls(values: Mapping[str, Any], *, with_credentials: bool = True) -> list[str]:
    """The addresses in a file. `with_credentials=False` leaves out those with credentials of their own."""
    entries = values.get("addresses", {}).values()
    tables = [*trust.tables(values)]
    if not with_credentials:
        tables = [entry for entry in tables if not trust.has_credentials(entry)]
    return [values.get("url", ""), *(e for e in entries if isinstance(e, str)), *(e["url"] for e in tables)]
