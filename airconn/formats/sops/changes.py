"""Says which values of an encrypted text change, so that SOPS encrypts these and leaves all others as they are."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from airconn.errors import BlockedError
from airconn.formats.sops.clear import yaml_comments
from airconn.formats.sops.sealed import SopsType

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OWN_COMMENT = re.compile(r"#[ \t]*(?:airconn:|hidden by the source)")
_MANY = 10
"""The number of steps from which on fewer are tried."""
_NAMES = ("conn_id", "variable_name", "pool_name", "name")
"""The fields by which an entry of a list is known again."""
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class SopsStep:
    """One call of `sops set`, or of `sops unset`."""

    path: Path
    value: str | None
    """The value as JSON. None removes it."""

    @property
    def index(self) -> str:
        """The path as an argument of SOPS. Raises `BlockedError` for a key that can't be an argument."""
        for part in self.path:
            # `parseTreePath` of SOPS splits at each `[`, and knows no escapes.
            if isinstance(part, str) and ("[" in part or "\0" in part):
                raise _unaddressable()
        return "".join(f"[{part}]" if isinstance(part, int) else f'["{part}"]' for part in self.path)


@dataclass(frozen=True, slots=True)
class SopsChange:
    """The change of an encrypted text: what is edited as text, and then the steps of SOPS in their order."""

    base: str
    """The encrypted text with the comments of the new text. They aren't a part of the MAC."""
    steps: tuple[SopsStep, ...]
    keeps_shape: bool
    """Whether the steps only replace values, so that all else stays to the byte."""
    result: str | Sequence[Any]
    """What the text then has, in clear: as text, or as documents."""
    batch: tuple[SopsStep, ...] = ()
    """Fewer steps for many new entries, which write whole mappings. They may give values that don't change another
    ciphertext, and lose comments: their result counts only if it has all that was there."""


@dataclass(frozen=True, slots=True)
class _ScalarLeaf:
    tag: str
    value: str


def change_of(sealed: str, old: str, new: str, type_: SopsType, kept: Collection[Path] = ()) -> SopsChange:
    """The change that makes `new` of `old`, which is the clear text of `sealed`.

    What is at a `kept` place of the new text is another form of the same object, and stays as it is. Raises
    `BlockedError` for a change that SOPS can't make of a file of this type.
    """
    if type_ is SopsType.BINARY:
        return SopsChange(sealed, (SopsStep(("data",), json.dumps(new)),) if old != new else (), True, new)
    if type_ is SopsType.DOTENV:
        return _change_of_lines(sealed, old, new)
    before, after = documents(old, type_), documents(new, type_)
    if len(before) != len(after) or before[1:] != after[1:]:
        raise BlockedError(
            "sops changes only the first document of a file",
            hint="put the others into files of their own, or export the file again with --replace",
            topic="sops",
        )
    after[0] = _merged(before[0], after[0], frozenset(kept), ())
    base = _with_own_comments(sealed, old, new) if type_ is SopsType.YAML else sealed
    steps = tuple(_steps(before[0], after[0], ()))
    keeps = all(step.value is not None and _is_scalar_at(before[0], step) for step in steps)
    batch = _batch(before[0], after[0], steps) if len(steps) >= _MANY else ()
    return SopsChange(base, steps, keeps and base == sealed, after, batch)


def _batch(old: Any, new: Any, steps: Sequence[SopsStep]) -> tuple[SopsStep, ...]:
    """One step for each mapping that gets new entries. Empty if there are other changes."""
    parents = dict.fromkeys(step.path[:-1] for step in steps)
    is_alone = all(parent and _at(old, parent) is not None for parent in parents)
    is_alone = is_alone and all(step.value is not None and _at(old, step.path) is None for step in steps)
    return tuple(SopsStep(parent, _as_json(_at(new, parent))) for parent in parents) if is_alone else ()


def _at(node: Any, path: Path) -> Any:
    """What is at a place of a tree. None for nothing, and in lists, which are never written as a whole."""
    for part in path:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def _merged(old: Any, new: Any, kept: Collection[Path], path: Path) -> Any:
    """The new tree, with the old one where both mean the same: what is kept, unset fields, JSON as a text."""
    if path in kept or _is_json_of(old, new):
        return old
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {
        key: _merged(old[key], value, kept, (*path, key)) if key in old else value
        for key, value in new.items()
        if key in old or not _says_nothing(value)
    }


def _says_nothing(value: Any) -> bool:
    return value == {} or (isinstance(value, _ScalarLeaf) and value.tag == f"{_TAG}null")


