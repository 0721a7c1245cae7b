"""What Airflow itself gets from its configuration. Runs in the Python of an Airflow, and knows nothing of airconn.

`in_airflow_config.py DIRECTORY` reads cases from standard input: `{"environ": {…}, "cfg": text or null}`. It answers
for each with the values of `ASKED` and Airflow's own defaults of them, and with the secrets backends.
"""

import json
import os
import sys
from pathlib import Path

ASKED = (
    ("core", "fernet_key"),
    ("database", "sql_alchemy_conn"),
    ("database", "sql_alchemy_schema"),
    ("secrets", "backend"),
    ("secrets", "backend_kwargs"),
    ("core", "parallelism"),
)
CLASS = "__main__.Recorder"


class Recorder:
    """Stands in for a secrets backend, and remembers its options."""

    def __init__(self, **kwargs):
        self.kwargs = kwargs


def answer(configuration, case, directory):
    os.environ.clear()
    os.environ.update(case["environ"], AIRFLOW_HOME=str(directory))
    (directory / "airflow.cfg").write_text(case["cfg"] or "")
    try:
        parser = configuration.AirflowConfigParser()
        parser.read(configuration.get_airflow_config(configuration.get_airflow_home()))
    except Exception as error:  # noqa: BLE001 - whatever Airflow stumbles over is the answer
        return {"file": type(error).__name__}
    values = {}
    for section, key in ASKED:
        try:
            value = parser.get(section, key, fallback=None)
            default = configuration.expand_env_var(parser.get_default_value(section, key))
            values[f"{section}.{key}"] = [value, default]
        except Exception as error:  # noqa: BLE001 - whatever Airflow stumbles over is the answer
            values[f"{section}.{key}"] = {"error": type(error).__name__}
    configuration.conf = parser
    return {"values": values, "backends": [backend(configuration, worker) for worker in (False, True)]}


def backend(configuration, worker):
    """The options of the backend of the server or of a worker, or null where there is none."""
    try:
        made = configuration.get_custom_secret_backend(**({"worker_mode": True} if worker else {}))
    except TypeError:
        return "unknown"  # Airflow 2 has none for workers
    except Exception as error:  # noqa: BLE001 - whatever Airflow stumbles over is the answer
        return {"error": type(error).__name__}
    return None if made is None else made.kwargs


def main(directory):
    kept = dict(os.environ)
    from airflow import configuration

    answers = [answer(configuration, case, Path(directory)) for case in json.load(sys.stdin)]
    os.environ.update(kept)
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
