from __future__ import annotations

import numpy as np
import pytest

from frontdesk.knowledge.passages import Passage, Unit
from frontdesk.knowledge.ranking import Ranker, Vectors


def passage(article, heading, *lines):
    units = tuple(Unit("sentence", (line,)) for line in lines)
    return Passage(article, article.title(), f"/{article}", heading, units, (0,) * len(units))


PASSAGES = [
    passage("lamps", "Cleaning a lamp", "Wipe the lamp with a cloth.", "Let it cool first."),
    passage("lamps", "Changing the bulb", "Unscrew the bulb.", "Put in a new one."),
    passage("chairs", "Cleaning a chair", "Brush the chair.", "Use soap on stains."),
]
QUESTIONS = [("how do I swap a bulb", 1), ("what removes stains", 2)]


@pytest.fixture
def ranker(embedder):
    units = [unit.text for one in PASSAGES for unit in one.units]
    vectors = Vectors(
        embedder.embed([one.text for one in PASSAGES]),
        embedder.embed([one.name for one in PASSAGES]),
        embedder.embed(units),
        embedder.embed([text for text, _ in QUESTIONS]),
    )
    return Ranker(PASSAGES, QUESTIONS, vectors)


def test_the_article_and_its_passage_are_found(ranker, embedder):
    text = "unscrew a bulb"
    best = ranker.rank(text, embedder.embed([text])[0], 2)
    assert [one.article for one in best] == [0, 1]
    assert best[0].passages == (1, 0)
    assert best[0].score > best[1].score


def test_a_known_question_speaks_for_its_article(ranker, embedder):
    text = "what removes stains"
    vector = embedder.embed([text])[0]
    with_it = ranker.rank(text, vector, 1)[0]
    without_it = next(one for one in ranker.rank(text, vector, 2, leave_out=1) if one.article == 1)
    assert with_it.article == 1
    assert with_it.score > without_it.score + 0.1


def test_words_alone_rank_too():
    ranker = Ranker(PASSAGES, QUESTIONS, None)
    best = ranker.rank("brush the chairs", None, 2)
    assert best[0].article == 1
    assert 0.5 < best[0].score < 1.6
    assert ranker.rank("nothing shared", None, 2) == []
    assert ranker.unit_scores(0, np.zeros(1, dtype=np.float32)) is None


def test_units_of_a_passage_are_compared(ranker, embedder):
    scores = ranker.unit_scores(2, embedder.embed(["Brush the chair."])[0])
    assert scores is not None
    assert scores.shape == (2,)
    assert scores[0] == pytest.approx(1.0)


def test_the_best_passage_for_a_question(ranker, embedder):
    assert ranker.best_passage(0, "unscrew the bulb", embedder.embed(["unscrew the bulb"])[0]) == 1
