"""Makes what tools print, and documents that hold environment variables, for `tests/formats/well_formed.py`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.formats import well_formed

if TYPE_CHECKING:
    from tests.formats.well_formed import Chooser, WellFormed


def _file(name: str, value: Any, choose: Chooser) -> WellFormed:
    return well_formed.WellFormed(
        name, json.dumps(value, indent=choose.one(None, 2), ensure_ascii=choose.one(True, False))
    )


def _as_texts(value: Any) -> Any:
    """A value as `airflow … list -o json` prints it: leaves are Python's `str`."""
    if isinstance(value, dict):
        return {key: _as_texts(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_texts(each) for each in value]
    return None if value is None else str(value)


def airflow_connections_list(choose: Chooser) -> WellFormed:
    rows = []
    for number, (name, fields) in enumerate(choose.connections().items()):
        row = {"id": str(number), "conn_id": name, "conn_type": fields["conn_type"]}
        row |= {key: fields.get(key) for key in ("description", "host", "schema", "login", "password")}
        row |= {"port": str(fields["port"]) if "port" in fields else None, "is_encrypted": "True"}
        row |= {"is_extra_encrypted": "True", "extra_dejson": _as_texts(fields.get("extra", {}))}
        rows.append(row | {"get_uri": well_formed.uri_of(fields)})
    return _file("list.json", rows, choose)


def airflow_variables_list(choose: Chooser) -> WellFormed:
    rows = [{"key": name, "val": well_formed.text_of(value)} for name, value in choose.variables().items()]
    return _file("list.json", rows, choose)


def airflow_pools_list(choose: Chooser) -> WellFormed:
    rows = [
        {"pool": name, "slots": str(slots), "description": text, "include_deferred": "False"}
        for name, (slots, text) in choose.pools().items()
    ]
    return _file("list.json", rows, choose)


def answer_with_variables(choose: Chooser) -> WellFormed:
    rows = [
        {"key": name, "value": well_formed.text_of(value), "description": choose.one(None, "x"), "is_encrypted": True}
        for name, value in choose.variables().items()
    ]
    return _file("answer.json", {"variables": rows, "total_entries": len(rows)}, choose)


def answer_with_pools(choose: Chooser) -> WellFormed:
    states = ("occupied", "running", "queued", "scheduled", "open", "deferred")
    counts = {f"{state}_slots": 0 for state in states}
    rows = [
        {"name": name, "slots": slots, "description": text, "include_deferred": False, **counts}
        for name, (slots, text) in choose.pools().items()
    ]
    return _file("answer.json", {"pools": rows, "total_entries": len(rows)}, choose)


def aws_parameters(choose: Chooser) -> WellFormed:
    rows = [
        {
            "Name": f"/airflow/connections/{name}",
            "Type": "SecureString",
            "Value": well_formed.uri_of(fields),
            "Version": 1,
        }
        for name, fields in choose.connections().items()
    ]
    return _file("parameters.json", {"Parameters": rows}, choose)


def aws_secrets(choose: Chooser) -> WellFormed:
    rows = [
        {"ARN": f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}", "Name": f"airflow/variables/{name}",
         "VersionId": "1", "SecretString": well_formed.text_of(value), "VersionStages": ["AWSCURRENT"]}
        for name, value in choose.variables().items()
    ]  # fmt: skip
    return _file("secrets.json", {"SecretValues": rows, "Errors": []}, choose)


def compose_file(choose: Chooser) -> WellFormed:
    """A file of Docker Compose, where a `$` that is meant is written twice."""
    entries = {name: value for name, value in choose.entries().items() if "$" not in value}
    services = {"scheduler": {"image": "apache/airflow:3.1.0", "environment": entries}}
    return well_formed.WellFormed(
        "docker-compose.yaml", well_formed.dumped({"services": services}, allow_unicode=True)
    )


def deployment(choose: Chooser) -> WellFormed:
    """A Deployment, whose `env` expands `$(NAME)`."""
    env = [{"name": name, "value": value} for name, value in choose.entries().items() if "$" not in value]
    container = {"name": "airflow", "image": "apache/airflow:3.1.0", "env": env}
    spec = {"template": {"spec": {"containers": [container]}}}
    found = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "airflow"}, "spec": spec}
    return well_formed.WellFormed("deployment.yaml", well_formed.dumped(found, sort_keys=False))


def helm_values(choose: Chooser) -> WellFormed:
    """Values of the Helm chart, which may expand templates in them."""
    env = [
        {"name": name, "value": value}
        for name, value in choose.entries().items()
        if not re.search(r"[$]|\{\{", value)
    ]
    return well_formed.WellFormed("values.yaml", well_formed.dumped({"executor": "CeleryExecutor", "env": env}))


def task_definition(choose: Chooser) -> WellFormed:
    env = [{"name": name, "value": value} for name, value in choose.entries().items() if "$" not in value]
    return _file(
        "task.json", {"family": "airflow", "containerDefinitions": [{"name": "a", "environment": env}]}, choose
    )


def plain_mapping(choose: Chooser) -> WellFormed:
    return well_formed.WellFormed("env.yaml", well_formed.dumped(choose.entries(), allow_unicode=True))


OUTPUTS = (
    airflow_connections_list, airflow_variables_list, airflow_pools_list, answer_with_variables, answer_with_pools,
    aws_parameters, aws_secrets,
)  # fmt: skip
ENVIRONMENTS = (compose_file, deployment, helm_values, task_definition, plain_mapping)
