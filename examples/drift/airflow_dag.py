"""A dag that compares an Airflow with the file objects.yaml beside it each morning, and fails if they differ.

It needs airconn on the workers, and the connection `airconn`: the host is the URL of the Airflow that is compared,
login and password are those of a user who may read its connections, variables and pools.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator

with DAG(
    "airconn_drift",
    description="Do connections, variables and pools still equal objects.yaml?",
    schedule="17 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
):
    BashOperator(
        task_id="diff",
        bash_command='airconn diff "$OBJECTS" "$AIRCONN_URL" --exclude connections/airconn --exit-code',
        env={
            "OBJECTS": str(Path(__file__).with_name("objects.yaml")),
            "AIRCONN_URL": "{{ conn.airconn.host }}",
            "AIRCONN_USERNAME": "{{ conn.airconn.login }}",
            "AIRCONN_PASSWORD": "{{ conn.airconn.password }}",
        },
        append_env=True,
    )
