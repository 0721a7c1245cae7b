"""Credentials of the user's own configuration, seen from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airconn.cli import run
from airconn.cli.app import App
from tests.cli.test_consent import Keyboard
from tests.conftest import Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.airflow_api.login.fake_keycloak import CLIENT, Keycloak
from tests.stores.site import Site

SECRET = CLIENT["client_secret"]


@pytest.fixture
def keycloak(monkeypatch: pytest.MonkeyPatch) -> Keycloak:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Keycloak()


@pytest.fixture
def site(keycloak: Keycloak) -> Iterator[Site]:
    with Site(airflow("3.3.2", keycloak)) as site:
        yield site


def run_in(directory: Path, *args: str, **environ: str) -> tuple[int, str, str]:
    out, err = Terminal(), Terminal()
    env = {"AIRCONN_CONFIG": str(directory / "config.toml"), "NO_COLOR": "1", "TERM": "dumb", **environ}
    app = App(Keyboard(b""), out, err, env, directory, clock=lambda: 0.0)
    code = run(list(args), app)
    assert SECRET not in out.getvalue() + err.getvalue()
    return code, out.getvalue(), err.getvalue()


def configure(directory: Path, site: Site, mode: int = 0o600) -> Path:
    secret = directory / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(mode)
    entry = f'client_id = "airflow"\nclient_secret_file = "{secret}"\n'
    text = f'[addresses.a]\nurl = "{site.url}/home"\n{entry}[addresses.b]\nurl = "{site.url}/x"\n{entry}'
    (directory / "config.toml").write_text(text)
    return secret


def test_a_client_secret_in_a_file_logs_in(tmp_path: Path, site: Site, keycloak: Keycloak) -> None:
    configure(tmp_path, site)
    code, _, err = run_in(tmp_path, "list", "--from", "@a", AIRCONN_TOKEN="other")
    assert (code, "warning" in err) == (0, False)
    assert keycloak.bodies == [{"grant_type": "client_credentials", **CLIENT}]


def test_a_file_that_others_can_read_is_told_once(tmp_path: Path, site: Site) -> None:
    secret = configure(tmp_path, site, mode=0o644)
    _, _, err = run_in(tmp_path, "diff", "@a", "@b")
    assert err.count(f"warning: {secret}: others can read this file, which holds a credential (mode 0644)") == 1
    assert err.count("chmod 600") == 1


def test_a_file_that_is_missing_is_told_before_a_request(tmp_path: Path, site: Site) -> None:
    secret = configure(tmp_path, site)
    secret.unlink()
    code, _, err = run_in(tmp_path, "list", "--from", "@a")
    assert (code, err) == (2, f"error: {secret}: client_secret_file of @a: no such file\n")
    assert site.log == []


def test_one_airflow_by_two_urls_of_the_browser_is_one_place(tmp_path: Path, site: Site) -> None:
    configure(tmp_path, site)
    code, _, err = run_in(tmp_path, "import", f"{site.url}/dags/x/grid", "--to", "@a", AIRCONN_TOKEN="t")
    assert code == 2
    assert err.startswith(f"error: {site.url} is both the source and the target\n")


@pytest.mark.parametrize("page", ["/dags", "/connections"])
def test_what_may_be_a_part_of_the_address_is_told_once(tmp_path: Path, site: Site, page: str) -> None:
    (tmp_path / "config.toml").touch()
    code, _, err = run_in(tmp_path, "diff", f"{site.url}{page}", f"{site.url}{page}", AIRCONN_TOKEN="t")
    assert code != 0  # the token is a wrong one
    assert err.count(f"{page} is a page of the web interface") == 1


@pytest.mark.parametrize(
    ("address", "example"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("clxyz.astronomer.run/d1a2b3c4", "https://clxyz.astronomer.run/…"),
        ("clxyz.astronomer.run/d1a2b3c4/home?orgId=org_1", "https://clxyz.astronomer.run/…"),
        ("abc.c1.airflow.eu-west-1.on.aws", "https://abc.c1.airflow.eu-west-1.on.aws/…"),
        ("airflow.example.com/dags/x/grid?token=canary", "https://airflow.example.com/…"),
    ],
)
def test_an_address_without_a_scheme_gets_a_hint(tmp_path: Path, address: str, example: str) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=1\n")
    (tmp_path / "config.toml").touch()
    for args in (("list", "--from", address), ("import", str(tmp_path / "a.env"), "--to", address)):
        code, _, err = run_in(tmp_path, *args)
        assert code == 2
        assert "has no http:// or https:// in front, and is not a file" in err
        assert f"hint:  write an Airflow like {example}" in err
        assert "canary" not in err


def test_a_file_in_a_folder_with_a_dot_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").touch()
    (tmp_path / "team.prod").mkdir()
    _, _, err = run_in(tmp_path, "list", "--from", "team.prod/variables")
    assert "team.prod/variables: no such file" in err
