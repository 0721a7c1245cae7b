"""Which texts are secrets by what they look like, whatever they are called."""

from __future__ import annotations

import re
from itertools import groupby

from airconn.model.secret_names import is_secret_name

_CERTAIN = re.compile(
    # A private key, whether in PEM or as PuTTY has it.
    r"PRIVATE KEY|PuTTY-User-Key-File"
    # What a header of HTTP holds.
    r"|\b(?i:bearer|basic)\s+\S"
    # A token of JSON, which a JWT is.
    r"|\beyJ[\w-]{8,}\.[\w-]+"
    # The user and the password of Oracle's thin driver.
    r"|:thin:[^\s/@]{1,200}/[^\s@]{1,200}@"
    # What a service marks its tokens with, so that they are found: GitHub, GitLab, Slack, OpenAI and others, Stripe,
    # AWS, Google, Vault, Databricks, npm, PyPI, DigitalOcean, SendGrid, Shopify, Docker, Atlassian, Grafana, Linear,
    # Hugging Face, Postman, New Relic.
    r"|\b(gh[pousr]_|github_pat_|glpat-|glsa_|xox[a-z]-|xapp-|sk-|[sr]k_(live|test)_|whsec_|A[KS]IA|AIza|ya29\.|hv[sb]\."
    r"|dapi(?=[0-9a-f])|npm_|pypi-|do[por]_v1_|SG\.|shp(at|ca|pa|ss)_|dckr_pat_|ATATT3|lin_api_|hf_|PMAK-|NRAK-)[\w-]{12,}"
    # The address of a webhook, which is all that it takes to write to it.
    r"|\bhooks\.[\w.-]+/\w+/\S|/(api/)?(web)?hooks?/\w|\bwebhook\.office\.com/\S|/webhookb2/|/open-apis/bot/"
    r"|\bapi\.telegram\.org/bot\w"
)
_SETTING = re.compile(
    r"(passw(or)?d|pwd|secret|token|api_?key|account_?key|access_?key(_?id)?)[\"\\']*\s*[=:]\s*\S", re.IGNORECASE
)
"""A password in a connection string or in lines of settings."""

_USER = re.compile(r"://([^\s@]{1,300})@")
"""What stands between the scheme of a URI and an '@'."""
_NO_USERS = ("abfs", "abfss", "wasb", "wasbs", "ssh", "sftp", "git")
"""Schemes with a container in front of the '@', or a user whose secret is elsewhere."""

_PAIR = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,80})[\"\\']*\s{0,8}(?:=|:(?=[\s\"]))[\s\"\\']{0,8}([^\s;&,\"'\\]+)")
"""A name and its value, in a query, a connection string or lines of settings."""

_HARMLESS = frozenset({"", "true", "false", "yes", "no", "on", "off", "none", "null"})

_RUN = re.compile(r"[A-Za-z0-9+/_-]{20,}")
_UNBROKEN = re.compile(r"[A-Za-z0-9]{24,}")
_HEX = re.compile(r"\b[0-9A-Fa-f]{32,}\b")
_LONGEST = 4096
"""What is longer is a text or a file, and no token; its beginning tells whether it is one in base64."""


def is_harmless(value: object) -> bool:
    """Whether a value says too little to be a secret, such as `true`, whatever it is called."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _HARMLESS)


def is_certain(text: str) -> bool:
    """Whether a text has in it what can hardly be anything but a secret."""
    return (
        _CERTAIN.search(text) is not None
        or _SETTING.search(text) is not None
        or any(":" in match[1] for match in _USER.finditer(text))
    )


def may_be_secret(text: str) -> bool:
    """Whether a text is rather not shown to anybody who didn't ask for secrets."""
    is_pem = "-----BEGIN " in text  # of which a certificate is none, and nobody reads one
    return is_pem or is_certain(text) or _has_user(text) or _has_secret_pair(text) or _is_random(text)


def _has_user(text: str) -> bool:
    """Whether a URI has something in front of an '@' in it, which is a token as often as a name."""
    return any(
        not text.endswith(_NO_USERS, 0, match.start()) and not set(match[1]) & set("/?#")
        for match in _USER.finditer(text)
    )


def _has_secret_pair(text: str) -> bool:
    return any(is_secret_name(match[1]) and not is_harmless(match[2]) for match in _PAIR.finditer(text))


def _is_random(text: str) -> bool:
    """Whether a long word of a text changes between capitals, small letters and digits as nothing does that is said.

    UUIDs pass: what has one that is no secret (a tenant, a subscription) is more common than what is secret.
    """
    if _HEX.search(text):
        return True
    for match in _RUN.finditer(text):
        plain = [_class(char) for char in match[0][:_LONGEST] if char.isalnum()]
        changes = sum(1 for _ in groupby(plain)) / max(len(plain), 1)
        if changes > (0.33 if len(set(plain)) == 3 else 1):
            return True
    return any(_is_of_one_case(match[0][:_LONGEST]) for match in _UNBROKEN.finditer(text))


def _is_of_one_case(word: str) -> bool:
    """Whether a word is letters of one case with digits all over it, as in base 36."""
    classes = [_class(char) for char in word]
    is_mixed = len(set(classes)) == 2 and "0" in classes
    return is_mixed and sum(1 for _ in groupby(classes)) >= len(word) / 4


def _class(char: str) -> str:
    return "0" if char.isdigit() else "A" if char.isupper() else "a"
