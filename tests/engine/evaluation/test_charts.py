"""What the page draws by itself."""

from __future__ import annotations

import re

from frontdesk.evaluation.charts import chart
from frontdesk.evaluation.classification import figures
from frontdesk.evaluation.nlu_files import Measured

PAIRS = [("a", "a"), ("a", "<script>"), ("no_entity", "no_entity")]


def test_confusions_and_confidences() -> None:
    text = chart(Measured("x", "A & B", PAIRS, figures(PAIRS), [1.0, 0.97, 0.0], [0.5]))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "A &amp; B" in text
    assert "no_entity" not in text, "words outside of entities are no news"
    titles = re.findall(r"<title>([^<]*)</title>", text)
    assert len(titles) == 40
    assert "2 from 0.95 to 1.00" in titles
    assert "1 from 0.00 to 0.05" in titles
    assert "1 from 0.50 to 0.55" in titles


def test_without_confidences_there_is_no_picture() -> None:
    assert "<svg" not in chart(Measured("x", "X", PAIRS, figures(PAIRS), [1.0], [], sure=False))
    assert "<table" not in chart(Measured("x", "X", [], figures([])))
