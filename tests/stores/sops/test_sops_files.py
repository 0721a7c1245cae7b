"""Files that SOPS encrypts, by the real sops: read, written, changed, and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airconn.formats.sops import sealed
from airconn.formats.sops.changes import is_same
from airconn.formats.sops.sealed import SopsType
from airconn.stores.sops import files
from airconn.stores.sops.program import SopsProgram
from tests.stores.sops.conftest import SCRIPTS, Sops

Run = Callable[..., Any]
SECRET = "hunter2-canary"
ENV = f"""\
# warehouse of the team
AIRFLOW_CONN_DB='postgres://u:{SECRET}@h:5432/x'

AIRFLOW_CONN_API='{{"conn_type": "http", "host": "h", "password": "other-pw", "extra": {{"a": 1.50}}}}'
AIRFLOW_VAR_REGION=eu
"""
YAML = f"""\
# warehouse of the team
connections:
  db:  # of the team
    conn_type: postgres
    host: h
    login: u
    password: {SECRET}
    port: 5432
  api:
    conn_type: http
    password: "other: pw\\nwith lines"
    extra: '{{"a": 1.50, "token": "t0ken"}}'
variables:
  region: eu
  text: |
    two
    lines
"""
JSON = json.dumps(
    {
        "connections": {
            "db": {"conn_type": "postgres", "host": "h", "login": "u", "password": SECRET, "port": 5432},
            "api": {"conn_type": "http", "password": "other-pw", "extra": '{"a": 1.50}'},
        },
        "variables": {"region": "eu", "quote": 'é"\\'},
    },
    indent=2,
)
SETTINGS = f"""\
airflow:
  connections:
    - conn_id: db
      conn_type: postgres
      conn_host: h
      conn_login: u
      conn_password: {SECRET}
    - conn_id: api
      conn_type: http
      conn_password: other-pw
  pools:
    - pool_name: p
      pool_slot: 4
  variables:
    - variable_name: region
      variable_value: eu
"""
URIS = f"db=postgres://u:{SECRET}@h:5432/x\napi=http://:other-pw@h\n"
SECRET_MANIFEST = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: airflow
stringData:
  AIRFLOW_CONN_DB: postgres://u:{SECRET}@h:5432/x
  AIRFLOW_VAR_REGION: eu
"""
FILES = {
    "c.env": ENV,
    "c.yaml": YAML,
    "c.json": JSON,
    "airflow_settings.yaml": SETTINGS,
    "c.uri": URIS,
    "secret.yaml": SECRET_MANIFEST,
}
PARTS = {
    "whole": (),
    "encrypted_regex": ("--encrypted-regex", "^(password|conn_password|extra|AIRFLOW_CONN_.*)$"),
    "unencrypted_regex": ("--unencrypted-regex", "^(host|port|conn_type|conn_id|conn_host|AIRFLOW_VAR_.*)$"),
    "encrypted_suffix": ("--encrypted-suffix", "password"),
    "unencrypted_suffix": ("--unencrypted-suffix", "_type"),
    "mac_only_encrypted": ("--mac-only-encrypted", "--encrypted-regex", "password"),
}
PARTLY = [
    *(("c.yaml", part) for part in PARTS if part != "whole"),
    ("c.env", "encrypted_regex"),
    ("c.json", "encrypted_regex"),
    ("c.json", "unencrypted_suffix"),
    ("airflow_settings.yaml", "encrypted_regex"),
    ("airflow_settings.yaml", "unencrypted_regex"),
    ("secret.yaml", "encrypted_regex"),
]
"""Files of which a part is encrypted."""


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def shown(run: Run, path: Path) -> Any:
    result = run("convert", path, "--format", "yaml")
    assert result.code == 0, result.err
    return result.out


def changed_lines(before: str, after: str) -> list[str]:
    """The lines of `after` that aren't in `before`, where both have the same number of lines."""
    old, new = before.splitlines(), after.splitlines()
    assert len(old) == len(new)
    return [two for one, two in zip(old, new, strict=True) if one != two]


