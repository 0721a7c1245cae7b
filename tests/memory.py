"""A place that is in memory and written to object by object, and that fails as it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from airconn.errors import TargetError
from airconn.model import Action, AirflowObject, Bundle, Kind, Outcome, Selection, Step
from airconn.model.reading import Note, Reading
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store

UNREAD = "the server fails on it (500): left out"


_CAPABILITIES = Capabilities()


class Memory(Store):
    """Holds objects. Its writes are told in `calls`, a list of ids for each call of `apply`."""

    def __init__(self, *objects: AirflowObject, capabilities: Capabilities = _CAPABILITIES) -> None:
        super().__init__("http://memory", capabilities)
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
        self.contexts: list[Context] = []
        """What each `apply` was for."""
        self.calls: list[list[str]] = []
        self.before_write: Callable[[Step], None] = lambda step: None

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description(self.address)

    def location(self, kind: Kind) -> object:
        return id(self)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        wanted = [obj for obj in self.held.values() if selection.wants(obj.kind, obj.id)]
        lost = [obj for obj in wanted if obj.id in self.unread]
        notes = [
            Note(f"{self.address}: {obj.kind.value}/{obj.id}", UNREAD, left_out=True, failed=True) for obj in lost
        ]
        shown = [obj for obj in wanted if obj.id not in self.unread]
        for done in range(1, len(shown) + 1):
            context.progress("reading variables", done, self.address)
        return Reading(Bundle.of(shown), tuple(notes), unreadable={(obj.kind, obj.id): UNREAD for obj in lost})

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        return "it can't be changed" if self.replaces and step.action is Action.UPDATE else ""

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        call: list[str] = []
        self.calls.append(call)
        self.contexts.append(context)
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
            yield Outcome(step, notes=(Note(f"{step.kind.value}/{step.id}", "was written"),))

    def _write(self, step: Step) -> None:
        key: tuple[Kind, str] = (step.kind, step.id)
        if step.action is Action.DELETE:
            del self.held[key]
        else:
            self.held[key] = step.result()
