"""AWS's two places without a server: options, names, who we are, and what answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.installed import command_for
from airconn.model import Action, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_backend, open_store
from airconn.stores.base import Store
from airconn.stores.secrets.aws import errors as aws_errors
from airconn.stores.secrets.aws import secretsmanager as aws_secretsmanager
from airconn.stores.secrets.aws import session as aws_session
from airconn.stores.secrets.aws import ssm as aws_ssm
from airconn.stores.secrets.service import Unavailable
from tests.integration.backends.judge import AWS_SECRETS_MANAGER, AWS_SSM
from tests.stores.contract import do, step
from tests.stores.secrets.fake_aws import CANARY, KEYS, REGION, FakeAws, dict_of_form, operation, refusal
from tests.stores.site import Answer

SCHEMES = ("aws-secretsmanager", "aws-ssm")
BACKENDS = {"aws-secretsmanager": AWS_SECRETS_MANAGER, "aws-ssm": AWS_SSM}
LIST = {"aws-secretsmanager": "ListSecrets", "aws-ssm": "GetParametersByPath"}
GET = {"aws-secretsmanager": "GetSecretValue", "aws-ssm": "GetParameter"}
WHERE = "airflow.cfg [secrets] backend_kwargs"
VARIABLE = Variable(key="v", value=Text("x"))
NOTHING = {"SecretList": [], "Parameters": []}
each_scheme = pytest.mark.parametrize("scheme", SCHEMES)


pytestmark = pytest.mark.usefixtures("no_other_aws")


def failure(act: Callable[[], object]) -> TargetError | UsageError:
    with pytest.raises((TargetError, UsageError)) as caught:
        act()
    assert CANARY not in f"{caught.value} {caught.value.hint} {caught.value.where} {caught.value.__cause__}"
    return caught.value


def write(store: Store) -> list[str | None]:
    """The errors of the creation of a variable."""
    return do(store, step(Action.CREATE, VARIABLE))


def ids(found: Any) -> list[str]:
    return [obj.id for obj in found]


@pytest.mark.parametrize(
    ("prefix", "sep", "name"),
    [
        ("airflow/connections", "/", "airflow/connections/x"),
        ("a//", "/", "a/x"),
        ("/a", "/", "/a/x"),
        ("", "/", "x"),
        ("/", "/", "x"),
        ("a--", "-", "a-x"),
        ("a", "", "ax"),
        ("ab-_-", "-_", "ab-_x"),
    ],
)
def test_a_secret_has_the_name_that_airflow_builds(prefix: str, sep: str, name: str) -> None:
    chosen = aws_secretsmanager.SecretsManagerOptions(connections_prefix=prefix, sep=sep)
    assert f"{chosen.prefix(Kind.CONNECTIONS)}x" == name


@pytest.mark.parametrize(
    ("prefix", "name"), [("/a/b", "/a/b/x"), ("a", "/a/x"), ("/a//", "/a/x"), ("", "/x"), ("/", "/x")]
)
def test_a_parameter_has_the_name_that_airflow_builds(prefix: str, name: str) -> None:
    assert f"{aws_ssm.ParameterStoreOptions(variables_prefix=prefix).prefix(Kind.VARIABLES)}x" == name


@each_scheme
def test_a_kind_without_a_prefix_has_no_place(scheme: str) -> None:
    store = open_store(f"{scheme}://{REGION}?variables_prefix=null", Settings())
    assert store.capabilities.kinds == {Kind.CONNECTIONS}
    assert store.problems(VARIABLE) == ("a variable has no prefix here",)


@each_scheme
def test_what_is_below_another_prefix_is_another_kind(scheme: str) -> None:
    names = ["a/x", "a/c/y", "a/o/z", "a/", "b/w"]
    listed = [{"Name": f"/{name}" if scheme == "aws-ssm" else name, "Value": "1"} for name in names]

    def values(body: Any) -> dict[str, Any]:
        return {"SecretValues": [{"Name": name, "SecretString": "1"} for name in body["SecretIdList"]]}

    answers = {LIST[scheme]: {"SecretList": listed, "Parameters": listed}, "BatchGetSecretValue": values}
    with FakeAws(answers) as fake:
        query = "?variables_prefix=a&connections_prefix=a/c&config_prefix=a/o"
        store = fake.open(scheme, query)
        assert ids(store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle) == ["x"]


@each_scheme
def test_what_airflow_takes_for_its_aws_connection_is_taken(scheme: str) -> None:
    kwargs = {
        "connections_prefix": "c",
        "config_prefix": None,
        "config_lookup_pattern": "x",
        "region_name": REGION,
        "profile_name": None,
        "use_ssl": True,
        "verify": False,
        "config_kwargs": {"retries": {"mode": "standard"}},
        "service_config": {"sts": {"endpoint_url": "https://sts.example.com"}},
        "assume_role_kwargs": {"ExternalId": "e-1"},
        "session_kwargs": {"aws_secret_access_key": CANARY},
        "aws_session_token": CANARY,
    }
    store = open_backend(BACKENDS[scheme], kwargs, WHERE, Settings())
    assert store.address == f"{scheme}://{REGION}"
    assert CANARY not in repr(aws_ssm.ParameterStoreOptions(session_kwargs={"x": CANARY}, aws_session_token=CANARY))


@each_scheme
@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"conections_prefix": "x"}, "'conections_prefix' is not an option"),
        ({"connections_prefix": 1}, "wrong type"),
        ({"variables_lookup_pattern": "("}, "variables_lookup_pattern is not a regular expression"),
        ({"connection_format": "xml"}, "connection_format is json or uri"),
        ({"endpoint_url": "localhost:4566"}, "endpoint_url is not a URL"),
        ({"endpoint_url": "http://[::1"}, "endpoint_url is not a URL"),
    ],
)
def test_a_wrong_option_is_told(scheme: str, kwargs: dict[str, Any], message: str) -> None:
    error = failure(
        lambda: open_backend(BACKENDS[scheme], {**kwargs, "aws_session_token": CANARY}, WHERE, Settings())
    )
    assert message in str(error)


@pytest.mark.parametrize(
    ("words", "is_taken"),
    [({"user": ["who"]}, True), ({"login": ["who"]}, True), ({"who": ["x"]}, False), ({"login": "who"}, False)],
)
def test_extra_words_are_lists_for_fields(words: dict[str, Any], is_taken: bool) -> None:
    def opened() -> Any:
        return open_backend(AWS_SECRETS_MANAGER, {"extra_conn_words": words}, WHERE, Settings())

    if is_taken:
        assert opened().capabilities.kinds
    else:
        assert "extra_conn_words" in str(failure(opened))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("aws-ssm://eu-west-1/team", "has a path after the region"),
        ("aws-ssm://me@eu-west-1", "user name or a password"),
        (f"aws-ssm://eu-west-1?aws_secret_access_key={CANARY}", "is a credential"),
        ("aws-ssm://eu-west-1?region_name=x", "'region_name' is not an option"),
        ("aws-secretsmanager://eu-west-1?conections_prefix=x", "'conections_prefix' is not an option"),
        ("aws-secretsmanager://eu-west-1?extra_conn_words=x", "'extra_conn_words' is not an option"),
        ("aws-secretsmanager://eu-west-1?variables_lookup_pattern=(", "not a regular expression"),
    ],
)
def test_a_wrong_address_is_told(address: str, message: str) -> None:
    error = failure(lambda: open_store(address, Settings()))
    assert message in str(error)
    assert error.hint


@pytest.mark.parametrize(
    ("address", "environ", "region"),
    [
        ("aws-ssm://eu-west-1", {"AWS_REGION": "us-east-1"}, "eu-west-1"),
        ("aws-ssm://", {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-2"}, "us-east-1"),
        ("aws-ssm:///", {"AWS_DEFAULT_REGION": "us-east-2"}, "us-east-2"),
        ("aws-ssm://?region_name=eu-north-1", {"AWS_REGION": "us-east-1"}, "eu-north-1"),
    ],
)
def test_the_region_is_that_of_the_address_or_the_environment(
    address: str, environ: dict[str, str], region: str
) -> None:
    assert open_store(address, Settings(environ=environ)).describe().text == f"AWS Parameter Store in {region}"


@each_scheme
def test_airflow_does_not_know_aws_region(scheme: str) -> None:
    environ = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-2"}
    assert open_backend(BACKENDS[scheme], {}, WHERE, Settings(environ=environ)).address == f"{scheme}://us-east-2"


@each_scheme
def test_where_nothing_says_a_region_that_is_told(scheme: str) -> None:
    store = open_store(f"{scheme}://", Settings(environ=KEYS))
    assert store.describe().text.endswith("in the region of the profile")
    assert "no region is set" in str(failure(lambda: store.read(Selection())))


@each_scheme
def test_the_region_can_be_that_of_the_profile(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(tmp_path, monkeypatch)
    with FakeAws({LIST[scheme]: NOTHING}) as fake:
        store = open_store(f"{scheme}://?profile_name=team", fake.settings())
        assert ids(store.read(Selection()).bundle) == []
        assert "/eu-north-1/" in fake.log[0].headers["Authorization"]


def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "config": "[profile team]\nregion = eu-north-1\n",
        "credentials": f"[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = {CANARY}\n",
    }
    for name, variable in (("config", "AWS_CONFIG_FILE"), ("credentials", "AWS_SHARED_CREDENTIALS_FILE")):
        (tmp_path / name).write_text(files[name])
        monkeypatch.setenv(variable, str(tmp_path / name))


def signed_by(fake: FakeAws, name: str) -> list[tuple[str, str | None]]:
    """Whose key each request of an operation is signed with, and the token of the session."""
    found = [received.headers for received in fake.log if operation(received) == name]
    return [
        (headers["Authorization"].partition("Credential=")[2].partition("/")[0], headers["X-Amz-Security-Token"])
        for headers in found
    ]


def test_keys_come_from_one_place_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(tmp_path, monkeypatch)
    own = {"aws_access_key_id": "AKIAOWN", "aws_secret_access_key": CANARY}
    cases: list[tuple[dict[str, Any], tuple[str, str | None]]] = [
        ({}, ("AKIAEXAMPLE", "token")),
        (own, ("AKIAOWN", None)),
        ({"session_kwargs": {**own, "aws_session_token": "own"}}, ("AKIAOWN", "own")),
        ({"profile_name": "team"}, ("AKIATEAM", None)),
        ({"aws_access_key_id": "AKIAHALF"}, ("AKIAEXAMPLE", "token")),
    ]
    for kwargs, wanted in cases:
        with FakeAws({"GetParametersByPath": NOTHING}) as fake:
            store = open_backend(
                AWS_SSM, {**kwargs, "region_name": REGION}, WHERE, fake.settings(AWS_SESSION_TOKEN="token")
            )
            store.read(Selection())
            assert set(signed_by(fake, "GetParametersByPath")) == {wanted}


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not"),
        ({"AWS_SECRET_ACCESS_KEY": ""}, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"),
        ({"AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": ""}, "there are no AWS credentials"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "AWS_ENDPOINT_URL is not a URL"),
        ({"AWS_ENDPOINT_URL_SSM": "nonsense"}, "AWS_ENDPOINT_URL_SSM is not a URL"),
    ],
)
def test_credentials_that_are_not_there_are_told(environ: dict[str, str], message: str) -> None:
    with FakeAws({}) as fake:
        error = failure(lambda: fake.open("aws-ssm", **environ).read(Selection()).bundle)
        assert message in str(error)
        assert error.hint
        assert fake.log == []


def test_a_profile_that_is_not_there_is_told() -> None:
    with FakeAws({}) as fake:
        assert "no such profile" in str(
            failure(lambda: fake.open("aws-ssm", "?profile_name=x").read(Selection()).bundle)
        )


@pytest.mark.parametrize("text", ["[profile team\n", "[profile team]\nrole_arn = x\nsource_profile = nobody\n"])
def test_a_broken_configuration_of_aws_is_told(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    with FakeAws({}) as fake:
        store = fake.open("aws-ssm", "?profile_name=team", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        error = failure(lambda: store.read(Selection()))
        assert error.hint
        assert "AWS_CONFIG_FILE" in error.hint


def test_a_login_that_comes_to_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(f"[profile team]\ncredential_process = python -c 'import sys; sys.exit(\"{CANARY}\")'\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    with FakeAws({}) as fake:
        store = fake.open("aws-ssm", "?profile_name=team")
        assert "AWS refuses the login" in str(failure(lambda: store.read(Selection())))


@pytest.mark.parametrize(
    ("environ", "goes"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SSM": "HERE"}, True),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, False),
    ],
)
def test_the_endpoint_of_the_service_goes_before_that_of_all(environ: dict[str, str], goes: bool) -> None:
    with FakeAws({"GetParametersByPath": NOTHING}) as fake:
        found = {name: fake.url if text == "HERE" else text for name, text in environ.items()}
        store = fake.open("aws-ssm", **found)
        if goes:
            assert ids(store.read(Selection()).bundle) == []
        else:
            error = failure(lambda: store.read(Selection()))
            assert "can't be reached" in str(error)
            assert error.hint == "check that a server runs at endpoint_url or AWS_ENDPOINT_URL"
        query = f"?endpoint_url={fake.url}"
        assert ids(fake.open("aws-ssm", query, AWS_ENDPOINT_URL="http://127.0.0.1:1").read(Selection()).bundle) == []


def test_configured_endpoints_can_be_ignored() -> None:
    chosen = aws_ssm.ParameterStoreOptions()
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}
    assert aws_session.endpoint_of(chosen, Settings(environ=environ), "ssm") is None


FEDERATION = "assume_role_with_web_identity_federation"
ROLE = "arn:aws:iam::123456789012:role/airflow"
TRUSTED = """<{0}Response><{0}Result><Credentials><AccessKeyId>AKIAROLE{1}</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>of-the-role</SessionToken><Expiration>{2}</Expiration>
</Credentials></{0}Result></{0}Response>"""


def trusting(action: str, lasts: timedelta) -> Callable[[Any], Answer]:
    """STS that gives a role, each time with other keys."""
    given: list[str] = []

    def answer(body: Any) -> Answer:
        given.append(body)
        until = (datetime.now(timezone.utc) + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Answer(200, TRUSTED.format(action, len(given), until), {"Content-Type": "text/xml"})

    return answer


@pytest.mark.parametrize(("lasts", "keys"), [(60, ["1", "1"]), (1, ["1", "2"])])
def test_a_role_is_assumed_and_again_before_it_ends(lasts: int, keys: list[str]) -> None:
    with FakeAws(
        {"GetParametersByPath": NOTHING, "AssumeRole": trusting("AssumeRole", timedelta(minutes=lasts))}
    ) as fake:
        kwargs = {"role_arn": ROLE, "assume_role_kwargs": {"ExternalId": "e-1"}, "region_name": REGION}
        store = open_backend(AWS_SSM, kwargs, WHERE, fake.settings())
        store.read(Selection())
        wanted = [(f"AKIAROLE{number}", "of-the-role") for number in keys]
        assert signed_by(fake, "GetParametersByPath") == wanted
        assert set(signed_by(fake, "AssumeRole")) == {("AKIAEXAMPLE", None)}
        (sent, *_) = [dict_of_form(received) for received in fake.log if operation(received) == "AssumeRole"]
        assert {"RoleArn": ROLE, "ExternalId": "e-1", "RoleSessionName": "airconn"}.items() <= sent.items()


def test_the_endpoint_of_the_backend_is_not_that_of_sts() -> None:
    answers = {"AssumeRole": trusting("AssumeRole", timedelta(hours=1))}
    with FakeAws({"GetParametersByPath": NOTHING}) as fake, FakeAws(answers) as sts:
        for given in (
            ({"AWS_ENDPOINT_URL_STS": sts.url}, {}),
            ({}, {"service_config": {"sts": {"endpoint_url": sts.url}}}),
        ):
            environ, more = given
            kwargs = {"role_arn": ROLE, "endpoint_url": fake.url, "region_name": REGION, **more}
            settings = Settings(environ={**KEYS, **environ}, retries=0)
            assert ids(open_backend(AWS_SSM, kwargs, WHERE, settings).read(Selection()).bundle) == []
        assert sts.asked == ["AssumeRole", "AssumeRole"]
        assert set(fake.asked) == {"GetParametersByPath"}


def test_a_role_is_assumed_with_the_token_of_a_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(CANARY)
    action = "AssumeRoleWithWebIdentity"
    with FakeAws({"GetParametersByPath": NOTHING, action: trusting(action, timedelta(hours=1))}) as fake:
        query = f"?role_arn={ROLE}&assume_role_method=assume_role_with_web_identity"
        store = fake.open("aws-ssm", query, AWS_WEB_IDENTITY_TOKEN_FILE=str(token))
        store.read(Selection())
        assert {key for key, _ in signed_by(fake, "GetParametersByPath")} == {"AKIAROLE1"}
        (sent,) = [dict_of_form(received) for received in fake.log if operation(received) == action]
        assert sent["WebIdentityToken"] == CANARY
        token.unlink()
        store = fake.open("aws-ssm", query, AWS_WEB_IDENTITY_TOKEN_FILE=str(token))
        assert "names no file with a token" in str(failure(lambda: store.read(Selection())))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("role_arn=airflow", "role_arn is not the ARN of a role"),
        (f"role_arn={ROLE}&assume_role_method=x", "unknown assume_role_method"),
        (f"role_arn={ROLE}&assume_role_method=assume_role_with_saml", "SAML"),
        (f"role_arn={ROLE}&assume_role_method=assume_role_with_web_identity", "isn't set"),
        (
            f"role_arn={ROLE}&assume_role_method=assume_role_with_web_identity&{FEDERATION}=google",
            "only from a file",
        ),
    ],
)
def test_a_role_that_cannot_be_assumed_is_told(query: str, message: str) -> None:
    with FakeAws({}) as fake:
        error = failure(lambda: fake.open("aws-ssm", f"?{query}").read(Selection()).bundle)
        assert message in str(error)
        assert error.hint
        assert fake.log == []


def test_a_role_that_does_not_trust_us_is_told() -> None:
    refused = Answer(
        403,
        f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>{CANARY}</Message></Error></ErrorResponse>",
        {"Content-Type": "text/xml"},
    )
    with FakeAws({"AssumeRole": refused}) as fake:
        error = failure(lambda: fake.open("aws-ssm", f"?role_arn={ROLE}").read(Selection()).bundle)
        assert "AWS doesn't allow these credentials to assume" in str(error)


@each_scheme
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refusal("ExpiredTokenException"), "AWS refuses the credentials: their session has ended"),
        (refusal("UnrecognizedClientException"), "AWS refuses the credentials: the access key is unknown"),
        (refusal("InvalidSignatureException"), "AWS refuses the credentials: the secret doesn't fit"),
        (refusal("com.amazon.coral.service#SignatureDoesNotMatch"), "AWS refuses the credentials: the secret"),
        (refusal("ThrottlingException"), "too many requests"),
        (refusal("InternalServiceError", status=500), "AWS has an internal error"),
        (refusal("ValidationException"), "AWS doesn't accept this name or value"),
        (refusal("SomethingNewException"), "AWS answers SomethingNewException"),
        (
            Answer(403, "<E><Code>InvalidClientTokenId</Code></E>"),
            "AWS refuses the credentials: the access key is unknown",
        ),
        (Answer(403, f"<html>{CANARY}</html>"), "isn't an answer of AWS"),
        (Answer(200, f"<html>{CANARY}</html>"), "isn't an answer of AWS"),
        (Answer(200, {"x": CANARY}), "isn't an answer of AWS"),
        (Answer(200, fate="reset"), "AWS can't be reached"),
    ],
)
def test_what_aws_answers_is_told_in_words_and_quotes_nothing(scheme: str, answer: Answer, message: str) -> None:
    with FakeAws({LIST[scheme]: answer}) as fake:
        error = failure(lambda: fake.open(scheme).read(Selection()))
        assert message in str(error)
        assert isinstance(error, Unavailable)


@each_scheme
def test_before_the_first_write_it_is_asked_whether_it_lets_us_in(scheme: str) -> None:
    with FakeAws({LIST[scheme]: refusal("UnrecognizedClientException")}) as fake:
        assert "AWS refuses" in str(failure(lambda: write(fake.open(scheme))))
        assert fake.asked == [LIST[scheme]]


@each_scheme
def test_who_may_not_list_may_well_write(scheme: str) -> None:
    answers = {LIST[scheme]: refusal("AccessDeniedException"), "CreateSecret": {}, "PutParameter": {}}
    with FakeAws(answers) as fake:
        assert write(fake.open(scheme)) == [None]
        action = f"{'ssm' if scheme == 'aws-ssm' else 'secretsmanager'}:{LIST[scheme]}"
        error = failure(lambda: fake.open(scheme).read(Selection()))
        assert f"these credentials may not do {action} here" in str(error)
        assert error.hint == f"a policy must allow {action} (airconn help aws)"


@each_scheme
def test_who_has_read_need_not_knock(scheme: str) -> None:
    gone = refusal("ParameterNotFound" if scheme == "aws-ssm" else "ResourceNotFoundException")
    with FakeAws({GET[scheme]: gone, "CreateSecret": {}, "PutParameter": {}}) as fake:
        store = fake.open(scheme)
        assert ids(store.read(Selection(ids=frozenset({(Kind.VARIABLES, "v")}))).bundle) == []
        assert write(store) == [None]
        assert LIST[scheme] not in fake.asked


@each_scheme
@pytest.mark.parametrize("action", [Action.UPDATE, Action.REPLACE, Action.DELETE])
@pytest.mark.parametrize("now", ["theirs", "gone"])
def test_what_another_writer_has_changed_meanwhile_is_left_as_it_is(scheme: str, action: Action, now: str) -> None:
    gone = refusal("ParameterNotFound" if scheme == "aws-ssm" else "ResourceNotFoundException")
    versions = iter([1, 2])

    def value(body: Any) -> Answer | dict[str, Any]:
        version = next(versions)
        if version == 2 and now == "gone":
            return gone
        name = body.get("Name") or body["SecretId"]
        parameter = {"Name": name, "Value": "1", "Version": version}
        return {"Name": name, "SecretString": "1", "VersionId": str(version), "Parameter": parameter}

    with FakeAws({GET[scheme]: value}) as fake:
        store = fake.open(scheme)
        found = store.read(Selection(ids=frozenset({(Kind.VARIABLES, "v")})))
        (held,) = found.bundle
        wanted = None if action is Action.DELETE else replace(VARIABLE, value=Text("new"))
        (error,) = do(store, step(action, wanted, held, "value"), before=found)
        assert fake.asked == [GET[scheme]] * 2
    if now == "gone":
        assert error == (None if action is Action.DELETE else "another program has deleted it; run again")
    else:
        assert error == "another program has changed it; run again"


@each_scheme
def test_what_is_refused_of_one_is_no_matter_of_the_others(scheme: str) -> None:
    def answer(body: Any) -> Answer | dict[str, Any]:
        return refusal("AccessDeniedException") if body["Name"].endswith("/v") else {}

    with FakeAws({LIST[scheme]: NOTHING, "CreateSecret": answer, "PutParameter": answer}) as fake:
        errors = do(fake.open(scheme), step(Action.CREATE, VARIABLE), step(Action.CREATE, replace(VARIABLE, key="w")))
        assert errors[1] is None
        assert "these credentials may not do" in str(errors[0])
        assert CANARY not in str(errors)


@each_scheme
def test_one_that_may_not_be_read_ends_a_read_unless_it_is_left_out(scheme: str) -> None:
    prefix = "/airflow/variables" if scheme == "aws-ssm" else "airflow/variables"
    listed = [{"Name": f"{prefix}/{name}", "Value": "sealed"} for name in ("a", "b")]

    def value(body: Any) -> Answer | dict[str, Any]:
        name = body.get("Name") or body["SecretId"]
        if name.endswith("/a"):
            return refusal("AccessDeniedException", "Access to KMS is not allowed")
        return {"Name": name, "SecretString": "1", "Parameter": {"Name": name, "Value": "1"}}

    def page(body: Any) -> Answer | dict[str, Any]:
        if body.get("WithDecryption"):
            return refusal("AccessDeniedException", "The ciphertext refers to a kms key that you may not use")
        return {"SecretList": listed, "Parameters": listed}

    answers = {
        LIST[scheme]: page,
        GET[scheme]: value,
        "BatchGetSecretValue": {"Errors": [{"SecretId": "a", "ErrorCode": "x", "Message": CANARY}]},
    }
    variables = frozenset({Kind.VARIABLES})
    with FakeAws(answers) as fake:
        error = failure(lambda: fake.open(scheme).read(Selection(kinds=variables)))
        assert str(error) == f"{scheme}://{REGION}/airflow/variables/a: its key (KMS) may not be used"
        assert str(error.hint).endswith("--exclude leaves it out (airconn help aws)")
        found = fake.open(scheme).read(Selection(kinds=variables, exclude=("a",))).bundle
        assert {key: found.variables[key].value for key in found.variables} == {"b": Text("1")}


@each_scheme
def test_throttling_and_faults_are_tried_again_as_often_as_it_is_said(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
    faults = [refusal("ThrottlingException"), refusal("InternalServerError", status=500), Answer(fate="reset")]
    for faulty in (faults[:2], faults[1:]):
        left = list(faulty)
        with FakeAws({LIST[scheme]: lambda body, left=left: left.pop() if left else NOTHING}) as fake:
            assert ids(fake.open(scheme, retries=2).read(Selection()).bundle) == []
            assert len(fake.asked) == 4  # two kinds, and two that went wrong
    with FakeAws({LIST[scheme]: refusal("ThrottlingException")}) as fake:
        failure(lambda: fake.open(scheme, retries=1).read(Selection()).bundle)
        assert len(fake.asked) == 2


@pytest.mark.parametrize("service", ["ssm", "secretsmanager", "airflow"])
def test_a_region_that_is_none_is_told_with_one_that_is(service: str) -> None:
    from botocore.exceptions import EndpointConnectionError

    fault = EndpointConnectionError(endpoint_url=f"https://{service}.eu-wst-1.amazonaws.com/")
    asked = aws_errors.AwsEndpoint("aws-ssm://eu-wst-1", service, "eu-wst-1", "")
    assert str(aws_errors.of_fault(fault, asked).hint).startswith("did you mean eu-west-1?")
    there = replace(asked, region="eu-west-1")
    assert "HTTPS_PROXY" in str(aws_errors.of_fault(fault, there).hint)


def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = Settings(environ=KEYS, retries=0, timeout=3)
    error = failure(lambda: open_store(f"aws-ssm://{REGION}", settings).read(Selection()).bundle)
    assert "the proxy can't be reached" in str(error)


def test_authorities_that_are_none_are_told(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(CANARY)
    store = open_store(f"aws-ssm://{REGION}", Settings(environ=KEYS, ca_bundle=path))
    assert "the CA bundle names no file with certificates" in str(failure(lambda: store.read(Selection())))
    store = open_store(f"aws-ssm://{REGION}?verify={path}", Settings(environ=KEYS))
    assert "verify names no file with certificates" in str(failure(lambda: store.read(Selection())))


@each_scheme
def test_an_id_that_airflow_never_looks_for_is_neither_read_nor_written(scheme: str) -> None:
    prefix = "/c" if scheme == "aws-ssm" else "c"
    listed = [{"Name": f"{prefix}/{name}", "Value": "http://h"} for name in ("A_x", "b")]
    values = {"SecretValues": [{"Name": f"{prefix}/A_x", "SecretString": "http://h"}]}
    query = "?connections_prefix=c&connections_lookup_pattern=a_&variables_prefix=null"
    with FakeAws({LIST[scheme]: {"SecretList": listed, "Parameters": listed}, "BatchGetSecretValue": values}) as fake:
        store = fake.open(scheme, query)
        assert ids(store.read(Selection()).bundle) == ["A_x"]
        assert ids(store.read(Selection(ids=frozenset({(Kind.CONNECTIONS, "b")}))).bundle) == []
        assert GET[scheme] not in fake.asked
        assert "connections_lookup_pattern" in store.problems(Connection(conn_id="b", conn_type="x"))[0]
        assert not store.problems(Connection(conn_id="A_b", conn_type="x"))


@pytest.mark.parametrize(
    ("address", "key", "message"),
    [
        ("aws-secretsmanager://r", "x" * 494, ""),
        ("aws-secretsmanager://r", "x" * 495, "longer than the 512 characters"),
        ("aws-secretsmanager://r?variables_prefix=", "x" * 512, ""),
        ("aws-secretsmanager://r", "a:b", "aren't allowed"),
        ("aws-secretsmanager://r", "/a//b@c=d+e/", ""),
        ("aws-ssm://r", "x" * 936, ""),
        ("aws-ssm://r", "x" * 937, "longer than"),
        ("aws-ssm://r", "/".join("x" * 13), ""),
        ("aws-ssm://r", "/".join("x" * 14), "15 levels"),
        ("aws-ssm://r", "a//b", "aren't allowed"),
        ("aws-ssm://r", "a/", "aren't allowed"),
        ("aws-ssm://r", "a@b", "aren't allowed"),
        ("aws-ssm://r", "aws_default", ""),
        ("aws-ssm://r?variables_prefix=", "AWS_default", "begin with aws or ssm"),
        ("aws-ssm://r?variables_prefix=ssm", "x", "begin with aws or ssm"),
    ],
    ids=lambda value: value[:40],
)
def test_names_that_there_cannot_be_are_told(address: str, key: str, message: str) -> None:
    found = open_store(address, Settings()).problems(replace(VARIABLE, key=key))
    assert bool(found) == bool(message)
    assert message in " ".join(found)


@pytest.mark.parametrize(
    ("address", "value", "message"),
    [
        ("aws-secretsmanager://r", "", "is empty"),
        ("aws-secretsmanager://r", "é" * 32768, ""),
        ("aws-secretsmanager://r", "é" * 32768 + "x", "larger than the 65536 bytes"),
        ("aws-secretsmanager://r", "{{ ds }}", ""),
        ("aws-ssm://r", "", "is empty"),
        ("aws-ssm://r", "é" * 4096, ""),
        ("aws-ssm://r", "é" * 4096 + "x", "larger than the 8192 bytes"),
        ("aws-ssm://r", "a {{ ds }} b", "double braces"),
        ("aws-ssm://r", '{"a": {"b": {}}}', ""),
    ],
    ids=lambda value: value[:40],
)
def test_values_that_there_cannot_be_are_told(address: str, value: str, message: str) -> None:
    found = open_store(address, Settings()).problems(replace(VARIABLE, value=Text(value)))
    assert bool(found) == bool(message)
    assert message in " ".join(found)


def test_nothing_is_loaded_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("boto3", "botocore.config", "botocore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    for scheme in SCHEMES:
        store = open_store(f"{scheme}://{REGION}", Settings())
        assert not store.problems(VARIABLE)
        error = failure(lambda store=store: store.read(Selection()).bundle)
        assert str(error) == "this address needs the package boto3, which isn't installed"
        assert error.hint == command_for("aws")


def test_requests_and_values_are_in_no_repr() -> None:
    store = open_backend(AWS_SSM, {"aws_secret_access_key": CANARY, "aws_access_key_id": "x"}, WHERE, Settings())
    assert CANARY not in f"{store!r} {vars(store)!r} {json.dumps(sorted(vars(store)))}"
