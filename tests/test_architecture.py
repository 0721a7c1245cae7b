"""Imports point one way, and a command loads only what it uses."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from airconn.airflow.releases import newest_release

PACKAGE = Path(__file__).parent.parent / "airconn"

# From the bottom up. A module may import from its own room and from those below it.
ROOMS = [
    "patterns",
    "errors",
    "quoting",
    "urls",
    "installed",
    "guide",
    "symbols",
    "airflow",
    "browser_urls",
    "model",
    "formats",
    "override",
    "addresses",
    "target_tables",
    "trust",
    "credentials",
    "toml_lines",
    "target_settings",
    "config_files",
    "secret_files",
    "credential_settings",
    "env_files",
    "stored_logins",
    "logins",
    "address_credentials",
    "named_places",
    "config",
    "targets",
    "stores",
    "plan",
    "diff",
    "diff_many",
    "transfer",
    "doctor",
    "report",
    "check",
    "sandbox",
    "cli",
    "__main__",
]
ALSO_FORBIDDEN = {
    ("stores", "plan"),
    ("plan", "stores"),
    ("plan", "config"),
    ("sandbox", "transfer"),
    ("sandbox", "stores"),
    ("airflow", "installed"),
}


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "airconn" and len(parts) > 1 else None


def imported_modules(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        assert [name for name in imported_modules(path) if name.startswith("airconn")] == []
        return
    rooms = {room for name in imported_modules(path) if (room := room_of(name)) and room != "__version__"}
    above = {room for room in rooms if ROOMS.index(room) > ROOMS.index(own)}
    assert above == set()
    assert {(own, room) for room in rooms} & ALSO_FORBIDDEN == set()


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def arrows() -> dict[str, set[str]]:
    """The modules that each module imports, wherever the import is: in a function and for types alone, too.

    A module knows what it names, also where the import is late or never run. What Python runs besides, the
    `__init__.py` of the folders above a module, is no arrow: a face imports what is in its folder.
    """
    paths = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for module, path in paths.items():
        names = imported_modules(path)
        known = {name if name in paths else name.rpartition(".")[0] for name in names}
        found[module] = (known & paths.keys()) - {module}
    return found


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that each lead to one another (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = lowest[node] = len(number)
        path.append(node)
        for other in sorted(graph[node]):
            if other not in number:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in path:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            start = path.index(node)
            group = sorted(path[start:])
            del path[start:]
            groups.extend([group] if len(group) > 1 else [])

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return groups


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"a", "f"}, "f": {"e"}, "g": {"a"}}
    assert circles(graph) == [["b", "c"], ["e", "f"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_import_leads_back() -> None:
    graph = arrows()
    assert "airconn.errors" in graph["airconn.stores.base"]
    assert circles(graph) == []


PLACES = sorted(path.name for path in (PACKAGE / "stores").iterdir() if (path / "__init__.py").exists())
SHARED = {("local", "secrets"), ("managed", "airflow_api"), ("managed", "astro"), ("managed", "secrets")}
"""Airflow's LocalFilesystemBackend is configured as any secrets backend is, and a managed Airflow is an Airflow.
Amazon MWAA is reached with the same AWS credentials as a secrets backend at AWS."""
FOR_ALL = {"http"}
"""The stack under the places that speak HTTP. It isn't a place, and knows none."""


@pytest.mark.parametrize("place", PLACES)
def test_a_place_knows_nothing_of_another_place(place: str) -> None:
    names = {name for path in (PACKAGE / "stores" / place).rglob("*.py") for name in imported_modules(path)}
    known = {other for other in PLACES for name in names if name.startswith(f"airconn.stores.{other}.")}
    assert {(place, other) for other in known - {place} - FOR_ALL} <= SHARED


def test_what_airflow_calls_its_own_pool_is_written_down_once() -> None:
    files = [path for path in PACKAGE.rglob("*.py") if '"default_pool"' in path.read_text()]
    assert files == [PACKAGE / "model" / "objects.py"]


def test_the_room_of_airflow_reads_nothing_but_airflow_cfg() -> None:
    others = ("config_file.py", "shell_program.py")  # the latter is never imported, and runs elsewhere
    facts = [path for path in (PACKAGE / "airflow").glob("*.py") if path.name not in others]
    assert len(facts) > 8
    names = {name.split(".")[0] for path in facts for name in imported_modules(path)}
    assert names <= {"__future__", "airconn", "collections", "dataclasses", "enum", "functools", "re"}


def compares_versions(node: ast.AST) -> bool:
    """Whether code names a version of Airflow by its number, or decides by a number of one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "AirflowVersion":
        return any(isinstance(part, ast.Constant) for part in node.args)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        named = any(isinstance(side, ast.Attribute) and side.attr in ("major", "minor", "patch") for side in sides)
        return named and any(isinstance(side, ast.Constant) for side in sides)
    return False


def test_only_the_room_of_airflow_decides_by_version_numbers() -> None:
    outside = [path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE / "airflow"]
    nodes = [(str(path), node) for path in outside for node in ast.walk(ast.parse(path.read_text()))]
    assert [(path, ast.unparse(node)) for path, node in nodes if compares_versions(node)] == []


def test_the_newest_airflow_is_written_down_once() -> None:
    def texts(path: Path) -> list[str]:
        tree = ast.parse(path.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings]
        return [node.value for node in constants if isinstance(node.value, str) and newest_release() in node.value]

    assert {path: found for path in PACKAGE.rglob("*.py") if (found := texts(path))} == {
        PACKAGE / "airflow" / "releases.py": [newest_release()]
    }


def test_a_class_name_is_used_for_one_thing() -> None:
    """Private classes count, and a leading underscore doesn't make another name."""
    places: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name.lstrip("_"), []).append(str(path.relative_to(PACKAGE)))
    assert len(places) > 200
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def loaded_by(*args: str, **environ: str) -> set[str]:
    script = """import sys
from airconn.cli import run
try:
    run(sys.argv[1:])
except SystemExit:  # which is how click ends a completion
    pass
print(*sys.modules, file=sys.stderr)"""
    command = [sys.executable, "-c", script, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environ})
    return set(done.stderr.split()) - loaded_by_click()


