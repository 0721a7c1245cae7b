"""Reads the objects that references name in other places, each place once for all that is needed of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airconn.addresses import is_file
from airconn.errors import AirconnError, BlockedError, InputError, InputErrors, TargetError, UsageError
from airconn.model import AirflowObject, AirflowVersion, Selection, hidden_fields
from airconn.model.reading import Reading
from airconn.override.allowed import Allowed
from airconn.override.references import Meant, ObjectReference
from airconn.transfer import reported_reads
from airconn.transfer.leaf_values import text_at
from airconn.transfer.places import Places

Found = str | AirflowObject | AirconnError


class ReferredPlaces:
    """The places that references name."""

    def __init__(self, places: Places, allowed: Allowed) -> None:
        self._places = places
        self._allowed = allowed

    def read(
        self, address: str, wanted: Mapping[str, ObjectReference], named_in: str, airflow: AirflowVersion
    ) -> dict[str, Found]:
        """What the references `wanted`, all into one place, give, by their texts. `named_in` is where they are."""
        meant = [each for reference in wanted.values() for each in reference.meant]
        ids = frozenset((each.kind, each.id) for each in meant)
        selection = Selection(kinds=frozenset(kind for kind, _ in ids), ids=ids)
        try:
            self._refuse_other_files(address)
            store = self._places.open_referred(address, named_in)
            reading = reported_reads.read(store, selection, self._places.context(airflow))
        except (InputErrors, UsageError) as error:
            return dict.fromkeys(wanted, _as_fault(error))
        except AirconnError as error:
            return dict.fromkeys(wanted, error)
        return {text: _found(reference, reading, store.address) for text, reference in wanted.items()}

    def _refuse_other_files(self, address: str) -> None:
        config = self._places.config
        location = config.location(address)
        is_of_user = address.startswith("@") and config.places.is_of_user(address)
        if is_file(location) and not is_of_user and not self._allowed.has_file(location):
            raise BlockedError(
                "this file is outside of the directories that --resolve allows",
                hint="allow its directory, as in --resolve ref,file:../secrets",
                topic="references",
            )


def _as_fault(error: InputErrors | UsageError) -> InputError:
    return InputError(str(error) if error.where else error.message, hint=error.hint)


def _found(reference: ObjectReference, reading: Reading, address: str) -> Found:
    there = [each for each in reference.meant if reading.bundle.get(each.kind, each.id) is not None]
    # What is a whole object is meant as one only if no shorter id has the rest as a field.
    leaves = [each for each in there if not each.is_whole]
    if len(there) > 1:
        names = " or ".join(sorted(f"{each.kind.value}/{each.id}" for each in (leaves or there)))
        return InputError(f"this is ambiguous there: {names}", hint="write ref:ADDRESS/KIND/ID#FIELD instead")
    if not there:
        return _missing(reference.meant, reading, address)
    meant = there[0]
    obj = reading.bundle.get(meant.kind, meant.id)
    if obj is None:
        return _missing(reference.meant, reading, address)
    try:
        if not meant.is_whole:
            return text_at(obj, meant.place, address)
        if hidden := hidden_fields(obj):
            return BlockedError(f"{address} hides {', '.join(hidden)} of {meant}", hint=_REAL)
        # A variable is its value.
        return obj if meant.kind.value == "connections" else text_at(obj, _value_of(meant).place, address)
    except UsageError as error:
        return InputError(error.message, hint=error.hint)
    except AirconnError as error:
        return error


_REAL = "read it where it is shown, such as ref:metadb:#… or ref:vault:///secret#… (airconn help secrets)"


def _value_of(meant: Meant) -> Meant:
    return Meant(meant.kind, meant.id, "value")


def _missing(meant: Iterable[Meant], reading: Reading, address: str) -> AirconnError:
    for each in meant:
        key = (each.kind, each.id)
        if why := reading.unreadable.get(key):
            return TargetError(f"{address}: {each.kind.value}/{each.id} could not be read: {why}")
        if why := reading.passed_over.get(key):
            return InputError(f"{address} has no {each.kind.value}/{each.id}: {why}")
    failed = next((note for note in reading.notes if note.failed), None)
    if failed is not None:
        return TargetError(f"not found in what could be read: {failed.message}", where=failed.where)
    names = " or ".join(dict.fromkeys(f"{each.kind.value}/{each.id}" for each in meant))
    return InputError(f"{address} has no {names}")
