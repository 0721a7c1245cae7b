"""Streams that break, are closed, or are in another encoding, and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.fixture
def unicode_file(tmp_path: Path) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"variables": {f"é{n}": "ü" * 50 for n in range(12000)}}))
    return path


def shell(command: str, directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env={**os.environ, "PATH": scripts, **environ},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_an_import_is_done_to_its_end_whoever_stops_reading_the_report(unicode_file: Path, tmp_path: Path) -> None:
    done = shell("airconn import objects.json --to out.yaml | head -1; echo ${PIPESTATUS[0]}", tmp_path)
    assert done.stdout.endswith("\n0\n")
    assert done.stderr.splitlines() == [done.stderr.strip()]
    assert done.stderr.startswith("out.yaml: 12000 created")
    assert shell("airconn list --from out.yaml", tmp_path).stdout.count("\n") == 12001


def test_data_that_nobody_reads_ends_quietly(unicode_file: Path, tmp_path: Path) -> None:
    done = shell("airconn convert objects.json | head -1; echo ${PIPESTATUS[0]}", tmp_path)
    assert (done.stdout, done.stderr) == ("{\n141\n", "")


def test_a_full_standard_output_is_told(unicode_file: Path, tmp_path: Path) -> None:
    done = shell("airconn convert objects.json >/dev/full", tmp_path)
    assert done.returncode == 5
    assert done.stderr.startswith("error: standard output can't be written to: No space left on device\n")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/dev//./stdout"])
@pytest.mark.parametrize("where", ["| cat", "> out.json; cat out.json", ">> out.json; cat out.json"])
def test_standard_output_may_have_its_other_names(tmp_path: Path, name: str, where: str) -> None:
    (tmp_path / "v.json").write_text('{"variables": {"a": "1"}}')
    (tmp_path / "w.json").write_text('{"variables": {"a": "2"}}')
    run = f"airconn convert v.json --variables -o {name}; echo between; airconn convert w.json --variables -o {name}"
    done = shell(f"({run}) {where}", tmp_path)
    one, two = '{\n  "a": "1"\n}\n', '{\n  "a": "2"\n}\n'
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{one}between\n{two}", "")


@pytest.mark.parametrize("where", ["3>&1 | cat", "> out.json 3>&1; cat out.json"])
def test_what_a_process_is_started_with_to_write_to_is_written_to_as_it_is(tmp_path: Path, where: str) -> None:
    (tmp_path / "v.json").write_text('{"variables": {"a": "1"}}')
    run = "airconn convert v.json --variables --format json"
    done = shell(f"(echo before; {run} -q -o /dev/fd/3; {run} -q -o /dev/stderr 2>&3) {where}", tmp_path)
    text = '{\n  "a": "1"\n}\n'
    # -q says nothing of what was done, and so there is nothing else on standard error.
    assert (done.returncode, done.stdout, done.stderr) == (0, f"before\n{text}{text}", "")
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_process_substitution_is_written_to_and_read(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text('{"variables": {"a": "1"}}')
    done = shell("airconn convert v.json --format uri --strict -o >(cat); true", tmp_path)
    assert "the uri format holds no variables" in done.stderr
    done = shell("airconn convert v.json --variables --format json -q -o >(cat > out); sleep 0.3; cat out", tmp_path)
    assert done.stdout == '{\n  "a": "1"\n}\n'
    done = shell("airconn list --from /dev/stdin --from-format json -q < v.json", tmp_path)
    assert (done.returncode, "variables  a " in done.stdout) == (0, True)


@pytest.mark.parametrize("option", ["--help", "--version", "import --help"])
def test_a_help_text_that_has_no_room_is_told(option: str, tmp_path: Path) -> None:
    done = shell(f"airconn {option} >/dev/full", tmp_path)
    assert done.returncode == 5
    assert done.stderr.startswith("error: standard output can't be written to: No space left on device\n")


def test_data_is_utf8_whatever_the_locale(unicode_file: Path, tmp_path: Path) -> None:
    done = shell("airconn convert objects.json --format yaml", tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, "é0: " in done.stdout or "é0" in done.stdout) == (0, True)


WAYS = [
    "convert v.json",
    "export --from v.json",
    "show a --from v.json",
    "list --from v.json",
    "diff v.json v.json --output json",
    "import v.json --to no.json --dry-run --output json",
    "check bad.env",
    "--help",
]


@pytest.mark.parametrize("args", WAYS)
@pytest.mark.parametrize("closed", [">&-", ">/dev/full"])
def test_data_that_nobody_can_get_is_no_success(tmp_path: Path, args: str, closed: str) -> None:
    (tmp_path / "v.json").write_text('{"variables": {"a": "1"}}')
    (tmp_path / "bad.env").write_text("AIRFLOW_VAR_a=1\n")
    done = shell(f"airconn {args} {closed}", tmp_path, PYTHONUNBUFFERED="")
    assert (done.returncode, "error: standard output can't be written to: " in done.stderr) == (5, True)
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", ">&- <&-", ">/dev/full"])
def test_an_import_is_done_all_the_same_and_says_elsewhere_what_became_of_it(tmp_path: Path, closed: str) -> None:
    (tmp_path / "v.json").write_text('{"variables": {"a": "1"}}')
    done = shell(f"airconn import v.json --to one.yaml {closed}", tmp_path)
    told, _, error = done.stderr.partition("\n")
    assert (done.returncode, told) == (5, "one.yaml: 1 created, 0 updated, 0 unchanged")
    assert error.startswith("error: standard output can't be written to: ")
    assert "nothing was written" not in error
    done = shell(f"airconn import v.json --to two.yaml --output json {closed}", tmp_path)
    report, _, error = done.stderr.rpartition("}\n")
    assert (done.returncode, json.loads(f"{report}}}")["summary"]["created"]) == (5, 1)
    assert error.startswith("error: standard output can't be written to: ")
    assert "nothing was written" not in error
    assert (tmp_path / "one.yaml").read_text() == (tmp_path / "two.yaml").read_text()


def test_a_closed_standard_output_is_closed_to_a_program_that_is_run(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text('{"variables": {"a": "1"}}')
    done = shell("airconn run --from v.json -- sh -c 'test -e /proc/self/fd/1; echo $? >&2' >&-", tmp_path)
    assert done.stderr == "1\n"
    done = shell("airconn convert v.json -o out.yaml >&-", tmp_path)
    assert (done.returncode, (tmp_path / "out.yaml").exists()) == (0, True)


@pytest.mark.parametrize("closed", ["<&-", "2>&-"])
def test_a_closed_stream_is_no_fault(unicode_file: Path, tmp_path: Path, closed: str) -> None:
    done = shell(f"airconn list --from objects.json {closed}", tmp_path)
    assert (done.returncode, "Traceback" in done.stderr, "fault" in done.stderr) == (0, False, False)


def test_a_directory_that_is_gone_is_no_matter(tmp_path: Path) -> None:
    done = shell("mkdir gone && cd gone && rmdir ../gone && airconn --version", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_being_ended_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_text(json.dumps({"variables": {f"v{n}": "x" * 2000 for n in range(4000)}}))
    command = [sys.executable, "-m", "airconn", "convert", "big.json", "-o", "out.json"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None and len(list(tmp_path.iterdir())) == 1:
            time.sleep(0.0005)
        process.send_signal(signal.SIGTERM)
        code = process.wait(120)
    assert code in (0, 128 + signal.SIGTERM)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ("import objects.json --to localhost:8080", 2, "localhost:8080 has no http:// or https:// in front"),
        ("import objects.json --to https:/host", 2, "https:/host has no http:// or https:// in front"),
        ("import objects.json --to -", 2, "<stdin> can't be written to"),
        ("convert objects.json -o no/such.env", 5, "no/such.env: can't be written: No such file or directory"),
        ("list --timeout nan", 2, "'--timeout': 'nan' is not a valid number of seconds"),
        ("completion", 2, "missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"),
    ],
)
def test_what_is_wrong_is_told(
    airconn, unicode_file: Path, tmp_path: Path, monkeypatch, args: str, code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = airconn(*args.split())
    assert (result.code, message in result.err) == (code, True)


def test_text_in_utf16_without_a_mark_is_no_empty_file(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_X=1\n", encoding="utf-16-le")
    assert (airconn("convert", tmp_path / "a.env").code, airconn("list", "--from", tmp_path / "a.env").code) == (3, 3)


def test_a_configuration_that_is_named_and_not_there_is_told(airconn, tmp_path: Path) -> None:
    result = airconn("list", env={"AIRCONN_CONFIG": str(tmp_path / "none.toml")})
    assert (result.code, "AIRCONN_CONFIG names a file that isn't there" in result.err) == (2, True)


def test_airconn_alone_shows_its_commands(airconn, capsys) -> None:
    assert airconn().code == 0
    assert "Move objects:\n  import" in capsys.readouterr().out
