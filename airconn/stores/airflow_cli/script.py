"""Writes the script for a shell where `airflow` is, and reads its output.

Files that hold secrets are in a directory that only their owner can read, and that is removed when the shell ends,
unless by SIGKILL. What `airflow` prints stays there: its logs go to standard output in Airflow 3 and among the
results in others, and its errors may quote values. Of what the shell prints, only that behind a random mark is
believed. The mark is made of two parts, so that a terminal that echoes the script shows none.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from airconn.errors import AirconnError, TargetError
from airconn.stores.airflow_cli.prefix import Prefix, Ran, Silent, last_line

MARK = "airconn:"
"""The first part of the mark."""
_LONGEST = 300
"""The most characters of another program's message that are shown."""

_HEAD = """\
a={mark} b={nonce}
say() {{ printf '%s%s %s\\n' "$a" "$b" "$*"; }}
say start
umask 077
d=$(mktemp -d) || {{ say lacks mktemp; exit 0; }}
trap 'rm -rf "$d"' EXIT
for s in HUP INT PIPE TERM; do trap 'exit 1' "$s"; done
TMPDIR=$d PYTHONUTF8=1; export TMPDIR PYTHONUTF8
command -v airflow >/dev/null 2>&1 || {{ say lacks airflow; exit 0; }}
call() {{
  n=$1; shift
  say call "$n"
  airflow "$@" </dev/null >"$d/$n.out" 2>"$d/$n.err"
  say code "$n" $?
  ! grep -q "Can't decrypt _val" "$d/$n.out" "$d/$n.err" || say saw "$n" undecryptable
  ! grep -q 'empty cryptography key' "$d/$n.out" "$d/$n.err" || say saw "$n" keyless
  i=$(sed -n "s/.*Encountered .* in .extra. .*connection '\\([A-Za-z0-9_.:-]*\\)'.*/\\1/p" "$d/$n.err" | tail -n 1)
  [ -z "$i" ] || say saw "$n" "extra:$i"
}}
give() {{ say file "$1"; cat "$2"; echo; say end "$1"; }}
"""

_TEAMS = """\
t=${AIRFLOW__CORE__MULTI_TEAM-}
c=${AIRFLOW_CONFIG:-${AIRFLOW_HOME:-$HOME/airflow}/airflow.cfg}
[ -n "$t" ] || t=$(sed -n 's/^[[:blank:]]*multi_team[[:blank:]]*[=:][[:blank:]]*//p' "$c" 2>/dev/null | tail -n 1)
case $t in [Tt]*|1) say saw config teams;; esac
"""
"""Whether `[core] multi_team` is set, without the seconds that `airflow config get-value` takes."""


FILE = "\0"
"""Marks where the file of a call goes among its arguments. No real argument can be this."""


@dataclass(frozen=True, slots=True)
class Call:
    """One run of `airflow`. Its arguments have no secrets: they are in the list of processes and in Airflow's log."""

    name: str
    """The name of its results, a word."""
    arguments: tuple[str, ...]
    file: str = ""
    """The name of the file that the command reads or writes. Empty without one."""
    content: str | None = None
    """The content of that file before the call: lines of ASCII."""
    keeps_output: bool = False
    """Whether its output is its result."""

    def words(self) -> tuple[str, ...]:
        """The command as a user would type it."""
        return ("airflow", *("FILE" if part == FILE else part for part in self.arguments))


@dataclass(frozen=True, slots=True)
class Answer:
    """The results of a script."""

    codes: Mapping[str, int]
    """The exit codes of the calls that have ended."""
    files: Mapping[str, str] = field(repr=False)
    """The results of the calls that had one."""
    seen: frozenset[tuple[str, str]] = frozenset()
    """The names of calls, with what was noticed in their output."""


class CutOff(AirconnError):
    """The script began and didn't report its end, so that its work may be done or not."""


