"""An AWS whose answers a test writes by operation, for what no stand-in of AWS does: refusals, faults, odd states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from airconn.config import Settings
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.stores.site import Answer, Received, Site

CANARY = "c4n4ry-s3cr3t"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": CANARY}
REGION = "eu-west-1"

Answers = Mapping[str, Answer | dict[str, Any] | Callable[[Any], "Answer | dict[str, Any]"]]


def refusal(code: str, message: str = f"it is {CANARY}", status: int = 400) -> Answer:
    """How AWS says no. Its message could quote anything."""
    return Answer(status, {"__type": code, "message": message}, {"Content-Type": "application/x-amz-json-1.1"})


def operation(received: Received) -> str:
    return received.headers.get("X-Amz-Target", "").rpartition(".")[2] or dict_of_form(received).get("Action", "")


def dict_of_form(received: Received) -> dict[str, str]:
    """What is asked of STS, which speaks in forms."""
    return dict(parse_qsl(received.body)) if isinstance(received.body, str) else {}


class FakeAws(Site):
    """Answers each operation by what `answers` has under its name; what has nothing there isn't there."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(self._answers_to)
        self.answers = dict(answers)

    def __enter__(self) -> FakeAws:
        super().__enter__()
        return self

    def _answers_to(self, received: Received) -> Answer:
        found = self.answers.get(operation(received), refusal("ResourceNotFoundException"))
        given = found(received.body) if callable(found) else found
        return given if isinstance(given, Answer) else Answer(200, given)

    @property
    def asked(self) -> list[str]:
        """The operations that were asked for, in order."""
        return [operation(received) for received in self.log]

    def bodies(self, name: str) -> list[Any]:
        """What was sent with an operation, each time."""
        return [received.body for received in self.log if operation(received) == name]

    def settings(self, *, retries: int = 0, **environ: str) -> Settings:
        found = {**KEYS, "AWS_ENDPOINT_URL": self.url, **environ}
        return Settings(environ={name: text for name, text in found.items() if text}, retries=retries, timeout=5)

    def open(self, scheme: str, query: str = "", *, retries: int = 0, **environ: str) -> Store:
        """A store of this place. What is empty in `environ` isn't set."""
        return open_store(f"{scheme}://{REGION}{query}", self.settings(retries=retries, **environ))
