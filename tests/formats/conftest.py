"""How many examples hypothesis tries here: few by default, `AIRCONN_FUZZ=100000` for as many in each test."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "airconn",
    max_examples=int(os.environ.get("AIRCONN_FUZZ", "30")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.load_profile("airconn")
