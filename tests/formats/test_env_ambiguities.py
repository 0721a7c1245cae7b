"""What blocks an import because other programs read it differently, what is only a warning, and what settles it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airconn.formats import get_format
from airconn.formats.dotenv import lines
from airconn.formats.dotenv.dialects import get_dialect
from airconn.model import REDACTED
from tests.formats.options import reading, writing

BACKSLASHES = "AIRFLOW_CONN_A='http://u:a\\\\\\\\b@h/?timeout=5'\n"
BLOCKED = {
    "a connection": BACKSLASHES,
    "a secret in a variable": "AIRFLOW_VAR_API_KEY='a\\\\\\\\b'\n",
    "a URI in a variable": "AIRFLOW_VAR_A=postgres://u:p#w@h/d\n",
    "a '#' in a password": 'AIRFLOW_CONN_A={"conn_type": "http", "password": "p#w"}\n',
}
WARNED = {
    "a path": "AIRFLOW_VAR_A='C:\\\\\\\\new'\n",
    "an escape": 'AIRFLOW_VAR_A="a\\tb"\n',
    "a '#'": "AIRFLOW_VAR_A=a#b\n",
}
SILENT = {
    "JSON without quotes": 'AIRFLOW_CONN_A={"conn_type": "http"}\n',
    "an ampersand": "AIRFLOW_CONN_A=http://u:p@h/?a=b&c=d\n",
    "quotes": "AIRFLOW_CONN_A='http://u:p@h'\n",
    "blanks around the '='": "AIRFLOW_CONN_A = http://u:p@h\n",
    "CR line ends": "AIRFLOW_CONN_A=http://u:p@h\r\nAIRFLOW_VAR_A='b'\r\n",
    "a byte order mark": "\ufeffAIRFLOW_CONN_A=http://u:p@h\n",
    "a name of no shell": "AIRFLOW_CONN_A-B=http://u:p@h\n",
    "a '#' that Airflow drops as well": "AIRFLOW_CONN_A=http://u:p@h/?a=b&c=d#e\n",
    "what only a shell expands": "AIRFLOW_VAR_PASSWORD=a`b\n",
}


def run(airconn, path: Path, text: str, *options: str):
    source = path / ".env"
    source.write_bytes(text.encode())
    return airconn("import", source, "--to", path / "out.json", *options, env={"PW": "x"})


@pytest.mark.parametrize("text", BLOCKED.values(), ids=BLOCKED)
def test_a_secret_that_others_read_differently_blocks_until_a_dialect_is_chosen(
    airconn, tmp_path: Path, text: str
) -> None:
    result = run(airconn, tmp_path, text)
    assert (result.code, (tmp_path / "out.json").exists()) == (4, False)
    assert "other readers (" in result.err
    assert "--from-env-dialect" in result.out
    assert "error AC4" in airconn("check", tmp_path / ".env").out
    for settled in (
        run(airconn, tmp_path, text, "--from-env-dialect", "python-dotenv"),
        run(airconn, tmp_path, f"# airconn: env-dialect python-dotenv\n{text}"),
    ):
        assert (settled.code, "other readers" in settled.err) == (0, False)


def test_a_reference_blocks_no_longer_when_python_dotenv_is_chosen(airconn, tmp_path: Path) -> None:
    text = "AIRFLOW_CONN_A=http://u:p@${HOST}/x\n"
    assert run(airconn, tmp_path, text).code == 4
    chosen = run(airconn, tmp_path, text, "--from-env-dialect", "python-dotenv")
    assert (chosen.code, "other readers" in chosen.err) == (0, False)
    assert "python-dotenv expands a reference in the value, unless it is called with interpolate=False" in chosen.err
    secret = run(airconn, tmp_path, text.replace(":p@", ":${PW}@"), "--from-env-dialect", "python-dotenv")
    assert (secret.code, "--literal connections/a.password" in secret.out) == (4, True)


@pytest.mark.parametrize("text", WARNED.values(), ids=WARNED)
def test_another_value_that_others_read_differently_is_a_warning(airconn, tmp_path: Path, text: str) -> None:
    result = run(airconn, tmp_path, text)
    assert (result.code, (tmp_path / "out.json").exists()) == (0, True)
    assert re.search(r"warning: \S+\.env:1: other readers \([^)]+\) ", result.err.replace("\n", " "))
    assert "warning AC41" in airconn("check", tmp_path / ".env").out


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT)
def test_what_only_shells_docker_or_a_refusal_differ_in_is_a_note_of_check(
    airconn, tmp_path: Path, text: str
) -> None:
    result = run(airconn, tmp_path, text)
    assert (result.code, result.err) == (0, result.err.replace("other readers", ""))
    assert re.search(r"note AC4\d\d", airconn("check", tmp_path / ".env").out)


def test_a_kind_of_difference_is_told_once_with_all_objects_and_readers(airconn, tmp_path: Path) -> None:
    result = run(airconn, tmp_path, "AIRFLOW_VAR_A=a#b\nAIRFLOW_VAR_B= # c\nAIRFLOW_VAR_C='C:\\\\d'\n")
    assert result.err.count("warning:") == 2
    said = " ".join(result.err.split())
    assert "(the Astro CLI, Docker Compose, docker run --env-file) read the '#' in the value differently" in said
    assert "variables/a (line 1) and variables/b (line 2)" in said


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--set", "connections/a.password=env:PW"], 0),
        (["--literal", "connections/a.password"], 0),
        (["--set", "connections/a.host=other"], 4),
        (["--set", "connections/a.extra.timeout=6"], 4),
    ],
)
def test_a_field_that_the_user_gives_settles_what_is_read_differently_in_it(
    airconn, tmp_path: Path, options: list[str], code: int
) -> None:
    assert run(airconn, tmp_path, BACKSLASHES, *options).code == code


def test_what_the_target_has_already_needs_no_choice(airconn, tmp_path: Path) -> None:
    run(airconn, tmp_path, BACKSLASHES, "--from-env-dialect", "python-dotenv")
    assert run(airconn, tmp_path, BACKSLASHES).code == 0
    changed = BACKSLASHES.replace("@h", "@other")
    assert run(airconn, tmp_path, changed).code == 0  # the host is read alike by all
    assert run(airconn, tmp_path, changed.replace("a\\", "c\\")).code == 4


@pytest.mark.parametrize("dialect", ["portable", "python-dotenv", "compose", "docker"])
@pytest.mark.parametrize("written", [" # secret", "  # secret, use --include-secrets"])
def test_the_mask_of_astro_is_a_hidden_value_in_every_dialect(dialect: str, written: str) -> None:
    found = get_format("env").parse(f"AIRFLOW_VAR_A={written}\n", "f", reading(env_dialect=dialect))
    assert [variable.value for variable in found.bundle] == [REDACTED]
    assert not found.bundle.variables["a"].ambiguities


def test_a_value_like_the_mask_is_written_so_that_it_is_read_back() -> None:
    (variable,) = get_format("env").parse("AIRFLOW_VAR_A='# secret'\n", "f", reading()).bundle
    assert variable.value is not REDACTED
    for dialect in ("portable", "python-dotenv", "compose", "sh", "docker"):
        bundle = get_format("env").parse("AIRFLOW_VAR_A='# secret'\n", "f", reading()).bundle
        text = get_format("env").render(bundle, writing(env_dialect=dialect)).text
        assert [each.value for each in get_format("env").parse(text, "f", reading()).bundle] == [variable.value]


HOSTILE = {
    "unclosed": "AIRFLOW_VAR_A='x\n",
    "one kind in the other": "A=\"x'\n",
    "escaped": "A='\\'\n",
    "both": "A='x\nB=\"y\n",
    "behind a value": "A='x' 'y\n",
    "names": "'a\n",
}


class Counting:
    """A pattern that counts the characters that it was given to look at and matched."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.seen = 0

    def match(self, text: str, position: int) -> re.Match[str] | None:
        match = self.pattern.match(text, position)
        self.seen += len(match[0]) if match else 1
        return match


@pytest.mark.parametrize("dialect", ["portable", "compose"])
@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_quotes_that_are_not_closed_are_not_looked_for_again_and_again(
    line: str, dialect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = {quote: Counting(pattern) for quote, pattern in lines._INSIDE.items()}
    monkeypatch.setattr(lines, "_INSIDE", counting)
    text = line * 5000
    assert list(get_dialect(dialect).entries(text))
    assert sum(pattern.seen for pattern in counting.values()) <= 3 * len(text)
