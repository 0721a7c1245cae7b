"""The model is tried as the formats are."""

import tests.formats.conftest  # noqa: F401
