"""What the Astro CLI does wrong with `airflow_settings.yaml` and `.env` (astro-cli 1.45.0), airconn does right.

S1, E1 and so on are the rows of our notes on it; those about its HTTP calls aren't here.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given

from airconn.errors import InputError, InputErrors
from airconn.formats import get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.model import REDACTED, AirflowVersion, Bundle, Connection, Kind, Pool, Text, Variable
from airconn.model.reading import Reading
from tests.formats import strategies as some

OPTIONS = ReadOptions()


def read_entry(kind: str, entry: str, options: ReadOptions = OPTIONS) -> Reading:
    return get_format("settings").parse(f"airflow:\n  {kind}:\n    - {{{entry}}}\n", "airflow_settings.yaml", options)


def connection(entry: str, options: ReadOptions = OPTIONS) -> Connection:
    (found,) = read_entry("connections", f"conn_id: a, {entry}", options).bundle.connections.values()
    return found


def variable(value: str) -> str:
    (found,) = read_entry("variables", f"variable_name: a, variable_value: {value}").bundle.variables.values()
    assert isinstance(found.value, Text)
    return found.value.text


def extra_of(found: Connection) -> str:
    assert isinstance(found.extra, Text)
    return found.extra.text


def test_keys_of_an_extra_keep_their_case_at_every_depth() -> None:  # S1
    found = connection("conn_type: a, conn_extra: {testVarCASE: {Deeper: [{Key: 1}]}}")
    assert extra_of(found) == '{"testVarCASE": {"Deeper": [{"Key": 1}]}}'


@pytest.mark.parametrize("text", ["", "airflow", "airflow: []\n", "other: {}\n", "airflow:\n connections: {a: b}\n"])
def test_a_file_that_is_no_settings_file_is_an_error(text: str) -> None:  # S3
    with pytest.raises(Exception, match=r"a settings file has|are a list here"):
        get_format("settings").parse(text, "airflow_settings.yaml", OPTIONS)


def test_one_bad_field_is_an_error_with_its_place_and_nothing_is_read() -> None:  # S4
    entries = ("conn_id: a, conn_type: b", "conn_id: c, conn_type: d, conn_port: testing")
    text = "airflow:\n  connections:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)
    with pytest.raises(InputErrors, match="f:4:5: c: conn_port is not a whole number"):
        get_format("settings").parse(text, "f", OPTIONS)


@pytest.mark.parametrize(
    "scalar",
    [
        "true",
        "True",
        "false",
        "yes",
        "off",
        "0123",
        "089",
        "12_34",
        "0x1F",
        "1e5",
        "1.50",
        "2024-01-01",
        "12:30",
        "-0",
    ],
)
def test_a_scalar_is_the_text_that_was_written(scalar: str) -> None:  # S5, S4
    assert variable(scalar) == scalar
    assert connection(f"conn_type: a, conn_password: {scalar}").password == scalar


def test_a_map_or_a_list_as_a_variable_is_its_json() -> None:  # S4
    assert variable("{a: [1.50, yes]}") == '{"a": [1.50, "yes"]}'


def test_an_empty_variable_and_a_pool_without_slots_are_read() -> None:  # S6
    assert variable("''") == ""
    found = read_entry("pools", "pool_name: p, pool_slot: 0").bundle.pools["p"]
    assert found.slots == 0


def test_a_connection_without_a_type_is_an_error() -> None:  # S7
    with pytest.raises(InputErrors, match="a has neither conn_type nor conn_uri"):
        connection("conn_host: h")


def test_a_uri_next_to_fields_is_told() -> None:  # S8
    parsed = read_entry("connections", "conn_id: a, conn_uri: 'http://h', conn_type: ssh")
    assert parsed.bundle.connections["a"].conn_type == "ssh"
    assert [note.message for note in parsed.notes] == ["a: conn_uri is not used, because conn_type is set"]
    with pytest.raises(InputErrors, match="has no conn_type"):
        connection("conn_uri: 'http://h', conn_port: 80")


def test_an_extra_next_to_a_uri_is_used() -> None:  # S9
    assert extra_of(connection("conn_uri: 'http://h', conn_extra: {a: 1}")) == '{"a": 1}'


@pytest.mark.parametrize("login", ["u%2F", 'u"', "u^", "u{", "u|"])
def test_a_uri_that_go_refuses_and_airflow_takes_is_taken(login: str) -> None:  # S10
    found = connection(f"conn_uri: 'http://{login}:p@%2Ftmp%2Fsock'")
    assert (found.login, found.host) == (login.replace("%2F", "/"), "/tmp/sock")


def test_a_uri_that_airflow_refuses_is_an_error() -> None:  # S10
    with pytest.raises(InputErrors, match="port of this URI is not a number"):
        connection("conn_uri: 'http://h:abc'")


def test_the_type_of_a_uri_is_what_airflow_makes_of_it() -> None:  # S11
    assert connection("conn_uri: 'postgresql://h'").conn_type == "postgres"
    assert connection("conn_uri: 'google-cloud-platform://'").conn_type == "google_cloud_platform"


def test_an_extra_in_a_uri_is_unpacked() -> None:  # S12
    assert extra_of(connection("conn_uri: 'a://h/?__extra__=%7B%22a%22%3A+%7B%7D%7D'")) == '{"a": {}}'


def test_the_last_of_a_repeated_query_key_counts_and_a_semicolon_is_kept() -> None:  # S13
    assert extra_of(connection("conn_uri: 'a://h/?x=p&x=q&y=r;s'")) == '{"x": "q", "y": "r;s"}'


def test_an_extra_from_a_query_is_json_whatever_is_in_it() -> None:  # S14
    found = connection("conn_uri: 'a://h/?x=%07%0B%7F%F0%9F%98%80'")
    assert json.loads(extra_of(found)) == {"x": "\x07\x0b\x7f\U0001f600"}


def test_a_second_scheme_is_part_of_the_host_which_is_lower_case() -> None:  # S15
    found = connection("conn_uri: 'http://https://HOST/s'")
    assert (found.host, found.schema) == ("https://host", "s")


def test_query_values_are_typed_from_airflow_3_1_6_on() -> None:  # S15
    for version, expected in (("2.11.2", '{"a": "true"}'), ("3.1.5", '{"a": "true"}'), ("3.1.6", '{"a": true}')):
        options = ReadOptions(airflow=AirflowVersion.parse(version))
        assert extra_of(connection("conn_uri: 'a://h/?a=true'", options)) == expected


def test_a_uri_without_a_host_has_an_empty_one_as_in_airflow() -> None:  # S16
    assert connection("conn_uri: 'a://'").host == ""


@pytest.mark.parametrize("extra", ["[a]", "5", "true", "\"{'a': 1}\"", "'not json'"])
def test_an_extra_that_airflow_3_refuses_is_an_error_and_not_dropped(extra: str) -> None:  # S17, S18
    with pytest.raises(InputErrors, match="the extra is not a JSON object"):
        connection(f"conn_type: a, conn_extra: {extra}")


def test_keys_of_an_extra_that_are_no_texts_are_kept() -> None:  # S17
    assert extra_of(connection("conn_type: a, conn_extra: {5: x, b: {true: y}}")) == '{"5": "x", "b": {"true": "y"}}'


def test_whether_deferred_tasks_count_is_not_said_by_a_settings_file() -> None:  # S22
    found = read_entry("pools", "pool_name: p, pool_slot: 1").bundle.pools["p"]
    assert (found.include_deferred, found.description) == (None, None)


def test_what_a_settings_file_has_no_place_for_is_reported() -> None:  # S22, S23, E15
    bundle = Bundle.of(
        [
            Connection(conn_id="a", conn_type="b", description="d"),
            Variable(key="a", value=Text("x"), description="d"),
            Pool(name="a", slots=1, include_deferred=True),
        ]
    )
    losses = get_format("settings").render(bundle, WriteOptions()).losses
    assert {(loss.kind, loss.field) for loss in losses} == {
        (Kind.CONNECTIONS, "description"),
        (Kind.VARIABLES, "description"),
        (Kind.POOLS, "include_deferred"),
    }


def test_a_port_of_zero_is_none_and_a_port_in_quotes_is_a_port() -> None:  # S24
    assert connection("conn_type: a, conn_port: 0").port is None
    assert connection('conn_type: a, conn_port: "5432"').port == 5432


def test_every_pool_is_written() -> None:  # E1
    pools = Bundle.of(Pool(name=name, slots=1) for name in ("default_pool", "mine"))
    assert re.findall("pool_name: (.*)", get_format("settings").render(pools, WriteOptions()).text) == [
        "default_pool",
        "mine",
    ]


@pytest.mark.parametrize("name", ["env", "uri", "json", "yaml", "settings"])
def test_nothing_to_write_is_no_error(name: str) -> None:  # E2
    text = get_format(name).render(Bundle(), WriteOptions()).text
    assert len(get_format(name).parse(text, "f", OPTIONS).bundle) == 0


def test_a_nested_extra_is_written_as_it_is() -> None:  # E4
    extra = Text('{"a": {"b": [true, 5]}, "c": 5}')
    bundle = Bundle.of([Connection(conn_id="a", conn_type="b", extra=extra)])
    text = get_format("settings").render(bundle, WriteOptions()).text
    assert get_format("settings").parse(text, "f", OPTIONS).bundle.connections["a"].extra == extra


@pytest.mark.parametrize("value", ["5", "true", '{"a": 1}', "[1]", "null", '"quoted"', "1.50", "", "NaN"])
@pytest.mark.parametrize("name", ["env", "json", "yaml", "settings"])
def test_a_variable_that_looks_like_json_stays_the_text_that_it_is(name: str, value: str) -> None:  # E5
    bundle = Bundle.of([Variable(key="a", value=Text(value))])
    text = get_format(name).render(bundle, WriteOptions()).text
    assert get_format(name).parse(text, "f", OPTIONS).bundle == bundle


def test_a_variable_exported_with_a_description_has_its_value() -> None:  # E7
    text = '{"a": {"value": "x", "description": "d"}}'
    found = get_format("json").parse(text, "variables.json", OPTIONS).bundle.variables["a"]
    assert (found.value, found.description) == (Text("x"), "d")


def test_fields_that_are_not_set_are_not_written() -> None:  # E8
    text = get_format("settings").render(Bundle.of([Connection(conn_id="aB", conn_type="c")]), WriteOptions()).text
    assert "conn_uri" not in text
    assert "conn_port" not in text
    assert "conn_id: aB" in text


@given(some.everything)
def test_the_order_of_what_is_written_is_always_the_same(bundle: Bundle) -> None:  # E8
    first = get_format("settings").render(bundle, WriteOptions()).text
    assert get_format("settings").render(Bundle.of(reversed(list(bundle))), WriteOptions()).text == first


def test_an_id_keeps_its_case_in_a_env_file() -> None:  # E9
    bundle = Bundle.of([Variable(key="My-Key.x", value=Text("1"))])
    text = get_format("env").render(bundle, WriteOptions()).text
    assert text == '# airconn: key "My-Key.x"\nAIRFLOW_VAR_MY-KEY.X=1\n'
    assert get_format("env").parse(text, ".env", OPTIONS).bundle == bundle


def test_two_ids_of_one_name_in_a_env_file_are_an_error() -> None:  # E9
    bundle = Bundle.of([Variable(key="a", value=Text("1")), Variable(key="A", value=Text("2"))])
    with pytest.raises(InputErrors, match="variables/a and A are both AIRFLOW_VAR_A"):
        get_format("env").render(bundle, WriteOptions())


@pytest.mark.parametrize("value", ["a\nb", "a #b", "#a", "$a", " a ", 'a"b', "a'b", "a\\", "\\n", "C:\\new", "\t"])
def test_a_value_is_quoted_where_it_needs_to_be(value: str) -> None:  # E10, V1, V2, V11
    bundle = Bundle.of([Variable(key="a", value=Text(value)), Variable(key="b", value=Text("next"))])
    assert (
        get_format("env").parse(get_format("env").render(bundle, WriteOptions()).text, ".env", OPTIONS).bundle
        == bundle
    )


def test_carriage_returns_at_the_ends_of_lines_are_no_part_of_a_value() -> None:  # E13, D5
    found = get_format("env").parse("AIRFLOW_CONN_A=http://h\r\nAIRFLOW_VAR_B=x\r\n", ".env", OPTIONS).bundle
    assert (found.connections["a"].host, found.variables["b"].value) == ("h", Text("x"))


def test_a_hidden_secret_of_an_exported_env_file_is_no_value() -> None:  # D1, V3
    text = "AIRFLOW_VAR_A= # secret\nAIRFLOW_VAR_B=  # secret, use --include-secrets\n"
    found = get_format("env").parse(text, ".env", OPTIONS).bundle.variables
    assert [found["a"].value, found["b"].value] == [REDACTED, REDACTED]
    hidden = get_format("env").parse("AIRFLOW_CONN_A= # secret\n", ".env", OPTIONS)
    (note,) = hidden.notes
    assert (len(hidden.bundle), note.where, note.left_out) == (0, ".env:1", True)
    assert "AIRFLOW_CONN_A is hidden" in note.message


def test_the_last_of_two_equal_names_counts_and_is_told() -> None:  # D3
    parsed = get_format("env").parse("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_A=2\n", ".env", OPTIONS)
    assert parsed.bundle.variables["a"].value == Text("2")
    assert [str(note.where) for note in parsed.notes] == [".env:2"]


def test_a_value_of_several_lines_or_of_a_hundred_thousand_characters_is_one_value() -> None:  # D4
    text = 'AIRFLOW_VAR_A="one\ntwo"\nAIRFLOW_VAR_B=' + "x" * 100_000 + "\n"
    found = get_format("env").parse(text, ".env", OPTIONS).bundle.variables
    assert (found["a"].value, found["b"].value) == (Text("one\ntwo"), Text("x" * 100_000))


def test_quotes_are_taken_away_in_pairs() -> None:  # D5
    text = "AIRFLOW_VAR_A=WHERE x='y'\nAIRFLOW_VAR_B=\"'a'\"\nexport AIRFLOW_VAR_C=c  # d\n"
    found = get_format("env").parse(text, ".env", OPTIONS).bundle.variables
    assert [found[key].value for key in "abc"] == [Text("WHERE x='y'"), Text("'a'"), Text("c")]


def test_an_empty_value_is_an_empty_variable() -> None:  # D7
    found = get_format("env").parse('AIRFLOW_VAR_A=""\nAIRFLOW_VAR_B=\n', ".env", OPTIONS).bundle.variables
    assert [found[key].value for key in "ab"] == [Text(""), Text("")]


def test_a_name_with_odd_characters_spoils_nothing() -> None:  # V10
    found = get_format("env").parse("FOO-BAR=1\nA/B:C=2\nAIRFLOW_VAR_A-B=3\n", ".env", OPTIONS)
    assert (found.bundle.variables["a-b"].value, found.ignored) == (Text("3"), 2)


def test_large_numbers_are_written_with_all_their_digits() -> None:  # V14
    extra = Text('{"account": 123456789012, "big": 12345678901234567890123}')
    bundle = Bundle.of([Connection(conn_id="a", conn_type="b", extra=extra)])
    for name in ("env", "uri", "json", "yaml", "settings"):
        text = get_format(name).render(bundle, WriteOptions()).text
        assert get_format(name).parse(text, "f", OPTIONS).bundle.connections["a"].extra == extra


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("airflow:\n  conections: []\n", "2:3", "did you mean 'connections'?"),
        ("airflow:\n  Varibles: []\n", "2:3", "did you mean 'variables'?"),
        ("airflow:\n  dags: []\n", "2:3", "delete it, or move it to the right section"),
        ("airflw:\n  connections: []\n", "1:1", "did you mean 'airflow'?"),
    ],
)
def test_a_misspelt_key_is_told_what_it_may_be(text: str, place: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        get_format("settings").parse(text, "s", ReadOptions())
    assert (caught.value.where, caught.value.hint) == (f"s:{place}", hint)


@pytest.mark.parametrize("mark", ["", "# airconn: env-dialect astro-save\n", "# airconn: env-dialect docker\n"])
def test_a_connection_takes_the_place_of_a_mask_without_a_loss(airconn, tmp_path, mark: str) -> None:
    target, source = tmp_path / "t.env", tmp_path / "s.json"
    target.write_text(f"{mark}AIRFLOW_CONN_A= # secret\nOTHER=1\n")
    source.write_text('{"connections": {"a": {"conn_type": "http", "host": "h", "password": "new"}}, "pools": {}}')
    done = airconn("import", source, "--to", target)
    assert (done.code, done.err) == (0, "")
    assert target.read_text().count("AIRFLOW_CONN_A=") == 1
    assert "OTHER=1\n" in target.read_text()
    again = airconn("import", source, "--to", target, "--dry-run", "--exit-code")
    assert (again.code, "1 unchanged" in again.out) == (0, True), again.out + again.err
