"""The sandbox runs real Airflows, and leaves nothing behind."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from airconn.sandbox.output import ProgramFailed

# One of each kind of server; the quickest of its kind.
EACH_SERVER = pytest.mark.parametrize("version", ["2.7.3", "3.0.6"])


def call(box: Sandbox, method: str, path: str, body: Any = None, password: str | None = None) -> Any:
    """A call of the REST API, as the administrator."""
    password = box.password if password is None else password
    headers = {}
    if box.version.startswith("2."):
        path = f"/api/v1{path}"
        headers["Authorization"] = "Basic " + base64.b64encode(f"{box.username}:{password}".encode()).decode()
    else:
        path = f"/api/v2{path}"
        token = send(box, "POST", "/auth/token", headers, {"username": box.username, "password": password})
        headers["Authorization"] = f"Bearer {token['access_token']}"
    return send(box, method, path, headers, body)


def send(box: Sandbox, method: str, path: str, headers: dict[str, str], body: Any) -> Any:
    data = None if body is None else json.dumps(body).encode()
    if data:
        headers = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(box.url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read() or "null")


def processes() -> dict[int, str]:
    """The processes that are alive: id -> command line."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return {int(row[0]): row[2] for row in rows if len(row) == 3 and not row[1].startswith("Z")}


def of_sandbox(home: Path) -> dict[int, str]:
    """The processes of the sandbox in `home` or below it: they name it in their arguments, or work in it.

    Its command has it as AIRFLOW_HOME only. A server may have overwritten both its arguments and its variables.
    """
    found = {}
    for pid, args in processes().items():
        if str(home) in args or f"AIRFLOW_HOME={home}" in _read(pid, "environ") or str(home) in _read(pid, "cwd"):
            found[pid] = args
    return found


def _read(pid: int, name: str) -> str:
    try:
        path = Path(f"/proc/{pid}/{name}")
        return str(path.readlink()) if name == "cwd" else path.read_text(errors="replace")
    except OSError:
        return ""


