"""`airconn init`: three answers become an airconn.toml that airconn reads, and no secret gets into it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.cli import run
from airconn.cli.app import App
from airconn.config import Config
from tests.cli.test_edit import TypedInput
from tests.conftest import Result, Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site

AirconnRun = Callable[..., Result]
URL = "https://airflow.invalid"


@pytest.fixture
def written(tmp_path: Path) -> Callable[[], str]:
    return lambda: (tmp_path / "airconn.toml").read_text()


def test_three_answers_make_a_configuration(airconn: AirconnRun, tmp_path: Path, written: Callable[[], str]) -> None:
    result = airconn("init", "--url", f"{URL}/dags/x/grid", "--name", "@prod", "--file", "objects.yaml")
    assert result.code == 0
    first, config = written(), Config.load({"AIRCONN_CONFIG": ""}, tmp_path)
    assert config.target(None).text == URL
    assert config.addresses() == {"prod": {"url": URL, "confirm": True}, "files": "objects.yaml"}
    assert airconn("init", "--url", URL, "--name", "dev", "--force").code == 0
    assert Config.load({"AIRCONN_CONFIG": ""}, tmp_path).addresses() == {"dev": URL}
    assert airconn("init", "--url", URL, "--prod", "--force").code == 0
    assert Config.load({"AIRCONN_CONFIG": ""}, tmp_path).addresses() == {"prod": {"url": URL, "confirm": True}}
    assert "/dags/x/grid is a page of the web interface and isn't used" in result.err
    assert "".join(line[2:] for line in result.out.splitlines(keepends=True) if line.strip()) == "".join(
        line for line in first.splitlines(keepends=True) if line.strip()
    )


def at_a_terminal(directory: Path, typed: str) -> tuple[int, str]:
    app = App(TypedInput(typed.encode()), Terminal(), Terminal(), {"AIRCONN_CONFIG": "", "TERM": "dumb"}, directory)
    return run(["init"], app), app.stderr.getvalue()  # type: ignore[attr-defined]


def test_a_terminal_gets_three_questions_with_likely_answers(tmp_path: Path, written: Callable[[], str]) -> None:
    (tmp_path / "airflow_settings.yaml").touch()
    code, shown = at_a_terminal(tmp_path, f"http://ann:hunter2@x\n{URL}/home?tags=a\nmy name\nprod\n\n")
    assert code == 0
    assert shown.count("Address of your Airflow [http://localhost:8080]: ") == 2
    assert shown.count("Name for it, to be used as @NAME (- for none) [airflow]: ") == 2
    assert "File with your connections and variables (- for none) [airflow_settings.yaml]: " in shown
    assert "hunter2" not in shown
    assert 'files = "airflow_settings.yaml"\n' in written()
    assert f'[addresses.prod]\nurl = "{URL}"\nconfirm = true\n' in written()
    code, shown = at_a_terminal(tmp_path, "n\n")
    assert (code, "airconn.toml is there: overwrite it? [y/N]" in shown) == (4, True)
    code, shown = at_a_terminal(tmp_path, f"y\n{URL}\n-\n-\n")
    assert code == 0
    assert "[addresses]" not in written()


def test_the_end_of_input_writes_nothing(tmp_path: Path) -> None:
    code, shown = at_a_terminal(tmp_path, f"{URL}\n")
    assert code == 130
    assert shown.endswith("interrupted\nnothing was written\n")
    assert not (tmp_path / "airconn.toml").exists()


def test_an_airflow_that_does_not_answer_is_no_obstacle(airconn: AirconnRun, written: Callable[[], str]) -> None:
    result = airconn("init", "--url", URL)
    assert result.code == 0
    assert "warning: https://airflow.invalid: the name airflow.invalid doesn't resolve" in result.err
    assert "next: airconn doctor" in result.err
    assert f'url = "{URL}"' in written()
    assert "[addresses]" not in written()


def test_the_airflow_that_answers_is_named_with_the_next_command(airconn: AirconnRun, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_A=1\n")
    with Site(airflow("3.1.8")) as site:
        result = airconn("init", "--url", site.url, "--file", ".env")
        assert f"found airflow 3.1.8 at {site.url}" in result.err
        login = "airconn login, or set AIRCONN_USERNAME and AIRCONN_PASSWORD (airconn help login)"
        assert f"next: {login}; then airconn doctor\n" in result.err
        token = {"AIRCONN_TOKEN": "s3cret-token"}
        result = airconn("init", "--url", site.url, "--file", ".env", "--force", env=token)
        assert "next: airconn import .env --dry-run" in result.err
        result = airconn("init", "--url", site.url, "--file", "new.yaml", "--force", env=token)
        assert "next: airconn export -o new.yaml" in result.err
        result = airconn("init", "--url", site.url, "--force", env=token)
        assert "next: airconn list" in result.err
        assert "s3cret-token" not in result.out + result.err
        assert all("Authorization" not in request.headers for request in site.log)


def test_one_more_airflow_is_added_to_a_configuration_that_is_there(
    airconn: AirconnRun, tmp_path: Path, written: Callable[[], str]
) -> None:
    assert airconn("init", "--url", "https://dev.invalid", "--name", "dev", "--file", ".env").code == 0
    before = written()
    with Site(airflow("3.1.8")) as site:
        result = airconn("init", "--url", site.url, "--name", "prod")
        assert result.code == 0
        comment = "# It asks before each write; without a terminal it needs --yes."
        assert written() == f'{before}\n{comment}\n[addresses.prod]\nurl = "{site.url}"\nconfirm = true\n'
        assert "added @prod to airconn.toml:" in result.err
        assert "next: airconn login @prod, or set AIRCONN_USERNAME and" in result.err
        token = {"AIRCONN_TOKEN": "s3cret-token"}
        result = airconn("init", "--url", site.url, "--name", "qa", env=token)
        assert "next: airconn list --from @qa" in result.err
        prod = {"url": site.url, "confirm": True}
        config = Config.load({"AIRCONN_CONFIG": ""}, tmp_path)
        assert config.addresses() == {
            "dev": "https://dev.invalid",
            "files": ".env",
            "prod": prod,
            "qa": {"url": site.url},
        }
        assert config.target(None).text == "https://dev.invalid"
        before = written()
        again = airconn("init", "--url", URL, "--name", "prod")
        assert (again.code, written()) == (4, before)
        assert "airconn.toml: @prod is there already, and stays as it is" in again.err


def test_an_airflow_is_not_added_to_a_file_that_cannot_take_it(airconn: AirconnRun, tmp_path: Path) -> None:
    for text in (b'addresses = {a = "https://a.invalid"}\r\n', b"retries = \n", b"retry = 1\n", b"\xff"):
        (tmp_path / "airconn.toml").write_bytes(text)
        result = airconn("init", "--url", URL, "--name", "dev")
        assert result.code in (2, 4)
        assert "error: airconn.toml" in result.err
        assert (tmp_path / "airconn.toml").read_bytes() == text
    (tmp_path / "airconn.toml").write_bytes(b"retries = 1")
    assert airconn("init", "--url", URL, "--name", "dev").code == 0
    expected = b'retries = 1\n\n[addresses.dev]\nurl = "https://airflow.invalid"\n'
    assert (tmp_path / "airconn.toml").read_bytes() == expected


def test_a_pipe_gets_no_question(airconn: AirconnRun, tmp_path: Path) -> None:
    result = airconn("init", stdin=f"{URL}\n")
    assert result.code == 2
    assert "--url ADDRESS" in result.err
    assert "--name NAME" in result.err
    assert "--file FILE" in result.err
    assert not (tmp_path / "airconn.toml").exists()


def test_a_file_that_is_there_stays(airconn: AirconnRun, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text("retries = 1\n")
    result = airconn("init", "--url", URL)
    assert result.code == 4
    assert "--force overwrites it" in result.err
    assert (tmp_path / "airconn.toml").read_text() == "retries = 1\n"
    assert airconn("init", "--url", URL, "--force").code == 0
    assert "retries" not in (tmp_path / "airconn.toml").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--url", "https://ann:hunter2@airflow.invalid"], "has a user name or a password in it"),
        (["--url", "https://airflow.invalid/?token=hunter2"], "has a query or a fragment in it"),
        (["--url", "localhost:8080"], "has no http:// or https:// in front"),
        (["--url", "objects.yaml"], "is not the address of an Airflow"),
        (["--url", "metadb+postgresql://ann:hunter2@db/airflow"], "a project's file may not do that"),
        (["--url", URL, "--name", "a b"], "letters, digits, - and _ only"),
        (["--url", URL, "--file", "vault://x"], "not the path of a file"),
    ],
)
def test_an_answer_that_can_not_be_used_is_refused(
    airconn: AirconnRun, tmp_path: Path, options: list[str], words: str
) -> None:
    result = airconn("init", *options)
    assert result.code == 2
    assert words in result.err
    assert "nothing was written" in result.err
    assert "hunter2" not in result.out + result.err
    assert not (tmp_path / "airconn.toml").exists()


def test_git_is_told_to_ignore_what_may_hold_secrets(airconn: AirconnRun, tmp_path: Path) -> None:
    assert "gitignore" not in airconn("init", "--url", URL).err
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert "echo .env >> .gitignore" in airconn("init", "--url", URL, "--force").err
    (tmp_path / ".gitignore").write_text(".env\n")
    assert "gitignore" not in airconn("init", "--url", URL, "--force").err


def test_credentials_that_would_travel_in_clear_are_warned_of(
    airconn: AirconnRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site(airflow("3.1.8")) as site:
        monkeypatch.setenv("http_proxy", site.url)  # so that a name that isn't this machine gets an answer
        result = airconn("init", "--url", "http://airflow.example.com", env={"AIRCONN_TOKEN": "s3cret-token"})
        assert "found airflow 3.1.8 at http://airflow.example.com" in result.err
        assert "would get the credentials in AIRCONN_TOKEN unencrypted" in result.err
        assert "next: airconn doctor" in result.err


def test_a_link_in_the_place_of_the_configuration_is_not_followed(airconn: AirconnRun, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("# of the user")
    for target in ("precious", "not-there"):
        (tmp_path / "airconn.toml").symlink_to(tmp_path / target)
        for how in (("--force",), ("--name", "dev")):
            result = airconn("init", "--url", URL, *how)
            assert (result.code, result.out) == (4, "")
            assert "airconn.toml is a link, or not a file, and stays as it is" in result.err
        (tmp_path / "airconn.toml").unlink()
    assert (tmp_path / "precious").read_text() == "# of the user"
    assert not (tmp_path / "not-there").exists()


@pytest.mark.parametrize("char", ["\x7f", "\n", "\x1b", "\udcff"], ids=ascii)
def test_a_path_that_toml_can_not_hold_writes_nothing(airconn: AirconnRun, tmp_path: Path, char: str) -> None:
    result = airconn("init", "--url", URL, "--file", f"a{char}.env")
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith("nothing was written\n")
    assert list(tmp_path.iterdir()) == []
