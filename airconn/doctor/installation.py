"""What airconn runs on: its own version, Python, the platform, and which extras are installed."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from importlib import metadata

from airconn import __version__

_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
_NAME = re.compile(r"[\w.-]+")
_HIDDEN = frozenset({"all", "test"})
"""Extras that are made of others, or for developers."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The versions of one installation."""

    airconn: str
    python: str
    platform: str
    extras: tuple[str, ...]
    """The extras of which all packages are installed."""
    missing: tuple[str, ...]
    """The other extras."""


def installation() -> Installation:
    """The installation that runs."""
    needed = _needed()
    extras = sorted(name for name, packages in needed.items() if all(map(_is_installed, packages)))
    return Installation(
        airconn=__version__,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=_platform(),
        extras=tuple(extras),
        missing=tuple(sorted(needed.keys() - set(extras))),
    )


def _platform() -> str:
    found = f"{platform.system()} {platform.release()} {platform.machine()}"
    return f"{found}, in a container" if os.path.exists("/.dockerenv") else found  # noqa: PTH110


def _needed() -> dict[str, list[str]]:
    """The packages of each extra, by the metadata of airconn. Empty if it runs without being installed."""
    try:
        requirements = metadata.requires("airconn") or []
    except metadata.PackageNotFoundError:
        return {}
    needed: dict[str, list[str]] = {}
    for requirement in requirements:
        extra, package = _EXTRA.search(requirement), _NAME.match(requirement)
        if extra and package and extra[1] not in _HIDDEN:
            needed.setdefault(extra[1], []).append(package[0])
    return needed


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
