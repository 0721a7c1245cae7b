"""Which texts are secrets by their shape, under any name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from airconn.model.secret_names import is_secret_name
from airconn.patterns import pattern

_CERTAIN = pattern(
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
_SETTING = pattern(
    r"(passw(or)?d|pwd|secret|token|api_?key|account_?key|access_?key(_?id)?)[\"\\']*\s*[=:]\s*\S", re.IGNORECASE
)
"""A password in a connection string or in lines of settings."""

_USER = pattern(r"://([^\s@]{1,300})@")
"""The text between the scheme of a URI and an '@'."""
_NO_USERS = ("abfs", "abfss", "wasb", "wasbs", "ssh", "sftp", "git")
"""Schemes with a container in front of the '@', or a user whose secret is elsewhere."""

_PAIR = pattern(
    r"(?<![\w.-])[-.]{0,2}(\w[\w.-]{0,80})[\"\\']*\s{0,8}(?:[:=]?=>?|:(?=[\s\"']))"
    r"(?=[\s\"'\\]{0,8}([^\s;&,\"'\\]{1,8}))"
)
"""A name and how its value begins, in a query, a connection string or lines of settings. The value is a lookahead, as
it may be the next name (`db:` in front of a line with `pass: ...`)."""

_NAMED = pattern(
    r"(?i:\b(?:name|key))[\"'\\]*\s{0,8}[:=>]\s{0,8}[\"'\\]{0,4}([\w.-]{1,80})[\"'\\]{0,4}(?:</\w{1,20}>)?"
    r"(?:[\s,;]{0,40}<?[\"'\\]{0,4}(?i:value)[\"'\\]*\s{0,8}[:=>]|\s{0,8}>)\s{0,8}[\"'\\]{0,4}([^\s\"'\\<]+)"
)
"""A name and its value under the keys `name` and `value` of YAML, XML or the like."""

_TAG = pattern(r"<([A-Za-z_][\w.:-]{0,80})(?:\s[^<>]{0,200})?>\s{0,80}(?:<!\[CDATA\[)?([^\s<]+)")

_OPTION = pattern(r"(?<![\w-])--?([A-Za-z][\w.-]{1,80})[\s=]{1,8}[\"']?([^\s\"'-]\S{0,7})")
"""An option with its value. What follows may be another option, as `--password` alone asks for one."""

_REST = r"\b[^\n|;]{0,200}?\s"
_COMMAND = pattern(
    # A user and a password in one, but not a user and a group as Docker has them.
    r"(?<!\S)(?:-[uUa]|--(?:proxy-)?user|--auth)[\s=]{0,8}[\"']?(?!\d{1,6}:\d{1,6}\b)[^\s:\"'@/]{1,80}:[^\s\"'/]"
    # The options of one letter of those that have them.
    rf"|\b(?:mysql\w*|mariadb(?:-\w+)?|7z\w?){_REST}-p[\"']?[^\s\"'-]"
    rf"|\b(?:mongo\w*|sshpass|tabcmd|(?:docker|podman|helm|az|oc|skopeo) (?:\w+ )?login){_REST}-p\s{{0,8}}[^\s-]"
    rf"|\b(?:sqlcmd|bcp|isql|osql|(?:un)?zip){_REST}-P\s{{0,8}}[^\s-]"
    rf"|\b(?:redis-cli{_REST}-a|ldap\w+{_REST}-w|smbclient{_REST}-U\s{{0,8}}[^\s%]{{1,80}}%)\s{{0,8}}[^\s-]"
    r"|\bsqlplus\s(?:-\w+\s)*[^\s/@]{1,80}/[^\s@/]"
    # The lines of a .netrc, and what SQL says.
    r"|(?i:\b(?:login|user|account|machine)\s{1,8}\S{1,200}\s{1,80}password\s{1,8}[\"']?[^\s\"'])"
    r"|(?i:\bidentified\s{1,8}by\s{1,8}[\"']?[^\s\"']|\bpassword\s{1,8}[\"'][^\s\"'])"
)
"""A command with a password, up to the first character of it."""

_LIKELY = pattern(
    # A user and a password without a scheme, and as Oracle has them. `hive/_HOST@REALM` is a name of Kerberos,
    # and `image:tag@sha256:` one of a registry.
    r"(?<![^\s,;\"'=<>(){}\[\]])(?!(?i:mailto|sips?|xmpp|acct|pkg):)(?://)?[^\s:/@,;\"'=<>(){}\[\]]{0,80}"
    r":[^\s@/\"']{1,200}@(?!sha\d)[\w\[]"
    r"|(?<![\w./:@-])[\w$#.-]{1,80}/[^\s/@:\"']{1,80}@(?://)?[\w.-]{1,200}[:/]\w"
    # A line of a .pgpass, which isn't a MAC or an address of IPv6, and one of a .htpasswd.
    r"|(?m:^(?![0-9a-fA-F:]{0,60}(?:[/\s]|$))[^:\n]{1,200}:(?:\d{3,5}|\*):[^:\n]{1,200}:[^:\n]{1,200}:\S)"
    r"|\$(?:apr1|1|2[abxy]|5|6|y|argon2\w{1,2})\$[^\s$]"
    # A name that isn't a word, or one too common to be a secret where more follows it.
    r"|(?<![\w.-])(?:\w{0,40}[_-])?(?i:pass|pw|pwd|psw|pswd|kennwort|senha|contrase[nñ]a)[\"']?:[^\s/]"
    r"|\b(?i:access|auth|unlock|security|verification|pin)[ -]code[\"']?\s{0,8}[:=]\s{0,8}\S"
    r"|[?&]code=[^\s&]{6}"
    # What else a header holds, alone in its line. SSWS isn't a word of any language.
    r"|(?im:^[\"'\s]{0,4}(?:token|api-?key)\s{1,8}\S{1,400}[ \t]{0,8}$)|\b(?:SSWS|GenieKey)\s+\S"
    # A token of Telegram, and a secret of Azure AD, which has its marker in the middle.
    r"|\b\d{6,12}:AA[\w-]|\w[78]Q~[\w~.-]"
)
"""Likely secrets, which are masked but not refused."""

_ARN = pattern(r"\barn:aws[\w-]{0,20}:secretsmanager:[\w-]{0,40}:\d{0,20}:secret:")
"""Where a secret is, in front of its name: `secret:` is a setting elsewhere."""

_WALLET = pattern(r"\s*[a-z]{3,8}(?:\s+[a-z]{3,8}){11,23}\s*")
"""The words of the seed of a wallet (BIP 39), of which there are 12, 15, 18, 21 or 24."""

_HARMLESS = frozenset({"", "true", "false", "yes", "no", "on", "off", "none", "null"})

_RUN = pattern(r"[A-Za-z0-9+/_-]{20,}")
_UNBROKEN = pattern(r"[A-Za-z0-9]{24,}")
_HEX = pattern(r"\b[0-9A-Fa-f]{32,}\b")
_LONGEST = 4096
"""The characters of a word that are looked at. A longer one is a file rather than a token, and its beginning tells
whether it is base64."""


def is_harmless(value: object) -> bool:
    """Whether a value says too little to be a secret under any name, such as `true`."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _HARMLESS)


