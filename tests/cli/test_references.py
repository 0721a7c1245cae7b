"""References in a file, such as `${DB_PW}`, which no update writes over."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest


def source(tmp_path: Path, **fields: object) -> Path:
    path = tmp_path / "source" / "connections.json"
    path.parent.mkdir(exist_ok=True)
    whole = {
        "conn_type": "postgres",
        "login": "etl",
        "password": "real-secret",
        "host": "db",
        "schema": "s",
        **fields,
    }
    path.write_text(json.dumps({"db": whole, "other": {"conn_type": "http", "host": "new"}}))
    return path


ENV = {
    "${}": 'AIRFLOW_CONN_DB=postgres://etl:${DB_PW}@old/s\nAIRFLOW_CONN_OTHER="http://old"\n',
    "in double quotes": 'AIRFLOW_CONN_OTHER="http://old"\n# mine\nAIRFLOW_CONN_DB="postgres://etl:$DB_PW@old/s"\n',
    "default": 'AIRFLOW_CONN_DB=postgres://etl:${DB_PW:-x}@old/s\nAIRFLOW_CONN_OTHER="http://old"\n',
    "command": 'AIRFLOW_CONN_DB="postgres://etl:$(pass db)@old/s"\nAIRFLOW_CONN_OTHER="http://old"\n',
    "backtick": 'AIRFLOW_CONN_DB="postgres://etl:`pass db`@old/s"\nAIRFLOW_CONN_OTHER="http://old"\n',
    "template": "AIRFLOW_CONN_DB='postgres://etl:{{ db.pw }}@old/s'\nAIRFLOW_CONN_OTHER=\"http://old\"\n",
}


@pytest.mark.parametrize("text", ENV.values(), ids=ENV)
@pytest.mark.parametrize("password", ["real-secret", "***"])
def test_a_reference_of_a_env_stays_and_the_other_objects_are_written(
    airconn, tmp_path: Path, text: str, password: str
) -> None:
    file = tmp_path / ".env"
    file.write_text(text)
    result = airconn("convert", source(tmp_path, password=password), "-o", file)
    assert (result.code, file.read_text()) == (4, text.replace('"http://old"', '"http://new/"'))
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "CONN_DB" in line)
    assert f"connections/db (line {line})\n" in result.err
    assert "--replace-references" in result.err
    assert "nothing was written" not in result.err
    assert "real-secret" not in result.out + result.err
    done = airconn("convert", source(tmp_path), "-o", file, "--replace-references")
    assert (done.code, "postgres://etl:real-secret@db/s" in file.read_text()) == (0, True)


@pytest.mark.parametrize("where", ["file", "environment"])
@pytest.mark.parametrize("password", ["real-secret", "***"])
@pytest.mark.parametrize(
    "value",
    ["postgres://etl:${DB_PW}@${DB_HOST}/s", '"postgres://etl:$DB_PW@${DB_HOST-x}/s"', "postgres://etl:${A}@db/s"],
)
def test_a_reference_whose_expansion_is_the_new_value_is_no_difference(
    airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, password: str, where: str
) -> None:
    values = {"DB_PW": "real-secret", "DB_HOST": "db", "A": "${DB_PW}"}
    if where == "file":
        text = "".join(f"{name}={value}\n" for name, value in values.items())
    else:
        text = "A=${DB_PW}\n"
        for name, other in values.items():
            if name != "A":
                monkeypatch.setenv(name, other)
    text += f"AIRFLOW_CONN_DB={value}\n"
    (tmp_path / ".env").write_text(text)
    result = airconn("convert", source(tmp_path, password=password), "-o", tmp_path / ".env", "--include", "db")
    assert (result.code, (tmp_path / ".env").read_text()) == (0, text), result.err


@pytest.mark.parametrize("value", ["'pa${X}$Y`'", "pa\\$word"])
def test_a_dollar_that_is_quoted_or_escaped_is_none(airconn, tmp_path: Path, value: str) -> None:
    (tmp_path / ".env").write_text(f"AIRFLOW_VAR_X={value}\n")
    (tmp_path / "variables.json").write_text('{"x": "new"}')
    assert airconn("convert", tmp_path / "variables.json", "-o", tmp_path / ".env").code == 0
    assert "new" in (tmp_path / ".env").read_text()


def test_a_variable_with_loops_of_references_is_left_alone(airconn, tmp_path: Path) -> None:
    text = "A=${B}${B}\nB=${A}${A}\nAIRFLOW_VAR_X=${A}\n"
    (tmp_path / ".env").write_text(text)
    (tmp_path / "variables.json").write_text('{"x": "new"}')
    result = airconn("convert", tmp_path / "variables.json", "-o", tmp_path / ".env")
    assert (result.code, (tmp_path / ".env").read_text()) == (4, text)


FILES = {
    "settings": (
        "airflow_settings.yaml",
        (
            "airflow:\n  connections:\n    - conn_id: db\n      conn_type: postgres\n      conn_login: etl\n"
            "      conn_password: HERE\n      conn_host: old\n      conn_schema: s\n"
        ),
    ),
    "settings with a URI": (
        "airflow_settings.yaml",
        'airflow:\n  connections:\n    - conn_id: db\n      conn_uri: "postgres://etl:HERE@old/s"\n',
    ),
    "yaml": (
        "connections.yaml",
        "db: {conn_type: postgres, login: etl, password: 'HERE', host: old, schema: s}\n",
    ),
    "json": (
        "connections.json",
        '{"db": {"conn_type": "postgres", "login": "etl", "password": "HERE", "host": "old", "schema": "s"}}',
    ),
    "uri": ("x.uri", "db=postgres://etl:HERE@old/s\n"),
    "k8s": (
        "x.k8s.yaml",
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: airflow}\nstringData:\n"
            '  AIRFLOW_CONN_DB: "postgres://etl:HERE@old/s"\n'
        ),
    ),
}


@pytest.mark.parametrize("reference", ["${DB_PW}", "{{ db_pw }}", "$(DB_PW)"])
@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=FILES)
def test_the_same_for_every_format(airconn, tmp_path: Path, name: str, text: str, reference: str) -> None:
    file = tmp_path / name
    file.write_text(text.replace("HERE", f"'{reference}'" if "conn_password: HERE" in text else reference))
    before = file.read_text()
    result = airconn("convert", source(tmp_path), "-o", file, "--include", "db")
    assert result.code == 4, result.err
    if name in ("connections.json", "connections.yaml", "x.uri"):  # which are written afresh
        assert reference in file.read_text() or "%7B" in file.read_text() or "%28" in file.read_text()
        assert "old" in file.read_text()
    else:
        assert file.read_text() == before
    assert "connections/db" in result.err
    assert "real-secret" not in file.read_text()
    assert airconn("convert", source(tmp_path), "-o", file, "--include", "db", "--replace-references").code == 0
    assert "real-secret" in file.read_text()


def test_a_template_that_the_new_value_has_too_is_no_reason_to_keep_the_old_one(airconn, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"variables": {"sql": "select {{ ds }}"}}')
    (tmp_path / "variables.json").write_text('{"sql": "select {{ ds }}, 2"}')
    for name in ("old.json", ".env"):
        if name == ".env":
            (tmp_path / name).write_text('AIRFLOW_VAR_SQL="select {{ ds }}"\n')
        assert airconn("convert", tmp_path / "variables.json", "-o", tmp_path / name).code == 0
        assert "select {{ ds }}, 2" in (tmp_path / name).read_text()


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_an_import_into_a_file_is_blocked(airconn, tmp_path: Path, options: list[str]) -> None:
    text = "AIRFLOW_CONN_DB=postgres://etl:${DB_PW}@old/s\n"
    (tmp_path / ".env").write_text(text)
    result = airconn("import", source(tmp_path), "--to", tmp_path / ".env", *options)
    assert (result.code, (tmp_path / ".env").read_text()) == (4, text)
    assert "connections/db (line 1)" in result.err
    assert result.err.endswith("nothing was written\n")


def test_a_value_in_base64_is_no_template(airconn, tmp_path: Path) -> None:
    value = base64.b64encode(b"postgres://etl:%24%7BX%7D@old/s").decode()
    file = tmp_path / "x.k8s.yaml"
    file.write_text(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: airflow}}\ndata:\n  AIRFLOW_CONN_DB: {value}\n")
    assert airconn("convert", source(tmp_path), "-o", file, "--include", "db").code == 0


def test_what_python_dotenv_takes_for_a_text_is_none_in_a_file_for_it(airconn, tmp_path: Path) -> None:
    file, new = tmp_path / ".env", tmp_path / "variables.json"
    file.write_text("# airconn: env-dialect python-dotenv\nAIRFLOW_VAR_A=P$ecret`\nAIRFLOW_VAR_B=x${Y}\n")
    new.write_text('{"a": "new", "b": "new"}')
    result = airconn("convert", new, "-o", file)
    assert (result.code, "variables/b (line 3)\n" in result.err, "variables/a" in result.err) == (4, True, False)
    assert file.read_text().splitlines()[1:] == ["AIRFLOW_VAR_A=new", "AIRFLOW_VAR_B=x${Y}"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('AIRFLOW_VAR_J={"a":"${T}"}', 0),
        ('AIRFLOW_VAR_J={"a":"${T}","b":1}', 4),
        ('AIRFLOW_VAR_J={"a":"x${T}"}', 4),
    ],
)
def test_how_json_is_written_is_no_difference_to_what_a_reference_stands_for(
    airconn, tmp_path: Path, line: str, code: int
) -> None:
    file, new = tmp_path / ".env", tmp_path / "variables.json"
    text = f"T=hunter\n{line}\n"
    file.write_text(text)
    new.write_text('{"j": {"a": "hunter"}}')
    result = airconn("convert", new, "-o", file)
    assert (result.code, file.read_text()) == (code, text)
