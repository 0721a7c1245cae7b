"""Files that the Astro CLI writes are read exactly, and told from others by what only it writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airconn.errors import InputErrors
from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv.dialects import dialect_of, get_dialect
from airconn.model import Bundle, Text, Variable
from airconn.model.reading import Reading
from tests.formats import strategies as some
from tests.formats.options import reading, writing

ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
texts = some.texts.filter(lambda text: "\0" not in text)


def exported(value: str) -> str:
    """A value as `astro env variable export` writes it (`dotenvQuote` in `cloud/env/format.go`)."""
    if not re.search("[ \t\r\n\"'#\\\\$]", value):
        return value
    return '"' + "".join(ESCAPES.get(character, character) for character in value) + '"'


def read(text: str, **values: str) -> Reading:
    return get_format("env").parse(text, "file", reading(**values))


def variables(text: str, **values: str) -> dict[str, object]:
    return {key: found.value for key, found in read(text, **values).bundle.variables.items()}


@given(st.lists(texts, max_size=5))
@example(['C:\\new $HOME "x"', "\\\\$", "\\n", "a=b#c"])
def test_what_astro_env_exports_is_read_back(values: list[str]) -> None:
    text = "".join(f"AIRFLOW_VAR_V{number}={exported(value)}\n" for number, value in enumerate(values))
    assert variables(text, env_dialect="astro-env") == {
        f"v{number}": Text.of(value) for number, value in enumerate(values)
    }
    assert [get_dialect("astro-env").quote(value).text for value in values] == list(map(exported, values))


@given(st.lists(texts.filter(lambda text: "\n" not in text and not text.endswith("\r") and text != " # secret")))
@example(["it's raw # and this belongs to the value", ' "x" ', "# secret"])
def test_what_astro_deployment_saves_is_read_back(values: list[str]) -> None:
    text = "".join(f"\nAIRFLOW_VAR_V{number}={value}" for number, value in enumerate(values))
    assert variables(text, env_dialect="astro-save") == {
        f"v{number}": Text.of(value) for number, value in enumerate(values)
    }


EXPORTED = (
    "AIRFLOW_VAR_REGION=eu-west-1\nAIRFLOW_VAR_KEY=  # secret, use --include-secrets\n"
    'AIRFLOW_VAR_P="C:\\\\new \\$HOME"\n'
)
SAVED = (
    "\nAIRFLOW_VAR_KEY= # secret\nAIRFLOW_VAR_REGION=eu-west-1\nAIRFLOW_VAR_NOTE=it's raw # and all of it\n"
    "AIRFLOW__CORE__PARALLELISM=12"
)


def test_a_mask_is_a_hidden_value() -> None:
    for text in (EXPORTED, SAVED):
        found = read(text)
        assert found.bundle.variables["region"].value == Text.of("eu-west-1")
        assert repr(found.bundle.variables["key"].value) == "REDACTED"
    assert variables(EXPORTED)["p"] == Text.of("C:\\new $HOME")
    assert variables(SAVED)["note"] == Text.of("it's raw # and all of it")
    for mask, dialect in (("  # secret, use --include-secrets", "astro-env"), (" # secret", "astro-save")):
        found = read(f"AIRFLOW_CONN_A={mask}\nAIRFLOW_VAR_B=x\n", env_dialect=dialect)
        assert list(found.bundle.variables) == ["b"]
        assert not found.bundle.connections
        told = "AIRFLOW_CONN_A is hidden: Astro wrote '# secret' in its place: left out"
        assert [(note.message, note.left_out) for note in found.notes] == [(told, True)]


DETECTED = {
    "a mask of astro env": (EXPORTED, "astro-env"),
    "with CRLF": (EXPORTED.replace("\n", "\r\n"), "astro-env"),
    "an escaped $ in a file of exactly that form": ('A="under \\$50"\nB=x\n', "astro-env"),
    "a mask of astro deployment": (SAVED, "astro-save"),
    "no escape": ('A="x y"\nB=x\n', "portable"),
    "a comment": ('# mine\nA="under \\$50"\n', "portable"),
    "an empty line": ('A="under \\$50"\n\nB=x\n', "portable"),
    "quotes that aren't needed": ('A="under \\$50"\nB="x"\n', "portable"),
    "single quotes": ("A=\"under \\$50\"\nB='x y'\n", "portable"),
    "a bare $": ('A="under \\$50"\nB=$x\n', "portable"),
    "another escape": ('A="under \\$50 \\x"\n', "portable"),
    "a mask among lines of another form": (EXPORTED + "B='x y'\n", "portable"),
    "a mask of astro deployment with a line end": (SAVED + "\n", "portable"),
    "a comment about a secret": ("A=x\nPASSWORD= # secret\n", "portable"),
    "the first line says it": ('# airconn: env-dialect python-dotenv\nA="under \\$50"\n', "python-dotenv"),
}


@pytest.mark.parametrize(("text", "name"), DETECTED.values(), ids=DETECTED)
def test_a_file_is_told_by_what_only_astro_writes(text: str, name: str) -> None:
    assert dialect_of(text, None, "file").name == name
    assert dialect_of(text, "python-dotenv", "file").name == "python-dotenv"


BLOCKS = {
    'AIRFLOW_VAR_LIMIT="under \\$50"\n': ["warns"],
    'AIRFLOW_CONN_A="{\\"conn_type\\": \\"http\\", \\"login\\": \\"x\\$y\\"}"\n': ["warns"],
    'AIRFLOW_CONN_A="postgres://u:a\\$b@h/s"\n': ["blocks"],
    'AIRFLOW_VAR_API_KEY="a\\$b"\n': ["blocks"],
    'AIRFLOW_CONN_A="postgres://u:a\\$b@h/s"\nX=  # secret, use --include-secrets\n': ["warns"],
    "AIRFLOW_VAR_REGION=x\nX=  # secret, use --include-secrets\n": [],
    SAVED: ["warns"],
}


@pytest.mark.parametrize(("text", "wanted"), BLOCKS.items())
def test_a_reading_that_only_the_form_of_the_file_says_is_told_with_its_dialect(text: str, wanted: list[str]) -> None:
    loud = [found for obj in read(text).bundle for found in obj.ambiguities if not found.is_minor]
    assert ["blocks" if found.blocks else "warns" for found in loud] == wanted
    for found in loud:
        assert found.rule == "AC425"
        assert re.search(
            "the file looks like the output of `astro .*` and is read as such; other readers .*python-dotenv",
            found.message,
        )


def test_lines_without_a_name_belong_to_the_value_above_and_are_told() -> None:
    text = "\nAIRFLOW_VAR_A=one\ntwo = 2\n\nthree\nAIRFLOW_VAR_B=x\n# note\nAIRFLOW_VAR_C=y"
    found = read(text, env_dialect="astro-save").bundle.variables
    assert {key: obj.value for key, obj in found.items()} == {
        "a": Text.of("one\ntwo = 2\n\nthree"),
        "b": Text.of("x\n# note"),
        "c": Text.of("y"),
    }
    assert [[found.message.partition(":")[0] for found in obj.ambiguities] for obj in found.values()] == [
        ["lines 3 to 5 are read as a part of the value above"],
        ["line 7 is read as a part of the value above"],
        [],
    ]
    assert found["b"].ambiguities[0].blocks
    assert not found["a"].ambiguities[0].blocks


def test_the_end_of_a_key_in_base64_is_not_another_variable() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFO\nQmdrcWhraUc5dzA=\n-----END PRIVATE KEY-----"
    assert variables(f"\nAIRFLOW_VAR_KEY={key}\nAIRFLOW_VAR_B=x", env_dialect="astro-save") == {
        "key": Text.of(key),
        "b": Text.of("x"),
    }


def test_the_last_line_of_a_name_counts() -> None:
    text = "\nAIRFLOW_VAR_A=1\nAIRFLOW_VAR_A=2"
    found = read(text, env_dialect="astro-save")
    assert found.bundle.variables["a"].value == Text.of("2")
    assert ["AIRFLOW_VAR_A is set again" in note.message for note in found.notes] == [True]


@pytest.mark.parametrize(
    "line", ["export A=1", "A='x y'", "A=x y", "A=x # y", 'A="x', 'A="\\x"', "A = 1", "A-B=1", "A", "A=a\\b"]
)
def test_a_line_in_another_form_is_an_error_in_a_file_of_astro_env(line: str) -> None:
    with pytest.raises(InputErrors, match="the Astro CLI doesn't write lines like this"):
        read(f"{line}\n", env_dialect="astro-env")


@pytest.mark.parametrize("line", ["A=$X", 'A="$X y"', "A=${X}"])
def test_a_reference_in_a_file_of_astro_env_is_an_error_with_the_way_out(line: str) -> None:
    with pytest.raises(InputErrors, match=r"this line has a \$ that the Astro CLI expands") as caught:
        read(f"{line}\n", env_dialect="astro-env")
    assert "--expand" in (caught.value.hint or "")


@pytest.mark.parametrize("value", ["a\nb", "a\r", " # secret"])
def test_what_astro_save_has_no_sure_form_for_is_a_loss(value: str) -> None:
    bundle = Bundle.of([Variable(key="a", value=Text.of(value))])
    rendered = get_format("env").render(bundle, writing(env_dialect="astro-save"))
    assert [(loss.id, loss.field) for loss in rendered.losses] == [("a", "")]
    assert "AIRFLOW_VAR_A" not in rendered.text


def test_what_the_astro_cli_would_take_away_when_it_loads_the_file_is_a_note() -> None:
    bundle = Bundle.of([Variable(key="a", value=Text.of('"x"')), Variable(key="b", value=Text.of("x"))])
    rendered = get_format("env").render(bundle, writing(env_dialect="astro-save"))
    assert rendered.text == '# airconn: env-dialect astro-save\nAIRFLOW_VAR_A="x"\nAIRFLOW_VAR_B=x\n'
    assert [note.where for note in rendered.notes] == ["variables/a"]
    assert get_format("env").parse(rendered.text, "", ReadOptions()).bundle.variables["a"].value == Text.of('"x"')


def test_a_file_that_is_known_by_its_form_says_its_dialect_once_it_is_changed(airconn, tmp_path) -> None:
    (tmp_path / "a.env").write_text('AIRFLOW_VAR_A="under \\$50"\n')
    (tmp_path / "variables.json").write_text('{"b": "cost $5"}')
    assert airconn("convert", tmp_path / "variables.json", "-o", tmp_path / "a.env").code == 0
    assert (tmp_path / "a.env").read_text() == (
        '# airconn: env-dialect astro-env\nAIRFLOW_VAR_A="under \\$50"\nAIRFLOW_VAR_B="cost \\$5"\n'
    )


def test_a_file_with_a_hidden_connection_takes_it(airconn, tmp_path: Path) -> None:
    path, source = tmp_path / "saved.env", tmp_path / "a.json"
    path.write_text("\nAIRFLOW_CONN_A= # secret\nAIRFLOW_VAR_NOTE=it's raw # all of it\n")
    source.write_text('{"connections": {"a": {"conn_type": "http", "host": "h", "schema": "", "login": ""}}}')
    result = airconn("import", source, "--to", path)
    assert result.code == 0, result.err
    assert path.read_text().splitlines()[-1] == "AIRFLOW_VAR_NOTE=it's raw # all of it"
    assert airconn("diff", source, path, "--connections").code == 0
