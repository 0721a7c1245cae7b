"""Reading: pages, single objects, and answers that can't be right."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import REDACTED, Action, Connection, Kind, Selection, Text, Variable
from airconn.stores.base import Context, Store, SuggestsIds
from tests.stores.airflow_api.conftest import airflow, with_token
from tests.stores.contract import step
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]

VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))
CONNECTIONS = Selection(kinds=frozenset({Kind.CONNECTIONS}))


def variable(key: str, value: str | None = "x") -> dict[str, Any]:
    return {"key": key, "value": value, "description": None, "is_encrypted": True}


class Paged:
    """A list of variables that a test can change between two pages. `limit` is the server's own."""

    def __init__(self, keys: list[str], limit: int = 100) -> None:
        self.keys, self.limit = keys, limit
        self.before_page: Callable[[int], None] = lambda _: None
        self.pages = 0

    def __call__(self, received: Received) -> Answer | None:
        if not received.path.endswith("/variables"):
            return None
        query = dict(received.query)
        self.before_page(self.pages)
        self.pages += 1
        offset, limit = int(query["offset"]), min(int(query["limit"]), self.limit)
        page = [variable(key) for key in self.keys[offset : offset + limit]]
        return Answer(body={"variables": page, "total_entries": len(self.keys)})


def keys(number: int) -> list[str]:
    return [f"k{index:04}" for index in range(number)]


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 199, 200, 350])
def test_all_pages_are_read(number: int, version: str, serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow(version, Paged(keys(number)))).url)
    assert list(store.read(VARIABLES).bundle.variables) == keys(number)


def test_a_server_that_gives_smaller_pages_than_asked_for(serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow("3.3.2", Paged(keys(50), limit=7))).url)
    assert list(store.read(VARIABLES).bundle.variables) == keys(50)


@pytest.mark.parametrize("change", ["removed", "added", "swapped"])
def test_a_list_that_changes_between_two_pages_is_read_again(change: str, serve: Serve, connect: Connect) -> None:
    paged = Paged(keys(250))

    def before_page(page: int) -> None:
        if page == 1 and change in ("removed", "swapped"):
            del paged.keys[3]
        if page == 1 and change in ("added", "swapped"):
            paged.keys.append("new")

    paged.before_page = before_page
    store = connect(serve(airflow("3.3.2", paged)).url)
    assert list(store.read(VARIABLES).bundle.variables) == sorted(paged.keys)


def test_a_list_that_never_stands_still_is_an_error_and_no_part_of_it_is_given(
    serve: Serve, connect: Connect
) -> None:
    paged = Paged(keys(250))
    paged.before_page = lambda page: paged.keys.append(f"new{page}")
    with pytest.raises(TargetError, match="kept changing") as caught:
        connect(serve(airflow("3.3.2", paged)).url).read(VARIABLES)
    assert caught.value.hint


