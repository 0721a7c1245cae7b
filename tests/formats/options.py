"""Options of reading and writing, with those of single formats beside the others."""

from __future__ import annotations

from typing import Any

from airconn.formats.base import ReadOptions, WriteOptions

OF_ALL_FORMATS = {"airflow", "kind", "likely", "keeps_uris", "kinds"}


def _sorted(how: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in how.items() if name not in OF_ALL_FORMATS and value is not None}
    return {**{name: value for name, value in how.items() if name in OF_ALL_FORMATS}, "values": values}


def reading(**how: Any) -> ReadOptions:
    return ReadOptions(**_sorted(how))


def writing(**how: Any) -> WriteOptions:
    return WriteOptions(**_sorted(how))
