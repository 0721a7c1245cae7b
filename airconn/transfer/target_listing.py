"""Lists the targets and groups of the configuration, and where each of their settings comes from.

No request is sent, no command is run, no keyring is opened and nothing is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from airconn import trust
from airconn.config import PROJECT_FILE, Config
from airconn.errors import AirconnError
from airconn.named_places import ALL, NamedTarget
from airconn.target_tables import texts
from airconn.targets import targets_of
from airconn.toml_lines import line_of

_LISTS = ("overlay", "include", "exclude")


@dataclass(frozen=True, slots=True)
class TargetSetting:
    """One setting of a target. Never the value of a secret."""

    name: str
    """Its name in the file: `overlay`, `token_env`, `headers.X-Team`."""
    value: Any
    """Of a credential, where it is: the name of a variable, the path of a file, or the program of a command."""
    file: str = ""
    line: int | None = None
    is_set: bool | None = None
    """Whether the variable that it names is set. None for other settings."""
    is_command: bool = False
    """Whether a command prints it, of which only the program is told."""


@dataclass(frozen=True, slots=True)
class ConfiguredTarget:
    """A target, with its settings."""

    name: str
    """With its `@`."""
    address: TargetSetting
    """As it is written, which may be a name of `[addresses]`."""
    location: str
    """The address itself. Empty if it isn't known."""
    settings: tuple[TargetSetting, ...]
    login: str = ""
    """Where its credentials come from, in words. Empty if its address needs none from airconn."""
    has_login: bool = False
    """Whether there are any."""
    problems: tuple[AirconnError, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfiguredGroup:
    """A group, with its members as they are written."""

    name: str
    members: tuple[str, ...]
    targets: tuple[str, ...] = ()
    """The targets and addresses that it means, those of its groups among them."""
    file: str = ""
    """Empty for the group of all targets."""
    line: int | None = None
    problems: tuple[AirconnError, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetList:
    """All targets and groups."""

    targets: tuple[ConfiguredTarget, ...]
    groups: tuple[ConfiguredGroup, ...]

    @property
    def problems(self) -> tuple[AirconnError, ...]:
        """Why targets and groups can't be used, each once: a group has the problems of its targets."""
        found = [problem for target in self.targets for problem in target.problems]
        found += [problem for group in self.groups for problem in group.problems]
        return tuple({str(problem): problem for problem in found}.values())


@dataclass(frozen=True, slots=True)
class _Files:
    """The texts of both configuration files, in which lines are looked up."""

    texts: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, config: Config) -> _Files:
        paths = {PROJECT_FILE: config.directory / PROJECT_FILE, config.user_file: Path(config.user_file)}
        return cls({name: path.read_text(encoding="utf-8") for name, path in paths.items() if path.is_file()})

    def line(self, file: str, *path: str) -> int | None:
        return line_of(self.texts.get(file, ""), path)


def list_targets(config: Config) -> TargetList:
    """The targets and groups of the configuration, those of the project first."""
    config = replace(config, consent=None, question=None)  # which could ask
    files = _Files.of(config)
    targets = tuple(_listed(config, files, name) for name in config.places.names_of_targets())
    groups = [_group(config, files, name) for name in config.places.groups()]
    if targets and ALL not in config.places.groups():
        groups.append(_checked(config, ConfiguredGroup(f"@{ALL}", tuple(one.name for one in targets))))
    return TargetList(targets, tuple(groups))


def _listed(config: Config, files: _Files, name: str) -> ConfiguredTarget:
    target = config.places.target(name)
    if target is None:
        raise LookupError("a name of the configuration is always found")
    address = _address(target, files)
    settings = tuple(_settings(config, target, files))
    problems: list[AirconnError] = []
    location, login, has_login = "", "", False
    try:
        location = config.location(f"@{name}")
    except AirconnError as error:
        problems.append(error)
    else:
        try:
            login, has_login = _login(config, f"@{name}")
        except AirconnError as error:  # a variable that isn't set here may be set where the target is used
            login = f"not complete: {error}"
    if "overlay" in target.settings:
        where = next(one for one in settings if one.name == "overlay")
        at = f"{where.file}:{where.line}" if where.line else where.file
        problems += (
            AirconnError(f"@{name} has the overlay {path}, which isn't there", where=at)
            for path in config.places.overlays_of(target)
            if not os.path.exists(path)  # noqa: PTH110 - a path of a user, which pathlib may not take
        )
    return ConfiguredTarget(f"@{name}", address, location, settings, login, has_login, tuple(problems))


def _address(target: NamedTarget, files: _Files) -> TargetSetting:
    file = target.files.get("address", "")
    key = next((key for key in ("address", "url") if files.line(file, "targets", target.name, key)), "address")
    is_inherited = target.address == f"@{target.name}"
    path = ("addresses", target.name) if is_inherited else ("targets", target.name, key)
    return TargetSetting("address", target.address, file, files.line(file, *path))


def _settings(config: Config, target: NamedTarget, files: _Files) -> Iterator[TargetSetting]:
    for key, value in target.settings.items():
        file = target.files[key]
        if key == "headers":
            for header, source in value.items():
                line = files.line(file, "targets", target.name, key, header)
                ((where, named),) = source.items()
                yield _credential(config, (f"headers.{header}", where), named, file, line)
            continue
        what, _, source = key.rpartition("_")
        line = files.line(file, "targets", target.name, key)
        if what in trust.CREDENTIALS and source in trust.SOURCES:
            yield _credential(config, (key, source), value, file, line)
        else:
            yield TargetSetting(key, list(texts(value)) if key in _LISTS else value, file, line)


def _credential(config: Config, called: tuple[str, str], value: Any, file: str, line: int | None) -> TargetSetting:
    """Where a credential is. `called` is its setting, and whether that names a variable, a file or a command."""
    name, source = called
    # The arguments of a command may be secret.
    if source == "command":
        return TargetSetting(name, value[0], file, line, is_command=True)
    return TargetSetting(name, value, file, line, bool(config.environ.get(value)) if source == "env" else None)


def _login(config: Config, name: str) -> tuple[str, bool]:
    """Where the credentials for a target come from, in words, and whether there are any. Raises `AirconnError`."""
    address = config.resolve(name)
    if not trust.uses_credentials(address.text):
        return "", False
    known = address.settings.credentials
    login = known.login
    if login is not None and login.is_due:
        stored = getattr(login, "stored", None)
        if stored is None:
            return f"{known.source}, whose password would be asked for", True
        kept = "a file of airconn" if stored.is_in_file else "the keyring"
        return f"stored in {kept}" + (f", as {stored.username}" if stored.username else ", a token"), True
    if known.sources:
        return known.sources, True
    return f"none; looked at {', '.join(known.looked_at)}" if known.looked_at else "none", False


def _group(config: Config, files: _Files, name: str) -> ConfiguredGroup:
    file = config.places.file_of_group(name)
    members = config.places.groups()[name]
    return _checked(config, ConfiguredGroup(f"@{name}", members, (), file, files.line(file, "groups", name)))


def _checked(config: Config, group: ConfiguredGroup) -> ConfiguredGroup:
    """The group with what it means, or with why it can't be used."""
    try:
        return replace(group, targets=tuple(target.address for target in targets_of(config, [group.name])))
    except AirconnError as error:
        return replace(group, problems=(error,))
