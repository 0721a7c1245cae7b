"""Reads a list of the Astro API page by page: the first page alone, and large ones after it several at a time.

The documentation has no limit for a page of environment objects, and a server may give fewer than it was asked for.
So a page begins after what came, and the count in the answers says when the list is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from airconn.stores.in_parallel import in_order

_AT_A_TIME = 4
"""The pages at a time. A token has 25 GET a second."""
_LARGE = 200
"""The objects of a page that is large. Many small ones at a time would be too many a second."""


class ListedPage(NamedTuple):
    """The objects of a page, and how many there are in the list."""

    items: list[dict[str, Any]]
    total: int


def whole_list(
    fetch: Callable[[int], ListedPage], watch: Callable[[int, int | None], None]
) -> list[dict[str, Any]] | None:
    """The whole list in one pass. None if its length has changed meanwhile.

    `fetch` gives the page that begins at an offset, in several threads. `watch` gets the objects read, and the total.
    """
    found: list[dict[str, Any]] = []
    totals: set[int] = set()
    for page in _pages(fetch, found):
        found += page.items
        totals.add(page.total)
        watch(len(found), page.total)
        if len(totals) > 1:
            return None
        if not page.items or len(found) >= page.total:
            break
    return found if totals == {len(found)} else None


def _pages(fetch: Callable[[int], ListedPage], found: list[dict[str, Any]]) -> Iterator[ListedPage]:
    """The pages, each of which begins after those in `found`, to which the caller adds every one."""
    first = fetch(0)
    yield first
    size = len(first.items)
    if size >= _LARGE:
        offsets = range(size, first.total, size)
        for offset, page in zip(offsets, in_order(fetch, offsets, min(_AT_A_TIME, len(offsets))), strict=True):
            if offset != len(found):
                break  # the one before was shorter than the first
            yield page
    while True:
        yield fetch(len(found))
