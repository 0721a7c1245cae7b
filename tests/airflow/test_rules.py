"""Versions of Airflow, and the rules that differ between them."""

from __future__ import annotations

import pytest

from airconn.errors import UsageError
from airconn.model import AirflowVersion, rules_for


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.3.2", (3, 3, 2)),
        ("3.3", (3, 3, 0)),
        ("2.11.2+astro.1", (2, 11, 2)),
        ("3.1.0rc1", (3, 1, 0)),
        (" 2.10.5 ", (2, 10, 5)),
    ],
)
def test_a_version_is_read(text: str, version: tuple[int, int, int]) -> None:
    assert AirflowVersion.parse(text) == AirflowVersion(*version)


@pytest.mark.parametrize("text", ["", "3", "3.", "x", "3.x", "v3.3", "٣.٣", "9" * 5000 + ".1", "1." + "9" * 5000])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        AirflowVersion.parse(text)


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ("typed_query_values", "3.1.6"),  # as released: 3.1.5 has no `json.loads` in `_parse_from_uri`
        ("extra_is_object", "3.0.0"),
        ("variable_descriptions", "3.0.0"),
        ("wraps_falsy_values", "3.3.0"),
        ("team_names", "3.2.0"),
    ],
)
def test_a_rule_holds_from_a_version_on(rule: str, first: str) -> None:
    versions = ["2.7.3", "2.11.2", "3.0.0", "3.0.6", "3.1.5", "3.1.6", "3.2.0", "3.3.0", "3.3.2", "4.0.0"]
    holds = [text for text in versions if getattr(rules_for(AirflowVersion.parse(text)), rule)]
    assert holds == versions[versions.index(first) :]


@pytest.mark.parametrize(
    ("version", "holds"), [("2.7.3", False), ("2.8.0", True), ("2.11.2", True), ("3.0.0", False), ("3.3.2", False)]
)
def test_some_versions_fail_on_a_conn_id_beyond_ascii(version: str, holds: bool) -> None:
    assert rules_for(AirflowVersion.parse(version)).ascii_conn_ids is holds
