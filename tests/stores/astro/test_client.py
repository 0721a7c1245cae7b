"""Whole lists, and what the Astro API refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import AirconnError, TargetError, UsageError
from airconn.stores.astro.client import AstroApi, AstroRefusal
from airconn.stores.astro.finding import Workspace, find_deployment, find_workspace
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.site import Answer, Received, Site

CANARY = "canary-of-astro"
ORG = "/v1/organizations/org1"
WS, DEP = "c" + "w" * 24, "c" + "d" * 24
Open = Callable[..., AstroApi]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


@pytest.fixture
def api() -> Iterator[Callable[[Callable[[Received], Answer]], tuple[AstroApi, Site]]]:
    """The client, before a site that answers as a test says."""
    with ExitStack() as stack:

        def made(answer: Callable[[Received], Answer], organization: str | None = "org1") -> tuple[AstroApi, Site]:
            site = stack.enter_context(Site(answer))
            environ = {"AIRCONN_ASTRO_API": f"{site.url}/v1", "ASTRO_API_TOKEN": CANARY}
            client = AstroApi(Settings(environ=environ, retries=2), organization)
            stack.callback(client.close)
            return client, site

        yield made


def paged(items: list[dict[str, Any]], key: str, most: int = 1000) -> Callable[[Received], Answer]:
    def answer(received: Received) -> Answer:
        query = dict(received.query)
        start = int(query["offset"])
        part = items[start : start + min(int(query["limit"]), most)]
        return Answer(200, {key: part, "offset": start, "limit": most, "totalCount": len(items)})

    return answer


@pytest.mark.parametrize("most", [1, 7, 20, 1000])
def test_a_list_is_whole_whatever_the_server_gives_in_one_page(api: Any, most: int) -> None:
    items = [{"id": str(number)} for number in range(45)]
    seen: list[tuple[int, int | None]] = []
    client, site = api(paged(items, "things", most))
    assert client.pages("/things", (("a", "b"),), "things", lambda *args: seen.append(args)) == items
    assert seen[-1] == (45, 45)
    assert site.log[0].path == f"{ORG}/things"
    assert ("a", "b") in site.log[0].query
    assert {received.headers["Authorization"] for received in site.log} == {f"Bearer {CANARY}"}


def test_a_list_that_changes_while_it_is_read_is_read_again(api: Any) -> None:
    lists = iter([4, 3, 3, 3])
    total = [4]

    def answer(received: Received) -> Answer:
        start = int(dict(received.query)["offset"])
        total[0] = next(lists, 3)
        part = [{"id": str(number)} for number in range(total[0])][start : start + 2]
        return Answer(200, {"things": part, "totalCount": total[0], "offset": 0, "limit": 2})

    client, _ = api(answer)
    assert [one["id"] for one in client.pages("/things", (), "things")] == ["0", "1", "2"]


def test_a_list_that_never_holds_still_or_is_cut_short_is_an_error(api: Any) -> None:
    numbers = iter(range(100))

    def moving(received: Received) -> Answer:
        return Answer(200, {"things": [{}], "totalCount": 5 + next(numbers), "offset": 0, "limit": 1})

    client, _ = api(moving)
    with pytest.raises(TargetError, match="changes faster than it can be read"):
        client.pages("/things", (), "things")
    client, _ = api(lambda received: Answer(200, {"things": [], "totalCount": 5, "offset": 0, "limit": 1}))
    with pytest.raises(TargetError, match="changes faster"):
        client.pages("/things", (), "things")
    for body in ({}, {"things": {}, "totalCount": 0}, {"things": [1], "totalCount": 1}, {"things": []}, []):
        client, _ = api(lambda received, body=body: Answer(200, body))
        with pytest.raises(TargetError):
            client.pages("/things", (), "things")


@pytest.mark.parametrize("total", [True, -1, 10**30, 1.0, "1", None])
def test_a_count_that_no_list_has_is_told_as_a_strange_answer(api: Any, total: object) -> None:
    client, site = api(lambda received: Answer(200, {"things": [{}] * 300, "totalCount": total}))
    with pytest.raises(TargetError, match="gives no list of things with a totalCount"):
        client.pages("/things", (), "things")
    assert len(site.log) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "<html>please log in</html>"),
        Answer(200, []),
        Answer(404, "<html>no such page</html>"),
        Answer(404, {"detail": "no route"}),
    ],
)
def test_an_object_is_not_told_to_be_deleted_by_an_answer_that_is_not_of_astro(api: Any, answer: Answer) -> None:
    client, _ = api(lambda received: answer)
    with pytest.raises(TargetError):
        client.delete("/environment-objects/x")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(204, b""),
        Answer(200, {}),
        Answer(404, {"message": "gone", "requestId": "r", "statusCode": 404}),
    ],
)
def test_an_object_that_is_deleted_or_gone_is_no_error(api: Any, answer: Answer) -> None:
    client, _ = api(lambda received: answer)
    client.delete("/environment-objects/x")


def test_too_many_requests_are_told_as_such(api: Any) -> None:
    body = {"message": CANARY, "requestId": "r", "statusCode": 429}
    client, _ = api(lambda received: Answer(429, body, {"Retry-After": "0"}))
    with pytest.raises(
        AstroRefusal, match="Astro gets too many requests with this token: GET /organizations/org1/x"
    ) as e:
        client.get("/x")
    assert e.value.hint == "try again in a minute"


def test_a_refusal_has_the_request_and_the_fields_and_not_the_words_of_the_server(api: Any) -> None:
    error = {
        "message": f"value {CANARY}-secret is bad",
        "requestId": "req-1",
        "statusCode": 400,
        "fieldErrors": [{"code": "required", "field": "connection.type", "message": CANARY}, "odd"],
    }
    client, _ = api(lambda received: Answer(400, error))
    with pytest.raises(AstroRefusal) as caught:
        client.post("/environment-objects", {"value": f"{CANARY}-secret"})
    assert caught.value.message == "Astro refuses the request: connection.type (required) (request req-1)"
    assert (caught.value.status, caught.value.request_id) == (400, "req-1")
    assert CANARY not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("status", "text"), [(401, "Astro refuses the token"), (403, "the token may not do this")])
def test_a_token_that_is_refused_is_told_with_where_it_comes_from(api: Any, status: int, text: str) -> None:
    client, _ = api(lambda received: Answer(status, {"message": CANARY, "requestId": "r", "statusCode": status}))
    with pytest.raises(AstroRefusal, match=text) as caught:
        client.get("/deployments/x")
    assert "ASTRO_API_TOKEN" in (caught.value.hint or "")
    assert CANARY not in f"{caught.value} {caught.value.hint}"


def test_too_many_requests_are_waited_for(api: Any) -> None:
    answers = iter([Answer(429, {}), Answer(429, {}, {"Retry-After": "0"}), Answer(200, {"ok": True})])
    client, site = api(lambda received: next(answers))
    assert client.post("/x", {}) == {"ok": True}
    assert len(site.log) == 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_never_follows_a_redirect(api: Any, status: int) -> None:
    _, other = api(lambda received: Answer(200, {}))
    client, _ = api(lambda received: Answer(status, "", {"Location": f"{other.url}/v1/x"}))
    with pytest.raises(TargetError, match="redirects"):
        client.get("/x")
    assert other.log == []


def test_deleting_what_is_gone_is_no_failure_and_a_conflict_is_one(api: Any) -> None:
    client, _ = api(lambda received: Answer(404, {"message": "", "requestId": "r", "statusCode": 404}))
    client.delete("/environment-objects/x")
    client, _ = api(lambda received: Answer(409, {"message": "", "requestId": "r", "statusCode": 409}))
    with pytest.raises(AstroRefusal):
        client.delete("/environment-objects/x")


def test_the_organization_of_a_users_token_is_asked_for_and_several_are_an_error(api: Any) -> None:
    one = [{"id": "org7", "name": "One"}]

    def answer(items: list[dict[str, Any]]) -> Callable[[Received], Answer]:
        lists = paged(items, "organizations")
        return lambda received: lists(received) if received.path == "/v1/organizations" else Answer(200, {})

    client, site = api(answer(one), None)
    client.get("/x")
    client.get("/x")
    assert [received.path for received in site.log] == ["/v1/organizations", *["/v1/organizations/org7/x"] * 2]
    client, _ = api(answer([*one, {"id": "org8", "name": "Two"}]), None)
    with pytest.raises(UsageError, match="for 2 organizations") as caught:
        client.get("/x")
    assert "organization=ID: org7 (One), org8 (Two)" in (caught.value.hint or "")


def deployments(*found: dict[str, Any]) -> Callable[[Received], Answer]:
    """The API of one Workspace `main` and some Deployments. `names` filters by nothing, to be on the safe side."""
    workspaces = paged([{"id": WS, "name": "main"}, {"id": "c" + "v" * 24, "name": "twin"}], "workspaces")

    def answer(received: Received) -> Answer:
        if received.path == f"{ORG}/workspaces":
            return workspaces(received)
        if received.path == f"{ORG}/deployments":
            scope = dict(received.query).get("workspaceIds")
            return paged([one for one in found if scope in (None, one["workspaceId"])], "deployments")(received)
        one = next((one for one in found if received.path == f"{ORG}/deployments/{one['id']}"), None)
        return Answer(200, one) if one else Answer(404, {"message": "", "requestId": "r", "statusCode": 404})

    return answer


def deployment(name: str, id_: str = DEP, workspace: str = WS) -> dict[str, Any]:
    return {"id": id_, "name": name, "workspaceId": workspace, "workspaceName": f"of {workspace[1]}"}


def test_names_and_ids_find_the_same_deployment(api: Any) -> None:
    prod, other = deployment("prod one"), deployment("other", "c" + "e" * 24)
    client, _ = api(deployments(prod, other))
    for workspace, name in (("main", "prod one"), (WS, "prod one"), ("", DEP), ("main", DEP), (WS, DEP)):
        assert find_deployment(client, workspace, name, "x") == prod
    assert find_workspace(client, "main", "x") == Workspace(WS, "main")
    assert find_workspace(client, WS, "x").id == WS


def test_a_name_that_several_have_is_an_error_that_lists_their_ids(api: Any) -> None:
    client, _ = api(deployments(deployment("prod"), deployment("prod", "c" + "e" * 24)))
    with pytest.raises(UsageError, match="2 Deployments are named 'prod'") as caught:
        find_deployment(client, "main", "prod", "astro-env://main/prod")
    assert DEP in (caught.value.hint or "")
    assert "c" + "e" * 24 in (caught.value.hint or "")
    assert "of w" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("workspace", "name", "message"),
    [
        ("main", "prd", "unknown Deployment 'prd'"),
        ("mian", "prod", "unknown Workspace 'mian'"),
        ("twin", DEP, "is in the Workspace"),
        ("", "c" + "z" * 24, "has no Deployment"),
        ("main", "", "names no Deployment"),
        ("", "prod", "names no Workspace"),
    ],
)
def test_a_name_that_is_wrong_is_told(api: Any, workspace: str, name: str, message: str) -> None:
    client, _ = api(deployments(deployment("prod")))
    with pytest.raises(AirconnError, match=message) as caught:
        find_deployment(client, workspace, name, "astro-env://x")
    assert caught.value.where == "astro-env://x"


def test_a_near_name_is_offered(api: Any) -> None:
    client, _ = api(deployments(deployment("prod")))
    with pytest.raises(UsageError) as caught:
        find_deployment(client, "main", "Prod", "x")
    assert caught.value.hint == "did you mean 'prod'?"


def test_a_token_that_may_not_list_workspaces_needs_the_id_of_one(api: Any) -> None:
    client, _ = api(lambda received: Answer(403, {"message": "", "requestId": "r", "statusCode": 403}))
    with pytest.raises(TargetError, match="may not list the Workspaces") as caught:
        find_workspace(client, "main", "x")
    assert caught.value.hint == "name the Workspace by its id (airconn help astro)"
