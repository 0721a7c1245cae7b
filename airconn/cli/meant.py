"""The commands that people mean with words of other programs: of `airflow`, `astro`, `aws` and the like.

Each hint has a command to type. Of the arguments, only what looks like a file or an id is repeated: others may be
secrets.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from airconn.errors import UsageError
from airconn.patterns import pattern

_KINDS = {
    word: kind
    for kind, words in {
        "connections": ("connections", "connection", "conns", "conn"),
        "variables": ("variables", "variable", "vars", "var"),
        "pools": ("pools", "pool"),
    }.items()
    for word in words
}
"""What people call the kinds."""
_VERBS = {
    verb: command
    for command, verbs in {
        "import": ("import", "push", "load", "upload", "restore", "deploy"),
        "export": ("export", "pull", "dump", "download", "backup", "save", "fetch"),
        "copy": ("copy", "cp", "sync", "migrate", "mv", "move"),
        "list": ("list", "ls"),
        "show": ("show", "get", "cat", "describe", "view", "read", "print"),
        "delete": ("delete", "rm", "remove", "del", "unset"),
        "write": ("add", "set", "create", "edit", "update", "put", "new"),
        "check": ("check", "lint", "validate", "verify"),
        "test": ("test",),
        "diff": ("diff", "compare"),
        "convert": ("convert", "transform", "translate"),
        "plan": ("plan", "dry-run", "dryrun"),
        "run": ("run", "exec", "env", "source"),
        "explain": ("explain", "which", "where", "find"),
    }.items()
    for verb in verbs
}
"""What people call the commands."""
_OTHER_WORDS = {
    "auth": "airconn login [ADDRESS], airconn logout [ADDRESS]",
    "signin": "airconn login [ADDRESS]",
    "config": "airconn reads airconn.toml in the working directory, and AIRCONN_* from the environment",
    "secretsmanager": "airconn list --from aws-secretsmanager://REGION",
    "ssm": "airconn list --from aws-ssm://REGION",
    "vault": "airconn list --from vault://",
    "keyvault": "airconn list --from azure-keyvault://NAME",
    "kubectl": "airconn list --from k8s://",
    "deployment": "airconn list --from https://…, the URL of the Deployment's Airflow",
}
_SAME_WORDS = {"configure": "config", "kv": "vault", "k8s": "kubectl"}
_SHOWN = pattern(r"[\w./~@+][\w./~@+-]{0,249}")
_GLOB = pattern(r"[\w./~@+*?\[][\w./~@+*?\[\]-]{0,249}")
_LIKE_A_FILE = pattern(r"[./~@:]")


def of_command(args: Sequence[str]) -> str | None:
    """The hint for a command line whose first word isn't a command. None if it can't be told what is meant."""
    word, rest = args[0].lower(), [arg for arg in args[1:] if not arg.startswith("-")]
    parts = re.split("[-_:]", word)
    if len(parts) == 2 and {*parts} & _KINDS.keys() and {*parts} & _VERBS.keys():  # as in import-connections
        word, rest = next(part for part in parts if part in _KINDS), [part for part in parts if part in _VERBS] + rest
    if word in _KINDS:
        return _of_kind(_KINDS[word], rest)
    if word in _VERBS:
        kind = _KINDS.get(rest[0].lower(), "") if rest else ""
        return _command(_VERBS[word], kind, rest[1:] if kind else rest)
    word = _SAME_WORDS.get(word, word)
    return _OTHER_WORDS.get(word)


def _of_kind(kind: str, rest: Sequence[str]) -> str:
    verb = _VERBS.get(rest[0].lower()) if rest else None
    if verb is not None:
        return _command(verb, kind, rest[1:])
    return (
        f"the kind is an option: airconn list --{kind}, airconn export --{kind} -o FILE, airconn import FILE --{kind}"
    )


def _command(verb: str, kind: str, rest: Sequence[str]) -> str:
    """The command line for what is meant, with the words of the user that it may repeat."""
    only = f" --{kind}" if kind else ""
    first, second = (_shown(rest[number]) if len(rest) > number else "" for number in (0, 1))
    id_ = f"{kind}/{first or 'ID'}" if kind else first or "ID"
    return {
        "import": f"airconn import {first or 'FILE'}{only}",
        "export": f"airconn export{only} -o {first or 'FILE'}",
        "copy": f"airconn import {first or 'SOURCE'} --to {second or 'ADDRESS'}",
        "list": f"airconn list{only}",
        "show": f"airconn show {id_}",
        "delete": f"airconn delete {id_}",
        "write": f"airconn set {_assignments(kind or 'connections', first)}; or airconn import FILE, "
        "where FILE holds the object, such as a .env with "
        + {"variables": "AIRFLOW_VAR_KEY=VALUE"}.get(kind, "AIRFLOW_CONN_ID=URI"),
        "check": f"airconn check {first or 'FILE'}",
        "test": f"airconn test {id_} --source FILE, where FILE holds the values",
        "diff": f"airconn diff {first or 'A'} {second or 'B'}",
        "convert": f"airconn convert {first or 'FILE'} -o {second or 'OTHER_FILE'}",
        "plan": f"airconn import {first or 'SOURCE'} --dry-run",
        "run": "airconn run --from ADDRESS -- COMMAND",
        "explain": f"airconn explain {id_}",
    }[verb]


def _assignments(kind: str, id_: str) -> str:
    """The arguments of `airconn set` for a new object."""
    place = f"{kind}/{id_ or 'ID'}"
    return {
        "connections": f"{place}.conn_type=TYPE {place}.host=HOST",
        "variables": f"{place}.value=VALUE",
        "pools": f"{place}.slots=NUMBER",
    }[kind]


def _shown(word: str) -> str:
    """A word of the command line that may be repeated. Empty for one that may be a secret, as a URI or a value."""
    return word if _SHOWN.fullmatch(word) else ""


def of_extra_words(name: str, words: Sequence[str]) -> str | None:
    """The hint for words that a command doesn't take, such as a kind, which is an option. None for other ones."""
    kinds = "".join(f" --{kind}" for kind in dict.fromkeys(_KINDS[word] for word in words if word in _KINDS))
    others = [shown for word in words if word not in _KINDS and (shown := _shown(word))]
    if name == "get" and words[0] in _KINDS:
        return f"airconn get {_KINDS[words[0]]}/{others[0] if others else 'ID'}.FIELD"
    if name == "export":
        if others and not kinds:
            return f"airconn export -o {others[0]} writes it; airconn export --from {others[0]} reads it"
        return f"airconn export{kinds}{f' -o {others[0]}' if others else ''}" if kinds else None
    if name == "list" and (kinds or others):
        chosen = f" --from {others[0]}" if others and _LIKE_A_FILE.search(others[0]) else ""
        chosen = chosen or (f" --include {others[0]}" if others else "")
        where = "the address to read from is written after --from: " if "--from" in chosen else ""
        return f"{where}airconn list{kinds}{chosen}"
    return None


