"""The contract of stores stays small."""

from __future__ import annotations

from airconn.stores.base import Store

MOST_METHODS = 8
PROPERTIES = {"address", "capabilities"}


def test_a_store_has_few_methods_and_no_public_attribute_that_is_set() -> None:
    public = {name for name in vars(Store) if not name.startswith("_")}
    methods = {name for name in public if callable(getattr(Store, name))}
    assert public - methods == PROPERTIES
    assert all(getattr(Store, name).fset is None for name in PROPERTIES)
    assert len(methods) <= MOST_METHODS
