"""A list is whole, or read again, however its pages are cut."""

from __future__ import annotations

import threading
import time

import pytest

from airconn.stores.astro.paging import ListedPage, whole_list


def nothing(done: int, total: int | None) -> None:
    pass


@pytest.mark.parametrize("number", [0, 1, 199, 200, 201, 1000, 2500])
@pytest.mark.parametrize("most", [7, 200, 999, 1000])
def test_a_list_is_whole_whatever_the_server_gives_in_one_page(number: int, most: int) -> None:
    items = [{"id": at} for at in range(number)]
    seen: list[tuple[int, int | None]] = []
    pages: list[int] = []

    def fetch(offset: int) -> ListedPage:
        pages.append(offset)
        return ListedPage(items[offset : offset + most], number)

    assert whole_list(fetch, lambda *args: seen.append(args)) == items
    assert sorted(pages) == list(range(0, max(number, 1), most))
    assert seen[-1] == (number, number)


def test_pages_of_different_lengths_are_a_whole_list() -> None:
    items = [{"id": at} for at in range(3000)]
    lengths = {0: 1000, 1000: 300, 2000: 1000}
    assert whole_list(lambda at: ListedPage(items[at : at + lengths.get(at, 450)], 3000), nothing) == items


@pytest.mark.parametrize("changed_at", [0, 1000, 2000])
def test_a_list_that_changes_while_it_is_read_is_not_taken(changed_at: int) -> None:
    def fetch(offset: int) -> ListedPage:
        return ListedPage([{}] * min(1000, 3000 - offset), 3000 if offset < changed_at else 3001)

    assert whole_list(fetch, nothing) is None


def test_a_list_that_ends_before_its_count_is_not_taken() -> None:
    assert whole_list(lambda offset: ListedPage([{}] * (1000 if offset < 2000 else 0), 3000), nothing) is None


@pytest.mark.parametrize(("size", "expected"), [(1000, 4), (20, 1)])
def test_large_pages_are_read_several_at_a_time_and_small_ones_in_turn(size: int, expected: int) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def fetch(offset: int) -> ListedPage:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return ListedPage([{}] * size, size * 9)

    found = whole_list(fetch, nothing)
    assert found is not None
    assert len(found) == size * 9
    assert most == expected


def test_an_error_of_a_page_is_the_error_of_the_list() -> None:
    def fetch(offset: int) -> ListedPage:
        if offset == 2000:
            raise ValueError("the third page")
        return ListedPage([{}] * 1000, 5000)

    with pytest.raises(ValueError, match="the third page"):
        whole_list(fetch, nothing)
