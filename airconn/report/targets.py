"""The targets and groups of the configuration as text and as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from airconn.addresses import is_file, runs_command
from airconn.quoting import shown_address, to_json
from airconn.report.results import SCHEMA_VERSION
from airconn.transfer.target_listing import ConfiguredGroup, ConfiguredTarget, TargetList, TargetSetting

Row = tuple[str, str, str]
"""What it is, its value, and where it comes from."""


def targets_rows(listed: TargetList) -> Iterator[Row]:
    """The rows of all targets and groups. Each target and its settings, and then the groups."""
    for target in listed.targets:
        yield target.name, _located(target) or "no address", _source(target.address.file, target.address.line)
        for setting in target.settings:
            yield f"  {setting.name}", _value(setting), _source(setting.file, setting.line)
        if target.login:
            yield "  login", target.login, ""
    for group in listed.groups:
        members = ", ".join(group.members)
        yield group.name, members if group.file else f"every target: {members}", _source(group.file, group.line)


def targets_json(listed: TargetList) -> str:
    """The targets and groups as JSON. It holds no value of a secret."""
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "targets": [_target(one) for one in listed.targets],
            "groups": [_group(one) for one in listed.groups],
        }
    )


def _target(target: ConfiguredTarget) -> Mapping[str, Any]:
    return {
        "name": target.name,
        "address": _shown(target.location) if target.location else None,
        "file": target.address.file or None,
        "line": target.address.line,
        "settings": [_setting(one) for one in target.settings],
        "login": target.login or None,
        "has_login": target.has_login,
        "problems": [str(problem) for problem in target.problems],
    }


def _setting(setting: TargetSetting) -> Mapping[str, Any]:
    said = {"name": setting.name, "value": setting.value, "file": setting.file, "line": setting.line}
    return said if setting.is_set is None else {**said, "is_set": setting.is_set}


def _group(group: ConfiguredGroup) -> Mapping[str, Any]:
    return {
        "name": group.name,
        "members": list(group.members),
        "targets": list(group.targets),
        "file": group.file or None,
        "line": group.line,
        "problems": [str(problem) for problem in group.problems],
    }


def _located(target: ConfiguredTarget) -> str:
    written, location = target.address.value, _shown(target.location)
    is_name = written.startswith("@") and written != target.name
    return f"{location} ({written})" if is_name and location else location or written


def _shown(address: str) -> str:
    """An address without all that could be secret, such as the command of `airflow-cli:`."""
    if runs_command(address):
        return f"{address.partition(':')[0]}:…" if address.partition(":")[2].strip() else address
    return address if is_file(address) else shown_address(address)


def _value(setting: TargetSetting) -> str:
    value = setting.value
    if isinstance(value, Mapping):
        return ", ".join(f"{old} = {new}" for old, new in value.items())
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if setting.is_set is not None:
        return f"{value} ({'set' if setting.is_set else 'not set'})"
    if setting.is_command:
        return f"the command {value}"
    return f"{value:g} s" if setting.name == "timeout" else str(value)


def _source(file: str, line: int | None) -> str:
    home = os.path.expanduser("~").rstrip("/")  # noqa: PTH111 - pathlib's raises without a home
    shown = f"~{file[len(home) :]}" if home and file.startswith(f"{home}/") else file
    return f"{shown}:{line}" if line else shown
