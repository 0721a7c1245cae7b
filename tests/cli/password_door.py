"""The door of an Airflow with one user, who has a password."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

from tests.stores.site import Answer, Received

PASSWORD = "canary/pass+word"
WRONG = "canary-wrong"


@dataclass
class PasswordDoor:
    """Lets requests of the user pass, gives tokens for the password, and refuses everything else."""

    v2: bool = True
    username: str = "ann"
    password: str = PASSWORD
    tried: list[tuple[str, str]] = field(default_factory=list)
    """The user names and passwords that `/auth/token` got."""

    def __call__(self, received: Received) -> Answer | None:
        if received.path.endswith("/version"):
            return None
        if received.path == "/auth/token" and received.method == "POST":
            self.tried.append((received.body["username"], received.body["password"]))
            is_right = self.tried[-1] == (self.username, self.password)
            return None if is_right else Answer(401, {"detail": "Invalid credentials"})
        pair = b64encode(f"{self.username}:{self.password}".encode()).decode()
        wanted = "Bearer fresh-token" if self.v2 else f"Basic {pair}"
        return None if received.headers.get("Authorization") == wanted else Answer(401, {"detail": "Unauthorized"})
