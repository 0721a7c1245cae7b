"""`airconn export --split`: a directory with a file for each object, and secrets as references."""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.config import Settings
from airconn.formats import split_files
from airconn.formats.base import WriteOptions, holdable
from airconn.model import (
    NEWEST,
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Selection,
    Text,
    Variable,
    fill,
    hidden_fields,
)
from airconn.model.secrecy import masked
from airconn.stores import open_store
from airconn.stores.file import FileStore
from tests.conftest import Result
from tests.formats import strategies as some

Run = Callable[..., Result]

SOURCE = r"""
connections:
  warehouse:
    conn_type: postgres
    host: db1
    login: etl
    password: s3cr3t
    extra: '{"sslmode": "require", "token": "tok3n", "options": {"retries": 3}}'
  AWS_Default: {conn_type: aws, extra: '{"aws_secret_access_key":"k3y",  "region_name":"eu"}'}
variables:
  region: eu
  api_key: hunter2
  flags: "{\n  \"a\": 1,\n  \"hosts\": [\n    \"h1\",\n    \"h2\"\n  ]\n}"
pools:
  etl: {slots: 3}
"""
SECRETS = ("s3cr3t", "tok3n", "k3y", "hunter2")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.yaml"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "objects"


def files(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): path.read_text() for path in sorted(out.rglob("*")) if path.is_file()}


def objects(address: object) -> Bundle:
    return open_store(str(address), Settings()).read(Selection()).bundle


def test_each_object_is_a_file_without_its_secrets(source: Path, out: Path, airconn: Run) -> None:
    got = airconn("convert", source, "--split", out)
    assert (got.code, got.out) == (0, "")
    assert list(files(out)) == [
        "connections/AWS_Default~f.yaml",
        "connections/warehouse.yaml",
        "pools/etl.yaml",
        "variables/api_key.yaml",
        "variables/flags.yaml",
        "variables/region.yaml",
    ]
    assert files(out)["connections/warehouse.yaml"] == (
        "# airconn: split\n"
        "connections:\n"
        "  warehouse:\n"
        "    conn_type: postgres\n"
        "    login: etl\n"
        "    password: 'ref:#connections/warehouse.password'\n"
        "    host: db1\n"
        "    extra:\n"
        "      sslmode: require\n"
        "      token: 'ref:#connections/warehouse.extra.token'\n"
        "      options:\n"
        "        retries: 3\n"
    )
    assert files(out)["variables/api_key.yaml"] == (
        "# airconn: split\nvariables:\n  api_key: 'ref:#variables/api_key'\n"
    )
    assert not any(secret in text for text in files(out).values() for secret in SECRETS)
    assert f"{out}: 6 created, 0 changed, 0 deleted, 0 unchanged (2 connections, 3 variables, 1 pool)\n" in got.err
    assert (
        "secrets of 3 objects are written as references, which --fill ADDRESS fills; all else is in clear" in got.err
    )


@pytest.mark.parametrize("format_name", ["yaml", "json"])
def test_with_the_source_as_fill_it_gives_back_exactly_what_was_exported(
    source: Path, out: Path, airconn: Run, format_name: str
) -> None:
    assert airconn("convert", source, "--split", out, "--format", format_name).code == 0
    got = airconn("convert", out, "--fill", source, "-o", out.parent / "back.yaml")
    assert (got.code, got.err) == (0, f"{out.parent}/back.yaml: 2 connections, 3 variables, 1 pool\n")
    assert list(objects(out.parent / "back.yaml")) == list(objects(source))


def test_without_a_fill_a_target_keeps_its_values_and_a_new_object_is_blocked(
    source: Path, out: Path, airconn: Run, tmp_path: Path
) -> None:
    airconn("convert", source, "--split", out)
    shutil.copy(source, tmp_path / "target.yaml")
    got = airconn("import", out, "--to", tmp_path / "target.yaml")
    assert got.code == 0
    assert objects(tmp_path / "target.yaml").connections["warehouse"].password == "s3cr3t"
    got = airconn("import", out, "--to", tmp_path / "new.yaml")
    assert got.code == 4
    assert "hidden in the source, and the target has none: password, extra.token" in got.out
    assert not (tmp_path / "new.yaml").exists()


