"""No secret is seen where it doesn't belong: a canary in every place of one, and every command run past it.

A canary is a text that stands nowhere else. It is looked for as it is, quoted as in a URL or in JSON, in base64, and
in pieces of a few characters, in all that a run says and leaves: its messages, its report, its plan file, the names
of its files and its list of arguments. What a command is for may hold secrets, which is what `data` says.
"""

from __future__ import annotations

import base64
import json
import random
import string
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest

from tests.integration.conftest import on_worker_of
from tests.integration.program import Program, Ran
from tests.integration.target import Target

PIECE = 7
"""So many characters of a canary in a row are no accident."""
_chance = random.Random(20260707)


@cache
def pieces_of(core: str) -> list[str]:
    """What is left of a canary's core in each of the forms that it may be written in, in small letters."""
    pieces = [core[start : start + PIECE] for start in range(len(core) - PIECE + 1)]
    for offset in range(3):
        encoded = base64.b64encode(b"x" * offset + core.encode()).decode().rstrip("=")
        pieces.append(encoded[(0, 2, 3)[offset] : -1].lower())
    return [*pieces, core.encode().hex()]


class Canaries:
    """Plants them, and finds them again. `sharp` ones have in them what has a meaning in URLs, JSON and shells."""

    def __init__(self) -> None:
        self.cores: dict[str, str] = {}

    def plant(self, place: str, *, sharp: bool = False) -> str:
        core = "".join(_chance.choices(string.ascii_lowercase, k=12))
        assert place not in self.cores
        self.cores[place] = core
        return f"{core}/\"é%#@:{core}'$ {core}" if sharp else core

    def seen_in(self, text: str, *, but: tuple[str, ...] = ()) -> list[str]:
        """The places of the canaries that are in a text."""
        both = f"{text}\n{unquote(text)}".lower()
        return [
            place
            for place, core in self.cores.items()
            if not (but and place.startswith(but)) and any(piece in both for piece in pieces_of(core))
        ]


@dataclass
class Coop:
    """A program, its canaries, and what was seen of them where it shouldn't be."""

    program: Program
    canaries: Canaries
    found: list[tuple[Any, ...]] = field(default_factory=list)

    def run(
        self,
        *args: object,
        code: int | tuple[int, ...] = 0,
        data: bool = False,
        but: tuple[str, ...] = (),
        files: tuple[str, ...] = (),
        **options: Any,
    ) -> Ran:
        """Runs the program and looks everywhere. `but` are beginnings of the names of places that may be seen, on
        standard output; `files` are reports."""
        ran = self.program.run(*args, **options)
        places = {
            "standard error": ran.err,
            "the list of processes": "\n".join(ran.command_lines),
            "the name of a file": "\n".join(ran.file_names),
            **{name: (self.program.directory / name).read_text() for name in files},
        }
        if not data:
            places["standard output"] = ran.out
        for place, text in places.items():
            seen = self.canaries.seen_in(text, but=but if place == "standard output" else ())
            if seen or "Traceback" in text:
                self.found.append((args, place, seen, text))
        if ran.code not in ((code,) if isinstance(code, int) else code) or "fault of airconn" in ran.err:
            self.found.append((args, f"exit code {ran.code}, not {code}", ran.out, ran.err))
        if left := self.program.leftovers():
            self.found.append((args, "left behind", left))
        return ran

    def write(self, name: str, content: Any) -> str:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (self.program.directory / name).write_text(text, encoding="utf-8")
        return name


