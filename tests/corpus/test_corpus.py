"""Files as people have them: each is read as the program that it is for reads it, or refused in words that help."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from airconn.formats.dotenv.marks import NAMES as DIALECTS
from airconn.formats.registry import FORMATS, detect
from tests.corpus.case import CORPUS, Case, said
from tests.everyday.expectation import comparable

KINDS = (
    "airflow_settings",
    "automation",
    "env",
    "env_of_others",
    "json",
    "kubernetes",
    "outputs",
    "uris",
    "wrong",
    "yaml",
)
CASES = [Case.of(path) for path in sorted(CORPUS.glob("*/*.case"))]
ABOUT_THE_DISK = {"AC511", "AC512"}


def test_there_are_200_and_20_of_each_kind() -> None:
    of_kinds = [case.path.parent.name for case in CASES]
    assert sorted({*of_kinds}) == sorted(KINDS)
    assert [kind for kind in KINDS if of_kinds.count(kind) < 20] == []


def test_each_format_and_each_dialect_is_among_them() -> None:
    read = [case for case in CASES if case.objects is not None]
    formats = {format_of(case) for case in read}
    dialects = {word for case in read for word in case.options if word in DIALECTS}
    assert formats == {*FORMATS}
    assert dialects == {*DIALECTS} - {"portable"}  # which is the default


def format_of(case: Case) -> str:
    options = dict(zip(case.options, case.options[1:], strict=False))
    return options.get("--from-format") or detect(case.file, decoded(case.content))


def decoded(content: bytes) -> str:
    return content.decode("utf-16" if content.startswith(codecs.BOM_UTF16_LE) else "utf-8")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case) -> Path:
    """The file of a case, in a directory of its own, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / case.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.content)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_is_read_as_is_right_or_refused_in_words_that_help(airconn, path: Path, case: Case) -> None:
    found = airconn("convert", case.file, *case.options, "--format", "json", env=case.env)
    assert messages_differ(case, found.err) == [], found.err
    if case.objects is None:
        assert (found.code, found.out) == (3, ""), found.err
        assert [line for line in case.messages if not line.startswith(f"error: {case.file}")] == []
        assert hints(found.err), found.err
    else:
        assert found.code == 0, found.err
        assert sections(json.loads(found.out)) == sections(case.objects)
    assert [secret for secret in case.secrets if secret in found.err] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_import_takes_it_unless_a_value_is_no_value(airconn, path: Path, case: Case) -> None:
    target = path.with_name("target.yaml")
    found = airconn("import", case.file, *case.options, "--to", target, "--dry-run", env=case.env)
    assert found.code == case.code_of_import, found.out + found.err
    assert [line.split()[1] for line in found.out.splitlines() if line.startswith("  ! ")] == sorted(case.blocked)
    assert found.code == 0 or hints(found.err), found.err
    assert [secret for secret in case.secrets if secret in found.err + found.out] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_check_finds_what_is_wrong_and_shows_no_value(airconn, path: Path, case: Case) -> None:
    found = airconn("check", case.file, *case.options, "--output", "json", env=case.env)
    findings = json.loads(found.out)["findings"]
    codes = sorted({finding["code"] for finding in findings} - ABOUT_THE_DISK)
    if case.check is not None:
        assert codes == case.check
    elif case.objects is None:
        assert (found.code, codes[:1]) == (3, ["AC101"]), found.out
    assert [secret for secret in case.secrets if secret in found.out + found.err] == []


def messages_differ(case: Case, text: str) -> list[str]:
    """The messages that nobody expects, and what is expected and isn't said. A hint belongs to the line above it."""
    lines = text.replace("\nhint:", " hint:").splitlines()
    unexpected = [line for line in lines if not any(said(expected, line) for expected in case.messages)]
    return unexpected + [expected for expected in case.messages if not any(said(expected, line) for line in lines)]


def hints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("hint: ")]


def sections(objects: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Objects without what is null, and pools without what every pool has."""
    found = comparable(objects)
    usual = {"description": "", "include_deferred": False}
    for id_, pool in found.get("pools", {}).items():
        found["pools"][id_] = {name: value for name, value in pool.items() if usual.get(name, ...) != value}
    return found
