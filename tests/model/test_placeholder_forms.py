"""The table of placeholders: each form knows its own examples, and nothing that people have as passwords."""

from __future__ import annotations

import random
import string
import time

import pytest

from airconn.model.placeholder_forms import FORMS, Form, PlaceholderType, way_out
from airconn.model.placeholder_search import form_of, may_have_one
from tests.formats.well_formed_objects import PASSWORDS

BLOCKING = [form for form in FORMS if form.type is not PlaceholderType.SAMPLE]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.type.value}-{form.examples[0][:20]}")
def test_each_example_is_of_its_form(form: Form) -> None:
    assert form.examples
    for example in form.examples:
        assert form_of(example) is form
        assert form_of(f"  {example}\n") is form
        assert may_have_one(f'{{"a": "{example}"}}')
    assert form.what
    assert way_out(form)


@pytest.mark.parametrize(
    "form",
    [form for form in BLOCKING if form.any_case],
    ids=lambda form: f"{form.type.value}-{form.examples[0][:20]}",
)
def test_capitals_make_no_difference_to_these(form: Form) -> None:
    for example in form.examples:
        for text in (example.upper(), example.lower()):
            found = form_of(text)
            assert found is not None
            assert found.type is form.type


@pytest.mark.parametrize("example", ["Bearer {{ token }}", "Bearer ****", "Basic ${AUTH}", "token op://a/b/c"])
def test_what_a_header_has_in_front_makes_no_difference(example: str) -> None:
    assert form_of(example) is not None


def test_no_password_is_taken_for_one() -> None:
    assert [text for text in PASSWORDS if form_of(text)] == []


def test_random_passwords_are_taken_for_one_less_than_once_in_ten_thousand() -> None:
    chooser = random.Random(7)
    alphabets = [
        string.printable[:94],
        string.ascii_letters + string.digits,
        string.ascii_letters + "-_.",
        "0123456789",
    ]
    texts = [
        "".join(chooser.choices(chooser.choice(alphabets), k=chooser.randint(6, 32))) for _ in range(20_000)
    ]  # fmt: skip
    found = [form for text in texts if (form := form_of(text))]
    assert len(found) <= 2


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.type.value}-{form.examples[0][:20]}")
def test_a_long_text_that_is_nearly_one_is_quick(form: Form) -> None:
    start = time.process_time()
    for example in form.examples:
        half = example[: len(example) // 2 + 1]
        for text in (example * 20_000, half * 20_000, example + half * 20_000 + "\0", half + " " * 100_000 + example):
            form_of(text[:1_000_000])
    assert time.process_time() - start < 5
