"""What the tests of Astro share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stores.astro.fake_astro import FakeAstro, running


@pytest.fixture
def astro() -> Iterator[FakeAstro]:
    """The fake of the Astro API, every switch at its default. For others: `with running(Switches(...)) as astro:`."""
    with running() as fake:
        yield fake