@pytest.mark.parametrize(("name", "part"), [(name, "whole") for name in FILES] + PARTLY)
def test_an_encrypted_file_is_read_as_the_same_file_in_clear(
    name: str, part: str, run: Run, sops: Sops, tmp_path: Path
) -> None:
    plain = written(tmp_path / name, FILES[name])
    before = shown(run, plain)
    sops.encrypt(plain, *PARTS[part])
    assert SECRET not in plain.read_text() or part not in ("whole", "encrypted_regex")
    assert shown(run, plain) == before


@pytest.mark.parametrize("name", [name for name in FILES if name != "c.uri"])
def test_places_are_lines_of_the_encrypted_file(name: str, run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    lines = path.read_text().splitlines()
    plan = run("import", path, "--to", tmp_path / "target.env", "--dry-run", "-v", "--connections")
    found = {
        match[1]: int(match[2]) for match in re.finditer(rf"connections/(\S+) .*?{re.escape(name)}:(\d+)", plan.out)
    }
    assert found, plan.out + plan.err
    for id_, number in found.items():
        near = "\n".join(lines[number - 1 : number + 1])
        assert re.search(rf"\b{id_}\b|conn_id: ENC|CONN_{id_.upper()}", near), (id_, number, near)


def test_a_fault_names_its_line_in_the_encrypted_file(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(
        written(tmp_path / "c.env", f"# one\nAIRFLOW_VAR_A=x\n\nAIRFLOW_CONN_B=postgres://h:{SECRET}/\n")
    )
    result = run("import", path, "--to", tmp_path / "t.yaml")
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "CONN_B" in text)
    assert result.code == 3
    assert f"{path}:{line}:" in result.err
    assert SECRET not in result.err


@pytest.mark.parametrize(("name", "part"), [(name, "whole") for name in FILES if name != "c.uri"] + PARTLY)
def test_one_changed_password_changes_one_value_and_the_mac(
    name: str, part: str, run: Run, sops: Sops, tmp_path: Path
) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]), *PARTS[part])
    before = path.read_text()
    result = run("set", "connections/db.password=-", "--to", path, stdin="new-password")
    assert result.code == 0, result.err
    changed = changed_lines(before, path.read_text())
    rest = [line for line in changed if "mac" not in line and "lastmodified" not in line]
    assert len(rest) == 1, changed
    assert "new-password" in shown(run, path)
    assert SECRET not in shown(run, path)
    assert "new-password" in sops.decrypt(path)


