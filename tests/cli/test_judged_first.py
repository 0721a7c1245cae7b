"""What can be judged without a network is judged before a server is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Airconn = Callable[..., Any]
NOBODY = "http://127.0.0.1:1"
"""Nothing listens there: whoever asks it first gets exit code 5."""


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["export", "--from", NOBODY, "--format", "ur"], 2, "unknown format 'ur'"),
        (["export", "--from", NOBODY, "--format", "env", "--k8s-name", "x"], 2, "--k8s-name is for the k8s format"),
        (["export", "--from", NOBODY, "-o", "no/such/x.json"], 5, "no/such/x.json: can't be written: No such file"),
        (["export", "--from", NOBODY, "-o", "v.json/x.json"], 5, "v.json/x.json: can't be written: Not a directory"),
        (["export", "--from", NOBODY, "-o", "bad.json"], 3, "bad.json:1:"),
        (["export", "--from", NOBODY, "--set", "nonsense"], 2, "--set: '=' is missing"),
        (["export", "--from", NOBODY, "--set", "thing/a.host=x"], 2, "--set: this must begin with a kind"),
        (["export", "--from", NOBODY, "--set-file", "thing/a.host=x"], 2, "--set-file: this must begin with"),
        (["export", "--from", NOBODY, "--rename", "a"], 2, "--rename: '=' is missing"),
        (["export", "--from", NOBODY, "--overlay", "bad.json"], 3, "bad.json"),
        (["export", "--from", NOBODY, "--fill", "gone.json"], 3, "gone.json: no such file"),
        (["list", "--from", NOBODY, "--from-format", "ur"], 2, "unknown format 'ur'"),
        (["show", "a", "--from", NOBODY, "--from-format", "ur"], 2, "unknown format 'ur'"),
        (["delete", "a", "--from", NOBODY, "--from-format", "ur"], 2, "unknown format 'ur'"),
        (["run", "--from", NOBODY, "--from-format", "ur", "--", "true"], 2, "unknown format 'ur'"),
        (["run", "--from", NOBODY, "--set", "nonsense", "--", "true"], 2, "--set: '=' is missing"),
        (["diff", NOBODY, "bad.json"], 3, "bad.json:1:"),
        (["diff", "gone.json", NOBODY], 3, "gone.json: no such file"),
        (["import", "bad.json", "--to", NOBODY], 3, "bad.json:1:"),
        (["import", NOBODY, "--to", "no/such/x.json"], 5, "no/such/x.json: can't be written: No such file"),
        (["import", "v.json", "--to", NOBODY, "--plan-out", "no/p.json"], 5, "no/p.json: can't be written: No such"),
        (["import", "v.json", "--to", NOBODY, "--include", "nope"], 3, "v.json: --include 'nope' matches nothing"),
        (["import", "v.json", "--to", NOBODY, "--set", "thing/a.host=x"], 2, "--set: this must begin with a kind"),
        (["apply", "bad.json"], 3, "bad.json: not a plan file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_server_is_asked(
    airconn: Airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.json").write_text(json.dumps({"variables": {"a": "1"}}))
    (tmp_path / "bad.json").write_text("{")
    result = airconn(*args, env={"AIRCONN_RETRIES": "0"})
    assert (result.code, result.out, said in result.err) == (code, "", True), result.err
    assert "127.0.0.1" not in result.err


def test_an_import_in_an_unknown_format_says_that_nothing_was_written(airconn: Airconn) -> None:
    result = airconn("import", "x.env", "--from-format", "toml", "--to", "http://127.0.0.1:1")
    assert result.code == 2
    assert "unknown format 'toml'" in result.err
    assert result.err.endswith("nothing was written\n")
