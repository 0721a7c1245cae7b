"""Who gets credentials where a project or a plan names the address, seen from the command line."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from airconn import trust
from airconn.cli import run
from airconn.cli.app import App
from tests.conftest import Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site

SECRET = "canary-token"


class Keyboard(io.BytesIO):
    """A standard input at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Site(airflow("3.3.2")) as site:
        yield site


@pytest.fixture
def project(tmp_path: Path, site: Site) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "airconn.toml").write_text(f'url = "{site.url}"\n')
    return project


def run_at_terminal(project: Path, *args: str, answer: str = "", **environ: str) -> tuple[int, str]:
    """The exit code and standard error of a run by somebody at a terminal."""
    out, err = Terminal(), Terminal()
    env = {
        "AIRCONN_CONFIG": str(project.parent / "user.toml"),
        "AIRCONN_STATE_DIR": str(project.parent / "state"),
        "AIRCONN_TOKEN": SECRET,
        "NO_COLOR": "1",
        **environ,
    }
    (project.parent / "user.toml").touch()
    app = App(Keyboard(answer.encode()), out, err, env, project, clock=lambda: 0.0)
    return run(list(args), app), err.getvalue()


def was_sent(site: Site) -> bool:
    return any(SECRET in str(received.headers) for received in site.log)


def test_the_user_is_asked_once_for_a_host_of_a_project(project: Path, site: Site) -> None:
    code, err = run_at_terminal(project, "list", answer="\n")
    assert (code, was_sent(site)) == (4, False)
    question = f"airconn.toml names {site.url}: send it the credentials in AIRCONN_TOKEN, now and later? [y/N] "
    assert err.startswith(question)
    assert f"error: airconn.toml: the credentials in AIRCONN_TOKEN aren't sent to {site.url}" in err
    assert "AIRCONN_TRUST=127.0.0.1" in err

    code, err = run_at_terminal(project, "list", answer="y\n")
    assert (code, was_sent(site), question in err) == (0, True, True)
    assert SECRET not in err
    state = project.parent / "state" / "trusted-hosts.json"
    assert json.loads(state.read_text()) == {"projects": {str(project.resolve()): [site.url]}}
    assert stat.S_IMODE(state.stat().st_mode) == 0o600

    code, err = run_at_terminal(project, "list")
    assert (code, "[y/N]" in err) == (0, False)


def test_an_answer_is_for_this_project_and_this_host(project: Path, site: Site) -> None:
    assert run_at_terminal(project, "list", answer="y\n")[0] == 0
    other = project.parent / "other"
    other.mkdir()
    (other / "airconn.toml").write_text((project / "airconn.toml").read_text())
    assert run_at_terminal(other, "list")[0] == 4
    (project / "airconn.toml").write_text(f'url = "{site.url.replace("127.0.0.1", "localhost")}"\n')
    assert run_at_terminal(project, "list")[0] == 4


def test_the_host_may_be_trusted_beforehand(project: Path, site: Site) -> None:
    code, err = run_at_terminal(project, "list", AIRCONN_TRUST="example.com,127.0.0.1")
    assert (code, was_sent(site), "[y/N]" in err) == (0, True, False)


def test_an_address_that_the_user_names_is_not_asked_about(project: Path, site: Site) -> None:
    for args, environ in ((("--from", site.url), {}), ((), {"AIRCONN_URL": site.url})):
        code, err = run_at_terminal(project, "list", *args, **environ)
        assert (code, "[y/N]" in err) == (0, False)
    assert was_sent(site)


@pytest.mark.parametrize("kept", ["{", "[]", '{"projects": []}', '{"projects": {"x": 1}}', "[" * 100_000])
def test_a_file_of_answers_that_is_none_is_no_answer(project: Path, site: Site, kept: str) -> None:
    (project.parent / "state").mkdir()
    (project.parent / "state" / "trusted-hosts.json").write_text(kept)
    assert run_at_terminal(project, "list")[0] == 4
    assert run_at_terminal(project, "list", answer="y\n")[0] == 0
    assert run_at_terminal(project, "list")[0] == 0


