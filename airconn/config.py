"""Settings: reads them from the environment and the configuration files.

An option beats an `AIRCONN_*` variable, which beats `airconn.toml` in the working directory, which beats the user's
own `config.toml`. Credentials come from the environment only, or from a command that prints a token. A command of the
user's own file is for the addresses there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from airconn import config_files, trust
from airconn.address_credentials import AddressCredentials
from airconn.addresses import is_file
from airconn.browser_urls import airflow_endpoint, left_out
from airconn.credentials import Credentials, FoundLogin
from airconn.errors import BlockedError, UsageError
from airconn.logins import LoginQuestion
from airconn.named_places import NamedTarget, PlaceNames

if TYPE_CHECKING:
    from airconn.model import Kind

DEFAULT_URL = "http://localhost:8080"
PROJECT_FILE = "airconn.toml"
_NO_SETTING = "no setting: it is the one without --to or --from, AIRCONN_URL and 'url' in airconn.toml"

_OF_TLS = ("ca_bundle", "client_cert", "client_key")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options, the environment and the configuration files say together."""

    credentials: Credentials = field(default_factory=Credentials)
    timeout: float = 60.0
    """Seconds that a connection or a server may be silent."""
    retries: int = 4
    """How often a request that is safe to repeat is repeated."""
    deadline: float | None = None
    """When the whole run has to be over, on the clock of `time.monotonic`."""
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    astro_api: str = ""
    """The URL of the Astro API, if it isn't that of the domain. Only the user's own file has it."""
    allow_redirect: tuple[str, ...] = ()
    """HOST or HOST:PORT to which a redirect may take credentials and secrets, besides the server that was named."""
    stdin: BinaryIO | None = field(default=None, repr=False, compare=False)
    """The stream that the address `-` reads."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The variables that the address `env:` reads."""
    from_format: str | None = None
    """The format of the files. None where it follows from their names and contents."""
    kind: Kind | None = None
    """The kind that a file holds whose name and content don't tell it."""
    named_by: str = "the command line"
    """Where the address comes from."""
    format_values: Mapping[str, str] = field(default_factory=dict)
    """The values of options that only some formats have, by the names that these declare."""
    format_defaults: Mapping[str, str] = field(default_factory=dict)
    """The same of the configuration, which count where neither an option nor the text of a file says otherwise."""
    replace_references: bool = False
    """Whether an update of a file may write over references in it, such as `${DB_PW}`."""

    sops: str = "sops"
    """The program that decrypts and encrypts files, by its name or path. Only the user names it."""
    encrypt: Literal["", "sops", "none"] = ""
    """Whether a file is encrypted that isn't so yet. Empty: a new one is, if a rule of SOPS is for it."""

    def seconds_left(self) -> float | None:
        """The seconds until the deadline, 0 or less when it has passed. None without a deadline."""
        return None if self.deadline is None else self.deadline - time.monotonic()


