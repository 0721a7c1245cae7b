"""Settings: where they are looked for, in order, and what was found.

An option beats an `AIRCONN_*` variable, which beats `airconn.toml` in the working directory, which beats the user's
own `config.toml`. Credentials come from the environment only, or from a command that prints a token.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from airconn import trust
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.model import Kind

DEFAULT_URL = "http://localhost:8080"
PROJECT_FILE = "airconn.toml"

_KEYS: dict[str, type] = {
    "url": str,
    "addresses": dict,
    "timeout": float,
    "retries": int,
    "deadline": float,
    "ca_bundle": str,
    "client_cert": str,
    "client_key": str,
    "token_command": list,
    "allow_redirect": list,
}
_WANTED = {
    str: "a text, which stands in quotes",
    dict: "a table, as in [addresses]",
    float: "a number, without quotes",
    int: "a whole number, without quotes",
    list: 'a list of words, such as ["vault", "read", "-field=token", "secret/airflow"]',
}
_CREDENTIALS = ("token", "username", "password")
_TOKEN_COMMAND_PLACES = ("AIRCONN_TOKEN_COMMAND", "token_command in your config.toml")
_OF_TLS = ("ca_bundle", "client_cert", "client_key")
METADB_PASSWORD = "AIRCONN_METADB_PASSWORD"  # noqa: S105 - the name of a variable
"""Where the password of a metadata database is that is named by its address."""
_HOST = re.compile(r"([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?", re.ASCII)
_ADDRESS_KEYS = ("url", "token_env", "username_env", "password_env")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are for an Airflow. At most one way is set; its repr shows none of it."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token_command: tuple[str, ...] | None = field(default=None, repr=False)
    source: str = ""
    """The names of the variables or the setting that they come from."""
    looked_at: tuple[str, ...] = ()
    """The names of the variables and settings that were looked at, in order."""


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
    allow_redirect: tuple[str, ...] = ()
    """HOST or HOST:PORT, to which a redirect may take credentials and secrets, beside the server that was named."""
    stdin: BinaryIO | None = field(default=None, repr=False, compare=False)
    """What the address `-` reads."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """What the address `env:` reads."""
    from_format: str | None = None
    """The format of the files, where their names and contents aren't to decide."""
    kind: Kind | None = None
    """What a file of one kind holds, where its name and content don't tell."""
    env_dialect: str | None = None
    """For which reader a .env file is written, where its first line doesn't tell."""

    def seconds_left(self) -> float | None:
        """The seconds until the deadline, 0 or less when it has passed. None where there is no deadline."""
        return None if self.deadline is None else self.deadline - time.monotonic()


