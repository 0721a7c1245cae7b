"""`airconn list`, at the command line."""

from __future__ import annotations

import json
from pathlib import Path


def test_one_is_one(airconn, tmp_path: Path) -> None:
    pools = {"one": {"slots": 1, "include_deferred": True}, "two": {"slots": 2}}
    (tmp_path / "o.json").write_text(json.dumps({"variables": {"a": "x", "b": "", "c": "xy"}, "pools": pools}))
    rows = [line.split("  ") for line in airconn("list", "--from", tmp_path / "o.json").out.splitlines()[1:]]
    assert [[cell.strip() for cell in row if cell][2] for row in rows] == [
        "1 character",
        "0 characters",
        "2 characters",
        "1 slot, deferred included",
        "2 slots",
    ]
