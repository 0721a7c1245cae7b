"""A plugin of the Airflows that the tests share: a server forgets some of what it masks in its log, as at a restart.

Airflow compiles all secrets that it has met into one expression, anew for each (`SecretsMasker.add_mask`). A server
that serves hundreds of tests meets thousands of secrets: this took most of the time of its processor. What the API
hides is another matter, and isn't touched.
"""

from __future__ import annotations

import sys
from typing import Any

MOST = 20
"""The secrets after which all are forgotten. Each is up to three patterns."""
MODULES = (
    "airflow._shared.secrets_masker.secrets_masker",
    "airflow.sdk._shared.secrets_masker.secrets_masker",
    "airflow.sdk.execution_time.secrets_masker",
    "airflow.utils.log.secrets_masker",
)


def forget(masker: Any) -> None:
    add_mask = masker.add_mask

    def forgetting(self: Any, secret: Any, name: str | None = None) -> None:
        if len(self.patterns) > MOST:
            self.patterns, self.replacer = set(), None
        add_mask(self, secret, name)

    masker.add_mask = forgetting


for masker in {getattr(sys.modules.get(name), "SecretsMasker", None) for name in MODULES} - {None}:
    forget(masker)
