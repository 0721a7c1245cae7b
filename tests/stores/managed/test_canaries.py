"""With the credentials of all vendors in one environment, each host gets its own and no other, and none is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.stores.astro.fake_astro import Refusal
from tests.stores.astro.fake_astro import running as running_astro
from tests.stores.managed import fake_composer
from tests.stores.managed.mwaa_door import KEYS, MwaaDoor, MwaaSwitches
from tests.stores.site import Answer, Received, Site

pytestmark = pytest.mark.usefixtures("impatient")

OF_AIRFLOW = "canary-of-airconn-token"
OF_HEADER = "canary-of-a-header"
OF_DOOR = "canary-of-what-is-in-front"
WEB_TOKEN = "web-token-"
SESSION = "session-of-airflow"
GOOGLE = "ya29.canary"
REDIRECTS = pytest.mark.parametrize("status", [301, 302, 303, 307, 308])


def airflow(received: Received) -> Answer:
    """An Airflow 3 without objects that lets everybody in."""
    if received.path.endswith("/version"):
        return Answer(200, {"version": "3.3.2"})
    if received.path.endswith(("/connections", "/variables", "/pools")):
        return Answer(200, {"connections": [], "variables": [], "pools": [], "total_entries": 0})
    return Answer(404, {"detail": "not found"})


class Everything:
    """All vendors at once, an Airflow of one's own, and a site that must not get anything."""

    def __init__(self, stack: ExitStack, key: rsa.RSAPrivateKey, directory: Path) -> None:
        self.directory = directory
        self.airflow_answer: Callable[[Received], Answer] = airflow
        self.evil = stack.enter_context(Site(lambda received: Answer(200, {})))
        self.proxy = stack.enter_context(Site(lambda received: Answer(502, "")))
        self.own = stack.enter_context(Site(self._answer))
        self.at_astro = stack.enter_context(Site(self._answer))
        self.behind_google = stack.enter_context(Site(self._answer))
        self.astro = stack.enter_context(running_astro())
        record = self.astro.deployments[self.astro.deployment].record
        record["apiUrl"] = f"{self.at_astro.url}/api/v2"
        switches = MwaaSwitches()
        self.mwaa = stack.enter_context(MwaaDoor(self._answer, lambda: SESSION, switches))
        self.google = stack.enter_context(fake_composer.running(key, self.behind_google.url, lambda: "Bearer behind"))
        self.environ = {
            **self.astro.environ(),
            **self.mwaa.environ(),
            **self.google.environ,
            "AIRCONN_TOKEN": OF_AIRFLOW,
            "AIRCONN_HEADER_X_CANARY": OF_HEADER,
            "AIRCONN_HEADER_CF_ACCESS_CLIENT_SECRET": OF_DOOR,
            "AIRCONN_CA_BUNDLE": str(self.mwaa.bundle(directory)),
            "AIRCONN_RETRIES": "0",
            "HOME": str(directory),
        }
        self.addresses = {
            "own": self.own.url,
            "astro-airflow": f"astro-airflow:///{self.astro.deployment}",
            "astro-env": f"astro-env://{self.astro.workspace}",
            "astro-vars": f"astro-vars:///{self.astro.deployment}",
            "mwaa": "mwaa://eu-west-1/prod",
            "composer": fake_composer.ADDRESS,
        }

    def _answer(self, received: Received) -> Answer:
        return self.airflow_answer(received)

    @property
    def canaries(self) -> dict[str, tuple[str, ...]]:
        """The secrets of each vendor."""
        key = (self.directory / "key.json").read_text().split("PRIVATE KEY-----")[1][40:90]
        return {
            "airflow": (OF_AIRFLOW, OF_HEADER, OF_DOOR),
            "astro": tuple(self.astro.tokens),
            "aws": (*KEYS.values(), WEB_TOKEN, SESSION),
            "google": (GOOGLE, key),
        }

    def got(self) -> dict[str, set[str]]:
        """For each host, the vendors whose secrets it has got."""
        sites = {
            "own": self.own,
            "astro's airflow": self.at_astro,
            "aws": self.mwaa.aws,
            "mwaa's airflow": self.mwaa.web,
            "evil": self.evil,
            "proxy": self.proxy,
        }
        sent = {
            name: "\n".join(f"{one.path} {one.query} {one.headers} {one.body}" for one in site.log)
            for name, site in sites.items()
        }
        sent["astro"] = "\n".join(f"{one.request.headers} {one.request.body}" for one in self.astro.log)
        for server in ("tokens", "api", "front", "elsewhere"):
            seen = self.google.sent(server)
            sent[f"google's {server}"] = "\n".join(f"{one.path} {one.headers} {one.body!r}" for one in seen)
        return {
            name: {vendor for vendor, secrets in self.canaries.items() if any(one in text for one in secrets)}
            for name, text in sent.items()
        }

    def forget(self) -> None:
        sites = (self.own, self.at_astro, self.mwaa.aws, self.mwaa.web, self.evil, self.proxy, self.behind_google)
        for log in (*(site.log for site in sites), self.astro.log, self.google.log):
            log.clear()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def everything(
    key: rsa.RSAPrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_other_aws: None
) -> Iterator[Everything]:
    with ExitStack() as stack:
        found = Everything(stack, key, tmp_path)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(found.google.write_key(tmp_path / "key.json")))
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.delenv(name.lower(), raising=False)
            monkeypatch.setenv(name, found.proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        monkeypatch.chdir(tmp_path)
        yield found


@pytest.fixture
def run(everything: Everything, airconn: Callable[..., Any]) -> Callable[..., str]:
    """Runs a command and gives all that it says, in which no secret is."""

    def run(*args: str, code: int | tuple[int, ...] = 0, **environ: str) -> str:
        flags = ("-vv", "--output", "json")  # which say the most, and what goes wrong as text
        result = airconn(*args, *flags, env={**everything.environ, **environ})
        said = str(result.out + result.err)
        assert result.code in ((code,) if isinstance(code, int) else code), said
        assert "Traceback" not in said
        assert "fault of airconn" not in said
        for secrets in everything.canaries.values():
            assert [secret for secret in secrets if secret in said] == []
        return said

    return run


GETS = {
    "own": {"own": {"airflow"}},
    "astro-airflow": {"astro": {"astro"}, "astro's airflow": {"astro"}},
    "astro-env": {"astro": {"astro"}},
    "astro-vars": {"astro": {"astro"}},
    "mwaa": {"aws": {"aws"}, "mwaa's airflow": {"aws"}},
    "composer": {"google's api": {"google"}, "google's front": {"google"}},
}
"""For each place, the hosts that get a secret, and whose."""


@pytest.mark.parametrize("place", GETS)
def test_each_host_gets_its_own_credentials_and_no_others(
    everything: Everything, run: Callable[..., str], place: str
) -> None:
    run("list", "--from", everything.addresses[place], "--allow-empty")
    assert {host: whose for host, whose in everything.got().items() if whose} == GETS[place]
    assert everything.proxy.log == []


def test_many_places_in_one_run_keep_their_credentials_apart(everything: Everything, run: Callable[..., str]) -> None:
    places = list(everything.addresses.values())
    for one, other in zip(places, [*places[1:], places[0]], strict=True):
        everything.forget()
        run("diff", one, other, code=(0, 3))
        for host, whose in everything.got().items():
            of_host = {vendor for hosts in GETS.values() for vendor in hosts.get(host, set())}
            assert whose <= of_host, (one, other, host)


@REDIRECTS
@pytest.mark.parametrize("place", GETS)
def test_no_airflow_takes_a_token_elsewhere(
    everything: Everything, run: Callable[..., str], place: str, status: int
) -> None:
    """Neither at once, nor when it has the token already."""

    def at_once(received: Received) -> Answer:
        return Answer(status, "", {"Location": f"{everything.evil.url}{received.path}"})

    def later(received: Received) -> Answer:
        return airflow(received) if received.path.endswith("/version") else at_once(received)

    if place in ("astro-env", "astro-vars"):
        return  # no Airflow is asked
    for answer in (at_once, later):
        everything.airflow_answer = answer
        run("list", "--from", everything.addresses[place], code=5)
    assert everything.evil.log == []
    assert everything.proxy.log == []


@REDIRECTS
def test_no_header_for_what_is_in_front_goes_elsewhere(
    everything: Everything, run: Callable[..., str], status: int
) -> None:
    evil = everything.evil.url
    everything.airflow_answer = lambda received: Answer(status, "", {"Location": f"{evil}/{OF_HEADER}"})
    allow = f"127.0.0.1:{everything.evil.port}"
    run("list", "--from", everything.own.url, code=5)
    run("list", "--from", everything.own.url, code=5, AIRCONN_ALLOW_REDIRECT=allow)
    assert everything.evil.log == []


@REDIRECTS
def test_the_secret_of_a_client_and_a_password_follow_no_redirect(
    everything: Everything, run: Callable[..., str], status: int
) -> None:
    secret = "canary-of-a-client"
    evil = f"{everything.evil.url}/auth/token"

    def answer(received: Received) -> Answer:
        if received.path.endswith("/version"):
            return airflow(received)
        return (
            Answer(status, "", {"Location": evil}) if received.method == "POST" else Answer(401, {"detail": secret})
        )

    everything.airflow_answer = answer
    for names in (("CLIENT_ID", "CLIENT_SECRET"), ("USERNAME", "PASSWORD")):
        given = {"AIRCONN_TOKEN": "", f"AIRCONN_{names[0]}": "me", f"AIRCONN_{names[1]}": secret}
        assert secret not in run("list", "--from", everything.own.url, code=(2, 5), **given)
    assert any(secret in str(received.body) for received in everything.own.log)
    assert everything.evil.log == []
    assert everything.proxy.log == []


def test_an_airflow_of_a_projects_file_gets_nothing_in_clear_and_nothing_of_a_vendor(
    everything: Everything, run: Callable[..., str]
) -> None:
    (everything.directory / "airconn.toml").write_text('url = "http://airflow.example.com"\n')
    run("list", code=2)
    assert everything.proxy.log == []
    (everything.directory / "airconn.toml").write_text('url = "https://airflow.example.com"\n')
    run("list", code=4, AIRCONN_TRUST="other.example.com")
    assert everything.proxy.log == []
    (everything.directory / "airconn.toml").write_text(f'url = "{everything.evil.url}"\n')
    run("list", code=5, AIRCONN_TRUST="")
    assert everything.got()["evil"] <= {"airflow"}


def test_headers_are_credentials_that_a_projects_file_cant_have_sent_in_clear(
    everything: Everything, run: Callable[..., str]
) -> None:
    (everything.directory / "airconn.toml").write_text('url = "http://airflow.example.com"\n')
    run("list", code=2, AIRCONN_TOKEN="")
    assert everything.proxy.log == []


@pytest.mark.parametrize(
    "text",
    [
        'url = "mwaa://eu-west-1/prod?endpoint_url={evil}"',
        'url = "mwaa://eu-west-1/prod?role_arn=arn:aws:iam::1:role/x"',
        'url = "mwaa://127.0.0.1:1/prod"',
        'url = "composer://airflow-prod/europe-west1/main"',
        'url = "composer://airflow-prod/europe-west1/main?endpoint={evil}"',
        '[addresses.x]\nurl = "{evil}"\ntoken_env = "AWS_SECRET_ACCESS_KEY"',
        '[addresses.x]\nurl = "{evil}"\nheaders = {{X-A = {{env = "ASTRO_API_TOKEN"}}}}',
        '[addresses.x]\nurl = "{evil}"\nheaders = {{X-A = {{command = ["id"]}}}}',
        '[addresses.x]\nurl = "{evil}"\nheaders = {{X-A = {{file = "key.json"}}}}',
        '[addresses.x]\nurl = "{evil}"\ntoken = {{file = "key.json"}}',
        '[addresses.x]\nurl = "{evil}"\ntoken_file = "key.json"',
        '[addresses.x]\nurl = "{evil}"\ntoken_command = ["cat", "key.json"]',
    ],
)
def test_no_file_of_a_project_chooses_who_gets_what(
    everything: Everything, run: Callable[..., str], text: str
) -> None:
    filled = text.replace("{evil}", everything.evil.url).replace("{{", "{").replace("}}", "}")
    (everything.directory / "airconn.toml").write_text(f"{filled}\n")
    said = run("list", "--from", "@x" if "addresses.x" in text else everything.own.url, code=2)
    assert "airconn.toml" in said
    assert all(whose == set() for whose in everything.got().values())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
@pytest.mark.parametrize("place", ["own", "astro-airflow", "mwaa", "composer"])
def test_an_airflow_that_quotes_what_it_got_is_not_quoted(
    everything: Everything, run: Callable[..., str], place: str, status: int
) -> None:
    def answer(received: Received) -> Answer:
        if received.path.endswith("/version"):
            return airflow(received)
        every = " ".join(str(value) for value in received.headers.values())
        return Answer(status, {"detail": every, "title": every, "type": every})

    everything.airflow_answer = answer
    run("list", "--from", everything.addresses[place], code=(1, 5))


@pytest.mark.parametrize("status", [400, 409, 500])
@pytest.mark.parametrize("place", ["own", "astro-airflow", "astro-env", "astro-vars", "mwaa", "composer"])
def test_a_server_that_quotes_what_was_written_is_not_quoted(
    everything: Everything, run: Callable[..., str], place: str, status: int
) -> None:
    value = "s3cr3t-canary-of-a-value"
    (everything.directory / "s.env").write_text(
        f'AIRFLOW_CONN_A=\'{{"conn_type": "http", "password": "{value}", "extra": {{"token": "{value}"}}}}\'\n'
        f"AIRFLOW_VAR_API_KEY={value}\n"
    )

    def answer(received: Received) -> Answer:
        if received.method == "GET":
            return airflow(received)
        return Answer(status, {"detail": f"can't take {received.body}", "title": str(received.body)})

    def refuse(call: Any, received: Received) -> None:
        if received.method == "POST":
            raise Refusal(status, f"can't take {received.body}", [{"code": value, "field": value, "message": value}])

    everything.airflow_answer = answer
    everything.astro.before = refuse
    everything.astro.checks_answers = False
    assert value not in run("import", "s.env", "--to", everything.addresses[place], "--yes", code=(1, 4, 5))


@pytest.mark.parametrize("status", [302, 307])
def test_aws_and_the_login_of_mwaa_send_nothing_elsewhere(
    everything: Everything, run: Callable[..., str], status: int
) -> None:
    answer = Answer(status, "", {"Location": f"{everything.evil.url}/x"})
    for operation in ("GetEnvironment", "CreateWebLoginToken"):
        everything.mwaa.switches.broken = {operation: answer}
        run("list", "--from", "mwaa://eu-west-1/prod", code=(0, 5))
    everything.mwaa.switches.broken = {}
    everything.mwaa.switches.other_page = status
    everything.mwaa.switches.login_refused = status
    run("list", "--from", "mwaa://eu-west-1/prod", code=(0, 5))
    assert everything.evil.log == []
    assert everything.proxy.log == []
