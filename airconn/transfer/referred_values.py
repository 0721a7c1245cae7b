"""Gets the values of references that need no place: variables, files, and secrets of 1Password."""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from airconn.errors import AirconnError, BlockedError, InputError, TargetError, UsageError
from airconn.model.reference_forms import ReferenceKind
from airconn.override import values
from airconn.override.allowed import Allowed
from airconn.override.values import Surroundings

_AT_A_TIME = 4
"""How many `op` run at a time, once the first one has unlocked 1Password."""


class LocalValues:
    """The values of `env:`, `file:` and `op://`."""

    def __init__(
        self,
        allowed: Allowed,
        surroundings: Surroundings,
        credentials: Collection[str],
        seconds_left: Callable[[], float | None],
    ) -> None:
        """`credentials` are the variables with airconn's own, which a source gets only by their names.

        `seconds_left` gives the time that the run has left. None without a deadline.
        """
        self._seconds_left = seconds_left
        self._allowed = allowed
        self._surroundings = surroundings
        self._credentials = credentials

    def get(self, kind: ReferenceKind, text: str, where: str) -> str | AirconnError:
        """The value of `env:` or `file:`, or why it can't be got."""
        name = text.partition(":")[2]
        if refusal := self._refusal(kind, name):
            return refusal
        if kind is ReferenceKind.FILE and (special := _special(name)):
            return special
        try:
            return values.get(text, "", where, self._surroundings, secret=False).text
        except UsageError as error:
            return InputError(error.message)
        except AirconnError as error:
            return error

    def _refusal(self, kind: ReferenceKind, name: str) -> BlockedError | None:
        if kind is ReferenceKind.FILE:
            if self._allowed.has_file(name):
                return None
            return BlockedError(
                "this file is outside of the directories that --resolve allows",
                hint="allow its directory, as in --resolve file:/run/secrets",
                topic="references",
            )
        if not self._allowed.names_variable(name):
            return BlockedError(
                "--resolve doesn't allow this variable", hint=f"--resolve env:{name} does", topic="references"
            )
        if self._is_setting(name) and name not in self._allowed.variables:
            return BlockedError(
                "this variable is a setting, of a service or of airconn itself, and may hold credentials",
                hint=f"--resolve env:{name} allows it by its name",
                topic="references",
            )
        return None

    def _is_setting(self, name: str) -> bool:
        from airconn import env_files

        return name in self._credentials or env_files.is_taken(name) or name.startswith("OP_")

    def of_one_password(self, texts: Sequence[str]) -> Iterator[tuple[str, str | AirconnError]]:
        """The values of `op://` references. The first one is alone, since 1Password may have to be unlocked."""
        from airconn.stores.in_parallel import in_order

        if texts:
            yield self._of_one_password(texts[0])
            yield from in_order(self._of_one_password, texts[1:], _AT_A_TIME)

    def _of_one_password(self, text: str) -> tuple[str, str | AirconnError]:
        from airconn.stores import one_password
        from airconn.stores.base import DEADLINE

        left = self._seconds_left()
        if left is not None and left <= 0:
            return text, TargetError("the deadline has passed", hint=DEADLINE)
        seconds = one_password.SECONDS if left is None else min(left, one_password.SECONDS)
        try:
            return text, one_password.read(text, dict(self._surroundings.environ), seconds)
        except AirconnError as error:
            return text, error


def _special(path: str) -> InputError | None:
    """The error for a pipe or a device, which may have no end. None for others, whose read tells what is wrong."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return InputError("this is a pipe or a device, not a file", topic="references")
