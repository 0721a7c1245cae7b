"""Finds the files of a directory or of a glob that may hold objects, and says which ones it passes over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from airconn.errors import InputError
from airconn.patterns import pattern
from airconn.quoting import some

MOST_FILES = 20_000
"""The most files that one source may have."""
MOST_ENTRIES = 200_000
"""The most entries of directories that are looked at."""
_DEEPEST = 40
_NARROW = "name a directory or, in quotes, a glob with fewer files, such as 'objects/*.yaml'"

_WILD = pattern(r"[*?\[]")
_NEVER = frozenset({"node_modules", "__pycache__", "venv", "site-packages", "CVS"})
"""Directories of programs, in which no one keeps connections. A glob may name them."""
_ENV = pattern(r"\.env(\..+)?", re.IGNORECASE)
"""The hidden names that are those of sources."""
_LEFTOVERS = ("*~", ".#*", "#*#", "*.swp", "*.swo", "*.bak", "*.orig", "*.rej", "*.tmp", "*.old")
"""What editors, patches and people leave beside a file: another version of it."""
_SAMPLES = ("*.example", "*.sample", "*.template", "*.tmpl", "*.dist", "*.j2")
_OTHERS = frozenset(
    {
        ".md", ".markdown", ".rst", ".adoc", ".txt", ".html", ".css", ".js", ".ts", ".py", ".pyc", ".pyi", ".ipynb",
        ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".go", ".java", ".jar", ".rb", ".tf", ".tfvars",
        ".hcl", ".toml", ".cfg", ".ini", ".conf", ".lock", ".log", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico",
        ".webp", ".pdf", ".csv", ".tsv", ".parquet", ".xlsx", ".docx", ".zip", ".gz", ".tgz", ".xz", ".bz2", ".zst",
        ".tar", ".whl", ".db", ".sqlite", ".pem", ".crt", ".key", ".pub", ".asc", ".gpg", ".age",
    }
)  # fmt: skip
"""The endings of files that hold no objects in any format. A glob with such an ending names them."""
_OTHER_NAMES = pattern(
    r"(readme|licen[sc]e|notice|changelog|changes|authors|contributing|codeowners|makefile|dockerfile|jenkinsfile"
    r"|procfile|version|todo)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class FoundFiles:
    """The files of a source, and what was passed over."""

    paths: list[str] = field(default_factory=list)
    """Sorted, and each file once."""
    others: list[str] = field(default_factory=list)
    """The files that are clearly no data, old versions of another file, or samples."""
    faults: list[InputError] = field(default_factory=list)
    """The links and directories that can't be followed."""

    def remark(self) -> str:
        """What was passed over, as a clause. Empty if nothing was."""
        if not self.others:
            return ""
        number = "1 file" if len(self.others) == 1 else f"{len(self.others)} files"
        return f"skipped {number} by name: {some(self.others)}"


def root_and_pattern(address: str) -> tuple[str, tuple[str, ...]]:
    """The directory that is walked for an address, and the parts of the glob below it. No parts mean all files."""
    if not _WILD.search(address) or os.path.lexists(address):
        return address, ()
    parts = address.split("/")
    wild = next(place for place, part in enumerate(parts) if _WILD.search(part))
    root = "/".join(parts[:wild])
    return root or ("/" if wild else ""), tuple(part for part in parts[wild:] if part)


def find(address: str) -> FoundFiles:
    """The files of a directory or of a glob, in the order of their paths.

    Raises `InputErrors` for links that lead out of the directory, and `InputError` if there are too many files, none,
    or no such directory.
    """
    root, pattern = root_and_pattern(address)
    walk = _TreeWalk(root, pattern)
    walk.run()
    return walk.found


def is_taken(path: str, pattern: Sequence[str]) -> bool:
    """Whether a walk takes a file at a path below its root, by the names."""
    walk, parts = _TreeWalk("", pattern), Path(path).parts
    return all(walk._enters(parts[:depth]) for depth in range(1, len(parts))) and walk._takes(parts)


