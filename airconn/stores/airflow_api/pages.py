"""Lists all objects of a kind, several pages at a time, and completely, except for those that the server fails on."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from airconn.errors import TargetError
from airconn.model import Kind
from airconn.stores.airflow_api.api import ID_NAMES, Api
from airconn.stores.airflow_api.session import AnswerTooLarge, Session, ShowingFailed
from airconn.stores.base import Watch
from airconn.stores.http import bodies
from airconn.stores.http.messages import Request
from airconn.stores.in_parallel import in_order

PAGE = 100
"""The most entries that any version gives in one page, unless its `maximum_page_limit` was raised."""
_AT_A_TIME = 2
"""The pages that are read at a time. More aren't faster: a page takes a processor, and most servers use two."""
_READINGS = 4
_MOST_UNSHOWN = 100
BEYOND = 10**9
"""An offset behind the end of every list, to ask for nothing but its length."""

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list. The server fails on one whose item is `None`."""

    id: str
    item: Item | None


_UNSHOWN = Row("", None)


@dataclass(frozen=True, slots=True)
class _Page:
    rows: list[Row]
    total: int


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of a kind that a server shows, and the number of those that it fails on."""

    items: dict[str, Item]
    unshown: int = 0


class Lister:
    """Reads the list of one kind."""

    def __init__(self, session: Session, api: Api, kind: Kind, watch: Watch, *, page: int = PAGE) -> None:
        self._session = session
        self._api = api
        self._kind = kind
        self._watch = watch
        self._size = page
        self._well = False
        """Whether the server has shown a page since it failed on one."""

    def read(self) -> Listing:
        """The list as it is at one moment.

        It is read again when it changed in the meantime, so that no object is missed. Raises `TargetError` when it
        doesn't stand still, and `ShowingFailed` where the server fails on all of it.
        """
        left = _READINGS
        while left:
            size = self._size
            try:
                rows = self._read_once()
            except AnswerTooLarge:
                self._size = size // 2
                continue
            if rows is not None:
                items = {row.id: row.item for row in rows if row.item is not None}
                return Listing(items, len(rows) - len(items))
            left -= self._size == size  # another size of the pages doesn't change the list
        raise TargetError(
            f"its list of {self._kind.value} kept changing while it was read",
            where=self._session.base,
            hint="try again when no other program writes to it",
        )

    def count(self, *query: tuple[str, str]) -> int:
        """How many objects there are, without reading one of them."""
        return self._ask(BEYOND, 1, *query).total

    def _read_once(self) -> list[Row] | None:
        """The rows of all pages, read once. None if they don't fit together.

        Pages come in the order of the primary key, so a new object comes last, and one that goes moves those behind
        it. Each page therefore begins with the last object of the one before, to see that it still does; and the
        server's own count has to stay the same and to be reached.
        """
        first = self._page(0, self._size)
        rows, total = first.rows, first.total
        # A server with a `maximum_page_limit` gives less than it is asked for.
        self._size = size = min(self._size, max(len(rows), 1)) if len(rows) < total else self._size
        self._told(rows, total)
        if rows and len(rows) < total:
            step = max(size - 1, 1)
            with closing(self._pages(range(step, total - (size > 1), step), size)) as pages:
                for offset, page in pages:
                    if page.total != total or not self._fits(page, offset, rows, size):
                        return None
                    rows += page.rows[len(rows) - offset :]
                    self._told(rows, total)
        ids = {row.id for row in rows if row.item is not None}
        whole = len(rows) == total and len(ids) == sum(row.item is not None for row in rows)
        return rows if whole else None

    def _pages(self, offsets: range, size: int) -> Generator[tuple[int, _Page], None, None]:
        yield from in_order(lambda offset: (offset, self._page(offset, size)), offsets, _AT_A_TIME)

    def _fits(self, page: _Page, offset: int, before: list[Row], size: int) -> bool:
        """Whether a page goes on where the rows before it end."""
        if len(page.rows) < min(size, page.total - offset):
            self._size = max(len(page.rows), 1)
            return False
        return all(ours.id == theirs.id for ours, theirs in zip(before[offset:], page.rows, strict=False))

    def _page(self, offset: int, limit: int) -> _Page:
        """A page. Where the server fails on it, halves of it, down to the rows that it fails on.

        Raises `ShowingFailed` if it fails on all rows, or on too many.
        """
        try:
            # Once it is known to fail on a row, a part of a page is sooner made smaller than asked for again.
            return self._ask(offset, limit, divisible=self._well and limit > 1)
        except ShowingFailed as error:
            if isinstance(error, AnswerTooLarge) and limit > 1:
                raise
            if limit == 1:
                return _Page([_UNSHOWN], self.count())
            if not self._well:
                self.count()  # raises if the server fails on something else than rows
                self._well = True
        half = limit // 2
        first = self._page(offset, half)
        if len(first.rows) < half:
            return first
        second = self._page(offset + half, limit - half)
        rows = [*first.rows, *second.rows]
        if sum(row.item is None for row in rows) >= _MOST_UNSHOWN:
            raise ShowingFailed(f"it fails on most of its {self._kind.value}", where=self._session.base, hint=_LOG)
        return _Page(rows, second.total if second.total == first.total else -1)

    def _ask(self, offset: int, limit: int, *query: tuple[str, str], divisible: bool = False) -> _Page:
        kind = self._kind
        page = (("limit", str(limit)), ("offset", str(offset)), *query)
        request = Request("GET", self._api.path(kind), page, divisible=divisible, largest=bodies.LIST)
        answer = self._session.get(request, kind)
        entries = answer.get(kind.value) if answer else None
        total = answer.get("total_entries") if answer else None
        if not isinstance(entries, list) or not isinstance(total, int):
            raise self._session.strange(f"its answer to GET {request.path} is not a list of {kind.value}")
        name = ID_NAMES[kind]
        rows = []
        for entry in entries:
            id_ = entry.get(name) if isinstance(entry, dict) else None
            if not isinstance(id_, str):
                raise self._session.strange(f"its list of {kind.value} has an entry without {name}")
            rows.append(Row(id_, entry))
        return _Page(rows, total)

    def _told(self, rows: list[Row], total: int) -> None:
        self._watch(f"reading {self._kind.value}", len(rows), total)


_LOG = "the server's log has the reason"
