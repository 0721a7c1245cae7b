"""Records in docker_env.json what the docker command makes of files for `docker run --env-file`.

    python tests/formats/record_docker.py

The command reads the file itself, so that no Docker engine is needed: something that takes its request to create a
container, and says what stands in it, is enough.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "docker_env.json"
FILES = [
    "A=plain\nB= blanks around \nC=\n",
    "A='single'\nB=\"double\"\nC='\nD='a\"\n",
    "A=a # no comment\n# a comment\n  # another\n\n   \nB=#x\n",
    "  A=indented\n\tB=by a tab\n\u00a0C=by a hard blank\n",
    "A=cr\r\nB=in\rside\r\nC=two\r\r\n",
    "A=a\\nb\\\\c$X${Y}`z`\n",
    "A=é 漢 \U0001f600\nÉ=1\nA.B-C:D/E@F%G,H!I+J=1\n",
    "\ufeffA=after a byte order mark\nB=1",
    "A==x=y\n",
    "A=1\nA=2\n",
    "A=no line end",
    "export A=1\n",
    "A =1\n",
    "=1\n",
    "A=" + "x" * 65_533 + "\nB=1\n",
    "A=" + "x" * 65_534 + "\nB=1\n",
]


class Engine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[str]

    def reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Api-Version", "1.43")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_HEAD(self) -> None:
        self.reply(200, "OK")

    def do_GET(self) -> None:
        self.do_HEAD()

    def do_POST(self) -> None:
        body = b""
        if self.headers.get("Transfer-Encoding"):
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen = json.loads(body).get("Env") or []
        self.reply(201, {"Id": "a" * 64, "Warnings": []})

    def log_message(self, *args: Any) -> None:
        pass


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = subprocess.run(["docker", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    records = []
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "file"
        for text in FILES:
            path.write_bytes(text.encode())
            done = subprocess.run(
                ["docker", "create", "--env-file", str(path), "image"],
                env={**os.environ, "DOCKER_HOST": f"tcp://127.0.0.1:{server.server_port}"},
                capture_output=True,
                check=False,
            )
            records.append({"file": text, "env": Engine.seen if done.returncode == 0 else None})
    server.shutdown()
    RECORD.write_text(json.dumps({"by": version, "files": records}, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
