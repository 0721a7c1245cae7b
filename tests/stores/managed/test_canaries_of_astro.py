"""The token of Astro goes to the Astro API and to the Airflow that it names, and is seen nowhere else.

Each token is a canary. Hosts that must not get one are sites that remember each request, and a proxy that remembers
each host to which a connection is asked for.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.site import Answer, Received, Site

pytestmark = pytest.mark.usefixtures("impatient")

OF_AIRFLOW = "canary-of-airconn-token"
OF_HEADER = "canary-of-a-header"
EVIL = "evil.example.com"


class Coop:
    """Runs airconn past sites that must not get a token, and looks for tokens in what it says."""

    def __init__(
        self, airconn: Callable[..., Any], astro: FakeAstro, proxy: Site, evil: Site, directory: Path
    ) -> None:
        self.airconn, self.astro, self.proxy, self.evil, self.directory = airconn, astro, proxy, evil, directory
        self.environ = {
            **astro.environ(),
            "AIRCONN_TOKEN": OF_AIRFLOW,
            "AIRCONN_HEADER_X_CANARY": OF_HEADER,
            "AIRCONN_RETRIES": "0",
            "HOME": str(directory),
        }

    @property
    def canaries(self) -> list[str]:
        parts = [part for token in self.astro.tokens for part in token.split(".")[1:]]
        return [*self.astro.tokens, *parts, OF_AIRFLOW, OF_HEADER]

    def run(self, *args: str, code: int | tuple[int, ...], **environ: str) -> str:
        """What a run says, in each of the ways of saying it. No token is in it, and none has gone elsewhere."""
        flags = ("-vv", "--output", "json")  # which say the most, and what goes wrong as text
        result = self.airconn(*args, *flags, env={**self.environ, **environ})
        said = str(result.out + result.err)
        assert result.code in ((code,) if isinstance(code, int) else code), said
        assert "Traceback" not in said
        assert "fault of airconn" not in said
        assert [canary for canary in self.canaries if canary in said] == []
        assert self.evil.log == []
        assert {request.path for request in self.proxy.log} <= self.named()
        assert self.got(self.proxy) == set()
        return said

    def named(self) -> set[str]:
        """The hosts of the Airflows that the API names."""
        found = (deployment.record.get("apiUrl", "") for deployment in self.astro.deployments.values())
        return {f"{urlsplit(url).hostname}:443" for url in found if url.startswith("https://") and EVIL not in url}

    def got(self, site: Site) -> set[str]:
        """The canaries that a site has got."""
        sent = "\n".join(f"{request.path} {request.query} {request.headers} {request.body}" for request in site.log)
        return {canary for canary in self.canaries if canary in sent}


@pytest.fixture
def astro() -> Iterator[FakeAstro]:
    with running() as fake:
        yield fake


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def coop(
    airconn: Callable[..., Any],
    astro: FakeAstro,
    stack: ExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Coop:
    proxy = stack.enter_context(Site(lambda received: Answer(502, "")))
    evil = stack.enter_context(Site(lambda received: Answer(200, {})))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.chdir(tmp_path)
    return Coop(airconn, astro, proxy, evil, tmp_path)


def airflow(received: Received) -> Answer:
    """A Deployment's Airflow without objects."""
    if received.path.endswith("/version"):
        return Answer(200, {"version": "3.1.0+astro.1"})
    return Answer(200, {"connections": [], "variables": [], "pools": [], "total_entries": 0})


def redirecting(status: int, to: Callable[[], str]) -> Callable[[Received], Answer]:
    return lambda received: Answer(status, "", {"Location": f"{to()}{received.path}"})


@pytest.fixture
def deployment(coop: Coop, stack: ExitStack) -> Callable[[Callable[[Received], Answer]], str]:
    """Makes a Deployment whose Airflow answers so, and gives the address of that."""

    def make(answer: Callable[[Received], Answer], **fields: str) -> str:
        site = stack.enter_context(Site(answer))
        name = coop.astro.add_deployment("of the test", **{"apiUrl": f"{site.url}/dabc/api/v1", **fields})
        coop.directory.joinpath("site").write_text(site.url)
        make.site = site  # type: ignore[attr-defined]
        return f"astro-airflow:///{name}"

    return make


