"""The exit code of a run on several targets."""

from __future__ import annotations

import itertools

from airconn.errors import ExitCode
from airconn.transfer.many.verdict import worst


def test_the_worst_code_counts_in_whatever_order_the_targets_end() -> None:
    order = [130, 2, 3, 4, 5, 1, 6, 0]
    assert sorted(order) == sorted(map(int, ExitCode))
    for worse, better in itertools.combinations(map(ExitCode, order), 2):
        assert worst([worse, better]) == worst([better, worse]) == worst([better, worse, better]) == worse


def test_no_target_is_no_failure() -> None:
    assert worst([]) == ExitCode.OK