def objects(canaries: Canaries, turn: str) -> dict[str, Any]:
    """Objects with a canary in each place of a secret, and in places that `--show-values` may show (`open …`)."""

    def secret(place: str, *, sharp: bool = False) -> str:
        return canaries.plant(f"{turn} {place}", sharp=sharp)

    def shown(place: str) -> str:
        return canaries.plant(f"open {turn} {place}")

    return {
        "connections": {
            "full": {
                "conn_type": "http",
                "login": shown("login"),
                "host": shown("host"),
                "schema": shown("schema"),
                "description": shown("description"),
                "password": secret("password", sharp=True),
                "extra": {
                    "region": shown("extra.region"),
                    "dsn": f"postgres://etl:{secret('extra.dsn')}@db",
                    "endpoint": f"https://etl:{secret('a URI under an innocent key')}@db",
                    "api_key": secret("extra.api_key", sharp=True),
                    "deep": {"list": [1, {"secret_key": secret("extra.deep.list[1].secret_key")}]},
                    "keyfile_dict": {"innocent": secret("below a sensitive key")},
                    "pem": f"-----BEGIN PRIVATE KEY-----\n{secret('a key in PEM')}\n-----END PRIVATE KEY-----",
                    "as_text": json.dumps({"token": secret("JSON in a text of extra")}),
                },
            },
            "bare": {"conn_type": "postgres", "password": secret("the password of bare")},
        },
        "variables": {
            "plain": shown("a variable"),
            "my_token": secret("a sensitive variable", sharp=True),
            "uri": f"amqp://u:{secret('a URI in a variable')}@mq",
            "settings": json.dumps({"a": shown("a JSON variable"), "password": secret("JSON in a variable")}),
            "dotted": "{not JSON, token: " + secret("what looks like JSON") + "}",
        },
        "pools": {"p": {"slots": 1, "description": shown("a pool")}},
    }


def dotenv(canaries: Canaries, turn: str) -> str:
    """A .env file with URIs: canaries in the userinfo and in the query."""
    login, password, query, token = (
        quote(canaries.plant(f"{turn} {place}", sharp=place != "login of a URI"), safe="")
        for place in ("login of a URI", "password of a URI", "query of a URI", "token of a URI")
    )
    return (
        f"AIRFLOW_CONN_WEB='http://{login}:{password}@web.example.com:8080/x?q={query}&token={token}'\n"
        f"AIRFLOW_VAR_ENV_SECRET={canaries.plant(f'{turn} variable of .env')}\n"
        f"OTHER={canaries.plant(f'{turn} other setting of .env')}\n"
    )


@pytest.mark.parametrize("sharp", [False, True])
def test_a_canary_is_found_however_it_is_written(sharp: bool) -> None:
    canaries = Canaries()
    secret = canaries.plant("here", sharp=sharp)
    pair = [base64.b64encode(f"{'x' * number}:{secret}".encode()).decode() for number in range(3)]
    url = urlencode({"q": secret})
    for text in (
        secret,
        quote(secret, safe=""),
        url,
        json.dumps(secret),
        repr(secret),
        secret[:9],
        secret.upper(),
        *pair,
    ):
        assert canaries.seen_in(f"so it says: {text}!") == ["here"], text
    assert canaries.seen_in("so it says: ***") == []


@pytest.fixture
def target(shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path) -> Target:
    target = Target(shared_sandbox("3.3.2"), airconn, tmp_path)
    target.wipe()
    return target


@pytest.fixture
def coop(target: Target, tmp_path: Path) -> Iterator[Coop]:
    canaries = Canaries()
    canaries.cores["AIRCONN_PASSWORD"] = target.box.password.lower()
    environ = {**target.environ, "UNUSED_SECRET": canaries.plant("a variable of nobody's business")}
    coop = Coop(Program(tmp_path / "work", environ), canaries)
    yield coop
    shown = [entry[:3] for entry in coop.found]
    assert coop.found == [], shown


IN_SHOW = ("open ",)


