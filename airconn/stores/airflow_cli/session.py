"""Runs the `airflow` command, and remembers its version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airconn.airflow.command import dialect_of
from airconn.errors import TargetError, UsageError
from airconn.model import AirflowObject, AirflowVersion, Bundle, Kind, Selection, rules_for
from airconn.model.reading import Key, Note, Reading
from airconn.stores.airflow_cli import calls
from airconn.stores.airflow_cli.prefix import Prefix
from airconn.stores.airflow_cli.reading import document, exact_values, objects
from airconn.stores.airflow_cli.script import Answer, Call, CutOff, carry_out

PATIENCE = 5
"""The factor from the timeout of a server to that of a call of `airflow`: each start takes seconds, on a busy machine
many, and a long import prints nothing meanwhile."""
_OTHER_KEY = "as it was written with another Fernet key"
_FERNET = re.compile(r"gAAAAA[\w-]{60,}={0,2}")
"""A Fernet token: version 128 and a time in this epoch, in base64."""


class CommandSession:
    """One deployment behind a prefix."""

    def __init__(self, prefix: Prefix, environ: Mapping[str, str], patience: float) -> None:
        """`patience`: the seconds that a call may print nothing."""
        self.prefix = prefix
        self.teams = False
        """Whether this Airflow has teams, which is found out with its version."""
        self._environ = environ
        self._patience = patience
        self._version: AirflowVersion | None = None
        self._text = ""

    @property
    def known(self) -> AirflowVersion | None:
        """The version, if it was asked for already."""
        return self._version

    @property
    def version(self) -> AirflowVersion:
        """The version that `airflow version` prints. Asks once. Raises `TargetError`."""
        if self._version is None:
            self._asked(())
        assert self._version is not None  # noqa: S101 - it would have raised
        return self._version

    @property
    def text(self) -> str:
        """The version as it is printed. Asks once. Raises `TargetError`."""
        return self._text if self.version else ""

    def read(self, selection: Selection) -> Reading:
        """The selected objects. Raises `TargetError`."""
        kinds = [kind for kind in Kind if selection.reaches(kind)]
        return self.parsed(self._asked(self.exports(kinds)), kinds, selection) if kinds else Reading()

    def exports(self, kinds: Iterable[Kind]) -> list[Call]:
        """The calls that export these kinds."""
        found = [calls.export(kind) for kind in kinds]
        if Kind.VARIABLES in kinds and (self._version is None or dialect_of(self._version).exact):
            found.append(calls.VALUES)
        return found

    def work(self, todo: Sequence[Call]) -> Answer:
        """Runs these calls. Raises `TargetError` if none was run, and `CutOff` if that isn't known."""
        ask = [] if self._version else [calls.VERSION]
        answer = carry_out(self.prefix, [*ask, *todo], self._environ, self._patience)
        if ask:
            self._learn(answer)
        return answer

    def _asked(self, todo: Sequence[Call]) -> Answer:
        """Runs calls that change nothing. Raises `TargetError`."""
        try:
            return self.work(todo)
        except CutOff as error:
            raise TargetError(error.message, where=error.where, hint=error.hint) from None

    def _learn(self, answer: Answer) -> None:
        for line in reversed(answer.files.get(calls.VERSION.name, "").split("\n")):
            # The version is a line of its own, between the lines of the log.
            if re.fullmatch(r"\d+\.\d+\.\d+\S*", line.strip()):
                try:
                    self._version, self._text = AirflowVersion.parse(line), line.strip()
                    self.teams = ("config", "teams") in answer.seen
                    return
                except UsageError:
                    continue
        raise self._failure(calls.VERSION, answer)

    def parsed(self, answer: Answer, kinds: Sequence[Kind], selection: Selection) -> Reading:
        """The selected objects of the exports in an answer.

        The version of a variable says whether its text was told as it is. Raises `TargetError` where an export isn't
        whole: the command exits with 0 after failures, and with others after none, so that the file has to be there
        and the code to be 0.
        """
        version = self.version
        values = None
        if Kind.VARIABLES in kinds:
            printed = answer.files.get(calls.VALUES.name, "") if not answer.codes.get(calls.VALUES.name, 1) else ""
            values = exact_values(printed)
        found: list[AirflowObject] = []
        notes: list[Note] = []
        for kind in kinds:
            call = calls.export(kind)
            text = answer.files.get(call.name, "")
            if answer.codes.get(call.name) != 0 or not text.strip():
                raise self._failure(call, answer)
            entries = document(text, f"{self.prefix.address} {kind.value}")
            wanted = {id_: entry for id_, entry in entries.items() if selection.wants(kind, id_)}
            if kind is Kind.VARIABLES:
                for key in sorted(self._undecrypted(entries, values or {}, answer) & wanted.keys()):
                    del wanted[key]
                    where = f"{self.prefix.address} {kind.value}/{key}"
                    notes.append(
                        Note(where, f"Airflow can't decrypt it there, {_OTHER_KEY}: left out", left_out=True)
                    )
                notes += self._losses(wanted, exact=values is not None)
            found += objects(kind, wanted, version, self.prefix.address, values)
        exact: dict[Key, object] = {
            (obj.kind, obj.id): values is not None for obj in found if obj.kind is Kind.VARIABLES
        }
        return Reading(Bundle.of(found), tuple(notes), versions=exact)

    def _undecrypted(self, entries: Mapping[str, Any], values: Mapping[str, str], answer: Answer) -> set[str]:
        """The variables that Airflow couldn't decrypt: it exports null for them, and only its log tells.

        Raises `TargetError` where that is all of them, and where it has no key and exports what is encrypted.
        """
        name = calls.export(Kind.VARIABLES).name
        encrypted = [entry for entry in entries.values() if isinstance(entry, str) and _FERNET.fullmatch(entry)]
        if (name, "keyless") in answer.seen and encrypted:
            raise self._wrong_key("it has no Fernet key")
        if (name, "undecryptable") not in answer.seen:
            return set()
        lost = {key for key, entry in entries.items() if entry is None and values.get(key) != "null"}
        if lost and len(lost) == len(entries):
            raise self._wrong_key("all were written with another Fernet key")
        return lost

    def _wrong_key(self, why: str) -> TargetError:
        return TargetError(
            f"Airflow can't decrypt its variables there: {why}",
            where=self.prefix.address,
            hint="AIRFLOW__CORE__FERNET_KEY, or [core] fernet_key, must be the same as the scheduler's",
        )

    def _failure(self, call: Call, answer: Answer) -> TargetError:
        code = answer.codes.get(call.name)
        said = "ended without a result" if code in (0, None) else f"failed with exit code {code}"
        hint = f"its output may hold secrets, and isn't shown: {self.prefix.by_hand(*call.words())}"
        # Airflow 2 only warns of such an extra, and fails for another reason.
        fails_on_extras = self._version is not None and rules_for(self._version).extra_is_object
        for name, what in sorted(answer.seen) if fails_on_extras else ():
            if name == call.name and what.startswith("extra:"):
                said += (
                    f": the extra of {what.removeprefix('extra:')} isn't a JSON object, and Airflow 3 fails on that"
                )
                delete = self.prefix.by_hand("airflow", "connections", "delete", what[6:])
                hint = (
                    "delete that connection and add it again, which loses its password and all "
                    f"its fields: save a copy first (airconn export --from metadb:), then {delete}"
                )
        return TargetError(f"{' '.join(call.words()[:3])} {said}", where=self.prefix.address, hint=hint)

    def _losses(self, entries: Mapping[str, Any], *, exact: bool) -> list[Note]:
        """Notes on what an export of variables leaves out or changes."""
        version = self.version
        lost = []
        if not exact and any(not isinstance(entry, str) for entry in entries.values()):
            lost.append("changes the text of values that are JSON (1.50 becomes 1.5)")
        if entries and not rules_for(version).variable_descriptions:
            lost.append("omits descriptions")
        said = f"airflow variables export of {version} {' and '.join(lost)}"
        return [Note(self.prefix.address, said)] if lost else []
