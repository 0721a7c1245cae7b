"""The JSON sections of several targets."""

from __future__ import annotations

from airconn.errors import TargetError
from airconn.report.many import error_entries


def test_the_error_of_a_section_has_no_password_in_its_text_or_its_hint() -> None:
    error = TargetError("can't reach http://me:s3cret@one/", hint="airconn login http://me:s3cret@two/")
    found = error_entries(error)
    assert "s3cret" not in str(found)
    assert found["hint"] == "airconn login http://…@two/"
    assert error_entries(TargetError("x"))["hint"] is None
