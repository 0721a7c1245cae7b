"""Texts that broken files are made of: each format's cases, and files with a canary as each of their secrets."""

from __future__ import annotations

import json
from pathlib import Path

from airconn.formats import names

CASES = Path(__file__).parent / "cases"
SEEDS = {
    name: [path.read_text() for path in sorted((CASES / name).iterdir()) if not path.name.endswith(".expected.json")]
    for name in names()
}
CANARY = "c@n/ary: s3cret"

SECRETIVE = {
    "env": [
        f"AIRFLOW_CONN_A=http://u:{CANARY}@h:1/s?p={CANARY}\n",
        f"AIRFLOW_CONN_A='http://u:{CANARY}@h:1/s?p={CANARY}'\nAIRFLOW_VAR_B=\"{CANARY}\"\n",
        "AIRFLOW_CONN_A='" + json.dumps({"conn_type": "a", "password": CANARY, "extra": {"a": CANARY}}) + "'\n",
    ],
    "uri": [f"a=http://u:{CANARY}@h:1/s?p={CANARY}\nb=http://{CANARY}\n"],
    "json": [
        json.dumps(
            {"connections": {"a": {"conn_type": "a", "password": CANARY, "extra": {"a": [CANARY]}}}}, indent=1
        ),
        json.dumps({"connections": {"a": f"http://u:{CANARY}@h/?a={CANARY}"}, "variables": {"b": CANARY}}),
        json.dumps({"variables": {"b": {"value": CANARY, "description": CANARY}}}),
    ],
    "yaml": [
        f"connections:\n  a:\n    conn_type: a\n    password: '{CANARY}'\n    extra: {{a: ['{CANARY}']}}\n",
        f"connections:\n  a: 'http://u:{CANARY}@h/?a={CANARY}'\nvariables:\n  b: \"{CANARY}\"\n",
    ],
    "settings": [
        f"""airflow:
  connections:
    - conn_id: a
      conn_type: b
      conn_password: '{CANARY}'
      conn_extra:
        a: '{CANARY}'
""",
        f"""airflow:
  connections:
    - conn_id: a
      conn_uri: 'http://u:{CANARY}@h/?a={CANARY}'
  variables:
    - variable_name: v
      variable_value: '{CANARY}'
""",
    ],
    "k8s": [
        f"""apiVersion: v1
kind: Secret
metadata: {{name: a, labels: {{airflow.apache.org/connection-id: a}}}}
stringData:
  value: 'http://u:{CANARY}@h/?a={CANARY}'
---
apiVersion: v1
kind: Secret
metadata:
  name: b
stringData:
  AIRFLOW_CONN_B: '{{"conn_type": "a", "password": "{CANARY}", "extra": {{"a": "{CANARY}"}}}}'
  AIRFLOW_VAR_V: '{CANARY}'
""",
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "a", "labels": {"airflow.apache.org/variable-key": "a"}},
                "stringData": {"value": CANARY, "AIRFLOW_CONN_A": f"http://u:{CANARY}@h:1/s"},
            }
        ),
    ],
    "environment": [
        f"""services:
  web:
    image: a
    environment:
      AIRFLOW_CONN_A: 'http://u:{CANARY}@h:1/s?p={CANARY}'
      AIRFLOW_VAR_B: '{CANARY}'
""",
        f"env:\n  - name: AIRFLOW_CONN_A\n    value: 'http://u:{CANARY}@h/?a={CANARY}'\nrbac: {{}}\nimages: {{}}\n",
        json.dumps({"environment": [f"AIRFLOW_CONN_A=http://u:{CANARY}@h", f"AIRFLOW_VAR_B={CANARY}"]}),
        f"airflow:\n  connections:\n    - {{id: a, type: b, password: '{CANARY}', host: '{CANARY}'}}\n",
        f"[Service]\nEnvironment=\"AIRFLOW_CONN_A=http://u:{CANARY}@h\" 'AIRFLOW_VAR_B={CANARY}'\n",
    ],
    "output": [
        json.dumps(
            [{"conn_id": "a", "conn_type": "b", "password": CANARY, "get_uri": "b://:c%40n%2Fary@h/?k=s3cret"}]
        ),
        json.dumps({"connections": [{"connection_id": "a", "conn_type": "b", "extra": CANARY}], "total_entries": 1}),
        json.dumps({"ARN": "a", "Name": "airflow/connections/a", "SecretString": f"http://u:{CANARY}@h:1/s"}),
        json.dumps(
            {"objectKey": "a", "objectType": "CONNECTION", "scope": "b", "connection": {"type": "b", "extra": CANARY}}
        ),
    ],
}
