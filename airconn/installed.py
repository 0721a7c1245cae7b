"""Finds out how airconn was installed, so that hints install an extra in the same way."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

CLONE = Path(__file__).parents[1]
"""The directory of the project, if airconn runs from a clone."""


def command_for(extra: str, package: str = "") -> str:
    """The command that installs what an extra needs, from the clone, repository or file that airconn came from.

    Where that isn't known, it installs the libraries of the extra: no public index has airconn, whose name may be
    taken there by another project. `package` is the library that is missing.
    """
    from importlib import metadata

    try:
        found = metadata.distribution("airconn")
        origin = json.loads(found.read_text("direct_url.json") or "null")
        installer = (found.read_text("INSTALLER") or "").strip()
    except (metadata.PackageNotFoundError, OSError, ValueError):
        # It runs from a folder, without being installed.
        known = f"{CLONE}[{extra}]" if (CLONE / "pyproject.toml").is_file() else package
        return f"pip install {shlex.quote(known)}"
    pip = "uv pip install" if installer == "uv" else "pip install"
    needed = _requirement(origin, extra)
    return f"{pip} {needed or ' '.join(map(shlex.quote, _libraries(found.requires, extra) or [package]))}"


def _requirement(origin: Any, extra: str) -> str:
    """The requirement for pip, by the content of `direct_url.json` (PEP 610), or None.

    Empty if it doesn't say where airconn came from, or has credentials in it.
    """
    url = origin.get("url") if isinstance(origin, dict) else None
    if not isinstance(url, str) or "@" in urlsplit(url).netloc:
        return ""
    if isinstance(directory := origin.get("dir_info"), dict):
        path = f"{Path(unquote(urlsplit(url).path))}[{extra}]"
        return f"{'-e ' if directory.get('editable') else ''}{shlex.quote(path)}"
    if isinstance(repository := origin.get("vcs_info"), dict):
        revision = repository.get("requested_revision") or repository.get("commit_id")
        url = f"{repository.get('vcs', 'git')}+{url}{f'@{revision}' if revision else ''}"
    return shlex.quote(f"airconn[{extra}] @ {url}")


def _libraries(requirements: list[str] | None, extra: str) -> list[str]:
    """The requirements of an extra, by the metadata of airconn (`hvac>=2.1; extra == "vault"`)."""
    found = (text.partition(";") for text in requirements or ())
    marked = f"extra=='{extra}'"
    return [name.strip() for name, _, marker in found if "".join(marker.split()).replace('"', "'") == marked]
