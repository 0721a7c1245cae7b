"""How a plan treats what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OnExisting = Literal["overwrite", "skip", "fail"]
Lacking = Literal["clear", "keep", "exact"]
"""What becomes of a field that the source lacks: cleared if it is visible, kept, or cleared in any case."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a plan treats what is there already."""

    on_existing: OnExisting = "overwrite"
    lacking: Lacking = "clear"
    hidden_is_equal: bool = False
    """Whether what the place hides is taken to be what the source has, instead of being written again."""
