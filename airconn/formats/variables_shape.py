"""The option for files of variables whose objects have a `value`, which Airflow 2 and 3 read differently."""

from __future__ import annotations

from typing import Final

from airconn.formats.format_option import FormatOption

PLAIN: Final = "plain"
WRAPPED: Final = "wrapped"
VARIABLES_SHAPE: Final = FormatOption(
    "variables_shape",
    "",
    (PLAIN, WRAPPED),
    help_of_sources="Whether an object with 'value' in a file of variables is the value itself, as in "
    "Airflow 2 (plain), or holds the value, as in Airflow 3 (wrapped) [as in the target's Airflow].",
)
WRAPPER_RULE: Final = "AC424"
"""The rule of `airconn check` for such an object, where the option doesn't say what it is."""
