"""The addresses of the Environment Manager, what is read there, and what a write is going to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.model import REDACTED, Action, Connection, Kind, Selection, Text, Variable
from airconn.stores.astro.environment.store import open_store
from airconn.stores.base import Context
from tests.stores.astro.environment.places import opened
from tests.stores.astro.fake_astro import DEPLOYMENT, WORKSPACE, FakeAstro, Refusal, running
from tests.stores.astro.switches import NASTIEST, Switches
from tests.stores.contract import step
from tests.stores.site import Answer, Site

DEP, OTHER = "c" + "d" * 24, "c" + "e" * 24
CONTEXT = Context(writes=frozenset(Kind))


def location(address: str) -> object:
    return open_store(address, Settings()).location(Kind.CONNECTIONS)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("astro-env://a b/c", "ASTRO-ENV://a%20b/c/", True),
        (f"astro-env://ws/{DEP}", f"astro-env:///{DEP}", True),
        (f"astro-env:///{DEP}?linked=true", f"astro-env:///{DEP}", True),
        ("astro-env://ws?auto_link=true", "astro-env://ws?secret=all", True),
        (f"astro-env:///{DEP}", f"astro-env:///{OTHER}", False),
        ("astro-env://ws", "astro-env://ws/dep", False),
        ("astro-env://ws", "astro-env://ws?as=env", False),
        ("astro-env://ws", "astro-env://ws?organization=o", False),
    ],
)
def test_one_place_under_two_addresses_is_the_same(first: str, second: str, same: bool) -> None:
    assert (location(first) == location(second)) is same


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?as=json", "as is env$"),
        ("?as_env=true", "unknown option 'as_env'"),
        ("?secret=yes", "secret is all or none$"),
        ("?linked=true", "linked needs a Deployment"),
        ("/dep?linked=true&secret=all", "linked is only for reading"),
        ("/dep?auto_link=true", "auto_link is for objects of a Workspace"),
        ("?linked=maybe", "linked is not true or false"),
        ("?token=x", "'token' is not an option of this address"),
    ],
)
def test_options_that_mean_nothing_are_refused(query: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_store(f"astro-env://ws{query}", Settings())
    assert caught.value.hint or "maybe" in query


def test_the_token_of_a_workspace_says_which_one_it_is(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "v", {"value": "1"})
    store = opened(astro, "astro-env://", astro.add_token(WORKSPACE))
    assert set(store.read(Selection()).bundle.variables) == {"v"}
    assert store.describe().text == f"the Environment Manager of the Workspace {astro.workspace}"
    store.close()


def test_a_deployment_has_only_its_own_objects(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "of workspace", {"value": "1"}, auto_link=True)
    astro.put("AIRFLOW_VARIABLE", "own", {"value": "1"}, deployment=astro.deployment)
    store = opened(astro, f"astro-env://Data Platform/production?organization={astro.organization}")
    found = store.read(Selection())
    assert set(found.bundle.variables) == {"own"}
    assert store.describe().text == f"the Environment Manager of the Deployment production ({astro.deployment})"
    assert str(found.bundle.variables["own"].origin) == "astro-env://Data Platform/production/variables/own"
    store.close()


def test_what_reaches_a_deployment_has_the_address_of_the_scope_in_which_it_is_changed(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "of_workspace", {"value": "1"}, auto_link=True, links={astro.deployment: {}})
    astro.put("AIRFLOW_VARIABLE", "own", {"value": "1"}, deployment=astro.deployment)
    for path, workspace in (("Data Platform/production", "Data Platform"), (f"/{astro.deployment}", astro.workspace)):
        store = opened(astro, f"astro-env://{path}?linked=true")
        found = store.read(Selection()).bundle.variables
        assert str(found["of_workspace"].origin) == f"astro-env://{workspace}/variables/of_workspace"
        assert str(found["own"].origin) == f"astro-env://{path}/variables/own"
        store.close()


@pytest.mark.parametrize("switches", [Switches(), NASTIEST], ids=["default", "nastiest"])
def test_the_token_of_a_deployment_reads_and_writes_it_by_its_id(switches: Switches) -> None:
    with running(switches) as astro:
        astro.put("AIRFLOW_VARIABLE", "v", {"value": "1"}, deployment=astro.deployment)
        store = opened(astro, f"astro-env:///{astro.deployment}", astro.add_token(DEPLOYMENT))
        assert set(store.read(Selection()).bundle.variables) == {"v"}
        (outcome,) = store.apply([step(Action.CREATE, Variable(key="w", value=Text("1")))], CONTEXT)
        assert outcome.error is None
        assert astro.find("w").scope_entity_id == astro.deployment
        store.close()


def fill(astro: FakeAstro) -> None:
    astro.put("CONNECTION", "db", {"type": "postgres", "password": "s3cr3t"})
    astro.put("AIRFLOW_VARIABLE", "v", {"value": "1"})
    astro.put("ENVIRONMENT_VARIABLE", "AIRFLOW_CONN_SMTP", {"value": "smtp://u:s3cr3t@h", "isSecret": True})
    astro.put("ENVIRONMENT_VARIABLE", "AIRFLOW_VAR_X", {"value": "1"})
    astro.put("ENVIRONMENT_VARIABLE", "PYTHONPATH", {"value": "/x"})
    astro.put("METRICS_EXPORT", "m", {"endpoint": "https://e", "exporterType": "PROMETHEUS"})


def notes(astro: FakeAstro, query: str = "", selection: Selection = Selection()) -> list[tuple[str, bool]]:  # noqa: B008
    store = opened(astro, f"astro-env://{astro.workspace}{query}")
    found = store.read(selection)
    store.close()
    return [(note.message, note.is_detail) for note in found.notes]


def test_what_is_not_read_is_named_with_its_number(astro: FakeAstro) -> None:
    fill(astro)
    assert notes(astro) == [
        ("3 environment variables and 1 metrics export left alone", True),
        (
            "2 environment variables are named AIRFLOW_CONN_* or AIRFLOW_VAR_*, and not read: ?as=env reads these",
            False,
        ),
    ]
    assert notes(astro, selection=Selection(ids=frozenset({(Kind.VARIABLES, "v")}))) == []
    assert notes(astro, "?as=env") == []
    store = opened(astro, f"astro-env://{astro.workspace}?as=env")
    assert store.read(Selection()).ignored == 1
    store.close()


def test_hidden_secrets_are_told_with_the_way_to_them(astro: FakeAstro) -> None:
    fill(astro)
    way = "an Organization Owner"
    astro.switches = Switches(show_secrets="refused")
    (told,) = [message for message, _ in notes(astro) if "hidden" in message]
    assert told == (
        "1 object with hidden secrets; to get them, turn on Organization Settings > General > "
        "Environment Secrets Fetching (an Organization Owner can)"
    )
    assert way in told
    assert len(astro.calls("ListEnvironmentObjects")) == 2


def test_a_token_that_may_not_see_secrets_reads_all_else(astro: FakeAstro) -> None:
    fill(astro)
    store = opened(astro, token=astro.add_token(shows_secrets=False))
    found = store.read(Selection())
    assert found.bundle.connections["db"].password is REDACTED
    (told,) = [note.message for note in found.notes if "hidden" in note.message]
    assert (
        told == "1 object with hidden secrets; to get them, use a token with the role of a Workspace Member or above"
    )
    store.close()


def test_any_other_refusal_of_a_list_is_an_error(astro: FakeAstro) -> None:
    fill(astro)

    def before(*_: Any) -> None:
        raise Refusal(400, "showSecrets is not known here")

    astro.before = before
    with pytest.raises(TargetError):
        opened(astro).read(Selection())
    assert len(astro.calls("ListEnvironmentObjects")) == 1


@pytest.mark.parametrize("name", ["objectKey", "objectType", "scope"])
@pytest.mark.parametrize("value", [None, 1, [1]])
def test_an_object_of_which_nothing_can_be_told_is_not_passed_over(name: str, value: object) -> None:
    odd = {"objectKey": "a", "objectType": "AIRFLOW_VARIABLE", "scope": WORKSPACE, name: value}
    body = {"environmentObjects": [odd], "totalCount": 1, "offset": 0, "limit": 1000}
    with Site(lambda received: Answer(200, body)) as site:
        environ = {"AIRCONN_ASTRO_API": f"{site.url}/v1", "ASTRO_API_TOKEN": "t"}
        store = open_store(f"astro-env://{'c' + 'w' * 24}?organization=org1", Settings(environ=environ, retries=0))
        with pytest.raises(TargetError, match=f"an object without {name}"):
            store.read(Selection())
        store.close()


def test_environment_variables_are_objects_where_that_is_asked_for(astro: FakeAstro) -> None:
    fill(astro)
    store = opened(astro, f"astro-env://{astro.workspace}?as=env")
    found = store.read(Selection()).bundle
    assert {obj.id for obj in found} == {"smtp", "x"}
    assert found.connections["smtp"].password == "s3cr3t"
    asked = Selection(ids=frozenset({(Kind.CONNECTIONS, "SMTP")}))
    assert [obj.id for obj in store.read(asked).bundle] == ["SMTP"]
    store.close()


def test_a_hidden_environment_variable_is_hidden_as_a_whole_and_can_be_written(astro: FakeAstro) -> None:
    fill(astro)
    astro.switches = Switches(show_secrets="refused")
    store = opened(astro, f"astro-env://{astro.workspace}?as=env")
    before = store.read(Selection(), CONTEXT)
    held = before.bundle.connections["smtp"]
    assert (held.host, held.password, held.extra) == (REDACTED, REDACTED, REDACTED)
    new = Connection(conn_id="smtp", conn_type="smtp", host="h2", password="n3w")
    names = ("conn_type", "host", "password", "login", "schema", "extra", "port", "description")
    (outcome,) = store.apply([step(Action.UPDATE, new, held, *names)], replace(CONTEXT, before=before))
    assert outcome.error is None
    content = astro.find("AIRFLOW_CONN_SMTP").content
    assert content == {"value": '{"conn_type": "smtp", "password": "n3w", "host": "h2"}', "isSecret": True}
    partly = replace(new, password=REDACTED)
    (outcome,) = store.apply([step(Action.UPDATE, partly, held, "host")], replace(CONTEXT, before=before))
    assert outcome.error is not None
    assert "hidden" in outcome.error
    assert astro.find("AIRFLOW_CONN_SMTP").content == content
    store.close()


def test_a_key_that_comes_twice_is_not_guessed(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "v", {"value": "1"})
    astro.put("AIRFLOW_VARIABLE", "v", {"value": "2"})
    store = opened(astro)
    found = store.read(Selection())
    assert len(found.bundle) == 0
    (note,) = found.notes
    assert note.failed
    assert "several of this key" in note.message
    store.close()


def effects(astro: FakeAstro, query: str, *objects: Connection | Variable) -> list[str]:
    store = opened(astro, f"astro-env://{astro.workspace}{query}")
    found = store.effects([step(Action.CREATE, obj) for obj in objects], CONTEXT)
    store.close()
    return list(found)


def test_the_plan_says_what_becomes_a_secret_and_what_no_deployment_gets(astro: FakeAstro) -> None:
    new = (
        Variable(key="api_token", value=Text("tk-12345678")),
        Variable(key="region", value=Text("eu")),
        Variable(key="empty_token", value=Text("")),
        Connection(conn_id="db", conn_type="postgres", password="p"),
    )
    secret = "written as secrets, which Astro can't turn back into plain values: {} (?secret=none writes plain ones)"
    unlinked = (
        "no Deployment gets connections/db, variables/api_token, variables/empty_token and 1 more until you link "
        "them in the Astro UI (?auto_link=true links new objects to all Deployments of the Workspace)"
    )
    assert effects(astro, "", *new) == [secret.format("variables/api_token"), unlinked]
    assert effects(astro, "?auto_link=true&secret=none", *new) == []
    assert effects(astro, "?secret=all", *new) == [unlinked]
    assert effects(astro, "?as=env&auto_link=true", *new) == [secret.format("connections/db, variables/api_token")]
    assert effects(astro, f"/{astro.deployment}?secret=none", *new) == []


def test_the_plan_says_what_a_deployment_has_from_its_workspace_already(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "linked", {"value": "1"}, auto_link=True)
    astro.put("AIRFLOW_VARIABLE", "unlinked", {"value": "1"})
    new = [Variable(key=key, value=Text("2")) for key in ("linked", "unlinked", "new")]
    (told,) = effects(astro, f"/{astro.deployment}", *new)
    assert told == (
        "the Deployment has variables/linked from its Workspace already, and Astro doesn't document which one "
        "is used: "
        "change it in the Workspace instead"
    )


def test_the_plan_says_what_stays_plain_or_secret(astro: FakeAstro) -> None:
    astro.put("AIRFLOW_VARIABLE", "api_token", {"value": "old"})
    astro.put("AIRFLOW_VARIABLE", "known", {"value": "old", "isSecret": True})
    plain = "they look like secrets but stay plain variables, because Astro can't change that"
    for query, told in (
        ("", f"{plain}: variables/api_token (delete them first)"),
        ("?secret=none", "they stay secrets, which Astro can't turn into plain values: variables/known"),
    ):
        store = opened(astro, f"astro-env://{astro.workspace}{query}")
        before = store.read(Selection(), CONTEXT)
        steps = [
            step(Action.UPDATE, replace(held, value=Text("tk-12345678")), held, "value")
            for held in before.bundle.variables.values()
        ]
        assert list(store.effects(steps, replace(CONTEXT, before=before))) == [told]
        store.close()


def test_two_ids_of_one_environment_variable_are_refused_before_anything_is_written(astro: FakeAstro) -> None:
    store = opened(astro, f"astro-env://{astro.workspace}?as=env")
    wanted = frozenset({(Kind.VARIABLES, "a"), (Kind.VARIABLES, "A")})
    (problem,) = store.problems(Variable(key="a", value=Text("1")), replace(CONTEXT, wanted=wanted))
    assert problem == "A would be the same environment variable, AIRFLOW_VAR_A (exclude one with --exclude)"
    (problem,) = store.problems(Connection(conn_id="astro_S3_logging", conn_type="aws"), CONTEXT)
    assert problem == "Astro sets this connection itself, for its logs"
    (problem,) = store.problems(Variable(key="a b", value=Text("1")), CONTEXT)
    assert "aren't allowed" in problem
    (problem,) = store.problems(Variable(key="a", value=Text("\0")), CONTEXT)
    assert "NUL" in problem
    (problem,) = store.problems(Variable(key="a", value=Text("x" * 131_072)), CONTEXT)
    assert "131,072 bytes" in problem


@pytest.mark.parametrize(
    ("query", "secret"),
    [("", {"api_token"}), ("?secret=all", {"api_token", "region"}), ("?secret=none", set())],
)
def test_new_variables_are_secret_as_the_address_says(astro: FakeAstro, query: str, secret: set[str]) -> None:
    store = opened(astro, f"astro-env://{astro.workspace}{query}")
    values = {"api_token": "tk-12345678", "region": "eu", "empty": ""}
    steps = [step(Action.CREATE, Variable(key=key, value=Text(value))) for key, value in values.items()]
    assert [outcome.error for outcome in store.apply(steps, CONTEXT)] == [None] * 3
    store.close()
    assert {key for key in values if astro.find(key).content["isSecret"]} == secret
    assert {key: astro.find(key).content["value"] for key in values} == values


def test_new_objects_are_linked_where_the_address_says_so() -> None:
    for query, linked in (("", False), ("?auto_link=true", True)):
        with running() as astro:
            store = opened(astro, f"astro-env://{astro.workspace}{query}")
            (outcome,) = store.apply([step(Action.CREATE, Variable(key="v", value=Text("1")))], CONTEXT)
            assert outcome.error is None
            assert astro.find("v").auto_link is linked
            store.close()