@pytest.mark.parametrize(("name", "part"), [("c.yaml", "encrypted_regex"), ("c.env", "whole"), ("c.json", "whole")])
def test_git_shows_one_changed_value_and_the_mac(name: str, part: str, run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]), *PARTS[part])

    def git(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    git("init", "-q")
    git("add", name)
    assert run("set", "connections/db.password=-", "--to", path, stdin="new-password").code == 0
    assert git("diff", "--name-only").split() == [name]
    lines = [line for line in git("diff", "--unified=0").splitlines()[4:] if not line.startswith("@@")]
    rest = [line for line in lines if "lastmodified" not in line]  # which is in seconds
    assert sorted(line[0] for line in rest) == ["+", "+", "-", "-"], rest
    assert len([line for line in rest if re.search(r"\bmac\b|sops_mac", line)]) == 2
    assert not any(value in line for value in (SECRET, "new-password") for line in lines)
    assert git("diff", "--check") == ""


def test_layout_comments_and_numbers_of_an_edited_file_stay(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = written(tmp_path / "c.yaml", YAML + "other:\n  x: 1.50   # as it is\n\n  y: 2001-12-14\n")
    path.write_text(path.read_text().replace("other:\n", "pools: {}\n#").replace("\n  y: 2001-12-14\n", ""))
    sops.encrypt(path, "--encrypted-regex", "^password$")
    text = (
        path.read_text()
        .replace("    port: 5432", "    port: 5432   # the usual one")
        .replace("variables:", "\nvariables:")
    )
    path.write_text(text)
    assert run("set", "connections/db.password=-", "--to", path, stdin="new").code == 0
    rest = [
        line for line in changed_lines(text, path.read_text()) if "mac" not in line and "lastmodified" not in line
    ]
    assert len(rest) == 1
    assert rest[0].strip().startswith("password: ENC[")


@pytest.mark.parametrize("name", ["c.env", "c.yaml", "c.json", "airflow_settings.yaml", "c.uri", "secret.yaml"])
def test_objects_are_created_and_deleted_and_no_other_ciphertext_changes(
    name: str, run: Run, sops: Sops, tmp_path: Path
) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    before = set(re.findall(r"ENC\[[^]]*\]", path.read_text()))
    extra = written(
        tmp_path / "new.json", json.dumps({"connections": {"new": {"conn_type": "ftp", "password": "n-pw"}}})
    )
    result = run("import", extra, "--connections", "--to", path)
    assert result.code == 0, result.err
    result = run("delete", "connections/db", "--from", path, "--yes")
    assert result.code == 0, result.err
    listed = run("list", "--from", path, "--connections").out
    assert "new" in listed
    assert "db" not in listed.split()
    assert "n-pw" not in path.read_text()
    assert "n-pw" in sops.decrypt(path)
    if name != "c.uri":
        after = set(re.findall(r"ENC\[[^]]*\]", path.read_text()))
        kept = before & after
        gone = 1 if name in ("c.env", "secret.yaml") else 4 if name == "airflow_settings.yaml" else 6
        assert len(before) - len(kept) <= gone + 2


@pytest.mark.parametrize(("name", "most"), [("c.json", 9), ("c.yaml", 40)])
def test_many_new_objects_leave_all_that_was_there(
    name: str, most: int, run: Run, sops: Sops, tmp_path: Path
) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    before = re.findall(r"ENC\[[^]]*type:(?:str|comment|float|int)\]", path.read_text())[:-1]
    calls = tmp_path / "calls"
    counted = script(tmp_path / "counted", f'echo x >> {calls}; exec sops "$@"')
    new = {f"n{number}": {"conn_type": "http", "password": f"pw-{number}"} for number in range(15)}
    source = written(tmp_path / "new.json", json.dumps({"connections": new}))
    result = run("import", source, "--connections", "--to", path, env={"AIRCONN_SOPS": str(counted)})
    assert result.code == 0, result.err
    assert len(calls.read_text().split()) <= most
    assert "pw-14" in sops.decrypt(path)
    assert [value for value in before if value not in path.read_text()] == []


def test_the_comment_with_the_true_id_comes_into_an_encrypted_env_file(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.env", ENV))
    source = written(tmp_path / "v.json", '{"variables": {"TrueId": "v"}, "connections": {}}')
    assert run("import", source, "--to", path).code == 0
    assert "TrueId" in run("list", "--from", path).out
    assert "TrueId" not in path.read_text()
    assert run("delete", "variables/TrueId", "--from", path, "--yes").code == 0
    assert "trueid" not in run("list", "--from", path).out.lower()
    assert "warehouse of the team" in sops.decrypt(path)


@pytest.mark.parametrize("name", ["n.enc.env", "n.enc.yaml", "n.enc.json", "airflow_settings.enc.yaml", "n.enc.uri"])
def test_a_new_file_is_encrypted_by_a_rule_for_its_path(
    name: str, run: Run, rule: Callable[..., None], sops: Sops, tmp_path: Path
) -> None:
    rule()
    source = written(tmp_path / "c.env", ENV)
    result = run("convert", source, "-o", tmp_path / name)
    assert result.code == 0, result.err
    assert "encrypted with sops" in result.err
    text = (tmp_path / name).read_text()
    assert SECRET not in text
    assert sealed.type_of(text) is not None
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    plain = tmp_path / name.replace(".enc", "")
    assert run("convert", source, "-o", plain).code == 0
    assert shown(run, tmp_path / name) == shown(run, plain)
    sops.decrypt(tmp_path / name)  # as its name lets sops take its type


def test_a_file_without_a_rule_is_written_in_clear(run: Run, rule: Callable[..., None], tmp_path: Path) -> None:
    rule()
    assert run("convert", written(tmp_path / "c.env", ENV), "-o", tmp_path / "other.yaml").code == 0
    assert SECRET in (tmp_path / "other.yaml").read_text()


def test_import_to_a_new_file_with_a_rule_encrypts_it(run: Run, rule: Callable[..., None], tmp_path: Path) -> None:
    rule()
    assert run("import", written(tmp_path / "c.env", ENV), "--to", tmp_path / "t.enc.yaml").code == 0
    assert SECRET not in (tmp_path / "t.enc.yaml").read_text()


def test_encrypt_none_writes_a_file_in_clear(run: Run, rule: Callable[..., None], tmp_path: Path) -> None:
    rule()
    path = tmp_path / "n.enc.env"
    assert run("convert", written(tmp_path / "c.env", ENV), "-o", path, "--encrypt", "none").code == 0
    assert SECRET in path.read_text()


def test_encrypt_sops_takes_the_keys_of_the_environment(run: Run, sops: Sops, tmp_path: Path) -> None:
    source, path = written(tmp_path / "c.env", ENV), tmp_path / "n.yaml"
    env = {"SOPS_AGE_RECIPIENTS": sops.recipient}
    assert run("convert", source, "-o", path, "--encrypt", "sops", env=env).code == 0
    assert SECRET not in path.read_text()
    without = run("convert", source, "-o", tmp_path / "m.yaml", "--encrypt", "sops")
    assert without.code == 2
    assert "sops doesn't know for which keys to encrypt this file" in without.err
    assert "nothing was written" in without.err
    assert not (tmp_path / "m.yaml").exists()


@pytest.mark.parametrize("name", ["c.env", "c.yaml", "c.json", "c.uri"])
def test_replace_encrypts_a_file_anew_with_its_keys_and_its_choices(
    name: str, run: Run, sops: Sops, tmp_path: Path
) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]), "--encrypted-regex", "password|CONN")
    before = sealed.metadata_of(path.read_text(), sealed.type_of(path.read_text()) or SopsType.YAML)
    source = written(tmp_path / "source.env", ENV)
    result = run("convert", source, "-o", path, "--replace")
    assert result.code == 0, result.err
    after = sealed.metadata_of(path.read_text(), sealed.type_of(path.read_text()) or SopsType.YAML)
    assert (after.keys, after.rules) == (before.keys, before.rules)
    assert SECRET not in path.read_text()
    assert SECRET in sops.decrypt(path)


