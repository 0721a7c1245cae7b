"""The rules of `airconn check`. The code of a rule never changes, and that of a removed rule isn't used again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from airconn.formats.uri_problems import WAYS_OUT
from airconn.model import Kind


class Severity(str, Enum):
    """The severity of a finding. Airflow or airconn refuses an error, or certainly gets it wrong."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """One check. `fix` says what to do about each of its findings."""

    code: str
    name: str
    severity: Severity
    what: str
    fix: str
    is_fixable: bool = False
    """Whether `--fix` fixes it, if the format of the file can be changed in place."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a rule. It has ids, names of fields and places, but no values."""

    rule: Rule
    file: str
    """Its file, or the address of the place that has the object."""
    line: int
    """0 for a place that is not a file."""
    column: int
    message: str
    severity: Severity
    kind: Kind | None = None
    id: str = ""
    fix: str = ""

    @property
    def code(self) -> str:
        return self.rule.code

    @property
    def subject(self) -> str:
        """The object, such as `connections/warehouse`. Empty for a finding about a file."""
        return f"{self.kind.value}/{self.id}" if self.kind else ""

    @property
    def place(self) -> str:
        """Its place in front of a message. `metadb:` has the colon already."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file.removesuffix(":")

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        return self.file, self.line, self.column, self.code, self.id


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_DIALECT = (
    "say which program the file is for: '# airconn: env-dialect NAME' as its first line, --from-env-dialect NAME, "
    "or env_dialect in airconn.toml"
)
_ROTATE = (
    "take the file out of git with 'git rm --cached', list it in .gitignore, and replace the secrets by new ones"
)

ALL = (
    Rule("AC101", "unreadable", _ERROR, "doesn't parse, or Airflow refuses to read it", "see the message"),
    Rule(
        "AC102", "reading", _WARNING, "a part of the file is skipped, or programs read it differently",
        "correct that part, delete it, or use --ignore AC102 if the file is as it should be",
    ),
    Rule(
        "AC103", "extra-not-object", _ERROR, "the extra is not a JSON object, which Airflow 3 refuses",
        'write the extra as {"key": "value"}',
    ),
    Rule(
        "AC201", "scheme-twice", _WARNING, "the scheme of a URI is written twice; Airflow removes both",
        WAYS_OUT["AC201"],
    ),
    Rule("AC202", "fragment", _WARNING, "Airflow drops everything from the '#' in a URI on", WAYS_OUT["AC202"]),
    Rule(
        "AC203", "no-scheme", _WARNING, "a URI without 'conn_type://' at the start; Airflow reads it wrongly",
        WAYS_OUT["AC203"],
    ),
    Rule(
        "AC204", "second-scheme", _WARNING, "a second '://' in a URI; Airflow reads it as the scheme of the host",
        WAYS_OUT["AC204"],
    ),
    Rule("AC205", "host-capitals", _NOTE, "Airflow lower-cases the host of a URI", WAYS_OUT["AC205"]),
    Rule(
        "AC206", "beside-extra", _WARNING, "query parameters next to __extra__, which Airflow ignores",
        WAYS_OUT["AC206"],
    ),
    Rule(
        "AC207", "query-twice", _WARNING, "a query parameter is written twice; Airflow takes the last",
        WAYS_OUT["AC207"],
    ),
    Rule(
        "AC208", "percent-escape", _WARNING, "a '%' in a URI that doesn't begin an escape, or an escape that isn't "
        "UTF-8", WAYS_OUT["AC208"],
    ),
    Rule(
        "AC209", "uri-blanks", _WARNING, "blanks around a connection's value, or line breaks in a URI: Airflow "
        "removes them, or keeps them in the last part", WAYS_OUT["AC209"], is_fixable=True,
    ),
    Rule(
        "AC210", "scheme-underscore", _WARNING,
        "an underscore in the scheme of a URI; Airflow then finds no conn_type",
        WAYS_OUT["AC210"],
    ),
    Rule(
        "AC211", "typed-query", _WARNING,
        "query values are JSON to Airflow 3.1.6 and later, and texts to Airflow 2, 3.0 "
        "and workers", WAYS_OUT["AC211"], is_fixable=True,
    ),
    Rule(
        "AC212", "quoted-uri", _WARNING, "a connection's value that begins or ends with a quote, as in quotes inside "
        "quotes", WAYS_OUT["AC212"],
    ),
    Rule(
        "AC301", "id-impossible", _ERROR, "Airflow can't store this id",
        "use letters, digits, '_', '-' and '.', at most 200 of them",
    ),
    Rule(
        "AC302", "id-api", _WARNING, "the REST API and the airflow command refuse this id",
        "use letters, digits, '_', '-' and '.', at most 200 of them",
    ),
    Rule(
        "AC303", "id-airflow-2", _WARNING, "Airflow 2 can't find a connection whose id has letters outside of a to z",
        "use letters from a to z",
    ),
    Rule("AC304", "id-dots", _WARNING, "the airflow command of 3.3 refuses '..' in an id", "use a single '.'"),
    Rule(
        "AC305", "id-empty", _WARNING, "the key of a variable or the name of a pool is empty",
        "give it one, or delete the entry",
    ),
    Rule(
        "AC306", "api-refuses", _WARNING,
        "the REST API of this Airflow (--airflow) refuses it, or fails",
        "correct it, or leave it out (--exclude): airconn import refuses it",
    ),
    Rule(
        "AC307", "id-of-page", _WARNING,
        "a connection with the name of a page of this Airflow's API (--airflow), so that only the list shows it",
        "give it another id",
    ),
    Rule(
        "AC311", "type-misspelt", _WARNING, "the conn_type is unknown, and close to a known one",
        "correct the conn_type, or --ignore AC311 for a provider of your own",
    ),
    Rule(
        "AC312", "type-unknown", _NOTE, "no published provider has this conn_type",
        "check the spelling; a provider of your own is fine",
    ),
    Rule("AC313", "type-missing", _WARNING, "the connection has no conn_type", "add the conn_type"),
    Rule(
        "AC314", "type-given-up", _WARNING,
        "a conn_type whose provider was given up, so that Airflow 3 has no hook for it",
        "use another provider",
    ),
    Rule(
        "AC315", "providers", _NOTE,
        "provider packages that connections need in Airflow 3 (for --from, and for files with --airflow)",
        "install them in the new Airflow",
    ),
    Rule(
        "AC321", "value-impossible", _ERROR,
        "Airflow can't store a field: too long, out of range, or a team it doesn't know",
        "correct the field: airconn import refuses it",
    ),
    Rule(
        "AC331", "odd-character", _WARNING,
        "a character that you can't see, or that looks like another (a zero-width or no-break space, NUL, a "
        "typographic quote) in an id, a field or a secret", "delete it, or type the text again",
    ),
    Rule(
        "AC332", "extra-key-twice", _WARNING, "an extra has a key twice; Airflow uses the last one",
        "keep one of the two",
    ),
    Rule(
        "AC333", "extra-key-unread", _WARNING,
        "a key of an extra that the provider for Airflow 3 doesn't read any more",
        "write the key that the provider reads",
    ),
    Rule(
        "AC334", "extra-key-prefixed", _NOTE,
        "a key of an extra with a prefix extra__TYPE__, as Airflow 2.0 to 2.2 wrote it",
        "write it without the prefix",
    ),
    Rule(
        "AC401", "duplicate", _WARNING, "an object is defined twice",
        "keep one of the two",
    ),
    Rule(
        "AC402", "collision", _WARNING, "two ids are the same environment variable",
        "rename one of them, if they will be environment variables",
    ),
    Rule(
        "AC403", "env-lower-case", _ERROR, "Airflow looks for names in capitals only",
        "write the name in capitals",
    ),
    Rule(
        "AC404", "env-name", _NOTE, "no shell can set an environment variable of this name",
        "fine for Docker and Kubernetes; for a shell, rename the object",
    ),
    Rule(
        "AC405", "env-empty", _WARNING, "an empty value, which is not a connection to Airflow",
        "fill it in, or delete it",
    ),
    Rule(
        "AC406", "env-near-miss", _WARNING, "a name that Airflow doesn't look for, close to one that it does",
        "start it with AIRFLOW_CONN_ or AIRFLOW_VAR_ and the id; --ignore AC406 if it is a setting of your own",
    ),
    Rule(
        "AC407", "env-reference", _ERROR, "a reference such as ${NAME}, which other readers of the file expand",
        "--expand expands it as the program of the env dialect does",
    ),
    Rule(
        "AC411", "env-backslash", _WARNING, "a backslash between single quotes, which not all readers keep",
        _DIALECT,
    ),
    Rule(
        "AC412", "env-escape", _WARNING, "an escape between double quotes, which readers decode differently",
        _DIALECT,
    ),
    Rule(
        "AC413", "env-comment", _WARNING, "a '#' in an unquoted value, which ends the value for some readers",
        "put the value in quotes",
    ),
    Rule(
        "AC414", "env-blanks", _NOTE, "blanks around the '='; shells and docker then read no value, or another one",
        "delete the blanks",
    ),
    Rule(
        "AC415", "env-unquoted", _NOTE,
        "quotes, blanks, '&', ';' or the like in an unquoted value, which a shell doesn't read as text",
        "put the value between single quotes if a shell reads the file",
    ),
    Rule(
        "AC416", "env-bom", _NOTE, "a byte order mark, which a shell reads as a part of the first name",
        "save the file as UTF-8 without a byte order mark",
    ),
    Rule(
        "AC417", "env-carriage-return", _NOTE, "a carriage return, which some readers keep as a part of the value",
        "save the file with \\n line ends",
    ),
    Rule(
        "AC418", "env-extent", _WARNING, "line breaks or quotes, which make other readers end the value elsewhere",
        _DIALECT,
    ),
    Rule(
        "AC419", "env-refused", _NOTE, "a line that makes other readers refuse the file, or the rest of it",
        "write NAME=VALUE with a name of letters, digits and '_' if one of them reads the file",
    ),
    Rule(
        "AC420", "env-quotes", _NOTE, "quotes, which docker run --env-file keeps as a part of the value",
        "fine unless docker run reads the file: airconn convert --env-dialect docker writes one for it",
    ),
    Rule(
        "AC421", "yaml-typed", _WARNING,
        "a value in YAML without quotes that Airflow or Astro doesn't read as text (yes, 0123, 12:30:00, 1.50)",
        "put the value in quotes to keep its text, or write the value that you mean",
    ),
    Rule(
        "AC422", "number-for-text", _WARNING,
        "a number or a date as host, login or schema; only `airflow connections import` converts it to text",
        "put it in quotes",
    ),
    Rule(
        "AC423", "yaml-text", _NOTE, "a text to Airflow that looks like a number (1e5, 08)",
        "put the value in quotes to say that it is text, or write the number out",
    ),
    Rule(
        "AC424", "variable-wrapper", _WARNING,
        "a variable that is an object with 'value': Airflow 3 reads the 'value', Airflow 2 the whole object",
        "read it with --from-variables-shape plain or wrapped, or write the value as a text",
    ),
    Rule(
        "AC425", "env-astro", _WARNING, "a value in a file of the Astro CLI that other programs read differently",
        "--from-env-dialect says how the file is read, and so does its first line: # airconn: env-dialect NAME",
    ),
    Rule(
        "AC431", "several-values", _ERROR, "a secret that has several values in one file",
        "keep one of them; airconn import refuses the object, unless --exclude leaves it out",
    ),
    Rule(
        "AC501", "mask", _WARNING, "a *** instead of a hidden secret",
        "fill it in; airconn import keeps the value that the target has, Airflow itself would store ***",
    ),
    Rule(
        "AC502", "other-mask", _ERROR, "a mask of another tool, which would be stored as the secret",
        "fill in the value, or delete the entry: airconn import refuses it as a secret",
    ),
    Rule(
        "AC503", "mask-inside", _WARNING, "a *** inside a text, where Airflow may have hidden a secret",
        "fill in what was there",
    ),
    Rule(
        "AC504", "secret-blanks", _WARNING, "blanks or line breaks at the start or the end of a secret",
        "delete them, if they aren't a part of it",
    ),
    Rule(
        "AC505", "override-word", _WARNING,
        "env:NAME, file:PATH or prompt: as a secret, which is read as the secret itself",
        "import it with --resolve env,file, use the file with airconn import --overlay, or fill in the secret",
    ),
    # AC506 was the rule for what is now AC507, AC508 and AC509.
    Rule(
        "AC507", "reference", _ERROR,
        "a reference to a secret (op://, vault:, ref+) instead of the secret",
        "use --resolve KINDS, here too, or resolve it first, as 'vals eval' does: airconn import refuses it "
        "without --literal",
    ),
    Rule(
        "AC508", "ciphertext", _ERROR,
        "encrypted text (sops, dotenvx, Ansible Vault, age, a Fernet token) instead of a secret",
        "decrypt the file first: airconn import refuses it without --literal",
    ),
    Rule(
        "AC509", "template", _ERROR,
        "a template ({{ }}, ${NAME}, $(command), <% %>) instead of a secret",
        "render the file first: airconn import refuses it without --literal",
    ),
    Rule(
        "AC510", "to-fill-in", _WARNING,
        "a text instead of a secret that looks like a note to fill it in, such as CHANGEME",
        "fill in the value; --ignore AC510 if it is the value",
    ),
    Rule("AC511", "tracked", _ERROR, "a file with secrets in it is tracked by git", _ROTATE),
    Rule(
        "AC512", "readable", _WARNING, "a file with secrets in it can be read by others",
        "chmod 600", is_fixable=True,
    ),
    Rule(
        "AC513", "beside-encrypted", _ERROR,
        "a file in clear beside the same one encrypted, which git tracks or doesn't ignore",
        "delete it, or list it in .gitignore, and take it out of git with 'git rm --cached'",
    ),
    Rule(
        "AC514", "hidden", _NOTE, "values that a server hides, which can't be checked",
        "check metadb: instead, which shows them",
    ),
    Rule(
        "AC520", "references", _NOTE, "references to values elsewhere: env:NAME, file:PATH, ref:ADDRESS#PLACE, op://",
        "--resolve KINDS replaces them by the values (airconn help references)",
    ),
    Rule(
        "AC521", "faulty-reference", _ERROR, "a ref: that names no object, or an address that is refused",
        "correct it (airconn help references)",
    ),
)  # fmt: skip
BY_CODE = {rule.code: rule for rule in ALL}
