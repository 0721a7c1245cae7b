"""The number of examples of the tests of formats."""

from tests.formats import conftest as _profile  # noqa: F401 - loads the profile of hypothesis
