"""A directory or a glob as a source."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.errors import InputErrors
from airconn.model import REDACTED, Kind, Selection
from airconn.stores import file_tree, open_store
from airconn.stores.base import Context
from airconn.stores.directory import DirectoryStore
from airconn.stores.file import FileStore
from tests.conftest import Result

Run = Callable[..., Result]


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def connection(id_: str, host: str = "h") -> str:
    return f"connections:\n  {id_}: {{conn_type: http, host: {host}}}\n"


def paths(address: object) -> list[str]:
    return file_tree.find(str(address)).paths


def ids(address: object) -> list[str]:
    bundle = open_store(str(address), Settings()).read(Selection()).bundle
    return [f"{obj.kind.value}/{obj.id}" for obj in bundle]


def faults(address: object) -> list[str]:
    with pytest.raises(InputErrors) as raised:
        open_store(str(address), Settings()).read(Selection())
    return [str(error) for error in raised.value.errors]


def test_all_files_of_a_directory_are_read_each_in_its_format(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.yaml": connection("a"),
            ".env": "AIRFLOW_VAR_REGION=eu\n",
            "deep/er/pools.json": '{"p": {"slots": 1}}',
            "more.uri": "b=http://h\n",
        },
    )
    assert ids(tmp_path) == ["connections/a", "connections/b", "variables/region", "pools/p"]
    bundle = open_store(str(tmp_path), Settings()).read(Selection()).bundle
    assert str(bundle.connections["a"].origin) == f"{tmp_path}/a.yaml:2:3"
    assert str(bundle.variables["region"].origin) == f"{tmp_path}/.env:1"


def test_files_are_sorted_by_their_path(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(("b.yaml", "a/z.yaml", "a-.yaml", "a/b/c.yaml"), ""))
    found = [os.path.relpath(path, tmp_path) for path in paths(tmp_path)]
    assert found == ["a/b/c.yaml", "a/z.yaml", "a-.yaml", "b.yaml"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("**/*.yaml", ["a.yaml", "x/b.yaml", "x/y/c.yaml"]),
        ("*.yaml", ["a.yaml"]),
        ("x/*.yaml", ["x/b.yaml"]),
        ("x/**", ["x/b.yaml", "x/y/c.yaml", "x/y/d.json"]),
        ("**/y/*", ["x/y/c.yaml", "x/y/d.json"]),
        ("?/[ab].yaml", ["x/b.yaml"]),
        ("*.env", [".env"]),
        (".hidden/*", [".hidden/e.yaml"]),
        ("*.txt", ["notes.txt"]),
    ],
)
def test_a_glob_reads_the_files_that_match(tmp_path: Path, glob: str, expected: list[str]) -> None:
    names = ("a.yaml", "x/b.yaml", "x/y/c.yaml", "x/y/d.json", ".env", ".hidden/e.yaml", "notes.txt", "x/README.md")
    write(tmp_path, dict.fromkeys(names, ""))
    assert [os.path.relpath(path, tmp_path) for path in paths(tmp_path / glob)] == expected


def test_a_file_whose_name_has_a_star_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"a[1]*.yaml": connection("a")})
    assert isinstance(open_store(str(tmp_path / "a[1]*.yaml"), Settings()), FileStore)
    assert isinstance(open_store(str(tmp_path / "a*.yaml"), Settings()), DirectoryStore)


def test_a_glob_in_the_working_directory_names_its_files_without_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.yaml": "", "x/b.yaml": ""})
    monkeypatch.chdir(tmp_path)
    assert paths("**/*.yaml") == ["a.yaml", "x/b.yaml"]
    assert paths("./x") == ["x/b.yaml"]


def test_nothing_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# a", ".gitignore": "x"})
    assert faults(tmp_path) == [
        f"{tmp_path}: this directory has no file with objects (skipped 1 file by name: README.md)"
    ]
    assert faults(tmp_path / "*.yml") == [f"{tmp_path}/*.yml: this glob matches no file"]
    assert faults(tmp_path / "no" / "*.yml") == [f"{tmp_path}/no: no such directory"]


def test_what_is_no_data_is_skipped_and_told_once(tmp_path: Path, airconn: Run) -> None:
    skipped = ["README.md", "LICENSE", "a.yaml~", "a.yaml.bak", "dag.py", ".env.example", ".env.swp", "notes.txt"]
    hidden = [".git/config.yaml", ".gitignore", ".#a.yaml", ".pre-commit-config.yaml", "node_modules/x/p.json"]
    write(tmp_path / "o", {"a.yaml": connection("a"), **dict.fromkeys([*skipped, *hidden], "{junk")})
    write(tmp_path / "o", {"py/pyvenv.cfg": "", "py/lib/x.json": "{junk"})
    assert paths(tmp_path / "o") == [f"{tmp_path}/o/a.yaml"]
    got = airconn("list", "--from", tmp_path / "o", "-v")
    assert got.code == 0
    assert got.err.count("skipped 8 files by name: .env.example, .env.swp, LICENSE and 5 more") == 1


def test_a_strict_run_takes_skipped_files(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a.yaml": connection("a"), "README.md": "# a"})
    got = airconn("import", tmp_path / "o", "--to", tmp_path / "t.yaml", "--strict")
    assert (got.code, got.err) == (0, f"{tmp_path}/o: skipped 1 file by name: README.md\n")


def test_a_file_that_may_be_data_is_an_error_with_the_way_out(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a.yaml": connection("a"), "ci.yml": "jobs:\n  a: {runs-on: x}\n", "b": "?"})
    got = airconn("import", tmp_path / "o", "--to", tmp_path / "t.yaml")
    assert got.code == 3
    assert f"error: {tmp_path}/o/ci.yml: this looks like a workflow of GitHub Actions\n" in got.err
    assert f"a glob in quotes reads only some files, such as '{tmp_path}/o/**/*.yml'" in got.err
    assert f"error: {tmp_path}/o/b: the format of this file is unclear\n" in got.err


def test_an_object_in_two_files_is_an_error_with_both_places_even_if_it_is_equal(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": connection("a"), "x/b.yaml": "variables: {v: '1'}\n" + connection("a")})
    assert faults(tmp_path) == [f"{tmp_path}/x/b.yaml:3:3: connections/a is in {tmp_path}/a.yaml:2:3 already"]
    only = Selection(kinds=frozenset({Kind.VARIABLES}))
    assert len(open_store(str(tmp_path), Settings()).read(only).bundle) == 1


def test_two_files_with_the_same_objects_are_one_error(tmp_path: Path) -> None:
    text = "variables: {a: '1', b: '1', c: '1', d: '1'}\n"
    write(tmp_path, {"dev.yaml": text, "prod.yaml": text})
    (said,) = faults(tmp_path)
    first = f"the first is variables/a ({tmp_path}/dev.yaml:1:13)"
    assert said == f"{tmp_path}/prod.yaml:1:13: 4 objects are in {tmp_path}/dev.yaml already, {first}"


def test_a_link_out_of_the_directory_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"secret.yaml": connection("s"), "o/a.yaml": connection("a"), "far/b.yaml": connection("b")})
    (tmp_path / "o/out.yaml").symlink_to("../secret.yaml")
    (tmp_path / "o/dir").symlink_to("../far")
    (tmp_path / "o/README.md").symlink_to("../secret.yaml")
    said = "this is a link out of the directory, which isn't followed"
    assert faults(tmp_path / "o") == [f"{tmp_path}/o/dir: {said}", f"{tmp_path}/o/out.yaml: {said}"]


def test_links_within_the_directory_are_read_once(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap or a Secret."""
    write(tmp_path, {"..2026/a.yaml": connection("a"), "..2026/b.yaml": connection("b"), "c.yaml": connection("c")})
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    (tmp_path / "b.yaml").symlink_to("..data/b.yaml")
    (tmp_path / "again.yaml").symlink_to("c.yaml")
    (tmp_path / "loop").symlink_to(".")
    assert [Path(path).name for path in paths(tmp_path)] == ["a.yaml", "b.yaml", "c.yaml"]
    assert ids(tmp_path) == ["connections/a", "connections/b", "connections/c"]


