from __future__ import annotations

from typing import Any

from frontdesk.channels.render import plain, render
from frontdesk.core.events import BotUttered

BUTTONS = [{"title": "Yes", "payload": "/affirm"}]


def test_a_text_is_split_at_blank_lines() -> None:
    assert render(BotUttered("one\n\ntwo\nlines"), "ann") == [
        {"recipient_id": "ann", "text": "one"},
        {"recipient_id": "ann", "text": "two\nlines"},
    ]


def test_a_text_with_buttons_stays_whole() -> None:
    assert render(BotUttered("one\n\ntwo", {"buttons": BUTTONS}), "ann") == [
        {"recipient_id": "ann", "text": "one\n\ntwo", "buttons": BUTTONS}
    ]


def test_everything_that_can_be_said() -> None:
    content = {
        "custom": {"a": 1},
        "image": "https://x/i.png",
        "attachment": "https://x/f.pdf",
        "elements": [{"title": "T", "subtitle": "S", "buttons": BUTTONS}],
    }
    assert [sorted(set(b) - {"recipient_id"}) for b in render(BotUttered(None, content), "ann")] == [
        ["custom"], ["image"], ["attachment"], ["buttons", "metadata", "text"],
    ]  # fmt: skip


def test_an_image_that_is_also_the_attachment_is_sent_once() -> None:
    assert len(render(BotUttered(None, {"image": "u", "attachment": "u"}), "ann")) == 1


def test_sources_are_for_our_own_page_only() -> None:
    [reply] = render(BotUttered("x", metadata={"sources": [{"title": "T"}]}), "ann")
    assert reply["metadata"] == {"sources": [{"title": "T"}]}
    assert plain(reply) == {"recipient_id": "ann", "text": "x"}


def test_nothing_said_is_nothing_sent() -> None:
    assert render(BotUttered(None, {"buttons": [], "image": None}), "ann") == []


def test_what_has_another_shape_ends_no_turn() -> None:
    odd = {"elements": ["x", {"title": "T", "subtitle": "S", "buttons": 5}], "buttons": 7}
    bubbles = render(BotUttered("a", odd), "ann")
    assert bubbles[1]["metadata"] == {"element": {"title": "T", "subtitle": "S", "buttons": 5}}
    assert [plain(bubble) for bubble in bubbles] == [
        {"recipient_id": "ann", "text": "a", "buttons": []},
        {"recipient_id": "ann", "text": "T : S", "buttons": []},
    ]
    number: Any = 5
    assert render(BotUttered(number, {"elements": 3}), "ann") == [{"recipient_id": "ann", "text": "5"}]
