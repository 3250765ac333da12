from __future__ import annotations

import random

import pytest

from frontdesk.actions.responses import DomainResponses, variations
from frontdesk.core.domain import Response, ResponseCondition
from frontdesk.core.events import SlotSet
from frontdesk.core.message import Button


def condition(name: str, value: object) -> ResponseCondition:
    return ResponseCondition(name, value)


ANY = Response("any")
REST = Response("rest", channel="rest")
GOLD = Response("gold", conditions=(condition("tier", "Gold"),))
REST_GOLD = Response("rest gold", channel="rest", conditions=(condition("tier", "Gold"),))


@pytest.mark.parametrize(
    ("responses", "channel", "tier", "chosen"),
    [
        ([ANY, REST, GOLD, REST_GOLD], "rest", "gold", [REST_GOLD]),  # conditions and channel come first
        ([ANY, REST, GOLD], "rest", "gold", [REST]),  # then the channel, even before conditions that hold
        ([ANY, GOLD], "rest", "gold", [GOLD]),
        ([ANY, GOLD], "rest", "silver", [ANY]),
        ([ANY, REST, GOLD, REST_GOLD], "slack", "gold", [GOLD]),
        ([ANY, REST], "slack", None, [ANY]),
        ([REST], "slack", None, []),
        ([GOLD], "rest", None, []),
        ([ANY, Response("other")], "rest", None, [ANY, Response("other")]),
    ],
)
def test_which_variations_fit(responses, channel, tier, chosen) -> None:
    assert variations(responses, channel, {"tier": tier}) == chosen


def test_conditions_compare_texts_without_case_and_all_must_hold() -> None:
    both = Response("x", conditions=(condition("a", "YES"), condition("n", 1)))
    assert variations([both], "rest", {"a": "yes", "n": 1}) == [both]
    assert variations([both], "rest", {"a": "yes", "n": 2}) == []


async def test_the_same_seed_says_the_same(build) -> None:
    domain = build.domain(responses={"utter_hi": [Response(str(i)) for i in range(9)]})
    tracker = build.tracker(domain)

    async def texts(seed: int) -> list[str | None]:
        nlg = DomainResponses(domain, rng=random.Random(seed))
        said = [await nlg.generate("utter_hi", tracker, "rest") for _ in range(20)]
        return [message.text for message in said if message]

    assert await texts(1) == await texts(1)
    assert len(set(await texts(1))) > 3


async def test_arguments_go_before_slots_and_slots_before_facts(build) -> None:
    domain = build.domain(
        build.slot("name"),
        build.slot("opening.hours"),
        responses={"utter_x": "{name} {day} {opening.hours} {opening.day}"},
    )
    tracker = build.tracker(domain, SlotSet("name", "Ann"), SlotSet("opening.hours", "slot"))
    nlg = DomainResponses(domain, {"opening.hours": "9-17", "opening.day": "Monday", "day": "fact"})
    message = await nlg.generate("utter_x", tracker, "rest", {"day": "today", "name": "Bob"})
    assert message is not None
    assert message.text == "Bob today slot Monday"


async def test_every_part_is_filled_and_nothing_of_the_domain_changes(build) -> None:
    response = Response(
        "Hi {name}",
        buttons=(Button("For {name}", '/inform{"name": "{name}"}', "postback"), Button("No", "/deny")),
        channel="rest",
        conditions=(condition("name", "Ann"),),
        id="hi-1",
        data={
            "image": "https://x.example/{name}.png",
            "custom": {"a": ["{name}"]},
            "elements": [{"title": "{name}"}],
            "quick_replies": [{"title": "{name}"}],
            "metadata": {"note": "{name}"},
        },
    )
    domain = build.domain(build.slot("name"), responses={"utter_hi": [response]})
    message = await DomainResponses(domain).generate(
        "utter_hi", build.tracker(domain, SlotSet("name", "Ann")), "rest"
    )
    assert message is not None
    assert message.text == "Hi Ann"
    assert message.data == {
        "elements": [{"title": "{name}"}],  # as in Rasa
        "quick_replies": [{"title": "Ann"}],
        "buttons": [
            {"title": "For Ann", "payload": '/inform{"name": "Ann"}', "type": "postback"},
            {"title": "No", "payload": "/deny"},
        ],
        "attachment": "https://x.example/Ann.png",
        "image": "https://x.example/Ann.png",
        "custom": {"a": ["Ann"]},
    }
    assert message.metadata == {
        "metadata": {"note": "{name}"},
        "channel": "rest",
        "id": "hi-1",
        "condition": [{"type": "slot", "name": "name", "value": "Ann"}],
        "utter_action": "utter_hi",
    }
    assert response.data["custom"] == {"a": ["{name}"]}


async def test_no_such_response(build) -> None:
    domain = build.domain()
    assert await DomainResponses(domain).generate("utter_nothing", build.tracker(domain), "rest") is None
