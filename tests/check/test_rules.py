"""Every rule: a text, and where in it what is found."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from airconn.airflow.masked_names import is_sensitive
from airconn.airflow.rest_api import dialect_for
from airconn.check import ALL, check_all, objects
from airconn.check.objects import nearest_type
from airconn.config import Settings
from airconn.model import NEWEST, AirflowObject, AirflowVersion, Connection, Pool, Selection, Text, Variable
from airconn.stores import limits
from airconn.stores.airflow_api import refusals
from airconn.stores.file import FileStore
from tests.check.generate_conn_types import of_provider_info, of_providers_manager, of_wheel, rewritten


def load(path: Path) -> dict[str, tuple[str, str, list[str]]]:
    """The cases of a file: name -> the name of a file, its text, and what is expected, as `line:column code`."""
    pieces = re.findall(r"^=== (.*): (.*)\n((?:(?!---).*\n)*)--- ?(.*)$", path.read_text(), re.MULTILINE)
    return {name: (file, text, wanted.split(", ") if wanted else []) for name, file, text, wanted in pieces}


CASES = load(Path(__file__).with_name("cases.txt"))
IDS = ["a b", "a/b", "é", "a..b", "x" * 201, "x" * 251]
CASES["ids"] = (
    "connections.json",
    json.dumps({id_: {"conn_type": "http"} for id_ in IDS}, indent=0),
    ["2:1 AC301", "5:1 AC302", "8:1 AC303", "11:1 AC304", "14:1 AC302", "17:1 AC301"],
)
CASES["beyond the database"] = (
    "objects.json",
    json.dumps(
        {
            "connections": {"a": {"conn_type": "http", "host": "h" * 600}, "b": {"conn_type": "http", "port": 2**40}},
            "variables": {"": "x", " ": "y"},
            "pools": {"c": {"slots": -5}, "d": {"slots": 2**40}, "e": {"slots": -1}, "p" * 257: {"slots": 1}},
        },
        indent=1,
    ),
    ["3:3 AC321", "7:3 AC321", "13:3 AC305", "14:3 AC305", "17:3 AC321", "20:3 AC321", "26:3 AC301"],
)
CASES["carriage returns"] = (
    ".env",
    "AIRFLOW_VAR_A='a'\r\nAIRFLOW_VAR_B=b\r\n",
    ["1:16 AC417", "1:16 AC420", "2:15 AC417"],
)
CASES["the id of a page of the API"] = ("connections.json", '{"enqueue-test": {"conn_type": "http"}}', ["1:2 AC307"])
CASES["a key too long"] = ("variables.json", json.dumps({"k" * 251: "v"}), ["1:2 AC301"])


def found(path: Path, airflow: AirflowVersion = NEWEST) -> list[str]:
    findings = check_all([FileStore(str(path), Settings())], Selection(), airflow)
    return [f"{f.line}:{f.column} {f.code}" for f in findings]


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_found_and_where(name: str, tmp_path: Path) -> None:
    file, text, expected = CASES[name]
    path = tmp_path / file
    path.write_text(text)
    path.chmod(0o600)
    assert found(path) == expected


def test_a_file_that_is_not_there_or_no_text_is_told_at_its_first_line(tmp_path: Path) -> None:
    assert found(tmp_path / "missing.env") == ["1:1 AC101"]
    assert found(tmp_path) == ["1:1 AC101"]
    (tmp_path / "x.env").write_bytes(b"A=1\nB=\xff\n")
    assert found(tmp_path / "x.env") == ["2:1 AC101"]


def test_every_rule_has_a_case() -> None:
    of_places = {"AC315", "AC511", "AC512", "AC513", "AC514"}  # in test_places.py, test_migration.py and of SOPS
    assert {line.split()[1] for _, _, lines in CASES.values() for line in lines} == {r.code for r in ALL} - of_places


def test_codes_and_names_are_there_once() -> None:
    assert len({rule.code for rule in ALL}) == len({rule.name for rule in ALL}) == len(ALL)


def test_for_airflow_2_an_extra_that_3_refuses_is_a_warning_and_an_id_that_2_loses_an_error(tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    path.write_text('{"é": {"conn_type": "http", "extra": "no"}}')
    path.chmod(0o600)  # an extra that isn't JSON may be a secret as a whole
    store = FileStore(str(path), Settings())
    for version, extra, id_ in ((AirflowVersion(2, 11), "warning", "error"), (NEWEST, "error", "warning")):
        findings = {f.code: f.severity.value for f in check_all([store], Selection(), version)}
        assert findings == {"AC103": extra, "AC303": id_}


def test_an_id_in_two_files_is_told_only_with_other_values(tmp_path: Path) -> None:
    for name, value in (("a.env", "1"), ("b.env", "1"), ("c.env", "2")):
        (tmp_path / name).write_text(f"AIRFLOW_VAR_X={value}\n")
    stores = [FileStore(str(tmp_path / name), Settings()) for name in ("a.env", "b.env", "c.env", "a.env")]
    (finding,) = check_all(stores, Selection())
    assert (finding.code, Path(finding.file).name) == ("AC401", "c.env")
    assert finding.message == f"it is in {tmp_path / 'a.env'}:1 with other values"


def test_findings_of_one_place_come_in_the_same_order_in_each_run(tmp_path: Path) -> None:
    """Each id is set again in its file, and is in another file: the hash of a run would decide for each of them."""
    ids = [f"X{number}" for number in range(20)]
    (tmp_path / "a.env").write_text("".join(f"AIRFLOW_VAR_{id_}=1\n" for id_ in ids))
    (tmp_path / "b.env").write_text("".join(f"AIRFLOW_VAR_{id_}=2\nAIRFLOW_VAR_{id_}=3\n" for id_ in ids))
    stores = [FileStore(str(tmp_path / name), Settings()) for name in ("a.env", "b.env")]
    found = [finding.message.split()[0] for finding in check_all(stores, Selection()) if finding.code == "AC401"]
    assert found == ["set", "it"] * len(ids)


def test_what_an_import_would_refuse_of_the_fields_is_found_in_its_words(tmp_path: Path) -> None:
    """So that a clean check and a refused import can't drift apart."""
    long = Connection(conn_id="a", conn_type="http", host="h" * 600, port=2**40, team_name="")
    expected = [("AC321", problem, None) for problem in limits.problems(long, NEWEST)]
    assert len(expected) == 3
    assert [t for t in objects.problems(long, NEWEST, is_uri=False) if t[0] == "AC321"] == expected
    pool = Pool(name="p" * 300, slots=-5)
    said = [message for _, message, _ in objects.problems(pool, NEWEST, is_uri=False)]
    assert said == list(limits.problems(pool, NEWEST))