def addresses(coop: Coop) -> list[str]:
    """All places at Astro, by name and by id."""
    from airconn.addresses import REGISTRY

    workspace, deployment = coop.astro.workspace, coop.astro.deployment
    found = [f"astro-airflow://{workspace}/{deployment}", "astro-airflow://Data Platform/production"]
    if "astro-env" in REGISTRY:
        found += [f"astro-env://{workspace}", f"astro-env:///{deployment}?linked=true", "astro-env://Data Platform"]
    if "astro-vars" in REGISTRY:
        found += [f"astro-vars://{workspace}/{deployment}"]
    return found


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_of_the_api_is_followed(coop: Coop, stack: ExitStack, status: int) -> None:
    api = stack.enter_context(Site(redirecting(status, lambda: coop.evil.url)))
    for address in addresses(coop):
        said = coop.run("list", "--from", address, code=5, AIRCONN_ASTRO_API=f"{api.url}/v1")
        assert coop.evil.url in said or str(coop.evil.port) in said


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_of_an_airflow_is_followed(coop: Coop, deployment: Any, status: int) -> None:
    address = deployment(redirecting(status, lambda: coop.evil.url))
    (coop.directory / "s.env").write_text("AIRFLOW_VAR_A=1\n")
    coop.run("list", "--from", address, code=5)
    coop.run("import", "s.env", "--to", address, code=5)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_of_an_airflow_is_followed_once_it_has_the_token(
    coop: Coop, deployment: Any, status: int
) -> None:
    def answer(received: Received) -> Answer:
        if received.headers.get("Authorization"):
            return redirecting(status, lambda: coop.evil.url)(received)
        return airflow(received)

    address = deployment(answer)
    coop.run("list", "--from", address, code=5)
    assert coop.got(deployment.site) == {coop.astro.token, *coop.astro.token.split(".")[1:]}


@pytest.mark.parametrize("status", [301, 307])
def test_nothing_goes_from_https_to_http(coop: Coop, stack: ExitStack, status: int) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(coop.directory / "ca.pem"))
    api = stack.enter_context(Site(redirecting(status, lambda: coop.evil.url), tls=tls))
    environ = {"AIRCONN_ASTRO_API": f"{api.url}/v1", "AIRCONN_CA_BUNDLE": str(coop.directory / "ca.pem")}
    for address in addresses(coop):
        coop.run("list", "--from", address, code=5, **environ)
        coop.run("list", "--from", address, code=5, **environ, AIRCONN_ALLOW_REDIRECT=f"127.0.0.1:{coop.evil.port}")


@pytest.mark.parametrize(
    "url",
    [
        f"http://{EVIL}/d/api/v1",
        f"http://127.0.0.1.{EVIL}/d",
        f"http://localhost@{EVIL}/d",
        f"http://localhost:1@{EVIL}/d",
        f"//{EVIL}/d",
        f"ftp://{EVIL}",
        f"HTTP://{EVIL}",
        f"https:/{EVIL}",
        f"http:\\\\{EVIL}",
        f"http://127.0.0.1\\@{EVIL}",
        "",
    ],
)
def test_an_answer_that_names_no_safe_airflow_gets_nothing(coop: Coop, deployment: Any, url: str) -> None:
    address = deployment(airflow, apiUrl=url, webServerAirflowApiUrl=url)
    coop.astro.checks_answers = False
    coop.run("list", "--from", address, code=(2, 5))
    assert deployment.site.log == []


def test_the_api_says_where_the_airflow_is_and_nothing_else_does(coop: Coop, deployment: Any) -> None:
    """Over https, an Airflow may be anywhere that the API says, since names of hosts are no proof of anything."""
    address = deployment(airflow, apiUrl=f"https://{EVIL}/d/api/v1")
    result = coop.airconn("list", "--from", address, env=coop.environ)
    assert result.code == 5
    assert {request.path for request in coop.proxy.log} == {f"{EVIL}:443"}
    assert coop.got(coop.proxy) == set()


def test_a_host_that_looks_like_one_of_astro_gets_no_token_of_astro(coop: Coop) -> None:
    """Everybody can have a host there."""
    environ = {name: value for name, value in coop.environ.items() if not name.startswith("AIRCONN_TOKEN")}
    result = coop.airconn("list", "--from", "https://evil.astronomer.run/dabc", env=environ)
    assert result.code == 5
    assert coop.got(coop.proxy) == set()


@pytest.mark.parametrize(
    "name", ["evil.example.com", "127.0.0.1:1", "..", "%2e%2e%2f%2e%2e", "a%0d%0aX: y", "?x", "a%3Fb", "%00", "é"]
)
def test_no_name_leads_elsewhere(coop: Coop, name: str) -> None:
    for scheme in ("astro-airflow", "astro-env", "astro-vars"):
        if any(address.startswith(scheme) for address in addresses(coop)):
            coop.run("list", "--from", f"{scheme}://{name}/{name}", code=(2, 5))
            coop.run("list", "--from", f"{scheme}://Data Platform/production?organization={name}", code=(2, 5))
    assert all(served.request.path.startswith("/v1/organizations") for served in coop.astro.log)
    assert not any(".." in served.request.path.split("/") for served in coop.astro.log)


@pytest.mark.parametrize(
    "text",
    [
        'astro_api = "http://127.0.0.1:{port}/v1"',
        'url = "astro-airflow://{ws}/{dep}?api_url=http://127.0.0.1:{port}"',
        'url = "astro-env://{ws}?domain=127.0.0.1:{port}"',
        'url = "astro-airflow://u@127.0.0.1:{port}/x"',
        'url = "astro-vars://{ws}/{dep}?astro_api=http://127.0.0.1:{port}"',
        '[addresses.x]\nurl = "http://127.0.0.1:{port}"\ntoken_env = "ASTRO_API_TOKEN"',
        'token_command = ["sh", "-c", "echo $ASTRO_API_TOKEN"]',
    ],
)
def test_no_file_of_a_project_says_where_a_token_goes(coop: Coop, text: str) -> None:
    filled = text.replace("{port}", str(coop.evil.port))
    filled = filled.replace("{ws}", coop.astro.workspace).replace("{dep}", coop.astro.deployment)
    (coop.directory / "airconn.toml").write_text(filled + "\n")
    said = coop.run("list", code=2)
    assert "airconn.toml" in said


