"""A file that gets back the text that it had, with its comments and its order."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import AirflowObject, Outcome, Step
from airconn.model.reading import Note
from airconn.stores.base import DEFAULT_CONTEXT, Context
from airconn.stores.file import FileStore
from airconn.stores.saving import alone_with

T = TypeVar("T", bound=AirflowObject)


class RestoredFile(FileStore):
    """A file whose next write gives it an earlier text, whichever steps that takes. None removes the file."""

    def __init__(self, path: Path, settings: Settings, text: str | None) -> None:
        super().__init__(str(path), settings)
        self._earlier = text

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        return obj

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        return ()

    def rehearse(self, steps: Sequence[Step], context: Context) -> Sequence[Outcome]:
        return ()

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        return ()

    def text_after(self, steps: Sequence[Step], context: Context) -> str:
        return self._earlier or ""

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        steps = tuple(steps)
        if not steps:
            return
        version = context.before.version if context.before is not None else None
        if self._earlier is None:
            self._remove(version)
        else:
            self.save(self._earlier, version)
        yield from map(Outcome, steps)

    def _remove(self, version: object) -> None:
        path = Path(self.address)
        with alone_with(path):
            self._file.refuse_changed(version)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                reason = error.strerror or errno.errorcode.get(error.errno or 0, "the system refuses")
                raise TargetError(f"can't be removed: {reason}", where=self.address) from None