def nothing_is_left(home: Path) -> bool:
    """Whether it is gone, and all its processes too, which may take a moment after they were killed."""
    end = time.monotonic() + 60
    while of_sandbox(home) or home.exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def airconn_sandbox(*args: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """`airconn sandbox` as a process of its own, which ends with the block however that ends."""
    command = [sys.executable, "-m", "airconn", "sandbox", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def running(version: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """One with a COMMAND that says that it runs, and then waits to be ended; and its AIRFLOW_HOME."""
    script = "echo $AIRFLOW_HOME; exec sleep 300"
    with airconn_sandbox("-q", "--airflow", version, "sh", "-c", script) as process:
        assert process.stdout is not None
        home = Path(process.stdout.readline().strip())
        assert home.is_dir()
        yield process, home


def test_it_answers_its_administrator_and_nobody_else(sandbox: Sandbox) -> None:
    assert call(sandbox, "GET", "/version")["version"] == sandbox.version
    assert call(sandbox, "GET", "/connections")["total_entries"] == 0
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(sandbox, "GET", "/connections", password="wrong")
    assert caught.value.code in (401, 403)
    caught.value.close()


def test_its_own_airflow_sees_what_the_server_has_and_prints_nothing_else(sandbox: Sandbox) -> None:
    body = {"connection_id": "of_sandbox", "conn_type": "http", "password": "p@ss/ü", "extra": '{"a": 1}'}
    call(sandbox, "POST", "/connections", body)
    try:
        done = sandbox.run(["airflow", "connections", "export", "-"], stdout=subprocess.PIPE, text=True)
    finally:
        call(sandbox, "DELETE", "/connections/of_sandbox")
    exported = json.loads(done.stdout)["of_sandbox"]
    assert (exported["password"], json.loads(exported["extra"])) == ("p@ss/ü", {"a": 1})
    # 2.11.2 itself fails after the last byte: it closes stdout, and then wants to print how many they were.
    assert done.returncode == (1 if sandbox.version == "2.11.2" else 0)


def test_no_secret_is_in_an_argument_list_or_the_log(sandbox: Sandbox) -> None:
    config = (sandbox.home / "airflow.cfg").read_text()
    secrets = [sandbox.password, *(line.split(" = ")[1] for line in config.splitlines() if "_key = " in line)]
    assert len(secrets) >= 3
    shown = "\n".join(processes().values()) + (sandbox.home / "server.log").read_text()
    assert str(sandbox.home) in shown
    assert [secret for secret in secrets if secret in shown] == []


def test_its_home_is_the_users_alone(sandbox: Sandbox) -> None:
    assert sandbox.home.stat().st_mode & 0o777 == 0o700
    assert sandbox.home.parent == Path(tempfile.gettempdir()).resolve()


@EACH_SERVER
def test_the_exit_code_is_the_commands_and_nothing_is_left(version: str) -> None:
    shown = "$AIRFLOW_HOME $AIRCONN_USERNAME ${AIRCONN_PASSWORD:+set} $AIRCONN_URL"
    script = f'echo "{shown}"; command -v airflow; env | grep "of another"; exit 7'
    theirs = ("AIRFLOW__CORE__FERNET_KEY", "AIRCONN_TOKEN", "AIRCONN_HEADER_AUTHORIZATION", "AIRCONN_CLIENT_ID")
    environ = {**os.environ, **dict.fromkeys(theirs, "of another")}
    with airconn_sandbox("--airflow", version, "--", "sh", "-c", script, env=environ) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 7
    assert err == f"starting Airflow {version}\n"
    home, username, password, url, airflow = out.split()
    assert (username, password) == ("admin", "set")
    assert url.startswith("http://127.0.0.1:")
    assert f"{version}-py3." in airflow
    assert not Path(home).exists()
    assert nothing_is_left(Path(home))


def test_without_a_command_another_shell_can_use_its_lines_until_ctrl_c() -> None:
    with airconn_sandbox("--airflow", "2.7.3") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        shell = "".join(lines) + 'airflow connections export - && echo && echo "$AIRFLOW_HOME"'
        environ = {"PATH": os.environ["PATH"]}
        done = subprocess.run(["sh"], input=shell, capture_output=True, text=True, env=environ, check=True)
        connections, home = done.stdout.splitlines()
        assert connections == "{}"
        assert of_sandbox(Path(home))
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert rest == ""
    assert said.splitlines()[-1] == "press Ctrl-C to stop"
    assert not Path(home).exists()
    assert nothing_is_left(Path(home))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_the_command_and_the_sandbox(number: int, code: int) -> None:
    with running("2.7.3") as (process, home):
        assert len(of_sandbox(home)) >= 4  # the command, the watchdog, the server and its workers
        process.send_signal(number)
        assert process.wait(timeout=120) == code
        assert not home.exists()
        assert nothing_is_left(home)


@EACH_SERVER
def test_even_when_it_is_killed_nothing_is_left(version: str) -> None:
    with running(version) as (process, home):
        process.kill()
        process.wait()
        assert nothing_is_left(home)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_signal_during_the_start_leaves_nothing_either(number: int, code: int, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with airconn_sandbox("--airflow", "2.7.3", "true", env={**os.environ, "TMPDIR": str(temporary)}) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "starting Airflow 2.7.3\n"
        time.sleep(1)
        assert len(of_sandbox(temporary)) >= 2  # the watchdog and the server
        process.send_signal(number)
        assert process.wait(timeout=120) == code
        assert "Traceback" not in process.stderr.read()
    end = time.monotonic() + 120
    while of_sandbox(temporary) or list(temporary.iterdir()):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_two_at_once_do_not_meet() -> None:
    def use(number: int) -> tuple[str, list[str]]:
        with Sandbox("2.7.3") as box:
            call(box, "POST", "/variables", {"key": f"v{number}", "value": "x"})
            return box.url, [variable["key"] for variable in call(box, "GET", "/variables")["variables"]]

    with ThreadPoolExecutor(2) as pool:
        (one, its), (other, the_others) = pool.map(use, range(2))
    assert one != other
    assert (its, the_others) == (["v0"], ["v1"])


def test_a_server_that_can_not_start_is_an_error_with_its_last_words() -> None:
    settings = {"database": {"sql_alchemy_conn": "sqlite:////no/such/folder/airflow.db"}}
    box = Sandbox("2.7.3", settings=settings)
    with pytest.raises(ProgramFailed, match="ended before it answered") as caught, box:
        pass
    assert "unable to open database file" in "\n".join(caught.value.said)
    assert nothing_is_left(box.home)


def test_settings_reach_the_server(make_sandbox: Callable[..., Sandbox]) -> None:
    box = make_sandbox("2.7.3", settings={"core": {"test_connection": "Enabled"}})
    assert "status" in call(box, "POST", "/connections/test", {"connection_id": "x", "conn_type": "http"})


def test_a_sandbox_that_is_not_running_says_so() -> None:
    box = Sandbox("2.7.3")
    with pytest.raises(RuntimeError, match="with"):
        _ = box.url
