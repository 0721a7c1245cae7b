"""An option of the command line that a format declares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormatOption:
    """An option that only some formats have. Those that share one declare the same value."""

    name: str
    """`env_dialect` is `--env-dialect` on the command line."""
    help: str
    """The help of the option for the file that is written. Empty if it is only for files that are read."""
    choices: tuple[str, ...] = ()
    """The values that it takes. Empty if it takes any text."""
    default: str | None = None
    help_of_sources: str = ""
    """The help of `--from-env-dialect`, the same option for the files that are read. Empty if it doesn't exist."""
    said: str = ""
    """The value that the option itself says, which then takes none and has one name for sources too. Empty for an
    option that takes a value."""

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def flag_of_sources(self) -> str:
        """The name of the option for the files that are read."""
        return self.flag if self.said else f"--from-{self.flag[2:]}"
