"""What a sandboxed Airflow reads at its start."""

from __future__ import annotations

import configparser
import json
import stat
from pathlib import Path

import pytest

from airconn.sandbox.surroundings import Secrets, airflow_environ, write_config
from airconn.sandbox.versions import resolve


def read_config(home: Path) -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(home / "airflow.cfg")
    return config


@pytest.mark.parametrize("version", ["2.7.3", "3.3.2"])
def test_the_files_with_secrets_are_the_users_alone(tmp_path: Path, version: str) -> None:
    write_config(tmp_path, resolve(version), Secrets(), "http://127.0.0.1:1234")
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_airflow_2_gets_basic_authentication_and_no_password_file(tmp_path: Path) -> None:
    secret = Secrets()
    write_config(tmp_path, resolve("2.7.3"), secret, "http://127.0.0.1:1234")
    config = read_config(tmp_path)
    assert config["core"]["fernet_key"] == secret.fernet_key
    assert config["database"]["sql_alchemy_conn"] == f"sqlite:///{tmp_path}/airflow.db"
    assert "basic_auth" in config["api"]["auth_backends"]
    assert (config["webserver"]["web_server_host"], config["webserver"]["web_server_port"]) == ("127.0.0.1", "1234")
    assert [path.name for path in tmp_path.iterdir()] == ["airflow.cfg"]
    assert secret.password not in (tmp_path / "airflow.cfg").read_text()


def test_airflow_3_gets_one_administrator_whose_password_is_in_a_file(tmp_path: Path) -> None:
    secret = Secrets()
    write_config(tmp_path, resolve("3.3.2"), secret, "http://127.0.0.1:1234")
    config = read_config(tmp_path)
    assert config["core"]["simple_auth_manager_users"] == "admin:admin"
    assert json.loads(Path(config["core"]["simple_auth_manager_passwords_file"]).read_text()) == {
        "admin": secret.password
    }
    assert (config["api"]["host"], config["api"]["port"]) == ("127.0.0.1", "1234")


def test_settings_of_the_caller_win_and_a_percent_sign_stays_one(tmp_path: Path) -> None:
    settings = {"core": {"load_examples": "100%"}, "other": {"option": "value"}}
    write_config(tmp_path, resolve("3.3.2"), Secrets(), "http://127.0.0.1:1234", settings)
    config = read_config(tmp_path)
    assert config["core"]["load_examples"] == "100%"
    assert config["other"]["option"] == "value"
    assert config["core"]["fernet_key"]


def test_secrets_are_new_each_time_and_not_in_their_repr() -> None:
    one, other = Secrets(), Secrets()
    assert not set(one.values()) & set(other.values())
    assert not [value for value in one.values() if value in repr(one)]


def test_nothing_of_another_airflow_or_another_python_is_passed_on(tmp_path: Path) -> None:
    environ = {
        "AIRFLOW__CORE__FERNET_KEY": "other",
        "AIRFLOW_CONN_X": "other",
        "AIRFLOW_VAR_X": "other",
        "AIRFLOW_HOME": "other",
        "AIRFLOW_CONFIG": "other",
        "PYTHONPATH": "other",
        "PYTHONHOME": "other",
        "PYTHONDONTWRITEBYTECODE": "1",
        "VIRTUAL_ENV": "other",
        "PYTHONUNBUFFERED": "1",
        "PATH": "/bin",
        "LANG": "C",
    }
    kept = {"PYTHONUNBUFFERED": "1", "PATH": "/bin", "LANG": "C"}
    assert airflow_environ(environ, home=tmp_path) == {
        **kept,
        "AIRFLOW_HOME": str(tmp_path),
        "SCARF_ANALYTICS": "false",
    }


def test_the_password_is_not_sent_through_a_proxy(tmp_path: Path) -> None:
    environ = {"HTTPS_PROXY": "http://proxy.example", "no_proxy": "internal"}
    result = airflow_environ(environ, home=tmp_path)
    assert result["no_proxy"] == result["NO_PROXY"] == "internal,127.0.0.1"
