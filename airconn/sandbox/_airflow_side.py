"""The script that a sandbox's Python runs, which is 3.8 or later and doesn't have airconn.

`prepare DATABASE COPY` creates DATABASE, which is the one that airflow.cfg names, and copies it.

`serve FD` serves the REST API on the listening socket FD. It waits for the administrator's password on standard input
first, and ends without one, so that it doesn't outlive an airconn that was killed.

It serves with the same servers and applications as `airflow api-server` and `airflow webserver`. It calls them
directly because these commands can't be given a socket or a password, and take up to twice as long.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    # The start mostly creates objects that live on: collecting garbage would take a tenth of it.
    gc.disable()
    verb, *arguments = sys.argv[1:]
    if verb == "prepare":
        prepare(*arguments)
        return
    password = sys.stdin.readline().rstrip("\n")
    if not password:
        sys.exit("the command that this server was started for has ended")
    if is_airflow_2():
        serve_airflow_2(int(arguments[0]), password)
    else:
        serve_airflow_3(int(arguments[0]))


def is_airflow_2() -> bool:
    return str(importlib.import_module("airflow").__version__).startswith("2.")


def prepare(database: str, copy: str) -> None:
    sys.argv = ["airflow", "db", "migrate"]
    importlib.import_module("airflow.__main__").main()
    if is_airflow_2():
        # Creating the application writes the roles and their permissions.
        os.environ["AIRFLOW__WEBSERVER__UPDATE_FAB_PERMS"] = os.environ["AIRFLOW__FAB__UPDATE_FAB_PERMS"] = "True"
        importlib.import_module("airflow.www.app").cached_app()
    # A copy of the file alone would miss what SQLite still has in files beside it.
    with contextlib.closing(sqlite3.connect(database)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def serve_airflow_3(listener: int) -> None:
    import socket

    uvicorn = importlib.import_module("uvicorn")
    server = uvicorn.Server(
        uvicorn.Config(
            "airflow.api_fastapi.main:app",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=120,
        )
    )
    server.config.load()
    gc.enable()
    server.run(sockets=[socket.socket(fileno=listener)])


def serve_airflow_2(listener: int, password: str) -> None:
    settings: dict[str, Any] = {
        "bind": f"fd://{listener}",
        "workers": importlib.import_module("airflow.configuration").conf.getint("webserver", "workers"),
        "timeout": 120,
        "preload_app": True,
        "worker_tmp_dir": str(Path.cwd()),
        "proc_name": "airflow-webserver",
        "control_socket_disable": True,
    }
    for hook in ("on_starting", "post_worker_init"):
        settings[hook] = getattr(importlib.import_module("airflow.www.gunicorn_config"), hook)

    class Webserver(importlib.import_module("gunicorn.app.base").BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in settings.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            application = importlib.import_module("airflow.www.app").cached_app()
            add_administrator(application, password)
            gc.enable()
            return application

    Webserver().run()


def add_administrator(application: Any, password: str) -> None:
    with application.app_context():
        manager = application.appbuilder.sm
        role = manager.find_role("Admin")
        # Airflow 2 hashes the password at each request, for a tenth of a second unless it is told to hash it once. It
        # is a random one, which can't be guessed.
        hashing = importlib.import_module("werkzeug.security").generate_password_hash
        hashed = hashing(password, method="pbkdf2:sha256:1", salt_length=16)
        if not manager.add_user("admin", "Sand", "Box", "admin@example.com", role, hashed_password=hashed):
            sys.exit("the administrator could not be created")
    # The workers are forked from here: none of them may go on with a connection of this process.
    settings = importlib.import_module("airflow.settings")
    settings.Session.remove()
    settings.engine.dispose()


if __name__ == "__main__":
    main()
