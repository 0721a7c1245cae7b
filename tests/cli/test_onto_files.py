"""Writing onto files that are there already."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

MASKED = {"db": {"conn_type": "postgres", "login": "u", "password": "***", "host": "h", "schema": "x"}}


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    path = tmp_path / "connections.json"
    path.write_text(json.dumps(MASKED))
    return path


def test_a_mask_is_never_written_over_a_secret_and_other_lines_stay(airconn, masked: Path, tmp_path: Path) -> None:
    text = "OTHER=1\nAIRFLOW_CONN_DB=postgres://u:real@h/x\n"
    (tmp_path / ".env").write_text(text)
    result = airconn("convert", masked, "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (0, text)
    assert "hides" not in result.err


@pytest.mark.parametrize("name", ["out.json", "out.yaml", "out.uri", "airflow_settings.yaml"])
def test_the_secrets_of_a_file_of_any_format_stand_in_for_hidden_ones(
    airconn, masked: Path, tmp_path: Path, name: str
) -> None:
    real = {"db": {**MASKED["db"], "password": "real"}}
    (tmp_path / "connections.yaml").write_text(json.dumps(real))
    assert airconn("convert", tmp_path / "connections.yaml", "-o", tmp_path / name).code == 0
    assert airconn("convert", masked, "-o", tmp_path / name).code == 0
    assert "real" in (tmp_path / name).read_text()
    assert "***" not in (tmp_path / name).read_text()


@pytest.mark.parametrize("name", ["variables.json", "prod-vars.yaml", "pools2.json"])
@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_whose_name_says_another_kind_is_not_written(
    airconn, tmp_path: Path, name: str, is_there: bool
) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"connections": MASKED, "variables": {}, "pools": {}}))
    if is_there:
        (tmp_path / name).write_text('{"x": {"slots": 1}}' if "pools" in name else '{"x": "1"}')
    before = (tmp_path / name).read_bytes() if is_there else None
    for args in (
        ("import", tmp_path / "s.json", "--to", tmp_path / name, "--literal-mask", "connections/db.password"),
        ("convert", tmp_path / "s.json", "-o", tmp_path / name),
        ("export", "--from", tmp_path / "s.json", "-o", tmp_path / name),
    ):
        result = airconn(*args, "--connections")
        assert result.code == (3 if is_there and args[0] == "import" else 2), result.err
        assert str(tmp_path / name) in result.err or "this file holds no connections" in result.err
        assert ((tmp_path / name).read_bytes() if (tmp_path / name).exists() else None) == before
    # With all kinds, each has a section of its own, which no name gainsays.
    whole = airconn("convert", tmp_path / "s.json", "-o", tmp_path / f"new-{name}")
    assert (whole.code, "connections/db" in whole.err) == (0, True)


def test_replace_starts_afresh(airconn, masked: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OTHER=1\nAIRFLOW_CONN_DB=postgres://u:real@h/x\n")
    assert airconn("convert", masked, "-o", tmp_path / ".env", "--replace").code == 0
    assert (tmp_path / ".env").read_text().startswith("# airconn: hidden by the source: password\nAIRFLOW_CONN_DB=")
    assert "OTHER" not in (tmp_path / ".env").read_text()


def test_a_file_that_does_not_parse_is_not_written_over(airconn, masked: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("what is this\n")
    result = airconn("convert", masked, "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (3, "what is this\n")
    assert result.err.endswith("nothing was written\n")


def test_an_import_into_a_env_file_keeps_what_is_not_its_business(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nDB_PASSWORD=other\nAIRFLOW_VAR_X=1\n")
    (tmp_path / "variables.json").write_text('{"y": "2", "x": "3"}')
    result = airconn("import", tmp_path / "variables.json", "--to", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (
        0,
        "# mine\nDB_PASSWORD=other\nAIRFLOW_VAR_X=3\nAIRFLOW_VAR_Y=2\n",
    )


def test_an_import_makes_a_file_that_is_not_there_yet(airconn, examples: Path, tmp_path: Path) -> None:
    result = airconn("import", examples / ".env", "--to", tmp_path / "new.json")
    assert (result.code, result.out.endswith(": 8 created, 0 updated, 0 unchanged\n")) == (0, True)
    assert len(json.loads((tmp_path / "new.json").read_text())["connections"]) == 4


def test_an_import_keeps_the_shape_of_a_file_of_one_kind(airconn, examples: Path, tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text('{"old": {"conn_type": "http"}}')
    said = (
        f"warning: {path}: 4 variables skipped, because this target can't hold them "
        "(--variables makes that an error)\n"
    )
    rehearsal = airconn("import", examples / ".env", "--to", path, "--dry-run")
    assert (rehearsal.code, rehearsal.err) == (0, said)
    assert rehearsal.out.endswith(": would be 4 created, 0 updated, 0 unchanged\n")
    result = airconn("import", examples / ".env", "--to", path)
    assert (result.code, result.err) == (0, said)
    assert result.out.endswith(": 4 created, 0 updated, 0 unchanged\n")
    assert set(json.loads(path.read_text())) >= {"old", "warehouse"}


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("name", "held", "chosen", "message"),
    [
        ("connections.json", '{"old": {"conn_type": "http"}}', "variables", "this file holds no variables"),
        ("connections.json", '{"old": {"conn_type": "http"}}', "pools", "this file holds no pools"),
        (".env", "AIRFLOW_VAR_X=1\n", "pools", "the env format holds no pools"),
        (".env", None, "pools", "the env format holds no pools"),
        ("x.uri", None, "variables", "the uri format holds no variables"),
        ("x.k8s.yaml", None, "pools", "the k8s format holds no pools"),
    ],
)
def test_a_kind_that_was_chosen_and_has_no_place_is_an_error(
    airconn,
    examples: Path,
    tmp_path: Path,
    name: str,
    held: str | None,
    chosen: str,
    message: str,
    options: list[str],
) -> None:
    path = tmp_path / name
    if held is not None:
        path.write_text(held)
    source = examples / "objects.json"
    result = airconn("import", source, "--connections", f"--{chosen}", "--to", path, *options)
    assert (result.code, result.out) == (3, "")
    assert all(str(source) in line and line.endswith(message) for line in result.err.splitlines()[:-1])
    assert result.err.endswith(f"{message}\nnothing was written\n")
    assert (path.read_text() if path.exists() else None) == held


@pytest.mark.parametrize(("name", "kinds"), [(".env", "pools"), ("x.uri", "variables and [0-9] pools")])
def test_kinds_that_a_new_file_has_no_place_for_are_left_out(
    airconn, examples: Path, tmp_path: Path, name: str, kinds: str
) -> None:
    for options in (["--dry-run"], []):
        result = airconn("import", examples / "objects.json", "--to", tmp_path / name, *options)
        assert result.code == 0
        assert re.search(f"{name}: [0-9] {kinds} skipped, because this target can't hold them", result.err)
        assert "failed" not in result.out
    assert airconn("import", examples / "objects.json", "--to", tmp_path / name, "--dry-run", "--exit-code").code == 0


@pytest.mark.parametrize("held", ["AIRFLOW_VAR_X=1\nAIRFLOW_VAR_OTHER=2\n", None])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            '{"variables": {"x": "2",\n "a b": "1"}}',
            "2:2: variables/a b: the id can't be part of a name in a .env file",
        ),
        ('{"variables": {"x": "2",\n "y": "`\'"}}', "2:2: variables/y: the value has quotes next to"),
        ('{"variables": {"X": "2",\n "x": "3"}}', "2:2: variables/x and X are both AIRFLOW_VAR_X in a .env file"),
        (
            '{"variables": {"x": "2",\n "Other": "1"}}',
            "2:2: variables/Other and other in line 2 are both AIRFLOW_VAR_OTHER in a .env file",
        ),
    ],
)
def test_what_a_file_can_not_hold_at_all_is_told_before_anything_is_written(
    airconn, tmp_path: Path, held: str | None, source: str, message: str
) -> None:
    if held is None and "in line" in message:
        return
    path = tmp_path / "t.env"
    if held is not None:
        path.write_text(held)
    (tmp_path / "s.json").write_text(source)
    said = set()
    for options in (["--dry-run"], [], ["--plan-out", "plan.json"]):
        result = airconn("import", tmp_path / "s.json", "--to", path, *options)
        assert (result.code, result.out) == (3, "")
        assert result.err.endswith("nothing was written\n")
        assert (path.read_text() if path.exists() else None) == held
        said.add(result.err)
    assert len(said) == 1
    assert f"s.json:{message}" in said.pop()
    assert not (tmp_path / "plan.json").exists()


LOSSY = {
    "connections": {
        "bare": {"conn_type": "http"},
        "full": {
            "conn_type": "http",
            "description": "d",
            "host": "",
            "login": "",
            "password": "p",
            "extra": '{"a": 1}',
        },
        "odd": {"conn_type": "google-cloud", "port": 0, "extra": ""},
    },
    "variables": {"v": {"value": "1", "description": "d"}, "w": "2"},
    "pools": {"p": {"slots": 1, "include_deferred": True}, "q": {"slots": 2, "include_deferred": False}},
}


@pytest.mark.parametrize("name", ["x.env", "x.uri", "x.k8s.yaml", "airflow_settings.yaml", "x.json", "x.yaml"])
@pytest.mark.parametrize("options", [[], ["--merge"], ["--exact"]])
def test_what_a_format_can_not_hold_does_not_make_a_difference_for_ever(
    airconn, tmp_path: Path, name: str, options: list[str]
) -> None:
    (tmp_path / "s.json").write_text(json.dumps(LOSSY))
    into = ("import", tmp_path / "s.json", "--to", tmp_path / name, *options)
    first = airconn(*into, "--verify")
    assert (first.code, " x " in first.out) == (0, False)
    before = (tmp_path / name).read_bytes()
    if name not in ("x.json", "x.yaml"):
        assert "warning: connections/" in first.err or "warning: variables/v: description" in first.err
    again = airconn(*into, "--dry-run", "--exit-code")
    assert (again.code, " ~ " in again.out) == (0, False)
    assert airconn(*into, "--verify").code == 0
    assert (tmp_path / name).read_bytes() == before
    # What the format does hold still makes one.
    changed = json.loads(json.dumps(LOSSY))
    changed["connections"]["full"]["password"] = "q"
    changed["connections"]["full"]["description"] = "other"
    (tmp_path / "s.json").write_text(json.dumps(changed))
    done = airconn(*into, "--verify")
    assert (done.code, "  ~ connections/full" in done.out, "1 updated" in done.out) == (0, True, True)
    assert airconn(*into, "--dry-run", "--exit-code").code == 0


def test_a_connection_that_stands_there_as_a_uri_is_compared_as_one(airconn, tmp_path: Path) -> None:
    texts = {
        "x.env": "AIRFLOW_CONN_A=http://u:p@/\n",
        "x.k8s.yaml": (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  AIRFLOW_CONN_A: http://u:p@/\n"
        ),
    }
    (tmp_path / "s.json").write_text('{"connections": {"a": {"conn_type": "http", "login": "u", "password": "p"}}}')
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        result = airconn("import", tmp_path / "s.json", "--to", tmp_path / name, "--verify", "-v")
        assert (result.code, "  = connections/a" in result.out) == (0, True)
        assert (tmp_path / name).read_text() == text


@pytest.mark.parametrize("kinds", [[], ["--connections"], ["--variables"], ["--pools"], ["--connections", "--pools"]])
@pytest.mark.parametrize("name", ["x.json", "x.yaml", "airflow_settings.yaml", "x.env", "x.k8s.yaml"])
def test_a_new_file_has_the_same_shape_whichever_command_makes_it(
    airconn, examples: Path, tmp_path: Path, name: str, kinds: list[str]
) -> None:
    if "--pools" in kinds and name in ("x.env", "x.k8s.yaml"):
        return
    for directory in ("one", "two", "three"):
        (tmp_path / directory).mkdir()
    source = examples / "objects.json"
    into = ("import", source, *kinds, "--to", tmp_path / "one" / name)
    assert airconn(*into, "--verify").code == 0
    assert airconn("export", "--from", source, *kinds, "-o", tmp_path / "two" / name).code == 0
    assert airconn("convert", source, *kinds, "-o", tmp_path / "three" / name).code == 0
    texts = [(tmp_path / directory / name).read_text() for directory in ("one", "two", "three")]
    assert texts[0] == texts[1] == texts[2]
    again = airconn(*into, "--dry-run", "--exit-code")
    assert (again.code, "would be 0 created, 0 updated" in again.out) == (0, True)
    assert airconn("export", "--from", source, *kinds, "-o", tmp_path / "two" / name).code == 0
    assert (tmp_path / "two" / name).read_text() == texts[0]


def test_what_a_file_can_not_hold_of_an_import_is_said(airconn, examples: Path, tmp_path: Path) -> None:
    result = airconn("import", examples / "objects.json", "--to", tmp_path / "airflow_settings.yaml")
    assert result.code == 0
    assert (
        "warning: description has no field in a settings file (2: connections/billing_api, "
        "variables/Report.Recipients-EU)\nwarning: pools/sensors: include_deferred has no" in result.err
    )
    other = airconn("import", examples / "objects.json", "--pools", "--to", tmp_path / ".env")
    assert (other.code, "the env format holds no pools" in other.err) == (3, True)


def test_standard_output_can_be_named(airconn, examples: Path, tmp_path: Path) -> None:
    result = airconn("convert", examples / "objects.json", "--pools", "-o", "-")
    assert (result.code, '"sensors"' in result.out) == (0, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "mark"),
    [
        ((), "# airconn: env-dialect sh\n"),
        (("--env-dialect", "docker"), "# airconn: env-dialect docker\n"),
        (("--env-dialect", "portable"), ""),
    ],
)
def test_a_file_that_is_written_afresh_stays_in_its_dialect(
    airconn, tmp_path: Path, options: tuple[str, ...], mark: str
) -> None:
    (tmp_path / ".env").write_bytes(b"#\tairconn: env-dialect sh \r\nwhat is this\n")
    (tmp_path / "new.json").write_text('{"variables": {"a": "1"}}')
    assert airconn("convert", tmp_path / "new.json", "-o", tmp_path / ".env", "--replace", *options).code == 0
    assert (tmp_path / ".env").read_text() == f"{mark}AIRFLOW_VAR_A=1\n"


def test_starting_afresh_needs_nothing_of_the_old_file(airconn, tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text('{"variables": {"a": "1"}}')
    for old in (b"\xff\xff", b"# airconn: env-dialect nonsense\n", b""):
        (tmp_path / "x.env").write_bytes(old)
        options = ("--replace", "--format", "env")
        assert airconn("convert", tmp_path / "new.json", "-o", tmp_path / "x.env", *options).code == 0
        assert (tmp_path / "x.env").read_text() == "AIRFLOW_VAR_A=1\n"


@pytest.mark.parametrize(
    ("hidden", "known"),
    [
        ('["***", "***"]', '["one"]'),
        ('{"token": "***"}', '{"token": "one", "token": "two"}'),
        ('{"db": {"password": "***"}}', '{"db": "postgres://u:one@h/x"}'),
    ],
)
def test_a_mask_that_may_stand_for_what_a_file_knows_is_not_written(
    airconn, tmp_path: Path, hidden: str, known: str
) -> None:
    (tmp_path / "masked.json").write_text(json.dumps({"variables": {"v": hidden}}))
    text = f"AIRFLOW_VAR_V='{known}'\n"
    (tmp_path / ".env").write_text(text)
    result = airconn("convert", tmp_path / "masked.json", "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (4, text)
    assert f"{tmp_path / '.env'}: the source hides values that this file may have" in result.err
    assert "variables/v value" in result.err
    assert "one" not in result.err
    assert airconn("convert", tmp_path / "masked.json", "-o", tmp_path / ".env", "--replace").code == 0


@pytest.mark.parametrize(("number", "is_kept"), [(1, True), (2, False)])
def test_what_is_hidden_as_one_piece_is_kept_whole(airconn, tmp_path: Path, number: int, is_kept: bool) -> None:
    value = json.dumps({"secret": {"db": "***"}, "n": number})
    (tmp_path / "masked.json").write_text(json.dumps({"variables": {"v": value}}))
    held = 'AIRFLOW_VAR_V=\'{"secret": {"db": {"user": "u", "password": "p"}}, "n": 1}\'\n'
    (tmp_path / ".env").write_text(held)
    assert airconn("convert", tmp_path / "masked.json", "-o", tmp_path / ".env").code == 0
    new = f"# airconn: hidden by the source: value.secret.db\nAIRFLOW_VAR_V='{value}'\n"
    assert (tmp_path / ".env").read_text() == (held if is_kept else new)


@pytest.mark.parametrize("args", ["delete a --from t.env", "import s.env --prune --to t.env"])
def test_what_stands_twice_in_a_file_is_deleted_twice(airconn, tmp_path: Path, monkeypatch, args: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text("AIRFLOW_CONN_B=http://h\n")
    twice = "AIRFLOW_CONN_A=http://u:p@h\nAIRFLOW_CONN_A=http://u:p@h\nAIRFLOW_CONN_a=x\n"
    (tmp_path / "t.env").write_text(f"{twice}AIRFLOW_CONN_B=http://h\n")
    assert airconn(*args.split(), "--yes").code == 0
    assert (tmp_path / "t.env").read_text() == "AIRFLOW_CONN_B=http://h\n"


def test_what_is_said_of_a_value_without_a_form_is_an_option_that_there_is(airconn, tmp_path: Path) -> None:
    source, target = tmp_path / "v.json", tmp_path / "t.env"
    source.write_text('{"variables": {"a": "it\'s `good`"}}')
    result = airconn("import", source, "--to", target)
    assert result.code == 3
    assert "airconn convert --env-dialect writes a file for one program" in result.err
    assert airconn("convert", source, "--env-dialect", "sh", "-o", target).code == 0
    assert airconn("import", source, "--to", target).code == 0
