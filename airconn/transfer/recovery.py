"""Keeps a file with the objects that would be lost if a run died between deleting and creating them anew."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airconn.errors import AirconnError, TargetError
from airconn.formats import get_format
from airconn.formats.base import WriteOptions
from airconn.model import NEWEST, AirflowObject, AirflowVersion, Bundle, Kind
from airconn.stores.saving import write_atomically


class Recovery:
    """Writes a file, which exists as long as there is something to recover. `airconn import` reads it.

    A second one beside it has what the objects have besides, if their place has more than Airflow's fields.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._airflow = NEWEST
        self._unsafe: dict[tuple[Kind, str], AirflowObject] = {}
        self._kept: tuple[AirflowObject, ...] = ()
        """The objects in the file."""
        self._requests: Sequence[Mapping[str, Any]] = ()
        self.path: Path | None = None
        """The path of the file. None if there isn't one."""

    @property
    def more(self) -> Path | None:
        """The path of the second file. None if there isn't one."""
        return None if self.path is None or not self._requests else self._beside(self.path)

    def keep(
        self,
        objects: Sequence[AirflowObject],
        airflow: AirflowVersion,
        requests: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Writes the file with exactly these objects, as the Airflow that they are for has them.

        `requests` create them with all that they have besides. Raises `TargetError` where it can't be written.
        """
        self._airflow = airflow
        self._requests = requests
        self._unsafe = {(obj.kind, obj.id): obj for obj in objects}
        self._write()

    def is_safe(self, kind: Kind, id_: str) -> None:
        """Notes that an object has been created anew. The file may keep it for a while: it is written again when half
        of its objects are safe, and by `settle`."""
        if self._unsafe.pop((kind, id_), None) is not None and 2 * len(self._unsafe) <= len(self._kept):
            self.settle()

    def settle(self) -> None:
        """Writes the file with the objects that aren't safe, and no others."""
        if len(self._kept) > len(self._unsafe):
            with contextlib.suppress(AirconnError):  # then it holds what is safe, too, which does no harm
                self._write()

    def _write(self) -> None:
        kept = tuple(self._unsafe.values())
        self._write_file(kept)
        self._kept = kept

    def literal_masks(self) -> tuple[str, ...]:
        """The places in the file where a `***` is a real value, which `airconn import` has to be told."""
        from airconn.override.edit import literal_places

        return tuple(str(place) for obj in self._kept for place in literal_places(obj))

    @staticmethod
    def _beside(path: Path) -> Path:
        return path.with_name(f"{path.stem}-requests.json")

    def _write_file(self, objects: Sequence[AirflowObject]) -> None:
        if not objects:
            if self.path is not None:
                for path in (self.path, self._beside(self.path)):
                    with contextlib.suppress(FileNotFoundError):
                        path.unlink()
                self.path = None
            return
        text = get_format("json").render(Bundle.of(objects), WriteOptions(airflow=self._airflow)).text
        if self.path is not None:
            write_atomically(self.path, text)
            return
        name = f"recovery-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}.json"
        for is_last in (False, True):
            with contextlib.suppress(AirconnError, OSError):
                # If nothing is writable, there isn't even a directory for temporary files.
                directory = Path(tempfile.gettempdir()) if is_last else self._directory
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                if self._requests:
                    requests = json.dumps(self._requests, ensure_ascii=False, indent=2)
                    write_atomically(self._beside(directory / name), requests + "\n")
                write_atomically(directory / name, text)
                self.path = directory / name
                return
        raise TargetError(
            "an object must be deleted and created again, and a copy of it can't be saved before",
            where=str(self._directory),
            hint="make the directory writable, or set AIRCONN_STATE_DIR to another one",
        )
