"""Records in expanded_by_go.json what compose-go and gotenv, which is the Astro CLI's reader, make of .env files.

    python tests/formats/record_expansion.py PROGRAM

PROGRAM is a Go program of a few lines around `ParseWithLookup` of compose-go's `dotenv` and `StrictParse` of gotenv
1.6. It is called with `compose` or `gotenv`, gets a list of `{"text": …, "environ": {…}}` on standard input, and
writes a list of `{"values": {…} or null, "unset": [the warnings of compose-go]}`.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

RECORD = Path(__file__).parent / "expanded_by_go.json"
ENVIRON = {"B": "bee", "E": "", "AA": "aa", "C1": "x"}
OF_COMPOSE = [
    *(
        "A",
        "B",
        "C",
        "$A",
        "${A}",
        "$B",
        "${B}",
        "$c",
        "${b}",
        "$1",
        "${1}",
        "${",
        "${A",
        "$$",
        "$",
        "\\$",
        "\\",
        "\\n",
    ),
    *("${C:-", "${C-", "${E:-", "${E-", "${B:+", "${C+", "${E:+", "${E+", "${A:?", "${C:?", "${C?", "}", "}", "{"),
    *('"', "'", " ", "#", "x", "-", ":", "?", "+", "\n", "\t", "=", '\\"', "é"),
]
OF_GOTENV = [
    "A",
    "B",
    "$A",
    "${A}",
    "$B",
    "${B}",
    "$E",
    "${E}",
    "$b",
    "${b}",
    "$Bx",
    "$",
    "x",
    "-",
    ":",
    "/",
    "é",
    ".",
]


def files(tokens: list[str], quotes: list[str], number: int) -> list[str]:
    """Random files, in which a line refers to the one above it."""
    chance = random.Random(1)
    found = []
    for _ in range(number):
        value = "".join(chance.choice(tokens) for _ in range(chance.randint(1, 8)))
        quote = chance.choice(quotes)
        found.append(f"A=first\nE2=\nAIRFLOW_VAR_X={quote}{value}{quote}\nAIRFLOW_VAR_Y=${{AIRFLOW_VAR_X}}\n")
    return found


def record(program: str, reader: str, texts: list[str]) -> list[dict[str, object]]:
    asked = [{"text": text, "environ": ENVIRON} for text in texts]
    done = subprocess.run([program, reader], input=json.dumps(asked), capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    return [
        {"text": text, "values": answer["values"], "has_unset": bool(answer.get("unset"))}
        for text, answer in zip(texts, answers, strict=True)
    ]


if __name__ == "__main__":
    recorded = {
        "compose": record(sys.argv[1], "compose", files(OF_COMPOSE, ["", '"', "", "'"], 400)),
        "gotenv": record(sys.argv[1], "gotenv", files(OF_GOTENV, ["", '"'], 200)),
    }
    RECORD.write_text(json.dumps({"environ": ENVIRON, **recorded}, indent=0, ensure_ascii=False) + "\n")
