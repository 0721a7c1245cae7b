"""The fake of the Astro API refuses what the schema doesn't have, and keeps the rules that are known."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from airconn.stores.astro.address import is_id
from tests.stores.astro import schema
from tests.stores.astro.environment_objects import Link
from tests.stores.astro.fake_astro import DEPLOYMENT, USER, WORKSPACE, FakeAstro, Refusal, running
from tests.stores.astro.switches import DEFAULT, NASTIEST, Switches, name_of, single_settings

POOL = urllib3.PoolManager(retries=False)
SECRET_POSTGRES = {"type": "postgres", "host": "db", "password": "s3cret", "extra": {"sslmode": "require"}}


def ask(
    astro: FakeAstro, method: str, path: str, body: Any = None, *, token: str = "", organization: str = ""
) -> tuple[int, Any]:
    """The status and the body of a call, below the Organization."""
    headers = {"Authorization": f"Bearer {token or astro.token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    url = f"{astro.url}/organizations/{organization or astro.organization}{path}"
    answer = POOL.request(method, url, headers=headers, body=None if body is None else json.dumps(body))
    return answer.status, json.loads(answer.data) if answer.data else None


def listed(astro: FakeAstro, query: str = "", **options: Any) -> list[dict[str, Any]]:
    status, body = ask(astro, "GET", f"/environment-objects?workspaceId={astro.workspace}{query}", **options)
    assert status == 200, body
    return list(body["environmentObjects"])


def create(astro: FakeAstro, **fields: Any) -> tuple[int, Any]:
    body = {
        "objectType": "CONNECTION",
        "objectKey": "warehouse",
        "scope": "WORKSPACE",
        "scopeEntityId": astro.workspace,
        "connection": SECRET_POSTGRES,
        **fields,
    }
    return ask(astro, "POST", "/environment-objects", body)


def update(astro: FakeAstro, key: str, body: dict[str, Any]) -> tuple[int, Any]:
    return ask(astro, "POST", f"/environment-objects/{astro.find(key).id}", body)


def whole(astro: FakeAstro, deployment: str = "") -> dict[str, Any]:
    """The body of an update that changes nothing: all that managed.md 2.3 says to echo."""
    read = astro.deployments[deployment or astro.deployment].shown()
    body = {
        name: read[name]
        for name in schema.fields_of(f"Update{read['type'].title()}DeploymentRequest")
        if name in read and name != "workloadIdentity"
    }
    for queue in body.get("workerQueues", []):
        queue.pop("podCpu"), queue.pop("podMemory")
    body.get("remoteExecution", {}).pop("remoteApiUrl", None)
    if read["type"] == "HYBRID":
        body["scheduler"] = {"au": read["schedulerAu"], "replicas": read["schedulerReplicas"]}
    body["environmentVariables"] = [
        {name: value for name, value in one.items() if name != "updatedAt"}
        for one in read.get("environmentVariables", [])
    ]
    return body


def fields_refused(answer: tuple[int, Any]) -> list[tuple[str, str]]:
    status, body = answer
    assert status == 400
    return [(one["field"], one["code"]) for one in body["fieldErrors"]]


# What is refused


def test_a_field_that_the_schema_does_not_have_is_refused(astro: FakeAstro) -> None:
    assert fields_refused(create(astro, secret=True)) == [("", "unknown")]
    misspelt = {**SECRET_POSTGRES, "pasword": "x"}
    assert fields_refused(create(astro, connection=misspelt)) == [("connection", "unknown")]
    assert astro.objects == {}


def test_extra_is_free(astro: FakeAstro) -> None:
    status, _ = create(astro, connection={"type": "http", "extra": {"any": {"thing": [1, None]}}})
    assert status == 200
    assert astro.find("warehouse").content["extra"] == {"any": {"thing": [1, None]}}


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"connection": {"host": "db"}}, ("connection.type", "required")),
        ({"connection": {"type": "http", "port": "80"}}, ("connection.port", "type")),
        ({"connection": {"type": "http", "extra": "{}"}}, ("connection.extra", "type")),
        ({"connection": {"type": "http", "authTypeId": "made-up"}}, ("connection.authTypeId", "oneof")),
        ({"objectType": "POOL"}, ("objectType", "oneof")),
        ({"description": "x" * 501}, ("description", "max")),
        ({"objectType": "AIRFLOW_VARIABLE"}, ("connection", "excluded_with")),
        ({"links": [{"scope": "DEPLOYMENT", "scopeEntityId": "other"}]}, ("links.0.scopeEntityId", "invalid")),
        ({"links": [{"scope": "PROJECT", "scopeEntityId": "other"}]}, ("links.0.scope", "oneof")),
    ],
    ids=str,
)
def test_a_wrong_body_is_refused(astro: FakeAstro, fields: dict[str, Any], refused: tuple[str, str]) -> None:
    assert fields_refused(create(astro, **fields)) == [refused]
    assert astro.objects == {}


def test_a_wrong_query_is_refused(astro: FakeAstro) -> None:
    for query in ("page=1", "limit=many", "limit=-1", "showSecrets=yes", "sorts=objectKey", "limit=1&limit=2"):
        status, _ = ask(astro, "GET", f"/environment-objects?workspaceId={astro.workspace}&{query}")
        assert status == 400, query
    assert ask(astro, "GET", "/environment-objects")[0] == 400
    assert ask(astro, "GET", "/workspaces?limit=1001")[0] == 400


def test_wrong_paths_and_methods_are_refused(astro: FakeAstro) -> None:
    held = astro.put("CONNECTION", "warehouse", {"type": "postgres"})
    assert ask(astro, "GET", "/environment-things")[0] == 404
    assert ask(astro, "PATCH", f"/environment-objects/{held.id}", {"connection": {"type": "postgres"}})[0] == 405
    assert ask(astro, "GET", "/environment-objects/other")[0] == 404
    with running(Switches(patch_status=404)) as other:
        assert ask(other, "PATCH", "/environment-objects/any", {})[0] == 404


def test_fields_of_a_workspace_are_refused_for_an_object_of_a_deployment(astro: FakeAstro) -> None:
    at_deployment = {"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment}
    for name, value in (("autoLinkDeployments", False), ("links", []), ("excludeLinks", [])):
        assert fields_refused(create(astro, **at_deployment, **{name: value})) == [(name, "excluded_with")]
    assert create(astro, **at_deployment)[0] == 200
    body = {"connection": {"type": "postgres"}, "autoLinkDeployments": False}
    assert fields_refused(update(astro, "warehouse", body)) == [("autoLinkDeployments", "excluded_with")]


def test_an_answer_against_the_schema_fails_the_test() -> None:
    def asked() -> None:
        with running() as astro:
            astro.workspaces[astro.workspace]["colour"] = "red"
            ask(astro, "GET", "/workspaces")

    with pytest.raises(AssertionError, match="ListWorkspaces answers 200"):
        asked()


# Tokens


def test_a_token_has_the_claims_that_say_where_it_is_for(astro: FakeAstro) -> None:
    _, payload, _ = astro.add_token(DEPLOYMENT).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert f"organizationId:{astro.organization}" in claims["permissions"]
    assert f"deploymentId:{astro.deployment}" in claims["permissions"]


@pytest.mark.parametrize("token", ["made up", "a.b.c"])
def test_a_wrong_token_is_refused(astro: FakeAstro, token: str) -> None:
    assert ask(astro, "GET", "/workspaces", token=token)[0] == 401


def test_an_expired_token_is_refused(astro: FakeAstro) -> None:
    assert ask(astro, "GET", "/workspaces", token=astro.add_token(expires=1.0))[0] == 401


def test_a_token_reaches_what_it_is_for(astro: FakeAstro) -> None:
    other = astro.add_workspace("Other")
    away = astro.add_deployment("elsewhere", other)
    of_workspace, of_deployment = astro.add_token(WORKSPACE), astro.add_token(DEPLOYMENT)
    status, body = ask(astro, "GET", "/workspaces", token=of_workspace)
    assert (status, [one["id"] for one in body["workspaces"]]) == (200, [astro.workspace])
    assert ask(astro, "GET", "/workspaces", token=of_deployment)[0] == 403
    for token in (of_workspace, of_deployment):
        assert ask(astro, "GET", f"/environment-objects?workspaceId={other}", token=token)[0] == 403
        assert ask(astro, "GET", f"/deployments/{away}", token=token)[0] == 403
        assert ask(astro, "GET", f"/deployments/{astro.deployment}", token=token)[0] == 200
    assert ask(astro, "GET", "/workspaces", organization=astro.add_organization("Other"))[0] == 403
    assert ask(astro, "GET", f"/environment-objects?deploymentId={astro.deployment}", token=of_deployment)[0] == 200


def test_a_reader_cannot_write(astro: FakeAstro) -> None:
    held = astro.put("CONNECTION", "warehouse", {"type": "postgres"})
    reader = astro.add_token(writes=False, shows_secrets=False)
    assert ask(astro, "DELETE", f"/environment-objects/{held.id}", token=reader)[0] == 403
    path = f"/environment-objects?workspaceId={astro.workspace}"
    assert ask(astro, "GET", path, token=reader)[0] == 200
    assert ask(astro, "GET", f"{path}&showSecrets=true", token=reader)[0] == 403


def test_organizations_are_listed_for_users_only(astro: FakeAstro) -> None:
    for token, status in ((astro.token, 403), (astro.add_token(USER), 200)):
        headers = {"Authorization": f"Bearer {token}"}
        assert POOL.request("GET", f"{astro.url}/organizations", headers=headers).status == status


# Lists


def test_pages_count_all_objects(astro: FakeAstro) -> None:
    for number in range(45):
        astro.put("AIRFLOW_VARIABLE", f"v{number:02d}", {"value": "x"})
    _, body = ask(astro, "GET", f"/environment-objects?workspaceId={astro.workspace}&sorts=objectKey:desc&offset=40")
    assert [one["objectKey"] for one in body["environmentObjects"]] == ["v04", "v03", "v02", "v01", "v00"]
    assert (body["totalCount"], body["limit"], body["offset"]) == (45, 20, 40)
    assert len(listed(astro, "&limit=1000")) == 45
    with running(Switches(page_cap=20)) as other:
        for number in range(45):
            other.put("AIRFLOW_VARIABLE", f"v{number:02d}", {"value": "x"})
        assert len(listed(other, "&limit=1000")) == 20


def test_filters_are_exact(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "region", {"value": "x"})
    astro.put("CONNECTION", "region", {"type": "http"})
    astro.put("CONNECTION", "region_2", {"type": "http"})
    found = listed(astro, "&objectKey=region&objectType=CONNECTION")
    assert [(one["objectKey"], one["objectType"]) for one in found] == [("region", "CONNECTION")]


def test_a_deployment_lists_what_reaches_it(astro: FakeAstro) -> None:
    second = astro.add_deployment("second")
    astro.put("AIRFLOW_VARIABLE", "linked", {"value": "x"}, links={astro.deployment: {"value": "y"}})
    astro.put("AIRFLOW_VARIABLE", "other", {"value": "x"}, links={second: {}})
    astro.put("AIRFLOW_VARIABLE", "auto", {"value": "x"}, auto_link=True)
    astro.put("AIRFLOW_VARIABLE", "excluded", {"value": "x"}, auto_link=True, exclude_links=(astro.deployment,))
    astro.put("AIRFLOW_VARIABLE", "own", {"value": "x"}, deployment=astro.deployment)
    path = f"/environment-objects?deploymentId={astro.deployment}&sorts=objectKey:asc"
    _, body = ask(astro, "GET", path)
    found = [(one["objectKey"], one["scope"]) for one in body["environmentObjects"]]
    assert found == [("auto", "WORKSPACE"), ("linked", "WORKSPACE"), ("own", "DEPLOYMENT")]
    _, body = ask(astro, "GET", f"{path}&resolveLinked=true")
    linked = body["environmentObjects"][1]
    assert "id" not in linked
    assert (linked["airflowVariable"]["value"], linked["sourceScope"]) == ("y", "WORKSPACE")


# Secrets


def test_secrets_are_hidden_but_named(astro: FakeAstro) -> None:
    astro.put("CONNECTION", "db", SECRET_POSTGRES, links={astro.deployment: {"password": "0ther"}})
    aws = {"type": "aws", "authTypeId": "aws-access-key", "extra": {"aws_secret": "s3cret", "region_name": "eu"}}
    astro.put("CONNECTION", "lake", aws)
    astro.put("AIRFLOW_VARIABLE", "key", {"value": "s3cret", "isSecret": True})
    db, key, lake = listed(astro, "&sorts=objectKey:asc")
    assert "s3cret" not in json.dumps([db, key, lake])
    assert "0ther" not in json.dumps(db)
    assert db["setFields"] == ["extra.sslmode", "host", "password", "type"]
    assert db["links"] == [{"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment, "setFields": ["password"]}]
    assert key["airflowVariable"] == {"value": "", "isSecret": True}
    assert lake["connection"]["extra"] == {"region_name": "eu"}
    assert lake["connection"]["connectionAuthType"]["id"] == "aws-access-key"
    assert "extra.aws_secret" in lake["setFields"]
    db, key, lake = listed(astro, "&sorts=objectKey:asc&showSecrets=true")
    assert db["connection"]["password"] == "s3cret"
    assert db["links"][0]["connectionOverrides"] == {"password": "0ther"}
    assert key["airflowVariable"]["value"] == "s3cret"
    assert lake["connection"]["extra"] == {"aws_secret": "s3cret", "region_name": "eu"}


@pytest.mark.parametrize("status", [400, 403])
def test_secrets_are_refused_as_the_cli_expects_it(status: int) -> None:
    with running(Switches(show_secrets="refused", show_secrets_status=status)) as astro:
        answered, body = ask(astro, "GET", f"/environment-objects?workspaceId={astro.workspace}&showSecrets=true")
    assert answered == status
    assert all(text in body["message"] for text in ("showSecrets", "organization", "not allowed"))


def test_hidden_fields_have_every_form() -> None:
    content = {"type": "aws", "password": "s3cret", "authTypeId": "aws-access-key", "extra": {"aws_secret": "s3cret"}}
    forms = Switches(hidden_password="empty", hidden_extra="masked", hidden_overrides="blank")
    with running(forms) as astro:
        overrides = {"host": "x", "password": "s3cret"}
        astro.put("CONNECTION", "lake", content, links={astro.deployment: overrides})
        (lake,) = listed(astro)
    assert lake["connection"]["password"] == ""
    assert lake["connection"]["extra"] == {"aws_secret": "****"}
    assert lake["links"][0]["connectionOverrides"] == {"host": "x", "password": ""}


# Updates of environment objects


def full(astro: FakeAstro) -> None:
    astro.put(
        "CONNECTION",
        "db",
        SECRET_POSTGRES,
        description="owned by billing",
        auto_link=True,
        links={astro.deployment: {"host": "prod"}},
        exclude_links=(astro.add_deployment("second"),),
    )


def test_what_an_update_omits_is_removed_or_kept() -> None:
    body = {"connection": SECRET_POSTGRES}
    with running() as astro:
        full(astro)
        assert update(astro, "db", body)[0] == 200
        state = astro.find("db").state()
    assert (state["links"], state["exclude_links"], state["auto_link"], state["description"]) == ({}, [], False, "")
    kept = Switches("kept", "kept", "kept", description_omitted="kept")
    with running(kept) as astro:
        full(astro)
        before = astro.state()
        assert update(astro, "db", body)[0] == 200
        assert astro.state() == before


def test_a_present_link_keeps_its_overrides(astro: FakeAstro) -> None:
    full(astro)
    link = {"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment}
    body: dict[str, Any] = {"connection": SECRET_POSTGRES, "links": [link]}
    update(astro, "db", body)
    assert astro.find("db").state()["links"] == {astro.deployment: {"host": "prod"}}
    body["links"] = [{**link, "overrides": {"connection": {"login": "etl"}}}]
    update(astro, "db", body)
    assert astro.find("db").state()["links"] == {astro.deployment: {"host": "prod", "login": "etl"}}
    body["links"] = [{**link, "overrides": {"unsetFields": ["host"]}}]
    update(astro, "db", body)
    assert astro.find("db").state()["links"] == {astro.deployment: {"login": "etl"}}
    body["links"] = [{**link, "overrides": {"connection": {"login": "x"}, "unsetFields": ["login"]}}]
    assert update(astro, "db", body)[0] == 400
    body["links"] = [{**link, "overrides": {"connection": {}}}]
    update(astro, "db", body)
    assert astro.find("db").state()["links"] == {astro.deployment: {}}


def test_the_content_is_needed_and_its_type_cannot_change(astro: FakeAstro) -> None:
    full(astro)
    assert fields_refused(update(astro, "db", {"links": []})) == [("connection", "required")]
    other = {**SECRET_POSTGRES, "type": "mysql"}
    assert fields_refused(update(astro, "db", {"connection": other})) == [("connection.type", "immutable")]


def test_an_empty_secret_changes_nothing_and_an_empty_text_does(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "key", {"value": "s3cret", "isSecret": True})
    astro.put("AIRFLOW_VARIABLE", "region", {"value": "eu"})
    update(astro, "key", {"airflowVariable": {"value": ""}})
    update(astro, "region", {"airflowVariable": {"value": ""}})
    assert astro.find("key").content["value"] == "s3cret"
    assert astro.find("region").content["value"] == ""


@pytest.mark.parametrize(
    ("switch", "left"),
    [
        ("kept", {"type": "postgres", "host": "new", "password": "s3cret", "extra": {"sslmode": "require"}}),
        ("visible cleared", {"type": "postgres", "host": "new", "password": "s3cret"}),
        ("cleared", {"type": "postgres", "host": "new"}),
    ],
)
def test_omitted_fields_of_a_connection(switch: str, left: dict[str, Any]) -> None:
    with running(Switches(connection_fields_omitted=switch)) as astro:
        full(astro)
        update(astro, "db", {"connection": {"type": "postgres", "host": "new"}})
        assert astro.find("db").content == left


@pytest.mark.parametrize(
    ("switch", "left"),
    [
        ("replaced", {"new": 1}),
        ("merged", {"aws_secret": "s3cret", "new": 1, "region_name": "eu"}),
        ("hidden kept", {"aws_secret": "s3cret", "new": 1}),
    ],
)
def test_the_extra_that_is_sent(switch: str, left: dict[str, Any]) -> None:
    extra = {"aws_secret": "s3cret", "region_name": "eu"}
    with running(Switches(extra_sent=switch, auth_type_omitted="kept")) as astro:
        astro.put("CONNECTION", "lake", {"type": "aws", "authTypeId": "aws-access-key", "extra": extra})
        update(astro, "lake", {"connection": {"type": "aws", "extra": {"new": 1}}})
        assert astro.find("lake").content["extra"] == left


def test_the_same_key_twice_is_a_conflict(astro: FakeAstro) -> None:
    assert create(astro)[0] == 200
    assert create(astro)[0] == 409
    at_deployment = {"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment}
    assert create(astro, **at_deployment)[0] == 200
    with running(Switches(same_key_in_both_scopes="refused")) as other:
        assert create(other)[0] == 200
        assert create(other, scope="DEPLOYMENT", scopeEntityId=other.deployment)[0] == 409


def test_a_deleted_object_is_gone_and_an_exclusion_is_added(astro: FakeAstro) -> None:
    held = astro.put("CONNECTION", "db", {"type": "http"}, auto_link=True)
    exclusion = {"scope": "DEPLOYMENT", "scopeEntityId": astro.deployment}
    assert ask(astro, "POST", f"/environment-objects/{held.id}/exclude-linking", exclusion) == (200, None)
    assert held.exclude_links == [astro.deployment]
    assert ask(astro, "POST", f"/environment-objects/{held.id}/exclude-linking", exclusion)[0] == 409
    assert ask(astro, "DELETE", f"/environment-objects/{held.id}") == (204, None)
    assert ask(astro, "GET", f"/environment-objects/{held.id}")[0] == 404


def test_metrics_exports_are_objects_as_well(astro: FakeAstro) -> None:
    content = {
        "endpoint": "https://m",
        "exporterType": "PROMETHEUS",
        "password": "s3cret",
        "headers": {"X-Key": "k3y"},
    }
    astro.put("METRICS_EXPORT", "metrics", content)
    (metrics,) = listed(astro)
    assert metrics["setFields"] == ["endpoint", "exporterType", "headers.X-Key", "password"]
    assert metrics["metricsExport"] == {"endpoint": "https://m", "exporterType": "PROMETHEUS"}


def test_big_integers_of_an_extra_lose_digits() -> None:
    with running(Switches(extra_numbers="floats")) as astro:
        create(astro, connection={"type": "http", "extra": {"b": 2**53 + 1, "a": 1.0}})
        assert json.dumps(astro.find("warehouse").content["extra"]) == '{"a": 1, "b": 9007199254740992}'


# What goes wrong


def test_a_creation_can_fail_after_it_was_done() -> None:
    with running(Switches(create_answer="500 after doing it")) as astro:
        assert create(astro)[0] == 500
        assert astro.find("warehouse").content["password"] == "s3cret"
        assert create(astro)[0] == 409


def test_too_many_requests_are_refused() -> None:
    with running(Switches(throttled="without")) as astro:
        assert [ask(astro, "GET", "/workspaces")[0] for _ in range(2)] == [429, 200]
    with running(Switches(rate_limits=True)) as astro:
        assert [ask(astro, "DELETE", "/environment-objects/x")[0] for _ in range(6)] == [404] * 5 + [429]


def test_errors_quote_what_was_sent_unless_told_not_to(astro: FakeAstro) -> None:
    wrong = {"type": "http", "port": "s3cret"}
    assert "s3cret" in json.dumps(create(astro, connection=wrong))
    with running(Switches(errors_quote=False)) as other:
        assert "s3cret" not in json.dumps(create(other, connection=wrong))


def test_others_may_write_in_between(astro: FakeAstro) -> None:
    held = astro.put("AIRFLOW_VARIABLE", "region", {"value": "eu"})

    def before(call: Any, received: Any) -> None:
        if call.operation == "UpdateEnvironmentObject":
            astro.objects.pop(held.id, None)

    def after(call: Any, received: Any) -> None:
        if call.operation == "ListWorkspaces":
            raise Refusal(500, "after doing it")

    astro.before, astro.after = before, after
    assert ask(astro, "POST", f"/environment-objects/{held.id}", {"airflowVariable": {"value": "us"}})[0] == 404
    assert ask(astro, "GET", "/workspaces")[0] == 500


def test_every_request_is_recorded_with_its_headers(astro: FakeAstro) -> None:
    ask(astro, "GET", "/workspaces")
    (served,) = astro.calls("ListWorkspaces")
    assert served.request.headers["Authorization"] == f"Bearer {astro.token}"
    assert served.status == 200


# Deployments


def test_a_whole_update_changes_nothing_but_restarts(astro: FakeAstro) -> None:
    for kind, executor in (
        ("STANDARD", "CELERY"),
        ("DEDICATED", "KUBERNETES"),
        ("HYBRID", "CELERY"),
        ("HYBRID", "KUBERNETES"),
    ):
        key = astro.add_deployment(f"{kind} {executor}", kind=kind, executor=executor)
        deployment = astro.deployments[key]
        deployment.put("AIRFLOW_CONN_DB", "s3cret", secret=True)
        deployment.put("AIRFLOW__CORE__PARALLELISM", "12")
        deployment.workload_identity = deployment.record["effectiveWorkloadIdentity"] = "mine"
        deployment.remember()
        status, body = ask(astro, "POST", f"/deployments/{key}", whole(astro, key))
        assert status == 200, body
        assert "s3cret" not in json.dumps(body)
        assert deployment.changed_fields() == {}
        assert deployment.values() == {"AIRFLOW_CONN_DB": "s3cret", "AIRFLOW__CORE__PARALLELISM": "12"}
        assert deployment.restarts == 1


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.pop(name)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (without("contactEmails"), "contactEmails"),
        (without("scalingSpec"), "scalingSpec"),
        (without("description"), "description"),
        (lambda body: body["workerQueues"][1].pop("id"), "workerQueues"),
        (lambda body: body["workerQueues"][1].pop("podEphemeralStorage"), "workerQueues"),
        (lambda body: body.update(workloadIdentity="pinned"), "(workloadIdentity)"),
    ],
)
def test_what_an_update_of_a_deployment_omits_is_lost(
    astro: FakeAstro, change: Callable[[dict[str, Any]], Any], lost: str
) -> None:
    body = whole(astro)
    change(body)
    assert ask(astro, "POST", f"/deployments/{astro.deployment}", body)[0] == 200
    assert lost in astro.deployments[astro.deployment].changed_fields()


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (lambda body: body["workerQueues"][0].update(podCpu="2"), "workerQueues.0"),
        (lambda body: body.update(effectiveWorkloadIdentity="x"), ""),
        (lambda body: body.update(type="HYBRID"), None),
        (lambda body: body.update(type="OTHER"), "type"),
        (without("workspaceId"), "workspaceId"),
        (without("environmentVariables"), "environmentVariables"),
        (without("workerQueues"), "workerQueues"),
        (without("resourceQuotaCpu"), "resourceQuotaCpu"),
        (lambda body: body["environmentVariables"].append({"key": "A"}), "environmentVariables.1.isSecret"),
        (
            lambda body: body["environmentVariables"].append({"key": "", "isSecret": False}),
            "environmentVariables.1.key",
        ),
    ],
)
def test_a_wrong_update_of_a_deployment_does_nothing(
    astro: FakeAstro, change: Callable[[dict[str, Any]], Any], refused: str | None
) -> None:
    deployment = astro.deployments[astro.deployment]
    deployment.put("REGION", "eu")
    body = whole(astro)
    change(body)
    status, answer = ask(astro, "POST", f"/deployments/{astro.deployment}", body)
    assert status == 400
    assert refused is None or answer["fieldErrors"][0]["field"] == refused
    assert (deployment.changed_fields(), deployment.restarts, deployment.values()) == ({}, 0, {"REGION": "eu"})


@pytest.mark.parametrize(
    ("switches", "sent", "left"),
    [
        (DEFAULT, {"isSecret": True}, "s3cret"),
        (DEFAULT, {"isSecret": True, "value": ""}, ""),
        (Switches(secret_variable_empty="kept"), {"isSecret": True, "value": ""}, "s3cret"),
        (DEFAULT, {"isSecret": False, "value": "x"}, None),
        (Switches(secret_made_plain="shown"), {"isSecret": False}, "s3cret"),
    ],
    ids=str,
)
def test_the_value_of_a_secret(switches: Switches, sent: dict[str, Any], left: str | None) -> None:
    with running(switches) as astro:
        deployment = astro.deployments[astro.deployment]
        deployment.put("KEY", "s3cret", secret=True)
        body = whole(astro)
        body["environmentVariables"] = [{"key": "KEY", **sent}]
        status, _ = ask(astro, "POST", f"/deployments/{astro.deployment}", body)
        assert status == (400 if left is None else 200)
        assert deployment.values() == {"KEY": "s3cret" if left is None else left}


def test_an_update_of_a_deployment_can_drop_links() -> None:
    with running(Switches(deployment_update="resets links")) as astro:
        held = astro.put("CONNECTION", "db", {"type": "http"}, links={astro.deployment: {"host": "prod"}})
        ask(astro, "POST", f"/deployments/{astro.deployment}", whole(astro))
        assert held.links == []


def test_names_are_filtered_in_every_way() -> None:
    for choice, found in (("equal", 1), ("contains", 2), ("ignored", 3)):
        with running(Switches(names_filter=choice)) as astro:
            astro.add_deployment("production copy")
            astro.add_deployment("staging")
            _, body = ask(astro, "GET", "/deployments?names=production&limit=1000")
            assert len(body["deployments"]) == found


def test_answers_may_have_fields_of_the_future() -> None:
    with running(Switches(future_fields=True)) as astro:
        full(astro)
        (db,) = listed(astro)
        assert "futureField" in db
        assert "futureField" in db["links"][0]
        assert "futureField" in ask(astro, "GET", f"/deployments/{astro.deployment}")[1]


def test_a_link_may_have_a_scope_of_the_future(astro: FakeAstro) -> None:
    held = astro.put("CONNECTION", "db", {"type": "http"}, links={astro.deployment: {}})
    held.links.append(Link("a project", scope="ASTRO_IDE_PROJECT"))
    (db,) = listed(astro)
    assert [link["scope"] for link in db["links"]] == ["DEPLOYMENT", "ASTRO_IDE_PROJECT"]
    assert update(astro, "db", {"connection": {"type": "http"}, "links": db["links"][1:]})[0] == 400


# The switches


def test_ids_have_the_form_of_astros(astro: FakeAstro) -> None:
    held = astro.put("CONNECTION", "db", {"type": "http"})
    for key in (astro.organization, astro.workspace, astro.deployment, held.id):
        assert is_id(key)


def test_every_switch_is_tried_by_itself_and_all_nasty_ones_together() -> None:
    settings = single_settings()
    assert settings[0] == DEFAULT
    assert settings[-1] == NASTIEST
    assert len({name_of(one) for one in settings}) == len(settings) > 40


@pytest.mark.parametrize("switches", single_settings(), ids=name_of)
def test_the_answers_are_valid_under_every_setting(switches: Switches) -> None:
    with running(switches) as astro:
        full(astro)
        secret = {
            "type": "aws",
            "authTypeId": "aws-access-key",
            "password": "x",
            "extra": {"aws_secret": "x", "token": 1},
        }
        second = astro.add_deployment("second", executor="KUBERNETES")
        astro.put("CONNECTION", "lake", secret, links={second: {"password": "y", "extra": {"aws_secret": "y"}}})
        hidden = {"value": "x", "isSecret": True}
        astro.put("ENVIRONMENT_VARIABLE", "KEY", hidden, links={second: {"value": "y"}, astro.deployment: {}})
        astro.put("AIRFLOW_VARIABLE", "region", {"value": "x"}, deployment=second)
        for _ in range(2):  # a first request of each kind may be throttled
            for query in ("", "&showSecrets=true", "&resolveLinked=true", "&limit=1000&resolveLinked=true"):
                for scope in (f"workspaceId={astro.workspace}", f"deploymentId={second}"):
                    ask(astro, "GET", f"/environment-objects?{scope}{query}")
            update(astro, "lake", {"connection": {"type": "aws", "password": "", "extra": {"token": ""}}})
            update(astro, "KEY", {"environmentVariable": {}})
            ask(astro, "POST", f"/deployments/{second}", whole(astro, second))
            create(astro)
            ask(astro, "GET", "/deployments?names=second")
            ask(astro, "DELETE", "/environment-objects/other")
        assert ask(astro, "DELETE", f"/environment-objects/{astro.find('lake').id}") == (204, None)
        assert astro.calls("UpdateEnvironmentObject", "UpdateDeployment", status=200)