AIRFLOW_2 = AirflowVersion(2, 11, 2)


@pytest.mark.parametrize(
    ("obj", "version", "codes"),
    [
        (Pool(name="", slots=1), NEWEST, ["AC305"]),
        (Pool(name="", slots=1), AIRFLOW_2, ["AC305", "AC306"]),
        (Pool(name="a\nb", slots=1), NEWEST, ["AC306"]),
        (Pool(name="a/b", slots=-1), NEWEST, []),
        (Pool(name="a/b", slots=-1), AIRFLOW_2, ["AC306", "AC306"]),
        (Pool(name=f"a\n{'b' * 300}", slots=-7), NEWEST, ["AC301", "AC306", "AC321"]),
        (Variable(key="\n", value=Text("x")), AIRFLOW_2, ["AC305", "AC306"]),
        (Variable(key="/a", value=Text("x")), AIRFLOW_2, ["AC306"]),
        (Variable(key="a", value=Text("1" * 5000)), NEWEST, ["AC306"]),
        *(
            (Connection(conn_id="a", conn_type="http", extra=Text(e)), AIRFLOW_2, ["AC306"])
            for e in ("[]", "1", '"s"')
        ),
    ],
    ids=lambda value: f"{value.kind.value}-{value.id[:4]!r}" if hasattr(value, "kind") else str(value),
)
def test_what_an_import_through_the_api_would_refuse_is_found_in_its_words(
    obj: AirflowObject, version: AirflowVersion, codes: list[str]
) -> None:
    problems = list(objects.problems(obj, version, is_uri=False))
    assert sorted(code for code, _, _ in problems) == codes
    told = {message for code, message, _ in problems if code in ("AC301", "AC306", "AC321")}
    assert told == set(refusals.problems(obj, dialect_for(version)))


def test_what_is_wrong_with_an_id_is_told_once_and_its_fields_all_the_same() -> None:
    obj = Connection(conn_id="a b", conn_type="http", extra=Text("null"))
    assert [code for code, _, _ in objects.problems(obj, AIRFLOW_2, is_uri=False)] == ["AC301", "AC306"]
    assert [code for code, _, _ in objects.problems(obj, NEWEST, is_uri=False)] == ["AC301"]  # and AC103


def test_findings_are_sorted_and_there_once(tmp_path: Path) -> None:
    path = tmp_path / "x.env"
    path.write_text("AIRFLOW_CONN_b=http://H#\nAIRFLOW_CONN_A=http://h/?a=1&a=2#\n")
    findings = check_all([FileStore(str(path), Settings())] * 2, Selection())
    assert [f.order for f in findings] == sorted({f.order for f in findings})


@pytest.mark.parametrize(
    ("conn_type", "expected"),
    [
        ("postgresql", "postgres"),
        ("postgresql+psycopg2", "postgres"),
        ("mysql+pymysql", "mysql"),
        ("Postgres", "postgres"),
        ("google-cloud-platform", "google_cloud_platform"),
        ("snowflak", "snowflake"),
        ("s3", "aws"),
        ("our_own", None),
        ("x" * 10**6, None),
    ],
    ids=lambda value: value and value[:30],
)
def test_the_nearest_type(conn_type: str, expected: str | None) -> None:
    assert nearest_type(conn_type) == expected


@pytest.mark.parametrize(
    "name", ["PASSWORD", "my_api_key", "my-api-key", "extra__aws__secret", "keyfile_dict", "Proxies"]
)
def test_names_that_airflow_hides(name: str) -> None:
    assert is_sensitive(name)
    assert not is_sensitive("region")


def test_types_are_read_from_what_airflow_publishes(tmp_path: Path) -> None:
    info = (
        "def get_provider_info():\n return {'connection-types': [{'hook-class-name': 'a.B', 'connection-type': 'b'}]}"
    )
    assert list(of_provider_info(info)) == ["b"]
    with zipfile.ZipFile(tmp_path / "provider.whl", "w") as wheel:
        wheel.writestr("airflow/providers/b/get_provider_info.py", info)
    assert of_wheel(tmp_path / "provider.whl") == {"b"}
    manager = "def _init_airflow_core_hooks(self):\n hooks = {'email': 'E'}\n for a, b in (('fs', 'x.Y'),):\n  pass"
    assert set(of_providers_manager(manager)) == {"email", "fs"}
    module = 'X = frozenset(\n    """\n    a c\n    """.split()\n)\n'
    assert rewritten(module, {"b"}) == module.replace("a c", "a b c")