def test_an_answer_that_can_not_be_kept_is_for_this_run(project: Path, site: Site) -> None:
    (project.parent / "state").touch()
    code, err = run_at_terminal(project, "list", answer="y\n")
    assert (code, was_sent(site)) == (0, True)
    assert "trusted-hosts.json can't be written: you will be asked about" in err


def test_somebody_who_can_not_be_asked_has_not_agreed(airconn, tmp_path: Path, site: Site) -> None:
    (tmp_path / "airconn.toml").write_text(f'url = "{site.url}"\n')
    result = airconn("list", env={"AIRCONN_TOKEN": SECRET}, terminal=True)  # standard input is a pipe
    assert (result.code, was_sent(site)) == (4, False)
    assert "you haven't agreed to that host for this project" in result.err
    assert airconn("list", env={"AIRCONN_TOKEN": SECRET}).code == 0  # nobody is there


@pytest.mark.parametrize("to", ["http://attacker.example.com", "http://10.0.0.1:8080"])
def test_a_plan_sends_no_credentials_in_clear(airconn, tmp_path: Path, monkeypatch, site: Site, to: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text("AIRFLOW_VAR_A=1\n")
    env = {"AIRCONN_TOKEN": SECRET}
    assert airconn("import", "s.env", "--to", site.url, "--plan-out", "plan.json", env=env).code == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    plan["request"]["to"] = to
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    result = airconn("apply", "plan.json", env=env)
    assert result.code == 2
    assert "error: plan.json: " + to + " would get the credentials in AIRCONN_TOKEN unencrypted" in result.err


def test_a_plan_asks_as_a_project_does(project: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "s.env").write_text("AIRFLOW_VAR_A=1\n")
    (project / "airconn.toml").unlink()
    assert run_at_terminal(project, "import", "s.env", "--to", site.url, "--plan-out", "plan.json")[0] == 0
    site.log.clear()
    code, err = run_at_terminal(project, "apply", "plan.json")
    assert (code, was_sent(site)) == (4, False)
    assert f"plan.json names {site.url}: send it the credentials in AIRCONN_TOKEN" in err
    run_at_terminal(project, "apply", "plan.json", answer="y\n")
    assert len(site.sent("POST", "/variables")) == 1
    assert was_sent(site)


def test_credentials_in_clear_are_told_when_asked_to_say_more(airconn) -> None:
    args = ["list", "--from", "http://nowhere.svc:8080", "--retries", "0", "--timeout", "2"]
    line = "http://nowhere.svc:8080: the credentials in AIRCONN_TOKEN are sent unencrypted, because it isn't https\n"
    env = {"AIRCONN_TOKEN": SECRET}
    assert airconn(*args, "-v", env=env).err.count(line) == 1
    assert line not in airconn(*args, env=env).err
    assert line not in airconn(*args, "-v").err


def test_credentials_in_clear_that_leave_the_private_network_are_warned_of_once(airconn) -> None:
    args = ["list", "--from", "http://nowhere.invalid:8080", "--retries", "0", "--timeout", "2"]
    line = (
        "http://nowhere.invalid:8080: the credentials in AIRCONN_TOKEN are sent unencrypted, because it isn't https"
    )
    env = {"AIRCONN_TOKEN": SECRET}
    assert airconn(*args, env=env).err.count(f"warning: {line}\n") == 1
    assert line not in airconn(*args, "-q", env=env).err
    assert line not in airconn(*args, "-v").err


@pytest.mark.parametrize(
    ("host", "is_nearby"),
    [
        ("airflow-webserver:8080", True),
        ("localhost", True),
        ("10.0.0.1:8080", True),
        ("192.168.1.20", True),
        ("100.64.0.7", True),
        ("[fd00::1]:8080", True),
        ("host.docker.internal:8080", True),
        ("airflow.ns.svc.cluster.local", True),
        ("airflow.example.com", False),
        ("local.example.com:8080", False),
        ("10.example.com", False),
        ("8.8.8.8", False),
        ("134744072", False),
        ("[2606:4700::1111]", False),
    ],
)
def test_a_host_of_a_private_network_is_known(host: str, is_nearby: bool) -> None:
    assert trust.is_nearby(f"http://{host}") is is_nearby