def of_missing(name: str, words: Sequence[str] = ()) -> str | None:
    """The hint for a command line without an argument that the command needs."""
    first = next((shown for word in words if (shown := _shown(word))), "")
    return {
        "import": "airconn import FILE, as in airconn import .env",
        "convert": "airconn convert FILE -o OTHER_FILE, as in airconn convert .env -o connections.yaml",
        "check": "airconn check FILE, as in airconn check .env",
        "diff": f"airconn diff {first or 'A'} B compares two addresses, as in airconn diff "
        f"{first or '.env'} http://localhost:8080",
        "show": "airconn show ID; airconn list lists the ids",
        "delete": "airconn delete KIND/ID; airconn list lists the ids",
        "get": "airconn get KIND/ID.FIELD, as in airconn get connections/warehouse.host",
        "set": "airconn set PLACE=VALUE, as in airconn set connections/warehouse.host=db.example.com",
        "test": "airconn test ID --source FILE, where FILE holds the values; airconn list lists the ids",
        "apply": "airconn apply FILE, with the plan that airconn import SOURCE --plan-out FILE wrote",
    }.get(name)


def refuse_kind_as_id(name: str, ids: Sequence[str]) -> None:
    """Raises `UsageError` for a kind and ids in words of their own, as in `show connections a`."""
    kind = _KINDS.get(ids[0]) if len(ids) > 1 else None
    if kind is not None:
        named = [f"{kind}/{id_ if _GLOB.fullmatch(id_) else 'ID'}" for id_ in ids[1:]]
        meant = " ".join(map(shlex.quote, named))
        raise UsageError(
            f"{ids[0]!r} is read as an id, but it is the name of a kind",
            hint=f"airconn {name} {meant}; for an object with this id write {kind}/{ids[0]}",
        )


