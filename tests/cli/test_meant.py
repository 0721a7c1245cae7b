"""First tries with words of `airflow`, `astro`, `aws` and others: each gets the command that is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

NO_PASSWORD = "a password is never an option: --username NAME, and AIRCONN_PASSWORD or a question"
WHO = "set AIRCONN_USERNAME and AIRCONN_PASSWORD in the environment"
TOKEN = "AIRCONN_TOKEN in the environment holds the token"
MEANT = {
    "connections import a.json": "airconn import a.json --connections",
    "connections export": "airconn export --connections -o FILE",
    "variables export vars.json": "airconn export --variables -o vars.json",
    "pools list": "airconn list --pools",
    "connections get db": "airconn show connections/db",
    "variables delete key": "airconn delete variables/key",
    "connections add db": "airconn set connections/db.conn_type=TYPE connections/db.host=HOST; or airconn import "
    "FILE, where FILE holds the object, such as a .env with AIRFLOW_CONN_ID=URI",
    "variables set k v": "airconn set variables/k.value=VALUE; or airconn import FILE, where FILE holds the object, "
    "such as a .env with AIRFLOW_VAR_KEY",
    "connections": "the kind is an option: airconn list --connections, airconn export --connections -o FILE, ",
    "connections test db": "airconn test connections/db --source FILE, where FILE holds the values",
    "import-connections a.json": "airconn import a.json --connections",
    "pull": "airconn export -o FILE",
    "push a.json": "airconn import a.json",
    "cat db": "airconn show db",
    "cat connections db": "airconn show connections/db",
    "get": "airconn get KIND/ID.FIELD, as in airconn get connections/warehouse.host",
    "get connections db": "airconn get connections/db.FIELD",
    "set": "airconn set PLACE=VALUE, as in airconn set connections/warehouse.host=db.example.com",
    "test": "airconn test ID --source FILE, where FILE holds the values",
    "cp a.json b.json": "airconn import a.json --to b.json",
    "lint a.json": "airconn check a.json",
    "compare a b": "airconn diff a b",
    "transform a.json b.env": "airconn convert a.json -o b.env",
    "plan a.json": "airconn import a.json --dry-run",
    "exec": "airconn run --from ADDRESS -- COMMAND",
    "auth": "airconn login [ADDRESS], airconn logout [ADDRESS]",
    "ssm get-parameters": "airconn list --from aws-ssm://REGION",
    "list connections": "airconn list --connections",
    "list variables region": "airconn list --variables --include region",
    "list a.json": "the address to read from is written after --from: airconn list --from a.json",
    "export connections x.json": "airconn export --connections -o x.json",
    "export x.json": "airconn export -o x.json writes it; airconn export --from x.json reads it",
    "show connections db": "airconn show connections/db; for an object with this id write connections/connections",
    "delete variable a b": "airconn delete variables/a variables/b; for an object with this id write",
    "explain connections db": "airconn explain connections/db; for an object",
    "diff a.json": "airconn diff a.json B compares two addresses, as in airconn diff a.json http://localhost:8080",
    "import": "airconn import FILE, as in airconn import .env",
    "convert": "airconn convert FILE -o OTHER_FILE, as in airconn convert .env -o connections.yaml",
    "check": "name a file, or a server or backend with --from ADDRESS",
    "show": "airconn show ID; airconn list lists the ids",
    "import a.json --user x": "--username NAME",
    "import a.json -u x -p s3cret": "--username NAME",
    "import a.json -p s3cret": NO_PASSWORD,
    "list --password=s3cret": NO_PASSWORD,
    "login --password s3cret": NO_PASSWORD,
    "login http://localhost:8080 ann s3cret": "the name of the user goes after --username, and the password",
    "login --token s3cret": "--ask-token asks for a token on the terminal",
    "convert a.json --username x": WHO,
    "export --token s3cret": TOKEN,
    "diff a b --api_key s3cret": TOKEN,
    "import a.json --host h": "--to URL, or AIRCONN_URL in the environment",
    "import a.json --url http://h": "--to URL, or AIRCONN_URL in the environment",
    "export --url http://h": "--from URL, or AIRCONN_URL in the environment",
    "diff --from a --to b": "airconn diff A B",
    "import --file a.json": "airconn import FILE",
    "import -f a.json": "airconn import FILE",
    "export --file x.json": "airconn export --from FILE reads it; airconn export -o FILE writes it; --format FORMAT",
    "convert -f env a.json": "airconn convert FILE reads it; airconn convert -o FILE writes it; --format FORMAT",
    "convert a.json --to b.env": "airconn convert FILE -o OTHER_FILE",
    "convert a.json --output b.env": "airconn convert FILE -o OTHER_FILE",
    "export --output-file x": "airconn export -o FILE",
    "list --file .env": "airconn list --from FILE reads it",
    "export --file-format env": "--format FORMAT",
    "export --serialization-format uri": "--connection-format json or uri",
    "import a.json --overwrite": "an import overwrites existing objects; --on-existing skip and --on-existing fail",
    "export -o x.json --force": "--replace writes a new file",
    "import a.json --action-on-existing-key skip": "--on-existing skip, --on-existing fail or --on-existing",
    "import a.json -k": "--ca-bundle FILE names the authorities to trust",
    "import a.json --profile p": "AWS_PROFILE in the environment names the profile",
    "import a.json --deployment-id d": "--to https://…, the URL of the Deployment's Airflow",
    "import --env": "airconn import env:",
    "show --conn-id db": "airconn show ID",
    "export --conn-id db": "--include ID",
    "list --json": "--output json",
    "export --yaml": "--format yaml",
    "export --all": "without --connections, --variables and --pools, all kinds are selected",
    "list --airflow-version 3": "--airflow VERSION",
    "export --format ur": "did you mean 'uri'? the formats are env, ",
    "export --format dotenv": "did you mean 'env'? the formats are env, ",
}


@pytest.mark.parametrize("line", MEANT)
def test_the_hint_is_the_command_that_is_meant(airconn, tmp_path: Path, line: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = airconn(*line.split())
    (hint,) = (text.removeprefix("hint:  ") for text in result.err.splitlines() if text.startswith("hint:"))
    assert hint.startswith(MEANT[line])
    assert (result.code, result.out, "s3cret" in result.err) == (2, "", False)
    assert list(tmp_path.iterdir()) == []


def test_the_second_file_of_a_conversion_that_is_not_there_is_meant_to_be_written(
    airconn, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text('{"connections": {}, "variables": {"a": "1"}}')
    result = airconn("convert", "a.json", "out.env")
    assert result.code == 3
    assert result.err == ("error: out.env: no such file\nhint:  to write it: airconn convert a.json -o out.env\n")
    assert not (tmp_path / "out.env").exists()


def test_an_airflow_that_comes_last_is_no_source_of_an_import_unless_a_target_is_named(
    airconn, tmp_path: Path
) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=1\n")
    result = airconn("import", tmp_path / "a.env", "http://user:s3cret@localhost:1")
    assert result.code == 2
    assert "is read as a source, and no target is given\nhint:  airconn import " in result.err
    assert "s3cret" not in result.err
    by_name = airconn("import", tmp_path / "a.env", "@prod")
    assert (by_name.code, "--to @prod writes to it" in by_name.err) == (2, True)
    named = airconn("import", tmp_path / "a.env", "http://localhost:1", "--to", tmp_path / "o.json")
    assert "nothing listens there" in named.err


def test_no_hint_repeats_what_may_be_a_secret(airconn) -> None:
    for line in ("connections import postgres://u:s3cret@h", "get postgres://u:s3cret@h", "show variables a=s3cret"):
        hints = [text for text in airconn(*line.split()).err.splitlines() if text.startswith("hint:")]
        assert hints
        assert "s3cret" not in hints[0]