def script_of(calls: Sequence[Call], nonce: str) -> str:
    """The text of a script that makes these calls one after the other, as each needs a lot of memory."""
    parts = [_HEAD.format(mark=MARK, nonce=nonce), _TEAMS]
    for call in calls:
        path = f'"$d"/{call.file}'
        if call.content is not None:
            end = f"{nonce}-{call.name}"
            parts.append(f"cat >{path} <<'{end}'\n{call.content.rstrip(chr(10))}\n{end}\n")
        arguments = " ".join(path if part == FILE else shlex.quote(part) for part in call.arguments)
        parts.append(f"call {call.name} {arguments}\n")
        if call.keeps_output:
            parts.append(f'give {call.name} "$d/{call.name}.out"\n')
        elif call.file and call.content is None:
            parts.append(f"[ ! -f {path} ] || give {call.name} {path}\n")
    return "".join((*parts, "say end\n"))


def carry_out(prefix: Prefix, calls: Sequence[Call], environ: Mapping[str, str], patience: float) -> Answer:
    """Runs these calls in one shell, through the prefix.

    Raises `TargetError` where none of them was made, and `CutOff` where that isn't sure.
    """
    nonce = secrets.token_hex(12)
    script = script_of(calls, nonce)
    try:
        ran = prefix.run(script, environ, patience)
    except Silent as error:
        raise CutOff(
            error.message, where=prefix.address, hint="--timeout waits longer; for airflow-cli: it counts five times"
        ) from None
    return _answer(ran, script, nonce, prefix)


def _answer(ran: Ran, script: str, nonce: str, prefix: Prefix) -> Answer:
    codes: dict[str, int] = {}
    files: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    lines = ran.out.decode(errors="replace").replace("\r\n", "\n").split("\n")
    started = ended = False
    inside: list[str] | None = None
    for line in lines:
        word, *rest = line.removeprefix(mark).split(" ") if line.startswith(mark := f"{MARK}{nonce} ") else ("",)
        if word == "start":
            started = True
        elif word == "lacks":
            raise lacking(rest[0], prefix)
        elif word == "code":
            codes[rest[0]] = int(rest[1])
        elif word == "saw":
            seen.add((rest[0], rest[1]))
        elif word == "file":
            inside = []
        elif word == "end" and rest and inside is not None:
            files[rest[0]], inside = "\n".join(inside), None
        elif word == "end":
            ended = True
        elif inside is not None and not word:
            inside.append(line)
    if not started:
        raise not_started(ran, script, prefix)
    if not ended:
        raise CutOff(
            f"it ended before its work was done (exit code {ran.code})",
            where=prefix.address,
            hint="maybe the container was stopped, or out of memory",
        )
    return Answer(codes, files, frozenset(seen))


def lacking(what: str, prefix: Prefix) -> TargetError:
    """The error for a place without `airflow`, or without a directory for files."""
    if what == "airflow":
        return TargetError(
            "no airflow command found there",
            where=prefix.address,
            hint="check that it is the right container; if airflow isn't in its PATH, "
            "add that to the prefix, such as env PATH=/opt/airflow/bin:/usr/bin:/bin",
            topic="addresses",
        )
    hint = "TMPDIR, or the system's directory for temporary files, must be writable"
    return TargetError("no temporary directory can be made there", where=prefix.address, hint=hint)


def not_started(ran: Ran, script: str, prefix: Prefix) -> TargetError:
    """Why the shell did nothing. The message is that of the command, which was sent no secret."""
    words = ran.last_words or last_line(ran.out)
    if not ran.code and not words:
        return TargetError(
            "the input for the shell there didn't reach it",
            where=prefix.address,
            hint="docker exec and kubectl exec need -i for that, such as airflow-cli:docker exec -i scheduler",
            topic="addresses",
        )
    said = f": {words[:_LONGEST]}" if words and words not in script else ""
    return TargetError(
        f"no shell could be run there (exit code {ran.code}){said}",
        where=prefix.address,
        hint=f"try it by hand: {prefix.by_hand('airflow', 'version')}",
    )