def refuse_no_names(name: str, chosen: object) -> None:
    """Raises `UsageError` for a command line that chooses no objects."""
    if not chosen:
        globs = f"airconn {name} 'connections/aws_*' and --include GLOB take several"
        raise UsageError("missing argument 'ID...'", hint=f"{of_missing(name)}; {globs}")


_WHO = "set AIRCONN_USERNAME and AIRCONN_PASSWORD in the environment"
_NO_SECRETS = (
    "a password is never an option: --username NAME, and AIRCONN_PASSWORD or a question (airconn help login)"
)
_TOKEN = "AIRCONN_TOKEN in the environment holds the token"  # noqa: S105 - a hint
_ALIASES = {
    alias: name
    for name, aliases in {
        "who": ("username", "user", "u", "login"),
        "password": ("password", "passwd", "pass", "p"),
        "token": ("token", "api-token", "api-key", "apikey", "auth-token", "access-token", "bearer", "jwt"),
        "place": (
            "host", "url", "server", "endpoint", "endpoint-url", "base-url", "airflow-url", "api-url", "to-url",
            "from-url", "address", "target", "webserver", "uri", "conn-uri", "connection", "to", "from", "source",
        ),
        "file": ("file", "f", "input", "i", "in", "input-file", "filename", "path", "src"),
        "out": ("output", "out-file", "output-file", "outfile", "dest", "destination"),
        "format": ("file-format", "output-format", "type", "t"),
        "serialization": ("serialization-format",),
        "overwrite": ("overwrite", "force"),
        "existing": ("action-on-existing-key", "on-conflict", "if-exists", "skip-existing"),
        "tls": ("insecure", "k", "no-verify", "no-verify-ssl", "verify-ssl", "skip-tls-verify"),
        "profile": ("profile",),
        "region": ("region",),
        "deployment": ("deployment", "deployment-id", "deployment-name", "workspace", "workspace-id"),
        "all": ("all", "a"),
        "env": ("env", "e", "environment"),
        "id": ("conn-id", "connection-id", "key", "name", "id"),
        "shape": ("json", "yaml"),
        "airflow": ("airflow-version",),
    }.items()
    for alias in aliases
}  # fmt: skip
_TAKES_SOURCES = frozenset({"import", "convert", "check"})


def of_option(name: str, option: str, has: Collection[str]) -> str | None:
    """The hint for an option that a command doesn't have. `has` are those that it has. None for unknown ones."""
    word = option.lstrip("-").replace("_", "-").lower()
    meant = _ALIASES.get(word)
    if meant is None:
        return None
    if meant == "shape":
        flag = next((flag for flag in ("--format", "--output") if flag in has), None)
        return f"{flag} {word}" if flag else None
    if meant in ("who", "password") and "--username" in has:
        return _NO_SECRETS if meant == "password" else "--username NAME"
    if meant == "token" and "--ask-token" in has:
        return "--ask-token asks for a token on the terminal"
    return _SAME_FOR_ALL.get(meant) or _of_place(name, meant, has)


