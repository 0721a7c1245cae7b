"""The contract of stores stays small, and says nothing that the product doesn't go by."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from airconn.stores.base import Capabilities, Store

PACKAGE = Path(__file__).parent.parent.parent / "airconn"
MOST_METHODS = 8
PROPERTIES = {"address", "capabilities"}


def test_a_store_has_few_methods_and_no_public_attribute_that_is_set() -> None:
    public = {name for name in vars(Store) if not name.startswith("_")}
    methods = {name for name in public if callable(getattr(Store, name))}
    assert public - methods == PROPERTIES
    assert all(getattr(Store, name).fset is None for name in PROPERTIES)
    assert len(methods) <= MOST_METHODS


def test_a_capability_is_there_because_something_reads_it() -> None:
    names = {field.name for field in fields(Capabilities)}
    assert names - {name for path in PACKAGE.rglob("*.py") for name in read_of_capabilities(path)} == set()


def read_of_capabilities(path: Path) -> set[str]:
    """The fields that a module reads of an attribute `capabilities`, or of a name that one is given to."""
    tree = ast.parse(path.read_text())
    names = set(names_of_capabilities(tree))
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and is_capabilities(node.value, names)
    }


def names_of_capabilities(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation) == "Capabilities":
            yield node.arg
        elif isinstance(node, ast.Assign | ast.NamedExpr) and is_capabilities(node.value, set()):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_capabilities(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("capabilities", "_capabilities")
    return isinstance(node, ast.Name) and node.id in names
