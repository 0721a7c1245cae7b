"""airconn gets from an Airflow's configuration what that Airflow gets from it."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from airconn.airflow.config_file import AirflowConfig, secrets_backend
from airconn.errors import UsageError
from airconn.sandbox import environment as sandboxes
from airconn.sandbox.versions import resolve
from tests.integration import in_airflow_config
from tests.integration.conftest import on_worker_of

TEXTS = (
    "plain", "", " padded ", "a%40b", "a%%40b", "%", "%(other)s", "%(absent)s", "$A", "${A}x", "$ABSENT", "~/x", "~",
    "{AIRFLOW_HOME}/x", "$B", "é#;x", "a # b", "x;y", "sqlite:////x", "'quoted'",
)  # fmt: skip
COMMANDS = ("echo one", "printf two", "true", "false", "/nowhere", "echo 'a", "echo $A ~ *", "")
KWARGS = ('{"a": 1}', '{"a": "%%", "b": null}', "", "{}", "null", "[]", "[1]", "{bad", "5")
BROKEN = ("x = 1\n", "[core]\nx\n", "[core]\na = 1\na = 2\n", "[core]\n[core]\n", "[core\nx = 1\n", "[]\na = 1\n")
ODD = (
    "[DEFAULT]\nfernet_key = d\n[core]\n",
    "[Core]\nfernet_key = x\n",
    "[core]\nFernet_Key = x\n",
    "[core]\nfernet_key : x\n",
    "[core]\nfernet_key = a\n  b\n\n  c\n",
    "[core]\n# fernet_key = a\n; b\nfernet_key = a ; c\n",
    "# é\n",
)
"""Files at which Airflow fails, and files that it reads in a way of their own."""


def cases() -> list[dict[str, Any]]:
    """Arrangements of the options that are asked for, over the environment and airflow.cfg."""
    chance = random.Random(7)
    made: list[dict[str, Any]] = []
    for _ in range(250):
        environ = {"A": "a", "B": "$A/$A", "HOME": "/home/me", "PATH": os.environ["PATH"]}
        lines: dict[str, dict[str, str]] = {"core": {"other": "o"}, "database": {}, "secrets": {}, "workers": {}}
        for section, key in (("core", "fernet_key"), ("database", "sql_alchemy_conn"), ("core", "sql_alchemy_conn")):
            _scatter(chance, environ, lines, section, key, TEXTS, 0.3)
            _scatter(chance, environ, lines, section, f"{key}_cmd", COMMANDS, 0.25)
        _scatter(chance, environ, lines, "core", "parallelism", TEXTS, 0.3)
        _scatter(chance, environ, lines, "core", "parallelism_cmd", COMMANDS, 0.3)
        _scatter(chance, environ, lines, "database", "sql_alchemy_schema", TEXTS, 0.2)
        for section, key in (("secrets", "backend"), ("workers", "secrets_backend")):
            _scatter(chance, environ, lines, section, key, (in_airflow_config.CLASS, ""), 0.4)
            _scatter(chance, environ, lines, section, f"{key}_kwargs", KWARGS, 0.3)
            for name in ("A", "ROLE_ID", ""):
                if chance.random() < 0.15:
                    environ[f"AIRFLOW__{section}__{key}_kwarg__{name}".upper()] = chance.choice(["$A", "{}", ""])
        cfg = "".join(
            f"[{section}]\n" + "".join(f"{key} = {text}\n" for key, text in options.items())
            for section, options in lines.items()
        )
        made.append({"environ": environ, "cfg": chance.choice([cfg] * 9 + [None])})
    return made + [{"environ": {"PATH": os.environ["PATH"], "HOME": "/h"}, "cfg": cfg} for cfg in (*BROKEN, *ODD)]


def _scatter(
    chance: random.Random,
    environ: dict[str, str],
    lines: dict[str, dict[str, str]],
    section: str,
    key: str,
    texts: tuple[str, ...],
    likely: float,
) -> None:
    if chance.random() < likely:
        environ[f"AIRFLOW__{section}__{key}".upper()] = chance.choice(texts)
    if chance.random() < likely:
        lines[section][key] = chance.choice(texts)


def ours(case: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The same as airconn sees it, in the shape of the script's answers."""
    environ = {**case["environ"], "AIRFLOW_HOME": str(directory)}
    (directory / "airflow.cfg").write_text(case["cfg"] or "")
    try:
        config = AirflowConfig.load(environ)
    except UsageError:
        return {"file": "error"}
    values: dict[str, Any] = {}
    for section, key in in_airflow_config.ASKED:
        try:
            found = config.get(section, key)
            values[f"{section}.{key}"] = found.text if found else None
        except UsageError:
            values[f"{section}.{key}"] = {"error": "error"}
    backends: list[Any] = []
    for section in ("secrets", "workers"):
        try:
            made = secrets_backend(config, section)  # type: ignore[arg-type]
            backends.append(made.kwargs if made else None)
        except UsageError as error:
            backends.append({"error": error.message})
    return {"values": values, "backends": backends}


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in ("2.7.3", "2.11.2", "3.3.2")]
)
def test_each_option_is_what_airflow_gets(version: str, tmp_path: Path) -> None:
    python = sandboxes.provide(resolve(version), os.environ, lambda text: None).python
    asked = cases()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [python, "-W", "ignore", in_airflow_config.__file__, tmp_path],
        input=json.dumps(asked), env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout.splitlines()[-1])
    assert len(answers) == len(asked) > 250
    found: set[str] = set()
    for case, theirs in zip(asked, answers, strict=True):
        mine = ours(case, tmp_path)
        assert ("file" in theirs) == ("file" in mine), case
        if "file" in theirs:
            found.add("file")
            continue
        for name, value in theirs["values"].items():
            mine_too = mine["values"][name]
            if isinstance(value, dict):
                assert mine_too == {"error": "error"}, (name, case, value)
                found.add("error")
                continue
            text, default = value
            assert text == (default if mine_too is None else mine_too), (name, case)
            found.add("nothing" if mine_too is None else "value")
        assert ("unknown" in theirs["backends"]) == version.startswith("2")
        _agree_about_backends(theirs["backends"], mine["backends"], case, version)
        found |= {"backend" for backend in theirs["backends"] if isinstance(backend, dict) and "a" in backend}
    assert found == {"file", "error", "nothing", "value", "backend"}


def _agree_about_backends(theirs: list[Any], mine: list[Any], case: dict[str, Any], version: str) -> None:
    for number, (backend, my_backend) in enumerate(zip(theirs, mine, strict=True)):
        single = any("_KWARG__" in name for name in case["environ"])
        if backend == "unknown" or (version.startswith("2") and (single or number)):
            continue
        if isinstance(my_backend, dict) and "error" in my_backend:
            # Where Airflow warns and goes on without options, airconn doesn't; or both can't find it out.
            fails = isinstance(backend, dict) and "error" in backend
            assert fails or "not a JSON object" in my_backend["error"], case
            continue
        assert backend == my_backend, case