@on_worker_of("3.3.2")
def test_nothing_is_seen_of_a_secret_in_whatever_an_import_does(target: Target, coop: Coop) -> None:
    first, second = (coop.write(f"{turn}.json", objects(coop.canaries, turn)) for turn in ("first", "second"))
    env = coop.write(".env", dotenv(coop.canaries, "env"))
    coop.run("import", first, env, "-v")
    held = target.database()
    assert (
        held["connections"]["full"]["password"]
        == json.loads((coop.program.directory / first).read_text())["connections"]["full"]["password"]
    )
    assert held["variables"]["env_secret"]["value"] == coop.canaries.cores["env variable of .env"]

    coop.run("import", second, "--dry-run", "-v", python=("-X", "dev"))
    coop.run("import", second, "--dry-run", "--show-values", but=IN_SHOW)
    coop.run("import", second, "--dry-run", "--output", "json", "--merge")
    coop.run("import", second, "--plan-out", "plan.json", files=("plan.json",))
    coop.run("apply", "plan.json", "--verify", "-v", env={"PYTHONFAULTHANDLER": "1"})
    coop.run("apply", "plan.json", code=4)  # the target has changed
    coop.run("import", first, "--exact", "--show-values", "-v", but=IN_SHOW)
    coop.run("import", second, "--output", "json", "--verify", "--prune", "--yes")
    less = coop.write("less.json", {"connections": {"full": {"conn_type": "http"}}})
    coop.run("import", less, "--exact", "-v")  # a replacement, with a recovery file

    bare = {"conn_type": "postgres", "password": "***"}
    coop.write("masked.json", {"connections": {"bare": bare, "fresh": bare}})
    coop.run("import", "masked.json", "-v", code=4)
    coop.write("fill.json", {"connections": {"fresh": {**bare, "password": coop.canaries.plant("fill", sharp=True)}}})
    overlaid = {"connections": {"bare": {"password": coop.canaries.plant("overlay"), "extra": {"t_token": "env:T"}}}}
    coop.write("overlay.yaml", overlaid)
    coop.write("secret.txt", coop.canaries.plant("--set file:") + "\n")
    changed = ["--fill", "fill.json", "--overlay", "overlay.yaml", "--set", "connections/fresh.extra.a_secret=env:S"]
    changed += ["--set", "connections/bare.extra.b_secret=file:secret.txt"]
    secrets = {"T": coop.canaries.plant("overlay env:"), "S": coop.canaries.plant("--set env:", sharp=True)}
    coop.run("import", "masked.json", *changed, "--plan-out", "plan.json", env=secrets, files=("plan.json",))
    coop.run("import", "masked.json", *changed, "--show-values", "-v", env=secrets)
    assert target.database()["connections"]["fresh"]["password"].startswith(coop.canaries.cores["fill"])

    assert target.database()["connections"].keys() >= {"bare", "fresh", "full"}
    coop.run("export", "--format", "uri", "-v", data=True)
    coop.run("export", "-o", "out.env", "--fill", "fill.json", "-v")
    coop.run("export", "--redacted", "fail", code=4, data=True)
    coop.run("list", "-v")
    coop.run("list", "--output", "json")
    coop.run("show", "connections/full", "connections/bare", "variables/my_token", "variables/settings", but=IN_SHOW)
    coop.run("diff", first, target.box.url, "-v")
    coop.run("diff", first, target.box.url, "--show-values", but=IN_SHOW)
    coop.run("delete", "connections/full", "variables/my_token", "--yes", "--output", "json", "-v")


