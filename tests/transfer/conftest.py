"""What the tests of the engine have in common: places without a terminal and without a configuration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airconn.config import Config
from airconn.errors import UsageError
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network


def refuse_to_ask(place: str) -> str:
    raise UsageError("there is no terminal to ask for it", where=place)


@pytest.fixture
def places() -> Iterator[Places]:
    with Places(Config({}), Network(), refuse_to_ask) as opened:
        yield opened
