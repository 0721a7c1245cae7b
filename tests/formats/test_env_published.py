"""The models of Docker Compose and the Astro CLI read what the tests of their parsers expect.

The cases are those of compose-go (`dotenv/godotenv_test.go`, `godotenv_var_expansion_test.go`) and of gotenv
(`gotenv_test.go`), in our words and without those that are about files and the environment.
"""

from __future__ import annotations

import pytest

from airconn.formats.dotenv.compose_template import expanded
from airconn.formats.dotenv.lines import Fault
from tests.formats.test_env_readings import ASTRO, COMPOSE, read_by

BOTH = {
    "FOO=bar": "bar",
    "FOO =bar": "bar",
    "FOO= bar": "bar",
    "  FOO=bar": "bar",
    "FOO=bar  ": "bar",
    'FOO="bar"': "bar",
    "FOO='bar'": "bar",
    'FOO="bar"  ': "bar",
    'FOO="escaped\\"bar"': 'escaped"bar',
    "FOO=": "",
    "FOO: 1": "1",
    "export FOO=2": "2",
    "export FOO='\\n'": "\\n",
    'FOO="bar\\nbaz"': "bar\nbaz",
    "FOO=bar # a comment": "bar",
    'FOO="bar#baz" # a comment': "bar#baz",
    "FOO='ba#r'": "ba#r",
    "A=test\nFOO=$A": "test",
    "A=test\nFOO=${A}bar": "testbar",
    "FOO=$A": "",
    'A=test\nFOO="quote $A"': "quote test",
    "FOO='quote $A'": "quote $A",
    'FOO="foo\\$A"': "foo$A",
    'FOO="foo\\${A}"': "foo${A}",
    'A=test\nFOO="foo\\${A} ${A}"': "foo${A} test",
    "\n \t  \nFOO=bar\n \nA=b": "bar",
    "\n\n # a comment \nFOO=bar": "bar",
}
OF_COMPOSE = {
    "FOO: Foo=bar": "Foo=bar",
    "FOO=1:B": "1:B",
    "export\tFOO=2": "2",
    "FOO=a\\tb": "a\\tb",
    'FOO="a\\tb"': "a\tb",
    "FOO=123#not-a-comment": "123#not-a-comment",
    'FOO="bar\\n\\ b\\az"': "bar\n\\ b\az",
    'FOO="bar\\\\\\n\\ b\\az"': "bar\\\n\\ b\az",
    'FOO="bar\\nbaz\\\\"': "bar\nbaz\\",
    'FOO="\\x07"': "\\x07",
    'FOO="\\u12e4"': "\\u12e4",
    "FOO='Let\\'s go!'": "Let's go!",
    "FOO = 'first\nsecond'": "first\nsecond",
    "FOO=first one with blanks": "first one with blanks",
    "FOO=$$bar": "$bar",
}
OF_ASTRO = {
    "FOO=bar\rA=b": "bar",
    "FOO=bar\r\nA=b": "bar",
    'FOO="bar\\rbaz"': "bar\rbaz",
    'FOO="bar\\\\$ \\\\$\\\\$"': "bar$ $$",
    'FOO="bar $ "': "bar $ ",
    'FOO= "bar#baz" # a comment': "bar#baz",
    'FOO="---\na==\n---"': "---\na==\n---",
    "FOO='a\n\nb'": "a\n\nb",
}
REFUSED = {
    COMPOSE: [
        "lol$wut",
        "KEY with blanks=x",
        *(f"KEY={rest}" for rest in ('"', '"v', '"v\\"', "\"v'", "'", "'v\\'", "'v\"")),
    ],
    ASTRO: ["lol$wut", "A=2\nexport NOT_SET", 'A="open', "A-B=1"],
}
SET = {"EMPTY": "", "TEST": "Test Value"}
TEMPLATES = {
    "${UNSET:-Default}": "Default",
    "${EMPTY:-Default}": "Default",
    "${TEST:-Default}": "Test Value",
    "${UNSET-Default}": "Default",
    "${EMPTY-Default}": "",
    "${TEST-Default}": "Test Value",
    "${UNSET:?Error}": None,
    "${EMPTY:?Error}": None,
    "${TEST:?Error}": "Test Value",
    "${UNSET?Error}": None,
    "${EMPTY?Error}": "",
    "${UNSET+other}": "",
    "${EMPTY+other}": "other",
    "${EMPTY:+other}": "",
    "${TEST:+other}": "other",
    "${UNSET:-${TEST}}": "Test Value",
    "${UNSET:-${EMPTY:-deep}} and ${TEST}": "deep and Test Value",
    "$$ $TEST$UNSET $5 $": "$ Test Value $5 $",
    "${": None,
    "${5}": None,
    "${TEST": None,
}


@pytest.mark.parametrize("text", [*BOTH, *OF_COMPOSE])
def test_compose_reads_it_so(text: str) -> None:
    assert (read_by(COMPOSE, text) or {}).get("FOO") == {**BOTH, **OF_COMPOSE}[text]


@pytest.mark.parametrize("text", [*BOTH, *OF_ASTRO])
def test_the_astro_cli_reads_it_so(text: str) -> None:
    assert (read_by(ASTRO, text) or {}).get("FOO") == {**BOTH, **OF_ASTRO}[text]


@pytest.mark.parametrize(("reader", "text"), [(reader, text) for reader, texts in REFUSED.items() for text in texts])
def test_a_file_is_refused_as_a_whole(reader: str, text: str) -> None:
    assert read_by(reader, f"FOO=bar\n{text}") is None


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_of_compose_is_expanded_so(text: str) -> None:
    if TEMPLATES[text] is None:
        with pytest.raises(Fault):
            expanded(text, SET.get)
    else:
        assert expanded(text, SET.get) == TEMPLATES[text]
