"""Reads the selected objects of a server, from its lists or one by one, and reports those that it fails on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from airconn.errors import TargetError
from airconn.model import AirflowObject, Kind, Selection
from airconn.model.reading import Key, Note
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.listing_failures import why_it_fails
from airconn.stores.airflow_api.pages import PAGE, Lister, Listing
from airconn.stores.airflow_api.session import Session, ShowingFailed
from airconn.stores.airflow_api.unreadable_ids import PATTERNS, Search, is_like, may_be_included
from airconn.stores.base import Watch
from airconn.stores.http.messages import Request
from airconn.stores.in_parallel import in_order

_AT_A_TIME = 4
_FEW = 4
_SOME = 400
_WORTH = 25
"""The entries of a list that take a server as long as a single object."""
_FAILS = "the server fails on it (500)"


class ApiReader:
    """Reads from one server, once. `notes` and `unreadable` fill up as it reads."""

    def __init__(self, session: Session, api: Api, watch: Watch) -> None:
        self._session = session
        self._api = api
        self._watch = watch
        self.notes: list[Note] = []
        self.unreadable: dict[Key, str] = {}
        """The objects that the server has and fails on."""

    def read(self, kind: Kind, selection: Selection) -> Iterator[AirflowObject]:
        """The selected objects of a kind.

        Where only few are asked for by name, they are read one by one: a list can be long, and a server takes longer
        for each page of a longer one.
        """
        api = self._api
        lister = Lister(self._session, api, kind, self._watch)
        ids = _few(api, kind, selection, lister.count)
        if ids is None:
            listing = lister.read()
            if listing.unshown:
                self._tell_of_unshown(lister, kind, listing, selection)
            items = listing.items
            if api.lists_in_full(kind):
                yield from (api.parse(kind, item) for id_, item in items.items() if selection.wants(kind, id_))
                return
            wanted = [id_ for id_ in items if selection.wants(kind, id_)]
            # In Airflow 2, an id that is empty or has a '/' in it leads to no page, and only the list shows it.
            reached = {id_ for id_ in wanted if id_ and "/" not in id_ and api.has_path(kind, id_)}
            yield from (api.parse(kind, items[id_]) for id_ in wanted if id_ not in reached)
            ids = [id_ for id_ in wanted if id_ in reached]
        yield from self._singly(kind, ids)

    def find(self, kind: Kind, ids: Collection[str]) -> dict[str, AirflowObject]:
        """The objects with these ids that exist, by their ids."""
        wanted = frozenset((kind, id_) for id_ in ids)
        return {obj.id: obj for obj in self.read(kind, Selection(kinds=frozenset({kind}), ids=wanted))}

    def find_singly(self, kind: Kind, ids: Sequence[str]) -> dict[str, AirflowObject]:
        """The same as `find`, but one by one if possible, since a list may be changing."""
        if not _have_paths(self._api, kind, ids):
            return self.find(kind, ids)
        return {obj.id: obj for obj in self._singly(kind, ids)}

    def _singly(self, kind: Kind, ids: Sequence[str]) -> Iterator[AirflowObject]:
        """The objects with these ids that exist, read several at a time."""
        unshown: list[str] = []

        def read_one(id_: str) -> AirflowObject | None:
            try:
                return read_object(self._session, self._api, kind, id_)
            except ShowingFailed:
                if not unshown:
                    Lister(self._session, self._api, kind, self._watch).count()  # raises where it isn't the object
                unshown.append(id_)
                return None

        for done, obj in enumerate(in_order(read_one, ids, min(_AT_A_TIME, len(ids))), 1):
            self._watch(f"reading {kind.value}", done, len(ids))
            if obj is not None:
                yield obj
        for id_ in sorted(unshown):
            self._tell(kind, id_)

    def _tell_of_unshown(self, lister: Lister, kind: Kind, listing: Listing, selection: Selection) -> None:
        """Notes which of the selected objects the server fails on, as far as that can be found out."""
        found: list[str] = []
        if self._api.searches:
            search = Search(lambda pattern: lister.count((PATTERNS[kind], pattern)), listing.items)
            found += search.ids(listing.unshown)
        unknown = listing.unshown - len(found)
        if selection.ids is not None:
            missing = sorted(id_ for other, id_ in selection.ids if other is kind and id_ not in listing.items)
            # The search doesn't tell capitals, and Airflow 2 has none.
            likely = missing if unknown else [id_ for id_ in missing if _is_one_of(id_, found)]
            for id_ in likely[:PAGE]:
                if self._is_unshown(kind, id_):
                    self._tell(kind, id_)
            unknown = unknown if len(likely) > PAGE else 0
        else:
            for id_ in found:
                if self._is_unshown(kind, id_):
                    if selection.wants(kind, id_):
                        self._tell(kind, id_)
                elif (named := self._named(kind, id_, selection)) is not None:
                    if selection.wants(kind, named):
                        self._tell(kind, named)
                elif may_be_included(selection, kind, id_):
                    self._tell(kind, id_, "upper and lower case aren't known; ", known=False)
        if unknown:
            what = f"1 of its {kind.value}" if unknown == 1 else f"{unknown} of its {kind.value}"
            self._add(self._session.base, f"the server fails on {what} (500), and their ids aren't known", kind)

    def _named(self, kind: Kind, found: str, selection: Selection) -> str | None:
        """The true id of a search result, if a glob of the selection spells it out."""
        names = [glob.removeprefix(f"{kind.value}/") for glob in (*selection.include, *selection.exclude)]
        return next((name for name in names if _is_one_of(name, [found]) and self._is_unshown(kind, name)), None)

    def _is_unshown(self, kind: Kind, id_: str) -> bool:
        try:
            read_object(self._session, self._api, kind, id_)
        except ShowingFailed:
            return True
        except TargetError:
            pass
        return False

    def _tell(self, kind: Kind, id_: str, about: str = "", *, known: bool = True) -> None:
        if known:
            self.unreadable[kind, id_] = _FAILS
        self._add(f"{self._session.base}: {kind.value}/{id_}", f"{about}{_FAILS}", kind)

    def _add(self, where: str, what: str, kind: Kind) -> None:
        why = why_it_fails(kind, self._api.dialect)
        self.notes.append(Note(where, f"{what}: left out; {why}", left_out=True, failed=True))


def read_object(session: Session, api: Api, kind: Kind, id_: str) -> AirflowObject | None:
    """One object. None if it doesn't exist. Raises `ShowingFailed` if the server fails on it."""
    answer = session.get(Request("GET", api.path(kind, id_)), kind)
    return None if answer is None else api.parse(kind, answer)


def _few(api: Api, kind: Kind, selection: Selection, count: Callable[[], int]) -> list[str] | None:
    """The ids to read one by one. None if reading the list is faster."""
    if selection.ids is None:
        return None
    ids = sorted(id_ for other, id_ in selection.ids if other is kind and selection.wants(kind, id_))
    if not _have_paths(api, kind, ids):
        return None
    if not api.lists_in_full(kind):
        return ids if len(ids) <= PAGE else None
    few = len(ids) <= _FEW or (len(ids) <= _SOME and len(ids) * _WORTH < count())
    return ids if few else None


def _is_one_of(id_: str, found: Sequence[str]) -> bool:
    """Whether an id may be one of the results of a search."""
    return any(len(id_) == len(other) and is_like(id_.lower(), other) for other in found)


def _have_paths(api: Api, kind: Kind, ids: Sequence[str]) -> bool:
    """Whether the path of each id leads to its object and to nothing else."""
    plain = all(id_.isascii() and id_.replace("_", "").replace("-", "").isalnum() for id_ in ids)
    return plain and api.dialect.taken_ids.isdisjoint(ids) and all(api.has_path(kind, id_) for id_ in ids)
