"""What is said becomes messages that Slack takes: within its limits, and unable to mention or to mislead."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.channels.slack_out import SECTION, TEXT, after_choice, escape, messages, split
from tests.slack import refusal


def button(title: str, payload: Any = "/a", **more: Any) -> dict[str, Any]:
    return {"title": title, "payload": payload, **more}


def elements(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [e for block in message["blocks"] if block["type"] == "actions" for e in block["elements"]]


@pytest.mark.parametrize(
    "text", ["<!channel> hi", "<@U1>", "<https://evil.example|https://bank.example>", "a & b"]
)
def test_nobody_can_be_mentioned_and_no_link_has_another_name(text: str) -> None:
    card = {"title": text, "subtitle": text}
    for reply in (
        {"text": text},
        {"text": text, "buttons": [button(text)]},
        {"text": text, "buttons": [], "metadata": {"element": card}},
        {"attachment": text},
        {"image": text},
    ):
        for message in messages(reply):
            shown = [message["text"]] + [
                block["text"]["text"] for block in message.get("blocks", ()) if block["type"] == "section"
            ]
            assert shown
            for found in shown:
                assert "<" not in found
                assert escape(text) in found
    assert escape("1 < 2 & 3") == "1 &lt; 2 &amp; 3"


@given(st.text(alphabet="ab &<>\n", max_size=300), st.integers(min_value=5, max_value=60))
def test_a_text_in_parts_is_the_same_text(text: str, most: int) -> None:
    parts = split(text, most)
    assert all(0 < len(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(escape(text).split())


def test_a_long_text_is_cut_at_words() -> None:
    text = "several words " * 1000
    found = messages({"text": text})
    assert len(found) == 4
    assert all(len(m["text"]) <= TEXT and m["text"].split()[0] in ("several", "words") for m in found)
    [one] = messages({"text": text, "buttons": [button("A")]})
    sections = [block["text"]["text"] for block in one["blocks"] if block["type"] == "section"]
    assert len(sections) == 5
    assert max(map(len, sections)) <= SECTION


@pytest.mark.parametrize("count", [1, 25, 26, 60])
def test_buttons_stand_in_rows(count: int) -> None:
    [message] = messages({"text": "Which?", "buttons": [button(f"B{n}", f"/b{n}") for n in range(count)]})
    assert refusal({"channel": "C", **message}) is None
    assert [e["value"] for e in elements(message)] == [f"/b{n}" for n in range(count)]


def test_buttons_that_slack_would_not_take() -> None:
    buttons = [
        button("x" * 100), button("", "/only"), button("Title alone", None), button("Too long", "/x" * 1001),
        button("Page", "/p", url="https://x.example"), button("Odd", "/o", url="javascript:alert(1)"),
    ]  # fmt: skip
    [message] = messages({"text": "", "buttons": buttons})
    assert refusal(message) is None
    made = elements(message)
    assert [e["text"]["text"] for e in made] == ["x" * 74 + "…", "/only", "Title alone", "Page", "Odd"]
    assert [e.get("value") for e in made] == ["/a", "/only", "Title alone", None, "/o"]
    assert [e.get("url") for e in made] == [None, None, None, "https://x.example", None]
    assert message["blocks"][0]["text"]["text"] == "• Too long", "it is there to read"


@given(
    st.text(max_size=40),
    st.lists(
        st.fixed_dictionaries(
            {"title": st.text(max_size=90) | st.none(), "payload": st.text(max_size=30) | st.none()}
        ),
        max_size=30,
    ),
)
def test_slack_takes_whatever_is_said(text: str, buttons: list[dict[str, Any]]) -> None:
    for message in messages({"text": text, "buttons": buttons}):
        assert refusal(message) is None, message


def test_more_blocks_than_a_message_holds() -> None:
    found = messages({"text": "x" * SECTION * 60, "buttons": [button("A")]})
    assert [len(m["blocks"]) for m in found] == [50, 11]
    assert all(refusal(m) is None for m in found)


def test_images_attachments_and_cards() -> None:
    [image] = messages({"image": "https://x.example/i.png"})
    assert image["blocks"] == [
        {"type": "image", "image_url": "https://x.example/i.png", "alt_text": "https://x.example/i.png"}
    ]
    assert messages({"image": "i.png"}) == [{"text": "i.png"}]
    assert messages({"attachment": {"title": "A", "text": "B"}}) == [
        {"attachments": [{"title": "A", "text": "B"}]}
    ]
    card = {"title": "Lamp", "subtitle": "In sage", "image_url": "https://x.example/l.png"}
    reply = {"text": "Lamp : In sage", "buttons": [button("Take it")], "metadata": {"element": card}}
    [shown] = messages(reply)
    assert refusal(shown) is None
    assert [b["text"]["text"] for b in shown["blocks"][:2]] == ["*Lamp*", "In sage"]
    assert shown["blocks"][0]["accessory"]["image_url"] == "https://x.example/l.png"
    assert shown["text"] == "Lamp : In sage"


def test_custom_json_is_sent_as_it_is() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "<https://x.example|x>"}}
    assert messages({"custom": {"blocks": [section], "text": "x"}}) == [{"blocks": [section], "text": "x"}]
    assert messages({"custom": [section]}) == [{"blocks": [section]}]
    for custom in ("text", 5, [1]):
        with pytest.raises(ValueError, match="'custom'"):
            messages({"custom": custom})


def test_nothing_is_said_with_nothing() -> None:
    assert messages({"text": "  "}) == messages({}) == []


def test_only_our_buttons_go_when_one_is_pressed() -> None:
    [message] = messages({"text": "Which?", "buttons": [button("A"), button("B")]})
    own = {"type": "actions", "block_id": "menu", "elements": [{"type": "button"}]}
    replaced = after_choice({**message, "blocks": [*message["blocks"], own]}, "<A>")
    assert replaced is not None
    assert [block["type"] for block in replaced["blocks"]] == ["section", "actions", "context"]
    assert replaced["blocks"][1] == own
    assert "&lt;A&gt;" in replaced["blocks"][2]["elements"][0]["text"]
    for other in ({"blocks": [own]}, {"text": "x"}, {"blocks": "x"}, {}):
        assert after_choice(other, "A") is None
