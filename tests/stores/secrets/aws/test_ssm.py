"""The Parameter Store without a server: how a parameter is read, made, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from airconn.model import Action, Kind, Selection, Text, Variable
from tests.stores.contract import do, step
from tests.stores.secrets.fake_aws import CANARY, FakeAws, refusal

VARIABLE = Variable(key="v", value=Text("x"))
NAME = "/airflow/variables/v"
NAMED = Selection(ids=frozenset({(Kind.VARIABLES, "v")}))
HELD = {"Parameter": {"Name": NAME, "Value": "old", "Version": 3}}


def written(action: Action, value: str, answers: dict[str, Any], query: str = "") -> tuple[str | None, Any]:
    """What becomes of one write, and what was sent with it."""
    variable = Variable(key="v", value=Text(value))
    old = Variable(key="v", value=Text("old"))
    with FakeAws(
        {"GetParametersByPath": {"Parameters": []}, "GetParameter": HELD, "PutParameter": {}, **answers}
    ) as fake:
        change = step(action, variable, None if action is Action.CREATE else old, "value")
        (error,) = do(fake.open("aws-ssm", query), change)
        assert CANARY not in str(error)
        sent = fake.bodies("PutParameter")
        return error, sent[0] if sent else None


OF_TEAM = {"DescribeParameters": {"Parameters": [{"Name": NAME, "KeyId": "alias/team", "Type": "SecureString"}]}}


def test_a_new_parameter_is_encrypted_and_of_the_tier_that_its_size_takes() -> None:
    for size, tier in ((4096, "Standard"), (4097, "Advanced")):
        error, sent = written(Action.CREATE, "x" * size, {})
        assert error is None
        assert sent == {"Name": NAME, "Value": "x" * size, "Type": "SecureString", "Overwrite": False, "Tier": tier}


def test_a_change_keeps_the_key_and_the_tier() -> None:
    for size, tier in ((4096, "Intelligent-Tiering"), (4097, "Advanced")):
        error, sent = written(Action.UPDATE, "x" * size, OF_TEAM)
        assert error is None
        assert (sent["Overwrite"], sent["Tier"], sent["KeyId"]) == (True, tier, "alias/team")


def test_the_key_of_the_address_goes_first() -> None:
    for action in (Action.CREATE, Action.UPDATE):
        error, sent = written(action, "x", {}, "?kms_key_id=alias/own")
        assert error is None
        assert sent["KeyId"] == "alias/own"


def test_who_cannot_see_the_key_does_not_take_another() -> None:
    error, sent = written(Action.UPDATE, "x", {"DescribeParameters": refusal("AccessDeniedException")})
    assert error == (
        "these credentials may not do ssm:DescribeParameters here, "
        "to see the key that encrypts it: set kms_key_id to that key"
    )
    assert sent is None


def test_a_parameter_that_is_there_is_not_written_over() -> None:
    error, _ = written(Action.CREATE, "x", {"PutParameter": refusal("ParameterAlreadyExists")})
    assert error == "a parameter with this name exists already"
    error, _ = written(Action.CREATE, "old", {"PutParameter": refusal("ParameterAlreadyExists")})
    assert error is None  # its answer was lost


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("HierarchyTypeMismatchException", "isn't of the type SecureString"),
        ("TooManyUpdates", "another program is changing it"),
        ("ParameterLimitExceeded", "10,000 of the standard tier"),
        ("InvalidKeyId", "its key (KMS) can't be used"),
        ("ThrottlingException", "too many requests"),
    ],
)
def test_what_aws_says_of_a_write_is_told(code: str, message: str) -> None:
    error, _ = written(Action.UPDATE, "x", {**OF_TEAM, "PutParameter": refusal(code)})
    assert message in str(error)


def test_all_below_a_path_comes_with_its_value() -> None:
    def page(body: Any) -> dict[str, Any]:
        assert (body["Path"], body["Recursive"], body["WithDecryption"]) == ("/airflow/variables", True, True)
        number = int(body.get("NextToken", 0))
        found = [{"Name": f"/airflow/variables/d/v{number}", "Value": f" {number}", "Version": 1}]
        return {"Parameters": found, **({"NextToken": str(number + 1)} if number < 2 else {})}

    with FakeAws({"GetParametersByPath": page}) as fake:
        found = fake.open("aws-ssm").read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle
        assert {key: obj.value for key, obj in found.variables.items()} == {
            f"d/v{number}": Text(f" {number}") for number in range(3)
        }
        assert set(fake.asked) == {"GetParametersByPath"}


def test_what_is_gone_is_none_and_deleted() -> None:
    gone = refusal("ParameterNotFound")
    with FakeAws({"GetParameter": gone, "DeleteParameter": gone}) as fake:
        store = fake.open("aws-ssm")
        assert len(store.read(NAMED).bundle) == 0
        assert do(store, step(Action.DELETE, None, VARIABLE)) == [None]
    with FakeAws({"GetParameter": HELD, "DeleteParameter": gone}) as fake:
        store = fake.open("aws-ssm")
        assert len(store.read(NAMED).bundle) == 1
        assert do(store, step(Action.DELETE, None, VARIABLE)) == [None]
        assert fake.bodies("DeleteParameter") == [{"Name": NAME}]


def test_a_root_without_a_prefix_is_listed() -> None:
    answers = {
        "GetParametersByPath": {"Parameters": [{"Name": "/a", "Value": "1"}, {"Name": "/aws/x", "Value": "2"}]}
    }
    with FakeAws(answers) as fake:
        found = fake.open("aws-ssm", "?variables_prefix=&connections_prefix=null").read(Selection()).bundle
        assert list(found.variables) == ["a"]
        assert fake.bodies("GetParametersByPath")[0]["Path"] == "/"
