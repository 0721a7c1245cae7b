"""The results of `airconn doctor`, for people and for scripts. They hold no credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from airconn.errors import ExitCode
from airconn.quoting import clean, to_json, without_passwords
from airconn.report.results import SCHEMA_VERSION, Style
from airconn.stores.health import Health, HealthCheck

_SYMBOLS = {
    Health.FINE: ("✓", "green"),
    Health.WARNING: ("!", "yellow"),
    Health.FAILED: ("x", "red"),
    Health.UNKNOWN: ("?", "cyan"),
    Health.UNUSED: ("·", None),
}
LEGEND = "✓ ok   ! warning   x failed   ? not known   · not used"
_COMMAND = re.compile(r"airconn help [\w-]+|\(airconn help [\w-]+\)")
_FIXED = "\0"
"""The mark of a blank at which no line is broken. No text has one."""
_NAMES = 13
"""The columns of the names of checks."""


def lines(checks: Iterator[HealthCheck], style: Style, columns: int) -> Iterator[str]:
    """The checks under the headings of their areas, as they come, broken between words."""
    area = told = ""
    for check in checks:
        if check.area != area:
            yield f"{check.area}" if not area else f"\n{check.area}"
            area = check.area
        symbol, colour = _SYMBOLS[check.health]
        text, *rest = _wrapped(check.text, columns)
        yield f"  {style(symbol, colour)} {clean(check.name).ljust(_NAMES)} {text}"
        yield from (f"{' ' * (_NAMES + 5)}{line}" for line in rest)
        # The same hint as at the check before isn't told again.
        hints = _wrapped(check.hint, columns - 6) if check.hint and check.hint != told else []
        told = check.hint
        for number, line in enumerate(hints):
            yield f"{' ' * (_NAMES + 5)}{style('hint:', 'cyan') if number == 0 else '     '} {line}"


def _wrapped(text: str, columns: int) -> list[str]:
    width = max(columns - _NAMES - 5, 20)
    # A command stays on one line, so that it can be copied.
    shown = _COMMAND.sub(lambda found: found[0].replace(" ", _FIXED), clean(without_passwords(text)))
    lines = wrap(shown, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line.replace(_FIXED, " ") for line in lines]


def summary(checks: Sequence[HealthCheck], code: ExitCode) -> str:
    """How many checks failed, as the last line."""
    number = {health: sum(check.health is health for check in checks) for health in Health}
    failed, warned = number[Health.FAILED], number[Health.WARNING]
    parts = [f"{failed} failed"] if failed else ["nothing failed"]
    parts += [f"{warned} warning{'' if warned == 1 else 's'}"] if warned else []
    parts += [f"{number[Health.UNKNOWN]} not known"] if number[Health.UNKNOWN] else []
    return ", ".join(parts) + (f" (exit code {int(code)})" if code else "")


def doctor_json(checks: Sequence[HealthCheck], code: ExitCode) -> str:
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "exit_code": int(code),
            "checks": [
                {
                    "area": check.area,
                    "name": check.name,
                    "result": check.health.value,
                    "text": without_passwords(check.text),
                    "hint": without_passwords(check.hint) or None,
                }
                for check in checks
            ],
        }
    )