def is_certain(text: str) -> bool:
    """Whether a text has a part that is almost certainly a secret."""
    return (
        _CERTAIN.search(text) is not None
        or _SETTING.search(text) is not None
        or any(":" in match[1] for match in _users(text))
    )


def may_be_secret(text: str) -> bool:
    """Whether a text may hold a secret, and so is masked."""
    text = _ARN.sub("", text if text.isascii() else unicodedata.normalize("NFC", text))
    is_pem = "-----BEGIN " in text  # a certificate is not secret, but not worth reading either
    return (
        is_pem
        or is_certain(text)
        or _has_user(text)
        or _has_secret_pair(text)
        or any(secret_arguments(text))
        or _LIKELY.search(text) is not None
        or (_WALLET.fullmatch(text) is not None and len(text.split()) % 3 == 0)
        or _is_random(text)
    )


def secret_arguments(text: str) -> Iterator[int]:
    """The positions in a command at which secrets begin."""
    for match in _OPTION.finditer(text):
        if is_secret_name(match[1]) and not is_harmless(match[2]):
            yield match.start(2)
    for match in _COMMAND.finditer(text):
        yield match.end() - 1


def _users(text: str) -> Iterator[re.Match[str]]:
    return _USER.finditer(text) if "@" in text else iter(())


def _has_user(text: str) -> bool:
    """Whether a text has a URI with a user, which is often a token."""
    return any(
        not text.endswith(_NO_USERS, 0, match.start()) and not set(match[1]) & set("/?#") for match in _users(text)
    )


def _has_secret_pair(text: str) -> bool:
    return any(
        is_secret_name(match[1]) and not is_harmless(match[2])
        for form in (_PAIR, _NAMED, _TAG)
        for match in form.finditer(text)
    )


def _is_random(text: str) -> bool:
    """Whether a long word changes between capitals, small letters and digits more often than words of a language do.

    UUIDs pass: most aren't secret (a tenant, a subscription).
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
