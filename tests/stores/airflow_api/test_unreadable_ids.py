"""Finding ids by counting: a server that says how many match a pattern gives away which ones they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airconn.model import Kind, Selection
from airconn.stores.airflow_api.unreadable_ids import Search, may_be_included

ids = st.text(st.sampled_from("abcz019_-.ABZ"), min_size=1, max_size=12)
short = st.text(st.sampled_from("abcz019_-.ABZ"), min_size=1, max_size=5)


class Server:
    """Counts as `ILIKE '%…%'` does, in which '_' is any character."""

    def __init__(self, ids: set[str]) -> None:
        self.ids = ids
        self.asked = 0

    def count(self, pattern: str) -> int:
        self.asked += 1
        like = re.compile(".*" + re.escape(pattern).replace("_", ".") + ".*", re.IGNORECASE | re.DOTALL)
        return sum(like.fullmatch(id_) is not None for id_ in self.ids)


@settings(deadline=None)
@given(known=st.sets(ids, max_size=30), unknown=ids)
def test_the_one_that_is_not_known_is_found(known: set[str], unknown: str) -> None:
    known = {id_ for id_ in known if id_.lower() != unknown.lower()}
    assert list(Search(Server(known | {unknown}).count, known).ids(1)) == [unknown.lower()]


@settings(deadline=None)
@given(known=st.sets(short, max_size=20), unknown=st.sets(short, min_size=2, max_size=4))
def test_several_are_found(known: set[str], unknown: set[str]) -> None:
    unknown = {id_.lower() for id_ in unknown}
    known = {id_ for id_ in known if id_.lower() not in unknown}
    found = list(Search(Server(known | unknown).count, known).ids(len(unknown)))
    # An id in which a '_' stands may be told as another that is like it: the count is the same for both.
    assert len(set(found)) == len(found)
    if not any("_" in id_ for id_ in unknown):
        assert set(found) == unknown


def test_a_character_of_no_alphabet_is_told_as_any() -> None:
    assert list(Search(Server({"größe", "b"}).count, ["b"]).ids(1)) == ["gr__e"]


def test_a_server_that_counts_at_random_is_not_asked_for_ever() -> None:
    server = Server(set())

    def count(pattern: str) -> int:
        server.asked += 1
        return 10**6

    assert list(Search(count, []).ids(5)) == []
    assert server.asked <= 1500


def test_nothing_is_found_where_nothing_is_unknown() -> None:
    assert list(Search(Server({"a", "B"}).count, ["a", "B"]).ids(3)) == []


@pytest.mark.parametrize(
    ("globs", "found", "expected"),
    [
        ([], "gr__e", True),
        (["GRÖßE"], "gr__e", True),
        (["gr*"], "gr__e", True),
        (["*e"], "gr__e", True),
        (["*"], "x", True),
        (["*"], "", True),
        (["g??"], "gr__e", False),
        (["gr[öo]?e"], "gr__e", True),
        (["[ab]x"], "cx", True),  # more than it can tell apart is said, rather than less
        (["variables/gr*"], "gr__e", True),
        (["connections/gr*"], "gr__e", False),
        (["a*", "b*"], "b_", True),
        (["a*", "b*"], "c_", False),
        (["a*b*c"], "aXbYc".lower(), True),
        (["a*b*c"], "acb", False),
        (["[]a]x"], "]x", True),
        (["[!]]x"], "ax", True),
        (["[]"], "[]", True),
        (["[!]"], "[!]", True),
        (["[!]"], "a", False),
    ],
)
def test_what_a_glob_may_mean_is_told(globs: list[str], found: str, expected: bool) -> None:
    assert may_be_included(Selection(include=tuple(globs)), Kind.VARIABLES, found) is expected


@given(id_=ids, glob=st.text(st.sampled_from("abz_-.*?[]!"), max_size=8))
def test_what_a_glob_matches_it_may_mean(id_: str, glob: str) -> None:
    selection = Selection(include=(glob,))
    hidden = id_.lower().replace("z", "_")
    if selection.wants(Kind.VARIABLES, id_.lower()):
        assert may_be_included(selection, Kind.VARIABLES, hidden)
