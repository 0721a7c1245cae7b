"""`airconn diff` of more than two places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airconn.report.fitting import fit, width_of
from tests.cli.fleet import TOKEN, fleet

SAME: dict[str, Any] = {"connections": {"db": {"conn_type": "http", "host": "h", "password": "canary-1"}}}


@pytest.fixture(autouse=True)
def _in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(tmp_path: Path, **files: Any) -> list[str]:
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return [f"{name}.json" for name in files]


def with_host(host: str, **variables: str) -> dict[str, Any]:
    return {"connections": {"db": SAME["connections"]["db"] | {"host": host}}, "variables": variables}


def test_it_says_who_differs_and_who_lacks_what_and_no_value(airconn, tmp_path: Path) -> None:
    files = write(
        tmp_path,
        a=with_host("canary-2", x="1", y="1"),
        b=with_host("canary-2", x="1"),
        c=with_host("canary-3", x="canary-4"),
    )
    result = airconn("diff", *files)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "  ~ connections/db  http  host: c.json differs\n"
        "  ~ variables/x           value: c.json differs\n"
        "  - variables/y           only in a.json\n"
        "TARGET  OBJECTS  MISSING  DIFFERENT  HIDDEN\n"
        "a.json        3        0          0       0\n"
        "b.json        2        1          0       0\n"
        "c.json        2        1          2       0\n"
        "3 targets: 2 different, 1 not everywhere, 0 equal\n"
    )
    assert "canary" not in result.out
    assert airconn("diff", *files, "--exit-code").code == 6
    assert airconn("diff", *files, "--exit-code", "-q").out == "3 targets: 2 different, 1 not everywhere, 0 equal\n"


def test_places_that_agree_have_exit_code_0(airconn, tmp_path: Path) -> None:
    files = write(tmp_path, a=SAME, b=SAME, c=SAME)
    result = airconn("diff", *files, "--exit-code")
    assert (result.code, result.out.splitlines()[-1]) == (0, "3 targets: 0 different, 1 equal")


def test_a_file_and_a_group_are_compared_and_hidden_values_are_told_once(airconn, tmp_path: Path) -> None:
    write(tmp_path, objects=with_host("h"))
    hosts = {"eu": {"db": "h"}, "us": {"db": "other"}, "ap": {"db": "h"}}
    with fleet(tmp_path, hosts, more='[groups]\nprod = ["@eu", "@us", "@ap"]\n'):
        result = airconn("diff", "objects.json", "@prod", "--exit-code", "--connections", env=TOKEN)
        equal = airconn("diff", "objects.json", "@eu", "@ap", "--exit-code", "--connections", env=TOKEN)
        scripts = airconn("diff", "objects.json", "@prod", "--output", "json", "--connections", env=TOKEN)
    assert (result.code, result.err) == (6, "")
    assert result.out.splitlines()[:2] == [
        "  ~ connections/db  http  host: @us differs",
        (
            "  ? fields of 1 object aren't compared, because @eu, @us, @ap hide them or can't hold them: password "
            "(-v lists them)"
        ),
    ]
    assert (equal.code, equal.out.splitlines()[-1]) == (0, "3 targets: 0 different, 1 can't be known, 0 equal")
    document = json.loads(scripts.out)
    assert [one["name"] for one in document["targets"]] == ["objects.json", "@eu", "@us", "@ap"]
    (obj,) = document["objects"]
    assert (obj["status"], obj["missing"], "canary" in scripts.out) == ("different", [], False)
    assert obj["fields"] == [
        {
            "name": "host",
            "status": "different",
            "groups": [["objects.json", "@eu", "@ap"], ["@us"]],
            "unknown": [],
        },
        {"name": "password", "status": "unknown", "groups": [["objects.json"]], "unknown": ["@eu", "@us", "@ap"]},
    ]


def test_a_group_of_one_and_a_file_are_compared_as_two(airconn, tmp_path: Path) -> None:
    write(tmp_path, objects=with_host("h"))
    with fleet(tmp_path, {"eu": {"db": "h"}}):
        result = airconn("diff", "objects.json", "@all", "--connections", env=TOKEN)
    assert result.out == ("  ? connections/db  http  hidden in B: password\n0 different, 1 can't be known, 0 equal\n")


def test_a_target_that_is_down_is_reported_and_the_others_are_compared(airconn, tmp_path: Path) -> None:
    write(tmp_path, objects=with_host("h"))
    with fleet(tmp_path, {"eu": {"db": "h"}, "us": {"db": "other"}, "ap": {"db": "h"}}) as running:
        running.sites["ap"].__exit__(None, None, None)
        result = airconn("diff", "objects.json", "@all", "--exit-code", "--retries", "0", "--connections", env=TOKEN)
        running.sites.clear()
    assert (result.code, "error: @ap, http://" in result.err) == (5, True)
    assert result.out.splitlines()[-1] == "3 targets: 1 different, 0 equal"


def test_the_faults_of_a_file_are_told_before_anything_is_asked(airconn, tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_text("AIRFLOW_CONN_A=http://h:canary\n")
    with fleet(tmp_path, {"eu": {"db": "h"}, "us": {"db": "h"}}) as running:
        result = airconn("diff", "bad.env", "@all", "--airflow", "3.0.6", env=TOKEN)
        assert [site.log for site in running.sites.values()] == [[], []]
    assert (result.code, result.out, "canary" in result.err) == (3, "", False)
    assert "bad.env:1: a: the port of this URI" in result.err


def test_what_a_format_can_not_hold_is_not_missing_there(airconn, tmp_path: Path) -> None:
    content = {"variables": {"v": "1"}, "pools": {"p": {"slots": 1}}}
    files = write(tmp_path, a=content, b=content)
    (tmp_path / "c.env").write_text("AIRFLOW_VAR_V=1\n")
    result = airconn("diff", *files, "c.env", "--exit-code")
    assert (result.code, result.out.splitlines()[-1]) == (0, "3 targets: 0 different, 2 equal")
    assert result.err == "warning: c.env: can't hold pools, which aren't compared there (--pools compares them)\n"


@pytest.mark.parametrize("number", [3, 12, 50])
def test_it_fits_80_columns_with_any_number_of_places(airconn, tmp_path: Path, number: int) -> None:
    contents = {f"site{count:02}": with_host("h", x="1", region=str(count % 3)) for count in range(number)}
    contents["site01"]["variables"]["y"] = "1"
    files = write(tmp_path, **contents)
    result = airconn("diff", *files)
    shown = fit(result.out, 80).splitlines()
    assert max(map(width_of, shown)) <= 80
    assert len(shown) <= 3 + 1 + 12 + 1
    assert f"{number} targets: 1 different, 1 not everywhere, 2 equal" in result.out


def test_values_are_shown_only_for_two(airconn, tmp_path: Path) -> None:
    files = write(tmp_path, a=SAME, b=SAME, c=SAME)
    assert airconn("diff", *files, "--show-values").code == 2


def test_one_place_is_too_few(airconn, tmp_path: Path) -> None:
    result = airconn("diff", "a.json")
    assert (result.code, result.err) == (
        2,
        (
            "error: missing argument 'B'\n"
            "hint:  airconn diff a.json B compares two addresses, as in airconn diff a.json http://localhost:8080\n"
        ),
    )
    assert airconn("diff").err.startswith("error: missing argument 'A'\n")
