"""The command that leads to an `airflow`, with real programs."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_cli.prefix import Prefix, Silent, last_line

ENVIRON = {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("airflow-cli:", ()),
        ("airflow-cli:docker exec -i sched", ("docker", "exec", "-i", "sched")),
        ("AIRFLOW-CLI: kubectl exec -i deploy/s --", ("kubectl", "exec", "-i", "deploy/s", "--")),
        ("airflow-cli:env 'A=b c' $X;|", ("env", "A=b c", "$X;|")),
    ],
)
def test_an_address_is_taken_apart_as_a_shell_does_without_one(address: str, words: tuple[str, ...]) -> None:
    assert Prefix.of(address) == Prefix(words, address)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("airflow-cli:docker 'exec", "quote that isn't closed"),
        ("airflow-cli:docker exec -i sched airflow", "ends with the airflow command"),
        ("airflow-cli:/opt/bin/airflow", "ends with the airflow command"),
        ("airflow-cli:a\0b", "allowed in a command"),
    ],
)
def test_a_prefix_that_is_none(address: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Prefix.of(address)
    assert "\0" not in str(caught.value)


def test_the_way_out_of_a_superfluous_airflow_is_the_address_without_it() -> None:
    with pytest.raises(UsageError) as caught:
        Prefix.of("airflow-cli:docker exec -i 'my sched' airflow")
    assert (caught.value.hint or "").endswith(" airflow-cli:docker exec -i 'my sched'")


def test_a_script_is_run_and_what_it_says_comes_back() -> None:
    ran = Prefix.of("airflow-cli:env A=é").run(
        'echo "$A $B"; echo "first\nlast" >&2; exit 3', {**ENVIRON, "B": "b"}, 10
    )
    assert (ran.out.decode(), ran.last_words, ran.code) == ("é b\n", "last", 3)


def test_a_large_script_and_a_large_answer_do_not_wait_for_each_other() -> None:
    size = 3_000_000
    script = f"cat <<'E'\n{'x' * size}\nE\n" * 2
    assert len(Prefix().run(script, ENVIRON, 30).out) == 2 * (size + 1)


def test_a_command_that_reads_nothing_is_no_trouble() -> None:
    ran = Prefix.of("airflow-cli:sh -c 'exit 4'").run("x" * 1_000_000, ENVIRON, 10)
    assert (ran.out, ran.code) == (b"", 4)


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(TargetError, match="no such command: no-such-docker") as caught:
        Prefix.of("airflow-cli:no-such-docker exec -i x").run("", ENVIRON, 10)
    assert caught.value.where == "airflow-cli:no-such-docker exec -i x"


def test_a_command_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError, match="can't be run: Permission denied"):
        Prefix.of(f"airflow-cli:{tmp_path}/file").run("", ENVIRON, 10)


def test_silence_ends_the_command_and_what_it_has_started(tmp_path: Path) -> None:
    script = f"trap 'echo gone >{tmp_path}/trapped' EXIT; trap 'exit 1' TERM; echo $$ >{tmp_path}/pid; sleep 600"
    with pytest.raises(Silent, match=r"nothing for 0\.5 s"):
        Prefix().run(script, ENVIRON, 0.5)
    assert (tmp_path / "trapped").read_text() == "gone\n"
    with pytest.raises(ProcessLookupError):
        os.killpg(int((tmp_path / "pid").read_text()), 0)


def test_a_command_that_speaks_now_and_then_is_not_silent() -> None:
    script = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done"
    assert Prefix().run(script, ENVIRON, 1).out.split() == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    def interrupt() -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.02)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        Prefix().run(
            f"trap 'touch {tmp_path}/ended' EXIT; trap 'exit 1' TERM; touch {tmp_path}/begun; sleep 600", ENVIRON, 60
        )
    thread.join()
    assert (tmp_path / "ended").exists()


def test_the_last_line_is_the_last_one_with_something_in_it() -> None:
    assert last_line(b"a\nb \xff\n\n  \n") == "b �"
    assert last_line(b"") == ""
