"""The tables of releases agree with themselves and with each other."""

from __future__ import annotations

from datetime import date

from airconn.airflow.metadata_schema import MIGRATIONS, release_of
from airconn.airflow.releases import PYTHONS, RELEASE_DAYS
from airconn.airflow.versions import KNOWN, NEWEST, OLDEST, SUPPORTED, AirflowVersion


def test_the_table_is_sound() -> None:
    versions = [AirflowVersion.parse(text) for text in RELEASE_DAYS]
    assert versions == sorted(versions)
    assert (versions[0], versions[-1]) == (OLDEST, NEWEST)
    assert {version.series for version in versions} == set(PYTHONS)
    for minor in PYTHONS:
        days = [
            date.fromisoformat(day)
            for text, day in RELEASE_DAYS.items()
            if AirflowVersion.parse(text).series == minor
        ]
        assert days == sorted(days)


def test_every_release_has_the_last_migration_before_it() -> None:
    told = [release_of([head], {}) for head in MIGRATIONS]
    assert [release.text for release in told[:2]] == ["airflow 2.7.0 to 2.7.3", "airflow 2.8.0"]
    firsts = [KNOWN.index(AirflowVersion.parse(first)) for first in MIGRATIONS.values()]
    lasts = [KNOWN.index(release.version) for release in told]
    assert firsts == sorted(firsts)
    assert [last + 1 for last in lasts] == [*firsts[1:], len(KNOWN)]


def test_the_supported_versions_in_words() -> None:
    assert SUPPORTED == "Airflow 2.7 to 2.11 and 3"