@on_worker_of("3.3.2")
def test_nothing_is_seen_of_credentials_that_are_refused_or_in_the_wrong_place(target: Target, coop: Coop) -> None:
    plant = coop.canaries.plant
    source = coop.write("a.json", objects(coop.canaries, "source"))
    url, none = target.box.url, {"AIRCONN_USERNAME": None, "AIRCONN_PASSWORD": None}
    coop.run("import", source, code=5, env={"AIRCONN_PASSWORD": plant("wrong password", sharp=True)})
    coop.run("import", source, code=5, env={"AIRCONN_TOKEN": plant("wrong token")})
    coop.run("list", code=2, env={"AIRCONN_TOKEN": plant("a token with blanks", sharp=True)})
    coop.write("token", plant("token file"))
    coop.run("list", code=5, env={**none, "AIRCONN_TOKEN_COMMAND": "cat token"})
    coop.run("list", code=5, env={**none, "AIRCONN_TOKEN_COMMAND": "sh -c 'cat token >&2; cat token; exit 1'"})

    with_userinfo = url.replace("://", f"://admin:{plant('userinfo of a URL')}@")
    coop.run("import", source, code=2, env={"AIRCONN_URL": with_userinfo})
    coop.run("import", source, code=2, env={"AIRCONN_URL": f"{url}/?token={plant('query of a URL')}"})
    config = coop.program.directory / "airconn.toml"
    for content in (
        f'url = "{with_userinfo}"',
        f'token = "{plant("a token in airconn.toml")}"',
        f'url = {plant("broken airconn.toml")}"',
        f'[addresses.prod]\nurl = "{url}"\npassword = "{plant("password in airconn.toml")}"',
        f'timeout = "{plant("timeout in airconn.toml")}"',
    ):
        config.write_text(content)
        coop.run("list", code=2, env={"AIRCONN_URL": None})
    config.unlink()
    coop.run("list", code=2, env={"AIRCONN_TIMEOUT": plant("AIRCONN_TIMEOUT")})
    for place in ("connections/full.password", "variables/my_token.value", "connections/full.extra.api_key"):
        ran = coop.program.run("import", source, "--set", f"{place}={plant(f'--set {place}')}")
        assert (ran.code, coop.canaries.seen_in(ran.out + ran.err)) == (2, [])
    for proxy in ("http://u:{}@127.0.0.1:1", "u:{}@127.0.0.1:1", "http://u:{}@127.0.0.1:port", "ftp://{}@x:1"):
        secret = plant(f"proxy {proxy}")
        coop.run("import", source, code=(2, 5), env={"http_proxy": proxy.format(secret)})
    with Echo(coop.canaries) as echo:
        secret = quote(plant("proxy that answers", sharp=True), safe="")
        coop.run("import", source, code=5, env={"HTTP_PROXY": echo.url.replace("://", f"://u:{secret}@")})
        assert any("proxy-authorization" in request.lower() for request in echo.seen)
    assert target.database()["variables"] == {}


class Echo:
    """A server that repeats what it was sent in all its answers, as 422 of Airflow 3 does. `mode` says which."""

    def __init__(self, canaries: Canaries) -> None:
        echo = self
        self.mode = "proxy"
        self.seen: list[str] = []
        self.token = canaries.plant("a token that was given")

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                request = f"{self.command} {self.path} {self.headers} {body}"
                echo.seen.append(request)
                status, answer = echo.reply(self.command, self.path, request, body)
                data = json.dumps(answer).encode()
                self.send_response_only(status)
                if status == 302:
                    self.send_header("Location", f"https://u:{echo.token}@elsewhere/login?next={echo.token}")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, method: str, path: str, request: str, body: str) -> tuple[int, Any]:
        mode = self.mode
        said = {"detail": f"refused: {request}", "title": request, "error": request, "status": 1}
        if mode == "proxy":
            return 407, said
        if path.endswith("/version"):
            return 200, {"version": "3.3.2"}
        if path == "/auth/token":
            return (422, said) if mode == "login" else (201, {"access_token": self.token})
        if mode.startswith("read"):
            return int(mode.split()[1]), said
        if method == "GET":
            kind, _, id_ = path.partition("?")[0].removeprefix("/api/v2/").partition("/")
            return (404, {"detail": "it was not found"}) if id_ else (200, {kind: [], "total_entries": 0})
        if mode == "fields":  # the shape of FastAPI
            loc = ["body", *json.loads(body)] if body.startswith("{") else ["body"]
            values = list(json.loads(body).values())
            return 422, {"detail": [{"loc": loc, "msg": f"Input {value}", "input": body} for value in values]}
        if mode == "reason":  # the shape of a 409
            return 409, {"detail": {"reason": request, "statement": request, "orig_error": request}}
        return int(mode), said

    def __enter__(self) -> Echo:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


MODES = [
    "422",
    "500",
    "400",
    "403",
    "409",
    "302",
    "200",
    "fields",
    "reason",
    "login",
    "read 500",
    "read 401",
    "read 302",
]


