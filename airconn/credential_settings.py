"""Finds the credentials for an address: in the environment, in files, and as commands that print them.

An address of the configuration that has credentials of its own, headers included, never gets those of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from airconn import secret_files
from airconn.credentials import CredentialCommand, Credentials
from airconn.errors import UsageError
from airconn.patterns import pattern
from airconn.trust import CREDENTIALS, SOURCES, has_credentials

TOKEN_COMMAND = "AIRCONN_TOKEN_COMMAND"  # noqa: S105 - the name of a variable
HEADER = "AIRCONN_HEADER_"
"""How the variables with headers begin. In the rest of their names, `_` is `-`."""

_TOKEN_COMMAND_PLACES = (TOKEN_COMMAND, "token_command in your config.toml")
_PAIRS = (("username", "password"), ("client_id", "client_secret"))
"""The logins that take two credentials, in the order in which they are looked for."""

_NAME = pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
"""The names that headers have (RFC 9110, 5.6.2)."""
_OURS = frozenset(
    (
        *("accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect"),
        *("host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)
"""Headers that say how a request is read. Another value would break it, or take it elsewhere."""


def _has_none(username: str) -> bool:
    return False


class FoundCredential(NamedTuple):
    """A credential, or the command that prints it, and where it comes from."""

    value: str | None
    source: str
    words: tuple[str, ...] | None = None

    @property
    def is_given(self) -> bool:
        return bool(self.value or self.words)


@dataclass(frozen=True, slots=True)
class CredentialFinder:
    """Finds the credentials for the addresses of one run."""

    environ: Mapping[str, str] = field(repr=False)
    token_command: tuple[str, ...] | None = field(default=None, repr=False)
    """The one of the user's file."""
    warn: Callable[[str], None] | None = None
    """Warns of a file that others can read."""
    username: str = ""
    """The user of `--username`, who wins over all logins of the environment."""

    def find(
        self,
        entry: Mapping[str, Any],
        name: str,
        *,
        has_command: bool,
        takes_headers: bool = True,
        has_password: Callable[[str], bool] = _has_none,
    ) -> Credentials:
        """The credentials for an address.

        `entry` is its table in the configuration, and `name` is how the user calls it. `has_command`: the
        `token_command` of the user's file is for it. `takes_headers`: it is an Airflow. `has_password` says whether
        the password of a user can be found elsewhere. Raises `UsageError` for credentials that can't be read, are
        incomplete or contradict each other.
        """
        is_own = has_credentials(entry)
        if is_own:
            found, headers = self._of_entry(entry, name), self._headers_of(entry, name)
            if not found and self.username and takes_headers:
                found = {"username": FoundCredential(self.username, "--username")}
        else:
            found = self._of_option() if self.username and takes_headers else self._of_environment()
            headers = self._headers_of_environment() if takes_headers else ()
        if name := _lone_username(found, has_password):
            looked_at = tuple(_looked_at(found))
            login = Credentials(
                login_name=name, source=found["username"].source, looked_at=looked_at, of_address=is_own
            )
        else:
            login = self._login(found, is_own=is_own, has_command=has_command, has_headers=bool(headers))
        return _with_headers(login, headers)

    def variables(self) -> Iterator[str]:
        """The variables of credentials for every address."""
        yield from (f"AIRCONN_{what.upper()}" for what in CREDENTIALS)
        yield TOKEN_COMMAND
        yield from (name for name in self.environ if name.startswith(HEADER))

    def _of_environment(self) -> dict[str, FoundCredential]:
        names = {what: f"AIRCONN_{what.upper()}" for what in CREDENTIALS}
        return {what: FoundCredential(self.environ.get(name), name) for what, name in names.items()}

    def _of_option(self) -> dict[str, FoundCredential]:
        """The login of `--username`. `AIRCONN_PASSWORD` is for it, unless `AIRCONN_USERNAME` names another user."""
        name, other = "AIRCONN_PASSWORD", self.environ.get("AIRCONN_USERNAME")
        password = self.environ.get(name) if other in (None, "", self.username) else None
        return {
            "username": FoundCredential(self.username, "--username"),
            "password": FoundCredential(password, f"{name} for this user" if other and not password else name),
        }

    def _of_entry(self, entry: Mapping[str, Any], name: str) -> dict[str, FoundCredential]:
        found = {}
        for what in CREDENTIALS:
            if what in entry:
                found[what] = FoundCredential(entry[what], f"{what} of {name}")
            source = next((source for source in SOURCES if f"{what}_{source}" in entry), None)
            if source:
                found[what] = self._from(source, entry[f"{what}_{source}"], f"{what}_{source} of {name}")
        return found

    def _from(self, source: str, value: Any, setting: str) -> FoundCredential:
        if source == "env":
            return FoundCredential(self.environ.get(value), value)
        if source == "file":
            return FoundCredential(secret_files.read(value, setting, self.warn), setting)
        return FoundCredential(None, setting, tuple(value))

    def _headers_of(self, entry: Mapping[str, Any], name: str) -> tuple[tuple[str, FoundCredential], ...]:
        given = entry.get("headers", {})
        found = []
        for header, table in given.items():
            ((source, value),) = table.items()
            setting = f"header {header!r} of {name}"
            _check_name(header, setting)
            one = self._from(source, value, setting)
            if not one.is_given:
                raise UsageError(f"{setting} is taken from {value}, which isn't set", hint=f"set {value}")
            found.append((header, one))
        _refuse_twice(header for header, _ in found)
        return tuple(found)

    def _headers_of_environment(self) -> tuple[tuple[str, FoundCredential], ...]:
        found = []
        for name, value in sorted(self.environ.items()):
            if not name.startswith(HEADER) or not value:
                continue
            header = name[len(HEADER) :].replace("_", "-").title()
            _check_name(header, f"a variable that begins with {HEADER}")
            found.append((header, FoundCredential(value, name)))
        _refuse_twice(header for header, _ in found)
        return tuple(found)

    def _login(
        self, found: Mapping[str, FoundCredential], *, is_own: bool, has_command: bool, has_headers: bool
    ) -> Credentials:
        """The first way to log in of which there is all that it takes."""
        looked_at = tuple(_looked_at(found))
        token = found.get("token")
        if token and token.value:
            return Credentials(token=token.value, source=token.source, looked_at=looked_at, of_address=is_own)
        if token and token.words:
            return Credentials(token_command=token.words, source=token.source, looked_at=looked_at, of_address=is_own)
        for pair in _PAIRS:
            if login := _pair(pair, found):
                return replace(_login_of(login), looked_at=looked_at, of_address=is_own)
        if is_own:
            if has_headers and not looked_at:
                looked_at = ("the credentials of this address, which has only headers",)
            return Credentials(looked_at=looked_at, of_address=True)
        command, source = self._token_command(has_command)
        in_environment, in_file = _TOKEN_COMMAND_PLACES
        is_for_others = not has_command and self.token_command is not None
        looked_at += (in_environment, f"{in_file} (which is for the addresses there)" if is_for_others else in_file)
        return Credentials(token_command=command, source=source, looked_at=looked_at)

    def _token_command(self, has_command: bool) -> tuple[tuple[str, ...] | None, str]:
        in_environment, in_file = _TOKEN_COMMAND_PLACES
        text = self.environ.get(in_environment)
        if text:
            import shlex

            try:
                return tuple(shlex.split(text)), in_environment
            except ValueError:
                raise UsageError(f"{in_environment} has a quote that isn't closed") from None
        return (self.token_command, in_file) if has_command and self.token_command else (None, "")


