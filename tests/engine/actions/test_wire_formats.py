"""Both generations of `rasa-sdk` servers: 3.6 as recorded, and the installed one, live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk.actions.calls import request
from frontdesk.actions.context import ContextSigner
from frontdesk.actions.remote import RemoteActionServer
from frontdesk.core.events import ActionExecuted, ActiveLoop, SlotSet
from frontdesk.core.ports import ActionCall
from frontdesk.endpoint import Endpoint
from frontdesk.errors import ActionError, ActionRejected
from frontdesk.testing.json_server import Asked, JsonServer, Reply
from tests.conftest import action_server

RECORDED = json.loads((Path(__file__).parent / "recorded" / "sdk_3_6.json").read_text("utf-8"))

ACTIONS = """
from rasa_sdk import Action, ActionExecutionRejection, FormValidationAction
from rasa_sdk.events import FollowupAction, SlotSet


class Tell(Action):
    def name(self):
        return "action_tell"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"Hello {tracker.get_slot('name')}", seen=sorted(domain))
        dispatcher.utter_message(response="utter_hi", day="Sunday", buttons=[{"title": "A", "payload": "/a"}])
        return [SlotSet("seen", len(tracker.events)), FollowupAction("action_listen")]


class Refuse(Action):
    def name(self):
        return "action_refuse"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection("action_refuse", "not now")


class Fail(Action):
    def name(self):
        return "action_fail"

    def run(self, dispatcher, tracker, domain):
        raise ValueError("secret words")


class ValidateCityForm(FormValidationAction):
    def name(self):
        return "validate_city_form"

    def validate_city(self, value, dispatcher, tracker, domain):
        if value == "Bath":
            return {"city": "Bath, Somerset"}
        dispatcher.utter_message(text="No such city.")
        return {"city": None}
