from __future__ import annotations

from frontdesk.core.ports import Index
from frontdesk.knowledge.bm25 import Bm25


def make(*texts):
    return Bm25([[(text, 1.0)] for text in texts])


def test_the_text_with_the_rarer_word_comes_first():
    index: Index = make("a blue lamp", "a red lamp", "a green lamp and a chair")
    assert [hit.position for hit in index.search("red lamps", 3)] == [1, 0, 2]


def test_a_text_without_a_shared_word_is_no_hit():
    assert make("one thing", "blue lamp").search("green chair", 5) == []
    assert make("one thing").search("", 5) == []


def test_a_heading_counts_more():
    index = Bm25([[("lamps", 1.0), ("about chairs", 1.0)], [("chairs", 3.0), ("about lamps", 1.0)]])
    assert [hit.position for hit in index.search("chairs", 2)] == [1, 0]


def test_scores_are_at_most_about_the_best_possible():
    index = make("blue lamp", "red chair", "green table")
    assert index.scores("blue lamp").max() <= index.best_possible("blue lamp") * 1.3
    assert index.best_possible("blue unseen") > index.best_possible("blue")


def test_an_empty_index():
    assert Bm25([]).search("anything", 3) == []


def test_ten_thousand_texts():
    index = make(*(f"text number{n} about subject{n % 100}" for n in range(10_000)))
    assert index.search("number7777 subject77", 1)[0].position == 7777
