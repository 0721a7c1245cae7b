"""The options of a plan about objects and fields that the target has already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OnExisting = Literal["overwrite", "skip", "fail"]
Lacking = Literal["clear", "keep", "exact"]
"""What happens to a field that the source lacks: cleared if it is visible, kept, or always cleared."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a plan treats objects and fields that the target has already."""

    on_existing: OnExisting = "overwrite"
    lacking: Lacking = "clear"
    hidden_is_equal: bool = False
    """Whether hidden values of the target count as equal to the source's, instead of being written again."""
