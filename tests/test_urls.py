"""Which server a URL means, whatever way it is written."""

from __future__ import annotations

import pytest

from airconn.urls import endpoint, server_of


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a",
        "HTTPS://Example.ORG/a/",
        "https://example.org:443/a",
        "https://example.org:0443/a",
        "https://example.org:/a",
        "https://ann:secret@example.org/a",
        "https://trusted.example@example.org/a",
        "https://example.org/a?token=secret#part",
    ],
)
def test_ways_to_write_one_address(url: str) -> None:
    assert endpoint(url) == ("https://example.org", "/a")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://h:443", "http://h:443"),
        ("https://h:80/", "https://h:80"),
        ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_what_tells_servers_apart(url: str, server: str) -> None:
    assert str(server_of(url)) == endpoint(url)[0] == server


@pytest.mark.parametrize(
    "url", ["ftp://h/x", "http:///x", "http://[x", "http://h:99999", "http://h:x", "/x", "", "h"]
)
def test_what_names_no_web_server(url: str) -> None:
    assert server_of(url) is None
    assert endpoint(url) == (url, "")


def test_what_may_be_a_password_is_not_shown_of_an_address_that_is_refused() -> None:
    assert "secret" not in endpoint("http://ann:secret@[x/y?token=secret")[0]