@cache
def loaded_by_click() -> set[str]:
    script = "import click, sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


HEAVY = {"airflow_client", "pydantic", "urllib3", "rich", "ssl", "http.client", "asyncio", "sqlite3", "subprocess"}
PARSERS = {"yaml", "dotenv", "json", "tomllib", "tomli"}
SLOW = {"platformdirs", "tempfile", "secrets", "hashlib", "difflib"}
"""What a command can do without, and takes a tenth of the time that it has."""
OURS = {"airconn.model", "airconn.formats.base", "airconn.stores.base", "airconn.config", "airconn.report"}
OTHER_DIALECTS = {f"airconn.formats.dotenv.{name}" for name in ("sh", "compose", "docker", "python_dotenv")}
UNREAD_DIALECTS = OTHER_DIALECTS - {"airconn.formats.dotenv.compose"}
"""Those that values with quotes and backslashes needn't be compared with."""
UNUSED = {"airconn.override", "airconn.plan", "airconn.diff", "airconn.report", "airconn.check"}
"""What is for other commands than those that read one place and write it as text."""
ON_LINUX = SLOW if sys.platform == "linux" else SLOW - {"platformdirs", "tempfile"}  # where platformdirs is asked


@pytest.mark.parametrize(
    ("args", "besides"),
    [
        (["--version"], PARSERS | SLOW | OURS),
        (["--help"], PARSERS | SLOW | OURS),
        *(
            ([name, "--help"], PARSERS | SLOW | OURS)
            for name in ("import", "export", "convert", "check", "diff", "list", "show", "delete", "run", "apply")
        ),
        (["completion", "zsh"], PARSERS | SLOW | OURS),
        (
            ["convert", "examples/objects.json", "--format", "uri"],
            {"yaml", "dotenv", "airconn.formats.dotenv.sh", *ON_LINUX, *UNUSED - {"airconn.report"}},
        ),
        (
            ["convert", "examples/.env", "--format", "json"],
            {"yaml", *UNREAD_DIALECTS, *ON_LINUX, *UNUSED - {"airconn.report"}},
        ),
        (["convert", "examples/airflow_settings.yaml", "--format", "json"], {"dotenv", *OTHER_DIALECTS, *ON_LINUX}),
        (["list", "--from", "examples/objects.json"], {"yaml", "dotenv", *ON_LINUX, *UNUSED - {"airconn.report"}}),
        (["run", "--from", "examples/.env", "--dry-run"], {"yaml", "dotenv", *UNREAD_DIALECTS}),
        (["diff", "examples/.env", "examples/.env"], {"yaml", "airconn.plan", "airconn.override", *ON_LINUX}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_nothing_that_it_does_not_need(
    args: list[str], besides: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    assert loaded_by(*args) & (HEAVY | besides) == set()


NOWHERE = "http://127.0.0.1:1"
BUDGETS = {
    "--version": 48,
    "--help": 58,
    "import --help": 80,
    "completion zsh": 53,
    "help ci": 80,
    "convert examples/objects.json --format uri": 208,
    "convert examples/.env --format json": 200,
    "convert examples/airflow_settings.yaml --format json": 215,
    "check examples/.env": 232,
    "diff examples/.env examples/.env": 190,
    "list --from examples/objects.json": 175,
    "run --from examples/.env --dry-run": 195,
    f"list --from {NOWHERE}": 355,
    f"export --from {NOWHERE}": 355,
    f"import examples/.env --to {NOWHERE} --dry-run": 430,
    f"diff examples/.env {NOWHERE}": 390,
    "list --from vault://127.0.0.1:1/secret": 478,
}
"""How many modules a command may load beside those of click: a few more than it did when this was written.

Of one that asks a server, these are the modules up to its first request. Modules take the most of the time at the
prompt, and don't depend on the machine. What needs more is loaded where it is used, or the budget grows on purpose.
"""


@pytest.mark.parametrize("words", BUDGETS)
def test_a_command_loads_no_more_modules_than_its_budget(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    loaded = loaded_by(*words.split(), AIRCONN_RETRIES="0", AIRCONN_TOKEN="t", VAULT_TOKEN="t")
    assert "airconn.cli.main" in loaded
    assert len(loaded) <= BUDGETS[words], sorted(loaded)


def test_a_conversion_into_a_new_file_loads_no_more_than_one_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    loaded = loaded_by("convert", "examples/.env", "--out", str(tmp_path / "new.json"))
    assert loaded & (HEAVY | {"yaml", "difflib", "tempfile", "airconn.stores.sops.files"}) == set()
    assert len(loaded) <= 212, sorted(loaded)


def test_a_check_loads_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    may_ask_git = {"subprocess"}
    assert loaded_by("check", "examples/.env") & ((HEAVY | {"yaml", "airconn.plan"}) - may_ask_git) == set()


@pytest.mark.parametrize(
    "words",
    ["airconn im", "airconn import --on", "airconn convert --env-dialect ", "airconn show connections/"],
)
def test_what_is_asked_for_by_a_shell_at_each_tab_loads_no_more_than_a_help(words: str) -> None:
    environ = {"_AIRCONN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    loaded = loaded_by(**environ)
    assert "click.shell_completion" in loaded
    assert loaded & (HEAVY | PARSERS | SLOW | OURS) == set()