_SAME_FOR_ALL = {
    "who": _WHO,
    "password": _WHO,
    "token": _TOKEN,
    "tls": "--ca-bundle FILE names the authorities to trust",
    "profile": "AWS_PROFILE in the environment names the profile",
    "region": "AWS_REGION in the environment names the region, or the address: aws-secretsmanager://REGION",
    "all": "without --connections, --variables and --pools, all kinds are selected",
    "airflow": "--airflow VERSION",
}


def _of_place(name: str, meant: str, has: Collection[str]) -> str | None:
    """The hint for an option that names a place, a file or an object."""
    takes_sources = name in _TAKES_SOURCES
    source = f"airconn {name} {{}}" if takes_sources else f"airconn {name} --from {{}}" if "--from" in has else ""
    out = f"airconn {name}{' FILE' if takes_sources else ''} -o {{}}" if "--out" in has else ""
    target = next((flag for flag in ("--to", "--from") if flag in has), "")
    both = "; ".join(
        text
        for text in (
            source and f"{source} reads it",
            out and f"{out.replace(' FILE', '')} writes it",
            "--format FORMAT" if "--format" in has else "",
        )
        if text
    )
    return {
        "place": f"{target} URL, or AIRCONN_URL in the environment" if target else _of_files(name, source, out),
        "file": (source if takes_sources and not out else both).replace("{}", "FILE") or None,
        "out": out.format("OTHER_FILE" if takes_sources else "FILE") or None,
        "format": "--format FORMAT" if "--format" in has else None,
        "serialization": "--connection-format json or uri" if "--connection-format" in has else None,
        "overwrite": _of_overwriting(has),
        "existing": "--on-existing skip, --on-existing fail or --on-existing overwrite" if "--to" in has else None,
        "deployment": f"{target} https://…, the URL of the Deployment's Airflow" if target else None,
        "env": source.format("env:") or None,
        "id": f"airconn {name} ID" if name in ("show", "delete", "explain") else _including(has),
    }[meant]


def _of_files(name: str, source: str, out: str) -> str | None:
    if name == "diff":
        return "airconn diff A B"
    return f"{source.format('FILE')} -o OTHER_FILE" if out else source.format("FILE") or None


def _of_overwriting(has: Collection[str]) -> str | None:
    if "--on-existing" in has:
        return "an import overwrites existing objects; --on-existing skip and --on-existing fail don't"
    return "--replace writes a new file" if "--replace" in has else None


def _including(has: Collection[str]) -> str | None:
    return "--include ID" if "--include" in has else None


def flags(options: Iterable[Sequence[str]]) -> frozenset[str]:
    """The flags of the options of a command."""
    return frozenset(flag for names in options for flag in names)


def refuse_output_among_sources(sources: Sequence[str], out: object) -> None:
    """Raises `InputError` where the last of several sources is a file that isn't there, and meant to be written."""
    from airconn import formats
    from airconn.addresses import is_file, is_glob
    from airconn.errors import InputError

    last = sources[-1]
    if (
        len(sources) < 2
        or out is not None
        or not is_file(last)
        or last == "-"
        or Path(last).exists()
        or is_glob(last)
    ):
        return
    if formats.name_of_path(last) is not None:
        words = " ".join(_shown(source) or "FILE" for source in sources[:-1])
        raise InputError("no such file", where=last, hint=f"to write it: airconn convert {words} -o {last}")


def refuse_target_among_sources(sources: Sequence[str], to: Sequence[str]) -> None:
    """Raises `UsageError` where an Airflow or a named address comes last among files, meant as the target."""
    from airconn.addresses import is_file
    from airconn.quoting import shown_address

    last = sources[-1]
    if to or len(sources) < 2 or not last.lower().startswith(("http://", "https://", "@")):
        return
    if any(map(is_file, sources[:-1])):
        words, shown = " ".join(_shown(source) or "SOURCE" for source in sources[:-1]), shown_address(last)
        raise UsageError(
            f"{shown} is read as a source, and no target is given",
            hint=f"airconn import {words} --to {shown} writes to it; to read it, add --to for the target",
        )
