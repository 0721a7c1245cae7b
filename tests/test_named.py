"""What a message or a page tells a user to type exists: commands, their options, and pages of the guide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import click
import pytest

from airconn.cli.main import COMMANDS, group
from airconn.errors import AirconnError
from airconn.guide import pages
from tests import help_pages
from tests.messages import PACKAGE, messages, texts

PREDICATES = re.compile(
    "and|as|asks|came|can|can't|did|does|doesn't|dies|ends|finds|follows|for|goes|has|holds|ignore|in|is|itself|keeps"
    "|knows|loads|logs|may|moves|names|never|on|only|opens|reads|refuses|runs|says|sends|sets|shows|speaks|stays|supports"
    "|takes|that|tries|waits|was|with|would|writes|wrote"
)
"""What follows the name of the program in a sentence. Any other word has to be a command."""

EXAMPLES = PACKAGE.parent / "examples"

FOREIGN = {
    "--action-on-existing-key": "airflow",
    "--audiences": "gcloud",
    "--auth": "",
    "--cached": "git rm",
    "--config": "",
    "--connections-file-path": "airflow",
    "--context": "kubectl",
    "--decrypt": "",
    "--email": "users create",
    "--env-file": "docker run",
    "--error-unmatch": "",
    "--exclude-newer": "",
    "--file-format": "airflow",
    "--filename-override": "",
    "--filters": "aws",
    "--firstname": "users create",
    "--format": "",
    "--help": "",
    "--hide-sensitive": "airflow",
    "--id": "az",
    "--ignore-mac": "sops decrypt",
    "--include-secrets": "astro env|use --include",
    "--input-type": "",
    "--lastname": "users create",
    "--load": "astro",
    "--location": "gcloud",
    "--locations": "gcloud",
    "--max-items": "AWS CLI",
    "--no-paginate": "AWS CLI",
    "--no-project": "",
    "--no-python-downloads": "",
    "--only-installed": "",
    "--output-format": "",
    "--output-type": "",
    "--overwrite": "",
    "--password": "",
    "--path": "aws ssm",
    "--project": "gcloud",
    "--python": "",
    "--recursive": "aws ssm",
    "--region": "aws",
    "--role": "users create",
    "--save": "astro",
    "--secret": "gcloud",
    "--upgrade": "pip install",
    "--uploaded-prior-to": "",
    "--use-random-password": "users create",
    "--username": "",
    "--value-stdin": "",
    "--version": "",
    "--wait": "code",
    "--with-decryption": "aws ssm",
}
"""Options of other programs, with what stands in a text that names them. They may stand alone in a list of words."""

_OPTION = r"(?<![\w-])--[a-z][\w-]*"


@cache
def commands() -> Mapping[str, frozenset[str]]:
    """The options of each command."""
    found = {}
    context = click.Context(group)
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        options = [*command.params, *group.params]
        found[name] = frozenset(text for option in options for text in (*option.opts, *option.secondary_opts))
    return found


def missing(text: str) -> Iterator[str]:
    """What a text names, and doesn't exist."""
    for topic in re.findall(r"\bairconn help ([a-z][\w-]*)", text):
        if topic not in pages() and topic not in COMMANDS:
            yield f"airconn help {topic}"
    for word in re.findall(r"\bairconn ([a-z][\w'-]*)", text):
        if word not in COMMANDS and not PREDICATES.fullmatch(word):
            yield f"airconn {word}"
    rest = text
    for name, words in re.findall(r"\bairconn ([a-z]+)\b((?:(?! airconn |\. )[^`;:,()\n])*)", text):
        if name in COMMANDS:
            words = words.partition(" -- ")[0]
            rest = rest.replace(words, "", 1)
            yield from (
                f"airconn {name} {option}"
                for option in re.findall(_OPTION, words)
                if option not in commands()[name] and not _is_foreign(option, words)
            )
    for option in re.findall(_OPTION, rest):
        if (
            not any(option in known for known in commands().values())
            and not option.endswith("-")
            and not _is_foreign(option, text)
        ):
            yield option


def _is_foreign(option: str, text: str) -> bool:
    return option in FOREIGN and (text.split()[0] == option or re.search(FOREIGN[option], text) is not None)