@dataclass(frozen=True, slots=True)
class Address:
    """A resolved address and the settings for it."""

    text: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class Config:
    """The environment and the configuration files of one run."""

    environ: Mapping[str, str] = field(repr=False)
    project: Mapping[str, Any] = field(default_factory=dict)
    user: Mapping[str, Any] = field(default_factory=dict)
    stdin: BinaryIO | None = field(default=None, repr=False)
    user_file: str = "config.toml"
    """Where `user` was read."""
    began: float = field(default_factory=time.monotonic, compare=False)
    """When the run began, from which its deadline is counted."""
    username: str = ""
    """The user whom the command line names, for the Airflows without credentials of their own."""
    question: LoginQuestion | None = field(default=None, repr=False, compare=False)
    """Asks for the login of an Airflow that needs one and has none."""
    typed: dict[str, FoundLogin] = field(default_factory=dict, repr=False, compare=False)
    """The logins that were typed in this run, by the addresses of the Airflows."""
    consent: trust.Consent | None = field(default=None, repr=False, compare=False)
    """Asks whether an address that the user hasn't named may have credentials."""
    planned: Mapping[str, str] = field(default_factory=dict)
    """The addresses that only a plan file names, each with the path of that file."""
    is_cautious: bool = False
    """Whether such an address gets credentials only if the user has agreed, also where no question can be asked."""
    directory: Path = field(default_factory=Path, compare=False)
    """Where `project` was read."""
    kept: dict[str, frozenset[object]] = field(default_factory=dict, repr=False, compare=False)
    """What takes long to find out for each of many targets."""

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str],
        directory: Path,
        stdin: BinaryIO | None = None,
        consent: trust.Consent | None = None,
        question: LoginQuestion | None = None,
        username: str = "",
    ) -> Config:
        """Reads `airconn.toml` in `directory` and the user's `config.toml`, if they exist.

        Raises `UsageError` for a file that doesn't parse, an unknown key or a value of the wrong type.
        """
        project = config_files.read(directory / PROJECT_FILE, PROJECT_FILE)
        trust.refuse_settings(project, PROJECT_FILE)
        user_file = config_files.user_file(environ)
        if environ.get("AIRCONN_CONFIG") and not user_file.exists():
            raise UsageError("AIRCONN_CONFIG names a file that isn't there", where=str(user_file))
        user = config_files.read(user_file, str(user_file))
        trust.refuse_project(project, user, PROJECT_FILE)
        return cls(
            environ,
            project,
            user,
            stdin,
            str(user_file),
            username=username,
            question=question,
            consent=consent,
            directory=directory,
        )

    def target(self, option: str | None) -> Address:
        """The address of the target: `option`, else `AIRCONN_URL`, else `url` of a file, else the default."""
        if option is not None:
            return self.resolve(option)
        if self.environ.get("AIRCONN_URL"):
            return self.resolve(self.named(None), named_by="AIRCONN_URL")
        if "url" in self.project:
            return self.resolve(self.named(None), PROJECT_FILE, f"'url' in {PROJECT_FILE}")
        by = f"'url' in {self.user_file}" if self.user.get("url") else _NO_SETTING
        return self.resolve(self.named(None), named_by=by)

    def named(self, option: str | None) -> str:
        """The address of the target as it was written: `@prod` stays `@prod`."""
        if option is not None:
            return option
        return str(self.environ.get("AIRCONN_URL") or self.value("url") or DEFAULT_URL)

    def referred(self, text: str, file: str) -> Address:
        """The address that a reference in `file` names, which the user may not have written.

        Raises `UsageError` for an unknown name, and `BlockedError` for an address that isn't trusted there.
        """
        if text.startswith("@") and self.places.is_of_user(text):
            return self.resolve(text)
        if why := trust.refusal(self.location(text)):
            raise BlockedError(
                f"the {self.location(text).partition(':')[0]}: address {why}, and a reference may not do that",
                hint="name the address in your own config.toml, and use @name",
                topic="references",
            )
        return replace(self, planned={**self.planned, text: file}, is_cautious=True).resolve(text)

    def resolve_words(self) -> tuple[tuple[str, ...], str]:
        """Which references are followed without `--resolve`, by the user alone, and where that is said."""
        if text := self.environ.get("AIRCONN_RESOLVE"):
            return (text,), "AIRCONN_RESOLVE"
        return tuple(map(str, self.user.get("resolve", ()))), f"{self.user_file}: 'resolve'"

    def with_planned(self, address: str, file: str) -> Config:
        """This configuration for a run in which only `file` names an address."""
        return replace(self, planned={**self.planned, address: file})

    def resolve(self, text: str, named_in: str | None = None, named_by: str = "the command line") -> Address:
        """The address with its settings: `@name` is looked up, anything else is the address itself.

        `named_in` is the file that names it, if the user doesn't, and `named_by` says where it comes from. Raises
        `UsageError` for a name that isn't configured, and for an address that may not have its credentials.
        """
        if not text:
            raise UsageError("an address is empty", hint="maybe a variable of your shell isn't set")
        if not text.startswith("@"):
            plan = self.planned.get(text)
            settings = self.settings(text, {}, plan or named_in)
            return Address(text, replace(settings, named_by=plan or named_by))
        target = self.places.one(text)
        if target is not None:
            file = target.files["address"]
            if target.address.startswith("@"):
                address = self._named_address(target.address, text)
            else:
                address = self._with_entry(target.address, target.credentials, file == self.user_file, text)
            by = f"{text} in {file}"
            settings = replace(address.settings, named_by=by, **self._of_target(target))
            return replace(address, settings=settings)
        address = self._named_address(text, text)
        by = f"{text} in {self.user_file if text[1:] in self.user.get('addresses', {}) else PROJECT_FILE}"
        return replace(address, settings=replace(address.settings, named_by=by))

    def _named_address(self, text: str, called: str) -> Address:
        """The address of `@name` in `[addresses]`, where `called` is the name that the user has given."""
        entry = self.places.entry(text)
        is_of_user = text[1:] in self.user.get("addresses", {})
        table = {} if isinstance(entry, str) else entry
        return self._with_entry(_url(entry), table, is_of_user, called)

    def _with_entry(self, url: str, entry: Mapping[str, Any], is_of_user: bool, called: str) -> Address:
        return Address(url, self.settings(url, entry, None if is_of_user else PROJECT_FILE, called))

    def _of_target(self, target: NamedTarget) -> dict[str, Any]:
        """The settings that a target has in place of the general ones of the files."""
        has_own = "timeout" in target.settings and not self.environ.get("AIRCONN_TIMEOUT")
        return {"timeout": float(target.settings["timeout"])} if has_own else {}

    def location(self, text: str) -> str:
        """The address itself, for which `@name` may stand. Raises `UsageError` for a name that isn't configured."""
        if not text.startswith("@"):
            return text
        target = self.places.one(text)
        address = text if target is None else target.address
        return _url(self.places.entry(address)) if address.startswith("@") else address

    @property
    def places(self) -> PlaceNames:
        """The targets, addresses and groups of the files."""
        return PlaceNames(self.project, self.user, PROJECT_FILE, self.user_file, self.directory)

    def place(self, address: str) -> object:
        """What is the same for two addresses, or names of them, that surely mean the same place."""
        return _place(self.location(address))

    def addresses(self) -> dict[str, Any]:
        """The addresses by their names. The user's win over the project's."""
        return self.places.addresses()

    def name_of(self, option: str | None) -> str:
        """The `@name` by which a target is given. Empty if it is given by its address."""
        named = self.named(option)
        return named if named.startswith("@") else ""

    def confirms(self, option: str | None) -> bool:
        """Whether writes to a target are confirmed: any address of the configuration with its URL says so."""
        if "confirmed" not in self.kept:
            self.kept["confirmed"] = frozenset(map(_place, self._confirmed()))
        return self.place(self.named(option)) in self.kept["confirmed"]

    def _confirmed(self) -> Iterator[str]:
        """The addresses whose writes are confirmed, by any table of the files."""
        for table in (*trust.tables(self.project), *trust.tables(self.user)):
            if table.get("confirm") is True and table["url"]:
                with suppress(UsageError):  # of a name that isn't configured, which isn't the one in question
                    yield self.location(table["url"])
        for name in self.places.names_of_targets():
            with suppress(UsageError):
                if (target := self.places.one(f"@{name}")) is not None and target.settings.get("confirm") is True:
                    yield self.location(f"@{name}")

    def is_strict(self, option: bool | None) -> bool:
        """Whether a loss, or a warning about what is read, is an error: by `option`, else by `strict` of a file."""
        return self.value("strict") is True if option is None else option

    @property
    def keeps_backups(self) -> bool:
        """Whether a run keeps what it overwrites, by the user's own file alone."""
        return self.user.get("backup") is not False

    @property
    def sops(self) -> str:
        """The program that decrypts and encrypts files: `AIRCONN_SOPS`, else `sops` of the user's own file."""
        return self.environ.get("AIRCONN_SOPS") or str(self.user.get("sops") or "sops")

    def value(self, key: str) -> Any:
        """A setting of the configuration files. The project's wins over the user's."""
        return self.project.get(key, self.user.get(key))

    def settings(
        self, address: str, entry: Mapping[str, Any], named_in: str | None = None, called: str = "the address"
    ) -> Settings:
        """All settings for one address. `entry` is its table in the configuration, and `called` is like `@prod`."""
        is_airflow = trust.is_airflow(address)
        found: dict[str, Any] = {}
        for key in ("timeout", "retries", "deadline", *_OF_TLS):
            name = f"AIRCONN_{key.upper()}"
            # A project's file may say how to reach an Airflow, but not how to reach a vault.
            project = {} if key in _OF_TLS and not is_airflow else self.project
            text = self.environ.get(name) or project.get(key, self.user.get(key))
            if text in (None, ""):
                continue
            file = PROJECT_FILE if key in project else self.user_file
            what = name if self.environ.get(name) else f"{file}: {key!r}"
            convert = {"timeout": _seconds, "retries": _count, "deadline": self._deadline}.get(
                key, lambda value, _: Path(str(value)).expanduser()
            )
            found[key] = convert(text, what)
        if text := self.environ.get("AIRCONN_ALLOW_REDIRECT"):
            found["allow_redirect"] = trust.hosts(text.split(","), "AIRCONN_ALLOW_REDIRECT")
        elif "allow_redirect" in self.user:
            found["allow_redirect"] = trust.hosts(self.user["allow_redirect"], f"{self.user_file}: 'allow_redirect'")
        if "astro_api" in self.user:
            found["astro_api"] = self.user["astro_api"]
        found["format_defaults"] = self.format_defaults(entry, is_of_project=named_in is not None)
        if trust.is_airflow(address):
            self._tell_page(address)
        credentials = self._credentials.of(address, entry, named_in, called)
        return Settings(credentials=credentials, stdin=self.stdin, environ=self.environ, sops=self.sops, **found)

    def _tell_page(self, address: str) -> None:
        """Tells what is left out of the URL of an Airflow, where that isn't surely a page of the web interface."""
        if self.consent and (page := left_out(address)):
            server, path = airflow_endpoint(address)
            self.consent.tell(
                f"{server}{path}: {page} is a page of the web interface and isn't used; if it is "
                f"a part of the Airflow's address, write {server}{path}{page}/api/v2"
            )

    def format_defaults(
        self, entry: Mapping[str, Any] = MappingProxyType({}), *, is_of_project: bool = False
    ) -> dict[str, str]:
        """How the files of an address are read where neither an option nor their text says it.

        `entry` is its table in the configuration, and `is_of_project` says whether that is the project's.
        """
        found: dict[str, str] = {}
        dialect = entry.get("env_dialect", self.value("env_dialect"))
        if dialect is not None:
            found["env_dialect"] = dialect
        own = {"expand": entry["expand"]} if "expand" in entry else {}
        project, user = (own, {}) if is_of_project else ({}, own)
        if where := trust.expansion(*((project, user) if own else (self.project, self.user))):
            found["expand"] = where
        return found

    def _deadline(self, value: Any, what: str) -> float:
        return self.began + _seconds(value, what)

    def credential_names(self) -> frozenset[str]:
        """The environment variables that credentials may be in, those of every configured address among them."""
        tables = [entry for values in (self.project, self.user) for entry in trust.tables(values)]
        named = [variable for entry in tables for variable in trust.variables_of(entry).values()]
        return frozenset((*self._credentials.finder().variables(), trust.METADB_PASSWORD, *named))

    @property
    def _credentials(self) -> AddressCredentials:
        return AddressCredentials(
            self.environ, self.user, self.username, self.question, self.typed, self.consent, self.is_cautious
        )


def _url(entry: Any) -> str:
    """The address of an entry of `[addresses]`."""
    return str(entry if isinstance(entry, str) else entry["url"])


def _place(address: str) -> object:
    """What is the same for two addresses that surely mean the same place."""
    if trust.is_airflow(address):
        return airflow_endpoint(address)
    scheme, colon, rest = address.rstrip("/").partition(":")
    return os.path.realpath(address) if is_file(address) else f"{scheme.lower()}{colon}{rest}"


def _seconds(value: Any, what: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86400:
        raise UsageError(f"{what} is not a number of seconds", hint="such as 60")
    return seconds


def _count(value: Any, what: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise UsageError(f"{what} is not a number from 0 to 100")
    return number
