"""What both versions of the API have in common: how objects are listed, and what an API has to bring."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Final

from airconn.errors import AirconnError, TargetError
from airconn.model import AirflowObject, Kind, Origin, Selection, Step
from airconn.stores.airflow_api.address import path_of
from airconn.stores.airflow_api.dialect import Dialect
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.transport import Request

PAGE = 100
"""The most that any version gives in one page, unless its `maximum_page_limit` was raised."""
ID_NAMES: Final = {Kind.CONNECTIONS: "connection_id", Kind.VARIABLES: "key", Kind.POOLS: "name"}
"""What the id of an object is called in bodies and answers."""
DEFAULT_POOL: Final = "default_pool"
_READINGS = 4
_THREADS = 4


class Refused(AirconnError):
    """A change that this API can't make without losing something."""


class Api(ABC):
    """One version of the API: its paths, and what objects look like in it. It builds requests, and sends none."""

    prefix: ClassVar[str]

    def __init__(self, dialect: Dialect, origin: Origin) -> None:
        self.dialect = dialect
        self.origin = origin

    def path(self, kind: Kind, id_: str | None = None) -> str:
        """The path of all objects of a kind, or of one."""
        return f"{self.prefix}/{kind.value}" + ("" if id_ is None else path_of(id_))

    @abstractmethod
    def lists_in_full(self, kind: Kind) -> bool:
        """Whether the list of a kind has all there is to know about its objects."""

    @abstractmethod
    def parse(self, kind: Kind, item: Mapping[str, Any]) -> AirflowObject:
        """The object in an answer. Raises `TargetError`, which quotes no value, where it is none."""

    @abstractmethod
    def create(self, obj: AirflowObject) -> Sequence[Request]:
        """What to send, one after the other, to create an object. Raises `Refused`."""

    @abstractmethod
    def update(self, step: Step) -> Sequence[Request]:
        """What to send to write the fields `step.written` of an object, and no others. Raises `Refused`."""

    def delete(self, kind: Kind, id_: str) -> Request:
        if kind is Kind.POOLS and id_ == DEFAULT_POOL:
            raise Refused("Airflow lets nobody delete default_pool")
        return Request("DELETE", self.path(kind, id_))


def read_kind(session: Session, api: Api, kind: Kind, selection: Selection) -> Iterator[AirflowObject]:
    """The selected objects of a kind.

    Where only few are asked for by name, they are read one by one: a list can be long, and one object that the server
    chokes on would hide the others.
    """
    ids = _few(api, kind, selection)
    if ids is None:
        items = read_pages(session, api, kind)
        if api.lists_in_full(kind):
            yield from (api.parse(kind, item) for id_, item in items.items() if selection.wants(kind, id_))
            return
        wanted = [id_ for id_ in items if selection.wants(kind, id_)]
        # In Airflow 2, an id that is empty or has a '/' in it leads to no page, and only the list shows the object.
        yield from (api.parse(kind, items[id_]) for id_ in wanted if not id_ or "/" in id_)
        ids = [id_ for id_ in wanted if id_ and "/" not in id_]
    yield from read_singly(session, api, kind, ids)


def _few(api: Api, kind: Kind, selection: Selection) -> list[str] | None:
    """The ids to read one by one, or None where the list is the better way."""
    if selection.ids is None:
        return None
    ids = sorted(id_ for other, id_ in selection.ids if other is kind and selection.wants(kind, id_))
    limit = 4 if api.lists_in_full(kind) else PAGE
    plain = all(id_.isascii() and id_.replace("_", "").replace("-", "").isalnum() for id_ in ids)
    # 3.3 has a page of its own at /connections/enqueue-test.
    return ids if len(ids) <= limit and plain and "enqueue-test" not in ids else None


def read_singly(session: Session, api: Api, kind: Kind, ids: Sequence[str]) -> list[AirflowObject]:
    """The objects with these ids that there are, several at a time."""

    def read_one(id_: str) -> AirflowObject | None:
        answer = session.get(Request("GET", api.path(kind, id_)), kind)
        return None if answer is None else api.parse(kind, answer)

    if len(ids) < 2:
        found = [read_one(id_) for id_ in ids]
    else:
        with ThreadPoolExecutor(min(_THREADS, len(ids))) as pool:
            futures = [pool.submit(read_one, id_) for id_ in ids]
            try:
                found = [future.result() for future in futures]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return [obj for obj in found if obj is not None]


def read_pages(session: Session, api: Api, kind: Kind) -> dict[str, Mapping[str, Any]]:
    """All objects of a kind by id, as the API shows them.

    The list is read again when it changed in the meantime, so that no object is missed. Raises `TargetError` when it
    doesn't stand still.
    """
    for _ in range(_READINGS):
        items = _read_pages_once(session, api, kind)
        if items is not None:
            return items
    raise TargetError(
        f"its list of {kind.value} kept changing while it was read",
        where=session.base,
        hint="try again when nobody else writes to it",
    )


def _read_pages_once(session: Session, api: Api, kind: Kind) -> dict[str, Mapping[str, Any]] | None:
    """One reading of all pages, or None where they don't fit together.

    Pages come in the order of the primary key, so a new object comes last, and one that goes moves those behind it.
    Each page therefore begins with the last object of the one before, to see that it still does; and the server's
    own count has to stay the same and to be reached.
    """
    items: dict[str, Mapping[str, Any]] = {}
    last: str | None = None
    total: int | None = None
    while total is None or len(items) < total:
        offset = len(items) - 1 if items else 0
        page, count = _page(session, api, kind, offset)
        if total is not None and (count != total or not page or page[0][0] != last):
            return None
        total = count
        before = len(items)
        items.update(page)
        if len(items) == before:
            break
        last = page[-1][0]
    return items if len(items) == total else None


def _page(session: Session, api: Api, kind: Kind, offset: int) -> tuple[list[tuple[str, Mapping[str, Any]]], int]:
    query = (("limit", str(PAGE)), ("offset", str(offset)))
    answer = session.get(Request("GET", api.path(kind), query), kind)
    entries = answer.get(kind.value) if answer else None
    total = answer.get("total_entries") if answer else None
    if not isinstance(entries, list) or not isinstance(total, int):
        raise session.strange(f"its answer to GET {api.path(kind)} is no list of {kind.value}")
    name = ID_NAMES[kind]
    page = []
    for entry in entries:
        id_ = entry.get(name) if isinstance(entry, dict) else None
        if not isinstance(id_, str):
            raise session.strange(f"its list of {kind.value} has an entry without {name}")
        page.append((id_, entry))
    return page, total
