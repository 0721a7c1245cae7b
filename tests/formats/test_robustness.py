"""Whatever a reader is given, what comes out is a result or an error of airconn's own, soon, and without a secret."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import AirconnError, InputErrors
from airconn.formats import detect, get_format, names, writable_names
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.dotenv import marks
from airconn.model import Kind
from tests.formats import strategies as some
from tests.formats.options import reading
from tests.formats.seeds import CANARY, SECRETIVE, SEEDS

ROOT = Path(__file__).parents[2]

anything = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.lists(st.sampled_from([*some.PIECES, *some.WORDS, "\ud800"]), max_size=30).map("".join),
)


@st.composite
def broken(draw: st.DrawFn, seeds: list[str]) -> str:
    """A valid file with something taken out, put in, doubled or swapped."""
    text = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        piece = draw(
            st.one_of(
                st.just(""), st.sampled_from([*some.PIECES, *some.WORDS, "\ud800"]), st.just(text[start:end] * 2)
            )
        )
        text = text[:start] + piece + text[end:]
    return text


options = st.builds(
    reading,
    airflow=st.sampled_from(some.VERSIONS),
    kind=st.sampled_from([None, *Kind]),
    env_dialect=st.sampled_from([None, *marks.NAMES]),
    expand=st.sampled_from([None, "environment", "file"]),
)


def read(name: str, text: str, how: ReadOptions) -> list[str]:
    """Reads a text, writes what was found in every format, and gives all that was said."""
    said: list[str] = []
    try:
        parsed = get_format(name).parse(text, "file", how)
        said += [note.message for note in parsed.notes]
        for other in writable_names():
            rendered = get_format(other).render(parsed.bundle, WriteOptions(airflow=how.airflow))
            said += [loss.message for loss in rendered.losses] + [note.message for note in rendered.notes]
    except AirconnError as error:
        for fault in error.errors if isinstance(error, InputErrors) else (error,):
            said += [str(fault), fault.hint or ""]
    return said


@pytest.mark.parametrize("name", names())
@given(text=anything, how=options)
def test_any_text_is_read_or_refused(name: str, text: str, how: ReadOptions) -> None:
    read(name, text, how)


@pytest.mark.parametrize("name", names())
@given(data=st.data(), how=options)
def test_a_broken_file_is_read_or_refused(name: str, data: st.DataObject, how: ReadOptions) -> None:
    read(name, data.draw(broken(SEEDS[name])), how)


@given(anything, st.sampled_from(["file", "x.env", "x.yaml", "x.yml", "x.json", "airflow_settings.yaml"]))
def test_the_format_of_any_text_is_told_or_asked_for(text: str, path: str) -> None:
    hint: str | None = "--from-format"
    try:
        assert detect(path, text) in names()
    except AirconnError as error:
        hint = error.hint
    assert hint
    assert "--from-format" in hint


# A secret where a slip of the hand puts it: in the port of a URI, and in what is taken for a name.
SLIPS = {
    "env": ["AIRFLOW_CONN_A=http://u:s3cret/x@h", "AIRFLOW_CONN_A:http://u:s3cret@h/?a=b", "AIRFLOW_VAR_A:s3cret"],
    "uri": ["a=http://u:s3cret/x@h", "http://u:s3cret@h/?a=b", "a:http://u:s3cret@h=", "s3cret"],
    "json": [
        '{"connections": {"a": "http://u:s3cret/x@h", "b": {"uri": "http://[s3cret"}}}',
        '{"connections": {"a": {"conn_type": "b", "password:s3cret": null}}}',
        '{"connections": {"a": {"conn_type": "b", "extra": "s3cret"}, "b": {"conn_type": "b", "port": "s3cret"}}}',
        '{"pools": {"a": {"slots": "s3cret", "p s3cret": 1}}, "variables": ["s3cret"]}',
    ],
    "yaml": [
        "connections: {a: 'http://u:s3cret/x@h', b: {conn_type: b, password:s3cret}}",
        "connections: {a: {conn_type: b, password:s3cret, password:s3cret}}",
        "connections:\n  a:\n    conn_type: b\n    password:s3cret\n",
    ],
    "settings": [
        "airflow: {connections: [{conn_id: a, conn_uri: 'http://u:s3cret/x@h'}]}",
        "airflow: {connections: [{conn_id: a, conn_type: b, conn_password:s3cret, conn_port: s3cret}]}",
        "airflow: {connections: [s3cret], conn:s3cret: }",
        "airflow:\n  variables:\n    - variable_name: a\n      variable_value:s3cret\n",
    ],
    "k8s": [
        "{apiVersion: v1, kind: Secret, metadata: {labels: {airflow.apache.org/variable-key: 's3cret @'}}}",
        "{apiVersion: v1, kind: Secret, data: {AIRFLOW_CONN_A: s3cret}, stringData: {AIRFLOW_VAR_A:s3cret: }}",
        "{apiVersion: v1, kind: Secret, stringData: {AIRFLOW_CONN_A: 'http://u:s3cret/x@h', s3cret: [}}",
        "{apiVersion: v1, kind: Secret, data: s3cret}",
        "apiVersion: v1\nkind: Secret\nstringData:\n  AIRFLOW_VAR_A:s3cret\n",
        "- s3cret",
    ],
    "environment": [
        "AIRFLOW_CONN_A: http://u:s3cret/x@h",
        "AIRFLOW_VAR_A:s3cret: x",
        "services: {a: {environment: [AIRFLOW_CONN_A=http://u:s3cret/x@h, 'AIRFLOW_VAR_A:s3cret']}}",
        "env: [{name: AIRFLOW_CONN_A, value: s3cret}]",
        "extraEnv: |\n  - name: AIRFLOW_VAR_A\n    value: {{ s3cret }}",
        "[Service]\nEnvironment=AIRFLOW_CONN_A=http://u:s3cret/x@h",
        "airflow: {connections: [{id: a, type: b, s3cret: c, port: s3cret}]}",
        "AIRFLOW_VAR_A: [s3cret]",
    ],
    "output": [
        '[{"conn_id": "a", "conn_type": "b", "port": "s3cret", "get_uri": "b://h"}]',
        '[{"conn_id": "a", "conn_type": "b", "extra_dejson": {"k": "***"}, "get_uri": "b://h/?k=s3cret"}]',
        '[{"conn_id": "a", "conn_type": "b", "extra_dejson": "s3cret"}]',
        '[{"pool": "a", "slots": "s3cret", "include_deferred": "s3cret"}]',
        '{"connection_id": "a", "conn_type": "b", "extra": "s3cret", "port": "s3cret"}',
        '{"objectKey": "a", "objectType": "CONNECTION", "scope": "s3cret", "connection": {"password": "s3cret"}}',
        '{"ARN": "a", "Name": "airflow/connections/a", "SecretString": "s3cret"}',
        '{"ARN": "a", "Name": "airflow/connections/a", "SecretString": "{s3cret"}',
        '{"Parameter": {"Name": "/airflow/connections/a", "Type": "String", "Value": "http://u:s3cret/x@h"}}',
        '{"name": "projects/p/secrets/airflow-variables-a/versions/1", "payload": {"data": "s3cret"}}',
        '{"data": {"password": "s3cret"}, "lease_id": "", "lease_duration": 0}',
        "conn_id | conn_type | password\n========+===========+=========\na | b | s3cret\n",
        "s3cret",
        '["s3cret"]',
    ],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in names() for text in SLIPS[name]])
def test_a_secret_in_the_wrong_place_is_not_shown(name: str, text: str) -> None:
    said = read(name, text, ReadOptions())
    assert said
    assert "s3cret" not in " ".join(said)


@pytest.mark.parametrize("name", names())
@given(data=st.data(), how=options)
def test_no_message_has_a_secret_of_the_input(name: str, data: st.DataObject, how: ReadOptions) -> None:
    text = data.draw(st.sampled_from(SECRETIVE[name]))
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(text)))
        inside = any(start < place < start + len(CANARY) for start in _places(text))
        length = data.draw(st.integers(0, 3)) if not any(place <= at < place + 3 for at in _places(text)) else 0
        piece = data.draw(
            st.sampled_from(["", "", "'", '"', ":", ",", "{", "}", "[", "]", "\n", "\\", "#", "@", " ", "=", "://"])
        )
        text = text if inside else text[:place] + piece + text[place + length :]
    for message in read(name, text, how):
        assert "s3cret" not in message


def _places(text: str) -> list[int]:
    return [index for index in range(len(text)) if text.startswith(CANARY, index)]


def test_what_is_made_to_hang_or_to_fill_the_memory_does_neither() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

    done = subprocess.run(
        [sys.executable, "-m", "tests.formats.bombs"],
        capture_output=True,
        text=True,
        timeout=600,  # on a loaded machine; what counts is the time of the processor below
        preexec_fn=limit,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    slow = [line for line in done.stdout.splitlines() if float(line.split()[-1]) > 5]
    assert slow == []
    assert len(done.stdout.splitlines()) > 50