@dataclass(frozen=True, slots=True)
class Address:
    """A resolved address and how it was found."""

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

    @classmethod
    def load(cls, environ: Mapping[str, str], directory: Path, stdin: BinaryIO | None = None) -> Config:
        """Reads `airconn.toml` in `directory` and the user's `config.toml`, where there are any.

        Raises `UsageError` for a file that doesn't parse, an unknown key or a value of the wrong type.
        """
        project = _read(directory / PROJECT_FILE, PROJECT_FILE)
        if "token_command" in project:
            raise UsageError(
                "'token_command' runs a command, and a project's file isn't trusted with that",
                where=PROJECT_FILE,
                hint="put it in your own config.toml, or in AIRCONN_TOKEN_COMMAND",
            )
        if "allow_redirect" in project:
            raise UsageError(
                "'allow_redirect' says who gets credentials of yours, and a project's file isn't trusted with that",
                where=PROJECT_FILE,
                hint="put it in your own config.toml, or in AIRCONN_ALLOW_REDIRECT",
            )
        user_file = _user_file(environ)
        if environ.get("AIRCONN_CONFIG") and not user_file.exists():
            raise UsageError("AIRCONN_CONFIG names a file that isn't there", where=str(user_file))
        user = _read(user_file, str(user_file))
        _distrust(project, user)
        return cls(environ, project, user, stdin, str(user_file))

    def target(self, option: str | None) -> Address:
        """The Airflow that is meant: `option`, else `AIRCONN_URL`, else `url` of a file, else the default."""
        return self.resolve(self.named(option))

    def named(self, option: str | None) -> str:
        """The address of the Airflow that is meant, as somebody has written it: `@prod` stays that."""
        if option is not None:
            return option
        return str(self.environ.get("AIRCONN_URL") or self.value("url") or DEFAULT_URL)

    def resolve(self, text: str) -> Address:
        """What an address means: `@name` is looked up, anything else stands for itself.

        Raises `UsageError` for a name that isn't configured.
        """
        if not text:
            raise UsageError("an address is empty", hint="is it a variable of your shell that isn't set?")
        if not text.startswith("@"):
            return Address(text, self.settings(text, {}))
        addresses = self.addresses()
        entry = addresses.get(text[1:])
        if entry is None:
            from difflib import get_close_matches

            near = get_close_matches(text[1:], addresses, n=1)
            hint = f"did you mean @{near[0]}?" if near else f"write it into {PROJECT_FILE} under [addresses]"
            raise UsageError(f"no address is named {text}", hint=hint)
        if isinstance(entry, str):
            return Address(entry, self.settings(entry, {}))
        return Address(entry["url"], self.settings(entry["url"], entry))

    def addresses(self) -> dict[str, Any]:
        """The addresses that have a name, the user's before the project's."""
        return {**self.project.get("addresses", {}), **self.user.get("addresses", {})}

    def value(self, key: str) -> Any:
        """A setting of the configuration files, the project's before the user's."""
        return self.project.get(key, self.user.get(key))

    def settings(self, address: str, entry: Mapping[str, str]) -> Settings:
        """All settings for one address. `entry` is its table in the configuration."""
        is_airflow = address.lower().startswith(("http://", "https://"))
        found: dict[str, Any] = {}
        for key in ("timeout", "retries", "deadline", *_OF_TLS):
            name = f"AIRCONN_{key.upper()}"
            # Who stands in for an Airflow is a project's business, and who stands in for a vault isn't.
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
            found["allow_redirect"] = hosts(text.split(","), "AIRCONN_ALLOW_REDIRECT")
        elif "allow_redirect" in self.user:
            found["allow_redirect"] = hosts(self.user["allow_redirect"], f"{self.user_file}: 'allow_redirect'")
        return Settings(credentials=self._credentials(entry), stdin=self.stdin, environ=self.environ, **found)

    def _deadline(self, value: Any, what: str) -> float:
        return self.began + _seconds(value, what)

    def credential_names(self) -> frozenset[str]:
        """The environment variables that credentials may be in, those of every configured address among them."""
        addresses = [*self.project.get("addresses", {}).values(), *self.user.get("addresses", {}).values()]
        entries = [entry for entry in addresses if isinstance(entry, dict)]
        named = [entry[f"{what}_env"] for entry in entries for what in _CREDENTIALS if f"{what}_env" in entry]
        own = (*(f"AIRCONN_{what.upper()}" for what in _CREDENTIALS), _TOKEN_COMMAND_PLACES[0], METADB_PASSWORD)
        return frozenset((*own, *named))

    def _credentials(self, entry: Mapping[str, str]) -> Credentials:
        own = {what: entry[f"{what}_env"] for what in _CREDENTIALS if f"{what}_env" in entry}
        # An address with credentials of its own never gets those of another.
        names = own or {what: f"AIRCONN_{what.upper()}" for what in _CREDENTIALS}
        pair = " and ".join(names[what] for what in ("username", "password") if what in names)
        looked_at = [name for name in (names.get("token"), pair) if name]
        found = {what: self.environ.get(name) or None for what, name in names.items()}
        if found.get("token"):
            return Credentials(token=found["token"], source=names["token"], looked_at=tuple(looked_at))
        username, password = found.get("username"), found.get("password")
        if username and password:
            return Credentials(username=username, password=password, source=pair, looked_at=tuple(looked_at))
        if username or password:
            have, lack = ("username", "password") if username else ("password", "username")
            lacking = names.get(lack, f"{lack}_env of this address")
            raise UsageError(f"{names[have]} is set and {lacking} is not", hint=f"set {lacking} as well")
        if own:
            return Credentials(looked_at=tuple(looked_at))
        looked_at += _TOKEN_COMMAND_PLACES
        command, source = self._token_command()
        return Credentials(token_command=command, source=source, looked_at=tuple(looked_at))

    def _token_command(self) -> tuple[tuple[str, ...] | None, str]:
        in_environment, in_file = _TOKEN_COMMAND_PLACES
        text = self.environ.get(in_environment)
        if text:
            import shlex

            try:
                return tuple(shlex.split(text)), in_environment
            except ValueError:
                raise UsageError(f"{in_environment} has a quote that isn't closed") from None
        command = self.user.get("token_command")
        return (tuple(str(part) for part in command), in_file) if command else (None, "")


