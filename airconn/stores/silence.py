"""When to stop asking a place that doesn't answer any more."""

from __future__ import annotations

_PATIENCE = 2
"""After so many requests in a row without an answer, no other step is tried."""

SILENT = "doesn't answer any more"
"""Said of a place to which nothing more is sent."""


class Silence:
    """Counts the requests in a row that had no answer, or of which nothing was done. Threads may share it.

    The answer to a request that was on its way ends the silence, also after it was long enough to give up.
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
        """Notes that nothing more is to be tried, however many requests there were."""
        self._unanswered = self._patience

    @property
    def is_long(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._unanswered >= self._patience
