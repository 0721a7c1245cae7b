"""What airconn says is said in plain words."""

from __future__ import annotations

import re

from tests.messages import Message, messages

REFUSED = re.compile(
    r"\b(nobody|somebody|whoever|anybody|is no(?= [a-z])(?! (more|longer))|is none|are none"
    r"|what stands|stands? (in|at|there|open)"
    r"|what there is|that there is|place for|otherwise than|stumbles?|breaks on|midst|wants?|wanted|with a word"
    r"|(the|this|that|a|other|another|which|each|every|no|of|source) places?|places)\b",
    re.IGNORECASE,
)
"""Words of the left column of the list of words: they are hard to read for many, or hide who does what."""
ALLOWED = re.compile(
    r"in place\b|takes? the place of|place of a (secret|value)|in the place\b|PLACE\b",
)


def test_no_message_has_a_word_that_is_hard_to_read() -> None:
    found = list(messages())
    assert len(found) > 2000
    assert {f"{one.path}:{one.line}: {one.text}" for one in found if refused(one)} == set()


def refused(message: Message) -> list[str]:
    """The refused words in a text."""
    text = ALLOWED.sub("", message.text)
    return [found[0] for found in REFUSED.finditer(text)]
