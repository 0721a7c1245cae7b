"""The headings of options in help texts, and which options `--help` explains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of options. A flag stands for the option that has it, of any command."""

    title: str
    explained_flags: str = ""
    """The options that `--help` explains, in this order."""
    named_flags: str = ""
    """The options that `--help` only names, because few people need them. `--help-all` explains them."""

    @property
    def explained(self) -> tuple[str, ...]:
        return tuple(self.explained_flags.split())

    @property
    def flags(self) -> tuple[str, ...]:
        return (*self.explained, *self.named_flags.split())


HEADINGS = (
    Heading(
        "What",
        "--list --clear --from --to --source --all --new --connections --variables --pools --include --exclude "
        "--backend --database --url --name --prod --file --astro --port --install --test-connections --clean "
        "--airflow",
        "--from-airflow-config --workers-backend --no-backend",
    ),
    Heading(
        "Changes",
        "--set --overlay --fill --on-existing --merge --prune --ignore --fix",
        "--resolve --set-file --rename --literal --exact --assume-unchanged",
    ),
    Heading(
        "Safety",
        "--dry-run --exit-code --plan-out --confirm --yes --force --ask-writes --max-delete --no-backup --redacted "
        "--mask-secrets --keep-credentials --insecure-file",
        "--strict --allow-empty --fail-fast --verify --settle --canary --parallel",
    ),
    Heading("Formats", "--from-format --format --connection-format", "--kind"),
    Heading(
        "Network",
        "--username --env-file --ask-token",
        "--timeout --deadline --retries --ca-bundle --client-cert --client-key --allow-redirect",
    ),
    Heading(
        "Output",
        "--out --split --output --show-values --reveal --limit --quiet --verbose --help --help-all",
        "--replace --replace-references --encrypt",
    ),
)
"""All headings, in the order of a help text. Options of formats are named under Formats."""

COMMAND_HEADINGS = {
    "Move objects": "import apply undo export convert",
    "Look and check": "list diff check explain doctor",
    "Single objects": "show get set edit test delete",
    "Run programs": "run sandbox",
    "Set up": "init targets login logout completion",
    "Help": "help version",
}
"""The headings of the commands, each with its commands in order."""

OTHER_COMMANDS = "Other commands"
"""The heading of commands that have none."""

OTHER = Heading("Options")
"""The heading of options that have none, so that a help text never lacks one."""

TOGETHER = {
    ("--connections", "--variables", "--pools"): "Only these kinds; the three add up.",
    ("--help", "--help-all"): "Show this text, or one that explains all options.",
}
"""Options that `--help` explains with one text, where a command has all of them."""
