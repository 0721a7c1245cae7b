"""What a model of a program gives: the values that it reads in a .env file."""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.formats.expansion_limits import LONGEST_OF_ALL

PYTHON_DOTENV = "python-dotenv"
COMPOSE = "Docker Compose"
ASTRO = "the Astro CLI"
SHELL = "a shell"
DOCKER = "docker run --env-file"
COUNTED = frozenset({PYTHON_DOTENV, COMPOSE, ASTRO})
"""The programs whose different reading is a warning, and for a secret blocks an import."""
READERS = (PYTHON_DOTENV, COMPOSE, ASTRO, SHELL, DOCKER)


@dataclass(slots=True)
class Values:
    """The values that one program reads in a file, by their names. A later line of a name replaces an earlier one."""

    by_name: dict[str, str] = field(default_factory=dict)
    expanded: set[str] = field(default_factory=set)
    """The names in whose values a variable was expanded."""
    refused_at: int | None = None
    """The offset of a line for which the program refuses the whole file."""
    stopped_at: int | None = None
    """The offset of a line after which the program reads no more."""
    gained: int = 0
    """The characters that references stood for so far."""

    def is_within_limits(self, value: str) -> bool:
        """Whether one more reference to this value leaves all of them at a size that is looked at.

        Beyond that, a value is only known to be expanded, and not what it is.
        """
        self.gained += len(value)
        return self.gained <= LONGEST_OF_ALL

    def put(self, name: str, value: str, *, is_expanded: bool = False) -> None:
        self.by_name[name] = value
        if is_expanded:
            self.expanded.add(name)
        else:
            self.expanded.discard(name)
