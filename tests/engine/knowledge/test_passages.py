from __future__ import annotations

import pytest

from frontdesk.knowledge.articles import Article, Section
from frontdesk.knowledge.passages import LONGEST, Passage, passages, sentences


def cut(*lines, heading="Part"):
    return passages(
        Article("a", "Title", "/a", (), (), (Section(heading, tuple("\n".join(lines).split("\n"))),))
    )


def one(*lines):
    (passage,) = cut(*lines)
    return passage


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Costs $5.95 each. Free above.", ["Costs $5.95 each.", "Free above."]),
        ("Come at 9 a.m. on Monday.", ["Come at 9 a.m. on Monday."]),
        ("Use one, e.g. Paper. Done.", ["Use one, e.g. Paper.", "Done."]),
        (
            "Press it for 3 s. Wait. The answer is no. Go on.",
            ["Press it for 3 s.", "Wait.", "The answer is no.", "Go on."],
        ),
        ("Dr. Who is in. Ask No. 5.", ["Dr. Who is in.", "Ask No. 5."]),
        ('Say "Stop." Then go.', ['Say "Stop."', "Then go."]),
        ("The end (really). Next.", ["The end (really).", "Next."]),
        ("What? 5 days.", ["What?", "5 days."]),
        ("see it. lower case goes on", ["see it. lower case goes on"]),
        ("", []),
    ],
)
def test_sentences(text, split):
    assert sentences(text) == split


def test_paragraphs_are_split_into_sentences():
    passage = one("First sentence. Second", "one goes on.", "", "Another paragraph.")
    assert [unit.text for unit in passage.units] == [
        "First sentence.",
        "Second one goes on.",
        "Another paragraph.",
    ]
    assert passage.paragraphs == (0, 0, 1)
    assert passage.text == "First sentence. Second one goes on.\nAnother paragraph."
    assert passage.name == "Title. Part"


def test_a_list_is_one_unit_with_the_words_that_lead_into_it():
    passage = one("Before. Do this:", "", "1. First", "   step.", "2. **Second** step.", "", "After.")
    assert [unit.kind for unit in passage.units] == ["sentence", "steps", "sentence"]
    assert passage.units[1].lines == ("Do this:", "First step.", "Second step.")
    assert passage.text == "Before.\nDo this:\n1. First step.\n2. Second step.\nAfter."


def test_points_without_words_before_them():
    passage = one("- a: 1", "- b: 2", "* c: 3")
    assert passage.units[0].text == "- a: 1\n- b: 2\n- c: 3"


def test_a_table_becomes_points():
    passage = one("| What | How long |", "|---|---|", "| fast | 1 day |", "| slow | 5 days |")
    assert passage.units[0].text == "- fast: 1 day\n- slow: 5 days"


def test_quotes_fences_and_rules():
    passage = one("> Quoted text", "> goes on.", "", "---", "", "```", "code here", "```")
    assert [unit.text for unit in passage.units] == ["Quoted text goes on.", "code here"]


def test_a_long_section_becomes_several_passages():
    paragraphs = [f"{'Word ' * 100}number {n}.\n" for n in range(6)]
    made = cut(*paragraphs)
    assert len(made) > 1
    assert all(len(passage.text) <= LONGEST for passage in made)
    assert sum(len(passage.units) for passage in made) == 6


def test_links_are_flattened():
    assert one("See [the page](/help).").units[0].text == "See the page."


def test_wire_round_trip():
    passage = one("Do this:", "1. First", "2. Second", "", "After.")
    assert Passage.from_wire(passage.to_wire()) == passage
