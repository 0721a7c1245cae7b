"""What a token that is a JWT says of itself."""

from __future__ import annotations

import base64
import json
import time

import pytest

from airconn.stores.jwt_claims import claims_of, has_run_out


def token(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{middle}.c2ln"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (token({"exp": time.time() - 60}), True),
        (token({"exp": str(int(time.time()) - 60)}), True),
        (token({"exp": time.time() + 86400}), False),
        (token({"exp": None}), False),
        (token({"exp": float("nan")}), False),
        (token({"exp": 10**400}), False),
        (token({}), False),
        (token([1]), False),
        ("a.b.c", False),
        ("a.é.c", False),
        ("..", False),
        ("opaque", False),
        ("", False),
    ],
    ids=lambda value: str(value)[:9],
)
def test_a_token_that_says_of_itself_that_it_has_expired(text: str, expected: bool) -> None:
    assert has_run_out(text) is expected


def test_the_claims_of_a_jwt_are_read_and_other_tokens_have_none() -> None:
    assert claims_of(token({"permissions": ["organizationId:o"]})) == {"permissions": ["organizationId:o"]}
    assert [claims_of(text) for text in (token([1]), "a.b.c", "opaque", "")] == [{}, {}, {}, {}]