def _is_json_of(old: Any, new: Any) -> bool:
    """Whether an object is replaced by the same as JSON in a text."""
    if not isinstance(old, dict | list) or not isinstance(new, _ScalarLeaf) or new.value[:1] not in ("{", "["):
        return False
    try:
        return _alike(old, documents(new.value, SopsType.JSON)[0])
    except BlockedError:
        return False


def _is_scalar_at(node: Any, step: SopsStep) -> bool:
    for part in step.path:
        if isinstance(node, dict):
            node = node.get(str(part))
        else:
            node = node[part] if isinstance(node, list) and isinstance(part, int) and part < len(node) else None
    return isinstance(node, _ScalarLeaf) and (step.value or "{")[0] not in "{["


def is_same(one: str, other: str | Sequence[Any], type_: SopsType) -> bool:
    """Whether a clear text has the same values as another one, or as the documents of it."""
    if type_ is SopsType.BINARY:
        return one == other
    if type_ is SopsType.DOTENV and isinstance(other, str):
        return [line for line in one.split("\n") if line] == [line for line in other.split("\n") if line]
    try:
        wanted = documents(other, type_) if isinstance(other, str) else other
        return _alike(documents(one, type_), list(wanted))
    except BlockedError:
        return False


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, _ScalarLeaf) and isinstance(other, _ScalarLeaf):
        # What is a text in one YAML and something else in another is the same for airconn, if it is written the same.
        return one == other or (one.value == other.value and f"{_TAG}null" not in (one.tag, other.tag))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return False


def lost_comments(old: str, new: str, type_: SopsType) -> int:
    """The number of comments of a new text that SOPS can't add to the encrypted file."""
    if type_ is not SopsType.YAML:
        return 0
    try:
        comments = [Counter(yaml_comments(text)) for text in (old, new)]
    except yaml.YAMLError:
        return 0
    own = Counter(line.lstrip("# ") for line in _own_comments(new))
    added = {text.lstrip("# "): number for text, number in (comments[1] - comments[0]).items()}
    return sum((Counter(added) - own).values())


def documents(text: str, type_: SopsType) -> list[Any]:
    """The documents of a text as trees of `dict`, `list` and scalars with their tags. Raises `BlockedError`."""
    try:
        if type_ is SopsType.JSON:
            return [
                _json_tree(
                    json.loads(text, parse_int=_NumberText, parse_float=_NumberText, parse_constant=_NumberText)
                )
            ]
        return [_yaml_tree(node) for node in yaml.compose_all(text, _LOADER)]
    except (ValueError, yaml.YAMLError, RecursionError):
        raise _unaddressable() from None


class _NumberText(str):
    """A number of JSON as it is written."""

    __slots__ = ()


def _json_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json_tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_tree(item) for item in value]
    if value is None or isinstance(value, bool):
        return _ScalarLeaf(f"{_TAG}{'null' if value is None else 'bool'}", json.dumps(value))
    return _ScalarLeaf(f"{_TAG}{'float' if isinstance(value, _NumberText) else 'str'}", str(value))


def _yaml_tree(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        found = {key.value: _yaml_tree(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        if len(found) != len(node.value):
            raise _unaddressable()
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_yaml_tree(value) for value in node.value]
    if node.tag == f"{_TAG}null":
        return _ScalarLeaf(node.tag, "null")
    return _ScalarLeaf(node.tag, node.value)


def _steps(old: Any, new: Any, path: Path) -> Iterator[SopsStep]:
    if isinstance(old, dict) and isinstance(new, dict) and old:
        inner = [*(key for key in old if key not in new), *new]
        if any("[" in key for key in inner if old.get(key) != new.get(key)):
            yield SopsStep(path, _as_json(new))
            return
        yield from (SopsStep((*path, key), None) for key in old if key not in new)
        for key, value in new.items():
            if key in old:
                yield from _steps(old[key], value, (*path, key))
            else:
                yield from _set((*path, key), value)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_steps(old, new, path)
    elif old != new:
        yield from _set(path, new)


def _set(path: Path, value: Any) -> Iterator[SopsStep]:
    if isinstance(value, list) and value:
        # A list alone can't be the value of `sops set`; its entries can.
        yield from (SopsStep((*path, index), _as_json(item)) for index, item in enumerate(value))
    else:
        yield SopsStep(path, _as_json(value))


def _list_steps(old: Sequence[Any], new: Sequence[Any], path: Path) -> Iterator[SopsStep]:
    """The steps for a list: changed entries where they are, then removals from the end on, then new ones."""
    names, wanted = list(map(_name_of, old)), list(map(_name_of, new))
    kept = [name for name in names if name in wanted]
    is_known = None not in names and None not in wanted and len(set(names)) == len(names)
    if is_known and kept == wanted[: len(kept)] and len(set(wanted)) == len(wanted):
        pairs = [(index, new[wanted.index(name)]) for index, name in enumerate(names) if name in wanted]
        gone, added = [index for index, name in enumerate(names) if name not in wanted], list(new[len(kept) :])
    else:
        pairs = list(enumerate(new[: len(old)]))
        gone, added = list(range(len(new), len(old))), list(new[len(old) :])
    for index, value in pairs:
        yield from _steps(old[index], value, (*path, index))
    yield from (SopsStep((*path, index), None) for index in reversed(gone))
    yield from (SopsStep((*path, len(pairs) + index), _as_json(value)) for index, value in enumerate(added))


def _name_of(entry: Any) -> str | None:
    if isinstance(entry, dict):
        for name in _NAMES:
            if isinstance(found := entry.get(name), _ScalarLeaf):
                return found.value
    return None


def _as_json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_json, value)) + "]"
    kind = value.tag.removeprefix(_TAG)
    if kind == "null":
        return "null"
    if kind in ("int", "float") and _PLAIN_NUMBER.fullmatch(value.value):
        return str(value.value)
    if kind == "bool" and value.value.lower() in ("true", "false"):
        return str(value.value.lower())
    # What only YAML 1.1 takes for a number, a date or a truth value is a text to all others.
    return json.dumps(value.value)