def test_the_same_export_again_writes_nothing(source: Path, out: Path, airconn: Run) -> None:
    airconn("convert", source, "--split", out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.yaml")}
    got = airconn("convert", source, "--split", out)
    assert "0 created, 0 changed, 0 deleted, 6 unchanged" in got.err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.yaml")} == before
    for path in before:  # as git checks them out for Windows
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "0 changed, 0 deleted, 6 unchanged" in airconn("convert", source, "--split", out).err


def test_one_changed_host_is_one_line_for_git(source: Path, out: Path, airconn: Run) -> None:
    def git(*args: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *args]
        return subprocess.run(command, cwd=out, check=True, capture_output=True, text=True).stdout

    airconn("convert", source, "--split", out)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    got = airconn("convert", source, "--split", out, "--set", "connections/warehouse.host=db2")
    assert f"  ~ {out}/connections/warehouse.yaml\n" in got.err
    assert git("diff", "--numstat").split() == ["1", "1", "connections/warehouse.yaml"]
    airconn("convert", source, "--split", out, "--set", "connections/warehouse.extra.options.retries=4")
    changed = [line for line in git("diff", "-U0").splitlines() if line.startswith(("-  ", "+  "))]
    assert changed == ["-        retries: 3", "+        retries: 4"]
    airconn("convert", source, "--split", out)
    source.write_text(SOURCE.replace("s3cr3t", "another"))
    airconn("convert", source, "--split", out)
    assert git("diff", "--numstat") == ""


def test_files_are_private_and_keep_the_mode_that_they_have(source: Path, out: Path, airconn: Run) -> None:
    airconn("convert", source, "--split", out)
    path = out / "connections/warehouse.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    airconn("convert", source, "--split", out, "--set", "connections/warehouse.host=db2")
    assert "db2" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_files_of_gone_objects_are_told_and_deleted_with_prune(source: Path, out: Path, airconn: Run) -> None:
    airconn("convert", source, "--split", out)
    source.write_text(SOURCE.replace("  region: eu\n", ""))
    got = airconn("convert", source, "--split", out)
    assert "warning: the source no longer has the objects of 1 file, which are kept\n" in got.err
    assert f"  {out}/variables/region.yaml\nhint:  --prune deletes them\n" in got.err
    assert (out / "variables/region.yaml").exists()
    got = airconn("convert", source, "--split", out, "--prune")
    assert f"  - {out}/variables/region.yaml\n" in got.err
    assert not (out / "variables/region.yaml").exists()
    assert len(files(out)) == 5


def test_only_selected_files_that_split_wrote_are_deleted(source: Path, out: Path, airconn: Run) -> None:
    airconn("convert", source, "--split", out)
    text = (out / "variables/region.yaml").read_text()
    ours = {
        "variables/mine.yaml": text.replace("# airconn: split\n", "").replace("region", "mine"),  # no mark
        "variables/other.yaml": text,  # not the name of its object
        "variables/two.yaml": text.replace("region: eu", "two: eu\n  three: eu"),
        "variables/broken.yaml": "# airconn: split\nvariables: [",
        "connections/moved.yaml": text.replace("region", "moved"),  # another kind
        "more/gone.yaml": text.replace("region", "gone"),
        "README.md": "# airconn: split\n",
        "variables/unselected.yaml": text.replace("region", "unselected"),
    }
    for name, content in ours.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(content)
    got = airconn("convert", source, "--split", out, "--prune", "--exclude", "unselected")
    assert got.code == 0
    assert {name: files(out)[name] for name in ours} == ours
    (out / "variables/gone.yaml").write_text(text.replace("region", "gone"))
    airconn("convert", source, "--split", out, "--prune", "--connections")
    assert (out / "variables/gone.yaml").exists()
    airconn("convert", source, "--split", out, "--prune")
    assert not (out / "variables/gone.yaml").exists()


def test_many_deletions_are_refused(source: Path, out: Path, airconn: Run) -> None:
    variables = "".join(f"  v{number}: x\n" for number in range(12))
    source.write_text(f"variables:\n  kept: x\n{variables}")
    airconn("convert", source, "--split", out)
    source.write_text("variables:\n  kept: y\n")
    got = airconn("convert", source, "--split", out, "--prune")
    assert got.code == 4
    assert "--prune would delete 12 files, and --max-delete allows 10\n" in got.err
    assert len(files(out)) == 13
    assert "kept: x" in files(out)["variables/kept.yaml"]
    assert airconn("convert", source, "--split", out, "--prune", "--max-delete", "12").code == 0
    assert len(files(out)) == 1


def test_a_file_that_split_has_not_written_is_not_overwritten(source: Path, out: Path, airconn: Run) -> None:
    (out / "connections").mkdir(parents=True)
    (out / "connections/warehouse.yaml").write_text("mine")
    (out / "variables").mkdir()
    (out / "variables/region.yaml").symlink_to(source)
    got = airconn("convert", source, "--split", out)
    assert got.code == 4
    both = f"{out}/connections/warehouse.yaml, {out}/variables/region.yaml"
    assert f"error: {out}: --split hasn't written {both}, and would overwrite it\n" in got.err
    assert "nothing was written" in got.err
    assert len(files(out)) == 2
    assert source.read_text() == SOURCE


def test_another_format_takes_the_place_of_the_files(source: Path, out: Path, airconn: Run) -> None:
    airconn("convert", source, "--split", out)
    got = airconn("convert", source, "--split", out, "--format", "json")
    assert "6 created, 0 changed, 6 deleted" in got.err
    assert {Path(name).suffix for name in files(out)} == {".json"}
    assert '"airconn": {\n    "split": "one object"\n  }' in files(out)["pools/etl.json"]


def test_masks_instead_of_references(source: Path, out: Path, airconn: Run) -> None:
    got = airconn("convert", source, "--split", out, "--redacted", "mask")
    assert "password: '***'" in files(out)["connections/warehouse.yaml"]
    assert "secrets of 3 objects are written as ***, and all else is in clear" in got.err
    assert not any("ref:#" in text or secret in text for text in files(out).values() for secret in SECRETS)


def test_values_that_the_source_hides_are_references_or_refused(source: Path, out: Path, airconn: Run) -> None:
    source.write_text(SOURCE.replace("s3cr3t", "'***'"))
    assert airconn("convert", source, "--split", out, "--redacted", "fail").code == 4
    assert not out.exists()
    assert airconn("convert", source, "--split", out, "--redacted", "omit").code == 0
    assert "password: 'ref:#connections/warehouse.password'" in files(out)["connections/warehouse.yaml"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("-o", "x.yaml"), "-o is for one file, and --split writes one for each object"),
        (("--replace",), "--replace is for one file"),
        (("--format", "env"), "--split writes files of the formats yaml and json, and not of env"),
        (("--env-dialect", "sh"), "--env-dialect is for one file"),
    ],
)
def test_options_of_one_file_are_refused(
    source: Path, out: Path, airconn: Run, args: tuple[str, ...], message: str
) -> None:
    got = airconn("convert", source, "--split", out, *args)
    assert (got.code, message in got.err) == (2, True), got.err


