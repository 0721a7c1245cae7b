"""Decides when to stop sending requests to a place that no longer answers."""

from __future__ import annotations

_PATIENCE = 2
"""The requests in a row without an answer after which no other step is tried."""

SILENT = "no longer answers"
"""The message for a place to which nothing more is sent."""


class Silence:
    """Counts the requests in a row that had no answer, or did nothing. Threads may share it.

    A late answer to an earlier request ends the silence, even if it was long enough to give up.
    """

    def __init__(self, patience: int = _PATIENCE) -> None:
        self._patience = patience
        self._unanswered = 0

    def heard(self) -> None:
        """Notes an answer, whatever it says."""
        self._unanswered = 0

    def unheard(self) -> None:
        """Notes a request without an answer."""
        self._unanswered += 1

    def give_up(self) -> None:
        """Ends the tries, independently of the number of requests."""
        self._unanswered = self._patience

    @property
    def is_long(self) -> bool:
        """Whether nothing more is sent."""
        return self._unanswered >= self._patience