def test_secrets_that_a_rule_leaves_in_clear_are_told(run: Run, rule: Callable[..., None], tmp_path: Path) -> None:
    rule(encrypted_regex="^login$")
    result = run("convert", written(tmp_path / "c.env", ENV), "-o", tmp_path / "n.enc.yaml")
    assert result.code == 0
    assert "secrets of 2 objects are written as plain text, because the rule" in result.err


def test_overlays_fills_and_values_of_files_may_be_encrypted(run: Run, sops: Sops, tmp_path: Path) -> None:
    base = written(tmp_path / "base.yaml", "connections:\n  db: {conn_type: postgres, password: '***'}\n")
    overlay = sops.encrypt(written(tmp_path / "o.yaml", "connections:\n  db:\n    host: over\n"))
    fill = sops.encrypt(written(tmp_path / "fill.env", ENV))
    value = sops.encrypt(written(tmp_path / "login.txt", "me"))
    result = run(
        "convert",
        base,
        "--overlay",
        overlay,
        "--fill",
        fill,
        "--set-file",
        f"connections/db.login={value}",
        "--format",
        "yaml",
    )
    assert result.code == 0, result.err
    assert all(word in result.out for word in ("over", SECRET, "login: me"))


def test_an_encrypted_text_is_read_from_standard_input(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    assert "connections  db" in run("list", "--from", "-", stdin=path.read_text()).out


def test_without_sops_the_way_is_told(run: Run, rule: Callable[..., None], sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    result = run("import", path, "--to", tmp_path / "t.env", env={"PATH": "/usr/bin:/bin"})
    assert result.code == 3
    assert f"error: {path}: this file is encrypted with sops, and sops isn't on PATH\nhint:  install it" in result.err
    rule()
    result = run(
        "convert", written(tmp_path / "p.env", ENV), "-o", tmp_path / "n.enc.env", env={"PATH": "/usr/bin:/bin"}
    )
    assert result.code == 2
    assert "--encrypt none writes it in clear" in result.err
    assert not (tmp_path / "n.enc.env").exists()


@pytest.mark.parametrize("name", ["c.env", "c.yaml", "c.json"])
def test_a_value_that_was_changed_by_hand_is_told(name: str, run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    text = path.read_text()
    values = re.findall(r"ENC\[AES256_GCM,data:[^]]*type:str\]", text)
    path.write_text(text.replace(values[0], values[1], 1))
    result = run("list", "--from", path)
    assert result.code == 3
    assert "the MAC of this encrypted file doesn't fit" in result.err


def test_a_line_that_was_removed_by_hand_is_told(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.env", ENV))
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "REGION" not in line))
    result = run("list", "--from", path)
    assert result.code == 3
    assert "the MAC of this encrypted file doesn't fit" in result.err


def test_a_missing_key_is_told_with_the_kinds_of_keys(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    result = run("list", "--from", path, env={"SOPS_AGE_KEY": "", "HOME": str(tmp_path)})
    assert result.code == 3
    assert "sops has no key for this file, which is encrypted for age (1)" in result.err


def test_values_without_the_metadata_of_sops_stay_placeholders(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.env", ENV))
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "sops_" not in line))
    result = run("import", path, "--to", tmp_path / "t.yaml")
    assert result.code == 4
    assert "encrypted by sops" in result.err + result.out
    assert run("check", path).code == 3


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_sops_that_never_answers_ends_with_the_deadline(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    slow = script(tmp_path / "slow", "sleep 60 & sleep 60")
    began = time.monotonic()
    result = run("list", "--from", path, env={"AIRCONN_SOPS": str(slow), "AIRCONN_DEADLINE": "1"})
    assert time.monotonic() - began < 10
    assert result.code == 3
    assert "sops has not answered within" in result.err


def test_a_sops_that_is_too_old_to_write_is_told_with_its_version(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    before = path.read_bytes()
    old = script(
        tmp_path / "old",
        f'case "$*" in *--version*) echo "sops 3.9.4";; *set*) echo {SECRET} >&2; exit 1;; *) exec sops "$@";; esac',
    )
    result = run("set", "variables/region.value=x", "--to", path, env={"AIRCONN_SOPS": str(old)})
    assert result.code == 2
    assert "sops 3.9.4 is too old" in result.err
    assert "3.11.0" in result.err
    assert path.read_bytes() == before
    assert SECRET not in result.err


def test_what_sops_says_itself_is_never_shown(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    loud = script(tmp_path / "loud", f"echo {SECRET} >&2; echo {SECRET}; exit 4")
    result = run("list", "--from", path, "-v", env={"AIRCONN_SOPS": str(loud)})
    assert result.code == 3
    assert "its exit code is 4" in result.err
    assert SECRET not in result.err + result.out


def test_only_the_user_names_the_program(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML))
    written(tmp_path / "airconn.toml", 'sops = "./mine"\n')
    result = run("list", "--from", path)
    assert result.code == 2
    assert "'sops' names a program that is run" in result.err
    (tmp_path / "airconn.toml").unlink()
    (tmp_path.parent / f"{tmp_path.name}-user.toml").write_text(f'sops = "{SCRIPTS / "sops"}"\n')
    assert run("list", "--from", path, env={"PATH": "/usr/bin:/bin"}).code == 0


def test_a_value_of_several_lines_is_refused_for_an_env_file(
    run: Run, rule: Callable[..., None], tmp_path: Path
) -> None:
    rule()
    path = written(tmp_path / "n.enc.env", "")
    source = written(tmp_path / "v.json", json.dumps({"variables": {"x": "a\nb"}, "connections": {}}))
    for dialect in ("python-dotenv", "sh"):
        result = run("convert", source, "-o", path, "--env-dialect", dialect)
        if result.code == 0:
            assert run("get", "variables/x.value", "--from", path).out == "a\nb"
            path.write_text("")
        else:
            assert result.code == 4
            assert "several lines" in result.err
            assert path.read_text() == ""


def test_check_doesnt_mind_an_encrypted_file_in_git_but_one_in_clear_beside_it(
    run: Run, sops: Sops, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    path = sops.encrypt(written(tmp_path / "c.enc.yaml", YAML))
    subprocess.run(["git", "-C", tmp_path, "add", path], check=True)
    assert "AC51" not in run("check", path).out
    plain = written(tmp_path / "c.yaml", YAML)
    plain.chmod(0o600)
    result = run("check", path)
    assert result.code == 3
    assert "AC513 c.yaml is the same file in clear, and git doesn't ignore it" in result.out
    assert "AC513" in run("check", plain).out
    written(tmp_path / ".gitignore", "c.yaml\n")
    assert "AC513" not in run("check", path, plain).out


def test_check_finds_what_a_rule_leaves_in_clear_in_git(run: Run, sops: Sops, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    path = sops.encrypt(written(tmp_path / "c.yaml", YAML), "--encrypted-regex", "^password$")
    subprocess.run(["git", "-C", tmp_path, "add", path], check=True)
    assert "AC511 git tracks this file, which holds secrets of 1 object in clear" in run("check", path).out


def started(args: list[object], sops: Sops, tmp_path: Path, prefix: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    environ = {
        **os.environ,
        **sops.environ,
        "AIRCONN_STATE_DIR": str(tmp_path / "state"),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    (tmp_path / "tmp").mkdir(exist_ok=True)
    command = [*prefix, sys.executable, "-m", "airconn", *map(str, args)]
    return subprocess.Popen(
        command, env=environ, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("name", ["c.env", "c.yaml"])
def test_no_value_is_an_argument_or_comes_to_a_file(name: str, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    log = tmp_path / "log"
    calls = "trace=execve,openat,open,creat,write,writev,pwrite64,rename,renameat,renameat2,link,linkat"
    strace = ("strace", "-f", "-qq", "-y", "-s", "100000", "-e", calls, "-o", str(log))
    process = started(["set", "connections/db.password=-", "--to", path], sops, tmp_path, strace)
    out, err = process.communicate(b"brand-new-canary")
    assert process.returncode == 0, err
    lines = log.read_text(errors="replace").splitlines()
    for canary in ("brand-new-canary", SECRET):
        assert canary.encode() not in out + err
        with_canary = [line for line in lines if canary in line]
        assert with_canary
        for line in with_canary:
            assert re.search(r"write\(\d+<pipe:\[\d+\]>", line), line[:200]
        for file in tmp_path.rglob("*"):
            if file.is_file() and file != log:
                assert canary.encode() not in file.read_bytes(), file
    assert "brand-new-canary" in sops.decrypt(path)


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_only_the_encrypted_file_is_opened_for_writing(sops: Sops, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    source, new, log = written(tmp_path / "c.env", ENV), tmp_path / "new.yaml", tmp_path / "log"
    calls = "trace=openat,open,creat,mkdir,mkdirat,write,writev,pwrite64,sendto"
    strace = ("strace", "-f", "-qq", "-y", "-s", "100000", "-e", calls, "-o", str(log))
    environ = Sops({**sops.environ, "SOPS_AGE_RECIPIENTS": sops.recipient}, sops.recipient)
    process = started(["convert", source, "--encrypt", "sops", "-o", new], environ, tmp_path, strace)
    _, err = process.communicate(b"")
    assert process.returncode == 0, err
    lines = log.read_text(errors="replace").splitlines()
    opened = [line for line in lines if re.search(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|mkdir", line)]
    paths = {found[1] for line in opened if (found := re.search(r'"([^"]*)"', line)) and "__pycache__" not in line}
    # The directory is that of a file that has no name yet.
    assert [path for path in paths if not path.startswith(("/dev/", "/proc/", str(new), str(tmp_path)))] == []
    assert not any(path.startswith(str(tmp_path / "tmp")) for path in paths)
    with_secret = [line for line in lines if SECRET in line]
    assert with_secret
    for line in with_secret:  # a memfd is memory
        assert re.search(r"write\(\d+<(pipe:\[\d+\]|/memfd:airconn-sops[^>]*)>", line), line[:200]
    assert SECRET in sops.decrypt(new)
    assert SECRET not in new.read_text()


@pytest.mark.parametrize("name", ["c.env", "c.json"])
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(name: str, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    old = path.read_bytes()
    for delay in (0.4, 0.6, 0.8, 1.1):
        path.write_bytes(old)
        process = started(["set", "connections/db.password=-", "--to", path], sops, tmp_path)
        assert process.stdin is not None
        process.stdin.write(b"brand-new-canary")
        process.stdin.close()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        is_old = path.read_bytes() == old
        assert is_old or "brand-new-canary" in sops.decrypt(path)
        for file in tmp_path.rglob("*"):
            assert not file.is_file() or b"brand-new-canary" not in file.read_bytes()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: "\0" not in text)
NAMES = st.sampled_from(["a", "b", "password", "x y", "n", "yes", "1", "é"])


@settings(max_examples=6)
@given(st.dictionaries(NAMES, TEXTS, min_size=1), st.dictionaries(NAMES, TEXTS, min_size=1), st.booleans())
def test_any_texts_are_changed_exactly(sops: Sops, old: dict[str, str], new: dict[str, str], is_json: bool) -> None:
    program, type_ = SopsProgram(environ=sops.environ), SopsType.JSON if is_json else SopsType.YAML
    before, after = (json.dumps({"variables": values}, ensure_ascii=True) for values in (old, new))
    if not is_json:
        import yaml

        before, after = (yaml.safe_dump({"variables": values}, allow_unicode=False) for values in (old, new))
    program = SopsProgram(environ={**sops.environ, "SOPS_AGE_RECIPIENTS": sops.recipient})
    text = files.encrypted(before, Path(f"x.{type_.value}"), program)
    clear = files.clear(text, program, "x")
    assert is_same(clear, before, type_)
    changed = files.changed(text, clear, after, program, "x")
    assert is_same(files.clear(changed, program, "x"), after, type_)


def test_doctor_tells_the_version_where_a_project_has_rules(
    run: Run, rule: Callable[..., None], tmp_path: Path
) -> None:
    assert "sops" not in run("doctor", "http://127.0.0.1:9").out
    rule()
    assert re.search(r"sops +version 3\.\d+\.\d+", run("doctor", "http://127.0.0.1:9").out)
    without = run("doctor", "http://127.0.0.1:9", env={"AIRCONN_SOPS": str(tmp_path / "none")})
    assert "can't be run" in without.out


@pytest.mark.parametrize("name", ["c.env", "c.yaml", "c.json"])
def test_a_file_that_was_emptied_takes_objects_again(name: str, run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / name, FILES[name]))
    assert run("delete", "--include", "*", "--from", path, "--yes").code == 0
    result = run("set", "variables/region.value=us", "--to", path)
    assert result.code == 0, result.err
    assert run("get", "variables/region.value", "--from", path).out == "us"
    assert sealed.type_of(path.read_text()) is not None


def test_a_change_in_a_second_document_is_refused_with_its_file(run: Run, sops: Sops, tmp_path: Path) -> None:
    second = (
        SECRET_MANIFEST.replace("name: airflow", "name: other").replace("CONN_DB", "CONN_B").replace("REGION", "R")
    )
    path = sops.encrypt(written(tmp_path / "two.yaml", f"{SECRET_MANIFEST}---\n{second}"))
    before = path.read_bytes()
    assert run("set", "connections/db.password=-", "--to", path, stdin="x").code == 0
    middle = path.read_bytes()
    result = run("set", "connections/b.password=-", "--to", path, stdin="x")
    assert result.code == 4
    assert f"error: {path}: sops changes only the first document of a file\nhint:  put the others" in result.err
    assert path.read_bytes() == middle != before


def test_a_split_into_a_directory_refuses_to_encrypt(run: Run, tmp_path: Path) -> None:
    source = written(tmp_path / "c.env", ENV)
    result = run("convert", source, "--split", tmp_path / "objects", "--encrypt", "sops")
    assert result.code == 2
    assert "--encrypt is for one file, and --split writes one for each object" in result.err
    assert not (tmp_path / "objects").exists()


def test_a_run_against_an_encrypted_file_keeps_no_backup_in_clear(run: Run, sops: Sops, tmp_path: Path) -> None:
    path = sops.encrypt(written(tmp_path / "c.env", ENV))
    assert run("set", "connections/db.password=-", "--to", path, stdin="brand-new-canary").code == 0
    state = tmp_path.parent / f"{tmp_path.name}-state"
    texts = [file.read_text() for file in state.rglob("*") if file.is_file()]
    assert not any(value in text for value in (SECRET, "brand-new-canary") for text in texts)
