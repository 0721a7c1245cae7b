"""`--resolve`: references in sources are replaced by the values that they name."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Result

Airconn = Callable[..., Result]

CANARY = "canary-8d1f"

OP = f"""#!{sys.executable}
import pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "op.log").open("a") as log:
    print(*sys.argv[1:], sep="|", file=log)
command, *words = sys.argv[1:]
flags = [word for word in words if word.startswith("-")]
references = [word for word in words if not word.startswith("-")]
# `op read [-n | --no-newline] REFERENCE`, as it is published.
if command != "read" or set(flags) - {{"-n", "--no-newline"}} or len(references) != 1:
    sys.exit("unknown usage")
vault, item, *_ = references[0].removeprefix("op://").split("/")
if vault == "locked":
    print("[ERROR] you are not currently signed in. {CANARY}", file=sys.stderr)
    sys.exit(6)
while item == "endless":
    (sys.stderr if vault == "errors" else sys.stdout).write("{CANARY}" * 10000)
if item == "lost":
    print('[ERROR] could not read secret: "lost" isn\\'t an item in the vault. {CANARY}', file=sys.stderr)
    sys.exit(1)
sys.stdout.write("{CANARY} op " + item + ("" if flags else "\\n"))
"""
"""A stand-in for the 1Password CLI, which needs an account."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/op").write_text(OP)
    (tmp_path / "bin/op").chmod(0o755)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/pw").write_text(f"{CANARY} file\n")
    (tmp_path / "other.yaml").write_text(
        "connections:\n"
        f"  real: {{conn_type: mysql, host: h, login: '', password: {CANARY} ref, extra: {{k: {CANARY} k}}}}\n"
        "  hidden: {conn_type: http, password: '***'}\n"
        "  a.b: {conn_type: http, host: dotted}\n"
        "  twice: {conn_type: http, password: 'ref:other.yaml#connections/real.password'}\n"
        f"variables: {{q: {CANARY} q, uri: 'postgres://u:{CANARY}@h/db'}}\n"
    )
    return tmp_path


def environ(place: Path) -> dict[str, str]:
    return {"PATH": str(place / "bin"), "DB_HOST": f"{CANARY} env", "AIRCONN_TOKEN": f"{CANARY} token"}


def converted(airconn: Airconn, place: Path, objects: object, *args: object) -> Result:
    source = place / "objects.json"
    source.write_text(json.dumps(objects))
    return airconn("convert", source, "--format", "json", *args, env=environ(place))


def connection(password: str, **fields: object) -> dict[str, object]:
    return {"connections": {"x": {"conn_type": "http", "password": password, **fields}}}


VALUES = {
    "a variable": ("env:DB_HOST", f"{CANARY} env"),
    "a file without its line end": ("file:secrets/pw", f"{CANARY} file"),
    "a field of another place": ("ref:other.yaml#connections/real.password", f"{CANARY} ref"),
    "a key of an extra": ("ref:other.yaml#connections/real.extra.k", f"{CANARY} k"),
    "the object in the address": ("ref:other.yaml/connections/real#extra.k", f"{CANARY} k"),
    "an id with a dot": ("ref:other.yaml#connections/a.b.host", "dotted"),
    "a variable of another place": ("ref:other.yaml#variables/q", f"{CANARY} q"),
    "a variable in the address": ("ref:other.yaml/variables/q#value", f"{CANARY} q"),
    "1Password": ("op://prod/db/password", f"{CANARY} op db"),
    "1Password with blanks": ("op://My Vault/my db/one-time password?attribute=otp", f"{CANARY} op my db"),
}


@pytest.mark.parametrize(("text", "value"), VALUES.values(), ids=VALUES)
def test_a_reference_becomes_its_value_at_each_leaf(airconn: Airconn, place: Path, text: str, value: str) -> None:
    objects = {
        "connections": {"x": {"conn_type": "http", "host": text, "password": text, "extra": {"a": [{"b": text}]}}},
        "variables": {"v": text, "j": json.dumps({"deep": [text]})},
    }
    result = converted(airconn, place, objects, "--resolve", "all")
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    x, variables = found["connections"]["x"], found["variables"]
    assert (x["host"], x["password"], json.loads(x["extra"])) == (value, value, {"a": [{"b": value}]})
    assert (variables["v"], json.loads(variables["j"])) == (value, {"deep": [value]})


