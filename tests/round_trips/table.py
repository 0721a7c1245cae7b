"""The tables of the page `round-trips`, and what they say of a pair."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.help_pages import HELP
from tests.round_trips.matrix import NEUTRAL, Results
from tests.round_trips.pairs import Verdict
from tests.round_trips.places import Place

SAME = "-"
"""The cell of a pair that is one place, or two ways to one Airflow."""
PAGE = HELP / "round-trips.md"
WORDS = {
    "pools": "pools",
    "variables": "variables",
    "ids": "ids",
    "values": "values",
    "hidden": "hidden",
    "conn_type": "conn_types",
    "description": "descriptions",
    "team_name": "team names",
    "include_deferred": "include_deferred",
    "extra": "extras",
    "port": "ports",
    "empty or not set": "empty or not set",
}
"""The reasons in the words of the page, in the order in which they are listed."""


def cell(verdict: Verdict) -> str:
    """`all`, or the number of objects that were kept; with what was lost in silence."""
    kept = "all" if verdict.kept == verdict.given else str(verdict.kept)
    return f"**{kept} !{len(verdict.silent)}**" if verdict.silent else kept


def reasons(verdict: Verdict) -> str:
    """What wasn't kept, in words: `6 pools, 4 ids`."""
    assert verdict.said.keys() <= WORDS.keys(), verdict.said.keys() - WORDS.keys()
    counted = [(len(set(verdict.said[name])), word) for name, word in WORDS.items() if name in verdict.said]
    return ", ".join(f"{number} {word if number > 1 else _one(word)}" for number, word in counted)


def _one(word: str) -> str:
    return re.sub(r"s$", "", word) if word != "pools" else "pool"


def holds(places: Sequence[Place], results: Results) -> str:
    """What each place keeps of the hundred, and what not."""
    rows = [
        (place.name, cell(found), reasons(found))
        for place in places
        if (found := results.get((NEUTRAL, place.name))) is not None
    ]
    return _table(("place", "kept", "not kept"), rows)


def hides(places: Sequence[Place], results: Results) -> str:
    """How many of the objects that a place gives have something that it hides, where there are any."""
    rows = []
    for place in places:
        found = results.get((place.name, NEUTRAL if place.name != NEUTRAL else "`yaml`"))
        if found is not None and "hidden" in found.said:
            rows.append((place.name, str(found.given), str(len(found.said["hidden"]))))
    return _table(("place", "objects that it gives", "of them with hidden values"), rows)


def pairs(what: str, names: Sequence[str], places: Sequence[Place], results: Results) -> str:
    """What is kept of the objects of each place in each of the places `names`."""
    given = {source: verdict.given for (source, _), verdict in results.items()}
    rows = []
    for place in places:
        found = (results.get((place.name, name)) for name in names)
        rows.append((f"{place.name} ({given[place.name]})", *(cell(one) if one else SAME for one in found)))
    return _table((what, *map(short, names)), rows)


def short(name: str) -> str:
    """The head of a column."""
    return re.sub(r"`env`, |://|^airflow-", "", name)


def groups(places: Sequence[Place]) -> Mapping[str, list[str]]:
    """The targets of each of the tables of pairs, by the head of its first column."""
    written = [place for place in places if place.is_written]
    files = [place.name for place in written if place.is_file]
    dotenv = [name for name in files if name.startswith("`env`")]
    return {
        "from, to a .env": dotenv,
        "from, to another file": [name for name in files if name not in dotenv],
        "from, to a backend": [place.name for place in written if place.group == "backends" and not _astro(place)],
        "from, to Astro or `local:`": [
            place.name for place in written if place.group == "backends" and _astro(place)
        ],
        "from, to an Airflow": [place.name for place in written if place.group == "airflows"],
    }


def _astro(place: Place) -> bool:
    return place.name.startswith(("`astro", "`local"))


def tables(places: Sequence[Place], results: Results) -> list[str]:
    """All tables of the page."""
    return [
        holds(places, results),
        hides(places, results),
        *(pairs(what, names, places, results) for what, names in groups(places).items()),
    ]


def write(places: Sequence[Place], results: Results) -> None:
    """Puts the tables into the page, each in the place of that with the same head."""
    text = PAGE.read_text(encoding="utf-8")
    for table in tables(places, results):
        head = _beginning(table)
        found = re.search(rf"^{re.escape(head)}.*\n(?:\|.*\n)+", text, re.MULTILINE)
        assert found, f"{PAGE.name}: no table begins with {head}"
        text = text[: found.start()] + table + text[found.end() :]
    PAGE.write_text(text, encoding="utf-8")


def _beginning(table: str) -> str:
    """What no other table of the page begins with: that of places needs the head of its second column."""
    first, second = table.split(" | ")[:2]
    return f"{first} | {second.split()[0]}" if first == "| place" else f"{first} |"


def stored() -> dict[tuple[str, str], str]:
    """The cells of the tables of pairs on the page, by the source and the head of the column."""
    found = {}
    for head, *rows in _tables_of_pairs(PAGE.read_text(encoding="utf-8")):
        for name, *cells in rows:
            source = re.sub(r" \(\d+\)$", "", name)
            found |= {(source, column): text for column, text in zip(head[1:], cells, strict=True)}
    return found


def _tables_of_pairs(text: str) -> Iterator[list[list[str]]]:
    for found in re.finditer(r"^\| from, .*\n(?:\|.*\n)+", text, re.MULTILINE):
        lines = [[one.strip() for one in line[1:-1].split("|")] for line in found[0].splitlines()]
        yield [lines[0], *lines[2:]]


def unlike(results: Results) -> dict[tuple[str, str], tuple[str, str]]:
    """The pairs of which the page says something else, with what it says and what is true."""
    page = stored()
    said = {pair: page.get((pair[0], short(pair[1])), "nothing") for pair in results}
    return {pair: (said[pair], cell(found)) for pair, found in results.items() if said[pair] != cell(found)}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |") for cells in lines)
