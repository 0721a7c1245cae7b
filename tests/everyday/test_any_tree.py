"""Trees with the names that everyday files have: read or refused, without a secret in a message, in linear time."""

from __future__ import annotations

import base64
import copy
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airconn.cli import run
from airconn.cli.app import App
from tests.everyday.expectation import FILES
from tests.formats.test_growth import calls

CORE = "s3cretcanary"
CANARY = f"c@n/ary: {CORE}"
NAMES = frozenset({
    "ARN", "Id", "Key", "Name", "apiVersion", "conn_id", "conn_type", "connection_id", "envName", "id", "key", "kind",
    "label", "metadata", "name", "objectKey", "objectType", "pool", "pool_name", "scheme", "service", "services",
    "team_name", "type", "variable_name",
})  # fmt: skip
"""Keys whose values are names, which messages have."""


def documents(path: Path) -> list[Any]:
    """What a JSON or YAML file holds."""
    text = path.read_text("utf-16" if path.name.startswith("utf16") else "utf-8-sig")
    return [json.loads(text)] if path.suffix in (".json", ".tfstate") else list(yaml.safe_load_all(text))


TREES = [(path.name, tree) for path in FILES if path.suffix in (".json", ".yaml") for tree in documents(path) if tree]


def keys_of(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from (key for key in tree if isinstance(key, str))
        for value in tree.values():
            yield from keys_of(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from keys_of(item)


KEYS = sorted({key for _, tree in TREES for key in keys_of(tree)})
LINES = [line for path in FILES if path.suffix in (".env", ".uri") for line in path.read_text().split("\n") if line]
BASE64 = base64.b64encode(CANARY.encode()).decode()
BASE64 = base64.b64encode(CANARY.encode()).decode()
secrets = st.sampled_from([
    CANARY, CORE, BASE64, f"postgres://u:{CORE}@h/s?p={CORE}", f"postgres://u:{CORE}/x@h", f"http://{CORE}",
    json.dumps({"conn_type": "http", "password": CORE, "extra": {"token": CORE}}), '{"password": "' + CORE,
    f"AIRFLOW_CONN_A=http://u:{CORE}@h", f"AIRFLOW_VAR_B={CANARY}", f"- name: AIRFLOW_VAR_C\n  value: {CORE}\n",
    f"${{X:-{CORE}}}", f"ENC[{CORE}]", f"op://v/i/{CORE}", f"{{{{ {CORE} }}}}", f"{CORE}\u200b",
    f"{CORE}\0", f"{CORE}\n{CORE}",
])  # fmt: skip
plain = st.sampled_from([None, True, False, 0, 5, -1, 1.5, 2**63, "", "a", "***", "v1", [], {}])
keys = st.one_of(
    st.sampled_from(KEYS), st.sampled_from(["AIRFLOW_CONN_A", "AIRFLOW_VAR_B", "airflow_var_c", "<<", ""])
)
trees = st.recursive(
    st.one_of(secrets, plain),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=25,
)


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A tree of an everyday file, with a secret in each text that is no name, and a few slips."""
    tree = draw(st.sampled_from([tree for _, tree in TREES]))
    tree = planted(copy.deepcopy(tree), draw)
    for _ in range(draw(st.integers(0, 3))):
        spots = list(spots_of(tree))
        if not spots:
            break
        parent, key = draw(st.sampled_from(spots))
        slip = draw(st.sampled_from(["drop", "other", "rename", "wrap", "twice"]))
        if slip == "drop":
            del parent[key]
        elif slip == "rename" and isinstance(parent, dict):
            parent[draw(keys)] = parent.pop(key)
        elif slip == "wrap":
            parent[key] = draw(st.sampled_from([lambda value: [value], lambda value: {"a": value}, json.dumps]))(
                parent[key]
            )
        elif slip == "twice" and isinstance(parent, list):
            parent.append(parent[key])
        else:
            parent[key] = draw(trees)
    return named(tree)


def planted(tree: Any, draw: st.DrawFn) -> Any:
    if isinstance(tree, dict):
        return {key: planted(value, draw) for key, value in tree.items()}
    if isinstance(tree, list):
        return [planted(item, draw) for item in tree]
    return draw(secrets) if isinstance(tree, str) and draw(st.booleans()) else tree


def named(tree: Any) -> Any:
    """The tree with plain texts where names are, which messages have."""
    if isinstance(tree, dict):
        return {str(key): "a" if key in NAMES and has_secret(value) else named(value) for key, value in tree.items()}
    return [named(item) for item in tree] if isinstance(tree, list) else tree


def has_secret(value: Any) -> bool:
    text = json.dumps(value, default=str)
    return CORE in text or BASE64 in text


def spots_of(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(
        tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    ):
        yield tree, key
        yield from spots_of(value)


class Desk:
    """Runs airconn on a text, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "user.toml").touch()
        self.environ = {
            "AIRCONN_CONFIG": str(directory / "user.toml"),
            "AIRCONN_STATE_DIR": str(directory / "state"),
        }

    def run(self, name: str, text: str, command: str, *options: str) -> None:
        path = self.directory / name
        path.write_text(text, "utf-8", "surrogatepass", "")
        path.chmod(0o600)
        app = App(io.BytesIO(), io.StringIO(), io.StringIO(), self.environ, self.directory, clock=lambda: 0.0)
        code = run([command, str(path), *options], app)
        out, err = app.stdout.getvalue(), app.stderr.getvalue()  # type: ignore[attr-defined]
        assert int(code) in (0, 3, 4), err
        assert "Traceback" not in err
        assert "fault of airconn" not in err, err
        shown = err if command == "convert" else out + err
        assert CORE not in shown, shown
        assert BASE64 not in shown, shown

    def run_all(self, name: str, text: str) -> None:
        self.run(name, text, "check")
        self.run(name, text, "convert", "--format", "json")
        self.run(name, text, "import", "--to", str(self.directory / "target.yaml"), "--dry-run")


file_names = st.sampled_from(
    [
        "x.json",
        "x.yaml",
        "x",
        "variables.json",
        "connections.yaml",
        "pools.yaml",
        "x.k8s.yaml",
        "airflow_settings.yaml",
    ]
)


def dumped(tree: Any, name: str) -> str:
    if name.endswith(("yaml", "x")):
        return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    return json.dumps(tree, default=str)


@given(tree=st.one_of(trees.map(named), changed()), name=file_names)
def test_any_tree_with_our_names_is_read_or_refused_without_a_secret_in_a_message(tree: Any, name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Desk(Path(directory)).run_all(name, dumped(tree, name))


lines = st.lists(
    st.one_of(
        st.sampled_from(LINES),
        st.sampled_from(
            [
                f"AIRFLOW_CONN_A=http://u:{CORE}@h",
                f"AIRFLOW_CONN_B='http://u:{CORE}${{X}}@h'",
                f'AIRFLOW_CONN_C="{{\\"conn_type\\": \\"http\\", \\"password\\": \\"{CORE}$$\\"}}"',
                f"AIRFLOW_VAR_D={CANARY} # {CORE}",
                f"AIRFLOW_VAR_E = {CORE}",
                f"export AIRFLOW_VAR_F=${{{CORE}:-{CORE}}}",
                f'AIRFLOW_VAR_G="{CORE}',
                f"{CORE}",
                "# airconn: env-dialect compose",
                "[core]",
                "#!/bin/sh",
            ]
        ),
    ),
    min_size=1,
    max_size=8,
)


@given(
    lines=lines,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    name=st.sampled_from([".env", "x.env", "x", "x.uri", "variables.env"]),
)
def test_any_lines_of_an_env_file_are_read_or_refused_without_a_secret_in_a_message(
    lines: list[str], end: str, name: str
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Desk(Path(directory)).run_all(name, end.join(lines))


# Four times as many entries take about four times as many calls.
def grown(tree: Any, number: int) -> Any:
    """The tree with so many entries in each place that has a few, but for what a tool has once."""
    if isinstance(tree, list):
        items = [grown(item, 1) for item in tree]
        return [renamed(items[index % len(items)], index) for index in range(number * len(items))] if items else []
    if isinstance(tree, dict):
        return {key: grown(value, number) for key, value in tree.items()} | {
            f"{key}{index}": value
            for key, value in tree.items()
            if key.startswith("AIRFLOW_") or isinstance(value, dict)
            for index in range(number - 1)
        }
    return tree


def renamed(item: Any, index: int) -> Any:
    """An entry of a list under a name of its own. Types stay: what `check` finds out about one, it remembers."""
    if not isinstance(item, dict):
        return f"{item}{index}" if isinstance(item, str) and item.startswith("AIRFLOW_") else item
    named = {key: value for key, value in item.items() if key in NAMES - {"conn_type", "type"}}
    return item | {key: f"{value}{index}" for key, value in named.items() if isinstance(value, str)}


def work(desk: Desk, name: str, tree: Any, number: int) -> Callable[[], None]:
    text = dumped(grown(tree, number), name)
    return lambda: desk.run_all(name, text)


@pytest.mark.parametrize(("name", "tree"), TREES, ids=[name for name, _ in TREES])
def test_the_work_of_each_command_grows_with_the_number_of_entries(tmp_path: Path, name: str, tree: Any) -> None:
    few, many = 6, 24
    make = partial(work, Desk(tmp_path), name, tree)
    make(2)()
    size = len(json.dumps(grown(tree, many), default=str)) / len(
        json.dumps(grown(tree, few), default=str)
    )  # YAML has aliases, and is shorter
    assert calls(make(many)) < 1.3 * size * calls(make(few)) + 200
