"""An Airflow's configuration, looked up as Airflow does, which integration/test_airflow_config.py is the judge of."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from airconn.airflow.config_file import DEFAULT, AirflowConfig, Backend, ConfigValue, secrets_backend
from airconn.errors import UsageError

PRINT = f"{shlex.quote(sys.executable)} -c"


def config(tmp_path: Path, cfg: str | None = None, **environ: str) -> AirflowConfig:
    if cfg is not None:
        (tmp_path / "airflow.cfg").write_text(cfg, encoding="utf-8")
    return AirflowConfig.load({"AIRFLOW_HOME": str(tmp_path), **environ})


def fernet(loaded: AirflowConfig) -> tuple[str, str] | None:
    value = loaded.get("core", "fernet_key")
    return (value.text, value.where) if value else None


def test_the_environment_beats_the_file_and_says_where_it_was(tmp_path: Path) -> None:
    cfg = "[core]\nfernet_key = file\n"
    assert fernet(config(tmp_path, cfg, AIRFLOW__CORE__FERNET_KEY="env")) == ("env", "AIRFLOW__CORE__FERNET_KEY")
    assert fernet(config(tmp_path, cfg)) == ("file", f"{tmp_path}/airflow.cfg [core] fernet_key")
    assert fernet(config(tmp_path, "")) is None


def test_an_empty_value_is_one(tmp_path: Path) -> None:
    assert fernet(config(tmp_path, "[core]\nfernet_key = file\n", AIRFLOW__CORE__FERNET_KEY="")) == (
        "",
        "AIRFLOW__CORE__FERNET_KEY",
    )
    assert fernet(config(tmp_path, "[core]\nfernet_key =\n")) == ("", f"{tmp_path}/airflow.cfg [core] fernet_key")


def test_a_default_is_told_to_be_one(tmp_path: Path) -> None:
    assert config(tmp_path, "").get("a", "b", default="x") == ConfigValue("x", DEFAULT)
    assert config(tmp_path, "[a]\nb = y\n").get("a", "b", default="x") == ConfigValue(
        "y", f"{tmp_path}/airflow.cfg [a] b"
    )


def test_the_file_is_looked_for_where_airflow_does(tmp_path: Path) -> None:
    (tmp_path / "airflow").mkdir()
    for name, where in (("home.cfg", tmp_path), ("airflow.cfg", tmp_path), ("airflow.cfg", tmp_path / "airflow")):
        (where / name).write_text("[core]\nfernet_key = x\n")
    for environ, file in (
        ({"AIRFLOW_CONFIG": f"{tmp_path}/home.cfg", "AIRFLOW_HOME": "/nowhere"}, tmp_path / "home.cfg"),
        ({"AIRFLOW_CONFIG": "$D/home.cfg", "D": str(tmp_path)}, tmp_path / "home.cfg"),
        ({"AIRFLOW_HOME": str(tmp_path)}, tmp_path / "airflow.cfg"),
        ({"AIRFLOW_HOME": "${D}", "D": "~", "HOME": str(tmp_path)}, tmp_path / "airflow.cfg"),
        ({"HOME": str(tmp_path)}, tmp_path / "airflow" / "airflow.cfg"),
    ):
        loaded = AirflowConfig.load(environ)
        assert (loaded.file, fernet(loaded)) == (file, ("x", f"{file} [core] fernet_key"))


def test_a_command_prints_the_value_as_it_is_and_beats_the_file(tmp_path: Path) -> None:
    cfg = f"[core]\nfernet_key_cmd = {PRINT} 'print(1)'\n"
    assert fernet(config(tmp_path, cfg)) == ("1\n", f"{tmp_path}/airflow.cfg [core] fernet_key_cmd")
    loaded = config(tmp_path, "[core]\nfernet_key = file\n", AIRFLOW__CORE__FERNET_KEY_CMD=f"{PRINT} 'print(2)'")
    assert fernet(loaded) == ("2\n", "AIRFLOW__CORE__FERNET_KEY_CMD")
    loaded = config(tmp_path, cfg + "fernet_key = file\n")
    assert fernet(loaded) == ("file", f"{tmp_path}/airflow.cfg [core] fernet_key")


def test_a_command_gets_the_environment_and_no_shell(tmp_path: Path) -> None:
    command = f"""{PRINT} 'import os, sys; print(os.environ["X"], sys.argv[1:])' '$X' "a b" ; > x"""
    assert fernet(config(tmp_path, AIRFLOW__CORE__FERNET_KEY_CMD=command, X="y")) == (
        "y ['$X', 'a b', ';', '>', 'x']\n",
        "AIRFLOW__CORE__FERNET_KEY_CMD",
    )


def test_a_command_that_prints_nothing_counts_in_the_environment_and_not_in_the_file(tmp_path: Path) -> None:
    cfg = "[database]\nsql_alchemy_conn_cmd = true\n[core]\nsql_alchemy_conn_cmd = echo x\n"
    value = config(tmp_path, cfg).get("database", "sql_alchemy_conn")
    assert value == ConfigValue("x\n", f"{tmp_path}/airflow.cfg [core] sql_alchemy_conn_cmd")
    assert fernet(config(tmp_path, "", AIRFLOW__CORE__FERNET_KEY_CMD="true")) == ("", "AIRFLOW__CORE__FERNET_KEY_CMD")


def test_only_options_that_are_sensitive_to_airflow_come_from_commands(tmp_path: Path) -> None:
    loaded = config(
        tmp_path,
        "[secrets]\nbackend_cmd = echo no\nbackend_secret = no\n",
        AIRFLOW__SECRETS__BACKEND_CMD="echo no",
        AIRFLOW__SECRETS__BACKEND_SECRET="no",
    )
    assert loaded.get("secrets", "backend") is None


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("sh -c 'echo canary; echo canary >&2; exit 3'", "the command failed with exit code 3"),
        ("/nowhere/canary", "the command can't be run: No such file or directory"),
        ("/", "the command can't be run: Permission denied"),
        ("echo 'canary", "not a command"),
        ("", "not a command"),
        ("  ", "not a command"),
        ("a\0b", "not a command"),
    ],
)
def test_a_command_that_fails_is_told_without_what_it_said(tmp_path: Path, command: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        fernet(config(tmp_path, AIRFLOW__CORE__FERNET_KEY_CMD=command))
    assert str(caught.value) == f"AIRFLOW__CORE__FERNET_KEY_CMD: {message}"
    assert "canary" not in str(caught.value.hint)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_command_that_hangs_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airconn.airflow.config_file._COMMAND_SECONDS", 0.2)
    with pytest.raises(UsageError, match=r"printed nothing within 0\.2 s"):
        fernet(config(tmp_path, AIRFLOW__CORE__FERNET_KEY_CMD="sleep 60"))


@pytest.mark.parametrize(
    ("cfg", "environ", "where"),
    [
        ("", {"AIRFLOW__CORE__FERNET_KEY_SECRET": "canary"}, "AIRFLOW__CORE__FERNET_KEY_SECRET"),
        ("[core]\nfernet_key_secret = canary\n", {}, "{home}/airflow.cfg [core] fernet_key_secret"),
    ],
)
def test_a_value_in_the_secrets_backend_is_asked_for(tmp_path: Path, cfg: str, environ, where: str) -> None:
    with pytest.raises(UsageError, match="is kept in Airflow's secrets backend") as caught:
        fernet(config(tmp_path, cfg, **environ))
    assert caught.value.where == where.format(home=tmp_path)
    assert caught.value.hint == "set AIRFLOW__CORE__FERNET_KEY to it"


def test_a_value_that_is_there_is_taken_before_the_secrets_backend(tmp_path: Path) -> None:
    assert fernet(config(tmp_path, "[core]\nfernet_key_secret = x\nfernet_key_cmd = echo c\n")) == (
        "c\n",
        f"{tmp_path}/airflow.cfg [core] fernet_key_cmd",
    )


def test_the_older_place_is_looked_at_after_the_newer_one_at_each_stage(tmp_path: Path) -> None:
    cfg = "[core]\nsql_alchemy_conn = old file\n[database]\nsql_alchemy_conn_cmd = echo new\n"

    def text(**environ: str) -> str:
        value = config(tmp_path, cfg, **environ).get("database", "sql_alchemy_conn")
        assert value is not None
        return value.text

    assert text() == "old file"
    assert text(AIRFLOW__CORE__SQL_ALCHEMY_CONN="old env") == "old env"
    both = {"AIRFLOW__CORE__SQL_ALCHEMY_CONN": "old env", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "echo new env"}
    assert text(**both) == "new env\n"


def test_percent_signs_of_the_file_are_doubled_and_those_of_the_environment_are_not(tmp_path: Path) -> None:
    cfg = "[DEFAULT]\nhost = h%%x\n[core]\nlogin = u\nfernet_key = a%%40b-%(login)s-%(host)s\n"
    assert fernet(config(tmp_path, cfg)) == ("a%40b-u-h%x", f"{tmp_path}/airflow.cfg [core] fernet_key")
    loaded = config(tmp_path, cfg, AIRFLOW__CORE__FERNET_KEY="a%%40b-%(login)s%")
    assert fernet(loaded) == ("a%%40b-%(login)s%", "AIRFLOW__CORE__FERNET_KEY")


@pytest.mark.parametrize("text", ["canary%40", "%", "%(absent)s canary", "%(fernet_key)s"])
def test_a_percent_sign_that_airflow_stumbles_over_is_told_without_the_value(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="a '%' that Airflow fails on") as caught:
        fernet(config(tmp_path, f"[core]\nfernet_key = {text}\n"))
    assert caught.value.where == f"{tmp_path}/airflow.cfg [core] fernet_key"
    assert caught.value.__suppress_context__


def test_names_in_a_value_are_replaced_until_nothing_changes(tmp_path: Path) -> None:
    environ = {"A": "$B-${C}", "B": "b", "C": "$D", "HOME": "/h/"}

    def text(value: str) -> str:
        loaded = config(tmp_path, AIRFLOW__CORE__FERNET_KEY=value, **environ)
        found = fernet(loaded)
        assert found is not None
        return found[0]

    assert text("$A") == "b-$D"
    assert text("~/x $B") == "/h/x b"
    assert text("~") == "/h"
    assert text("x~ ${} $ $-") == "x~ ${} $ $-"
    assert text("sqlite:///~/x") == "sqlite:///~/x"
    cfg = "[core]\nfernet_key = $B\n"
    assert fernet(config(tmp_path, cfg, **environ)) == ("b", f"{tmp_path}/airflow.cfg [core] fernet_key")


@pytest.mark.parametrize("value", ["x$A", "$A$A"])
def test_a_name_that_leads_back_to_itself_is_told(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError, match="refers to itself through"):
        fernet(config(tmp_path, AIRFLOW__CORE__FERNET_KEY="$A", A=value))
    assert fernet(config(tmp_path, AIRFLOW__CORE__FERNET_KEY="$A", A="$A")) == ("$A", "AIRFLOW__CORE__FERNET_KEY")


def test_names_of_options_and_sections_count_to_the_letter_in_the_file(tmp_path: Path) -> None:
    assert fernet(config(tmp_path, "[core]\nFERNET_KEY = x\n[Core]\nfernet_key = y\n")) is None


@pytest.mark.parametrize(
    ("cfg", "place", "message"),
    [
        ("[core]\nfernet_key = canary\nfernet_key = canary2\n", ":3", "an option is set twice"),
        ("[core]\n[core]\n", ":2", "a section is set twice"),
        ("canary = 1\n", ":1", "not a line of an airflow.cfg"),
        ("[core]\nx = 1\ncanary\n", ":3", "not a line of an airflow.cfg"),
    ],
)
def test_a_file_that_airflow_stumbles_over_is_told_by_its_line(
    tmp_path: Path, cfg: str, place: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        config(tmp_path, cfg)
    assert caught.value.where == f"{tmp_path}/airflow.cfg{place}"
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="it is not UTF-8"):
        AirflowConfig.load({"AIRFLOW_HOME": str(tmp_path)})
    with pytest.raises(UsageError, match="Is a directory"):
        AirflowConfig.load({"AIRFLOW_CONFIG": str(tmp_path)})


def test_no_value_is_in_a_repr(tmp_path: Path) -> None:
    loaded = config(tmp_path, "[core]\nfernet_key = canary\n", AIRFLOW__X__Y="canary")
    assert "canary" not in repr(loaded) + repr(loaded.get("core", "fernet_key"))
    backend = config(
        tmp_path, "", AIRFLOW__SECRETS__BACKEND="a.B", AIRFLOW__SECRETS__BACKEND_KWARGS='{"k": "canary"}'
    )
    assert "canary" not in repr(secrets_backend(backend))


def backend(tmp_path: Path, cfg: str = "", section: str = "secrets", **environ: str) -> Backend | None:
    return secrets_backend(config(tmp_path, cfg, **environ), section)  # type: ignore[arg-type]


def test_a_backend_and_its_options(tmp_path: Path) -> None:
    assert backend(tmp_path) is None
    assert backend(tmp_path, "[secrets]\nbackend =\nbackend_kwargs = {}\n") is None
    cfg = '[secrets]\nbackend = a.B\nbackend_kwargs = {"x": [1], "y": "%%"}\n'
    assert backend(tmp_path, cfg) == Backend(
        "a.B",
        {"x": [1], "y": "%"},
        f"{tmp_path}/airflow.cfg [secrets] backend",
        f"{tmp_path}/airflow.cfg [secrets] backend_kwargs",
    )
    found = backend(tmp_path, "[secrets]\nbackend = a.B\n", AIRFLOW__SECRETS__BACKEND_KWARGS='{"z": null}')
    assert found is not None
    assert (found.kwargs, found.kwargs_where) == ({"z": None}, "AIRFLOW__SECRETS__BACKEND_KWARGS")


@pytest.mark.parametrize("kwargs", ["", "{}", "null", "[]", "0", '""'])
def test_options_that_are_nothing(tmp_path: Path, kwargs: str) -> None:
    found = backend(tmp_path, AIRFLOW__SECRETS__BACKEND="a.B", AIRFLOW__SECRETS__BACKEND_KWARGS=kwargs)
    assert found is not None
    assert found.kwargs == {}


@pytest.mark.parametrize("kwargs", ["{canary", "[1]", "5", "'{}'", " ", "[" * 100_000])
def test_options_that_are_no_object_are_an_error_and_not_none(tmp_path: Path, kwargs: str) -> None:
    with pytest.raises(UsageError, match="not a JSON object") as caught:
        backend(tmp_path, AIRFLOW__SECRETS__BACKEND="a.B", AIRFLOW__SECRETS__BACKEND_KWARGS=kwargs)
    assert caught.value.where == "AIRFLOW__SECRETS__BACKEND_KWARGS"
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_an_option_in_a_variable_of_its_own_is_a_text_and_beats_the_json(tmp_path: Path) -> None:
    found = backend(
        tmp_path,
        AIRFLOW__SECRETS__BACKEND="a.B",
        AIRFLOW__SECRETS__BACKEND_KWARGS='{"a": 1, "b": 2}',
        AIRFLOW__SECRETS__BACKEND_KWARG__A="$HOME",
        AIRFLOW__SECRETS__BACKEND_KWARG__ROLE_ID="{}",
        AIRFLOW__SECRETS__BACKEND_KWARG__="x",
        AIRFLOW__WORKERS__SECRETS_BACKEND_KWARG__C="c",
    )
    assert found is not None
    assert found.kwargs == {"a": "$HOME", "b": 2, "role_id": "{}"}
    assert found.kwargs_where == "AIRFLOW__SECRETS__BACKEND_KWARGS and AIRFLOW__SECRETS__BACKEND_KWARG__*"


def test_a_worker_has_a_backend_of_its_own_or_that_of_the_others(tmp_path: Path) -> None:
    shared = {"AIRFLOW__SECRETS__BACKEND": "a.B", "AIRFLOW__SECRETS__BACKEND_KWARG__A": "1"}
    found = backend(tmp_path, section="workers", **shared)
    assert found is not None
    assert (found.class_path, found.kwargs, found.where) == ("a.B", {"a": "1"}, "AIRFLOW__SECRETS__BACKEND")
    own = {"AIRFLOW__WORKERS__SECRETS_BACKEND": "c.D", "AIRFLOW__WORKERS__SECRETS_BACKEND_KWARG__C": "2"}
    found = backend(tmp_path, section="workers", **shared, **own)
    assert found is not None
    assert (found.class_path, found.kwargs, found.where) == ("c.D", {"c": "2"}, "AIRFLOW__WORKERS__SECRETS_BACKEND")
    found = backend(tmp_path, **shared, **own)
    assert found is not None
    assert found.class_path == "a.B"
