"""Responses worded by a real server under `nlg:`."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from frontdesk.actions.callback import CallbackResponses
from frontdesk.actions.catalog import action_for
from frontdesk.actions.responses import DomainResponses
from frontdesk.core.domain import Response, ResponseCondition
from frontdesk.core.events import BotUttered, SlotSet
from frontdesk.core.ports import ActionResult
from frontdesk.endpoint import Endpoint
from frontdesk.errors import ActionError
from frontdesk.testing.json_server import Asked, JsonServer, Reply

TIER = (ResponseCondition("tier", "gold"),)


@pytest.fixture
def domain(build):
    return build.domain(
        build.slot("tier"),
        build.slot("city"),
        responses={
            "utter_hi": [Response("Hi from the domain, {city}", id="plain"), Response("Yo", conditions=TIER, id="gold")],
            "utter_same": [Response("a", id="one"), Response("b", id="one")],
            "utter_ask_city": "Which city?",
        },
        forms={"city_form": ["city"]},
        actions=["action_tell"],
    )  # fmt: skip


async def words(server: JsonServer, domain: Any, tracker: Any, name: str = "utter_hi", **rest: Any) -> Any:
    options = {key: rest.pop(key) for key in ("token", "params", "headers", "basic_auth") if key in rest}
    nlg = CallbackResponses(Endpoint(f"{server.url}/nlg", **options), DomainResponses(domain), **rest)
    try:
        return await nlg.generate(name, tracker, "rest", {"day": "Sunday"})
    finally:
        await nlg.close()


async def test_what_is_sent_is_what_rasa_sends(build, domain) -> None:
    tracker = build.said(build.tracker(domain, SlotSet("tier", "gold")), "hello", "greet")
    with JsonServer(lambda _: {"text": "Hi!"}) as server:
        await words(
            server, domain, tracker, token="t", params={"a": "b"}, headers={"X-Key": "k"},
            basic_auth={"username": "u", "password": "p"},
        )  # fmt: skip
        (asked,) = server.asked
    assert (asked.path, asked.params) == ("/nlg", {"a": "b", "token": "t"})
    assert (asked.headers["x-key"], asked.headers["authorization"]) == ("k", "Basic dTpw")
    assert set(asked.body) == {"response", "id", "arguments", "tracker", "channel"}
    assert (asked.body["response"], asked.body["id"]) == ("utter_hi", "gold")
    assert asked.body["arguments"] == {"day": "Sunday"}
    assert asked.body["channel"] == {"name": "rest"}
    assert asked.body["tracker"]["slots"]["tier"] == "gold"
    assert [event["event"] for event in asked.body["tracker"]["events"]] == ["slot", "action", "user"]


@pytest.mark.parametrize(
    ("name", "tier", "expected"),
    [("utter_hi", None, "plain"), ("utter_hi", "gold", "gold"), ("utter_same", None, None), ("utter_x", None, None)],
)  # fmt: skip
async def test_the_id_is_that_of_the_first_variation_that_fits(build, domain, name, tier, expected) -> None:
    with JsonServer(lambda _: {"text": "Hi!"}) as server:
        await words(server, domain, build.tracker(domain, SlotSet("tier", tier)), name)
        assert server.asked[0].body["id"] == expected


async def test_a_whole_message(build, domain) -> None:
    answer = {
        "text": "Hi!", "buttons": [{"title": "A", "payload": "/a"}], "image": "https://x/i.png", "elements": [],
        "attachment": {"type": "file"}, "custom": {"k": 1}, "mood": "fine", "id": None,
    }  # fmt: skip
    with JsonServer(lambda _: answer) as server:
        message = await words(server, domain, build.tracker(domain))
    assert message.text == "Hi!"
    assert message.data == {
        "elements": [], "quick_replies": None, "buttons": answer["buttons"], "attachment": {"type": "file"},
        "image": "https://x/i.png", "custom": {"k": 1},
    }  # fmt: skip
    assert message.metadata["mood"] == "fine"


@pytest.mark.parametrize("answer", [None, {}, ""])
async def test_a_server_may_say_nothing(build, domain, answer) -> None:
    with JsonServer(lambda _: answer) as server:
        assert await words(server, domain, build.tracker(domain)) is None


BAD = [
    (["no"], "not an object"),
    ({"text": 5}, "'text' is not a text"),
    ({"buttons": ["a"]}, "'buttons' is not a list of objects"),
    ({"image": {}}, "'image' is not a text"),
    ({"custom": []}, "'custom' is not an object"),
    (Reply({"text": "x"}, status=500), "status 500"),
    (Reply(b"<html>"), "not JSON"),
    (Reply(b'{"text": "' + b"x" * 10_000_001 + b'"}'), "larger than 10 MB"),
]


@pytest.mark.parametrize(("answer", "what"), BAD)
async def test_where_the_server_fails_the_domain_speaks(build, domain, caplog, answer, what) -> None:
    tracker = build.tracker(domain, SlotSet("city", "Bath"))
    with JsonServer(lambda _: answer) as server:
        message = await words(server, domain, tracker)
        assert message.text == "Hi from the domain, Bath"
        assert what in caplog.text
        with pytest.raises(ActionError, match="did not word 'utter_x', and the domain has no such"):
            await words(server, domain, tracker, "utter_x")


async def test_a_server_that_hangs_or_is_not_there(build, domain) -> None:
    never = threading.Event()
    with JsonServer(lambda _: Reply({"text": "late"}, after=never)) as server:
        message = await words(server, domain, build.tracker(domain), deadline=0.1)
        assert message.text == "Hi from the domain, None"
        never.set()
    assert (await words(server, domain, build.tracker(domain))).text == "Hi from the domain, None"


async def test_only_the_last_events_are_sent_and_all_that_is_known(build, domain) -> None:
    tracker = build.said(build.tracker(domain, SlotSet("tier", "gold"), *[SlotSet("city", "x")] * 9))
    with JsonServer(lambda _: {"text": "Hi!"}) as server:
        await words(server, domain, tracker, max_events=3)
    assert len(server.asked[0].body["tracker"]["events"]) == 3
    assert server.asked[0].body["tracker"]["slots"]["tier"] == "gold"


# Everywhere that something is said.


def wording(asked: Asked) -> dict[str, Any]:
    return {"text": f"{asked.body['response']} in other words", "buttons": [{"title": "A", "payload": "/a"}]}


async def run(build, domain: Any, name: str, answer: Any = wording, server: Any = None) -> list[BotUttered]:
    import dataclasses

    with JsonServer(answer) as nlg_server:
        nlg = CallbackResponses(Endpoint(nlg_server.url), DomainResponses(domain))
        turn = build.turn(build.said(build.tracker(domain)), domain, server)
        events = await action_for(name, domain).run(dataclasses.replace(turn, nlg=nlg))
        await nlg.close()
    return [event for event in events if isinstance(event, BotUttered)]


async def test_responses_forms_and_actions_ask_the_server(build, domain) -> None:
    (said,) = await run(build, domain, "utter_hi")
    assert (said.text, said.metadata["utter_action"]) == ("utter_hi in other words", "utter_hi")
    (asked,) = await run(build, domain, "city_form")
    assert asked.text == "utter_ask_city in other words"
    own = {"response": "utter_hi", "buttons": [{"title": "B", "payload": "/b"}], "city": "Bath"}
    server = build.server(action_tell=ActionResult(responses=[own]))
    (told,) = await run(build, domain, "action_tell", server=server)
    assert told.text == "utter_hi in other words"
    assert [button["title"] for button in told.data["buttons"]] == ["A", "B"]


async def test_where_nobody_has_words_the_user_hears_an_apology_and_what_was_done_stays(
    build, domain
) -> None:
    own = {"response": "utter_new"}
    server = build.server(
        action_tell=ActionResult([{"event": "slot", "name": "city", "value": "Bath"}], [own])
    )
    with JsonServer(lambda _: Reply(status=500)) as nlg_server:
        nlg = CallbackResponses(Endpoint(nlg_server.url), DomainResponses(domain))
        turn = build.turn(build.said(build.tracker(domain)), domain, server)
        object.__setattr__(turn, "nlg", nlg)
        said, filled = await action_for("action_tell", domain).run(turn)
        restarted = await action_for("action_restart", domain).run(turn)
        await nlg.close()
    assert said.text.startswith("Sorry, I cannot find the words")
    assert (filled.name, filled.value) == ("city", "Bath")
    assert [event.type_name for event in restarted] == ["restart"]  # what is said there is optional
