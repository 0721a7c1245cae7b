"""Files of certificates that can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from airconn.errors import UsageError
from airconn.stores import open_store
from tests.stores.airflow_api.conftest import with_token


def test_files_that_tls_can_not_use_are_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    key = tmp_path / "key.pem"
    authority.issue_cert("a@example.org").private_key_pem.write_to_path(key)
    bad = [
        (with_token(ca_bundle=tmp_path / "gone.pem"), "gone.pem"),
        (with_token(ca_bundle=tmp_path), str(tmp_path)),
        (with_token(ca_bundle=empty), "empty.pem"),
        (with_token(client_cert=empty), "empty.pem"),
        (with_token(client_cert=bundle), "authority.pem"),
        (with_token(client_cert=bundle, client_key=key), "authority.pem"),
        (with_token(client_key=key), "no client certificate"),
    ]
    for settings, named in bad:
        with pytest.raises(UsageError, match=r"client|CA bundle") as caught:
            open_store("https://localhost", settings)
        assert named in str(caught.value)
