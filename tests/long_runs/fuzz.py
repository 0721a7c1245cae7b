"""Broken files by the hundred thousand: what comes out is a result or an error of airconn, soon, without a secret."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from multiprocessing import Pool

from airconn.errors import AirconnError, InputErrors
from airconn.formats import get_format, names
from airconn.formats.dotenv import marks
from airconn.model import Kind
from tests.formats import strategies as some
from tests.formats.options import reading
from tests.formats.seeds import CANARY, SECRETIVE, SEEDS

SECONDS = 30
"""The time after which a reader counts as hanging."""
PIECES = [*some.PIECES, *some.WORDS, "\ud800", "\ufeff", "\r", "  ", "\n\n", "\n- ", "\n  "]
BATCH = 500


def run(number: int, seed: int) -> Counter[str]:
    """Gives each reader `number` broken files. Prints the texts that a reader failed on, and counts them."""
    counted: Counter[str] = Counter()
    with Pool() as pool:
        for name in names():
            started = time.monotonic()
            batches = [
                (name, min(BATCH, number - start), f"{seed} {name} {start}") for start in range(0, number, BATCH)
            ]
            found: Counter[str] = Counter()
            for part in pool.imap_unordered(_batch, batches):
                found += part
            print(f"{name}: {dict(found)}, {time.monotonic() - started:.0f} s", flush=True)
            counted += found
    return counted


def _batch(job: tuple[str, int, str]) -> Counter[str]:
    name, number, seed = job
    chance = random.Random(seed)
    found: Counter[str] = Counter()
    signal.signal(signal.SIGALRM, _hangs)
    for _ in range(number):
        text = broken(chance, chance.choice(SEEDS[name] if chance.random() < 0.7 else SECRETIVE[name]))
        signal.alarm(SECONDS)
        try:
            found[_read(name, text, chance)] += 1
        except Exception as error:  # noqa: BLE001 - any but those that `_read` expects is a fault of airconn
            found["FAILED"] += 1
            print(f"FAILED {name}: {text!r}: {error!r}", flush=True)
        finally:
            signal.alarm(0)
    return found


def _hangs(number: int, frame: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def _read(name: str, text: str, chance: random.Random) -> str:
    how = reading(
        airflow=chance.choice(some.VERSIONS),
        kind=chance.choice([None, *Kind]),
        env_dialect=chance.choice([None, *marks.NAMES]),
        expand=chance.choice([None, "environment", "file"]),
    )
    said: list[str] = []
    result = "read"
    try:
        said += [note.message for note in get_format(name).parse(text, "file", how).notes]
    except AirconnError as error:
        result = "refused"
        for fault in error.errors if isinstance(error, InputErrors) else (error,):
            said += [str(fault), fault.hint or ""]
    # A canary that was cut may be a name by now, and names are shown.
    if CANARY in text:
        assert all(CANARY not in message for message in said), "a message has a secret"
    return result


def broken(chance: random.Random, text: str) -> str:
    """A text with something taken out, put in, doubled or swapped, one to six times."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.randint(0, 12))
        match chance.randrange(5):
            case 0:
                piece = ""
            case 1:
                piece = text[start:end] * 2
            case 2:
                piece = chr(chance.choice((chance.randrange(0x80), chance.randrange(0x110000))))
            case 3:
                other = chance.randint(0, len(text))
                piece = text[other : other + chance.randint(0, 40)].replace(CANARY, "")  # it could become a name
            case _:
                piece = chance.choice(PIECES)
        text = text[:start] + piece + text[end:]
    return text[: chance.randint(0, len(text))] if chance.random() < 0.1 else text
