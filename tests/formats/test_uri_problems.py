"""URIs that Airflow reads differently from how they look: each command that reads one says so, once a kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airconn.formats import uri_problems
from airconn.model import NEWEST, OLDEST, rules_for

PIECES = [
    *"/:@#%?&=_H[] \t\né1+-{}\"'`",
    "http",
    "://",
    "s3",
    "%FF",
    "%20",
    "__extra__=",
    "a=",
    "true",
    "x" * 9,
    "\u200b",
]
HALF_PLAIN = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["http://", "my-db://", "s3:", "'http://"]),
        st.lists(st.sampled_from(["u", ":", "p%40", "@", "h.de", "/d", "#", "H"]), max_size=6).map("".join),
        st.sampled_from(
            ["", "/", "/s", "?", "?a=b", "/?a=b&a=c", "?a=1", "?a=b&c=tru", "?__extra__=%7B%7D", "?a=%31"]
        ),
        st.sampled_from(["", "", "", "&__extra__=%7B%7D", "&%61=c", "&=", "&&", "'", " "]),
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(HALF_PLAIN, st.lists(st.sampled_from(PIECES), max_size=14).map("".join)))
def test_a_uri_that_the_quick_look_passes_has_no_finding(uri: str) -> None:
    if uri_problems.is_plain(uri):
        assert [list(uri_problems.problems(uri, rules_for(version))) for version in (OLDEST, NEWEST)] == [[], []]


@pytest.mark.parametrize(
    "uri",
    [
        "postgres://user:p%40ss@db.example.com:5432/db",
        "http://u:p@h/s?region_name=eu-west&a=b",
        "aws://AK:s%2Fe@/?__extra__=%7B%22region%22%3A+%22eu%22%7D",
        "my-db://",
        "sqlite:///tmp",
    ],
)
def test_the_quick_look_passes_everyday_uris(uri: str) -> None:
    assert uri_problems.is_plain(uri)


def test_the_rules_have_a_way_out_each() -> None:
    from airconn.check.rules import BY_CODE

    assert {code: BY_CODE[code].fix for code in uri_problems.WAYS_OUT} == dict(uri_problems.WAYS_OUT)


KINDS = {
    "http://u:p@h/s?a=b#c": "Airflow drops this '#' and all that follows",
    "localhost:8000": "no '//' follows the scheme: Airflow reads the rest as the schema, and cuts a character",
    "host/db": "there is no 'conn_type://' in front: Airflow finds no type, and cuts a character",
    "'http://h/s'": "the value itself begins with a quote, so Airflow finds no type",
    "http://h/s%zz": "this '%' doesn't begin an escape, and stays as it is",
    "aws://aws://bucket": "the scheme is written twice: Airflow removes both, and cuts the rest",
    "http://h/?a=b&a=c": "a query parameter is written twice: Airflow takes the last one",
    "http://h/?a=b&__extra__=%7B%7D": "Airflow ignores the query parameters next to __extra__",
    "google_cloud://h": "a scheme can't have a '_': Airflow finds no type, and cuts the rest",
}


@pytest.mark.parametrize("command", ["convert FILE", "export --from FILE", "diff FILE FILE", "run --from FILE -n"])
@pytest.mark.parametrize("uri", KINDS)
def test_what_airflow_reads_differently_is_said_once_with_the_names(
    airconn, tmp_path: Path, uri: str, command: str
) -> None:
    path = tmp_path / ".env"
    path.write_text(f'AIRFLOW_CONN_A="{uri}"\nAIRFLOW_VAR_B=1\nAIRFLOW_CONN_C="{uri}"\n')
    result = airconn(*(str(path) if word == "FILE" else word for word in command.split()))
    lines = dict.fromkeys(line for line in result.err.splitlines() if KINDS[uri] in line)
    (line,) = lines
    assert line.startswith(f"warning: {path}:1: {KINDS[uri]}: connections/a (line 1) and connections/c (line 3) (")
    assert result.code == 0


def test_an_import_says_it_too(airconn, tmp_path: Path) -> None:
    (tmp_path / "in.uri").write_text("a=http://u:p@h/s?a=b#c\n")
    result = airconn("import", tmp_path / "in.uri", "--to", tmp_path / "out.json", "--dry-run")
    assert "in.uri:1: Airflow drops this '#' and all that follows: connections/a (percent-encode it as" in result.err


def test_capitals_of_a_host_are_a_note_of_check_only(airconn, tmp_path: Path) -> None:
    (tmp_path / "in.uri").write_text("a=http://Host/s\n")
    assert airconn("convert", tmp_path / "in.uri", "-q").err == ""
    assert airconn("convert", tmp_path / "in.uri").err == ""
    assert "AC205" in airconn("check", tmp_path / "in.uri").out


@pytest.mark.parametrize("name", ["x.uri", "connections.json", "connections.yaml", ".env", "airflow_settings.yaml"])
def test_check_finds_each_once_in_every_format(airconn, tmp_path: Path, name: str) -> None:
    uri = "http://u:p@h/s?a=b#c"
    text = {
        "x.uri": f"a={uri}\n",
        "connections.json": f'{{"a": "{uri}"}}',
        "connections.yaml": f"a: '{uri}'\n",
        ".env": f"AIRFLOW_CONN_A='{uri}'\n",
        "airflow_settings.yaml": f"airflow:\n  connections:\n    - conn_id: a\n      conn_uri: '{uri}'\n",
    }[name]
    (tmp_path / name).write_text(text)
    (tmp_path / name).chmod(0o600)
    assert airconn("check", tmp_path / name).out.count("AC202") == 1


def test_values_of_a_query_are_said_where_no_release_is_known(airconn, tmp_path: Path) -> None:
    (tmp_path / "in.uri").write_text("a=http://h/?timeout=5\n")
    said = "query values are JSON to Airflow 3.1.6 and later, and texts to Airflow 2, 3.0 and workers: connections/a"
    for command in ("convert", "export --from", "run -n --from"):
        assert said in airconn(*command.split(), tmp_path / "in.uri").err
        assert airconn(*command.split(), tmp_path / "in.uri", "--airflow", "3.3", "-q").err == ""
        assert said not in airconn(*command.split(), tmp_path / "in.uri", "--airflow", "2.11").err


def test_values_of_a_query_are_not_said_where_the_target_decides(airconn, tmp_path: Path) -> None:
    (tmp_path / "in.uri").write_text("a=http://h/?timeout=5\n")
    result = airconn("import", tmp_path / "in.uri", "--to", tmp_path / "out.json", "--dry-run", "--airflow", "2.11")
    assert (result.code, result.err) == (0, "")


def test_no_message_holds_a_part_of_the_value(airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f'AIRFLOW_CONN_A{n}="{uri}"\n' for n, uri in enumerate(KINDS)))
    said = airconn("convert", tmp_path / ".env", "-o", tmp_path / "x.json").err
    assert not any(part in said for part in ("bucket", "8000", "google_cloud"))


def test_the_environment_says_it_with_the_name_of_the_variable(airconn) -> None:
    env = {"AIRFLOW_CONN_A": "http://u:p@h/s?a=b#c", "AIRFLOW_CONN_B": "http://h/?n=1"}
    err = airconn("export", "--from", "env:", env=env).err
    assert "warning: env:AIRFLOW_CONN_A: Airflow drops this '#' and all that follows: connections/a (percent-" in err
    assert "warning: env:AIRFLOW_CONN_B: query values are JSON to Airflow 3.1.6 and later" in err
    assert airconn("list", "--from", "env:", "--airflow", "3.3", env={"AIRFLOW_CONN_B": "http://h/?n=1"}).code == 0
