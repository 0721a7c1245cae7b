"""The pages of airconn/help/: no command in them goes without being run, and what they link to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airconn import config_files
from tests import help_pages
from tests.help_pages import HELP, ROOT, Block, World, blocks, commands, pages, played, unplayed
from tests.integration.help_worlds import WORLDS

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", pages())
def test_no_command_of_a_page_goes_without_being_run(name: str) -> None:
    text = (HELP / name).read_text()
    assert unplayed(text) == []
    if any(commands(block) for block in blocks(text)):
        assert name in WORLDS


def test_every_surroundings_has_its_page() -> None:
    assert set(WORLDS) <= set(pages())


@pytest.mark.parametrize("name", pages())
def test_what_a_page_says_of_the_configuration_is_read(name: str, tmp_path: Path) -> None:
    for block in blocks((HELP / name).read_text()):
        if block.language == "toml":
            (tmp_path / "config.toml").write_text(block.text)
            assert config_files.read(tmp_path / "config.toml", f"{name}:{block.line}")


@pytest.mark.parametrize("name", pages())
def test_the_links_of_a_page_lead_somewhere(name: str) -> None:
    text = (HELP / name).read_text()
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert target.startswith("https://") or (HELP / target).exists(), target


@pytest.mark.parametrize("name", pages())
def test_a_page_is_easy_to_find_and_to_read(name: str) -> None:
    text = (HELP / name).read_text()
    assert text.startswith("# ")
    assert f"(airconn/help/{name})" in README
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.splitlines() if len(line) > 160 and not line.startswith("|")] == []
    for block in blocks(text):
        assert [command for command in commands(block) if len(command) > 160] == []


def page(*text: str) -> list[Block]:
    return list(blocks("\n".join(text)))


def test_a_command_in_a_block_that_is_not_run_is_found() -> None:
    assert unplayed("```text\n$ airconn list\n```\n") == ["line 1: a command in a block of data: $ airconn list"]
    assert unplayed("x\n\n```\nairconn list\n```\n") == ["line 3: the language '' is not one of those that are known"]
    assert unplayed("```console\nairconn list\n```\n") == ["line 1: a console block begins with a command"]
    with pytest.raises(ValueError, match="line 2: a block without an end"):
        unplayed("\n```console\n$ airconn list\n")


def test_the_commands_of_a_page_are_one_session(tmp_path: Path) -> None:
    world = World(tmp_path, names={"https://a.example.com": "http://127.0.0.1:1"})
    first, second = page("```sh", "export WHERE=https://a.example.com", "```", "```console", "$ echo $WHERE", "```")
    assert played(first, world) == first.text
    assert played(second, world) == "$ echo $WHERE\nhttps://a.example.com\n"
    assert world.environ["WHERE"] == "http://127.0.0.1:1"


def test_a_command_that_fails_has_to_say_its_exit_code(tmp_path: Path) -> None:
    (block,) = page("```console", "$ false", "```")
    with pytest.raises(AssertionError, match="exit code 1"):
        played(block, World(tmp_path))
    (block,) = page("```console", '$ false || echo "exit code $?"', "exit code 1", "```")
    assert played(block, World(tmp_path)) == block.text


def test_the_commands_of_a_recipe_run(tmp_path: Path) -> None:
    (block,) = page("```yaml", "jobs: {a: {steps: [{uses: x}, {run: 'touch made'}]}}", "```")
    assert unplayed(f"```yaml\n{block.text}```\n") == []
    played(block, World(tmp_path))
    assert (tmp_path / "made").exists()
    assert help_pages.recipe(page("```yaml", "a: {script: ['touch made']}", "```")[0]) == ["touch made"]


def test_a_command_of_a_page_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    (block,) = page("```console", "$ echo a \\", "    b", "a b", "$ echo c", "c", "```")
    assert commands(block) == ["echo a \\\n    b", "echo c"]
    assert played(block, World(tmp_path)) == block.text


def test_a_page_brings_its_files(tmp_path: Path) -> None:
    help_pages.write_files("```yaml\n# prod.yaml\nconnections: {}\n```\n\n```json\n{}\n```\n", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["prod.yaml"]
    assert (tmp_path / "prod.yaml").read_text() == "# prod.yaml\nconnections: {}\n"
