"""Finds out how airconn was installed, so that hints install an extra in the same way."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def command_for(extra: str) -> str:
    """The command that installs airconn with an extra, from the same clone, repository or index as before."""
    from importlib import metadata

    origin: Any = None
    installer = "pip"
    try:
        found = metadata.distribution("airconn")
        origin = json.loads(found.read_text("direct_url.json") or "null")
        installer = (found.read_text("INSTALLER") or "").strip()
    except (metadata.PackageNotFoundError, OSError, ValueError):
        pass  # it runs from a folder, without being installed
    pip = "uv pip install" if installer == "uv" else "pip install"
    return f"{pip} {_requirement(origin, extra)}"


def _requirement(origin: Any, extra: str) -> str:
    """The requirement for pip. `origin` is the content of `direct_url.json` (PEP 610), or None."""
    url = origin.get("url") if isinstance(origin, dict) else None
    if not isinstance(url, str) or "@" in urlsplit(url).netloc:
        return f"'airconn[{extra}]'"
    if isinstance(directory := origin.get("dir_info"), dict):
        path = f"{Path(unquote(urlsplit(url).path))}[{extra}]"
        return f"{'-e ' if directory.get('editable') else ''}{shlex.quote(path)}"
    if isinstance(repository := origin.get("vcs_info"), dict):
        revision = repository.get("requested_revision") or repository.get("commit_id")
        url = f"{repository.get('vcs', 'git')}+{url}{f'@{revision}' if revision else ''}"
    return shlex.quote(f"airconn[{extra}] @ {url}")
