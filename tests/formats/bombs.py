"""Run as a script: reads what is made to hang a reader or to fill its memory, and says how long each took."""

from __future__ import annotations

import sys
import time

from airconn.errors import AirconnError
from airconn.formats import get_format
from airconn.formats.base import ReadOptions

M = 300_000
DEEP = 30_000
LONG = "x" * 50_000_000
"""Work that grows with the square of these takes minutes, and work that grows with them takes seconds at most."""
ALIASES = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(20)
)
DIGITS = "9" * 5000
NESTED = "[" * 900 + "]" * 900

BOMBS = {
    "env": [
        f"AIRFLOW_VAR_A='{LONG}",
        "AIRFLOW_VAR_A=a" + " " * M + "b",
        "'" * M,
        '"\\' * M,
        "\n" * M,
        "#" * M,
        "export " * M,
        "AIRFLOW_VAR_A=" + " #" * M,
        "AIRFLOW_VAR_A=" + "x#" * M,
        "AIRFLOW_CONN_A={" + "[" * M,
        "AIRFLOW_CONN_A=h://" + ":" * M,
        "AIRFLOW_CONN_A=h://?x=" + DIGITS,
        "AIRFLOW_CONN_A=h://?x=" + "[" * DEEP,
        "AIRFLOW_CONN_A=h://?x=" + NESTED,
        "AIRFLOW_CONN_A=h://h:" + "9" * M,
        "AIRFLOW_CONN_A=h://?" + "&" * M,
        'AIRFLOW_CONN_A={"conn_type":"h","port":1e999999999}',
        'AIRFLOW_CONN_A={"port":' + DIGITS + "}",
        'AIRFLOW_CONN_A={"port":"' + DIGITS + '"}',
        'AIRFLOW_CONN_A={"extra":1e-999999999}',
        'AIRFLOW_CONN_A={"extra":' + NESTED + "}",
    ],
    "uri": [f"a={LONG}", "a=h://" + "@" * M, "\x85" * M, "=" * M, "a=h://" + "%" * M, "a=h://[" + ":" * M],
    "json": [
        f'{{"a":"{LONG}',
        "[" * DEEP,
        '{"a":' * DEEP,
        '"' * M,
        "[" + "1," * (M // 4),
        "[" + "[]," * (M // 4),
        "\n" * M,
        '{"variables": {"a": ' + NESTED + "}}",
        '{"variables": {"a": ' + "9" * M + "}}",
        '{"connections": {"a": {"conn_type": "h", "port": ' + DIGITS + "}}}",
        '{"connections": {"a": {"conn_type": "h", "port": 1e999999999}}}',
        '{"connections": {"a": {"conn_type": "h", "extra": ' + NESTED + "}}}",
        '{"pools": {"a": {"slots": ' + DIGITS + "}}}",
        '{"pools": {"a": {"slots": 1e999999999}}}',
    ],
    "yaml": [
        f"a: {LONG}",
        ALIASES,
        "[" * DEEP,
        "{a: " * DEEP,
        "- " * DEEP,
        "? " * DEEP,
        "a: &a [*a]",
        "a: !!python/object/apply:os.system [x]",
        "a: 1e999999999",
        "[" + "a," * (M // 4),
        "!" * M,
        "%" * M,
        "a:" + " " * M,
        "\n".join(" " * i + "a:" for i in range(2000)),
        "x: &a " + "y" * M + "\nz: [" + "*a," * DEEP + "]",
        "a: \x85" * DEEP,
        "variables: {a: " + "9" * M + "}",
        "variables: {a: 1" + ":1" * (M // 2) + "}",
        "variables: {a: 0x" + "f" * M + "}",
        "variables: {a: 1." + "0" * M + "}",
        "variables: {a: 2024-01-01 " + "0" * M + "}",
        "variables:\n  z: &a [" + "0x1," * 10 + "]\n  a: [" + "*a," * 90_000 + "]",
        "variables: {a: {" + ", ".join(f"0x{i:x}: 0{i:o}" for i in range(DEEP)) + "}}",
    ],
    "settings": [
        "airflow:\n  variables:\n  - {variable_name: a, variable_value: 0_" + "_" * M + "x}",
        "airflow:\n  variables:\n  - {variable_name: a, variable_value: " + "9" * M + "}",
        "airflow:\n  pools:\n  - {pool_name: a, pool_slot: " + DIGITS + "}",
        "airflow:\n  connections:\n  - {conn_id: a, conn_type: b, conn_extra: " + NESTED + "}",
    ],
    "k8s": [
        "---\n" * DEEP,
        "---\n{}\n" * 300_000,
        "{" * DEEP,
        '{"apiVersion": "v1", "kind": "List", "items": ' * DEEP,
        '{"apiVersion": "v1", "kind": "Secret", "data": {"AIRFLOW_VAR_A": "' + "A" * M + '="}}',
        "apiVersion: v1\nkind: Secret\nmetadata: {annotations: {airconn/ids: '" + "[" * M + "'}}\n"
        "stringData: {AIRFLOW_VAR_A: a}",
        'apiVersion: v1\nkind: Secret\nstringData:\n  AIRFLOW_CONN_A: \'{"extra": ' + NESTED + "}'",
    ],
    "environment": [
        ALIASES + "z: {AIRFLOW_VAR_A: x}",
        "---\nAIRFLOW_VAR_A: x\n" * DEEP,
        "x: &a " + "'- AIRFLOW_VAR_A: " + "y" * M + "'\nz: [" + "*a," * 50 + "]",
        "\n".join("  " * i + "AIRFLOW_VAR_A: |" for i in range(700)),
        "\n".join("  " * i + "a: | # AIRFLOW_VAR_A" for i in range(700)) + "\n" + "  " * 701 + "AIRFLOW_VAR_A: x",
        "AIRFLOW_VAR_A: " + "$" * M,
        "env: [{name: AIRFLOW_VAR_A, value: '" + "$(" * M + "'}]",
        "env: [{name: AIRFLOW_VAR_A, value: '" + "{{" * M + "'}]",
        "a: '" + "AIRFLOW_VAR_A" * (M // 10) + "'",
        "a: 'name: " + "AIRFLOW_VAR_" * (M // 10) + "'",
        "[Service]\nEnvironment=AIRFLOW_VAR_A=" + "\\x41%" * (M // 5),
        "[Service]\n" + "Environment=AIRFLOW_VAR_A=a\\\n" * DEEP,
        "[Service]\n" + "Environment=AIRFLOW_VAR_A=a\n" * DEEP,
        "airflow: {connections: [{id: a, type: b, extra: '" + "${A" * (M // 3) + "'}], connectionsTemplates: {A: 1}}",
        '{"AIRFLOW_VAR_A": ' * DEEP,
    ],
}
MARK = "# airconn: env-dialect python-dotenv\n"
BOMBS["env"] += [MARK + text for text in BOMBS["env"][1:9]]  # what is about lines and quotes


def main() -> None:
    for name, texts in BOMBS.items():
        for number, text in enumerate(texts):
            start = time.process_time()
            try:
                get_format(name).parse(text, "file", ReadOptions())
                done = "read"
            except AirconnError:
                done = "refused"
            sys.stdout.write(f"{name} {number} {done} {time.process_time() - start:.1f}\n")


if __name__ == "__main__":
    main()