def _own_comments(text: str) -> list[str]:
    """The comments at the top of a text that airconn wrote there."""
    found = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.strip() and not line.startswith("#"):
            break
        if _OWN_COMMENT.match(line):
            found.append(line)
    return found


def _with_own_comments(sealed: str, old: str, new: str) -> str:
    """The encrypted text with the comments of airconn at its top as in the new text."""
    before, after = _own_comments(old), _own_comments(new)
    if before == after:
        return sealed
    lines, clear = sealed.split("\n"), old.split("\n")
    gone = set(before)
    kept = [
        line
        for index, line in enumerate(lines)
        if not (line.startswith("#") and clear[index : index + 1][:1] and clear[index] in gone)
    ]
    return "\n".join([*after, *kept])


def _change_of_lines(sealed: str, old: str, new: str) -> SopsChange:
    """The change of a `.env` file. Comments and places for new names are put in as text, which the MAC allows."""
    lines = [line for line in sealed.split("\n") if line]
    metadata = [line for line in lines if line.startswith("sops_")]
    lines = [line for line in lines if not line.startswith("sops_")]
    values = [line for line in old.split("\n") if line]
    comments: dict[str, list[str]] = defaultdict(list)
    if len(lines) != len(values):
        raise _unaddressable()
    for line, value in zip(lines, values, strict=True):
        if value.startswith("#"):
            comments[value].append(line)
    entries = [
        (line.partition("=")[0], line, value) for line, value in zip(lines, values, strict=True) if value[0] != "#"
    ]
    base: list[str] = []
    steps: list[SopsStep] = []
    position = 0
    for line in filter(None, new.split("\n")):
        if line.startswith("#"):
            known = comments[line]
            base.append(known.pop(0) if known else line)
            continue
        name, _, text = line.partition("=")
        value = json.dumps(text.replace("\\n", "\n"))
        index = next((index for index in range(position, len(entries)) if entries[index][0] == name), None)
        if index is None:
            base.append(f"{name}=")
            steps.append(SopsStep((name,), value))
            continue
        base += [entry for _, entry, _ in entries[position : index + 1]]
        steps += [SopsStep((gone,), None) for gone, _, _ in entries[position:index]]
        position = index + 1
        if entries[index][2] != line:
            steps.append(SopsStep((name,), value))
    base += [entry for _, entry, _ in entries[position:]]
    steps += [SopsStep((gone,), None) for gone, _, _ in entries[position:]]
    text = "\n".join([*base, *metadata, ""])
    is_same_text = [*base, *metadata] == [line for line in sealed.split("\n") if line]
    if not steps and not is_same_text and entries:
        name, _, value = entries[0][2].partition("=")
        steps.append(SopsStep((name,), json.dumps(value.replace("\\n", "\n"))))  # so that SOPS encrypts comments
    keeps = is_same_text and all(step.value is not None for step in steps)
    return SopsChange(text, tuple(steps), keeps, new)


def _unaddressable() -> BlockedError:
    return BlockedError(
        "this file can't be changed value by value with sops",
        hint="export it again with --replace, which encrypts the whole file anew",
        topic="sops",
    )
