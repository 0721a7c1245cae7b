"""Changing a .env file in place."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import BlockedError, InputError
from airconn.formats import get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.dotenv import update as env_update
from airconn.model import REDACTED, AirflowObject, Bundle, Connection, Kind, Text, Variable
from tests.formats.options import writing

TEXT = """\
# the project
OTHER='left alone'   # and so is this

export AIRFLOW_CONN_WAREHOUSE="postgres://u:old@h/db"  # production
AIRFLOW_CONN_API='{"conn_type": "http", "password": "old"}'
# airconn: key "Report.To"
AIRFLOW_VAR_REPORT.TO=a@example.com
AIRFLOW_VAR_X=1
AIRFLOW_VAR_X=2

# the end"""


def read(text: str) -> Bundle:
    return get_format("env").parse(text, "", ReadOptions()).bundle


def changed(
    text: str,
    *objects: AirflowObject,
    gone: tuple[tuple[Kind, str], ...] = (),
    options: WriteOptions = WriteOptions(),  # noqa: B008 - it is frozen
) -> str:
    changes: dict[tuple[Kind, str], AirflowObject | None] = {(obj.kind, obj.id): obj for obj in objects}
    return env_update.update(text, {**changes, **dict.fromkeys(gone)}, options, lambda a, b: a == b).text


def lines_of_difference(before: str, after: str) -> list[str]:
    return [line for line in after.split("\n") if line not in before.split("\n")]


def test_one_password_is_one_line_with_its_quotes_its_comment_and_its_way_of_writing() -> None:
    wanted = Connection(conn_id="warehouse", conn_type="postgres", host="h", schema="db", login="u", password="n'ew")
    after = changed(TEXT, wanted)
    assert lines_of_difference(TEXT, after) == [
        'export AIRFLOW_CONN_WAREHOUSE="postgres://u:n%27ew@h/db"  # production'
    ]
    assert read(after).connections["warehouse"] == wanted
    assert len(after.split("\n")) == len(TEXT.split("\n"))


def test_what_is_the_same_changes_nothing() -> None:
    assert changed(TEXT, *read(TEXT)) == TEXT


def test_a_connection_that_a_uri_can_not_hold_becomes_json() -> None:
    wanted = Connection(conn_id="warehouse", conn_type="postgres", host="h", description="new")
    assert read(changed(TEXT, wanted)).connections["warehouse"] == wanted


def test_a_new_object_comes_at_the_end_and_a_known_one_is_never_doubled() -> None:
    after = changed(
        TEXT, Variable(key="new", value=Text("v")), Variable(key="Report.To", value=Text("b@example.com"))
    )
    assert after.endswith("# the end\nAIRFLOW_VAR_NEW=v\n")
    assert after.count("AIRFLOW_VAR_REPORT.TO=") == 1
    assert read(after).variables["Report.To"].value == Text("b@example.com")


AGAIN = """\
AIRFLOW_CONN_A=http://u:old@h
# mine
# airconn: conn_id "A"
export AIRFLOW_CONN_A=http://u:older@h  # shadowed
AIRFLOW_CONN_B=http://h
airflow_conn_a=not ours
AIRFLOW_CONN_A='http://u:p@h'  # counts
AIRFLOW_CONN_a=http://u:oldest@h"""


def test_of_lines_of_one_name_the_one_that_counts_is_changed_and_no_old_password_is_left() -> None:
    wanted = Connection(conn_id="a", conn_type="http", host="h", login="u", password="new")
    updated = env_update.update(AGAIN, {(Kind.CONNECTIONS, "a"): wanted}, WriteOptions(), lambda a, b: a == b)
    assert updated.text == (
        "# mine\nAIRFLOW_CONN_B=http://h\nairflow_conn_a=not ours\nAIRFLOW_CONN_A='http://u:new@h/'  # counts\n"
        "AIRFLOW_CONN_a=http://u:oldest@h"
    )
    assert [(note.where, note.message) for note in updated.notes] == [
        ("connections/a", "lines 1, 4 are removed: the name is set several times, and one line is kept")
    ]
    assert changed(AGAIN, read(AGAIN).connections["a"]) == AGAIN


def test_a_name_that_airflow_never_finds_stays_beside_the_one_that_it_does() -> None:
    """It may be another program's."""
    text = "AIRFLOW_VAR_x=1\nA=1\n"
    assert changed(text, Variable(key="x", value=Text("2"))) == f"{text}AIRFLOW_VAR_X=2\n"
    refused = Variable(key="x", value=Text("it's `this`"))
    assert changed(text, refused) == text


