"""What the tests of the backends of AWS share."""

from __future__ import annotations

import pytest

from tests.stores import aws_models


@pytest.fixture(autouse=True, scope="session")
def _models_are_read_once() -> None:
    aws_models.read_once()
