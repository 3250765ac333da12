"""Pictures by matplotlib."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from frontdesk.evaluation import plots
from frontdesk.evaluation.classification import figures
from frontdesk.evaluation.nlu_files import Measured

PAIRS = [("a", "a")] * 12 + [("a", "<b>"), ("b", ""), ("ü", "ü")]
PNG = b"\x89PNG"


def test_a_picture_for_everything_measured(tmp_path: Path) -> None:
    intents = Measured("intent", "Intents", PAIRS, figures(PAIRS), [0.9, 1.0], [0.2])
    stories = Measured("story", "Actions", PAIRS, figures(PAIRS), sure=False)
    plots.draw(tmp_path, [intents, stories, Measured("nothing", "Nothing", [], figures([]))])
    assert {p.name: p.read_bytes()[:4] for p in tmp_path.iterdir()} == {
        "intent_confusion_matrix.png": PNG, "intent_histogram.png": PNG, "story_confusion_matrix.png": PNG,
    }  # fmt: skip


def test_a_graph_of_a_comparison(tmp_path: Path) -> None:
    plots.draw_curve(
        tmp_path / "graph.pdf", {"a": [[0.5, 0.4], [0.7, 0.4]], "b": [[1, 0]]}, [30, 15], "x", "y"
    )
    assert (tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF")


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plots.can_draw()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not plots.can_draw()
    assert "frontdesk[plots]" in plots.MISSING
