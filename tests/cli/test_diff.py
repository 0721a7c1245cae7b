"""`airconn diff`, at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

A: dict[str, Any] = {
    "connections": {
        "db": {
            "conn_type": "postgres",
            "host": "old.example.com",
            "password": "canary-1",
            "extra": {"sslmode": "require", "token": "canary-2", "size": 1},
        },
        "gone": {"conn_type": "http", "password": "canary-3"},
        "uri": {"conn_type": "http", "host": "https://me:canary-4@example.com"},
        "plain": {"conn_type": "jdbc", "extra": "canary-5"},
    },
    "variables": {
        "api_token": "canary-6",
        "region": "eu",
        "hidden": "canary-7",
        "config": '{"a": 1, "deep": {"password": "canary-8"}}',
        "twice": '{"password": "canary-9", "password": "canary-9"}',
        "same": "canary-10",
    },
    "pools": {"small": {"slots": 1, "description": "", "include_deferred": False}},
}
B: dict[str, Any] = {
    "connections": {
        "db": {
            "conn_type": "postgres",
            "host": "new.example.com",
            "password": "***",
            "port": 5432,
            "extra": {"sslmode": "require", "token": "canary-12", "size": 1.5},
        },
        "uri": {"conn_type": "http", "host": "https://me:canary-14@example.com"},
        "plain": {"conn_type": "jdbc", "extra": "canary-15"},
    },
    "variables": {
        "api_token": "canary-16",
        "region": "us",
        "hidden": "***",
        "config": '{"a": 2, "deep": {"password": "canary-18"}}',
        "twice": '{"password": "canary-19", "password": "canary-9"}',
        "same": "canary-10",
        "new": "canary-20",
    },
    "pools": {"small": {"slots": 2, "description": "", "include_deferred": False}},
}
LINES = """\
  ~ connections/db       postgres  host, port, extra.size, extra.token; hidden in B: password
  + connections/gone     http      only in A
  ~ connections/plain    jdbc      extra
  ~ connections/uri      http      host
  ~ variables/api_token            value
  ~ variables/config               value.a, value.deep.password
  ? variables/hidden               hidden in B: value
  - variables/new                  only in B
  ~ variables/region               value
  ~ variables/twice                value
  ~ pools/small                    slots
8 different, 1 only in A, 1 only in B, 1 can't be known, 1 equal
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for path, objects in zip(paths, (A, B), strict=True):
        path.write_text(json.dumps(objects).replace('"size": 1}', '"size": 1.50}'))
    return paths


def test_the_lines_say_what_differs_and_no_value(airconn, files: tuple[Path, Path]) -> None:
    result = airconn("diff", *files, "--airflow", "2.11")
    assert (result.code, result.out, result.err) == (0, LINES, "")


def test_verbose_lists_what_is_equal_and_quiet_only_counts(airconn, files: tuple[Path, Path]) -> None:
    assert "\n  = variables/same\n" in airconn("diff", *files, "-v", "--airflow", "2.11").out
    assert airconn("diff", *files, "-q", "--airflow", "2.11").out == LINES.splitlines(keepends=True)[-1]


def test_a_limit_holds_for_each_symbol(airconn, files: tuple[Path, Path]) -> None:
    short = airconn("diff", *files, "--airflow", "2.11", "--limit", "1").out.splitlines()
    assert [line[2] for line in short[:-2]] == ["~", "+", "?", "-"]
    assert short[-2] == "  … 7 more different (-v lists them)"
    assert len(airconn("diff", *files, "--airflow", "2.11", "--limit", "1", "-v").out.splitlines()) == 13


def test_values_are_shown_on_request_and_secrets_never(airconn, files: tuple[Path, Path]) -> None:
    result = airconn("diff", *files, "--airflow", "2.11", "--show-values")
    assert "canary" not in result.out + result.err
    lines = [line.strip() for line in result.out.splitlines() if line.startswith("      ")]
    assert lines == [
        'host: A "old.example.com", B "new.example.com"',
        "port: A (not set), B 5432",
        "extra.size: A 1.50, B 1.5",
        "extra.token: (a secret)",
        "extra: (a secret)",
        "host: (a secret)",
        "value: (a secret)",
        "value.a: A 1, B 2",
        "value.deep.password: (a secret)",
        'value: A "eu", B "us"',
        "value: (a secret)",
        "slots: A 1, B 2",
    ]


def test_a_value_can_not_command_a_terminal(airconn, tmp_path: Path) -> None:
    for name, value in (("a", "\x1b[2J"), ("b", "\x9b2J")):
        (tmp_path / f"{name}.json").write_text(json.dumps({"variables": {"v\x1b": value}, "pools": {}}))
    result = airconn("diff", tmp_path / "a.json", tmp_path / "b.json", "--show-values")
    assert result.code == 0
    assert all(line.isprintable() for line in result.out.splitlines())