def test_a_deletion_takes_every_line_of_a_name() -> None:
    gone = ((Kind.CONNECTIONS, "a"),)
    assert changed(AGAIN, gone=gone) == "# mine\nAIRFLOW_CONN_B=http://h\nairflow_conn_a=not ours\n"
    assert changed("AIRFLOW_CONN_a=http://h\n", gone=gone) == ""


def test_an_object_is_taken_out_with_the_comment_that_is_its_own() -> None:
    after = changed(TEXT, gone=((Kind.VARIABLES, "Report.To"),))
    assert "REPORT" not in after
    assert 'key "Report.To"' not in after
    assert "# the project" in after


def test_the_comment_on_what_is_hidden_comes_and_goes() -> None:
    hidden = Connection(conn_id="api", conn_type="http", password=REDACTED)
    with_mask = changed(TEXT, hidden)
    assert "# airconn: hidden by the source: password\nAIRFLOW_CONN_API=" in with_mask
    shown = changed(with_mask, Connection(conn_id="api", conn_type="http", password="old"))
    assert shown == TEXT


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_stay(end: str) -> None:
    text = "\ufeff" + TEXT.replace("\n", end)
    after = changed(text, Variable(key="x", value=Text("3")))
    assert after == text.replace(f"AIRFLOW_VAR_X=1{end}AIRFLOW_VAR_X=2", "AIRFLOW_VAR_X=3")


MIXED = {
    "portable": "\ufeff# 1\r\n# 2\n#\rAIRFLOW_VAR_X='a\r\nb\nc\rd'  # 4\r\nA=5\r#\nAIRFLOW_VAR_Y=\"1\" \r\n\r\n# end",
    "python-dotenv": "\r\n\nAIRFLOW_VAR_X='a'\r\rAIRFLOW_VAR_Y='b\r\nc'\r\n",
    "compose": "\ufeff# 1\r\n# 2\rsame\nAIRFLOW_VAR_X='a\r\nb'  # 3\r\nA=5\n\nAIRFLOW_VAR_Y=\"1\" \r\n# \r \r\n",
    "docker": "\ufeff# 1\r\n# 2\rsame\nAIRFLOW_VAR_X='a\rb'\r\nA=5\n\n  AIRFLOW_VAR_Y=1 \r\n# \r \r\n",
    "astro-env": '# 1\r\n# 2\n\nAIRFLOW_VAR_X="a b"\r\nA=5\n\nAIRFLOW_VAR_Y="1"\n# \r\n',
    "sh": "# 1\r\n# 2\rsame\nAIRFLOW_VAR_X='a\r\nb'  # 3\r\nA=5\n\nAIRFLOW_VAR_Y=\"1\"\n# \r \r\n",
}
RAW = re.compile(r"(?<=_[XY]=)('[^']*'|\"[^\"]*\"|1 )")


@pytest.mark.parametrize("name", MIXED)
def test_every_byte_of_what_is_not_changed_stays(name: str) -> None:
    bom = "\ufeff" if MIXED[name].startswith("\ufeff") else ""
    text = f"{bom}# airconn: env-dialect {name}\r\n{MIXED[name].removeprefix(bom)}"
    for number, key in enumerate("xy"):
        after = changed(text, Variable(key=key, value=Text("new")))
        raw = list(RAW.finditer(text))[number]
        assert after in (f"{text[: raw.start()]}{quote}new{quote}{text[raw.end() :]}" for quote in ("", "'", '"'))
        gone = changed(text, gone=((Kind.VARIABLES, key),))
        start = raw.start() - len("AIRFLOW_VAR_X=")
        end = re.compile(r"[^\r\n]*(\r\n?|\n)").match(text, raw.end())
        assert end
        assert gone == text[:start].rstrip(" ") + text[end.end() :] or gone == text[:start] + text[end.end() :]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("A=1\r\nB=2\r\nC=3\n", "\r\n"),
        ("A=1\r\nB=2\n", "\r\n"),
        ("A=1\nB=2\r\n", "\n"),
        ("A=1\r\nB=2", "\r\n"),
        ("A=1\rB=2\r", "\r"),
        ("\ufeff", "\n"),
        ("\ufeffA=1", "\n"),
    ],
)
def test_new_lines_end_as_most_of_the_file(text: str, end: str) -> None:
    after = changed(text, Variable(key="new", value=Text("v")))
    between = end if text[-1] in "12" else ""
    assert after == f"{text}{between}AIRFLOW_VAR_NEW=v{end}"
    marked = changed(text, Variable(key="new", value=Text("v")), options=writing(env_dialect="python-dotenv"))
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    assert marked == f"{bom}# airconn: env-dialect python-dotenv{end}{after.removeprefix(bom)}"