def _user_file(environ: Mapping[str, str]) -> Path:
    if environ.get("AIRCONN_CONFIG"):
        return Path(environ["AIRCONN_CONFIG"])
    if sys.platform == "linux":
        # As platformdirs has it, whose import takes longer than most commands.
        home = Path(environ.get("XDG_CONFIG_HOME", ""))
        if not home.is_absolute():
            home = Path(os.path.expanduser("~/.config"))  # noqa: PTH111 - pathlib's raises where nobody has a home
        return home / "airconn" / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("airconn") / "config.toml"


def _read(path: Path, shown: str) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't be read: {_reason(error)}", where=shown) from None
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
        raise UsageError(
            "this is not TOML",
            where=f"{shown}:{place[1]}:{place[2]}" if place else shown,
            hint='texts are in quotes there: url = "https://airflow.example.com"',
        ) from None
    _check(values, shown)
    return values


def _reason(error: Exception) -> str:
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "it is not UTF-8"


def _check(values: Mapping[str, Any], shown: str) -> None:
    for key, value in values.items():
        if key not in _KEYS:
            from difflib import get_close_matches

            near = get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(_KEYS)}"
            raise UsageError(f"{key!r} is no setting", where=shown, hint=hint)
        wanted = _KEYS[key]
        is_truth = isinstance(value, bool)  # which Python takes for a number
        if is_truth or not isinstance(value, (int, float) if wanted is float else wanted):
            raise UsageError(f"{key!r} has to be {_WANTED[wanted]}", where=shown)
        if isinstance(value, list) and not all(isinstance(word, str) for word in value):
            raise UsageError(f"{key!r} has to be {_WANTED[list]}, and all of them in quotes", where=shown)
    for name, entry in values.get("addresses", {}).items():
        if isinstance(entry, str):
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise UsageError(f"address {name!r} is neither a text nor a table with 'url'", where=shown)
        for key, value in entry.items():
            if key not in _ADDRESS_KEYS or not isinstance(value, str):
                hint = f"an address has {', '.join(_ADDRESS_KEYS)}; a credential is named by its environment variable"
                raise UsageError(f"address {name!r} can't have {key!r} like this", where=shown, hint=hint)


def _distrust(project: Mapping[str, Any], user: Mapping[str, Any]) -> None:
    """Refuses a project's file that would run a command, or send a secret of the environment where it likes."""
    theirs = {
        entry[f"{what}_env"]: entry["url"]
        for entry in user.get("addresses", {}).values()
        for what in _CREDENTIALS
        if isinstance(entry, dict) and f"{what}_env" in entry
    }
    addresses = project.get("addresses", {})
    urls = {name: entry["url"] if isinstance(entry, dict) else entry for name, entry in addresses.items()}
    for name, address in {**urls, "url": project.get("url", "")}.items():
        if why := trust.refusal(address):
            raise UsageError(
                f"address {name!r} {why}, and a project's file isn't trusted with that",
                where=PROJECT_FILE,
                hint="give it a name in your own config.toml, and say @name; or say it on the command line or in "
                "AIRCONN_URL",
            )
    for name, entry in addresses.items():
        for what in _CREDENTIALS if isinstance(entry, dict) else ():
            variable = entry.get(f"{what}_env", "AIRCONN_")
            is_for_another = theirs.get(variable, entry["url"]) != entry["url"] or variable == METADB_PASSWORD
            if not variable.startswith("AIRCONN_") or is_for_another:
                raise UsageError(
                    f"address {name!r} has {what}_env = {variable!r}, and a project's file isn't trusted with that",
                    where=PROJECT_FILE,
                    hint="name one that starts with AIRCONN_ and is for no other place, or move the address to your "
                    "own config.toml",
                )


def hosts(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Names of hosts, each with a port or without. Raises `UsageError` for anything else."""
    found = tuple(name.strip() for name in names if name.strip())
    if not found or not all(_HOST.fullmatch(name) for name in found):
        raise UsageError(f"{what} is not a host", hint="such as vault-1.example.com:8200; without a port, all of its")
    return found


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
