"""A file in the dialect of one reader means to it what it means to airconn."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from operator import eq
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from airconn.errors import InputError, InputErrors
from airconn.formats import detect, get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.dotenv import dialects, marks
from airconn.formats.dotenv import update as env_update
from airconn.model import Bundle, Kind, Text, Variable
from tests.formats import strategies as some
from tests.formats.options import reading, writing

SHELLS = [shutil.which(name) or name for name in ("sh", "bash")]
RECORDED = json.loads((Path(__file__).parent / "docker_env.json").read_text())["files"]
values = st.lists(some.texts.filter(lambda text: "\0" not in text), min_size=1, max_size=20)


def file_of(name: str, texts: list[str]) -> tuple[str, dict[str, str]]:
    """The values that the dialect has a form for, as a file of it."""
    dialect = dialects.get_dialect(name)
    wanted = {f"V{number}": text for number, text in enumerate(texts) if not dialect.refusal(text)}
    return dialect.mark + "".join(f"{key}={dialect.quote(text).text}\n" for key, text in wanted.items()), wanted


def seen_by_airconn(name: str, text: str) -> dict[str, str | None] | None:
    """What airconn reads, or None if a line is at fault."""
    found = list(dialects.dialect_of(text, name, "").entries(text))
    return None if any(entry.is_fault for entry in found) else {e.name: e.value for e in found if e.name}


def seen_by_shell(shell: str, text: str, directory: Path) -> dict[str, str] | None:
    """What a shell reads without running or expanding anything, or None if it doesn't get to the end."""
    (directory / "file").write_bytes(text.encode())
    script = "set -a; . ./file || exit 1; exec /usr/bin/env -0"
    environ = {"PATH": "", "HOME": "/home/of/nobody"}
    done = subprocess.run([shell, "-c", script], cwd=directory, env=environ, capture_output=True, check=False)
    if done.returncode or done.stderr:
        return None
    pairs = (line.partition(b"=") for line in done.stdout.split(b"\0") if line)
    names = ("HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_")
    return {name.decode(): value.decode() for name, _, value in pairs if name.decode() not in names}


@pytest.mark.parametrize("name", [name for name in marks.NAMES if name != "portable"])
@given(values)
def test_a_value_is_read_back(name: str, texts: list[str]) -> None:
    text, wanted = file_of(name, texts)
    assert seen_by_airconn(name, text) == wanted


