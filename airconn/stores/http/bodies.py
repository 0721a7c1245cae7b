"""Reads and unpacks the whole body of an answer, up to a limit.

The limit depends on the request. No driver reads or unpacks a body by itself: 6 MB of gzip can hold gigabytes.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from http.client import IncompleteRead
from typing import Any

from airconn.errors import TargetError

SMALL = 4 << 20
"""The limit for a token, a version, an error, or the answer to a write of one secret."""
OBJECT = 64 << 20
"""The limit for one object with its value, or a list of names."""
LIST = 256 << 20
"""The limit for a page of objects with their values."""

_CHUNK = 65536
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS

Limit = Callable[[str, str], int]
"""Gives the most bytes of the answer to a request, by its method and its path."""


class TooLarge(TargetError):
    """An answer has more bytes than its request allows."""


class TooLate(Exception):
    """The body isn't complete in time."""


def whole(response: Any, most: int, where: str, ends: float | None = None) -> bytes:
    """The body of a response of urllib3 that wasn't read yet, unpacked.

    `ends` is a time on the clock of `time.monotonic`. Raises `TooLarge`, `TooLate`, and what urllib3 raises.
    """
    read = response.read if ends is None else getattr(response, "read1", response.read)
    try:
        unpack = _unpacker(response.headers, where)
        parts, size, came = [], 0, 0
        while part := read(_CHUNK, decode_content=False):
            came += len(part)
            part = unpack.feed(part, most - size) if unpack else part
            size += len(part)
            if size > most or came > most:
                raise _too_large(most, where)
            parts.append(part)
            if ends is not None and time.monotonic() >= ends:
                raise TooLate
        if unpack and came:
            unpack.check_end()
    except BaseException:
        response.close()
        raise
    return b"".join(parts)


def is_cut(error: BaseException) -> bool:
    """Whether an error of urllib3 means that a body ended early."""
    return any(isinstance(one, IncompleteRead) for one in (error, *error.args))


def _too_large(most: int, where: str) -> TooLarge:
    return TooLarge(
        f"its answer is larger than {most >> 20} MiB, too large for this request",
        where=where,
        hint="check the address, and what is in front of the server",
    )


class _Unpacker:
    """Unpacks gzip and deflate, up to a little more than the limit."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._one = zlib.decompressobj(_ZLIB_OR_GZIP)

    def feed(self, data: bytes, room: int) -> bytes:
        """The unpacked `data`, or its first `room` + 1 bytes."""
        parts, left = [], room + 1
        while data and left > 0:
            if self._one.eof:  # a file of gzip may have several parts
                self._one = zlib.decompressobj(_ZLIB_OR_GZIP)
            try:
                part = self._one.decompress(data, left)
            except zlib.error:
                raise TargetError(
                    "its answer doesn't have the Content-Encoding that it names", where=self._where
                ) from None
            parts.append(part)
            left -= len(part)
            data = self._one.unconsumed_tail or self._one.unused_data
        return b"".join(parts)

    def check_end(self) -> None:
        """Raises if the body was cut off."""
        from urllib3.exceptions import ProtocolError

        if not self._one.eof:
            raise ProtocolError("the body is cut off", IncompleteRead(b""))


def _unpacker(headers: Mapping[str, str], where: str) -> _Unpacker | None:
    names = [name.strip().lower() for name in (headers.get("Content-Encoding") or "").split(",")]
    packed = [name for name in names if name not in ("", "identity")]
    if not packed:
        return None
    if len(packed) > 1 or packed[0] not in ("gzip", "x-gzip", "deflate"):
        raise TargetError(
            "its answer is compressed in an unsupported way",
            where=where,
            hint="a gateway may do that; supported are gzip, deflate and none",
        )
    return _Unpacker(where)


def limited(classes: Mapping[str, type[Any]], most: Limit, where: str) -> dict[str, type[Any]]:
    """The connection pools of urllib3 by scheme, changed to read each answer whole and to follow no redirect.

    For the `pool_classes_by_scheme` of a pool manager, whichever driver it belongs to.
    """
    return {scheme: _limited(cls, most, where) for scheme, cls in classes.items()}


def _limited(base: type[Any], most: Limit, where: str) -> type[Any]:
    class LimitedPool(base):  # type: ignore[misc]
        def urlopen(  # a repeat comes with these in a row
            self,
            method: str,
            url: str,
            body: Any = None,
            headers: Any = None,
            retries: Any = None,
            redirect: bool = False,
            *args: Any,
            **options: Any,
        ) -> Any:
            options |= {"preload_content": False, "decode_content": False}
            response = super().urlopen(method, url, body, headers, retries, False, *args, **options)
            limit = most(method, url) if 200 <= response.status < 300 else SMALL
            return _read(response, whole(response, limit, where), method)

    return LimitedPool


def _read(response: Any, body: bytes, method: str) -> Any:
    """A response with a body that was read already."""
    from io import BytesIO

    from urllib3 import HTTPResponse

    headers = response.headers.copy()
    for name in ("Content-Encoding", "Transfer-Encoding", "Content-Length"):
        headers.pop(name, None)
    headers["Content-Length"] = str(len(body))
    return HTTPResponse(
        BytesIO(body),
        headers,
        response.status,
        reason=response.reason,
        version=response.version,
        preload_content=False,
        decode_content=False,
        request_method=method,
    )
