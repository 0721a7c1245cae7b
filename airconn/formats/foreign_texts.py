"""Files that are neither JSON nor YAML nor assignments, recognized by how they begin, and refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airconn.errors import InputError
from airconn.patterns import pattern

_BEGINNING = 4000
"""The number of characters that are looked at."""


@dataclass(frozen=True, slots=True)
class ForeignText:
    """A kind of text that is a file of no format."""

    what: str
    """What the text is, in words that follow 'this looks like'."""
    pattern: re.Pattern[str]
    """Matches the beginning of the text, behind blanks."""
    hint: str
    is_certain: bool = True
    """Whether no file of a format begins so. Others are only looked for if nothing else tells a format."""


_COMMENTS = r"(?:[#;][^\n]*\n|[ \t\r]*\n)*"
_SETTING = r"[ \t]*[\w.-]+[ \t]*[=:][^\n]*\n"
_SECTION_END = r"\][ \t]*(?:[#;][^\n]*)?\r?\n"
_OWN_FILE = "write the connections, variables and pools into a file of their own, such as objects.yaml"
_EXPORT = "airflow connections export, variables export and pools export write files that airconn reads"


def _text(what: str, regex: str, hint: str = _OWN_FILE, *, is_certain: bool = True) -> ForeignText:
    return ForeignText(what, pattern(regex, re.IGNORECASE), hint, is_certain)


TEXTS = (
    _text(
        "an HTML page, such as a login page",
        r"(?:<!--[^>]{0,1000}-->\s*)?<(?:!doctype\s+html|html|head|body)\b",
        "the server didn't answer with objects: airconn export --from URL -o FILE logs in and reads them",
    ),
    _text("XML", r"<\?xml\b"),
    _text(
        "a file that ansible-vault has encrypted", r"\$ANSIBLE_VAULT;", "decrypt it first: ansible-vault view FILE"
    ),
    _text("a file that age has encrypted", r"age-encryption\.org/v1\b", "decrypt it first: age -d FILE"),
    _text("an encrypted file", r"-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----", "decrypt it first"),
    _text(
        "a key or a certificate (PEM)",
        r"-----BEGIN [A-Z0-9 ]{1,60}-----",
        "it goes into the extra of a connection, such as private_key of ssh",
    ),
    _text("a public key of SSH", r"(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-[\w-]{1,40}) AAAA"),
    _text(
        "an airflow.cfg",
        rf"{_COMMENTS}\[(?:core|database|webserver|api|secrets|scheduler|logging|celery){_SECTION_END}",
        "it has settings and no objects; the address of its database is metadb:",
    ),
    _text(
        "credentials of AWS",
        rf"{_COMMENTS}\[[\w .-]{{1,80}}{_SECTION_END}(?:{_SETTING}){{0,9}}[ \t]*aws_access_key_id\b",
        "they go into the login and the password of a connection of type aws",
    ),
    _text("a pyproject.toml", rf"{_COMMENTS}\[(?:build-system|project|tool\.[\w.-]{{1,80}}){_SECTION_END}"),
    _text(
        "a configuration of Terraform",
        rf"{_COMMENTS}(?:terraform|provider|resource|variable|module|data|output|locals)"
        r"(?: \"[\w-]{1,80}\"){0,2} \{",
        "write an output that is a map of variables into a file: terraform output -json NAME > variables.json",
    ),
    _text("an INI or TOML file", rf"{_COMMENTS}\[{{1,2}}[\w .:/-]{{1,80}}\]?{_SECTION_END}", is_certain=False),
    _text(
        "a Dockerfile",
        rf"{_COMMENTS}(?:ARG[ \t][^\n]*\n)*FROM[ \t]+[\w./:@$-]{{1,200}}(?:[ \t]+as[ \t]+\S+)?[ \t]*\r?(?:\n|\Z)",
        is_certain=False,
    ),
    _text(
        "a Python file",
        r"#![^\n]{0,80}python|(?:#[^\n]*\n|[ \t\r]*\n|[ru]?\"\"\"[^\"]*\"\"\"|'''[^']*''')*"
        r"(?:from [\w.]{1,200} import |import [\w.]{1,200}(?:\s|,)|(?:async )?def \w+\(|class \w+[(:])",
        f"airconn doesn't run code: {_OWN_FILE}",
        is_certain=False,
    ),
    _text(
        "a shell script",
        rf"#![^\n]{{0,80}}\b(?:ba|da|z|k)?sh\b|{_COMMENTS}(?:export[ \t]+\w+=|set -[a-z]|source |\. \S)",
        "let a shell run it, and read the environment: set -a; . ./FILE; set +a; airconn import env:",
        is_certain=False,
    ),
    _text(
        "assignments of TOML or Terraform",
        rf"{_COMMENTS}[\w.-]{{1,80}}[ \t]+=[ \t]*(?:[\"\'\[{{]|true\b|false\b|-?\d)",
        f"{_OWN_FILE}, or as NAME=VALUE lines into a .env file",
        is_certain=False,
    ),
    _text(
        "statements of SQL",
        r"(?:--[^\n]*\n|[ \t\r]*\n)*(?:insert into|create (?:table|database|user)|begin(?: transaction)?;|pragma |"
        r"select [^\n]* from )",
        "the address of Airflow's database is metadb:",
        is_certain=False,
    ),
    _text(
        "a table of comma-separated values (CSV)",
        r"[^\n,{}\[\]:=]{1,80}(?:,[^\n,{}\[\]:=]{0,80}){1,60}\r?\n[^\n]*,",
        _EXPORT,
        is_certain=False,
    ),
    _text(
        "a table of tab-separated values",
        r"[^\n\t{}\[\]:=]{1,80}(?:\t[^\t\n{}\[\]:=]{0,80}){1,60}\r?\n[^\n]*\t",
        _EXPORT,
        is_certain=False,
    ),
)
_BINARIES = (
    (
        b"SQLite format 3\0",
        "this is a database of SQLite",
        "if it is Airflow's, its address is metadb+sqlite:///PATH",
    ),
    (b"PK\3\4", "this is a zip archive", "unpack it first"),
    (b"\x1f\x8b", "this is compressed by gzip", "unpack it first: gunzip -c FILE | airconn … -"),
    (b"BZh", "this is compressed by bzip2", "unpack it first: bunzip2 -c FILE | airconn … -"),
    (b"\xfd7zXZ\0", "this is compressed by xz", "unpack it first: xz -dc FILE | airconn … -"),
    (b"\x28\xb5\x2f\xfd", "this is compressed by zstd", "unpack it first: zstd -dc FILE | airconn … -"),
    (b"%PDF-", "this is a PDF", "save its text in one of the formats"),
    (b"\0GITCRYPT\0", "this file is encrypted by git-crypt", "unlock the repository first: git-crypt unlock"),
    (b"Salted__", "this file is encrypted by openssl", "decrypt it first: openssl enc -d"),
    (b"PAR1", "this is a Parquet file", _OWN_FILE),
)


def refuse(text: str, source: str, *, is_told: bool) -> None:
    """Raises `InputError` for a text that is certainly no file of a format.

    `is_told`: whether the name of the file, or an option, says which format it is.
    """
    beginning = text[:_BEGINNING].lstrip()
    if beginning[:1] in ("{", ""):
        return
    for found in TEXTS:
        if (found.is_certain or not is_told) and found.pattern.match(beginning):
            raise InputError(f"this looks like {found.what}", where=source, hint=found.hint)


_CONFLICT = pattern(r"^<{7}(?: |\r?$)", re.MULTILINE)
_OTHER_SIDE = pattern(r"^={7}\r?$", re.MULTILINE)


def merge_conflict(text: str, source: str) -> InputError | None:
    """The error for a text with the marks of git in it, whose other faults come from them. None for other texts."""
    start = _CONFLICT.search(text)
    if start is None or not _OTHER_SIDE.search(text, start.end()):
        return None
    line = text.count("\n", 0, start.start()) + 1
    return InputError(
        "a merge conflict starts here",
        where=f"{source}:{line}",
        hint="resolve it, and delete the lines with <<<<<<<, ======= and >>>>>>>",
    )


def refuse_manifests(text: str, source: str) -> None:
    """Raises `InputError` for several manifests of Kubernetes, of which none is read by another format."""
    if all(re.search(rf"^{mark}", text, re.MULTILINE) for mark in ("apiVersion:", "kind:", "---")):
        raise InputError(
            "this looks like Kubernetes manifests without AIRFLOW_CONN_… or AIRFLOW_VAR_… in them",
            where=source,
            hint=_OWN_FILE,
        )


def of_bytes(data: bytes) -> tuple[str, str] | None:
    """What a file that isn't text is, and what to do about it. None for one that isn't known."""
    return next(((what, hint) for magic, what, hint in _BINARIES if data.startswith(magic)), None)