class _TreeWalk:
    def __init__(self, root: str, pattern: Sequence[str]) -> None:
        self.root = root
        self.pattern = tuple(pattern)
        self.real_root = os.path.realpath(root or ".")
        self.found = FoundFiles()
        self.entries = 0
        self.taken = 0
        self._links: list[tuple[str, str]] = []
        """The files that are links, each with the path of the file itself."""

    def run(self) -> None:
        paths = [str(Path(self.root, *parts)) for parts in self._files(self.root or ".", ())]
        real = {os.path.realpath(path) for path in paths}
        for path, target in self._links:
            if target not in real:
                real.add(target)
                paths.append(path)
        self.found.paths = sorted(paths, key=lambda path: Path(path).parts)
        self.found.others.sort()

    def _files(self, directory: str, parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The files below a directory that are not links, each with its path in parts."""
        try:
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            reason = "no such directory" if isinstance(error, FileNotFoundError) else "this directory can't be read"
            self.found.faults.append(InputError(reason, where=directory))
            return
        self._count(len(entries), directory, parts)
        if parts and any(entry.name == "pyvenv.cfg" for entry in entries):
            return  # an environment of Python
        for entry in entries:
            below = (*parts, entry.name)
            if entry.is_symlink():
                self._link(entry, below)
            elif entry.is_dir(follow_symlinks=False):
                if self._enters(below):
                    yield from self._files(entry.path, below)
            elif self._takes(below) and self._is_regular(entry):
                yield below

    def _count(self, entries: int, directory: str, parts: tuple[str, ...]) -> None:
        self.entries += entries
        where = self.root or "."
        if self.entries > MOST_ENTRIES:
            raise InputError(f"more than {MOST_ENTRIES:,} files are in this directory", where=where, hint=_NARROW)
        if len(parts) > _DEEPEST:
            raise InputError(f"directories are nested deeper than {_DEEPEST}", where=directory, hint=_NARROW)

    def _is_regular(self, entry: os.DirEntry[str]) -> bool:
        """Whether an entry is a file, and no pipe, which would never end."""
        if not entry.is_file():
            self.found.others.append(entry.name)
        return entry.is_file()

    def _link(self, entry: os.DirEntry[str], parts: tuple[str, ...]) -> None:
        """Takes the file that a link leads to, if it is in the same directory and isn't taken already."""
        is_directory = entry.is_dir()
        if not (self._enters(parts) if is_directory else self._takes(parts)):
            return
        target = os.path.realpath(entry.path)
        if os.path.commonpath([target, self.real_root]) != self.real_root:
            self.found.faults.append(
                InputError(
                    "this is a link out of the directory, which isn't followed",
                    where=str(Path(self.root, *parts)),
                    hint="name what it leads to as a source of its own, or read other files by a glob",
                )
            )
        elif not is_directory:  # the files of a directory are read where they are
            self._links.append((str(Path(self.root, *parts)), target))

    def _enters(self, parts: tuple[str, ...]) -> bool:
        name = parts[-1]
        named = bool(self.pattern) and name in self.pattern
        if (name.startswith(".") and not self._names_hidden(parts)) or (name in _NEVER and not named):
            return False
        return not self.pattern or _leads(parts, self.pattern)

    def _names_hidden(self, parts: tuple[str, ...]) -> bool:
        """Whether the glob has a part with a dot in front, which names hidden entries."""
        return any(part.startswith(".") and fnmatchcase(parts[-1], part) for part in self.pattern)

    def _takes(self, parts: tuple[str, ...]) -> bool:
        """Whether a file may hold objects, by its name. One that isn't taken is told, unless it is hidden."""
        name = parts[-1]
        if self.pattern and not _matches(parts, self.pattern):
            return False
        is_hidden = name.startswith(".") and not _ENV.fullmatch(name)
        if is_hidden and not self._names_hidden(parts):
            return False
        if _is_other(name, self.pattern[-1] if self.pattern else ""):
            self.found.others.append("/".join(parts))
            return False
        self.taken += 1
        if self.taken > MOST_FILES:
            raise InputError(f"more than {MOST_FILES:,} files would be read", where=self.root or ".", hint=_NARROW)
        return True


def _is_other(name: str, pattern: str) -> bool:
    """Whether a file is clearly no data by its name, and the last part of the glob doesn't name its ending."""
    lowered = name.lower()
    ending = Path(lowered).suffix
    if ending and pattern.lower().endswith(ending):
        return False
    if any(fnmatchcase(lowered, glob) for glob in (*_LEFTOVERS, *_SAMPLES)):
        return True
    return ending in _OTHERS or _OTHER_NAMES.fullmatch(name) is not None


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a glob, in which `**` is any number of directories."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(parts)
        return _matches(parts, pattern[1:]) or (bool(parts) and _matches(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _leads(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a file below a directory may match a glob."""
    if not parts:
        return bool(pattern)
    if not pattern:
        return False
    if pattern[0] == "**":
        return True
    return fnmatchcase(parts[0], pattern[0]) and _leads(parts[1:], pattern[1:])
