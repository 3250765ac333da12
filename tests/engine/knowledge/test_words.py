from __future__ import annotations

import pytest

from frontdesk.knowledge.words import raw_words, words


@pytest.mark.parametrize(
    "forms",
    [
        ("canceled", "cancelled", "cancel", "canceling", "cancelling", "cancels", "cancellation"),
        ("color", "colour", "colors", "coloured"),
        ("ship", "shipped", "shipping", "ships"),
        ("expire", "expires", "expired", "expiring"),
        ("delivery", "deliveries"),
        ("box", "boxes"),
        ("dress", "dresses"),
        ("e-mail", "email", "E-Mails"),
        ("organise", "organize", "organised", "organizing"),
        ("pay", "pays", "paying"),
        ("install", "installed", "installing", "installation"),
        ("center", "centre"),
        ("café", "cafe"),
    ],
)
def test_forms_of_a_word_are_one(forms):
    assert len({tuple(words(form)) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("bus", "bu"), ("ring", "r"), ("red", "r"), ("this", "thi"), ("sign", "sing")]
)
def test_different_words_stay_different(one, other):
    assert words(one) != words(other)


def test_stop_words_go():
    assert words("What is it that you do, and why don't I have the one?") == []


def test_numbers_and_codes_stay_as_they_are():
    assert words("E26 base, 5.95 or 1,000 in 2026") == ["e26", "bas", "5.95", "1,000", "2026"]


def test_hyphens_and_apostrophes():
    assert raw_words("two-step sign-in, t-shirt, don't") == ["two", "step", "sign", "in", "tshirt", "dont"]
