"""A store of ten lines on `stores/http`, against a server of its own: what each REST place gets for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import Bundle, Kind, Selection, Text, Variable
from airconn.model.reading import Reading
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.http.faults import NoAnswer, OutOfTime
from airconn.stores.http.messages import Request
from airconn.stores.http.rest_client import RestClient
from airconn.stores.http.transport import Transport
from airconn.urls import endpoint
from tests.stores.site import Answer, Site

TOKEN = "hunter2-of-the-shelf"
Serve = Callable[..., Site]


class Shelf(Store):
    """Variables that a REST service keeps. This is the whole store."""

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__(address, Capabilities(kinds=frozenset({Kind.VARIABLES}), writable=False))
        transport = Transport(address, settings, name="the shelf")
        self._rest = RestClient(transport, {"Authorization": f"Bearer {settings.credentials.token or TOKEN}"})

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description(f"shelf at {self.address}", kinds=self.capabilities.kinds)

    def location(self, kind: Kind) -> object:
        return endpoint(self.address)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        books = self._rest.json(Request("GET", "/books"))["books"]
        found = (Variable(key=book["name"], value=Text(book["text"])) for book in books)
        return Reading(selection.of(Bundle.of(found)))

    def close(self) -> None:
        self._rest.close()


BOOKS = Answer(body={"books": [{"name": "a", "text": "1"}, {"name": "b", "text": "2"}]})


@pytest.fixture
def shelf(serve: Serve) -> Callable[..., tuple[Shelf, Site]]:
    def make(*answers: Answer, **settings: object) -> tuple[Shelf, Site]:
        """A shelf that answers with these one after the other, and with its books from then on."""
        left = iter(answers)
        site = serve(lambda _: next(left, BOOKS))
        return Shelf(site.url, Settings(**{"retries": 2, "timeout": 5.0, **settings})), site  # type: ignore[arg-type]

    return make


Make = Callable[..., tuple[Shelf, Site]]


def complaint(store: Shelf) -> TargetError:
    with pytest.raises(TargetError) as caught:
        store.read(Selection())
    assert TOKEN not in f"{caught.value} {caught.value.hint}"
    assert caught.value.where == store.address
    store.close()
    return caught.value


def test_it_reads_what_is_there(shelf: Make) -> None:
    store, site = shelf()
    assert store.read(Selection()).bundle == Bundle.of(
        [Variable(key="a", value=Text("1")), Variable(key="b", value=Text("2"))]
    )
    assert site.log[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert site.log[0].headers["User-Agent"].startswith("airconn/")
    store.close()


def test_its_requests_share_their_connections(shelf: Make) -> None:
    store, site = shelf()
    opened: list[object] = []
    process = site._server.process_request

    def counted(request: object, peer: object) -> None:
        opened.append(peer)
        process(request, peer)

    site._server.process_request = counted  # type: ignore[method-assign]
    for _ in range(5):
        store.read(Selection())
    threads = [threading.Thread(target=store.read, args=(Selection(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.log) == 9
    assert len(opened) <= 4
    store.close()


@pytest.mark.parametrize(
    "trouble",
    [Answer(503), Answer(429, headers={"Retry-After": "0"}), Answer(fate="reset"), Answer(body={}, fate="cut")],
    ids=str,
)
def test_what_goes_by_is_tried_again(trouble: Answer, shelf: Make) -> None:
    store, site = shelf(trouble, trouble)
    assert len(store.read(Selection()).bundle) == 2
    assert len(site.log) == 3
    store.close()


def test_it_waits_no_longer_than_the_deadline(shelf: Make) -> None:
    store, site = shelf(Answer(fate="stall"), deadline=time.monotonic() + 0.3, timeout=60.0)
    error = complaint(store)
    assert isinstance(error, OutOfTime)
    assert error.message == "no answer before the deadline"
    assert "--deadline" in (error.hint or "")
    assert len(site.log) == 1


def test_a_login_page_in_front_of_it(shelf: Make) -> None:
    error = complaint(shelf(Answer(body="<html><input type=password> hunter2"))[0])
    assert error.message == "a login page (HTML) answers GET /books instead of the shelf's API"
    assert (error.hint or "").endswith("use the address of the shelf itself")


@pytest.mark.parametrize("to", ["https://elsewhere.example/books", "/login?next=/books"])
def test_a_redirect_is_not_followed(to: str, shelf: Make) -> None:
    store, site = shelf(Answer(302, headers={"Location": to}))
    error = complaint(store)
    where = "a login page" if "login" in to else "https://elsewhere.example"
    assert error.message == f"it redirects to {where}"
    assert len(site.log) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(500, "<html>hunter2"), "GET /books fails with status 500"),
        (Answer(404, {"detail": "hunter2"}), "GET /books answers with status 404"),
        (Answer(200, "hunter2"), "its answer to GET /books is not a JSON object"),
        (Answer(502, "<html>"), "it can't be reached by the gateway in front of it (status 502)"),
        (Answer(407, "<html>"), "the proxy needs credentials, or refuses these"),
    ],
)
def test_other_answers_in_words(answer: Answer, message: str, shelf: Make) -> None:
    assert complaint(shelf(answer, retries=0)[0]).message == message


def test_no_answer_in_words() -> None:
    error = complaint(Shelf("http://127.0.0.1:1", Settings()))
    assert isinstance(error, NoAnswer)
    assert (error.message, error.hint) == (
        "nothing listens there",
        "is the shelf running? the address comes from the command line",
    )


def test_a_write_that_may_not_be_done_twice_is_sent_once(serve: Serve) -> None:
    site = serve(lambda _: Answer(502, "<html>"))
    client = RestClient(Transport(site.url, Settings(retries=3)))
    assert client.send(Request("POST", "/books", body={"name": "é"})).status == 502
    assert [(one.method, one.body) for one in site.log] == [("POST", {"name": "é"})]
    assert client.send(Request("POST", "/login", form={"user": "a b"}, repeatable=True)).doubtful
    assert site.log[1].body == "user=a+b"
    client.close()