def test_without_the_option_a_reference_blocks_in_the_place_of_a_secret(airconn: Airconn, place: Path) -> None:
    for number, text in enumerate(("env:DB_HOST", "file:secrets/pw", "ref:other.yaml#variables/q", "op://a/b/c")):
        (place / "one.json").write_text(json.dumps(connection(text)))
        result = airconn("import", place / "one.json", "--to", place / f"{number}.json", env=environ(place))
        kind = text.partition(":")[0]
        assert result.code == 4
        assert (
            f"not the value: use --resolve {kind} (--literal connections/x.password if it is the value)" in result.out
        )
        assert not (place / f"{number}.json").exists()
    assert not (place / "bin/op.log").exists()


def test_only_the_kinds_that_are_given_are_followed_and_others_are_told_once(airconn: Airconn, place: Path) -> None:
    objects = connection("ref:other.yaml#variables/q", host="env:DB_HOST", login="env:DB_HOST")
    result = converted(airconn, place, objects, "--resolve", "ref")
    found = json.loads(result.out)["connections"]["x"]
    assert (found["password"], found["host"]) == (f"{CANARY} q", "env:DB_HOST")
    assert result.err == (
        "warning: connections/x.host, connections/x.login: taken as text, because --resolve doesn't allow env\n"
    )


WHOLE = {
    "another connection": ("ref:other.yaml/connections/real", f"{CANARY} ref", "mysql"),
    "a text with a URI": ("ref:other.yaml#variables/uri", CANARY, "postgres"),
}


@pytest.mark.parametrize(("text", "password", "type_"), WHOLE.values(), ids=WHOLE)
def test_a_whole_connection_may_be_a_reference(
    airconn: Airconn, place: Path, text: str, password: str, type_: str
) -> None:
    (place / ".env").write_text(f"AIRFLOW_CONN_MINE={text}\n")
    result = airconn("convert", place / ".env", "--format", "json", "--resolve", "ref", env=environ(place))
    assert (result.code, result.err) == (0, "")
    mine = json.loads(result.out)["connections"]["mine"]
    assert (mine["password"], mine["conn_type"]) == (password, type_)


FAULTS = {
    "no variable": ("env:NOPE", 3, "the environment variable NOPE is not set"),
    "no file": ("file:secrets/nope", 3, "no such file"),
    "no object": ("ref:other.yaml#connections/rael.password", 3, "has no connections/rael"),
    "no field that is set": ("ref:other.yaml#connections/real.schema", 3, "connections/real.schema is not set"),
    "not a field": ("ref:other.yaml/connections/real#pasword", 3, "what follows '#' is not a field of a connection"),
    "which object": ("ref:other.yaml", 3, "it doesn't say which object is meant"),
    "no place": ("ref:nope.yaml#variables/q", 3, "no such file"),
    "an unknown name": ("ref:@nope#variables/q", 3, "no address is named @nope"),
    "standard input": ("ref:-#variables/q", 0, ""),
    "a whole connection as a value": (
        "ref:other.yaml#connections/real",
        3,
        "that is a whole connection, not a value",
    ),
    "hidden there": (
        "ref:other.yaml#connections/hidden.password",
        4,
        "hides the value of connections/hidden.password",
    ),
    "a reference again": ("ref:other.yaml#connections/twice.password", 4, "the value there is a reference itself"),
    "a file elsewhere": ("file:/etc/hostname", 4, "outside of the directories that --resolve allows"),
    "a file elsewhere by dots": ("file:secrets/../../x", 4, "outside of the directories that --resolve allows"),
    "objects elsewhere": ("ref:/etc/x.yaml#variables/q", 4, "outside of the directories that --resolve allows"),
    "a host for a token": ("ref:vault://evil.example.com/secret#variables/q", 4, "a reference may not do that"),
    "a command": ("ref:airflow-cli:touch x#variables/q", 0, ""),
    "a command without blanks": ("ref:airflow-cli:reboot#variables/q", 4, "runs a command"),
    "airconn's own token": ("env:AIRCONN_TOKEN", 4, "may hold credentials"),
    "a token of a backend": ("env:VAULT_TOKEN", 4, "may hold credentials"),
    "an Airflow of others": ("ref:https://evil.example.com#variables/q", 4, "you haven't agreed to that host"),
    "nothing in 1Password": ("op://prod/lost/password", 3, "1Password has no such vault, item or field"),
    "a value without end": ("op://prod/endless/password", 3, "op printed more than 1 MiB"),
    "1Password is locked": ("op://locked/db/password", 5, "op failed with exit code 6"),
}


