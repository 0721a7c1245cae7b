"""What is measured: the rows of each section, and what each program does for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from airconn.sandbox import Sandbox
from tests.benchmarks import checks
from tests.benchmarks.data import Data
from tests.benchmarks.measure import Task
from tests.benchmarks.peers import Command, Peers
from tests.benchmarks.servers import Servers
from tests.benchmarks.table import Row

SECTIONS = ("start-up", "files", "push", "pull")
SIZES = (100, 1_000, 10_000)
FILE_SIZES = (1_000, 10_000, 100_000)
TINY = (Data("connections", 3, shared=True), Data("variables", 3))
_MANY = 10_000
"""From here on, what takes a server or a peer minutes is left out unless all is asked for."""

Groups = Iterator[list[Task]]
"""The tasks of one group are measured in turn."""


def data_of(sizes: Sequence[int]) -> list[Data]:
    """What is moved to and from a server."""
    return [
        *(Data("connections", size) for size in sizes),
        *(Data("connections", size, shared=True) for size in sizes if size >= SIZES[1]),
        *(Data("variables", size) for size in sizes),
    ]


@dataclass(frozen=True, slots=True)
class Plan:
    """Makes the tasks. Nothing runs, and no file is written, before one of them is prepared."""

    peers: Peers
    servers: Servers
    directory: Path
    everything: bool

    def start_up(self, versions: Sequence[str]) -> Groups:
        """All commands that ask no server, beside the import of the library that reads command lines."""
        peers = self.peers
        tiny, out = TINY[0], self.directory / "tiny.json"
        bare = ("bare", lambda: peers.python("import click"))
        version = ("airconn", lambda: peers.airconn("--version"))
        convert = ("airconn", lambda: peers.airconn("convert", tiny.env_file(self.directory), "-o", _new(out)))
        rows: dict[str, list[tuple[str, Callable[[], Command]]]] = {
            "`airconn --version`; bare: `import click`": [version, bare],
            "`airconn --help`; bare: `import click`": [("airconn", lambda: peers.airconn("--help")), bare],
            "`airconn convert` of 3 connections; bare: `import click`": [convert, bare],
            f"`airconn --version`, `airflow version` {versions[0]}, `airflowctl version`": [
                version,
                ("airflow", self._version(versions[0])),
                ("airflowctl", lambda: peers.airflowctl("version")),
            ],
        }
        for release in versions[1:]:
            rows[f"`airconn --version`, `airflow version` {release}"] = [version, ("airflow", self._version(release))]
        yield [Task(Row("Start-up", name), program, make) for name, tasks in rows.items() for program, make in tasks]

    def _version(self, release: str) -> Callable[[], Command]:
        return lambda: self.peers.airflow(release, "version")

    def files(self, sizes: Sequence[int]) -> Groups:
        for size in sizes:
            data = Data("connections", size)
            yield list(self._to_json(data))
            yield list(self._to_env(data))

    def _to_json(self, data: Data) -> Iterator[Task]:
        row = Row("Files", "{size} connections, `.env` to JSON", data.size)
        out = self.directory / "converted.json"
        check = checks.count(out, data.size)

        def ours() -> Command:
            return self.peers.airconn("convert", data.env_file(self.directory), "-o", _new(out))

        def bare() -> Command:
            return self.peers.bare("to-json", data.env_file(self.directory), _new(out))

        yield Task(row, "airconn", ours, check)
        yield Task(row, "bare", bare, check)

    def _to_env(self, data: Data) -> Iterator[Task]:
        row = Row("Files", "{size} connections, JSON to `.env`", data.size)
        out = self.directory / "converted.env"
        check = checks.lines(out, data.size)

        def ours() -> Command:
            source = data.json_file(self.directory)
            return self.peers.airconn("convert", source, "--kind", "connections", "-o", _new(out))

        def bare() -> Command:
            return self.peers.bare("to-env", data.json_file(self.directory), _new(out))

        yield Task(row, "airconn", ours, check)
        yield Task(row, "bare", bare, check)

    def push(self, version: str, every: Sequence[Data]) -> Groups:
        for data in every:
            yield list(self._imported(version, data))
        for data in filter(_can_be_warm, every):
            yield list(self._imported_again(version, data))

    def _imported(self, version: str, data: Data) -> Iterator[Task]:
        row = Row(f"Import into Airflow {version}", f"{{size}} {data.words}", data.size)
        is_slow = self._is_slow(version, data, writes=True)

        def ours() -> Command:
            box, file = self.servers.empty(version, data), data.json_file(self.directory)
            return self.peers.airconn("import", file, "--kind", data.kind, box=box)

        def bare() -> Command:
            box, file = self.servers.empty(version, data), data.json_file(self.directory)
            return self.peers.bare("push", data.kind, file, box=box)

        def cli() -> Command:
            box, file = self.servers.database(version), data.json_file(self.directory)
            return self.peers.airflow(version, data.kind, "import", file, box=box)

        def ctl() -> Command:
            box, file = self.servers.empty(version, data), data.json_file(self.directory)
            return self.peers.airflowctl(data.kind, "import", file, box=box)

        def check() -> str:
            return checks.stored(self.servers.home, data)

        is_late = is_slow and version.startswith("2")
        yield Task(row, "airconn", ours, check, is_skipped=is_late)
        yield Task(row, "bare", bare, check, is_skipped=is_late)
        yield Task(row, "airflow", cli, check, is_skipped=is_slow)
        if version.startswith("3"):
            yield Task(row, "airflowctl", ctl, check, is_skipped=is_slow)

    def _imported_again(self, version: str, data: Data) -> Iterator[Task]:
        """What is there already costs no more than to read it: that is all that the bare client does here."""
        row = Row(f"Import into Airflow {version}", f"{{size}} {data.words} again; bare: the read", data.size)
        out = self.directory / "pulled.json"
        # Otherwise airconn writes each password again, because Airflow doesn't show what it has.
        hidden = ("--assume-unchanged", "hidden") if data.kind == "connections" else ()

        def ours() -> Command:
            box, file = self.servers.warm(version, data), data.json_file(self.directory)
            return self.peers.airconn("import", file, "--kind", data.kind, *hidden, box=box)

        def bare() -> Command:
            return self.peers.bare("pull", data.kind, _new(out), box=self.servers.warm(version, data))

        is_slow = self._is_slow(version, data)
        yield Task(row, "airconn", ours, lambda: checks.stored(self.servers.home, data), is_skipped=is_slow)
        yield Task(row, "bare", bare, checks.count(out, data.size), is_skipped=is_slow)

    def pull(self, version: str, every: Sequence[Data]) -> Groups:
        for data in every:
            if data.has_secrets:
                what = f"{data.words}, server just started"
                yield list(self._exported(version, data, what, self.servers.fresh))
        for data in filter(_can_be_warm, every):
            yield list(self._exported(version, data, data.words, self.servers.warm))
        for data in every:
            yield list(self._from_database(version, data))

    def _exported(self, version: str, data: Data, what: str, serve: Callable[[str, Data], Sandbox]) -> Iterator[Task]:
        row = Row(f"Export from Airflow {version}", f"{{size}} {what}", data.size)
        out = self.directory / "pulled.json"
        check = checks.count(out, data.size)
        is_slow = self._is_slow(version, data)

        def ours() -> Command:
            return self.peers.airconn("export", f"--{data.kind}", "-o", _new(out), box=serve(version, data))

        def bare() -> Command:
            return self.peers.bare("pull", data.kind, _new(out), box=serve(version, data))

        def ctl() -> Command:
            return self.peers.airflowctl(data.kind, "list", "-o", "json", box=serve(version, data))

        yield Task(row, "airconn", ours, check, is_skipped=is_slow)
        yield Task(row, "bare", bare, check, is_skipped=is_slow)
        if version.startswith("3"):
            yield Task(row, "airflowctl", ctl, checks.count(self.directory / "stdout", data.size), is_skipped=is_slow)

    def _from_database(self, version: str, data: Data) -> Iterator[Task]:
        row = Row(f"Export from Airflow {version}", f"{{size}} {data.words}, from the database", data.size)
        out = self.directory / "pulled.json"
        check = checks.exported(out, data)

        def ours() -> Command:
            box = self.servers.database(version, data)
            return self.peers.airconn_at_home(box, "export", "--from", "metadb:", f"--{data.kind}", "-o", _new(out))

        def cli() -> Command:
            box = self.servers.database(version, data)
            return self.peers.airflow(version, data.kind, "export", _new(out), box=box)

        yield Task(row, "airconn", ours, check)
        yield Task(row, "airflow", cli, check, is_skipped=data.has_secrets and self._is_slow(version, data))

    def _is_slow(self, version: str, data: Data, *, writes: bool = False) -> bool:
        """Whether a server or a peer takes minutes for it, and not all is asked for."""
        singly = version.startswith("2") and (writes or data.kind == "connections")
        return not self.everything and data.size >= _MANY and (data.has_secrets or singly)


def _can_be_warm(data: Data) -> bool:
    """A server of Airflow 3 would take half an hour to see the others."""
    return data.size < _MANY or not data.has_secrets


def _new(path: Path) -> Path:
    """A file that is to be made."""
    path.unlink(missing_ok=True)
    return path