def test_a_count_that_does_not_add_up_is_an_error(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        if received.path.endswith("/variables"):
            return Answer(body={"variables": [variable("a")], "total_entries": 3})
        return None

    with pytest.raises(TargetError, match="kept changing"):
        connect(serve(airflow("3.3.2", respond)).url).read(VARIABLES)


class Poisoned(Paged):
    """One that fails on each page with one of some keys on it, and on these themselves."""

    def __init__(self, keys: list[str], poisoned: set[str], limit: int = 100) -> None:
        super().__init__(keys, limit)
        self.poisoned = poisoned

    def __call__(self, received: Received) -> Answer | None:
        if received.path.rpartition("/")[2] in self.poisoned:
            return Answer(500, "Internal Server Error")
        pattern = dict(received.query).get("variable_key_pattern")
        if pattern is not None:
            matching = [key for key in self.keys if pattern in key]
            return Answer(body={"variables": [], "total_entries": len(matching)})
        answer = super().__call__(received)
        shown = {entry["key"] for entry in answer.body["variables"]} if answer else set()
        return Answer(500, "Internal Server Error") if shown & self.poisoned else answer


@pytest.mark.parametrize("limit", [100, 30, 7, 2, 1])
@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_what_the_server_fails_on_is_left_out_and_the_rest_is_read(
    version: str, limit: int, serve: Serve, connect: Connect
) -> None:
    poisoned = {"k0000", "k0099", "k0100", "k0179"}
    site = serve(airflow(version, Poisoned(keys(180), poisoned, limit)))
    store = connect(site.url)
    found = store.read(VARIABLES)
    assert set(found.bundle.variables) == {*keys(180)} - poisoned
    assert all(note.failed and note.left_out for note in found.notes)
    if version == "3.3.2":
        assert {note.where for note in found.notes} == {f"{site.url}: variables/{key}" for key in poisoned}
    else:
        (note,) = found.notes
        assert "4 of its variables (500), and their ids aren't known" in note.message


def test_of_wanted_objects_the_one_that_the_server_fails_on_is_told(serve: Serve, connect: Connect) -> None:
    for version in ("3.3.2", "2.11.2"):
        for number in (3, 30):  # one by one, and from the list
            store = connect(serve(airflow(version, Poisoned(keys(180), {"k0002"}))).url)
            ids = frozenset((Kind.VARIABLES, key) for key in [*keys(number), "new"])
            found = store.read(Selection(kinds=frozenset({Kind.VARIABLES}), ids=ids))
            assert set(found.bundle.variables) >= {*keys(number)} - {"k0002"} if number > 3 else True
            assert [note.where.rpartition("/")[2] for note in found.notes] == ["k0002"]
            assert list(found.unreadable) == [(Kind.VARIABLES, "k0002")]
            context = Context(before=found)
            there, new = (step(Action.CREATE, Variable(key=key, value=Text("x"))) for key in ("k0002", "new"))
            assert "fails on it" in store.refusal(there, context)
            assert store.refusal(new, context) == ""


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_of_objects_that_nobody_asked_for_nothing_is_told(version: str, serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow(version, Poisoned(keys(180), {"k0002", "k0150"}))).url)
    ids = frozenset((Kind.VARIABLES, key) for key in keys(180) if key not in ("k0002", "k0150"))
    assert store.read(Selection(kinds=VARIABLES.kinds, ids=ids)).notes == ()
    if version == "3.3.2":
        found = store.read(Selection(kinds=VARIABLES.kinds, exclude=("k0002",)))
        assert len(found.bundle) == 178
        assert [note.where.rpartition("/")[2] for note in found.notes] == ["k0150"]


def test_some_of_a_long_list_are_read_one_by_one(serve: Serve, connect: Connect) -> None:
    ids = keys(30)
    for total, singly in ((700, False), (800, True)):
        paged = Paged(keys(total))

        def respond(received: Received, paged: Paged = paged) -> Answer | None:
            key = received.path.rpartition("/")[2]
            return Answer(body=variable(key)) if key in paged.keys else paged(received)

        site = serve(airflow("3.3.2", respond))
        wanted = Selection(kinds=VARIABLES.kinds, ids=frozenset((Kind.VARIABLES, key) for key in ids))
        assert list(connect(site.url).read(wanted).bundle.variables) == ids
        assert len(site.log) == (2 + 30 if singly else 2 + 8)


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
@pytest.mark.parametrize(("number", "told"), [(500, True), (501, False)])
def test_a_long_list_is_not_read_for_a_suggestion(
    number: int, told: bool, version: str, serve: Serve, connect: Connect
) -> None:
    paged = Paged(keys(number))
    site = serve(airflow(version, paged))
    store = connect(site.url)
    assert isinstance(store, SuggestsIds)
    found = store.quick_ids(VARIABLES.kinds, Context())
    assert found == {(Kind.VARIABLES, key) for key in paged.keys if told}
    assert (paged.pages > 1) is told


