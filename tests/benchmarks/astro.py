"""Measures how long `airconn diff` takes for 5,000 objects of Astro's Environment Manager, beside a bare client.

    python -m tests.benchmarks.astro [--objects 5000] [--runs 5] [--page-time 0.25]

Both are whole processes that get the same pages of the same server, which has them ready: what it sends costs it
nothing but `--page-time` seconds, as a server far away takes. Both read the same file and compare each object. The
bare client is urllib3 and json, and looks for nothing but equality.

The pages after the first are read four at a time, which makes up for a start of 0.35 s and for 0.08 ms an object.
Measured on two cores (x86_64, 2026-11): 0.78x of the bare client with 0.5 s a page, 1.04x with 0.25 s, 1.77x with
0.1 s, and 4.7x (0.8 s more) with none.
On a machine that does other work as well, run it with `chrt -f 10`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent.parent
MOST = 1.3
"""The most that airconn may take for each second of the bare client."""

_BARE = """
import json, os, sys, urllib3
wanted = json.load(open(sys.argv[1]))
pool = urllib3.PoolManager()
headers = {"Authorization": "Bearer " + os.environ["ASTRO_API_TOKEN"]}
base = os.environ["AIRCONN_ASTRO_API"] + "/organizations/" + sys.argv[2] + "/environment-objects"
found, total = [], 1
while len(found) < total:
    query = {"workspaceId": sys.argv[3], "sorts": "objectKey:asc", "resolveLinked": "false", "showSecrets": "true",
             "offset": len(found), "limit": 1000}
    page = json.loads(pool.request("GET", base, fields=query, headers=headers).data)
    found += page["environmentObjects"]
    total = page["totalCount"]
same = 0
for one in found:
    if one["objectType"] == "CONNECTION":
        there = {**one["connection"], "conn_type": one["connection"]["type"]}
        given = wanted["connections"][one["objectKey"]]
        given = {**given, "extra": json.loads(given["extra"])}
        same += all(there.get(name) == value for name, value in given.items())
    else:
        same += one["airflowVariable"]["value"] == wanted["variables"][one["objectKey"]]
print(same)
"""


def serve(number: int, page_time: float) -> None:
    """Serves the pages until it is ended. Writes what a client needs to know to stdout, as one line of JSON."""
    from tests.stores.astro.fake_astro import FakeAstro
    from tests.stores.site import Answer, Received, Site

    astro = FakeAstro(checks_answers=False)
    for kind, fields in objects(number).items():
        for key, content in fields.items():
            if kind == "connections":
                held = {"type" if name == "conn_type" else name: value for name, value in content.items()}
                astro.put("CONNECTION", key, {**held, "extra": json.loads(content["extra"])}, auto_link=True)
            else:
                astro.put("AIRFLOW_VARIABLE", key, {"value": content})
    ready: dict[tuple[str, str], Answer] = {}

    def answer(received: Received) -> Answer:
        key = (received.path, str(received.query))
        if key not in ready:
            made = astro.answer(received)
            ready[key] = Answer(made.status, json.dumps(made.body).encode(), {"Content-Type": "application/json"})
        time.sleep(page_time)
        return ready[key]

    with Site(answer) as site:
        astro.url = f"{site.url}/v1"
        there = {"environ": astro.environ(), "organization": astro.organization, "workspace": astro.workspace}
        print(json.dumps(there), flush=True)
        sys.stdin.read()


def objects(number: int) -> dict[str, dict[str, Any]]:
    """As many objects, half of them connections."""
    connections = {
        f"conn_{at:05d}": {
            "conn_type": "postgres",
            "host": f"db-{at}.example.com",
            "login": "etl",
            "password": f"pass-{at}",
            "port": 5432,
            "schema": "sales",
            "extra": json.dumps({"keepalives": at, "sslmode": "require"}),
        }
        for at in range(number // 2)
    }
    return {"connections": connections, "variables": {f"var_{at:05d}": f"value {at}" for at in range(number // 2)}}


def measured(command: list[str], environ: dict[str, str]) -> tuple[float, float, str]:
    """The seconds, the seconds of a processor, and the output of a process."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    took, after = time.perf_counter() - started, os.times()
    if done.returncode:
        raise SystemExit(f"{command[1:4]} exits with {done.returncode}: {done.stderr[-2000:]}")
    return (
        took,
        after.children_user + after.children_system - before.children_user - before.children_system,
        done.stdout,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--page-time", type=float, default=0.25, help="seconds of the server for each page [%(default)s]"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.objects, options.page_time)
        return 0
    command = [sys.executable, "-m", "tests.benchmarks.astro", "--serve", "--objects", str(options.objects)]
    server = subprocess.Popen(
        [*command, "--page-time", str(options.page_time)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        there = json.loads(server.stdout.readline())
        with tempfile.TemporaryDirectory(prefix="airconn-benchmark-") as directory:
            return _compare(Path(directory), there, options)
    finally:
        server.stdin.close()
        server.wait()


def _compare(directory: Path, there: dict[str, Any], options: argparse.Namespace) -> int:
    file, bare = directory / "objects.json", directory / "bare.py"
    file.write_text(json.dumps(objects(options.objects)))
    bare.write_text(_BARE)
    environ = {**os.environ, **there["environ"], "HOME": str(directory), "AIRCONN_CONFIG": str(directory / "no.toml")}
    (directory / "no.toml").touch()
    ours = [sys.executable, "-m", "airconn", "diff", str(file), f"astro-env://{there['workspace']}"]
    theirs = [sys.executable, str(bare), str(file), there["organization"], there["workspace"]]
    times: dict[str, list[tuple[float, float]]] = {"airconn": [], "bare": []}
    for turn in range(options.runs + 1):
        for name, command in (("airconn", ours), ("bare", theirs)):
            wall, cpu, out = measured(command, environ)
            if name == "bare" and int(out) != options.objects // 2 * 2:
                raise SystemExit(f"the bare client finds {out.strip()} equal objects")
            if turn:  # the first is to warm up
                times[name].append((wall, cpu))
    found = {name: tuple(median(one) for one in zip(*runs, strict=True)) for name, runs in times.items()}
    ratio = found["airconn"][0] / found["bare"][0]
    for name, (wall, cpu) in found.items():
        print(f"{name:8} {wall:6.2f} s, {cpu:.2f} s of a processor")
    print(
        f"{options.objects} objects, {options.page_time} s a page: {ratio:.2f}x of the bare client (at most {MOST})"
    )
    return int(ratio > MOST)


if __name__ == "__main__":
    sys.exit(main())
