"""Choices as a list, and what is picked from it."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.channels.choices import Choice, choices, listed, picked, recalled, stand_in
from frontdesk.core.events import BotUttered, UserUttered
from frontdesk.core.tracker import Tracker

YES, NO = {"title": "Yes, please", "payload": "/yes"}, {"title": "No"}
OFFER = BotUttered(text="Which?", data={"buttons": [YES, NO]})


def after(*events: Any) -> Tracker:
    return Tracker.start("ann", {}).extend(events)


def test_what_has_another_shape_is_passed_over() -> None:
    found = choices([{"title": " a\n b "}, {"payload": "/x"}, 5, {}, {"title": "P", "url": "javascript:x"}])
    assert found == [Choice("a b", "a b"), Choice("/x", "/x"), Choice("…", "…"), Choice("P", "P")]
    assert choices(None) == []
    assert listed([Choice("Yes", "/y"), Choice("Page", "Page", "https://a.example")]) == [
        "1. Yes",
        "2. Page: https://a.example",
    ]


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("1", "/yes"), ("#1", "/yes"), (" 2. ", "No"), ("2)", "No"), ("3", None), ("0", None), ("-1", None),
        ("YES,  please", "/yes"), ("no", "No"), ("yes", None), ("1 lamp", None), ("", None), ("x" * 500, None),
    ],
)  # fmt: skip
def test_a_number_or_a_title_picks(text: str, payload: str | None) -> None:
    assert picked(after(UserUttered(text="hi"), OFFER, BotUttered(text="and more")), text) == payload


def test_a_number_is_no_button() -> None:
    assert picked(after(OFFER), "2", buttons=2) is None, "how many they want, not the second button"
    assert picked(after(OFFER), "no", buttons=2) == "No"
    assert picked(after(OFFER), "2", buttons=1) == "No", "more than there are buttons are a list"
    stars = BotUttered(
        text="How was it?", data={"buttons": [{"title": f"{n}", "payload": f"/{n}"} for n in (20, 10)]}
    )
    assert picked(after(stars), "10") == picked(after(stars), "10", buttons=3) == "/10"


def test_only_what_was_offered_last_can_be_picked() -> None:
    assert picked(after(OFFER, UserUttered(text="something else"), BotUttered(text="ok")), "1") is None
    assert picked(after(), "1") is None
    cards = BotUttered(data={"elements": [{"title": "Lamp", "buttons": [YES]}, 5]})
    assert picked(after(cards), "1") == "/yes"
    quick = BotUttered(text="Which?", data={"quick_replies": [YES]})
    assert picked(after(OFFER, quick), "1") == "/yes"


def test_what_stands_for_a_payload_is_found_in_the_conversation() -> None:
    long = {"title": "Long", "payload": "/x" + "y" * 2_000}
    offer = BotUttered(text="Which?", data={"buttons": [YES, long]})
    mark = stand_in(long["payload"])
    assert len(mark) < 64
    tracker = after(offer, UserUttered(text="hm"), BotUttered(text="?"))
    assert recalled(tracker, mark) == long["payload"]
    assert recalled(after(OFFER), mark) is None
