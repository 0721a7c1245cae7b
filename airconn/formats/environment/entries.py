"""What the walk through a document finds: environment variables of Airflow, each with its place and its holder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from airconn.formats.base import show_key
from airconn.patterns import pattern

_NAME = r"AIRFLOW_(?:CONN|VAR)_[A-Za-z0-9]\w{0,200}"
MENTION = pattern(
    rf"(?<![\w$%{{(])(?:(?:{_NAME})(?=[\"']?[ \t]*[=:])|(?<=name: )(?:{_NAME})|(?<=name: [\"'])(?:{_NAME}))"
)
"""A name in a text that a value seems to follow. `$NAME` and `${NAME:-x}` only use the variable."""


class Program(Enum):
    """The program that reads the variables of a document, as far as its reading differs from the text."""

    PLAIN = "it"
    KUBERNETES = "Kubernetes"
    COMPOSE = "Docker Compose"
    HELM = "Helm"
    TERRAFORM = "Terraform"
    ARM = "Azure Resource Manager"
    GITLAB = "GitLab"
    SYSTEMD = "systemd"


@dataclass(frozen=True, slots=True)
class KeyRef:
    """A reference to an entry of a Secret or a ConfigMap."""

    kind: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class FoundVariable:
    """An environment variable in a document. Without a `value`, `hidden` or `unread` says why."""

    name: str
    line: int | None
    column: int | None
    holder: str
    """Where it is, in words: `services.scheduler`, `Deployment/airflow …`."""
    value: str | None = None
    hidden: str = ""
    """Where the value is instead: `is taken from a Secret`."""
    unread: str = ""
    """Why the value can't be read: `is a list, not a text`."""
    expanded_by: str = ""
    """The program that expands a reference in the value."""
    true_id: str = ""
    """The id that the name doesn't tell, if the document does."""
    is_template: bool = False
    """Whether it is in a part that only others use, such as the `x-…` of Docker Compose."""
    is_evident: bool = True
    """Whether it proves that the document holds environment variables."""
    is_likely: bool = True
    """Whether it suggests that."""
    owner: int = 0
    """The container that holds it, as a number."""
    key_ref: KeyRef | None = None
    """Where a hidden value is, if that may be in the same text."""


@dataclass(frozen=True, slots=True)
class Block:
    """A text in a document that holds a document itself."""

    line: int | None
    column: int | None
    offset: int | None
    """What is added to its own lines. None if they can't be told, so that all is at the place of the block."""
    depth: int = 1
    """The number of texts that are in one another."""

    def place(self, line: int | None, column: int | None) -> tuple[int | None, int | None]:
        if self.offset is None or line is None:
            return self.line, self.column
        return line + self.offset, None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where in a document the walk is."""

    path: tuple[str, ...] = ()
    program: Program = Program.PLAIN
    key: str = ""
    """The key of the mapping or list, or of the list that it is in."""
    place: tuple[int | None, int | None] = (None, None)
    block: Block | None = None
    is_template: bool = False
    is_encoded: bool = False
    """Whether texts are base64."""
    is_known: bool = False
    """Whether the document has the shape of a known tool."""
    has_secrets: bool = False
    """Whether it is in a list of Secrets."""
    is_rendered: bool = False
    """Whether Helm renders the texts as templates."""

    def below(self, key: str, place: tuple[int | None, int | None]) -> Scope:
        """The scope of the value of a key."""
        word = key if len(key) <= 60 and show_key(key) == repr(key) else "…"
        return replace(self, path=(*self.path, word), key=key, place=place)

    def item(self, label: str, place: tuple[int | None, int | None]) -> Scope:
        """The scope of an item of the list."""
        return replace(self, path=(*self.path, label), place=place)

    @property
    def holder(self) -> str:
        return ".".join(self.path).replace(".[", "[") or "the document"
