"""A command of the user that prints a token (AIRCONN_TOKEN_COMMAND, token_command)."""

from __future__ import annotations

from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.login.login_way import BearerWay
from airconn.stores.secret_commands import SECONDS, first_line


class TokenCommand(BearerWay):
    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.token_command)

    def new_token(self, *, late: bool) -> str | None:
        known = self.credentials
        hint = f"it is {known.source or 'AIRCONN_TOKEN_COMMAND, or token_command in your config.toml'}"
        seconds = self.transport.deadline.seconds(SECONDS)
        try:
            words = known.token_command or ()
            return first_line(words, "the token command", prints="token", seconds=seconds, hint=hint).strip()
        except TargetError:
            self.transport.deadline.seconds(SECONDS)  # raises if the deadline has cut it off
            raise