def test_an_airflow_of_a_project_gets_no_token_of_astro(coop: Coop) -> None:
    (coop.directory / "airconn.toml").write_text(f'url = "{coop.evil.url}"\n')
    environ = {name: value for name, value in coop.environ.items() if not name.startswith(("AIRCONN_T", "AIRCONN_H"))}
    coop.airconn("list", env=environ)
    assert coop.evil.log
    assert coop.got(coop.evil) == set()


def test_a_file_of_a_project_may_name_a_deployment_and_its_token_goes_to_astro_alone(
    coop: Coop, deployment: Any
) -> None:
    (coop.directory / "airconn.toml").write_text(f'url = "{deployment(airflow)}"\n')
    coop.run("list", "--allow-empty", code=(0, 3))
    of_astro = {coop.astro.token, *coop.astro.token.split(".")[1:]}
    assert coop.got(deployment.site) == of_astro
    sent = [str(served.request.headers) for served in coop.astro.log]
    assert sent
    assert not any(OF_AIRFLOW in headers or OF_HEADER in headers for headers in sent)


def test_what_is_for_an_airflow_does_not_go_to_astro(coop: Coop, deployment: Any) -> None:
    address = deployment(airflow)
    for place in (address, *addresses(coop)[1:]):
        coop.run("list", "--from", place, "--allow-empty", code=(0, 3, 5))
    sent = [str(served.request.headers) for served in coop.astro.log]
    assert sent
    assert not any(OF_AIRFLOW in headers or OF_HEADER in headers for headers in sent)


def quoting(token: str) -> Callable[[Received], Answer]:
    """An API that quotes the token in each field of its refusal."""
    body = {
        "message": f"bad token {token}",
        "requestId": f"r-{token}",
        "statusCode": 400,
        "fieldErrors": [{"code": f"c {token}", "field": f"f {token}", "message": token}],
    }
    return lambda received: Answer(int(received.path.partition("status")[2][:3] or 400), body)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 502])
def test_an_answer_that_quotes_the_token_is_not_shown(coop: Coop, stack: ExitStack, status: int) -> None:
    body = quoting(coop.astro.token)
    api = stack.enter_context(Site(lambda received: Answer(status, body(received).body)))
    text = stack.enter_context(Site(lambda received: Answer(status, f"<html>{coop.astro.token}</html>")))
    for site in (api, text):
        for address in addresses(coop):
            coop.run("list", "--from", address, code=(2, 5), AIRCONN_ASTRO_API=f"{site.url}/v1")


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_an_airflow_that_quotes_the_token_is_not_shown(coop: Coop, deployment: Any, status: int) -> None:
    def answer(received: Received) -> Answer:
        if received.path.endswith("/version"):
            return airflow(received)
        return Answer(status, {"detail": f"{coop.astro.token} {received.headers.get('Authorization')}"})

    coop.run("list", "--from", deployment(answer), code=5)


@pytest.mark.parametrize("status", [301, 307, 401])
def test_an_airflow_that_quotes_the_token_in_a_header_is_not_shown(coop: Coop, deployment: Any, status: int) -> None:
    def answer(received: Received) -> Answer:
        if received.path.endswith("/version"):
            return airflow(received)
        return Answer(status, "", {"Location": f"{coop.evil.url}/{coop.astro.token}", "WWW-Authenticate": "x"})

    coop.run("list", "--from", deployment(answer), code=5)


@pytest.mark.parametrize("text", ["{t}\n", " {t}", "{t} {t}", "Bearer {t}", '"{t}"', "{t}é", "{t}\x00"])
def test_a_malformed_token_is_not_shown(coop: Coop, text: str) -> None:
    token = text.replace("{t}", coop.astro.token)
    for address in addresses(coop):
        coop.run("list", "--from", address, code=(0, 2, 3, 5), ASTRO_API_TOKEN=token)


def test_the_login_of_the_astro_cli_is_neither_shown_nor_changed(coop: Coop) -> None:
    folder = coop.directory / ".astro"
    folder.mkdir()
    context = {"token": f"Bearer {coop.astro.token}", "organization": "no such", "workspace": coop.astro.workspace}
    config = json.dumps({"context": "astronomer.io", "contexts": {"astronomer_io": context}})
    (folder / "config.yaml").write_text(config)
    for address in addresses(coop):
        coop.run("list", "--from", address, code=(2, 5), ASTRO_API_TOKEN="")
    assert (folder / "config.yaml").read_text() == config
    (folder / "config.yaml").write_text(f"token: [{coop.astro.token}")
    coop.run("list", "--from", addresses(coop)[0], code=2, ASTRO_API_TOKEN="")