@pytest.mark.parametrize("name", ["portable", "python-dotenv", "compose"])
def test_line_breaks_of_a_value_are_escapes_among_other_line_ends(name: str) -> None:
    text = f"# airconn: env-dialect {name}\r\nAIRFLOW_VAR_A='old'\r\nAIRFLOW_VAR_B='x\r\ny'\r\n"
    for key in ("a", "new"):
        value = Text("one\n'two'\r\n\"\\three")
        after = changed(text, Variable(key=key, value=value))
        assert read(after).variables[key].value == value
        assert "\\n" in after
        assert "\n" not in after.replace("\r\n", "")
    assert 'AIRFLOW_VAR_A="x\\ny"\r\n' in changed(text, Variable(key="a", value=Text("x\ny")))


def test_line_breaks_that_have_no_safe_escape_are_a_loss() -> None:
    text = "AIRFLOW_VAR_A='old'\r\n"
    changes = {(Kind.VARIABLES, key): Variable(key=key, value=Text("$(id)\nx")) for key in ("a", "new")}
    updated = env_update.update(text, changes, WriteOptions(), lambda a, b: a == b)
    assert updated.text == text
    assert {(loss.id, loss.field) for loss in updated.losses} == {("a", ""), ("new", "")}
    assert all("line break" in loss.message for loss in updated.losses)


@pytest.mark.parametrize(
    "mark",
    ["#airconn:env-dialect sh\n", "# airconn: env-dialect sh\r\n", "#\tairconn:  env-dialect\tsh  \n"],
)
def test_a_mark_that_is_there_in_another_form_is_enough(mark: str) -> None:
    mark = mark.replace("airconn:env", "airconn: env")
    after = changed(f"{mark}AIRFLOW_VAR_A=1\n", Variable(key="a", value=Text("it's")))
    assert after == f"{mark}AIRFLOW_VAR_A='it'\\''s'\n"


def test_the_mark_stays_when_the_object_below_it_goes() -> None:
    text = '# airconn: env-dialect sh\n# airconn: key "Ab"\nAIRFLOW_VAR_AB=1\n'
    assert changed(text, gone=((Kind.VARIABLES, "Ab"),)) == "# airconn: env-dialect sh\n"


def test_a_change_of_nothing_adds_no_mark() -> None:
    options = writing(env_dialect="python-dotenv")
    assert changed(TEXT, *read(TEXT), options=options) == TEXT


def test_an_indented_line_is_not_made_too_long_for_docker() -> None:
    text = "# airconn: env-dialect docker\n      AIRFLOW_VAR_A=x\n"
    with pytest.raises(BlockedError):
        changed(text, Variable(key="a", value=Text("x" * (65_530 - len("AIRFLOW_VAR_A=")))))


def test_the_end_of_a_line_counts_for_docker() -> None:
    text, most = "# airconn: env-dialect docker\r\nAIRFLOW_VAR_A=x\r\n", 65_534 - len("AIRFLOW_VAR_A=")
    assert read(changed(text, Variable(key="a", value=Text("x" * most))))
    changes = {(Kind.VARIABLES, "a"): Variable(key="a", value=Text("x" * (most + 1)))}
    updated = env_update.update(text, changes, WriteOptions(), lambda a, b: a == b)
    assert [loss.field for loss in updated.losses] == [""]
    assert updated.text == text


def test_the_time_of_many_changes_grows_with_their_number() -> None:
    text = "".join(f"AIRFLOW_VAR_V{number}={'x' * 5_000}\n" for number in range(5_000))
    new = "y" * 5_000
    start = time.process_time()
    after = changed(text, *(Variable(key=f"v{number}", value=Text(new)) for number in range(5_000)))
    assert after == text.replace("x", "y")
    assert time.process_time() - start < 20


def test_an_id_that_falls_on_the_name_of_another_is_refused() -> None:
    with pytest.raises(InputError, match="both AIRFLOW_CONN_WAREHOUSE"):
        changed(TEXT, Connection(conn_id="Warehouse", conn_type="http"))


@given(values=st.dictionaries(st.sampled_from(["x", "Report.To", "a", "b"]), st.text(max_size=30), min_size=1))
def test_whatever_the_values_all_other_lines_stay_and_the_values_are_read_back(values: dict[str, str]) -> None:
    objects = []
    for key, value in values.items():
        text = Text.of(value)
        if isinstance(text, Text) and value.isprintable() and not set(value) & set("`$"):
            objects.append(Variable(key=key, value=text))
    after = changed(TEXT, *objects)
    found = read(after)
    for obj in objects:
        assert found.variables[obj.key] == obj
    assert foreign(after) == foreign(TEXT)


def foreign(text: str) -> list[str]:
    return [line for line in text.rstrip().split("\n") if "AIRFLOW_VAR" not in line and "airconn" not in line]
