"""The script and its answer, with a real shell and programs of its own in place of `airflow` where it matters not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from airconn.errors import TargetError
from airconn.stores.airflow_cli import script
from airconn.stores.airflow_cli.prefix import Prefix, Ran
from airconn.stores.airflow_cli.script import FILE, Answer, Call, CutOff, carry_out, script_of

SHELLS = [shell for shell in ("dash", "bash", "busybox", "ksh", "zsh") if any(
    (Path(part) / shell).exists() for part in os.environ["PATH"].split(os.pathsep)
)]  # fmt: skip


def answer(text: str, *, code: int = 0, words: str = "") -> Answer:
    """What is made of a text in which `@` stands for the mark."""
    out = text.replace("@", "airconn:N ").encode()
    return script._answer(
        Ran(out, words, code), "the script\nits line\n", "N", Prefix.of("airflow-cli:docker exec x")
    )


def test_what_stands_behind_the_mark_is_believed_and_nothing_else() -> None:
    found = answer(
        "noise\n@start\nairconn:other code a 9\n@call a\n@code a 0\nINFO noise\n@file a\n{\n\n@end a\nnoise\n"
        "@code b 2\n@saw b extra:x\n@file b\n\n@end b\n@end\nbye\n"
    )
    assert found == Answer({"a": 0, "b": 2}, {"a": "{\n", "b": ""}, frozenset({("b", "extra:x")}))


def test_a_terminals_line_ends_are_no_part_of_a_file() -> None:
    assert answer("@start\r\n@file a\r\n{}\r\n@end a\r\n@end\r\n").files == {"a": "{}"}


def test_files_are_in_no_repr() -> None:
    assert "canary" not in repr(Answer({}, {"a": "canary"}))


def test_an_end_that_is_not_heard_of_is_no_answer() -> None:
    with pytest.raises(CutOff, match=r"exit code 137") as caught:
        answer("@start\n@call a\n@code a 0\n@file a\n{", code=137)
    assert caught.value.where == "airflow-cli:docker exec x"


@pytest.mark.parametrize(
    ("text", "code", "words", "message"),
    [
        ("", 0, "", "didn't reach it"),
        ("", 1, "Error: No such container: sched", "exit code 1.: Error: No such container: sched$"),
        ("OCI runtime exec failed: no sh\n", 126, "", "exit code 126.: OCI runtime exec failed: no sh$"),
        ("", 1, ["the script", "line"][0], "exit code 1.$"),
        ("x\nits line\n", 2, "", "exit code 2.$"),
        ("@lacks airflow\n", 0, "", "no airflow command found there"),
        ("@start\n@lacks mktemp\n@end\n", 0, "", "no temporary directory"),
    ],
)
def test_a_shell_that_did_nothing(text: str, code: int, words: str, message: str) -> None:
    """The command's own words are shown, and no line of what was sent to it."""
    with pytest.raises(TargetError, match=message) as caught:
        answer(text, code=code, words=words)
    assert caught.value.hint


def test_the_mark_is_not_in_the_script_so_that_an_echo_is_none() -> None:
    text = script_of([Call("a", ("version",))], "N0NCE")
    assert "airconn:N0NCE" not in text
    assert "N0NCE" in text


def test_a_call_as_a_user_would_type_it() -> None:
    assert Call("a", ("pools", "import", FILE, "x y"), "f.json").words() == (
        "airflow",
        "pools",
        "import",
        "FILE",
        "x y",
    )


# What `airflow` stands for here: it says what it was given, and is rude.
ECHO = """#!/bin/sh
echo "INFO noise"
echo 'airconn:fake code a 7'
printf '[%s]' "$@"
for file; do
  [ ! -f "$file" ] || { echo; cat "$file"; }
  case $file in *.json) echo '{"made": "here"}' >"$file.tmp"; [ -f "$file" ] || mv "$file.tmp" "$file";; esac
done
ls -ld "$TMPDIR" | cut -c 1-10
cat
echo canary-error >&2
exit 5
"""


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    """An environment with an `airflow` in which nothing of Airflow is."""
    for name in ("bin", "temporary"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin" / "airflow").write_text(ECHO)
    (tmp_path / "bin" / "airflow").chmod(0o755)
    return {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "temporary")}


