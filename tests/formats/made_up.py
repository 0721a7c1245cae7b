"""The `pairs` format, which only exists in the tests: a line for each variable, with a mark between key and value."""

from __future__ import annotations

from airconn.errors import InputError
from airconn.formats.base import Faults, ReadOptions, Rendered, WriteOptions, losses_of_kinds, reading
from airconn.formats.declaration import Format
from airconn.formats.format_option import FormatOption
from airconn.model import AirflowObject, Bundle, Kind, Origin, Text, Variable
from airconn.model.reading import Reading

MARK = FormatOption(
    "pairs_mark",
    "What is between a key and its value [:].",
    (":", "="),
    default=":",
    help_of_sources="What is between a key and its value in the sources [:].",
)


def sniff(text: str) -> bool:
    return text.startswith("# pairs")


def read(text: str, source: str, options: ReadOptions) -> Reading:
    if not sniff(text):
        raise InputError("the first line of pairs is # pairs", where=source)
    faults, found = Faults(), []
    for number, line in enumerate(text.splitlines()[1:], 2):
        key, mark, value = line.partition(options.value(MARK) or "")
        if mark:
            found.append(Variable(key=key, value=Text.of(value), origin=Origin(source, number)))
        else:
            faults.add("this line is not a pair", Origin(source, number))
    return reading(found, faults, kinds=FORMAT.kinds)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    lines = [f"{key}{options.value(MARK)}{_text(obj)}\n" for key, obj in bundle.variables.items()]
    return Rendered(
        "".join(["# pairs\n", *lines]), tuple(losses_of_kinds(bundle, [Kind.CONNECTIONS, Kind.POOLS], "pairs"))
    )


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    return obj if isinstance(obj, Variable) else None


def _text(variable: Variable) -> str:
    return variable.value.text if isinstance(variable.value, Text) else "***"


FORMAT = Format(
    "pairs", ("*.pairs",), sniff, reader=__name__, writer=__name__, kind_names=("variables",), options=(MARK,)
)