def _looked_at(found: Mapping[str, FoundCredential]) -> Iterator[str]:
    if "token" in found:
        yield found["token"].source
    for pair in _PAIRS:
        if named := [found[what].source for what in pair if what in found]:
            yield " and ".join(named)


def _lone_username(found: Mapping[str, FoundCredential], has_password: Callable[[str], bool]) -> str:
    """The name of a user who is to log in, and whose password is found elsewhere. Empty for any other login."""
    token, username, password = (found.get(what) for what in ("token", "username", "password"))
    if (token and token.is_given) or (password and password.is_given) or not (username and username.value):
        return ""
    return username.value if has_password(username.value) else ""


def _pair(pair: tuple[str, str], found: Mapping[str, FoundCredential]) -> dict[str, FoundCredential]:
    """Both credentials of a login. Empty if neither is there. Raises `UsageError` if only one is."""
    given = {what: found[what] for what in pair if what in found and found[what].is_given}
    if len(given) != 1:
        return given
    ((have, one),) = given.items()
    lack = pair[1] if have == pair[0] else pair[0]
    lacking = found[lack].source if lack in found else f"{lack}_env of this address"
    raise UsageError(f"{one.source} is set and {lacking} is not", hint=f"set {lacking} as well")


def _login_of(pair: Mapping[str, FoundCredential]) -> Credentials:
    """The login with two credentials."""
    values = {what: one.value for what, one in pair.items()}
    return Credentials(
        username=values.get("username"),
        password=values.get("password"),
        client_id=values.get("client_id"),
        client_secret=values.get("client_secret"),
        commands=tuple(CredentialCommand(what, "", one.words, one.source) for what, one in pair.items() if one.words),
        source=" and ".join(one.source for one in pair.values()),
    )


def _with_headers(login: Credentials, headers: tuple[tuple[str, FoundCredential], ...]) -> Credentials:
    """The credentials with these headers. An `Authorization` among them is the login itself."""
    if not headers:
        return login
    own = next((one.source for header, one in headers if header.lower() == "authorization"), "")
    if own:
        if login.source and (login.of_address or not login.token_command):
            raise UsageError(
                f"{own} and {login.source} are both set, and a request has one Authorization header",
                hint="unset one of them; what is in front of the Airflow may take its own as AIRCONN_HEADER_"
                "PROXY_AUTHORIZATION",
            )
        login = replace(login, token_command=None, source=own)
    return replace(
        login,
        headers={header: one_line(one.value, one.source) for header, one in headers if one.value},
        commands=(
            *login.commands,
            *(CredentialCommand("headers", header, one.words, one.source) for header, one in headers if one.words),
        ),
        header_source=", ".join(one.source for _, one in headers),
    )


def one_line(value: str, source: str) -> str:
    """The value of a header, without blanks around it. Raises `UsageError`, which doesn't quote it."""
    value = value.strip(" \t")
    if not value or not value.isascii() or not value.isprintable():
        raise UsageError(
            f"{source} can't be sent as a header: it is empty, or has a line break or a character outside of ASCII",
            hint="maybe it is cut off, or has several lines",
        )
    return value


def _check_name(header: str, what: str) -> None:
    """Raises `UsageError` for the name of a header that can't be sent, or that isn't the user's to choose."""
    if not _NAME.fullmatch(header):
        hint = f"such as {HEADER}CF_ACCESS_CLIENT_ID for CF-Access-Client-Id"
        raise UsageError(f"{what} isn't the name of a header", hint=hint)
    if header.lower() in _OURS:
        raise UsageError(f"the header {header} can't be set", hint="airconn sets this header itself")


def _refuse_twice(headers: Iterable[str]) -> None:
    seen: set[str] = set()
    for header in headers:
        if header.lower() in seen:
            raise UsageError(f"the header {header} is set twice", hint="capitals make no difference in its name")
        seen.add(header.lower())