@given(values)
def test_shells_read_the_dialect_of_shells(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    text, wanted = file_of("sh", texts)
    for shell in SHELLS:
        assert seen_by_shell(shell, text, tmp_path_factory.mktemp("env")) == wanted
    assert len(wanted) == len(texts)


TOKENS = [
    *(
        "A",
        "=",
        "'",
        '"',
        "\\",
        "\n",
        "\r",
        " ",
        "#",
        "\nB=",
        "\nexport C=",
        "x",
        "\t",
        ";",
        "&",
        "\\n",
        "\\'",
        '\\"',
    ),
    *("\u2028", "é", "'\\''", "''", '""', "%", ":", "(", "\\\n", "[1]", "+="),
    *("~", "~/", ":~", "$", "$\\\n", "HOME", "{", "}", ",", "..", "{x,y}", "{1..3}", "*", "\\\n~"),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(lambda tokens: "A=" + "".join(tokens)))
@example("A=a'b'\"c\"\\d")
@example("A=x#y #z")
@example("A='x'\r\nB=1")
@example("A=x''~")
@example('A="x:"~\nexport C={x\\,y}\nB={x,y}')
def test_what_airconn_reads_for_a_shell_is_what_shells_read(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    ours = seen_by_airconn("sh", text)
    if ours is not None:
        for shell in SHELLS:
            assert seen_by_shell(shell, text, tmp_path_factory.mktemp("env")) == ours


@pytest.mark.parametrize(
    "value",
    [
        *(
            "$X",
            "${X}",
            "$(x)",
            "`x`",
            '"$X"',
            '"`x`"',
            "~",
            "~/x",
            "a:~/b",
            "$'x'",
            '$"x"',
            "$1",
            '"a$(b)"',
            "$((1))",
        ),
        *("\\\n~", "\\\n\\\n~/x", "x:\\\n~/y", "$\\\nHOME", '"$\\\nHOME"', '"$\\\n(id -u)"', '"$\\\n\\\n{X}"'),
        *("$[1+1]", '"$[1+1]"', "$\\\n[1+1]"),
    ],
)
def test_what_a_shell_would_expand_is_not_read(value: str) -> None:
    with pytest.raises(InputErrors, match="a shell would expand a"):
        get_format("env").parse(f"AIRFLOW_VAR_A={value}\n", "file", reading(env_dialect="sh"))


@given(values)
def test_python_dotenv_reads_its_dialect(texts: list[str]) -> None:
    text, wanted = file_of("python-dotenv", texts)
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    assert dotenv_values(stream=stream, interpolate=False) == wanted
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    expanded = dotenv_values(stream=stream)
    assert {key for key in wanted if expanded[key] != wanted[key]} <= {
        key for key, value in wanted.items() if dialects.get_dialect("python-dotenv").quote(value).misread_by
    }
    assert len(wanted) == len(texts)


@pytest.mark.parametrize("record", RECORDED, ids=range(len(RECORDED)))
def test_what_airconn_reads_for_docker_is_what_docker_read(record: dict[str, object]) -> None:
    ours = seen_by_airconn("docker", str(record["file"]))
    theirs = record["env"]
    if theirs is None:
        # A line that is too long for docker is one that airconn can read, and won't write.
        assert ours is None or dialects.get_dialect("docker").refusal(str(ours["A"]))
    else:
        assert isinstance(theirs, list)
        assert ours == dict(line.split("=", 1) for line in theirs)


# What compose-go v2.13 makes of a value (dotenv/parser.go). None: it would interpolate.
COMPOSE = [
    ("plain", "plain"),
    ("with blanks ", "with blanks"),
    ("a # comment", "a"),
    ("a#b", "a#b"),
    ("# secret", "# secret"),
    ("''", ""),
    ("'a b' # comment", "a b"),
    ("'it\\'s'", "it's"),
    ("'a\\\\b'", "a\\\\b"),
    ("'$X'", "$X"),
    ("'a\nb'", "a\nb"),
    ('"a\\nb"', "a\nb"),
    ('"a\\\\b"', "a\\b"),
    ('"a\\"b"', 'a"b'),
    ('"\\$X"', "$X"),
    ('"$$X"', "$X"),
    ("$$X", "$X"),
    ('"a\\qb"', "a\\qb"),
    ("a\\nb", "a\\nb"),
    ("$X", None),
    ('"$X"', None),
    ("${X:-y}", None),
    ('"\\0101"', None),
]


@pytest.mark.parametrize(("written", "value"), COMPOSE)
@pytest.mark.parametrize("assigns", ["=", "= ", " = ", ": "])
def test_values_as_docker_compose_reads_them(assigns: str, written: str, value: str | None) -> None:
    text = f"A{assigns}{written}\nB=1\n"
    assert seen_by_airconn("compose", text) == (None if value is None else {"A": value, "B": "1"})


@pytest.mark.parametrize("name", marks.NAMES)
@given(st.lists(some.texts, min_size=2, max_size=5), some.texts)
def test_a_file_keeps_its_dialect_when_it_is_changed(name: str, texts: list[str], new: str) -> None:
    held = Bundle.of(Variable(key=f"v{number}", value=Text.of(text)) for number, text in enumerate(texts))
    rendered = get_format("env").render(held, writing(env_dialect=name))
    obj = Variable(key="v0", value=Text.of(new))
    updated = env_update.update(rendered.text, {(Kind.VARIABLES, "v0"): obj}, WriteOptions(), eq)
    before, after = (get_format("env").parse(file.text, "", ReadOptions()).bundle for file in (rendered, updated))
    assert {key: value for key, value in after.variables.items() if key != "v0"} == {
        key: value for key, value in before.variables.items() if key != "v0"
    }
    if not updated.losses and "v0" in before.variables:
        assert after.variables["v0"].value == obj.value
        changed = [line for line in updated.text.split("\n") if line not in rendered.text.split("\n")]
        assert "".join(changed).count("AIRFLOW_VAR_") <= 1


def test_a_file_that_says_nothing_is_marked_when_it_is_changed_in_a_dialect() -> None:
    text = "# mine\nAIRFLOW_VAR_A='quotes are text'\n"
    obj = Variable(key="b", value=Text.of("it's"))
    options = writing(env_dialect="docker")
    updated = env_update.update(text, {(Kind.VARIABLES, "b"): obj}, options, eq)
    assert updated.text == (
        "# airconn: env-dialect docker\n# mine\nAIRFLOW_VAR_A='quotes are text'\nAIRFLOW_VAR_B=it's\n"
    )
    again = get_format("env").parse(updated.text, "", ReadOptions()).bundle
    assert again.variables["a"].value == Text.of("'quotes are text'")


@pytest.mark.parametrize(
    ("mark", "asked", "said"),
    [
        ("sh", "docker", "the file is in the env dialect sh, and not in docker"),
        ("bash", None, "names an unknown env dialect"),
    ],
)
def test_a_file_in_another_dialect_is_refused(mark: str, asked: str | None, said: str) -> None:
    text = f"# airconn: env-dialect {mark}\nAIRFLOW_VAR_A=1\n"
    with pytest.raises(InputError, match=said):
        get_format("env").parse(text, "file", reading(env_dialect=asked))


def test_what_a_reader_has_no_form_for_is_a_loss() -> None:
    bundle = Bundle.of(
        [
            Variable(key="lines", value=Text.of("a\nb")),
            Variable(key="a-b", value=Text.of("x")),
            Variable(key="ticks", value=Text.of("it's `x`")),
        ]
    )
    lost = {
        name: {
            loss.id for loss in get_format("env").render(bundle, writing(env_dialect=name)).losses if not loss.field
        }
        for name in marks.NAMES
    }
    assert lost == {
        "portable": {"ticks"},
        "python-dotenv": set(),
        "sh": {"a-b"},
        "compose": set(),
        "docker": {"lines"},
        "astro-env": {"a-b"},
        "astro-save": {"lines", "a-b"},
    }


@pytest.mark.parametrize("value", ["{a,b}", "x{1..3}y", '{"a",b}', "{a\\\n,b}", "{1.\\\n.3}"])
def test_braces_of_which_bash_makes_several_words_are_not_read(value: str) -> None:
    text = f"export AIRFLOW_VAR_A={value}\n"
    with pytest.raises(InputErrors, match="bash would expand the braces"):
        get_format("env").parse(text, "file", reading(env_dialect="sh"))
    assert get_format("env").parse(text.removeprefix("export "), "file", reading(env_dialect="sh")).bundle.variables


@pytest.mark.parametrize("first", ["AIRFLOW_VAR_A=1\n", "# airconn: env-dialect sh\nAIRFLOW_VAR_A=1\n", "\n"])
def test_a_byte_order_mark_is_a_fault_to_shells(first: str) -> None:
    with pytest.raises(InputErrors, match="file:1: the file starts with a byte order mark") as caught:
        get_format("env").parse("\ufeff" + first, "file", reading(env_dialect="sh"))
    assert caught.value.hint == "save it as UTF-8 without a byte order mark"


@pytest.mark.parametrize(
    "line",
    [
        "# airconn: env-dialect=sh",
        "# Airconn: env-dialect sh",
        "# airconn: env_dialect sh",
        "#AIRCONN env dialect: sh",
        "  # airconn: env-dialect sh",
        "# airconn: env-dialect sh, see the wiki",
        "# airconn: env-dialect",
        "## airconn: env-dialect sh",
    ],
)
def test_a_mark_that_has_no_effect_is_an_error(line: str) -> None:
    for number, text in ((1, f"{line}\nAIRFLOW_VAR_A='it'\\''s'\n"), (2, f"X=1\n{line}\r\nAIRFLOW_VAR_A=1\n")):
        with pytest.raises(InputError, match="must be the first line, exactly # airconn: env-dialect NAME") as caught:
            get_format("env").parse(text, "file", ReadOptions())
        assert caught.value.where == f"file:{number}"


@pytest.mark.parametrize("name", marks.NAMES)
def test_a_mark_below_the_first_line_is_an_error_whether_or_not_there_is_another(name: str) -> None:
    mark = f"# airconn: env-dialect {name}\n"
    for text, line in ((f"# mine\n{mark}AIRFLOW_VAR_A=1\n", 2), (f"{mark}A=1\n\n{mark}", 4), (f"\n{mark}", 2)):
        with pytest.raises(InputError, match="must be the first line") as caught:
            get_format("env").parse(text, "file", reading(env_dialect=name))
        assert caught.value.where == f"file:{line}"


def test_what_is_like_a_mark_in_a_value_or_in_a_text_is_none() -> None:
    text = (
        "AIRFLOW_VAR_A='\n# airconn: env-dialect sh\n'\n# airconn reads env-dialects\nB=1 # airconn: env-dialect sh\n"
    )
    assert get_format("env").parse(text, "file", ReadOptions()).bundle.variables


@pytest.mark.parametrize("mark", ["# airconn: env-dialect sh\n", "\ufeff#airconn:env-dialect docker\r\n"])
def test_a_marked_text_is_a_env_file(mark: str) -> None:
    assert detect("file", f"{mark}OTHER=1\n") == "env"
    assert detect(".env", f"{mark}a=http://h\n") == "env"


def test_what_to_do_about_a_line_of_docker_is_not_to_quote_it() -> None:
    with pytest.raises(InputErrors) as caught:
        get_format("env").parse("# airconn: env-dialect docker\nexport A=1\n", "file", ReadOptions())
    assert "NAME=VALUE" in (caught.value.hint or "")
    assert "quotes" not in (caught.value.hint or "")


LINE_OF_DOCKER = len("AIRFLOW_VAR_A=")


@pytest.mark.parametrize(("key", "value", "fits"), [
    ("a", "x" * (65_535 - LINE_OF_DOCKER), True),
    ("a", "x" * (65_536 - LINE_OF_DOCKER), False),
    ("a" * 50_000, "x" * 20_000, False),
    ("a", "é" * 32_760, True),
    ("a", "é" * 32_761, False),
    ("Aa" * 20_000, "x", True),
    ("Aa" * 32_760, "x", False),
], ids=range(7))  # fmt: skip
def test_a_line_that_is_too_long_for_docker_is_a_loss(key: str, value: str, fits: bool) -> None:
    rendered = get_format("env").render(
        Bundle.of([Variable(key=key, value=Text(value))]), writing(env_dialect="docker")
    )
    assert [loss.field for loss in rendered.losses] == ([] if fits else [""])
    assert all(len(line.encode()) <= 65_535 for line in rendered.text.split("\n"))
    assert (get_format("env").parse(rendered.text, "", ReadOptions()).bundle.variables.keys() == {key}) is fits


COMPOSE_BLANKS = "\t\v\f\r \x85\xa0"
GO_SPACES = COMPOSE_BLANKS + "\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A=x\rB=2\n", {"A": "x\rB=2"}),
        ("A=x\r\nB=2\r\n", {"A": "x", "B": "2"}),
        ("A='x\r\ny'\r\nB='z\r'\n", {"A": "x\r\ny", "B": "z\r"}),
        ('A="x\r\ny"\r\n', {"A": "x\r\ny"}),
        ("# a comment\rA=1\nB=2", {"B": "2"}),
        (f"A={COMPOSE_BLANKS}x\nB={COMPOSE_BLANKS}\nC=3", {"A": "x", "B": "", "C": "3"}),
        *((f"A=x{space}\nB=1", {"A": "x", "B": "1"}) for space in GO_SPACES),
        *((f"A=x{space}\nB=1", {"A": f"x{space}", "B": "1"}) for space in "\x1c\x1d\x1e\x1f\u200b\ufeff"),
        *((f"A={space}x\n", {"A": f"{space}x"}) for space in "\x1c\u1680\u2003\u2028\u3000"),
        *((f"A={space}'x'\n", {"A": f"{space}'x'"}) for space in "\x1f\u2003"),
    ],
)
def test_blanks_and_line_ends_as_docker_compose_reads_them(text: str, wanted: dict[str, str]) -> None:
    assert seen_by_airconn("compose", text) == wanted
