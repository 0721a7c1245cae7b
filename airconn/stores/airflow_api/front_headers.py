"""The headers for what is in front of an Airflow, such as a token for a proxy that lives an hour."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from airconn.credentials import Credentials
from airconn.stores.http.messages import Reply
from airconn.stores.http.transport import Transport
from airconn.stores.secret_commands import with_commands_run


class FrontHeaders:
    """Gets new headers from the commands that print them. Threads may share it."""

    def __init__(self, credentials: Credentials, transport: Transport) -> None:
        """`credentials` are those of which no command was run yet."""
        commands = tuple(command for command in credentials.commands if command.field == "headers")
        self._credentials = replace(credentials, commands=commands)
        self._transport = transport
        self._lock = threading.Lock()

    @property
    def current(self) -> Mapping[str, str]:
        """The headers that are sent now."""
        return self._transport.extra_headers

    def may_have_expired(self, reply: Reply) -> bool:
        """Whether an answer may be of what is in front of the Airflow, and other headers may help."""
        return bool(self._credentials.commands) and (reply.status == 401 or 300 <= reply.status < 400)

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether there are other headers now than those that were refused. Raises as `with_commands_run`."""
        with self._lock:
            if self.current is refused:
                fresh = with_commands_run(self._credentials, self._transport.deadline).headers
                if dict(fresh) != dict(refused):
                    self._transport.extra_headers = fresh
            return self.current is not refused