"""


def as_3_6(asked: Asked) -> Reply:
    """Answer as the server of rasa-sdk 3.6 did; it takes a call without a domain, and knows no digest."""
    if asked.path == "/actions":
        return Reply(RECORDED["actions"])
    found = RECORDED["answers"].get(asked.body["next_action"])
    if "domain" not in asked.body and asked.body["next_action"] == "action_tell":
        found = RECORDED["without_domain"]
    return Reply(found["body"], found["status"])


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of the rasa-sdk that is installed."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "wire_acts.py").write_text(ACTIONS, "utf-8")
    with action_server(folder, "rasa_sdk", "--actions", "wire_acts") as url:
        yield url


@pytest.fixture(params=["3.6", "installed"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "installed":
        yield request.getfixturevalue("live")
        return
    with JsonServer(as_3_6) as server:
        yield server.url


@pytest.fixture
def domain(build):
    slots = {name: {"type": "text", "mappings": [{"type": "custom"}]} for name in ("name", "city", "seen")}
    return build.domain(
        build.slot("name"), build.slot("city"), build.slot("seen", type="any"),
        forms={"city_form": ["city"]}, responses={"utter_hi": "Closed on {day}"},
        wire={"slots": slots, "forms": {"city_form": {"required_slots": ["city"]}}},
    )  # fmt: skip


@pytest.fixture
def tracker(build, domain):
    heard = build.said(build.tracker(domain, SlotSet("name", "Ann")), "hi", "greet")
    form = [ActiveLoop("city_form"), SlotSet("requested_slot", "city"), ActionExecuted("city_form")]
    return heard.extend([*form, SlotSet("city", "Bath")])


async def test_both_generations_give_the_same(build, url, domain, tracker) -> None:
    server = RemoteActionServer(Endpoint(f"{url}/webhook"))

    async def run(name: str) -> Any:
        return await server.run(name, tracker, domain, ActionCall("rest", message_id="m1"))

    told = await run("action_tell")
    assert [(event["event"], event["name"]) for event in told.events] == [
        ("slot", "seen"), ("followup", "action_listen"),
    ]  # fmt: skip
    assert told.events[0]["value"] == 7
    first, second = told.responses
    assert (first["text"], first["seen"]) == ("Hello Ann", ["forms", "slots"])
    assert (second["response"], second["day"], second["text"]) == ("utter_hi", "Sunday", None)
    validated = await run("validate_city_form")
    assert [(event["name"], event["value"]) for event in validated.events] == [("city", "Bath, Somerset")]
    with pytest.raises(ActionRejected, match="not now") as refused:
        await run("action_refuse")
    assert refused.value.action == "action_refuse"
    with pytest.raises(ActionError, match="status 500") as failed:
        await run("action_fail")
    assert "secret" not in str(failed.value)
    with pytest.raises(ActionError, match="no action 'action_none'"):
        await run("action_none")
    names = {"action_tell", "action_refuse", "action_fail", "validate_city_form"}
    assert await server.names() == names
    await server.close()


async def test_what_an_action_says_becomes_a_message(build, url, domain, tracker) -> None:
    from frontdesk.actions.custom import perform

    server = RemoteActionServer(Endpoint(f"{url}/webhook"))
    hello, hours, seen, followup = await perform(build.turn(tracker, domain, server), "action_tell")
    assert (hello.text, hours.text) == ("Hello Ann", "Closed on Sunday")
    assert hours.data["buttons"] == [{"title": "A", "payload": "/a"}]
    assert (seen.value, followup.name) == (7, "action_listen")
    await server.close()


async def test_a_domain_that_is_held_back(url, domain, tracker) -> None:
    """3.6 runs the action with an empty domain; a newer server asks for it once (449), and then knows its digest."""
    server = RemoteActionServer(Endpoint(f"{url}/webhook"), selective_domain=True)
    for _ in range(2):
        told = await server.run("action_tell", tracker, domain, ActionCall("rest", message_id="m1"))
        assert told.responses[0]["seen"] in ([], ["forms", "slots"])
    await server.close()


async def test_a_newer_server_is_sent_a_domain_once(domain, tracker) -> None:
    known: set[str] = set()

    def as_3_21(asked: Asked) -> Any:
        if "domain" in asked.body:
            known.add(asked.body["domain_digest"])
        elif asked.body["domain_digest"] not in known:
            return Reply({"error": "Missing domain context", "action_name": "action_tell"}, 449)
        return {"events": [], "responses": []}

    with JsonServer(as_3_21) as sdk:
        server = RemoteActionServer(Endpoint(f"{sdk.url}/webhook"), selective_domain=True)
        for _ in range(3):
            await server.run("action_tell", tracker, domain, ActionCall("rest", message_id="m1"))
        await server.close()
        assert ["domain" in asked.body for asked in sdk.asked] == [False, True, False, False]


def test_a_call_has_all_that_rasa_sends(build, domain, tracker) -> None:
    body = json.loads(request("action_tell", tracker, ActionCall(), ContextSigner(), 500))
    assert set(body) == {"next_action", "sender_id", "tracker", "version"}
    assert set(body["tracker"]) == {
        "sender_id", "slots", "latest_message", "latest_event_time", "followup_action", "paused", "events",
        "latest_input_channel", "active_loop", "latest_action", "latest_action_name",
    }  # fmt: skip


@pytest.mark.parametrize(("most", "sent"), [(500, 27), (10, 10), (6, 6), (5, 5), (1, 5)])
def test_only_the_last_events_are_sent(build, domain, most, sent) -> None:
    """What is known does not depend on it, and what happened since the last message is never cut."""
    early = build.tracker(domain, *[SlotSet("name", "Ann")] * 21)
    heard = early.extend([ActionExecuted("action_listen"), build.user("hi", "greet")])
    form = [ActiveLoop("city_form"), SlotSet("requested_slot", "city"), ActionExecuted("city_form")]
    tracker = heard.extend([*form, SlotSet("city", "Bath")])
    wire = json.loads(request("validate_city_form", tracker, ActionCall(), ContextSigner(), most))["tracker"]
    assert len(wire["events"]) == sent
    assert wire["events"][-1] == {"event": "slot", "timestamp": None, "name": "city", "value": "Bath"}
    assert wire["slots"] == {"name": "Ann", "city": "Bath", "seen": None, "requested_slot": "city"}
    assert wire["latest_message"]["text"] == "hi"
    assert (wire["active_loop"]["name"], wire["latest_action_name"]) == ("city_form", "city_form")
    assert wire["latest_input_channel"] == "rest"
