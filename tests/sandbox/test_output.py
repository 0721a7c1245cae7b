"""What is shown of another program's output."""

from __future__ import annotations

import pickle
from pathlib import Path

from airconn.sandbox.output import ProgramFailed, tail


def test_only_the_last_lines_are_shown_without_blank_ones_and_colours(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n\n" for number in range(50)) + "\x1b[31mred\x1b[0m\n")
    assert tail(log, lines=3) == ["line 48", "line 49", "red"]


def test_secrets_and_credentials_in_urls_are_not_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("login with s3cret failed\nlooking in https://me:pass@index.example/simple and //x@y\n")
    assert tail(log, ["s3cret"]) == ["login with *** failed", "looking in https://***@index.example/simple and //x@y"]


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert tail(tmp_path / "nothing") == []


def test_the_error_carries_the_lines_through_a_pickle_and_into_a_traceback() -> None:
    error = ProgramFailed("it failed", hint="try again", said=["because"])
    assert str(error) == "it failed"
    assert error.__notes__ == ["because"]
    assert pickle.loads(pickle.dumps(error)).message == "it failed"
