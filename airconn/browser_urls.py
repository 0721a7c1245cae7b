"""Understands URLs of an Airflow that were copied from a browser: which part of them is its address."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from airconn.airflow.web_pages import LOGIN_PAGES, is_parameter, split_page
from airconn.urls import endpoint

_FRAGMENT = r"[A-Za-z_/-]{0,40}"
_ORGANIZATION = r"org_[A-Za-z0-9_]{1,60}|c[a-z0-9]{20,40}"
_DEEPEST = 3


def is_of_browser(query: str, fragment: str, page: str, _depth: int = 0) -> bool:
    """Whether a query and a fragment are surely of the web interface, and so have no credentials in them.

    `page` is as `split_page` gives it. Without a page, only the organization of Astro is known.
    """
    if fragment and not (page and re.fullmatch(_FRAGMENT, fragment)):
        return False
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=50)
    except ValueError:
        return False
    return all(_is_parameter(name, value, page, _depth) for name, value in pairs)


def _is_parameter(name: str, value: str, page: str, depth: int) -> bool:
    if name.lower() == "orgid":
        return re.fullmatch(_ORGANIZATION, value) is not None
    if name == "next":
        return page in LOGIN_PAGES and depth < _DEEPEST and _is_page(value, depth + 1)
    return bool(page) and is_parameter(name)


def _is_page(url: str, depth: int) -> bool:
    """Whether a URL to which a login leads back has no credentials in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    page = split_page(parts.path).page
    return "@" not in parts.netloc and is_of_browser(parts.query, parts.fragment, page, depth)


def left_out(url: str) -> str:
    """The page that is left out of a URL although it might be a part of the Airflow's own path. Empty without one."""
    found = split_page(endpoint(url)[1])
    return "" if found.is_sure else found.page


def airflow_endpoint(url: str) -> tuple[str, str]:
    """The server and the path of an Airflow, without a page of its web interface. Equal ones mean the same."""
    server, path = endpoint(url)
    return server, split_page(path).base