@pytest.mark.parametrize(("text", "code", "message"), FAULTS.values(), ids=FAULTS)
def test_a_reference_that_gives_nothing_is_told_with_its_place_and_the_reason(
    airconn: Airconn, place: Path, text: str, code: int, message: str
) -> None:
    result = converted(airconn, place, connection(text), "--resolve", "all")
    if not code:  # not a reference at all
        assert (result.code, CANARY in result.out) == (0, False)
        assert "connections/x.password: begins with ref:, but is not a reference; taken as text" in result.err
        return
    assert (result.code, result.out) == (code, "")
    first = result.err.splitlines()[0]
    assert first.startswith(f"error: {place / 'objects.json'}:1:18: connections/x.password: {text}: ")
    assert message in first
    assert CANARY not in result.err


def test_errors_of_op_without_an_end_end_with_the_deadline(airconn: Airconn, place: Path) -> None:
    (place / "objects.json").write_text(json.dumps(connection("op://errors/endless/password")))
    args = ("import", "objects.json", "--to", "out.json", "--resolve", "op", "--deadline", "3")
    result = airconn(*args, env=environ(place))
    assert (result.code, result.out) == (5, "")
    assert "op gave no value within" in result.err
    assert CANARY not in result.err


def test_all_faults_of_a_file_are_told_before_any_place_is_asked(airconn: Airconn, place: Path) -> None:
    objects = connection("env:NOPE", host="ref:other.yaml", login="op://prod/db/password")
    result = converted(airconn, place, objects, "--resolve", "all")
    assert result.code == 3
    assert [line.split(": ")[2] for line in result.err.splitlines() if line.startswith("error")] == [
        "connections/x.host",
        "connections/x.password",
    ]
    assert not (place / "bin/op.log").exists()