def test_json_is_for_scripts_and_holds_no_values(airconn, files: tuple[Path, Path]) -> None:
    result = airconn("diff", *files, "--airflow", "2.11", "--output", "json")
    report = json.loads(result.out)
    assert (result.code, result.err, report["schema_version"]) == (0, "", 1)
    assert [report["a"], report["b"]] == [str(path) for path in files]
    assert report["summary"] == {"only_in_a": 1, "only_in_b": 1, "different": 8, "unknown": 1, "equal": 1}
    by_name = {f"{entry['kind']}/{entry['id']}": entry for entry in report["objects"]}
    assert len(by_name) == 12
    assert by_name["variables/hidden"]["fields"] == [{"name": "value", "status": "unknown", "reason": "hidden in B"}]
    assert by_name["connections/gone"]["status"] == "only_in_a"
    assert by_name["connections/gone"]["a_origin"].startswith(f"{files[0]}:1:")
    assert by_name["connections/gone"]["b_origin"] is None
    assert "canary" not in result.out
    assert "example.com" not in result.out
    refused = airconn("diff", *files, "--output", "json", "--show-values")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: --output json holds no values")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--exit-code"], 6),
        (["--exit-code", "--output", "json"], 6),
        (["--exit-code", "-q"], 6),
        (["--exit-code", "--include", "hidden"], 0),
        (["--exit-code", "--include", "same"], 0),
        (["--exit-code", "--include", "new"], 6),
        (["--exit-code", "--pools"], 6),
        (["--exit-code", "--pools", "--exclude", "small"], 0),
    ],
)
def test_the_exit_code_says_whether_anything_is_known_to_differ(
    airconn, files: tuple[Path, Path], options: list[str], code: int
) -> None:
    assert airconn("diff", *files, "--airflow", "2.11", *options).code == code


def test_the_same_is_equal(airconn, examples: Path) -> None:
    result = airconn("diff", examples / "objects.json", examples / "objects.json", "--exit-code")
    assert (result.code, result.out.startswith("0 different, "), result.out.endswith(" equal\n")) == (0, True, True)


def test_kinds_without_a_place_are_left_out_and_told_unless_they_are_chosen(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_V=1\n")
    (tmp_path / "b.json").write_text('{"variables": {"v": "1"}, "pools": {"p": {"slots": 1}}, "connections": {}}')
    paths = tmp_path / "a.env", tmp_path / "b.json"
    result = airconn("diff", *paths, "--exit-code")
    assert (result.code, result.out) == (0, "0 different, 1 equal\n")
    assert result.err == f"warning: {paths[0]}: can't hold pools, which aren't compared (--pools compares them)\n"
    pools = airconn("diff", *paths, "--exit-code", "--pools")
    assert pools.out == "  - pools/p  only in B\n0 different, 1 only in B, 0 equal\n"
    (tmp_path / "connections.json").write_text('{"c": {"conn_type": "http"}}')
    (tmp_path / "variables.json").write_text('{"v": "1"}')
    nothing = airconn("diff", tmp_path / "connections.json", tmp_path / "variables.json")
    assert (nothing.code, nothing.out) == (2, "")
    assert nothing.err.endswith("variables.json variables: nothing can be compared\n")


def test_what_a_file_has_no_place_for_is_no_difference_and_is_not_equal(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"variables": {"v": {"value": "1", "description": "d"}}}')
    assert airconn("import", tmp_path / "a.json", "--to", tmp_path / "b.env", "--verify").code == 0
    result = airconn("diff", tmp_path / "a.json", tmp_path / "b.env", "--exit-code")
    assert (result.code, result.out) == (
        0,
        "  ? variables/v  not said in B: description\n0 different, 1 can't be known, 0 equal\n",
    )


def test_the_faults_of_both_sides_are_told(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_CONN_A=http://h:canary\n")
    result = airconn("diff", tmp_path / "a.env", tmp_path / "no.env")
    assert (result.code, result.out) == (3, "")
    assert "a.env:1: a: the port of this URI" in result.err
    assert "no.env: no such file" in result.err
    assert "canary" not in result.err


def test_standard_input_can_be_one_of_the_two(airconn, examples: Path) -> None:
    result = airconn("diff", "-", examples / ".env", stdin=(examples / ".env").read_bytes())
    assert (result.code, result.out) == (0, "0 different, 8 equal\n")
    assert airconn("diff", "-", "-").code == 2


def test_an_airflow_is_compared_in_the_form_that_it_gives_back(airconn, tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text(
        json.dumps(
            {
                "connections": {
                    "db": {
                        "conn_type": "http",
                        "host": "h",
                        "password": "canary",
                        "extra": '{"n":1.50,"token":"canary"}',
                    }
                },
                "variables": {"v": '{"a":1.0,\n"b":2}', "w": "canary"},
            }
        )
    )
    shown = {
        "connections": [
            {"connection_id": "db", "conn_type": "http", "host": "other", "password": "***",
             "extra": '{"n": 1.5, "token": "***"}', "description": None, "login": None, "port": None, "schema": None}
        ],
        "variables": [
            {"key": "v", "value": '{"a": 1.0, "b": 2}', "description": None, "is_encrypted": True},
            {"key": "w", "value": "canary", "description": "d", "is_encrypted": True},
        ],
        "pools": [],
    }  # fmt: skip

    def answer(received: Received) -> Answer | None:
        kind = received.path.rpartition("/")[2]
        return Answer(body={kind: shown[kind], "total_entries": len(shown[kind])}) if kind in shown else None

    with Site(airflow("3.0.6", answer)) as site:
        env = {"AIRCONN_TOKEN": "a-token"}
        result = airconn("diff", tmp_path / "objects.json", site.url, "-v", env=env)
        back = airconn("diff", site.url, tmp_path / "objects.json", "--exit-code", env=env)
    assert (result.code, back.code, result.err) == (0, 6, "")
    assert result.out == (
        "  ~ connections/db  http  host; hidden in B: password, extra.token\n"
        "  = variables/v\n"
        "  ? variables/w           not said in A: description\n"
        "1 different, 1 can't be known, 1 equal\n"
    )
    assert back.out.splitlines()[0] == "  ~ connections/db  http  host; hidden in A: password, extra.token"
