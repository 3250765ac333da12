from __future__ import annotations

import numpy as np

from frontdesk.knowledge.extract import LONGEST, quote
from frontdesk.knowledge.passages import Passage, Unit


def passage(*units, paragraphs=None):
    made = tuple(unit if isinstance(unit, Unit) else Unit("sentence", (unit,)) for unit in units)
    return Passage("a", "Title", "/a", "Part", made, tuple(paragraphs or [0] * len(made)))


def near(*scores):
    return np.array(scores, dtype=np.float32)


STEPS = Unit("steps", ("Do this:", "First.", "Second."))


def test_the_nearest_sentence_is_quoted():
    found = quote("x", passage("Cats sleep.", "Dogs run.", "Birds fly."), near(0.1, 0.9, 0.1))
    assert found.text == "Dogs run."


def test_what_stands_near_it_and_fits_nearly_as_well_is_quoted_too():
    found = quote(
        "x", passage("Cats sleep.", "Dogs run.", "Birds fly.", "Fish swim."), near(0.8, 0.9, 0.75, 0.1)
    )
    assert found.text == "Cats sleep. Dogs run. Birds fly."


def test_a_sentence_that_leans_on_the_one_before_is_not_quoted_alone():
    found = quote("x", passage("Cats sleep.", "They like it.", "Birds fly."), near(0.1, 0.9, 0.1))
    assert found.text == "Cats sleep. They like it."


def test_a_sentence_that_leans_on_what_is_quoted_follows_it():
    found = quote("x", passage("Cats sleep.", "Dogs run.", "Then they rest."), near(0.1, 0.9, 0.1))
    assert found.text == "Dogs run. Then they rest."


def test_a_list_is_quoted_whole_with_its_words_before():
    found = quote("x", passage("Hello.", STEPS, "Bye."), near(0.1, 0.9, 0.1))
    assert found.text == "Do this:\n1. First.\n2. Second."


def test_a_list_follows_the_sentence_that_introduces_it():
    found = quote("x", passage("Dogs run.", STEPS), near(0.9, 0.1))
    assert found.text == "Dogs run.\nDo this:\n1. First.\n2. Second."


def test_words_shared_with_the_question_count():
    text = "The blue one is on the left."
    assert quote("blue left", passage("Cats sleep.", text), None).text == text
    assert quote("blue left", passage("Cats sleep.", text), near(0.55, 0.5)).score > 0.55


def test_the_answer_has_a_bound():
    long = ["Sentence number one is rather long, " * 4 + "really." for _ in range(8)]
    found = quote("x", passage(*long), near(*[0.9] * 8))
    assert 0 < len(found.text) <= LONGEST + 1


def test_every_word_stands_in_the_passage():
    units = ["Cats sleep.", "Dogs run.", "Then they rest.", "Fish swim."]
    found = quote("x", passage(*units), near(0.2, 0.9, 0.3, 0.8))
    assert found.text in " ".join(units)
