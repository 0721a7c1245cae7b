"""The JSON form of a request: every request comes back from it, and nothing else becomes one."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn import formats
from airconn.formats.dotenv.declaration import DIALECT
from airconn.model import AirflowVersion, Kind, Selection
from airconn.plan import Lacking, OnExisting, Policy
from airconn.transfer.request_json import as_json, import_request
from airconn.transfer.request_parts import ObjectChanges, SourceFormat
from airconn.transfer.requests import ImportRequest

texts = st.text(st.just(" ") | st.characters(exclude_categories=["C", "Z"]))
lists = st.lists(texts, max_size=3).map(tuple)
kinds = st.sampled_from(Kind)
requests = st.builds(
    ImportRequest,
    sources=lists,
    to=st.none() | texts,
    source_format=st.builds(
        SourceFormat,
        st.none() | st.sampled_from(formats.names()),
        st.none() | kinds,
        st.dictionaries(st.just(DIALECT.name), st.sampled_from(DIALECT.choices)),
    ),
    fills=lists,
    selection=st.builds(Selection, st.frozensets(kinds, min_size=1), lists, lists),
    changes=st.builds(ObjectChanges, lists, lists, lists, lists, lists),
    airflow=st.none() | st.builds(AirflowVersion, *[st.integers(0, 99)] * 3),
    policy=st.builds(
        Policy, st.sampled_from(get_args(OnExisting)), st.sampled_from(get_args(Lacking)), st.booleans()
    ),
    prune=st.booleans(),
    max_delete=st.integers(min_value=0),
    allow_empty=st.booleans(),
    strict=st.booleans(),
)
REQUEST = ImportRequest(("a.env",), fills=("b.env",), airflow=AirflowVersion(2, 11, 0))


@given(requests)
def test_a_request_comes_back_from_its_json(request: ImportRequest) -> None:
    assert import_request(json.loads(json.dumps(as_json(request)))) == request


@given(requests)
def test_two_requests_with_the_same_json_are_the_same(request: ImportRequest) -> None:
    text = json.dumps(as_json(request))
    assert json.dumps(as_json(import_request(json.loads(text)))) == text


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict):
        return [path]
    return [path, *(leaf for key, item in value.items() for leaf in leaves(item, (*path, key)))]


@pytest.mark.parametrize("path", leaves(as_json(REQUEST)), ids=str)
@pytest.mark.parametrize("other", [7.5, {"x": 1}, [[1]], [None], "two\nlines", -1], ids=str)
def test_what_is_of_another_type_is_no_request(path: tuple[Any, ...], other: Any) -> None:
    found = {"request": as_json(REQUEST)}
    place: Any = found
    for key in ("request", *path)[:-1]:
        place = place[key]
    place[("request", *path)[-1]] = other
    with pytest.raises(ValueError, match=r"^\w"):
        import_request(found["request"])


@pytest.mark.parametrize("path", leaves(as_json(REQUEST))[1:], ids=str)
def test_what_lacks_a_field_is_no_request(path: tuple[Any, ...]) -> None:
    found = place = as_json(REQUEST)
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    with pytest.raises(ValueError, match="other fields"):
        import_request(found)
