"""Tells which address is meant by the URL of a page in the console of a vendor of Airflows."""

from __future__ import annotations

import re

_PAGES = (
    (r"https://cloud\.[\w.-]+/c[a-z0-9]{24}/deployments/(?P<id>c[a-z0-9]{24})\b.*", "astro-airflow:///{id}"),
    (
        r"https://(?P<region>[a-z0-9-]+)\.console\.aws\.amazon\.com/mwaa/home[^#]*#/?environments/(?P<name>[\w-]+).*",
        "mwaa://{region}/{name}",
    ),
    (
        r"https://console\.cloud\.google\.com/composer/environments/detail/(?P<place>[\w-]+/[\w-]+)\b.*[?&]project=(?P<id>[\w-]+).*",
        "composer://{id}/{place}",
    ),
)
"""The pages of an environment or a Deployment, and how its Airflow is named."""
_CONSOLES = re.compile(
    r"https?://(cloud\.astronomer\.io|([\w-]+\.)?console\.aws\.amazon\.com|console\.cloud\.google\.com)(?:[:/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)


def is_console(address: str) -> bool:
    """Whether a URL is one of a console, where no Airflow is."""
    return _CONSOLES.fullmatch(address) is not None


def meant_by(address: str) -> str:
    """The address of the Airflow that a page of a console is about. Empty if it doesn't tell."""
    for pattern, form in _PAGES:
        if found := re.fullmatch(pattern, address, re.DOTALL | re.ASCII):
            return form.format(**found.groupdict())
    return ""
