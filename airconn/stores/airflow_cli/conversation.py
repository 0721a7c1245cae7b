"""Runs one program in the Python of an Airflow, through a prefix, and asks it one request after the other.

The shell, the program and the requests all go through standard input, so that no secret is in an argument or a file.
The program is the text of `airconn/airflow/shell_program.py`. Of what is printed, only that behind a random mark is
believed.
"""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airconn import airflow
from airconn.stores.airflow_cli import prefix as shells
from airconn.stores.airflow_cli.prefix import Prefix, Ran
from airconn.stores.airflow_cli.script import MARK, CutOff, lacking, not_started

_PROGRAM = Path(airflow.__file__).with_name("shell_program.py")
_CHUNK = 2000
"""The most characters of a line. More don't pass through a terminal."""
_START = 30.0
"""The seconds after which a prefix may have kept its input back until that ends. Most shells start in one."""
_END = "end of this program"
_SCRIPT = """\
{{
a={mark} b={nonce}
say() {{ printf '%s%s %s\\n' "$a" "$b" "$*"; }}
say start
f=$(command -v airflow 2>/dev/null) || {{ say lacks airflow; exit 0; }}
l= m=
{{ IFS= read -r l; IFS= read -r m; }} <"$f" 2>/dev/null
set -f
case $l in
'#!'*python*) set -- ${{l#'#!'}} ;;
'#!/bin/sh') m=${{m#"'''exec' "}}; m=${{m%' "$0" "$@"'}}; m=${{m#'"'}}; set -- "${{m%'"'}}" ;;
*) set -- ;;
esac
case ${{1-}} in
/*) [ -x "$1" ] || set -- ;;
*) set -- ;;
esac
[ $# -gt 0 ] || {{ say unfit; exit 0; }}
PYTHONUTF8=1; export PYTHONUTF8
"$@" -c 'import sys
sys.path[:] = [path for path in sys.path if path]
exec(compile(sys.stdin.read(), "airconn", "exec"))' "$a$b" 3<&0 2>/dev/null <<'{end}'
{program}
{end}
say end
exit 0
}}
"""
"""All of it is one command, which a shell has read to its end before it runs any: what follows is the program's.

The Python is the one in the first line of `airflow`. Long paths are in the second one, as pip and uv write them."""


class Unsuited(Exception):
    """The Python there can't run the program, and only the `airflow` command is left. The message is the reason."""


