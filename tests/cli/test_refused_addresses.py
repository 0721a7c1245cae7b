"""An address with a typo may have a password or a token in it, which no message shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.quoting import shown_address

SECRET = "canary"
MISSPELT = [
    *("https:/admin:canary@host", "https:admin:canary@host/x", "http:admin:canary@host", "HTTPS:/admin:canary@host"),
    *("https//admin:canary@host", "https:/canary@host", "//admin:canary@host", "admin:canary@host:8080/x"),
    *("admin:canary@host", "htps://admin:canary@host/?token=canary", "://u:canary@h", "htt ps://u:canary@h"),
    *("https:\\\\u:canary@h", "https:/u:ca/nary@canary@h", "https:/u:p?canary@h", "postgres:u:canary@h/db"),
    *("http:/host?token=canary", "localhost:8080/?token=canary", "host:8080?token=canary", "http:host#canary"),
    *("vault:/x:canary@h/secret", "metadb+postgresql:/u:canary@h/db", "aws-ssm:/AK:canary@eu"),
    *("@admin:canary@host", "@prod?token=canary", "https://a:canary@[host"),
    *("metadb+postgresql//u:canary@h/db", "metadb:postgresql://u:canary@h/db", "metadb+postgresql://u:canary@h:x/db"),
]


@pytest.mark.parametrize("address", MISSPELT)
def test_what_is_refused_as_an_address_is_quoted_without_its_secrets(
    airconn, tmp_path: Path, monkeypatch, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text("AIRFLOW_VAR_A=1\n")
    commands = [
        ["list", "--from", address],
        ["export", "--from", address],
        ["import", "s.env", "--to", address],
        ["import", address, "--to", "t.env"],
        ["import", "s.env", "--to", "t.env", "--fill", address],
        ["diff", "s.env", address],
        ["check", address],
        ["convert", address],
        ["import", "s.env", "--to", "t.env", "--overlay", address],
        ["explain", "a", "--in", address],
    ]
    if "/" in address.lstrip("/"):  # no such directory
        commands.append(["export", "--from", "s.env", "-o", f"x{address}", "--format", "env"])
    for command in commands:
        result = airconn(*command)
        assert result.code in (2, 3, 4, 5)
        assert SECRET not in result.out + result.err, command
    for place in ("AIRCONN_URL", "airconn.toml"):
        (tmp_path / "airconn.toml").write_text("" if place == "AIRCONN_URL" else f"url = {json.dumps(address)}\n")
        result = airconn("list", env={place: address})
        assert result.code in (2, 3, 5)
        assert SECRET not in result.out + result.err


def test_a_command_that_is_no_command_is_not_shown(airconn) -> None:
    result = airconn("list", "--from", "airflow-cli:docker exec -e X=canary '")
    assert (result.code, SECRET in result.err) == (2, False)
    assert "the command behind airflow-cli: has a quote that isn't closed" in result.err


def test_a_plan_shows_no_secret_of_an_address_either(airconn, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text("AIRFLOW_VAR_A=1\n")
    assert airconn("import", "s.env", "--to", "t.env", "--plan-out", "plan.json").code == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    for change in ({"to": "https:/a:canary@h"}, {"sources": ["https:/a:canary@h"]}, {"to": "https//a:canary@h"}):
        (tmp_path / "other.json").write_text(json.dumps({**plan, "request": {**plan["request"], **change}}))
        result = airconn("apply", "other.json")
        assert result.code in (2, 3)
        assert SECRET not in result.out + result.err
    assert SECRET not in airconn("apply", "https:/a:canary@h").err


def test_a_file_may_be_called_like_that(airconn, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team:prod@eu.env").write_text("AIRFLOW_VAR_A=1\n")
    assert "team:prod@eu.env" in airconn("list", "--from", "team:prod@eu.env").err
    assert airconn("import", "team:prod@eu.env", "--to", "./a:b@c.env").code == 0
    assert (tmp_path / "a:b@c.env").exists()
    assert "a@b.env: no such file" in airconn("list", "--from", "a@b.env").err


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https:/admin:PW@host/x", "https:/…@host/x"),
        ("admin:P@W@host:80", "…@host:80"),
        ("https://PW@host?a=PW#PW", "https://…@host?…"),
        ("dir/a@b.env", "dir/a@b.env"),
        ("@prod", "@prod"),
        ("@a:PW@host", "@…@host"),
        ("localhost:8080/#PW", "localhost:8080/#…"),
    ],
)
def test_what_tells_where_it_was_to_go_is_shown(address: str, shown: str) -> None:
    assert shown_address(address) == shown
