"""The `airflow` of a sandbox, started from a process that has imported it already: ten times as fast.

It is Airflow's own command line with its own modules, database and configuration: each call is a fork of that
process with the arguments, the environment, the directory and the streams of its caller. What a call had to import
is imported for all that follow. The Python of a sandbox's environment runs `warm_airflow.py serve SOCKET`, and the
`airflow` that `write_command` makes calls it.

`warm_airflow.py run SOCKET SCRIPT` serves a script in the same way, for callers with different configurations:
nothing of Airflow itself is imported before a call, and the libraries that it needs stay for all that follow.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

_COMMAND = """#!{python} -ISE
import array, json, os, socket, sys
mask = os.umask(0)
call = {{"argv": sys.argv, "environ": dict(os.environ), "directory": os.getcwd(), "umask": mask}}
data = json.dumps(call).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    streams = array.array("i", [0, 1, 2])
    server.sendmsg([len(data).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    server.sendall(data)
    code = server.recv(1)
sys.exit(code[0] if code else 1)
"""


_OF_THE_CALLER = frozenset({"airflow", "kubernetes"})
"""The packages that take settings from the environment when they are imported."""


def write_command(directory: Path, python: Path, path: Path) -> None:
    """Makes an `airflow` in `directory` that is served at the socket `path`."""
    command = directory / "airflow"
    command.write_text(_COMMAND.format(python=python, path=str(path)))
    command.chmod(0o755)


def load_airflow() -> Any:
    """Imports Airflow, as the environment configures it, and gives its command line."""
    for name in ("connection_command", "variable_command", "pool_command", "version_command"):
        importlib.import_module(f"airflow.cli.commands.{name}")
    importlib.import_module("airflow.providers_manager").ProvidersManager().initialize_providers_configuration()
    # SQLAlchemy configures all models before the first query of a process, which takes twice as long as a command.
    importlib.import_module("airflow.models").import_all_models()
    importlib.import_module("sqlalchemy.orm").configure_mappers()
    return importlib.import_module("airflow.__main__").main


def serve(path: str, main: Any, *, libraries_only: bool = False) -> None:
    """Serves `main` until standard input ends, which is when the test that started it does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        if os.fork() == 0:
            sys.stdin.read()
            os.kill(os.getppid(), 9)
            os._exit(0)
        while True:
            _serve_one(listener.accept()[0], main, libraries_only=libraries_only)


def _serve_one(caller: socket.socket, main: Any, *, libraries_only: bool) -> None:
    with caller:
        size, ancillary, _, _ = caller.recvmsg(8, socket.CMSG_SPACE(12))
        streams = array.array("i", ancillary[0][2])
        length, data = int.from_bytes(size, "big"), b""
        while len(data) < length:
            data += caller.recv(length - len(data))
        call = json.loads(data)
        learned, tell = os.pipe()
        gc.freeze()  # a fork that collects garbage would copy all that there is
        child = os.fork()
        if child == 0:
            os.close(learned)
            _be(call, streams, main, tell)
        os.close(tell)
        for stream in streams:
            os.close(stream)
        with os.fdopen(learned) as names:
            imported = names.read().split()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        caller.sendall(bytes([code if code >= 0 else 128 - code]))
    for name in imported:
        if libraries_only and name.partition(".")[0] in _OF_THE_CALLER:
            continue
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _be(call: dict[str, Any], streams: Any, main: Any, tell: int) -> None:
    """Becomes the process that the caller wanted to be. Tells the modules that it imported."""
    code, before = 1, set(sys.modules)
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.environ.clear()
        os.environ.update(call["environ"])
        os.chdir(call["directory"])
        os.umask(call["umask"])
        sys.argv = call["argv"]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1 if end.code else 0
        if end.code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - as Python does at the end of a program
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(tell, " ".join(name for name in list(sys.modules) if name not in before).encode())
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], load_airflow())
    else:
        script = sys.argv[3]
        serve(sys.argv[2], lambda: runpy.run_path(script, run_name="__main__"), libraries_only=True)