class Conversation:
    """The program while it runs. It has read all that it was told by the time it answers."""

    def __init__(self, prefix: Prefix, environ: Mapping[str, str], patience: float) -> None:
        """Starts the program. Raises `TargetError` where no shell or no `airflow` is there, and `Unsuited`."""
        nonce = secrets.token_hex(12)
        self._prefix, self._patience = prefix, patience
        self._mark = f"{MARK}{nonce} "
        self._script = _SCRIPT.format(mark=MARK, nonce=nonce, end=_END, program=_PROGRAM.read_text())
        self._said: list[bytes] = []
        self._chunks: queue.Queue[bytes] = queue.Queue()
        self._process = prefix.start(environ)
        assert self._process.stdin  # noqa: S101 - it is a pipe
        self._input = self._process.stdin
        self._threads = [
            shells.in_thread(shells.pump, self._process.stdout, self._chunks),
            shells.in_thread(shells.remember, self._process.stderr, self._said),
        ]
        self._feeder = shells.in_thread(shells.feed, self._input, self._script.encode())
        self._is_input_over = False
        self._lines = self._told()
        self._heard: list[bytes] = []
        try:
            self.version = self._begin()
        except BaseException:
            self.close()
            raise

    def ask(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The answers to a request, as they come. Raises `CutOff` if the program ends or falls silent before its end.

        An error of the program is the answer `failed`, with the name of its class.
        """
        self._send(json.dumps(request))
        for answer in self._answers():
            if answer.get("end"):
                if "failed" in answer:
                    yield {"failed": answer["failed"]}
                return
            yield answer
        raise self._ended()

    def close(self) -> None:
        """Ends the program, which has nothing to do any more, and waits for it."""
        self._feeder.join(timeout=shells.GLANCE)
        # A program that doesn't read any more is ended without waiting for it.
        if not self._feeder.is_alive():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._input.close()
                self._process.wait(timeout=shells.GRACE)
        shells.end(self._process, (*self._threads, self._feeder))

    def _begin(self) -> str:
        """The version of that Airflow, when the program has started."""
        waiting = threading.Timer(min(_START, self._patience / 2), self._end_input)
        waiting.daemon = True
        waiting.start()
        is_started = False
        try:
            for line in self._lines:
                waiting.cancel()
                word, _, rest = line.partition(" ")
                if word == "lacks":
                    raise lacking(rest, self._prefix)
                if self._is_input_over:
                    raise Unsuited("its command passes nothing on until its input ends")
                if word == "unfit":
                    raise Unsuited("its airflow command is not a Python script")
                if word == "end":
                    raise Unsuited("its Python didn't run the program")
                is_started = True
                if line[:1] in ("+", "."):
                    return self._version_in(self._whole(line))
        finally:
            waiting.cancel()
        if is_started:
            raise Unsuited("its Python ended early")
        try:
            code = self._process.wait(timeout=self._patience)
        except subprocess.TimeoutExpired:
            raise self._silent() from None
        for thread in self._threads:
            thread.join(timeout=shells.GRACE)  # so that its last words have arrived
        words = shells.last_line(b"".join(self._said))
        raise not_started(Ran(b"".join(self._heard), words, code), self._script, self._prefix)

    @staticmethod
    def _version_in(answer: str) -> str:
        found = json.loads(answer)
        if "unfit" in found:
            raise Unsuited(f"a part of its Airflow is missing ({found['unfit']})")
        return str(found["version"])

    def _end_input(self) -> None:
        self._is_input_over = True
        with contextlib.suppress(OSError):
            self._input.close()

    def _send(self, text: str) -> None:
        starts = range(0, max(len(text), 1), _CHUNK)
        lines = (("+" if at + _CHUNK < len(text) else ".") + text[at : at + _CHUNK] + "\n" for at in starts)
        self._feeder.join()
        self._feeder = shells.in_thread(shells.feed, self._input, "".join(lines).encode())

    def _answers(self) -> Iterator[dict[str, Any]]:
        for line in self._lines:
            if line == "end":
                return
            if line[:1] in ("+", "."):
                yield json.loads(self._whole(line))

    def _whole(self, line: str) -> str:
        """The text whose first piece is a line."""
        pieces = [line[1:]]
        while line.startswith("+"):
            line = next(self._lines, ".")
            pieces.append(line[1:])
        return "".join(pieces)

    def _told(self) -> Iterator[str]:
        """The lines behind the mark, without it."""
        rest = b""
        quiet_since = time.monotonic()
        while True:
            try:
                # Waits only for a moment, so that a Ctrl-C that another thread has got is noticed.
                chunk = self._chunks.get(timeout=min(shells.GLANCE, self._patience))
            except queue.Empty:
                if time.monotonic() - quiet_since >= self._patience:
                    raise self._silent() from None
                continue
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for raw in lines:
                line = raw.decode(errors="replace").rstrip("\r")
                if line.startswith(self._mark):
                    yield line.removeprefix(self._mark)
                elif len(self._heard) < 100:
                    self._heard.append(raw + b"\n")
            quiet_since = time.monotonic()

    def _silent(self) -> CutOff:
        return CutOff(
            f"it printed nothing for {self._patience:g} s",
            where=self._prefix.address,
            hint="--timeout waits longer; for airflow-cli: it counts five times",
        )

    def _ended(self) -> CutOff:
        return CutOff(
            "it ended before its work was done",
            where=self._prefix.address,
            hint="maybe the container was stopped, or out of memory",
        )