def test_a_pipe_in_a_directory_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": connection("a")})
    os.mkfifo(tmp_path / "b.yaml")
    assert ids(tmp_path) == ["connections/a"]
    assert file_tree.find(str(tmp_path)).others == ["b.yaml"]


def test_a_huge_tree_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {f"{number}.yaml": "" for number in range(30)})
    monkeypatch.setattr(file_tree, "MOST_FILES", 20)
    with pytest.raises(Exception, match="more than 20 files would be read"):
        paths(tmp_path)
    assert len(paths(tmp_path / "1?.yaml")) == 10
    monkeypatch.setattr(file_tree, "MOST_ENTRIES", 10)
    with pytest.raises(Exception, match="more than 10 files are in this directory"):
        paths(tmp_path / "1?.yaml")


def test_the_faults_of_all_files_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": "connections: [", "b.json": "{", "c.yaml": connection("c")})
    assert [fault.partition(":")[0] for fault in faults(tmp_path)] == [f"{tmp_path}/a.yaml", f"{tmp_path}/b.json"]


def test_the_format_and_the_kind_are_those_of_all_files(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a": '{"x": "1"}', "b.json": '{"y": "2"}'})
    got = airconn("convert", tmp_path / "o", "--from-format", "json", "--kind", "variables", "--format", "env")
    assert (got.code, got.out) == (0, "AIRFLOW_VAR_X=1\nAIRFLOW_VAR_Y=2\n")


def test_every_command_takes_a_directory(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a.yaml": connection("a"), "v.env": "AIRFLOW_VAR_V=1\n"})
    write(tmp_path, {"same.yaml": connection("a") + "variables: {v: '1'}\n"})
    same, to = tmp_path / "same.yaml", tmp_path / "t.yaml"
    for args in (
        ("import", "o", "--to", to),
        ("diff", "o", to, "--exit-code"),
        ("diff", same, "o", "--exit-code"),
        ("convert", "o", "-o", tmp_path / "c.yaml"),
        ("export", "--from", "o", "-o", tmp_path / "e.yaml"),
        ("check", "o"),
        ("list", "--from", "o"),
        ("show", "a", "--from", "o"),
        ("get", "connections/a.host", "--from", "o"),
    ):
        got = airconn(*(tmp_path / "o" if arg == "o" else arg for arg in args))
        assert got.code == 0, (args, got.err)


def test_check_finds_the_same_object_in_two_files_and_errors_of_each(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a.yaml": connection("a"), "b.yaml": connection("a", "other"), "README.md": ""})
    got = airconn("check", tmp_path / "o")
    assert f"{tmp_path}/o/b.yaml:2:3: warning AC401 connections/a: it is in {tmp_path}/o/a.yaml:2:3" in got.out
    assert "skipped 1 file by name: README.md" in got.err


def test_a_plan_of_a_directory_or_a_glob_is_applied_and_refused_after_a_change(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a.yaml": connection("a")})
    for source in (tmp_path / "o", tmp_path / "o/*.yaml"):
        to = tmp_path / "t.yaml"
        to.unlink(missing_ok=True)
        plan = tmp_path / "plan.json"
        assert airconn("import", source, "--to", to, "--plan-out", plan).code == 0
        assert airconn("apply", plan).code == 0
        to.unlink()
        plan.unlink()
        assert airconn("import", source, "--to", to, "--plan-out", plan).code == 0
        write(tmp_path / "o", {"b.yaml": connection("b")})
        assert "what the sources hold has changed" in airconn("apply", plan).err
        (tmp_path / "o/b.yaml").unlink()
        plan.unlink()


def test_a_directory_fills_hidden_values(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path, {"a.yaml": "connections:\n  a: {conn_type: http, password: '***'}\n"})
    write(tmp_path / "fill", {"x/a.yaml": "connections:\n  a: {conn_type: http, password: pw}\n"})
    got = airconn("convert", tmp_path / "a.yaml", "--fill", tmp_path / "fill", "--format", "uri")
    assert got.out == "a=http://:pw@/\n"


@pytest.mark.parametrize(
    "args",
    [
        ("import", "same.yaml", "--to", "o"),
        ("set", "variables/v.value=1", "--to", "o"),
        ("delete", "connections/a", "--from", "o", "--yes"),
    ],
)
def test_a_directory_is_not_written_to(tmp_path: Path, airconn: Run, args: tuple[str, ...]) -> None:
    write(tmp_path, {"same.yaml": connection("a"), "o/a.yaml": connection("a")})
    got = airconn(*(tmp_path / arg if arg in ("o", "same.yaml") else arg for arg in args))
    assert got.code == 2
    assert f"error: {tmp_path}/o can't be written to: it is a directory\n" in got.err
    assert "airconn export --split DIR" in got.err


def test_a_target_among_the_files_of_a_source_is_refused(tmp_path: Path, airconn: Run) -> None:
    write(tmp_path / "o", {"a.yaml": connection("a")})
    for args in (
        ("import", tmp_path / "o", "--to", tmp_path / "o/new.yaml"),
        ("import", tmp_path / "o/*.yaml", "--to", tmp_path / "o/new.yaml"),
        ("convert", tmp_path / "o", "-o", tmp_path / "o/new.yaml"),
    ):
        got = airconn(*args)
        assert got.code == 2
        assert f"error: {tmp_path}/o/new.yaml would be a file of the source {args[1]}" in got.err
        assert not (tmp_path / "o/new.yaml").exists()
    assert airconn("convert", tmp_path / "o/*.yaml", "-o", tmp_path / "o/new.json").code == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", 'connections:\n  a: {conn_type: http, password: "ref:#connections/a.password"}\n'),
        ("a.json", '{"connections": {"a": {"conn_type": "http", "password": "\\u0072ef:#connections/a.password"}}}'),
        ("a.env", "AIRFLOW_CONN_A=http://:ref%3A%23connections%2Fa.password@\n"),
        ("b.env", 'AIRFLOW_CONN_A=\'{"conn_type": "http", "password": "ref:#connections/a.password"}\'\n'),
        ("a.uri", "a=http://:ref%3A%23connections%2Fa.password@\n"),
        (
            "airflow_settings.yaml",
            "airflow: {connections: [{conn_id: a, conn_type: http, conn_password: 'ref:#connections/a.password'}]}\n",
        ),
    ],
)
def test_a_reference_to_its_own_place_is_a_hidden_value_in_every_format(tmp_path: Path, name: str, text: str) -> None:
    path = write(tmp_path, {name: text}) / name
    found = FileStore(str(path), Settings()).read(Selection(), Context()).bundle.connections["a"]
    assert found.password is REDACTED


def test_a_reference_to_another_place_is_no_hidden_value(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.yaml": "variables: {a: 'ref:#variables/b', b: 'ref:#variables/b.value'}"}) / "a.yaml"
    found = FileStore(str(path), Settings()).read(Selection(), Context()).bundle.variables
    assert found["a"].value is not REDACTED
    assert found["b"].value is REDACTED


def test_a_leaf_of_an_extra_and_of_a_variable_may_be_a_reference(tmp_path: Path, airconn: Run) -> None:
    text = """
connections:
  a: {conn_type: http, extra: {token: "ref:#connections/a.extra.token", hosts: ["ref:#connections/a.extra.hosts[0]"]}}
variables:
  v: '{"a": {"b": "ref:#variables/v.value.a.b"}}'
"""
    path = write(tmp_path, {"a.yaml": text}) / "a.yaml"
    found = FileStore(str(path), Settings()).read(Selection(), Context()).bundle
    assert found.connections["a"].extra.hidden == (("token",), ("hosts", 0))  # type: ignore[union-attr]
    assert found.variables["v"].value.hidden == (("a", "b"),)  # type: ignore[union-attr]
    got = airconn("check", path)
    assert "AC501" not in got.out
