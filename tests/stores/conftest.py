"""What tests of several stores share."""

from __future__ import annotations

import pytest


@pytest.fixture
def no_other_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine of the tests may have a profile of AWS, or a role."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