def test_what_a_message_names_exists() -> None:
    found = {f"{one.path}:{one.line}: {name}" for one in texts() for name in missing(one.text)}
    assert found == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_help_of_a_command_names_exists(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert list(missing(command.get_help(click.Context(command, info_name=name)))) == []


@pytest.mark.parametrize("topic", pages())
def test_what_a_page_names_exists(topic: str) -> None:
    text = pages()[topic].text
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`]+)`", prose)
    played = [command for block in help_pages.blocks(text) for command in help_pages.commands(block)]
    # A command that is shown to fail may name what doesn't exist.
    named = [command for command in played if "|| echo" not in command]
    # The page on completion shows words of which only the beginning is typed.
    named += [words for span in spans if not re.fullmatch("airconn [a-z]{2}", words := " ".join(span.split()))]
    assert sorted({name for one in named for name in missing(one)}) == []


@pytest.mark.parametrize("topic", pages())
def test_the_errors_that_a_page_explains_exist(topic: str) -> None:
    table = pages()[topic].text.partition("| message | why | what to do |\n| --- | --- | --- |\n")[2]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.partition("\n\n")[0].splitlines()]
    known = [one.text for one in messages()]
    assert [row for row in rows if not any(_says(text, row) for text in known)] == []


def _says(text: str, row: str) -> bool:
    """Whether a message has what the row of a table has, or the row has all of the message."""
    parts = text.split("{…}")
    longest = max(parts, key=len)
    if row in text or longest not in row or len(longest) < 12:
        return row in text
    return re.search(".+".join(map(re.escape, parts)), row) is not None


def test_no_message_installs_what_no_index_has() -> None:
    found = [one for one in messages() if re.search(r"(pip|uv tool|pipx|uvx) (install|run)? *'?airconn", one.text)]
    assert found == []


@pytest.mark.parametrize("topic", pages())
def test_no_page_installs_what_no_index_has(topic: str) -> None:
    assert from_an_index(pages()[topic].text) == []


@pytest.mark.parametrize(
    "path", [*sorted(EXAMPLES.rglob("*.yaml")), EXAMPLES.parent / "README.md"], ids=lambda p: p.name
)
def test_no_example_installs_what_no_index_has(path: Path) -> None:
    assert from_an_index(path.read_text()) == []


def from_an_index(text: str) -> list[str]:
    """The commands that install a package of the name `airconn` from whoever has it on an index."""
    installed = re.findall(r"(?:install|uvx|uv tool run|pipx run) +(?:-\S+ +)*([\"']?airconn.*)", text)
    return [one for one in installed if not re.match(r'"airconn(?:\[\w+\])? @ \$AIRCONN_SOURCE"$', one)]


def test_an_installation_from_an_index_is_found() -> None:
    found = ["airconn", "-q airconn", "'airconn[sandbox]'", "--upgrade airconn==0.2.0", '"airconn>=0.2"']
    assert [one for one in found if not from_an_index(f"- pip install {one}\n")] == []
    assert from_an_index('- run: pip install -q "airconn[sandbox] @ $AIRCONN_SOURCE"\n') == []


def test_what_does_not_exist_is_found() -> None:
    assert list(missing("run airconn improt .env, or see airconn help valt")) == [
        "airconn help valt",
        "airconn improt",
    ]
    assert list(missing("airconn list --prune lists it; --no-such-thing too")) == [
        "airconn list --prune",
        "--no-such-thing",
    ]
    assert list(missing("airconn run --from A -- docker run --env-file x; airconn knows --fill")) == []
    assert list(missing("kubectl --context c get secrets")) == []
    assert list(missing("what --context names")) == ["--context"]


def test_the_page_that_an_error_names_exists() -> None:
    found = [
        (path, topic)
        for path in sorted(PACKAGE.rglob("*.py"))
        for topic in re.findall(
            r"(?:\btopic=|with_page\(.*, |\bTOPIC\b.* = |\btopic: str = )\"([^\"]+)\"", path.read_text()
        )
    ]
    assert [(path, topic) for path, topic in found if topic not in pages()] == []


def test_the_hint_of_an_error_ends_with_the_page_of_its_topic() -> None:
    assert AirconnError("it is red", hint="paint it", topic="vault").hint == "paint it (airconn help vault)"
    assert AirconnError("it is red", topic="vault").hint == "airconn help vault"
    assert AirconnError("it is red", hint="see airconn help vault", topic="vault").hint == "see airconn help vault"
    assert AirconnError("it is red", hint="did you mean 'read'?", topic="vault").hint == "did you mean 'read'?"
    assert AirconnError("it is red").hint is None