def test_a_place_is_read_once_and_a_program_is_run_once_for_each_value(
    airconn: Airconn, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airconn.stores.file import FileStore

    reads: list[str] = []
    read = FileStore.read

    def counted(store: FileStore, *args: object) -> object:
        reads.append(store.address)
        return read(store, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(FileStore, "read", counted)
    password, other = "ref:other.yaml#connections/real.password", "ref:other.yaml#variables/q"
    objects = {
        "connections": {
            str(number): {"conn_type": "http", "password": password, "login": other, "host": "op://prod/db/password"}
            for number in range(20)
        }
    }
    assert converted(airconn, place, objects, "--resolve", "all").code == 0
    assert reads.count("other.yaml") == 1
    assert (place / "bin/op.log").read_text() == "read|-n|op://prod/db/password\n"


def test_a_value_is_masked_whatever_its_name(airconn: Airconn, place: Path) -> None:
    objects = connection("ref:other.yaml#variables/q", host="env:DB_HOST")
    objects["variables"] = {"region": "env:DB_HOST"}
    (place / "a.json").write_text(json.dumps(objects))
    (place / "b.json").write_text(json.dumps(objects).replace("env:DB_HOST", "plain").replace("ref:", "x"))
    env = environ(place)
    shown = airconn("show", "x", "region", "--from", place / "a.json", "--resolve", "all", env=env)
    diff = airconn("diff", place / "a.json", place / "b.json", "--show-values", "--resolve", "all", env=env)
    pushed = airconn(
        "import", place / "a.json", "--to", place / "b.json", "--show-values", "-v", "--resolve", "all", env=env
    )
    for result in (shown, diff, pushed):
        assert (result.code, CANARY in result.out + result.err) == (0, False)
    assert shown.out.count("***") == 3
    assert "(a secret)" in diff.out


def test_get_follows_only_the_reference_that_is_asked_for(airconn: Airconn, place: Path) -> None:
    (place / "a.json").write_text(json.dumps(connection("env:DB_HOST", host="env:NOPE")))
    result = airconn(
        "get", "connections/x.password", "--from", place / "a.json", "--resolve", "env", env=environ(place)
    )
    assert (result.code, result.out) == (0, f"{CANARY} env")


def test_a_field_that_an_overlay_replaces_is_not_followed(airconn: Airconn, place: Path) -> None:
    objects = connection("op://prod/lost/password", login="op://prod/lost/login", extra={"t": "op://prod/lost/t"})
    (place / "over.yaml").write_text(
        "connections:\n  x:\n    password: op://prod/db/password\n    extra: {t: 'ref:other.yaml#variables/q'}\n"
    )
    result = converted(
        airconn,
        place,
        objects,
        "--resolve",
        "all",
        "--overlay",
        place / "over.yaml",
        "--set",
        "connections/x.login=me",
    )
    assert (result.code, result.err) == (0, "")
    x = json.loads(result.out)["connections"]["x"]
    assert (x["password"], x["login"], x["extra"]) == (f"{CANARY} op db", "me", f'{{"t": "{CANARY} q"}}')


def test_an_overlay_follows_other_places_only_with_the_option(airconn: Airconn, place: Path) -> None:
    (place / "over.yaml").write_text("connections: {x: {password: 'op://prod/db/password', host: 'env:DB_HOST'}}\n")
    result = converted(airconn, place, connection("a"), "--overlay", place / "over.yaml")
    x = json.loads(result.out)["connections"]["x"]
    assert (x["password"], x["host"]) == ("op://prod/db/password", f"{CANARY} env")
    assert "use --resolve op" in result.err


def test_a_literal_place_is_the_text_itself(airconn: Airconn, place: Path) -> None:
    result = converted(
        airconn, place, connection("env:NOPE"), "--resolve", "all", "--literal", "connections/x.password"
    )
    assert (result.code, json.loads(result.out)["connections"]["x"]["password"]) == (0, "env:NOPE")


LIMITS = {
    "a glob": ("env:DB_*", "env:DB_HOST", 0),
    "another glob": ("env:OTHER_*", "env:DB_HOST", 4),
    "credentials by their name": ("env:AIRCONN_TOKEN", "env:AIRCONN_TOKEN", 0),
    "credentials by a glob": ("env:AIRCONN_*", "env:AIRCONN_TOKEN", 4),
    "a directory": ("file:secrets", "file:secrets/pw", 0),
    "another directory": ("file:bin", "file:secrets/pw", 4),
    "a directory that begins alike": ("file:sec", "file:secrets/pw", 4),
}


@pytest.mark.parametrize(("words", "text", "code"), LIMITS.values(), ids=LIMITS)
def test_words_narrow_down_what_is_allowed(airconn: Airconn, place: Path, words: str, text: str, code: int) -> None:
    assert converted(airconn, place, connection(text), "--resolve", words).code == code


def test_a_link_out_of_the_directory_is_not_followed(airconn: Airconn, place: Path) -> None:
    (place / "secrets/link").symlink_to("/etc/hostname")
    assert converted(airconn, place, connection("file:secrets/link"), "--resolve", "file").code == 4


def test_a_faulty_word_is_told_before_anything_is_read(airconn: Airconn, place: Path) -> None:
    for word in ("evn", "env:", "op:x", "all:x", ""):
        result = airconn("import", place / "nope.json", "--resolve", word)
        assert (result.code, result.err.splitlines()[-1]) == (2, "nothing was written")


def test_the_user_may_allow_references_for_all_runs_and_a_project_may_not(airconn: Airconn, place: Path) -> None:
    (place / "a.json").write_text(json.dumps(connection("env:DB_HOST")))
    args = ("convert", place / "a.json", "--format", "json")
    env = {**environ(place), "AIRCONN_RESOLVE": "env"}
    assert f"{CANARY} env" in airconn(*args, env=env).out
    user = place.parent / f"{place.name}-user.toml"
    user.write_text('resolve = ["env:DB_*"]\n')
    assert f"{CANARY} env" in airconn(*args, env=environ(place)).out
    user.write_text("")
    (place / "airconn.toml").write_text('resolve = ["env"]\n')
    result = airconn(*args, env=environ(place))
    assert (result.code, CANARY in result.out) == (2, False)
    assert "'resolve' decides which of your secrets are read, and a project's file may not do that" in result.err


def test_changing_an_object_of_a_file_keeps_its_references(airconn: Airconn, place: Path) -> None:
    source = place / "a.json"
    source.write_text(json.dumps(connection("env:DB_HOST")))
    env = {**environ(place), "AIRCONN_RESOLVE": "all"}
    result = airconn("set", "connections/x.host=new", "--to", source, env=env)
    assert "env:DB_HOST" in source.read_text()
    assert CANARY not in source.read_text() + result.out + result.err


def test_a_plan_holds_no_value_and_resolves_again(airconn: Airconn, place: Path) -> None:
    (place / "a.json").write_text(json.dumps(connection("env:DB_HOST")))
    plan, env = place / "plan.json", environ(place)
    args = ("import", place / "a.json", "--to", place / "new.json", "--resolve", "env", "--plan-out", plan)
    assert airconn(*args, env=env).code == 0
    assert CANARY not in plan.read_text()
    assert airconn("apply", plan, env={**env, "DB_HOST": "other"}).code == 4
    assert airconn("apply", plan, env=env).code == 0
    assert f"{CANARY} env" in (place / "new.json").read_text()


def test_a_name_of_the_users_own_file_is_trusted_and_one_of_the_project_is_not(airconn: Airconn, place: Path) -> None:
    objects = connection("ref:@other#variables/q")
    table = '[addresses]\nother = "https://127.0.0.1:9"\n'
    (place / "airconn.toml").write_text(table)
    result = converted(airconn, place, objects, "--resolve", "ref")
    assert (result.code, "you haven't agreed to that host" in result.err) == (4, True)
    (place / "airconn.toml").write_text('[addresses]\nother = "/etc/other.yaml"\n')
    result = converted(airconn, place, objects, "--resolve", "ref")
    assert (result.code, "outside of the directories" in result.err) == (4, True)
    (place / "airconn.toml").unlink()
    (place.parent / f"{place.name}-user.toml").write_text(table)
    assert converted(airconn, place, objects, "--resolve", "ref").code == 5


def test_check_lists_references_and_finds_faulty_ones_offline(airconn: Airconn, place: Path) -> None:
    (place / "a.json").write_text(json.dumps(connection("op://prod/db/password", host="ref:other.yaml")))
    result = airconn("check", place / "a.json", "--resolve", "all", "--output", "json", env=environ(place))
    found = [(each["code"], each["message"]) for each in json.loads(result.out)["findings"]]
    assert found == [
        ("AC520", "references to values elsewhere: host (ref), password (op)"),
        ("AC521", "host: it doesn't say which object is meant"),
    ]
    assert result.code == 3
    assert not (place / "bin/op.log").exists()


def test_a_text_that_is_no_connection_is_told_and_not_quoted(airconn: Airconn, place: Path) -> None:
    (place / ".env").write_text("AIRFLOW_CONN_MINE=file:secrets/pw\n")
    result = airconn("convert", place / ".env", "--format", "json", "--resolve", "file", env=environ(place))
    assert (result.code, CANARY in result.err) == (3, False)
    assert "connections/mine: file:secrets/pw: the value there is neither a URI nor a JSON object" in result.err


def test_one_warning_names_all_kinds_that_are_needed(airconn: Airconn, place: Path) -> None:
    objects = {
        "connections": {
            id_: {"conn_type": "http", "password": text}
            for id_, text in {
                "a": "op://prod/db/password",
                "b": "ref:other.yaml#variables/q",
                "c": "env:DB_HOST",
            }.items()
        }
    }
    result = converted(airconn, place, objects)
    assert result.code == 0
    assert "references to secrets are in the place of 3 values" in result.err
    assert result.err.endswith("; use --resolve op,ref,env\n")


def test_an_overlay_that_only_a_project_names_takes_what_the_option_allows(airconn: Airconn, place: Path) -> None:
    (place / "airconn.toml").write_text('[targets.eu]\naddress = "new.json"\noverlay = "eu.yaml"\n')
    (place / "a.json").write_text(json.dumps(connection("a")))
    args = ("import", place / "a.json", "--to", "@eu", "--yes")
    for text, words, code in (
        ("env:DB_HOST", "env", 0),
        ("op://prod/db/password", "op", 0),
        ("ref:other.yaml#variables/q", "ref", 0),
        ("file:secrets/pw", "file", 0),
        ("file:/etc/hostname", "file", 4),
        ("env:DB_HOST", "ref", 2),
        ("env:VAULT_TOKEN", "env", 4),
    ):
        (place / "new.json").unlink(missing_ok=True)
        (place / "eu.yaml").write_text(f"connections: {{x: {{password: '{text}'}}}}\n")
        result = airconn(*args, "--resolve", words, env=environ(place))
        assert (text, words, result.code) == (text, words, code)
        assert (CANARY in (place / "new.json").read_text()) if not code else not (place / "new.json").exists()
        assert CANARY not in result.out + result.err


def test_a_fill_may_have_references(airconn: Airconn, place: Path) -> None:
    (place / "fill.json").write_text(json.dumps(connection("op://prod/db/password")))
    args = ("--resolve", "op", "--fill", place / "fill.json")
    result = converted(airconn, place, connection("***", host="h"), *args)
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["connections"]["x"]["password"] == f"{CANARY} op db"


def test_a_deadline_ends_what_1password_may_take(airconn: Airconn, place: Path) -> None:
    (place / "bin/op").write_text("#!/bin/sh\nexec /bin/sleep 20\n")
    (place / "a.json").write_text(json.dumps(connection("op://prod/db/password")))
    args = ("import", place / "a.json", "--to", place / "new.json", "--resolve", "op", "--deadline", "0.5")
    result = airconn(*args, env=environ(place))
    assert (result.code, "op gave no value within 1 s" in result.err) == (5, True)


def test_without_the_program_of_1password_nothing_is_written(airconn: Airconn, place: Path) -> None:
    (place / "bin/op").unlink()
    (place / "a.json").write_text(json.dumps(connection("op://prod/db/password")))
    result = airconn("import", place / "a.json", "--to", place / "new.json", "--resolve", "op", env=environ(place))
    assert (result.code, "the program op isn't there" in result.err) == (5, True)
    assert not (place / "new.json").exists()


def test_a_file_is_not_its_own_target_because_references_are_resolved(airconn: Airconn, place: Path) -> None:
    source = place / "a.json"
    source.write_text(json.dumps(connection("env:DB_HOST")))
    for args, env in ((("--resolve", "env"), {}), ((), {"AIRCONN_RESOLVE": "env"})):
        result = airconn("import", source, "--to", source, "--yes", *args, env={**environ(place), **env})
        assert (result.code, "is both the source and the target" in result.err) == (2, True)
    assert CANARY not in source.read_text()


def test_a_pipe_or_a_device_without_an_end_is_no_value_of_a_reference(airconn: Airconn, place: Path) -> None:
    os.mkfifo(place / "pipe")
    for reference in ("file:pipe", "file:/dev/zero"):
        result = converted(airconn, place, connection(reference), "--resolve", "file,file:/dev")
        assert (result.code, "this is a pipe or a device, not a file" in result.err) == (3, True)


def test_a_target_whose_address_is_its_own_name_is_not_suggested_for_itself(airconn: Airconn, place: Path) -> None:
    (place / "airconn.toml").write_text('[targets.eu]\naddress = "@eu"\n')
    result = airconn("list", "--from", "@eu")
    assert (result.code, "no address is named @eu" in result.err, "did you mean" in result.err) == (2, True, False)
