"""A place that is in memory and written to object by object, and that fails as it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from airconn.errors import TargetError
from airconn.formats.base import Note
from airconn.model import Action, AirflowObject, Bundle, Kind, Outcome, Selection, Step
from airconn.stores.base import Capabilities, Store

UNREAD = "the server fails on it (500): left out"


class Memory(Store):
    """Holds objects. Its writes are told in `calls`, a list of ids for each call of `apply`."""

    capabilities = Capabilities()

    def __init__(self, *objects: AirflowObject) -> None:
        super().__init__("http://memory")
        self.held = {(obj.kind, obj.id): obj for obj in objects}
        self.unread: set[str] = set()
        """The ids that are there and can't be read."""
        self.failing: set[str] = set()
        """The ids that can't be written."""
        self.untried: set[str] = set()
        """The ids that it doesn't try to write."""
        self.deaf: set[str] = set()
        """The ids before which the place doesn't answer."""
        self.replaces = False
        """Whether an object has to be deleted and created anew to change it."""
        self.calls: list[list[str]] = []
        self.before_write: Callable[[Step], None] = lambda step: None

    def describe(self) -> str:
        return self.address

    def location(self, kind: Kind) -> object:
        return id(self)

    def read(self, selection: Selection) -> Bundle:
        wanted = [obj for obj in self.held.values() if selection.wants(obj.kind, obj.id)]
        self.notes = [
            Note(f"{self.address}: {obj.kind.value}/{obj.id}", UNREAD, left_out=True, failed=True)
            for obj in wanted
            if obj.id in self.unread
        ]
        shown = [obj for obj in wanted if obj.id not in self.unread]
        for done in range(1, len(shown) + 1):
            self.watch("reading variables", done, None)
        return Bundle.of(shown)

    def withheld(self, kind: Kind, id_: str) -> str:
        return UNREAD if id_ in self.unread else ""

    def update_refusal(self, step: Step) -> str:
        return "it can't be changed" if self.replaces else ""

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        call: list[str] = []
        self.calls.append(call)
        self.notes = []
        for step in steps:
            if step.id in self.deaf:
                raise TargetError("nobody answers", where=self.address)
            call.append(step.id)
            self.before_write(step)
            if step.id in self.untried:
                yield Outcome(step, "not tried: it is late", untried=True)
                continue
            if step.id in self.failing:
                yield Outcome(step, "refused")
                continue
            self._write(step)
            self.notes.append(Note(f"{step.kind.value}/{step.id}", "was written"))
            yield Outcome(step)

    def _write(self, step: Step) -> None:
        key: tuple[Kind, str] = (step.kind, step.id)
        if step.action is Action.DELETE:
            del self.held[key]
        else:
            self.held[key] = step.result()
