"""Sources of imports that change from run to run."""

from __future__ import annotations

import random
from typing import Any

from tests.integration.prediction import State

EMPTY: State = {"connections": {}, "variables": {}, "pools": {}}


class Files:
    """Sources that change from run to run: objects come, go, and get other values."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.wanted: State = {"connections": {}, "variables": {}, "pools": {}}

    def next(self) -> State:
        for _ in range(self.chance.randrange(12)):
            kind = self.chance.choice(["connections", "connections", "variables", "pools"])
            id_ = f"{kind[0]}{self.chance.randrange(40):02}"
            if id_ in self.wanted[kind] and self.chance.random() < 0.4 and len(self.wanted[kind]) > 1:
                del self.wanted[kind][id_]
            else:
                self.wanted[kind][id_] = getattr(self, kind[:-1])(id_)
        if self.chance.random() < 0.05:  # all of them are new at once
            for kind in self.wanted:
                self.wanted[kind] = {
                    f"{kind[0]}{n:02}": getattr(self, kind[:-1])(f"{kind[0]}{n:02}")
                    for n in range(self.chance.randrange(1, 40))
                }
        return {kind: dict(objects) for kind, objects in self.wanted.items()}

    def text(self, *others: str | None) -> str | None:
        return self.chance.choice([f"text {self.chance.randrange(1000)}", *others])

    def connection(self, id_: str) -> dict[str, Any]:
        return {
            "conn_type": self.chance.choice(["http", "postgres"]),
            "description": self.text(None),
            "login": self.text(None),
            "password": f"pw/{self.chance.randrange(10**9)}",
            "host": self.text(None),
            "port": self.chance.choice([None, 1, 2]),
            "schema": self.text(None),
            "extra": {"region": self.text(), "token": f"tk-{self.chance.randrange(10**9)}"},
        }

    def variable(self, id_: str) -> dict[str, Any]:
        return {"value": self.text("", '{"a": 1}'), "description": self.text(None)}

    def pool(self, id_: str) -> dict[str, Any]:
        return {
            "slots": self.chance.randrange(1, 9),
            "description": self.text(None),
            "include_deferred": self.chance.random() < 0.5,
        }