def test_a_server_that_fails_on_nearly_all_is_given_up(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2", Poisoned(keys(300), {*keys(299)})))
    with pytest.raises(TargetError, match="fails on most of its variables"):
        connect(site.url).read(VARIABLES)


def test_two_pages_are_read_at_a_time(serve: Serve, connect: Connect) -> None:
    paged = Paged(keys(400))
    together = threading.Barrier(2, timeout=60)
    paged.before_page = lambda page: together.wait() and None if page in (1, 2) else None
    store = connect(serve(airflow("3.3.2", paged)).url)
    assert list(store.read(VARIABLES).bundle.variables) == keys(400)


def test_a_watch_is_told_how_far_it_is(serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow("3.3.2", Paged(keys(250)))).url)
    told: list[tuple[str, int, int | None]] = []
    store.read(VARIABLES, Context(watch=lambda *what: told.append(what)))
    asking: list[tuple[str, int, int | None]] = [(f"asking {store.address}", 0, None), ("", 0, 0)]
    assert told == asking + [("reading variables", number, 250) for number in (100, 199, 250)]


def test_only_the_selected_kinds_are_asked_for(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    connect(site.url).read(VARIABLES)
    assert [received.path for received in site.log] == ["/api/v2/version", "/api/v2/variables"]


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_few_ids_are_read_one_by_one(version: str, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(body=variable("a")) if received.path.endswith("/variables/a") else None

    site = serve(airflow(version, respond))
    wanted = Selection(ids=frozenset({(Kind.VARIABLES, "a"), (Kind.VARIABLES, "gone")}))
    assert list(connect(site.url).read(wanted).bundle) == [Variable(key="a", value=Text("x"))]
    assert len(site.sent("GET", "/variables")) == 0


@pytest.mark.parametrize("odd", ["a/b", "enqueue-test", "é", "", ".."])
def test_an_id_that_a_path_may_mean_otherwise_is_looked_for_in_the_list(
    odd: str, serve: Serve, connect: Connect
) -> None:
    site = serve(airflow("3.3.2"))
    connect(site.url).read(Selection(ids=frozenset({(Kind.CONNECTIONS, odd)})))
    assert len(site.sent("GET", "/connections")) == 1


def test_connections_of_airflow_2_are_read_one_by_one_for_their_extra_several_at_a_time(
    serve: Serve, connect: Connect
) -> None:
    together = threading.Barrier(4, timeout=60)

    def respond(received: Received) -> Answer | None:
        name = received.path.rpartition("/")[2]
        item = {"connection_id": name, "conn_type": "t", "host": None, "port": 5}
        if name == "connections":
            items = [{**item, "connection_id": f"c{index}"} for index in range(9)]
            return Answer(body={"connections": items, "total_entries": 9})
        if "/connections/" in received.path:
            together.wait()
            return Answer(body={**item, "extra": f'{{"from": "{name}", "token": "***"}}'})
        return None

    site = serve(airflow("2.11.2", respond))
    found = connect(site.url).read(Selection(kinds=frozenset({Kind.CONNECTIONS}), exclude=("c0",))).bundle
    assert sorted(found.connections) == [f"c{index}" for index in range(1, 9)]
    extra = Text('{"from": "c1", "token": "***"}', (("token",),))
    assert found.connections["c1"] == Connection(conn_id="c1", conn_type="t", password=REDACTED, port=5, extra=extra)
    assert site.sent("GET", "/connections/c0") == []


def test_connections_of_airflow_2_that_have_no_page_of_their_own(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        if received.path.endswith("/connections"):
            items = [{"connection_id": name, "conn_type": "t"} for name in ("a/b", "")]
            return Answer(body={"connections": items, "total_entries": 2})
        return None

    found = connect(serve(airflow("2.11.2", respond)).url).read(CONNECTIONS).bundle
    assert [(obj.id, obj.extra) for obj in found.connections.values()] == [("", REDACTED), ("a/b", REDACTED)]


def test_a_connection_that_goes_while_the_others_are_read_is_absent(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        if received.path.endswith("/connections"):
            items = [{"connection_id": name, "conn_type": "t"} for name in ("a", "b")]
            return Answer(body={"connections": items, "total_entries": 2})
        if received.path.endswith("/connections/a"):
            return Answer(body={"connection_id": "a", "conn_type": "t", "extra": None})
        return None

    found = connect(serve(airflow("2.11.2", respond)).url).read(CONNECTIONS).bundle
    assert list(found.connections) == ["a"]


def shows(item: dict[str, Any], kind: str = "connections") -> Callable[[Received], Answer | None]:
    def respond(received: Received) -> Answer | None:
        return Answer(body={kind: [item], "total_entries": 1}) if received.path.endswith(f"/{kind}") else None

    return respond


FULL = {"connection_id": "c", "conn_type": "t", "description": None, "host": "h", "login": None, "schema": "s",
        "port": 1, "password": "***", "extra": None}  # fmt: skip


def test_a_password_is_hidden_or_not_there_or_clear(serve: Serve, connect: Connect) -> None:
    """Clear, where `hide_sensitive_var_conn_fields` is off and the password has less than five characters."""
    for shown, meant in (("***", REDACTED), (None, None), ("", None), ("abc", "abc"), ("x***y", REDACTED)):
        store = connect(serve(airflow("3.3.2", shows({**FULL, "password": shown}))).url)
        assert store.read(CONNECTIONS).bundle.connections["c"].password == meant


def test_a_mask_in_a_field_that_nobody_masks_is_text_unless_it_is_all_of_it(serve: Serve, connect: Connect) -> None:
    item = {**FULL, "description": "*** important ***", "host": "***"}
    found = connect(serve(airflow("3.0.6", shows(item))).url).read(CONNECTIONS).bundle.connections["c"]
    assert (found.description, found.host) == ("*** important ***", REDACTED)


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_masked_parts_of_a_variable_are_hidden_in_airflow_3_and_text_in_airflow_2(
    version: str, serve: Serve, connect: Connect
) -> None:
    store = connect(serve(airflow(version, shows(variable("k", "a *** b"), "variables"))).url)
    expected = REDACTED if version == "3.3.2" else Text("a *** b")
    assert store.read(VARIABLES).bundle.variables["k"].value == expected


@pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])
def test_a_value_that_the_server_can_not_decrypt_is_hidden(version: str, serve: Serve, connect: Connect) -> None:
    store = connect(serve(airflow(version, shows(variable("k", None), "variables"))).url)
    assert store.read(VARIABLES).bundle.variables["k"].value is REDACTED


@pytest.mark.parametrize(
    ("version", "kind", "item"),
    [
        ("3.3.2", "connections", {**FULL, "port": "hunter2"}),
        ("3.3.2", "connections", {**FULL, "host": ["hunter2"]}),
        ("3.3.2", "connections", {"password": "hunter2"}),
        ("3.3.2", "variables", {**variable("k"), "value": {"a": "hunter2"}}),
        ("3.3.2", "pools", {"name": "p", "slots": "hunter2"}),
        ("2.11.2", "variables", {**variable("k"), "value": {"a": "hunter2"}}),
        ("2.11.2", "pools", {"name": "p", "slots": "hunter2"}),
    ],
)
def test_an_object_that_is_none_is_an_error_that_quotes_nothing(
    version: str, kind: str, item: dict[str, Any], serve: Serve, connect: Connect
) -> None:
    store = connect(serve(airflow(version, shows(item, kind))).url)
    with pytest.raises(TargetError) as caught:
        store.read(Selection(kinds=frozenset({Kind(kind)})))
    assert kind in caught.value.message
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("body", [b"<html>", [1], {"variables": 5}, {"variables": [], "total_entries": "1"}])
def test_a_list_that_is_none_is_an_error(body: Any, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(body=body) if received.path.endswith("/variables") else None

    with pytest.raises(TargetError, match="variables"):
        connect(serve(airflow("3.3.2", respond)).url).read(VARIABLES)


@pytest.mark.parametrize("body", [{"error": "API route not found"}, {"detail": "Not Found"}, b"<html>404</html>"])
def test_a_page_that_is_not_there_is_no_absent_object(body: Any, serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(404, body) if "/variables/" in received.path else None

    with pytest.raises(TargetError, match="404"):
        connect(serve(airflow("3.3.2", respond)).url).read(Selection(ids=frozenset({(Kind.VARIABLES, "a")})))


def test_a_500_on_a_list_says_what_is_known_about_it(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(500, "Internal Server Error") if "version" not in received.path else None

    url = serve(airflow("3.3.2", respond)).url
    with pytest.raises(TargetError, match="500") as caught:
        connect(url).read(CONNECTIONS)
    assert "isn't a JSON object" in (caught.value.hint or "")
    with pytest.raises(TargetError, match="500") as caught:
        connect(serve(airflow("3.0.6", respond)).url).read(Selection(kinds=frozenset({Kind.POOLS})))
    assert "-1 slots" in (caught.value.hint or "")


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
@pytest.mark.parametrize("kind", list(Kind))
def test_no_airflow_is_told_about_faults_of_another_and_no_object_is_advised_to_be_deleted(
    kind: Kind, version: str, serve: Serve, connect: Connect
) -> None:
    """Why a server fails isn't known from outside: a database that is locked is none of the object's fault."""

    def respond(received: Received) -> Answer | None:
        if received.path.rpartition("/")[2] == "a":
            return Answer(500, {"title": "Internal Server Error", "detail": "database is locked"})
        return None

    store = connect(serve(airflow(version, respond)).url)
    found = store.read(Selection(kinds=frozenset({kind}), ids=frozenset({(kind, "a")})))
    known = {
        ("3.3.2", Kind.CONNECTIONS): "; an extra that isn't a JSON object may be one (--from metadb: shows it)",
        ("2.11.2", Kind.POOLS): "; -1 slots may be one (--from metadb: shows them)",
    }
    assert [note.message for note in found.notes] == [
        "the server fails on it (500): left out; the server's log has the reason" + known.get((version, kind), "")
    ]


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_a_500_that_passes_is_asked_again_and_nothing_is_left_out(
    version: str, serve: Serve, connect: Connect
) -> None:
    for number in (1, 250):
        paged = Paged(keys(number))
        seen: list[str] = []

        def respond(received: Received, paged: Paged = paged, seen: list[str] = seen) -> Answer | None:
            if "/variables" not in received.path:
                return None
            seen.append(received.path)
            if len(seen) == 1:
                return Answer(500, {"detail": "database is locked"})
            key = received.path.rpartition("/")[2]
            return Answer(body=variable(key)) if key in paged.keys else paged(received)

        store = connect(serve(airflow(version, respond)).url)
        ids = frozenset((Kind.VARIABLES, key) for key in keys(number))
        wanted = Selection(kinds=VARIABLES.kinds, ids=ids if number == 1 else None)
        found = store.read(wanted)
        assert list(found.bundle.variables) == keys(number)
        assert found.notes == ()


def test_parts_of_a_page_with_one_that_the_server_fails_on_are_not_asked_for_again(
    serve: Serve, connect: Connect
) -> None:
    """With pauses of seconds before each repeat, one such object would take a minute."""
    site = serve(airflow("3.3.2", Poisoned(keys(100), {"k0042"})))
    store = connect(site.url, with_token(retries=4))
    assert len(store.read(VARIABLES).bundle) == 99
    lists = [dict(sent.query) for sent in site.sent("GET") if sent.path.endswith("/variables")]
    sizes = [int(query["limit"]) for query in lists if "variable_key_pattern" not in query]
    assert [sizes.count(100), sizes.count(50), sizes.count(25)] == [5, 2, 2]


def test_requests_say_who_asks(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    connect(site.url, Settings()).describe()
    assert site.log[0].headers["User-Agent"].startswith("airconn/")
    assert "Authorization" not in site.log[0].headers