def test_nothing_is_seen_of_a_secret_that_a_server_repeats(airconn: Callable[..., Any], tmp_path: Path) -> None:
    """Most of it in this process, which is as good for messages, and twenty times as fast."""
    canaries = Canaries()
    secrets = {"AIRCONN_USERNAME": "me", "AIRCONN_PASSWORD": canaries.plant("AIRCONN_PASSWORD", sharp=True)}
    coop = Coop(Program(tmp_path / "work", secrets), canaries)
    source = coop.write("a.json", objects(canaries, "source"))
    path = coop.program.directory / source
    with Echo(canaries) as echo:
        for mode in MODES:
            echo.mode, echo.seen = mode, []
            for options in ([], ["--output", "json", "-v"]):
                environ = {**secrets, "AIRCONN_URL": echo.url, "AIRCONN_RETRIES": "0"}
                done = airconn("import", path, *options, env=environ)
                assert canaries.seen_in(done.out + done.err) == [], (mode, done.out, done.err)
                code = 5 if mode.startswith(("read", "login")) else 1
                assert done.code == code, (mode, done.out, done.err)
            assert mode.startswith("read") or any(canaries.seen_in(request) for request in echo.seen)
        for echo.mode in ("422", "fields"):
            coop.run("import", source, "-v", code=1, env={"AIRCONN_URL": echo.url}, python=("-X", "dev"))
    assert coop.found == []


def test_nothing_is_seen_of_a_secret_in_files_alone(tmp_path: Path) -> None:
    coop = Coop(Program(tmp_path / "work", {}), Canaries())
    first, second = (coop.write(f"{turn}.json", objects(coop.canaries, turn)) for turn in ("first", "second"))
    env = coop.write(".env", dotenv(coop.canaries, "env"))
    environ = {"AIRFLOW_VAR_PLAIN": coop.canaries.plant("env: variable"), "AIRFLOW_CONN_BARE": "x://u:p@h:1/%zz"}
    coop.run("convert", first, "--format", "uri", "--strict", "-v", data=True, code=3)
    coop.run("convert", first, "--format", "env", "-v", data=True)
    coop.run("convert", first, "-o", "airflow_settings.yaml", "-v")
    coop.run("convert", second, "-o", "airflow_settings.yaml", "-v")
    coop.run("convert", env, second, "-o", "out.json", "-v")
    coop.run("import", second, "--to", "airflow_settings.yaml", "--dry-run", "--show-values", but=IN_SHOW)
    coop.run("import", first, "--to", "airflow_settings.yaml", "--output", "json")
    coop.run("check", first, env, "airflow_settings.yaml", "-v", code=(0, 3))
    coop.run("check", env, "--fix", "-v", code=(0, 3), env={"GITHUB_ACTIONS": "true"})
    coop.run("diff", first, second, "--show-values", but=IN_SHOW)
    coop.run("list", "--from", "env:", env=environ)
    shown = [f"connections/{id_}" for id_ in ("full", "bare")]
    shown += [f"variables/{key}" for key in ("my_token", "uri", "settings", "dotted", "plain")]
    coop.run("show", *shown, "--from", first, but=IN_SHOW)
    coop.run("show", *shown, "--from", first, "--output", "json", but=IN_SHOW)
    coop.run("show", *shown, "--from", first, "--reveal", data=True)
    coop.run("show", "connections/web", "--from", env, but=("env login", "env query"))
    coop.run("delete", "connections/full", "--from", first, "--yes", "-v")
    coop.run("completion", "bash", data=False)
    assert coop.found == [], [entry[:3] for entry in coop.found]


