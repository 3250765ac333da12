from __future__ import annotations

import pytest

from frontdesk.errors import ConfigError
from frontdesk.nlu.crf_features import WINDOW, WindowFeatures, shape
from tests.engine.nlu.conftest import messages


def test_shapes() -> None:
    assert [shape(text) for text in ("word", "Word", "WORD", "A", "iPhone12", "a-1", "12.5")] == [
        "x", "Xx", "XX", "X", "x0", "x-0", "0.0",
    ]  # fmt: skip


def test_a_token_knows_itself_and_its_neighbours() -> None:
    [message] = messages("Play big songs")
    window = WindowFeatures(
        [["low"], ["title", "prefix3", "suffix2", "stem", "pattern", "pair", "pos"], ["upper"]]
    )
    described = window.describe(message.tokens, [[], [4], []])
    assert described[0] == [
        "BOS",
        "0:title=True",
        "0:prefix3=pla",
        "0:suffix2=ay",
        "0:stem=play",
        "0:pair=play big",
        "1:upper=False",
    ]
    assert set(described[1]) >= {"-1:low=play", "0:pattern=4", "0:pair=big songs", "1:upper=False"}
    assert described[2] == [
        "-1:low=big",
        "0:title=False",
        "0:prefix3=son",
        "0:suffix2=gs",
        "0:stem=song",
        "EOS",
    ]


def test_the_default_window_reads_any_text() -> None:
    window = WindowFeatures(WINDOW)
    assert window.dense == (0,)
    [message] = messages("\u00dcber 12 :-) a")
    assert len(window.describe(message.tokens)) == len(message.tokens)
    assert window.describe([]) == []


@pytest.mark.parametrize("window", [[], [["low"], ["low"]], "low", [["lowest"]], [["prefix0"]], [{"low": 1}]])
def test_a_window_that_cannot_be_meant_is_refused(window: object) -> None:
    with pytest.raises(ConfigError, match="CRFEntityExtractor"):
        WindowFeatures(window)
