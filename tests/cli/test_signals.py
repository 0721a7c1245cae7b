"""Ctrl-C and SIGTERM while a server takes its time: nobody waits for its answer any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site


class Slow:
    """An Airflow of 300 variables, of which the pages after the first don't come."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def __call__(self, received: Received) -> Answer | None:
        if not received.path.endswith("/variables") or received.method != "GET":
            return None
        offset = int(dict(received.query).get("offset", 0))
        if 0 < offset < 1000:
            self.asked.set()
            self.released.wait(60)
        shown = {"value": "x", "description": None, "is_encrypted": True}
        page = [{"key": f"v{number:03}", **shown} for number in range(offset, min(offset + 100, 300))]
        return Answer(body={"variables": page, "total_entries": 300})


@pytest.fixture
def slow() -> Iterator[tuple[Slow, Site]]:
    answers = Slow()
    with Site(airflow("3.3.2", answers)) as site:
        yield answers, site
        answers.released.set()


@pytest.mark.parametrize(
    ("send", "code"),
    [([signal.SIGINT], 130), ([signal.SIGINT, signal.SIGINT], 130), ([signal.SIGTERM], 143)],
    ids=["ctrl-c", "ctrl-c twice", "sigterm"],
)
@pytest.mark.parametrize("command", ["list", "import", "export"])
def test_a_read_ends_at_once(
    command: str, send: list[signal.Signals], code: int, slow: tuple[Slow, Site], tmp_path: Path
) -> None:
    answers, site = slow
    (tmp_path / "in.json").write_text('{"variables": {"a b": "x"}}')
    args = {"list": ["list"], "import": ["import", "in.json"], "export": ["export", "-o", "out.json"]}[command]
    environ = {**os.environ, "AIRCONN_URL": site.url, "AIRCONN_TOKEN": "t", "AIRCONN_STATE_DIR": str(tmp_path)}
    command_line = [sys.executable, "-m", "airconn", *args, "--variables", "--timeout", "600"]
    with subprocess.Popen(
        command_line, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert answers.asked.wait(120)
        for number in send:
            process.send_signal(number)
            time.sleep(0.05)
        out, err = process.communicate(timeout=120)
    assert not answers.released.is_set()
    assert (process.returncode, out) == (code, ""), err
    if code == 130 and len(send) == 1:
        assert err.lstrip("\n") == "interrupted\n" + "nothing was written\n" * (command != "list")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(("raised", "code"), [("KeyboardInterrupt()", 130), ("SystemExit(143)", 143)])
def test_a_signal_while_a_class_is_made_is_no_fault(raised: str, code: int) -> None:
    """Python 3.10 and 3.11 wrap what a signal raises there, which is any import of a module with an enum."""
    script = (
        "import sys, airconn.cli.main as main, airconn.__main__\n"
        "class Attribute:\n"
        "    def __set_name__(self, owner, name):\n"
        f"        raise {raised}\n"
        "main.group.main = lambda *args, **kwargs: type('Made', (), {'attribute': Attribute()})\n"
        "airconn.__main__.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == ("interrupted\n" if code == 130 else "")


def test_what_was_said_before_is_not_lost() -> None:
    """The process ends without its threads, and not without what it had to say."""
    script = (
        "import sys, threading, time, airconn.cli, airconn.__main__\n"
        "def run():\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    print('out'); print('err', file=sys.stderr)\n"
        "    return 7\n"
        "airconn.cli.run = run\n"
        "airconn.__main__.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