@pytest.mark.parametrize("shell", SHELLS)
def test_calls_are_made_one_after_the_other_and_their_results_come_back(
    shell: str, place: dict[str, str], tmp_path: Path
) -> None:
    sh = f"{shell} sh" if shell == "busybox" else shell
    # Runs the words `sh -s` that follow in this shell.
    prefix = Prefix.of(f"airflow-cli:env {sh} -c 'shift; exec {sh} -s' -")
    content = '{"a": "$(touch x) `y` \\\\ \\" it\'s",\n "b": 1}\n'
    found = carry_out(
        prefix,
        [
            Call("one", ("export", FILE), "one.json"),
            Call("two", ("import", "--flag", FILE, "$(id)", "it's", "a\nb", "{}", ""), "two.json", content),
            Call("three", ("list",), keeps_output=True),
        ],
        place,
        30,
    )
    assert found.codes == {"one": 5, "two": 5, "three": 5}
    assert set(found.files) == {"one", "three"}
    assert found.files["one"].strip() == '{"made": "here"}'
    assert found.files["three"].split("\n")[:4] == ["INFO noise", "airconn:fake code a 7", "[list]drwx------", ""]
    assert "canary" not in str(found.files)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_given_to_a_call_is_what_was_meant(shell: str, place: dict[str, str]) -> None:
    sh = f"{shell} sh" if shell == "busybox" else shell
    prefix = Prefix.of(f"airflow-cli:env {sh} -c 'shift; exec {sh} -s' -")
    content = "".join(f'"{number}": "$x `y` \\\\u00e9 \\\\ \\" it\'s"\n' for number in range(3000))
    words = ("$(id)", "it's", "a\nb", "{}", "", "é 🔑", "-x", "*", "\\n")
    call = Call("a", (FILE, *words), "a.txt", content, keeps_output=True)
    said = carry_out(prefix, [call], place, 30).files["a"]
    assert content in said
    assert "".join(f"[{word}]" for word in words) in said


def test_what_airflow_says_is_looked_for_and_not_shown(place: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "airflow").write_text(
        "#!/bin/sh\n"
        'echo "[error] Can\'t decrypt _val for key=x, invalid token"\n'
        "echo 'empty cryptography key - values will not be stored encrypted.' >&2\n"
        "echo 'ValueError: Encountered JSON value in `extra` which does not parse as a dictionary in connection '"
        "\"'a.b-1'. The ...\" >&2\n"
    )
    found = carry_out(Prefix(), [Call("v", ("version",))], place, 30)
    assert found.seen == {("v", "undecryptable"), ("v", "keyless"), ("v", "extra:a.b-1")}
    assert found.files == {}


@pytest.mark.parametrize(
    ("environ", "config", "teams"),
    [
        ({}, None, False),
        ({"AIRFLOW__CORE__MULTI_TEAM": "True"}, None, True),
        ({"AIRFLOW__CORE__MULTI_TEAM": "1"}, None, True),
        ({"AIRFLOW__CORE__MULTI_TEAM": "false"}, "multi_team = True\n", False),
        ({}, "[core]\n  multi_team = True\n", True),
        ({}, "[core]\nmulti_team: t\n", True),
        ({}, "[core]\n# multi_team = True\nmulti_team = False\n", False),
    ],
)
def test_teams_are_told_by_the_configuration(
    place: dict[str, str], tmp_path: Path, environ: dict[str, str], config: str | None, teams: bool
) -> None:
    if config is not None:
        (tmp_path / "airflow.cfg").write_text(config)
    found = carry_out(Prefix(), [], {**place, "AIRFLOW_HOME": str(tmp_path), **environ}, 30)
    assert (("config", "teams") in found.seen) is teams


def test_a_shell_that_is_ended_takes_its_files_with_it(place: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "airflow").write_text(f"#!/bin/sh\ntouch {tmp_path}/begun\nkill -TERM $PPID\nsleep 1\n")
    call = Call("a", ("import", FILE), "a.json", '{"canary": 1}')
    with pytest.raises(CutOff):
        carry_out(Prefix(), [call, Call("b", ("version",))], place, 30)
    assert (tmp_path / "begun").exists()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_reader_that_goes_away_leaves_no_files(place: dict[str, str], tmp_path: Path) -> None:
    text = script_of([Call("a", ("export", FILE), "a.json") for _ in range(3)], "N")
    shell = subprocess.Popen(["sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=place)
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdout.close()
    shell.stdin.write(text.encode())
    shell.stdin.close()
    assert shell.wait(timeout=120) != 0
    assert list((tmp_path / "temporary").iterdir()) == []
