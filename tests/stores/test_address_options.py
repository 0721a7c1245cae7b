"""The options of a backend, from an address and from Airflow's own configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from airconn.errors import UsageError
from airconn.stores import address_options


@dataclass(frozen=True)
class Some:
    prefix: str | None = "airflow"
    version: int = 2
    deep: bool = True
    paths: str | tuple[str, ...] | None = None
    port: int | None = None
    words: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    token: str | None = address_options.secret()


def test_texts_of_an_address_become_what_the_option_is() -> None:
    query = {"prefix": "null", "version": "1", "deep": "false", "paths": "a,b", "port": "80"}
    assert address_options.from_query(Some, query) == Some(None, 1, False, ("a", "b"), 80)
    assert address_options.from_query(Some, {"prefix": ""}) == Some(prefix="")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"prefixx": "x"}, "'prefixx' is not an option of this address"),
        ({"version": "two"}, "version is not a whole number"),
        ({"deep": "perhaps"}, "deep is not true or false"),
        ({"token": "canary"}, "token is a credential"),
        ({"words": "{}"}, "'words' is not an option"),
        ({"a canary b": "x"}, "a name in the query is not an option"),
    ],
)
def test_what_is_wrong_with_an_address_is_told_without_its_values(query: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_options.from_query(Some, query)
    assert message in str(caught.value)
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_what_airflow_is_configured_with_has_its_types_and_its_credentials() -> None:
    kwargs = {"prefix": None, "paths": ["a"], "words": {"login": ["x"]}, "token": "t"}
    assert address_options.from_kwargs(Some, kwargs, "airflow.cfg") == Some(
        None, paths=("a",), words={"login": ["x"]}, token="t"
    )
    # Each in a variable of its own is a text (AIRFLOW__SECRETS__BACKEND_KWARG__VERSION).
    assert address_options.from_kwargs(Some, {"version": "1", "deep": "no"}, "x") == Some(version=1, deep=False)


@pytest.mark.parametrize("kwargs", [{"version": True}, {"version": [1]}, {"prefix": 5}, {"nothing": 1}])
def test_what_is_wrong_with_a_configuration_is_told_with_its_place(kwargs: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        address_options.from_kwargs(Some, kwargs, "airflow.cfg [secrets] backend_kwargs")
    assert caught.value.where == "airflow.cfg [secrets] backend_kwargs"


def test_an_address_is_taken_apart() -> None:
    parts = address_options.split("x://host:80/a%2Fb/?k=v&e=", example="x://h")
    assert parts == ("host:80", "a/b", {"k": "v", "e": ""})


@pytest.mark.parametrize(
    "address", ["x://u:canary@h/", "x://h/#canary", "x://h/?a=1&a=2", "x://[canary/", "x://h/?canary"]
)
def test_an_address_that_is_none_is_told_without_a_word_of_it(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_options.split(address, example="x://h")
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_a_credential_is_in_no_repr() -> None:
    assert "canary" not in repr(Some(token="canary"))
