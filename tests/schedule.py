"""In which order, and on which worker, `pytest -n 2 --dist loadgroup` runs the tests."""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController

LONGEST_FIRST = (
    "airflow-3.3.2",
    "airflow-2.11.2",
    "airflow-3.0.6",
    "airflow-2.7.3",
    "moto",
    "openbao",
    "backends-3.3.2",
    "backends-2.11.2",
    "format-parsers",
    "airflow-3.1.8",
    "airflow-3.2.2",
)
"""The groups that take minutes. One that started late would let the other workers wait at the end."""


class Schedule(LoadGroupScheduling):
    """A group, or a file whose tests are in none, is one piece of work: the longest pieces first.

    xdist makes each test outside of a group a piece of its own. To hand out 14,000 of them takes as long as a
    twentieth of the tests.
    """

    def _split_scope(self, nodeid: str) -> str:
        scope = super()._split_scope(nodeid)
        return scope if scope != nodeid else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=self._place), last=False)
        super()._assign_work_unit(node)

    def _place(self, scope: str) -> tuple[bool, int, int]:
        """Where a piece of work stands in the queue: known groups, real servers, then by the number of tests."""
        is_known = scope in LONGEST_FIRST
        rank = LONGEST_FIRST.index(scope) if is_known else "/" in scope and "/integration/" not in scope
        return (not is_known, int(rank), -len(self.workqueue[scope]))
