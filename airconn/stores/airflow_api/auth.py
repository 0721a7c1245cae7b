"""Who we are for an Airflow: a token, a command that prints one, or a user's name and password."""

from __future__ import annotations

import subprocess
import threading
from base64 import b64encode
from collections.abc import Mapping

from airconn.config import Credentials
from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_api.transport import Reply, Request, Transport

_COMMAND_SECONDS = 30


class Authenticator:
    """Makes the `Authorization` header, and a new one when the old one isn't accepted any more."""

    def __init__(self, credentials: Credentials, transport: Transport) -> None:
        self._credentials = credentials
        self._transport = transport
        self._lock = threading.Lock()
        self._token: str | None = credentials.token
        self._gave_up = False

    @property
    def given(self) -> bool:
        """Whether there are credentials at all."""
        known = self._credentials
        return bool(known.token or known.token_command or known.username)

    def secrets(self) -> tuple[str, ...]:
        """What must not stand in a message."""
        known = self._credentials
        return tuple(text for text in (self._token, known.password) if text)

    def headers(self, *, v2: bool) -> Mapping[str, str]:
        """The headers for a request. Logs in, or runs the command, when that wasn't done yet.

        Airflow 2 takes a user's name and password as they are (`basic_auth`); Airflow 3 gives a token for them
        (`POST /auth/token`, which the simple and the FAB auth manager have).
        """
        known = self._credentials
        if known.username and not v2:
            pair = f"{known.username}:{known.password or ''}".encode()
            return {"Authorization": f"Basic {b64encode(pair).decode()}"}
        with self._lock:
            if self._token is None:
                self._token = self._new_token()
            return {"Authorization": f"Bearer {_one_line(self._token)}"} if self._token else {}

    def renew(self, refused: Mapping[str, str], *, v2: bool) -> bool:
        """Whether there are other headers now than those that were refused. Safe to call from several threads."""
        known = self._credentials
        if known.token or (known.username and not v2):
            return False
        with self._lock:
            bearer = f"Bearer {self._token}" if self._token else None
            if refused.get("Authorization") != bearer:
                return True  # another thread has been here
            if not self.given and self._gave_up:
                return False
            self._token = self._new_token() if self.given else self._token_for_nobody()
            return self._token is not None and f"Bearer {self._token}" != bearer

    def _new_token(self) -> str | None:
        known = self._credentials
        if known.token_command:
            return _run(known.token_command)
        if known.username:
            return self._log_in(known.username, known.password or "")
        return None

    def _log_in(self, username: str, password: str) -> str:
        reply = self._transport.send(
            Request("POST", "/auth/token", body={"username": username, "password": password}), {}
        )
        token = _token_in(reply)
        if token:
            return token
        if reply.status in (400, 401, 403, 422):
            raise TargetError(
                "it refuses the user name or the password",
                where=self._transport.base,
                hint=f"they come from {self._credentials.source}",
            )
        raise TargetError(
            f"it gives no token for a user name and a password (POST /auth/token answers {reply.status})",
            where=self._transport.base,
            hint="its auth manager may want a token that is made elsewhere: set AIRCONN_TOKEN, "
            "or AIRCONN_TOKEN_COMMAND to a command that prints one",
        )

    def _token_for_nobody(self) -> str | None:
        """The token that an Airflow gives to anybody, if it is set up so (`simple_auth_manager_all_admins`)."""
        self._gave_up = True
        return _token_in(self._transport.send(Request("GET", "/auth/token"), {}))


def _token_in(reply: Reply) -> str | None:
    answer = reply.json() if reply.status in (200, 201) else None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and token else None


def _one_line(token: str) -> str:
    """The token, if it can stand in a header. One with a line break in it could add headers of its own."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token has a character in it that no token has", hint="is it cut off, or quoted?")
    return token


def _run(command: tuple[str, ...]) -> str:
    """The first line that a command prints. Neither its words nor its output are shown: a secret may be in both."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, run without a shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise TargetError(f"the token command printed no token within {_COMMAND_SECONDS} s") from None
    except OSError as error:
        raise UsageError(
            f"the token command can't be run: {error.strerror or 'the system refuses'}",
            hint="it is AIRCONN_TOKEN_COMMAND, or token_command in your config.toml",
        ) from None
    lines = done.stdout.decode(errors="replace").splitlines()
    token = lines[0].strip() if lines else ""
    if done.returncode != 0:
        raise TargetError(
            f"the token command failed with exit code {done.returncode}", hint="run it by itself to see what it says"
        )
    if not token:
        raise TargetError("the token command printed no token", hint="its first line is taken")
    return token
