"""Who we are for an Airflow: a token, a command that prints one, or a user's name and password."""

from __future__ import annotations

import subprocess
import threading
from base64 import b64encode
from collections.abc import Mapping

from airconn.config import Credentials
from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_api.login.web_session import WebSession, is_open, log_in, log_out
from airconn.stores.http import bodies
from airconn.stores.http import gateways as between
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.transport import Reply, Request, Transport

_COMMAND_SECONDS = 30
_WORTH_IT = 10
"""A session that ended after fewer requests than these isn't followed by another: it costs more than it saves."""


class Authenticator:
    """Makes the headers that say who we are, and new ones when the old ones aren't accepted any more.

    Threads may share it. One that logs in makes the others wait.
    """

    def __init__(self, credentials: Credentials, transport: Transport, timeout: float) -> None:
        self._credentials = credentials
        self._transport = transport
        self._timeout = timeout
        self._lock = threading.Lock()
        self._token: str | None = credentials.token
        self._gave_up = False
        self._refusal: TargetError | None = None
        self._basic = _basic(credentials.username or "", credentials.password or "")
        self._web: WebSession | None = None
        self._web_uses = 0
        self._web_wanted = False
        """Whether a session is to be opened for the next request."""
        self._web_given_up = False

    @property
    def given(self) -> bool:
        """Whether there are credentials at all."""
        known = self._credentials
        return bool(known.token or known.token_command or known.username)

    def secrets(self) -> tuple[str, ...]:
        """What must not stand in a message."""
        known = self._credentials
        session = self._web  # which another thread may end
        cookies = tuple(session.cookies.values()) if session else ()
        return tuple(text for text in (self._token, known.password, *cookies) if text)

    def headers(self, *, v2: bool) -> Mapping[str, str]:
        """The headers for a request. Logs in, or runs the command, when that wasn't done yet.

        Airflow 2 takes a user's name and password as they are (`basic_auth`), and opens a session for who has shown
        them, which spares it most of its work; Airflow 3 gives a token for them (`POST /auth/token`, which the simple
        and the FAB auth manager have).
        """
        with self._lock:
            if self._credentials.username and not v2:
                if self._web_wanted:
                    self._open_session()
                return self._web.headers() if self._web else self._basic
            if self._token is None:
                self._token = self._new_token()
            return {"Authorization": f"Bearer {_one_line(self._token)}"} if self._token else {}

    def renew(self, refused: Mapping[str, str], *, v2: bool, late: bool = False) -> bool:
        """Whether there are other headers now than those that were refused. Safe to call from several threads.

        `late`: it is tried after the deadline as well.
        """
        known = self._credentials
        if known.token:
            return False
        with self._lock:
            if known.username and not v2:
                return "Cookie" in refused and self._renew_session(refused)
            bearer = f"Bearer {self._token}" if self._token else None
            if refused.get("Authorization") != bearer:
                return True  # another thread has been here
            if not self.given and self._gave_up:
                return False
            self._token = self._new_token(late=late) if self.given else self._token_for_nobody()
            return self._token is not None and f"Bearer {self._token}" != bearer

    def worked(self, headers: Mapping[str, str]) -> None:
        """Takes note that a request with these headers was answered with what it asked for.

        A session is opened only after that, so that a wrong password isn't tried on the login page as well.
        """
        with self._lock:
            if "Cookie" in headers:
                self._web_uses += 1
            elif headers is self._basic and self._web is None and not self._web_given_up:
                # Logging in takes the server as long as one more request with basic authentication.
                self._web_wanted = True

    def close(self) -> None:
        """Ends the session. A token ends by itself."""
        if not self._lock.acquire(timeout=1):
            return  # a thread that nobody waits for any more is logging in
        session, self._web, self._web_wanted, self._web_given_up = self._web, None, False, True
        self._lock.release()
        if session:
            log_out(self._transport, session, self._timeout)

    def _open_session(self) -> None:
        known = self._credentials
        self._web_wanted, self._web_uses = False, 0
        self._web = log_in(self._transport, known.username or "", known.password or "", self._timeout)
        self._web_given_up = self._web is None

    def _renew_session(self, refused: Mapping[str, str]) -> bool:
        """Whether there is another session now, or basic authentication in its place."""
        if self._web is None or refused != self._web.headers():
            return True  # another thread has been here
        if is_open(self._transport, self._web, self._timeout):
            return False  # who we are is known, and may not do what was asked for
        self._web = None
        if self._web_uses < _WORTH_IT:
            self._web_given_up = True
        else:
            self._open_session()
        return True

    def _new_token(self, *, late: bool = False) -> str | None:
        known = self._credentials
        if self._refusal:
            raise TargetError(self._refusal.message, where=self._refusal.where, hint=self._refusal.hint)
        if known.token_command:
            seconds = self._transport.seconds(_COMMAND_SECONDS)
            try:
                return _run(known.token_command, seconds)
            except TargetError as error:
                self._transport.seconds(_COMMAND_SECONDS)  # raises where it was the deadline that it didn't keep
                self._refusal = error
                raise
        if known.username:
            return self._log_in(known.username, known.password or "", late)
        return None

    def _log_in(self, username: str, password: str, late: bool) -> str:
        body = {"username": username, "password": password}
        reply = self._transport.send(
            Request("POST", "/auth/token", body=body, repeatable=True, late=late, largest=bodies.SMALL), {}
        )
        token = _token_in(reply)
        if token:
            return token
        if reply.status in (400, 401, 403, 422):
            self._refusal = TargetError(
                "it refuses the user name or the password",
                where=self._transport.base,
                hint=f"they come from {self._credentials.source}",
            )
            raise self._refusal
        base = self._transport.base
        if trouble := between.trouble(reply):
            raise NoAnswer(f"it {trouble}", where=base, hint="try again when it is well")
        if 300 <= reply.status < 400:
            hint = "what is in front of it may want a token: AIRCONN_TOKEN"
            self._refusal = between.redirected(reply, base, login_hint=hint)
        elif reply.status == 200 and between.is_page(reply):
            self._refusal = between.instead_of_json(reply, base, "POST /auth/token")
        else:
            self._refusal = TargetError(
                f"it gives no token for a user name and a password (POST /auth/token answers {reply.status})",
                where=base,
                hint="its auth manager may want a token that is made elsewhere: set AIRCONN_TOKEN, "
                "or AIRCONN_TOKEN_COMMAND to a command that prints one",
            )
        raise self._refusal

    def _token_for_nobody(self) -> str | None:
        """The token that an Airflow gives to anybody, if it is set up so (`simple_auth_manager_all_admins`)."""
        self._gave_up = True
        return _token_in(self._transport.send(Request("GET", "/auth/token", largest=bodies.SMALL), {}))


def _basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


def _token_in(reply: Reply) -> str | None:
    answer = reply.json() if reply.status in (200, 201) else None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    return token if isinstance(token, str) and token else None


def _one_line(token: str) -> str:
    """The token, if it can stand in a header. One with a line break in it could add headers of its own."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token has a character in it that no token has", hint="is it cut off, or quoted?")
    return token


def _run(command: tuple[str, ...], seconds: float) -> str:
    """The first line that a command prints. But for the program, neither its words nor its output are shown: a secret
    may be in both."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, run without a shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise TargetError(f"the token command printed no token within {_COMMAND_SECONDS} s") from None
    except OSError as error:
        reason = error.strerror or "the system refuses"
        raise UsageError(
            f"the program of the token command, {command[0]!r}, can't be run: {reason}",
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