def test_prune_needs_a_directory(source: Path, airconn: Run) -> None:
    got = airconn("convert", source, "--prune")
    assert (got.code, "--prune deletes files of --split DIR, which isn't given" in got.err) == (2, True)


def test_a_directory_that_can_not_be_written_is_told(source: Path, tmp_path: Path, airconn: Run) -> None:
    got = airconn("convert", source, "--split", tmp_path / "no" / "dir")
    assert (got.code, "can't be written: No such file or directory" in got.err) == (5, True)
    got = airconn("convert", source, "--split", source)
    assert (got.code, "this is a file, and --split needs a directory" in got.err) == (5, True)


def test_a_source_is_not_split_into_itself(source: Path, out: Path, airconn: Run) -> None:
    out.mkdir()
    shutil.copy(source, out / "all.yaml")
    got = airconn("convert", out, "--split", out)
    assert got.code == 2
    assert f"would be a file of the source {out}, which then has each object twice" in got.err


def test_a_write_that_fails_leaves_each_file_old_or_new(
    source: Path, out: Path, airconn: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    airconn("convert", source, "--split", out)
    before = files(out)
    source.write_text(SOURCE.replace("db1", "db2").replace("eu", "us").replace("slots: 3", "slots: 4"))
    real = Path.replace
    done: list[str] = []

    def fails(path: Path, target: Path) -> Path:
        done.append(target.name)
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "replace", fails)
    got = airconn("convert", source, "--split", out)
    monkeypatch.undo()
    assert got.code == 5
    assert "No space left on device" in got.err
    after = files(out)
    assert after.keys() == before.keys()
    assert sum(after[name] != before[name] for name in before) == 1
    assert airconn("convert", source, "--split", out).code == 0


