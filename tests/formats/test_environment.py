"""Environment variables in the files of other tools: what is read, what is told, and what stays as it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airconn.formats import detect, get_format
from airconn.formats.base import ReadOptions
from airconn.formats.environment import values
from airconn.model import Bundle, Text, Variable

CASES = Path(__file__).parent / "cases" / "environment"
FILES = sorted(path for path in CASES.iterdir() if not path.name.endswith(".expected.json"))
VALUES = {"zone": "eu-west-1", "level": "in fo", "limits": '{"a": 1}', "empty": "", "url": "http://h/?a=b&c=d#e"}


def read(text: str, name: str = "x.yaml") -> Bundle:
    assert detect(name, text) == "environment"
    return get_format("environment").parse(text, name, ReadOptions()).bundle


def variables(bundle: Bundle) -> dict[str, str]:
    return {key: obj.value.text for key, obj in bundle.variables.items() if isinstance(obj.value, Text)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_case_is_found_by_its_content_alone(path: Path) -> None:
    text = path.read_text()
    names = (path.name, f"dev{path.suffix}", "<stdin>")
    assert {detect(name, text) for name in names if not name.endswith(".service")} == {"environment"}


# How tools hold variables, each as a function of the variables. All of these hold the same ones.
def _mapping(env: dict[str, str]) -> Any:
    return dict(env)


def _texts(env: dict[str, str]) -> Any:
    return [f"{name}={value}" for name, value in env.items()]


def _pairs(env: dict[str, str]) -> Any:
    return [{"name": name, "value": value} for name, value in env.items()]


def _manifest(kind: str, **body: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, **body}


def _encoded(env: dict[str, str]) -> dict[str, str]:
    return {name: base64.b64encode(value.encode()).decode() for name, value in env.items()}


SHAPES = {
    "mapping": _mapping,
    "texts": _texts,
    "pairs": _pairs,
    "compose": lambda env: {"services": {"a": {"image": "x", "environment": env}, "b": {"build": "."}}},
    "compose list": lambda env: {"services": {"a": {"image": "x", "environment": _texts(env)}}},
    "config map": lambda env: _manifest("ConfigMap", data=dict(env)),
    "binary data": lambda env: _manifest("ConfigMap", binaryData=_encoded(env)),
    "secret beside": lambda env: _manifest(
        "List", items=[_manifest("ConfigMap", data={"AIRFLOW_VAR_Y": "1"}), _manifest("Secret", data=_encoded(env))]
    ),
    "pod": lambda env: _manifest("Pod", spec={"containers": [{"name": "a", "env": _pairs(env)}]}),
    "ECS": lambda env: {"family": "x", "containerDefinitions": [{"environment": _pairs(env)}]},
    "Terraform": lambda env: {"resource": {"x": {"a": {"task": json.dumps([{"environment": _pairs(env)}])}}}},
    "Composer": lambda env: {"name": "x", "config": {"softwareConfig": {"envVariables": dict(env)}}},
    "inspect": lambda env: [{"Id": "x", "Config": {"Env": _texts(env)}}],
    "chart": lambda env: {"airflowHome": "x", "executor": "y", "workers": {"env": _pairs(env)}},
    "chart, few values": lambda env: {"executor": "y", "env": _pairs(env)},
    "chart, one component": lambda env: {"executor": "y", "workers": {"env": _pairs(env)}},
    "container": lambda env: {"image": "x", "env": _pairs(env)},
    "Flux": lambda env: {
        **_manifest("HelmRelease", spec={"values": {"env": _pairs(env)}}),
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
    },
    "Argo": lambda env: {
        **_manifest("Application", spec={"source": {"helm": {"values": yaml.safe_dump({"env": _pairs(env)})}}}),
        "apiVersion": "argoproj.io/v1alpha1",
    },
    "App Engine": lambda env: {"runtime": "python312", "env_variables": dict(env)},
    "dev container": lambda env: {"name": "x", "image": "y", "containerEnv": dict(env)},
    "Azure Pipelines": lambda env: {"trigger": "none", "variables": _pairs(env), "steps": []},
    "several documents": lambda env: _manifest(
        "List",
        items=[_manifest("ConfigMap", data={name: value}) for name, value in env.items()],
    ),
    "chart, text": lambda env: {"extraEnv": yaml.safe_dump(_pairs(env)), "executor": "y"},
    "chart, Secret": lambda env: {"extraSecrets": {"x": {"data": yaml.safe_dump(_encoded(env))}}},
    "chart, ConfigMap": lambda env: {"extraConfigMaps": {"x": {"data": yaml.safe_dump(dict(env))}}},
    "community chart": lambda env: {"airflow": {"config": dict(env), "extraEnv": []}, "workers": {}},
    "workflow": lambda env: {"on": "push", "jobs": {"a": {"steps": [{"run": "x", "env": dict(env)}]}}},
    "pipeline": lambda env: {"stages": ["a"], "a": {"script": [], "variables": {k: {"value": env[k]} for k in env}}},
    "kustomization": lambda env: {"configMapGenerator": [{"name": "x", "literals": _texts(env)}]},
}


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "yaml"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_variables(shape: str, as_json: bool) -> None:
    document = SHAPES[shape]({f"AIRFLOW_VAR_{name.upper()}": value for name, value in VALUES.items()})
    text = json.dumps(document, indent=1) if as_json else yaml.safe_dump(document)
    found = variables(read(text, "x.json" if as_json else "x.yaml"))
    found.pop("y", None)
    assert found == VALUES


names = st.from_regex(r"[A-Z][A-Z0-9_]{0,6}", fullmatch=True)
plain = st.text(
    st.characters(codec="utf-8", exclude_characters="$\0", exclude_categories=("Cc", "Cs", "Cn")), max_size=12
).filter(lambda text: "{{" not in text)


@given(
    env=st.dictionaries(names, plain, min_size=1, max_size=4),
    layers=st.lists(st.sampled_from(["key", "list", "both"]), max_size=6),
    holder=st.sampled_from([_mapping, _texts, _pairs]),
    as_json=st.booleans(),
)
def test_variables_are_found_at_any_depth(env: dict[str, str], layers: list[str], holder: Any, as_json: bool) -> None:
    document: Any = {"environment": holder({f"AIRFLOW_VAR_{name}": value for name, value in env.items()})}
    for layer in layers:
        document = {"key": {"inner": document}, "list": [document], "both": {"items": ["x", document], "n": 1}}[layer]
    text = json.dumps(document) if as_json else yaml.safe_dump(document, allow_unicode=True)
    assert variables(read(text)) == {name.lower(): value for name, value in env.items()}


@given(st.text(st.sampled_from("$(A)B{}x "), max_size=12))
def test_dollars_are_read_as_kubernetes_reads_them(text: str) -> None:
    """The rule of the documentation: `$$` is a `$`, `$(A)` the variable, and all else is itself."""
    found = values.of_kubernetes(text, {"A": values.HeldValue("1")})
    if found.expanded_by:
        assert "$(" in text
        return
    expected, at = "", 0
    while at < len(text):
        if text.startswith("$$", at):
            expected, at = f"{expected}$", at + 2
        elif text.startswith("$(A)", at):
            expected, at = f"{expected}1", at + 4
        else:
            expected, at = expected + text[at], at + 1
    assert found.text in (expected, None)


# What a user sees.
COMPOSE = "services:\n  web:\n    image: x\n    environment:\n      AIRFLOW_VAR_ZONE: eu\n"
BOTH = "secret_and_configmap.yaml"


@pytest.mark.parametrize("name", [BOTH, "compose.yaml", "community_chart.yaml", "docker_inspect.json"])
@pytest.mark.parametrize(
    "args",
    [
        ("import", "new.env", "--to", "{}"),
        ("convert", "new.env", "-o", "{}"),
        ("delete", "zone", "--from", "{}", "-y"),
    ],
    ids=lambda args: args[0],
)
def test_no_file_of_another_tool_is_changed(
    airconn, tmp_path: Path, monkeypatch, name: str, args: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (CASES / name).read_bytes()
    (tmp_path / name).write_bytes(before)
    (tmp_path / "new.env").write_text("AIRFLOW_VAR_ZONE=us\n")
    result = airconn(*(arg.format(name) for arg in args))
    assert result.code == 4
    assert f"{name}: files of the environment format can only be read, not changed" in result.err
    assert "nothing was written" in result.err
    assert (tmp_path / name).read_bytes() == before


def test_a_manifest_of_secrets_alone_is_still_changed_in_place(airconn, tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text((CASES / BOTH).read_text().split("---")[0])
    (tmp_path / "new.env").write_text("AIRFLOW_CONN_SALES=postgres://etl:new@db.example.com/sales\n")
    assert airconn("import", tmp_path / "new.env", "--to", path).code == 0
    assert "etl:new@" in path.read_text()
    assert "kind: Secret" in path.read_text()


def test_a_new_file_beside_takes_what_another_tool_holds(airconn, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    result = airconn("import", tmp_path / "compose.yaml", "--to", tmp_path / "new.yaml")
    assert result.code == 0, result.err
    assert yaml.safe_load((tmp_path / "new.yaml").read_text())["variables"] == {"zone": "eu"}


def test_replace_writes_the_file_afresh(airconn, tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(COMPOSE)
    (tmp_path / "new.env").write_text("AIRFLOW_VAR_ZONE=us\n")
    assert airconn("convert", tmp_path / "new.env", "-o", tmp_path / "all.yaml", "--replace").code == 0
    assert yaml.safe_load((tmp_path / "all.yaml").read_text())["variables"] == {"zone": "us"}


def test_standard_input_is_told_by_its_content(airconn) -> None:
    text = (CASES / "kubectl_get.yaml").read_text()
    result = airconn("convert", "-", "--format", "json", stdin=text)
    assert result.code == 0, result.err
    assert list(json.loads(result.out)["connections"]) == ["sales"]


def test_a_reference_of_compose_blocks_an_import_and_a_conversion_says_it(airconn, tmp_path: Path) -> None:
    path = CASES / "compose_references.yaml"
    result = airconn("import", path, "--to", tmp_path / "x.json")
    assert result.code == 4
    assert "Docker Compose expands a reference in it" in result.out
    assert not (tmp_path / "x.json").exists()
    result = airconn("convert", path, "--format", "json")
    assert result.code == 0
    assert "Docker Compose expands a reference in it: connections/sales (line 5) and variables/home" in result.err


def test_two_values_of_a_connection_block_an_import_unless_it_is_left_out(airconn, tmp_path: Path) -> None:
    path, target = CASES / "compose_differs.yaml", tmp_path / "x.json"
    result = airconn("import", path, "--to", target)
    assert result.code == 4
    assert "has several values in one file" in result.out
    assert "services.worker.environment" in result.err
    assert "services.web.environment (line 4)" in result.err
    assert not target.exists()
    result = airconn("import", path, "--to", target, "--exclude", "sales")
    assert result.code == 0
    assert "AIRFLOW_VAR_LEVEL has another value in services.scheduler.environment and 1 more" in result.err
    assert json.loads(target.read_text())["variables"]["level"] == "info"


def test_what_is_hidden_blocks_and_is_filled_in_from_elsewhere(airconn, tmp_path: Path) -> None:
    path, target = CASES / "sealed_secret.yaml", tmp_path / "x.json"
    result = airconn("import", path, "--to", target)
    assert result.code == 4
    assert "AIRFLOW_CONN_SALES is encrypted (SealedSecret)" in result.err
    (tmp_path / ".env").write_text("AIRFLOW_VAR_TOKEN=t0k\n")
    assert airconn("import", path, "--to", target, "--fill", tmp_path / ".env").code == 0
    assert json.loads(target.read_text())["variables"] == {"token": "t0k", "zone": "eu-west-1"}


def test_a_file_of_variables_that_mentions_such_names_stays_one(tmp_path: Path) -> None:
    pod = {"env": [{"name": "AIRFLOW_VAR_X", "value": "1"}]}
    for document in (
        {"zone": "eu", "pod": pod},
        {"zone": "eu", "pod": _manifest("Pod", spec={"containers": [pod]})},
        {"zone": "eu", "pod": yaml.safe_dump(pod)},
        {"zone": "eu", "command": "export AIRFLOW_VAR_X=1; airflow"},
        {"zone": "eu", "texts": ["AIRFLOW_VAR_X=1"]},
    ):
        assert detect("variables.json", json.dumps(document)) == "json"
        assert detect("variables.yaml", yaml.safe_dump(document)) == "yaml"
    sections = {"connections": {}, "variables": {"AIRFLOW_VAR_ZONE": "x", "pod": pod}}
    assert detect("all.json", json.dumps(sections)) == "json"


def test_a_kind_that_the_user_says_is_that_of_the_file(airconn, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"AIRFLOW_VAR_ZONE": "x"}')
    result = airconn("convert", tmp_path / "x.json", "--kind", "variables", "--variables", "--format", "json")
    assert (result.code, json.loads(result.out)) == (0, {"AIRFLOW_VAR_ZONE": "x"})


def test_a_name_that_may_hold_a_value_is_not_shown(airconn, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("environment:\n  'AIRFLOW_CONN_A:http://u:s3cret@h': x\n  AIRFLOW_VAR_B: y\n")
    result = airconn("convert", tmp_path / "x.yaml", "--format", "json")
    assert result.code == 3
    assert "x.yaml:2:3: an environment variable can't have this name" in result.err
    assert "s3cret" not in result.err


def test_variables_of_units_are_those_of_systemd() -> None:
    text = (
        "[Service]\nEnvironment=AIRFLOW_VAR_A=1\nEnvironment=\n"
        "Environment=\"AIRFLOW_VAR_B=x y\" AIRFLOW_VAR_C=a'b c'd \\\n# between\n 'AIRFLOW_VAR_D=\\u00e4\\s\\\\'\n"
        "Environment=AIRFLOW_VAR_B=last\nEnvironment=AIRFLOW_VAR_E=\\q\n"
    )
    reading = get_format(detect("x.service", text)).read(text, "x.service", ReadOptions())
    assert variables(reading.bundle) == {"b": "last", "c": "ab cd", "d": "ä \\"}
    assert [note.message for note in reading.notes] == [
        "AIRFLOW_VAR_E has an escape that systemd refuses: left out",
    ]


def test_a_large_file_without_such_names_is_not_parsed_for_them(monkeypatch) -> None:
    from airconn.formats import shared_tree

    monkeypatch.setattr(shared_tree, "_parsed", lambda text, source: pytest.fail("parsed"))
    text = json.dumps({"connections": {f"c{i}": {"conn_type": "http", "extra": {"key": "v"}} for i in range(100)}})
    assert not get_format("environment").fits("x.json", text)


def test_what_is_said_of_uris_is_said_here_too(airconn, tmp_path: Path) -> None:
    (tmp_path / "x.env").write_text("AIRFLOW_CONN_A=http://u:p@h/s#e\n")
    (tmp_path / "x.yaml").write_text("environment:\n  AIRFLOW_CONN_A: http://u:p@h/s#e\n")
    (tmp_path / "y.yaml").write_text(
        "services: {a: {image: b, environment: {AIRFLOW_CONN_A: 'http://u:$P@h/s#e'}}}\n"
    )
    codes = [
        {word for word in airconn("check", tmp_path / name).out.split() if word.startswith("AC2")}
        for name in ("x.env", "x.yaml", "y.yaml")
    ]
    assert codes[0]
    assert codes[0] == codes[1] == codes[2]


def test_a_file_of_which_nothing_can_be_read_names_what_it_holds(airconn, tmp_path: Path) -> None:
    pod = {"env": [{"name": "AIRFLOW_CONN_X", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(_manifest("Pod", spec={"containers": [pod]})))
    for args in (("import", "--to", tmp_path / "x.json"), ("convert", "--format", "json")):
        result = airconn(args[0], tmp_path / "pod.yaml", *args[1:])
        assert (result.code, result.out) == (3, "")
        assert "AIRFLOW_CONN_X is taken from elsewhere (valueFrom), so this file doesn't have its value" in result.err
        assert "the sources hold nothing else" in result.err


def test_settings_of_astro_stay_settings_unless_they_are_the_values_of_a_chart(airconn, tmp_path: Path) -> None:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text("airflow:\n  variables:\n    - {key: a, value: b}\n")
    assert detect(str(path), path.read_text()) == "settings"
    path.write_text((CASES / "chart_values.yaml").read_text())
    assert detect(str(path), path.read_text()) == "environment"
    result = airconn("convert", path, "--from-format", "settings", "--format", "json")
    assert result.code == 3
    assert "this looks like the values of a Helm chart, and not like Astro's settings" in result.err


def test_any_mapping_of_such_names_is_read_unless_the_document_may_be_variables(airconn, tmp_path: Path) -> None:
    env = {"AIRFLOW_VAR_ZONE": "eu"}
    for document in ({"stuff": env}, {"stuff": [{"of": env}]}, {"stuff": _pairs(env)}):
        assert variables(read(yaml.safe_dump(document))) == {"zone": "eu"}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({"stuff": env, "name": "x"}))
    result = airconn("convert", path, "--format", "json")
    assert result.code == 3
    assert "the configuration of another tool, with environment variables of Airflow in it" in result.err
    assert "add --from-format environment" in result.err
    result = airconn("convert", path, "--from-format", "environment", "--format", "json", "--variables")
    assert (result.code, json.loads(result.out)) == (0, {"zone": "eu"})


def test_the_same_object_counts_once() -> None:
    bundle = read((CASES / "compose.yaml").read_text())
    assert isinstance(bundle.variables["zone"], Variable)
    assert len(bundle) == 5