FORMATS = {"env": "env", "uri": "uri", "json": "json", "yaml": "yaml", "settings": "airflow_settings.yaml"}
INSERTED = [
    "",
    "",
    '"',
    "'",
    "{",
    "]",
    ":",
    ": ",
    "\n",
    "\t",
    "=",
    "\\",
    "\0",
    "- ",
    "/",
    "@",
    "%",
    "&",
    "*",
    "#",
    "\ud7ff",
]


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_quoted_of_a_file_that_was_broken_anywhere(
    airconn: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    """A character goes or comes at many places, and all commands that read it say what they think of that."""
    canaries = Canaries()
    source = tmp_path / "whole.json"
    source.write_text(json.dumps(objects(canaries, "file")))
    whole = airconn("convert", source, "--format", name, *(["--connections"] if name == "uri" else [])).out
    assert canaries.seen_in(whole)
    path = tmp_path / f"broken.{FORMATS[name]}" if name != "settings" else tmp_path / FORMATS[name]
    chance = random.Random(name)
    found = []
    for _ in range(50):
        at = chance.randrange(len(whole))
        gone, come = chance.choice([0, 1, 1, 4]), chance.choice(INSERTED)
        path.write_bytes((whole[:at] + come + whole[at + gone :]).encode("utf-8", "surrogatepass"))
        before = whole[max(0, at - 30) : at + 10]
        for args in (
            ["check", path, "--from-format", name],
            ["list", "--from", path, "--from-format", name],
            ["convert", path, "-o", tmp_path / "out.json", "--from-format", name],
            ["convert", path, "-o", tmp_path / "out.env", "--from-format", name],
            ["import", source, "--to", path, "--dry-run"],
        ):
            done = airconn(*args)
            if (seen := canaries.seen_in(done.out + done.err)) or done.code not in (0, 2, 3, 4):
                found.append((args[0], repr(come), repr(before), seen, done.code, done.out + done.err))
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "AIRFLOW_VAR_MY_TOKEN{}",
        "AIRFLOW_CONN_DB{}",
        "AIRFLOW_CONN_DB:{}=",
        "{}=x",
        "AIRFLOW_VAR_X {}",
        "'{}",
        "A='{}",
    ],
)
def test_nothing_is_quoted_of_a_line_without_its_equals_sign(airconn: Callable[..., Any], line: str) -> None:
    canaries = Canaries()
    text = line.format(canaries.plant("what stands where a name is looked for"))
    for command in ("check", "list", "convert"):
        done = airconn(command, *(["--from"] if command == "list" else []), "-", "--from-format", "env", stdin=text)
        assert canaries.seen_in(done.out + done.err) == [], done.err


class LeakError(RuntimeError):
    pass


PATCHED = [
    "airconn.transfer.loading.load",
    "airconn.transfer.exporting.load",
    "airconn.transfer.listing.reported_reads.read",
    "airconn.transfer.importing.load_for",
    "airconn.transfer.importing.make_plan",
    "airconn.transfer.engine.carry_out",
    "airconn.cli.import_view.Printer.up_to",
    "airconn.transfer.places.open_store",
    "airconn.transfer.overriding.make_change",
    "airconn.config.Config.load",
    "airconn.report.summary",
    "airconn.formats.get_format",
    "airconn.stores.saving.write_atomically",
    "airconn.stores.file.Path.read_bytes",
    "airconn.stores.file.FileStore.apply",
    "airconn.stores.http.transport.Transport.send",
    "airconn.stores.airflow_api.writes.ApiWriter._carry_out",
    "airconn.stores.airflow_api.pages.Lister.read",
]


@pytest.mark.parametrize("internal", PATCHED)
def test_nothing_is_seen_of_a_secret_in_the_text_of_an_exception(
    airconn: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, internal: str
) -> None:
    canaries = Canaries()
    secret = canaries.plant("the text of an exception", sharp=True)
    kinds: list[Callable[[], BaseException]] = [
        lambda: LeakError(secret),
        lambda: OSError(secret),
        lambda: OSError(5, "Input/output error", secret),
        lambda: UnicodeDecodeError("utf-8", secret.encode(), 0, 1, secret),
    ]
    source = tmp_path / "a.json"
    source.write_text(json.dumps({"variables": {"a": "1"}}))
    with Echo(canaries) as echo:
        echo.mode = "200"
        for make in kinds:

            def fails(*args: object, make: Callable[[], BaseException] = make, **options: object) -> None:
                raise make()

            with monkeypatch.context() as patch:
                patch.setattr(internal, fails)
                for args in (
                    ["import", source],
                    ["import", source, "--to", tmp_path / "b.json"],
                    ["list"],
                    ["convert", source],
                ):
                    environ = {"AIRCONN_URL": echo.url, "AIRCONN_TOKEN": "t", "AIRCONN_RETRIES": "0"}
                    done = airconn(*args, "-v", env=environ)
                    said = done.out + done.err
                    assert (canaries.seen_in(said), "Traceback" in said) == ([], False), said
