from __future__ import annotations

import asyncio

import pytest

from frontdesk import measures
from frontdesk.measures import AMOUNTS, COUNTS, STOPS
from tests.engine.conftest import Heard


@measures.stop("understand")
async def understand(text: str) -> str:
    """Understand a text."""
    await asyncio.sleep(0)
    with measures.passing("act", "action_x"):
        if not text:
            raise ValueError("nothing")
    return text.upper()


@measures.stop("choose")
def choose(*texts: str) -> str:
    return max(texts)


async def test_a_stop_is_what_it_was_and_tells_when_it_begins_and_ends(heard: Heard) -> None:
    assert await understand("hello") == "HELLO"
    assert choose("a", "b") == "b"
    assert understand.__doc__ == "Understand a text."
    assert heard.lines == [
        ("enter", "understand", ""),
        ("enter", "act", "action_x"),
        ("leave", "act", 2, type(None)),
        ("leave", "understand", 1, type(None)),
        ("enter", "choose", ""),
        ("leave", "choose", 5, type(None)),
    ]


async def test_an_error_goes_on_and_is_told(heard: Heard) -> None:
    with pytest.raises(ValueError, match="nothing"):
        await understand("")
    assert heard.lines[2:] == [("leave", "act", 2, ValueError), ("leave", "understand", 1, ValueError)]


def test_what_happens_and_how_much_there_is(heard: Heard) -> None:
    measures.count("frontdesk_repeats")
    measures.count("csr_llm_tokens_used", "input", 120)
    measures.level("frontdesk_turns_owed", 3)
    measures.arrive({"a": "b"})
    measures.refresh()
    assert heard.lines == [
        ("count", "frontdesk_repeats", "", 1),
        ("count", "csr_llm_tokens_used", "input", 120),
        ("set", "frontdesk_turns_owed", 3),
        ("arrive", {"a": "b"}),
        ("refresh",),
    ]
    assert measures.carried() == {"traceparent": "here"}


async def test_where_nobody_listens_nothing_is_told() -> None:
    assert not measures.listened()
    assert await understand("hello") == "HELLO"
    assert choose("a", "b") == "b"
    measures.count("frontdesk_repeats")
    assert measures.carried() == {}


def test_a_label_has_only_foreseen_values() -> None:
    assert COUNTS["csr_sentiment_distribution"].admitted("negative") == "negative"
    assert COUNTS["csr_sentiment_distribution"].admitted("anna.bennett@example.com") == "other"
    assert all(bool(measure.label) == bool(measure.values) for measure in COUNTS.values())
    assert not any(measure.label for measure in AMOUNTS.values())
    assert len(STOPS) == 12
