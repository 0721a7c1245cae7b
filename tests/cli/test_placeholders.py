"""Masks, references, ciphertext and templates in the place of a secret, as a user meets them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

SECRET = "the-real-secret"
SOPS = "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:A==,type:str]"
TYPES = {
    "AC502": ["<hidden>", "[REDACTED]", "****", "(sensitive value)", "••••••", "xxxxx", "[FILTERED]", "__redacted__"],
    "AC507": [
        "op://prod/db/pw",
        "vault:secret/data/db#pw",
        "ref+awsssm://db",
        "aws-sm:db",
        "akv://kv/db",
        "sm://p/db",
    ],
    "AC508": [SOPS, "encrypted:BKx0aXyzBKx0aXyzBKx0aXyz", "$ANSIBLE_VAULT;1.1;AES256\n6231"],
    "AC509": ["{{ db_password }}", "${DB_PASSWORD}", "<%= @pw %>", "$(cat /run/pw)", "%{pw}", "${{ secrets.PW }}"],
}
CASES = [(code, text) for code, texts in TYPES.items() for text in texts]


def held(directory: Path) -> Path:
    """A target that has the object with its real secrets."""
    path = directory / "target.json"
    extra = {"token": SECRET, "keyfile_dict": json.dumps({"private_key": SECRET})}
    connection = {"conn_type": "http", "host": "h", "password": SECRET, "extra": extra}
    path.write_text(json.dumps({"connections": {"db": connection}, "variables": {"api_token": SECRET}}))
    return path


def places(text: str) -> dict[str, dict[str, object]]:
    """The same placeholder in each place of a secret, by the place that `--literal` names."""
    inside = json.dumps({"private_key": text})
    return {
        "connections/db.password": {"connections": {"db": {"conn_type": "http", "password": text}}},
        "connections/db.extra.token": {"connections": {"db": {"conn_type": "http", "extra": {"token": text}}}},
        "connections/db.extra.keyfile_dict": {
            "connections": {"db": {"conn_type": "http", "extra": {"keyfile_dict": inside}}}
        },
        "variables/api_token.value": {"variables": {"api_token": text}},
    }


@pytest.mark.parametrize(("code", "text"), CASES, ids=[text[:16] for _, text in CASES])
def test_a_placeholder_blocks_create_and_update_alike_and_check_has_a_rule_for_its_type(
    airconn, tmp_path: Path, code: str, text: str
) -> None:
    target = held(tmp_path)
    before = target.read_text()
    for number, (place, objects) in enumerate(places(text).items()):
        source = tmp_path / f"source{number}.json"
        source.write_text(json.dumps(objects))
        source.chmod(0o600)
        for to in (target, tmp_path / "new.json"):
            result = airconn("import", source, "--to", to)
            assert (result.code, target.read_text(), (tmp_path / "new.json").exists()) == (4, before, False)
            assert f"(--literal {place} if it is the value)" in result.out
            assert text not in result.out + result.err
        assert airconn("check", source).out.count(code) == 1
        assert airconn("check", source).code == 3
        assert airconn("import", source, "--to", target, "--literal", place, "--dry-run").code == 0


@pytest.mark.parametrize(
    "text", ["CHANGEME", "change-me", "__PASSWORD__", "<your-password>", "xxxx", "TODO", "FIXME"]
)
def test_what_may_be_real_on_a_laptop_is_a_warning(airconn, tmp_path: Path, text: str) -> None:
    source, target = tmp_path / "connections.json", tmp_path / "t.json"
    source.write_text(json.dumps({id_: {"conn_type": "http", "password": text} for id_ in "ab"}))
    source.chmod(0o600)
    result = airconn("import", source, "--to", target)
    assert result.code == 0
    assert text in target.read_text()
    said = f"{source}:1:2: 2 values look like a note to fill in a value: connections/a.password (line 1)"
    assert next(line for line in result.err.splitlines() if "warning" in line).startswith(f"warning: {said}")
    assert text not in result.err
    checked = airconn("check", source)
    assert (checked.code, checked.out.count("warning AC510")) == (0, 2)
    literal = [word for id_ in "ab" for word in ("--literal", f"connections/{id_}.password")]
    assert "look like" not in airconn("import", source, "--to", target, *literal).err
    (tmp_path / "password").write_text(SECRET)
    real = [word for id_ in "ab" for word in ("--set-file", f"connections/{id_}.password={tmp_path / 'password'}")]
    assert "look like" not in airconn("import", source, "--to", target, *real).err


@pytest.mark.parametrize("command", ["convert", "export", "run", "diff"])
def test_commands_without_a_plan_warn_once_for_each_type(airconn, tmp_path: Path, command: str) -> None:
    source = tmp_path / "connections.json"
    found = {f"c{number}": {"conn_type": "http", "password": "<hidden>"} for number in range(200)}
    found["d"] = {"conn_type": "http", "password": "op://a/b/c"}
    found["e"] = {"conn_type": "http", "password": "CHANGEME"}
    source.write_text(json.dumps(found))
    other = tmp_path / "other.json"
    other.write_text('{"connections": {}}')
    args = {
        "convert": (source, "--format", "json"),
        "export": ("--from", source, "--format", "json"),
        "run": ("--from", source, "--dry-run"),
        "diff": (source, other),
    }
    result = airconn(command, *args[command])
    assert result.code == 0
    mask, reference, sample = [line for line in result.err.splitlines() if line.startswith("warning")]
    assert "a mask of another tool is in the place of 200 values: connections/c0.password (line 1)" in mask
    assert mask.endswith("and 195 more; fill in the value")
    assert (
        "a reference to 1Password is in the place of a value: connections/d.password; use --resolve op" in reference
    )
    assert "a value looks like a note to fill in a value: connections/e.password; fill in the value" in sample


def test_a_blocked_import_says_how_many_of_each_type_there_are(airconn, tmp_path: Path) -> None:
    source = tmp_path / "connections.json"
    found = {
        f"c{number}": {"conn_type": "http", "password": "<hidden>", "extra": {"token": "{{ t }}"}}
        for number in range(3)
    }
    source.write_text(json.dumps(found))
    result = airconn("import", source, "--to", tmp_path / "t.json")
    assert result.code == 4
    assert (
        "hint:  correct what is listed with '!' (3 masks, 3 templates), or exclude it (airconn help secrets)\n"
        in result.err
    )


@pytest.mark.parametrize("text", ["op://prod/airflow/db", "<hidden>", "****", "${DB_URI}", "gcp-sm://p/db", SOPS])
def test_a_connection_that_is_one_as_a_whole_is_blocked(airconn, tmp_path: Path, text: str) -> None:
    source = tmp_path / "connections.json"
    source.write_text(json.dumps({"db": text}))
    source.chmod(0o600)
    result = airconn("import", source, "--to", tmp_path / "t.json")
    assert (result.code, (tmp_path / "t.json").exists()) == (4, False)
    assert "all of it is " in result.out
    assert "not a connection" in result.out
    checked = airconn("check", source)
    assert checked.code == 3
    assert "AC203" not in checked.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ db_uri }}", "all of it is a template, not a connection"),
        ("{{resolve:secretsmanager:db}}", "all of it is a reference to AWS Secrets Manager, not a connection"),
        (
            "postgres://etl:[REDACTED]@db/x",
            "its password is a mask of another tool, not the value: fill in the value",
        ),
    ],
)
def test_what_no_airflow_reads_because_of_a_placeholder_is_named(
    airconn, tmp_path: Path, text: str, words: str
) -> None:
    source = tmp_path / "connections.json"
    source.write_text(json.dumps({"db": text}))
    result = airconn("import", source, "--to", tmp_path / "t.json")
    assert result.code == 3
    assert words in result.err
    assert text not in result.err


@pytest.mark.parametrize("password", ["%24%7BDB_PW%7D", "%2A%2A%2A%2A", "%3Chidden%3E", "op%3A%2F%2Fa%2Fb%2Fc"])
def test_an_encoded_password_of_a_uri_is_one(airconn, tmp_path: Path, password: str) -> None:
    (tmp_path / ".env").write_text(f"AIRFLOW_CONN_DB=postgres://etl:{password}@db/x\n")
    result = airconn("import", tmp_path / ".env", "--to", tmp_path / "t.json")
    assert (result.code, "--literal connections/db.password" in result.out) == (4, True)


def test_a_template_where_no_secret_is_passes_in_silence(airconn, tmp_path: Path) -> None:
    source = tmp_path / "objects.json"
    objects = {
        "connections": {
            "db": {"conn_type": "postgres", "host": "{{ host }}", "password": SECRET, "extra": {"a": "${X}"}}
        },
        "variables": {
            "sql": "{{ ds }}",
            "path": "${AIRFLOW_HOME}/dags",
            "text": "CHANGEME",
            "secret_name": "{{ env }}",
        },
    }
    source.write_text(json.dumps(objects))
    source.chmod(0o600)
    result = airconn("import", source, "--to", tmp_path / "t.json")
    assert (result.code, "warning" in result.err) == (0, False)
    assert airconn("check", source).out == ""


def test_a_mask_where_no_secret_is_passes_with_a_warning_and_is_a_note_of_check(airconn, tmp_path: Path) -> None:
    source = tmp_path / "connections.json"
    source.write_text('{"db": {"conn_type": "postgres", "host": "<hidden>", "description": "# secret"}}')
    result = airconn("import", source, "--to", tmp_path / "t.json")
    assert result.code == 0
    assert "a mask of another tool is in the place of a value: connections/db.host;" in result.err
    assert airconn("check", source).out.count("note AC502") == 2


def test_many_masks_in_one_json_text_are_one_reason(airconn, tmp_path: Path) -> None:
    key = json.dumps({f"k{number}": "<hidden>" for number in range(50)})
    source = tmp_path / "connections.json"
    source.write_text(json.dumps({"db": {"conn_type": "http", "extra": {"keyfile_dict": key}}}))
    result = airconn("import", source, "--to", tmp_path / "t.json")
    assert (result.code, result.out.count("--literal")) == (4, 1)
    assert airconn("check", source).out.count("AC502") == 1


def test_a_placeholder_that_the_target_has_already_is_no_change(airconn, tmp_path: Path) -> None:
    source, target = tmp_path / "connections.json", tmp_path / "t.json"
    source.write_text('{"db": {"conn_type": "http", "password": "{{ pw }}"}}')
    assert airconn("import", source, "--to", target, "--literal", "connections/db.password").code == 0
    assert airconn("import", source, "--to", target).code == 0


CANARY = "CANARYqz7"
WITH_CANARY = [
    f"op://{CANARY}/b/c", f"{{{{ {CANARY} }}}}", f"${{{CANARY}}}", f"ENC[{CANARY}]", f"$ANSIBLE_VAULT;1;{CANARY}",
    f"<{CANARY}>", f"[REDACTED:{CANARY}]", f"vault:{CANARY}/x#y", f"your_{CANARY}_password", f"(({CANARY}))",
    f"encrypted:{CANARY * 4}", f"$({CANARY})", f"postgres://u:${{{CANARY}}}@h/x", f"Bearer {{{{ {CANARY} }}}}",
    f"password=<redacted {CANARY}>;a=b", f"# secret {CANARY}", f"aws-sm:{CANARY}",
    f"`cat {CANARY}`", f"%{{{CANARY}}}",
    f'{{"a": "${{{CANARY}}}", "b": "***"}}', f"{{{{{CANARY}", f"{CANARY}}}}}", f"${{{CANARY}",
    f"@Microsoft.KeyVault({CANARY})",
]  # fmt: skip


def tree(chooser: random.Random, depth: int = 0) -> Any:
    """JSON with placeholders in it, and JSON texts with more of them."""
    shape = chooser.random()
    if shape < 0.5 or depth > 3:
        return chooser.choice(WITH_CANARY)
    if shape < 0.8:
        return {chooser.choice(("token", "a", "keyfile_dict")): tree(chooser, depth + 1) for _ in range(2)}
    return [tree(chooser, depth + 1)] if shape < 0.9 else json.dumps({"password": tree(chooser, depth + 1)})


@pytest.mark.parametrize("seed", range(20))
def test_no_message_has_a_part_of_a_placeholder(airconn, tmp_path: Path, seed: int) -> None:
    chooser = random.Random(seed)
    one = chooser.choice(WITH_CANARY)
    fields = {"conn_type": "http", "host": one, "login": chooser.choice(WITH_CANARY), "password": tree(chooser)}
    fields["password"] = fields["password"] if isinstance(fields["password"], str) else json.dumps(fields["password"])
    connections = {
        "a": {**fields, "extra": tree(chooser)},
        "b": {"conn_type": "x", "extra": json.dumps(tree(chooser))},
    }
    if seed % 4 == 0:
        connections["c"] = one  # type: ignore[assignment]
    path = tmp_path / "f.json"
    path.write_text(
        json.dumps({"connections": connections, "variables": {"api_key": tree(chooser), "x": tree(chooser)}})
    )
    for args in (("check", path), ("import", path, "--to", tmp_path / "t.json"), ("diff", path, path)):
        result = airconn(*args)
        assert CANARY.lower() not in (result.out + result.err).lower()
        assert "fault of airconn" not in result.err


def test_a_reference_that_other_programs_expand_is_said_once(airconn, tmp_path: Path) -> None:
    path = tmp_path / "a.env"
    path.write_text("AIRFLOW_CONN_A=http://u:${PW}@h\n")
    for command in (("convert", path, "--format", "json"), ("run", "--from", path, "--dry-run")):
        err = airconn(*command).err
        assert err.count("warning:") == 1, err
        assert "--expand expands it" in err


def test_several_encrypted_texts_are_told_in_a_sentence(airconn, tmp_path: Path) -> None:
    path = tmp_path / "connections.json"
    token = "gAAAAA" + "Ab0" * 40
    path.write_text(json.dumps({name: {"conn_type": "http", "password": token} for name in "ab"}))
    err = airconn("convert", path, "--format", "env").err
    assert "encrypted texts are in the place of 2 values: connections/a.password" in err
    assert "decrypt them first" in err
