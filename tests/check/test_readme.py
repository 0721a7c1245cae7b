"""What README.md says of `airconn check` is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from airconn.check import ALL

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_every_rule_is_in_the_table_as_the_code_has_it() -> None:
    found = re.findall(r"^\| (AC\d+) \| (\w+) \| (.*) \|$", README, re.MULTILINE)
    expected = [
        (rule.code, rule.severity.value, _as_markdown(rule.what) + (" ¹" if rule.is_fixable else "")) for rule in ALL
    ]
    assert found == expected


def test_the_example_prints_what_it_shows(airconn) -> None:
    command, output = re.findall(
        r"^\$ echo '([^'\n]*)' \| airconn check - --from-format env\n(.*?)```", README, re.M | re.S
    )[0]
    result = airconn("check", "-", "--from-format", "env", stdin=f"{command}\n")
    assert result.out + result.err == output


def _as_markdown(text: str) -> str:
    return re.sub(r"__extra__|\*\*\*", lambda match: f"`{match[0]}`", text)