IDS = [
    "a",
    "A",
    "aA",
    "Aa",
    "a/b",
    "a%2fb",
    "..",
    ".",
    "",
    "con",
    "CON",
    "nul.x",
    "-x",
    "a b",
    "ü",
    "u\u0308",
    "a~1",
    "a~",
]
LONG = ["x" * 500, "x" * 499 + "y", "X" * 250, "ü" * 200]


def test_file_names_differ_where_capitals_do_not_count_and_no_system_refuses_them() -> None:
    names = [split_files.file_name(id_, "yaml") for id_ in [*IDS, *LONG]]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert len(name) <= 200
        assert name.isascii()
        assert not set(name) & set('/\\:*?"<>|')
        assert not name.startswith((".", "-"))
        assert name.partition(".")[0].lower() not in ("con", "nul")


@given(st.sets(some.ids, min_size=2))
def test_no_two_ids_have_the_same_file(ids: set[str]) -> None:
    names = {split_files.file_name(id_, "json").lower() for id_ in ids}
    assert len(names) == len(ids)


def read_back(obj: AirflowObject, text: str, name: str, directory: Path) -> AirflowObject:
    path = directory / name
    path.write_text(text, encoding="utf-8", newline="")
    (found,) = FileStore(str(path), Settings()).read(Selection()).bundle
    path.unlink()
    assert found.id == obj.id
    return found


@given(obj=st.one_of(some.connections, some.variables, some.pools), format_name=st.sampled_from(["yaml", "json"]))
def test_any_object_comes_back_exactly_from_its_file_and_the_fill(
    tmp_path_factory: pytest.TempPathFactory, obj: AirflowObject, format_name: str
) -> None:
    if hidden_fields(obj):
        return
    directory = tmp_path_factory.getbasetemp()
    (held,), _ = holdable(Bundle.of([obj]), WriteOptions(NEWEST))
    hidden = masked(held)
    name = split_files.file_name(obj.id, format_name)
    text = split_files.render(hidden, name, format_name, WriteOptions(NEWEST), masks=False).text
    back = read_back(obj, text, name, directory)
    assert fill(back, held, is_whole=True) == held
    assert hidden_fields(back) == hidden_fields(hidden)


def test_an_extra_that_is_no_json_and_a_connection_hidden_as_a_whole_come_back(tmp_path: Path) -> None:
    old = WriteOptions(AirflowVersion.parse("2.11.0"))
    plain = Connection(conn_id="a", conn_type="http", extra=Text("user:pw"))
    text = split_files.render(masked(plain), "a.yaml", "yaml", old, masks=False).text
    assert "extra: 'ref:#connections/a.extra'" in text
    back = read_back(plain, text, "a.yaml", tmp_path)
    assert fill(back, plain) == plain
    assert hidden_fields(back) == ("extra",)


def test_a_variable_that_is_hidden_as_a_whole_is_one_reference(tmp_path: Path) -> None:
    obj = Variable(key="a", value=REDACTED, description=REDACTED)
    text = split_files.render(obj, "a.yaml", "yaml", WriteOptions(NEWEST), masks=False).text
    assert "value: 'ref:#variables/a'\n    description: 'ref:#variables/a.description'\n" in text
    assert read_back(obj, text, "a.yaml", tmp_path) == obj


def test_files_of_another_kind_of_a_source_that_can_not_hold_it_stay(source: Path, out: Path, airconn: Run) -> None:
    airconn("convert", source, "--split", out)
    (source.parent / "c.uri").write_text("warehouse=postgres://h\n")
    airconn("convert", source.parent / "c.uri", "--split", out, "--prune")
    assert {name.partition("/")[0] for name in files(out)} == {"connections", "variables", "pools"}
    assert Kind.CONNECTIONS.value + "/AWS_Default~f.yaml" not in files(out)
