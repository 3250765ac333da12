"""Go back, branch off, go on from a correction; a customer's conversation is never written to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.engine.server.conftest import Inspector


def intents(conversation: Any) -> list[str]:
    return [turn["intent"] for turn in conversation["turns"] if turn["kind"] == "message"]


def texts(conversation: Any) -> list[str]:
    return [bubble["text"] for turn in conversation["turns"] for bubble in turn["said"]]


def numbers(conversation: Any) -> list[int]:
    return [turn["number"] for turn in conversation["turns"] if turn["kind"] == "message"]


def test_undo_to_a_turn(inspector: Inspector) -> None:
    talk = inspector.talk("can you take a message", "ann@example.com", "call me")
    back = inspector.post("undo", id=talk["id"], turn=numbers(talk)[0])
    assert (intents(back), back["loop"]) == (["leave_message"], "message_form")
    assert texts(back)[-1] == "What is your e-mail address?"
    # it goes on as if the rest had never been said
    again = inspector.post("message", id=talk["id"], text="bob@example.com")
    slots = {slot["name"]: slot["after"] for slot in inspector.turn(again)["slots"]}
    assert (slots["email"], slots["requested_slot"]) == ("bob@example.com", "note")


def test_undo_everything(inspector: Inspector) -> None:
    talk = inspector.talk("hello")
    assert inspector.post("undo", id=talk["id"], turn=-1)["turns"] == []
    again = inspector.post("message", id=talk["id"], text="are you a bot?")
    assert [turn["kind"] for turn in again["turns"]] == ["session", "message"]
    assert intents(again) == ["bot_challenge"]


def test_fork_from_a_turn(inspector: Inspector) -> None:
    talk = inspector.talk("can you take a message", "ann@example.com", "call me")
    copy = inspector.post("fork", id=talk["id"], turn=numbers(talk)[1])
    assert copy["id"] != talk["id"]
    assert copy["own"]
    assert (numbers(copy), copy["loop"]) == (numbers(talk)[:2], "message_form")
    assert intents(inspector.get("conversation", id=talk["id"])) == intents(talk)
    on = inspector.post("message", id=copy["id"], text="write to me")
    assert inspector.turn(on)["steps"][1]["action"] == "action_keep_message"


def test_a_customers_conversation_is_only_ever_copied(inspector: Inspector) -> None:
    inspector.says("customer-2", "hello", "are you a bot?")
    talk = inspector.get("conversation", id="customer-2")
    last = numbers(talk)[-1]
    for name, rest in (
        ("message", {"text": "x"}),
        ("undo", {"turn": 0}),
        ("understanding", {"turn": last, "intent": "goodbye"}),
        ("action", {"turn": last, "at": 1, "action": "utter_goodbye"}),
    ):
        answer = inspector.ask("POST", name, json={"id": "customer-2", **rest})
        assert (answer.status_code, answer.json()["reason"]) == (403, "NotAuthorized")
    copy = inspector.post("fork", id="customer-2", turn=last)
    fixed = inspector.post("understanding", id=copy["id"], turn=last, intent="goodbye")
    assert intents(fixed) == ["greet", "goodbye"]
    assert inspector.get("conversation", id="customer-2") == talk


def test_own_conversations_are_closed_to_other_channels(inspector: Inspector) -> None:
    inspector.says("customer-3", "hello")
    copied = inspector.post("fork", id="customer-3", turn=1)["id"]
    for name in (inspector.talk("hello")["id"], copied):
        answer = httpx.post(
            f"{inspector.server.url}/webhooks/rest/webhook", json={"sender": name, "message": "hello"}
        )
        assert answer.status_code == 403


def test_another_intent(inspector: Inspector) -> None:
    talk = inspector.talk("are you a bot?", "hello", "are you human?")
    number = numbers(talk)[1]
    fixed = inspector.post("understanding", id=talk["id"], turn=number, intent="goodbye")
    # what came after it was said to another answer, and is gone
    assert intents(fixed) == ["bot_challenge", "goodbye"]
    assert texts(fixed)[-1] == "Goodbye!"
    assert [turn["corrected"] for turn in fixed["turns"] if turn["kind"] == "message"] == [False, True]
    turn = inspector.turn(fixed)
    then, now = turn["understanding"]["then"], turn["understanding"]["now"]
    assert (then["intent"], then["confidence"]) == ("goodbye", 1.0)
    assert (now["intent"], turn["understanding"]["differs"]) == ("greet", True)


def test_other_entities_fill_slots(inspector: Inspector) -> None:
    talk = inspector.talk("can you take a message", "it is ann at example")
    number = numbers(talk)[1]
    entity = {"entity": "email", "start": 6, "end": 20, "value": "ann@example.com"}
    fixed = inspector.post(
        "understanding", id=talk["id"], turn=number, intent="leave_message", entities=[entity]
    )
    turn = inspector.turn(fixed)
    assert turn["filled"] == [{"name": "email", "before": None, "after": "ann@example.com"}]
    assert texts(fixed)[-1] == "What would you like to tell the team?"
    annotated = 'it is [ann at example]{"entity": "email", "value": "ann@example.com"}'
    assert turn["understanding"]["annotated"] == annotated
    again = inspector.post(
        "understanding", id=talk["id"], turn=number, intent="leave_message", annotated=annotated
    )
    assert inspector.turn(again)["filled"] == turn["filled"]


def test_another_action(inspector: Inspector) -> None:
    talk = inspector.talk("hello", "are you a bot?")
    turn = inspector.turn(talk, 0)
    step = turn["steps"][0]
    fixed = inspector.post("action", id=talk["id"], turn=turn["number"], at=step["at"], action="message_form")
    assert (intents(fixed), fixed["loop"]) == (["greet"], "message_form")
    assert texts(fixed)[-1] == "What is your e-mail address?"
    done = inspector.turn(fixed)["steps"]
    assert [(s["action"], s["corrected"]) for s in done] == [("message_form", True), ("action_listen", False)]
    on = inspector.post("message", id=talk["id"], text="ann@example.com")
    assert texts(on)[-1] == "What would you like to tell the team?"


def test_wait_instead(inspector: Inspector) -> None:
    talk = inspector.talk("hello")
    turn = inspector.turn(talk)
    fixed = inspector.post(
        "action", id=talk["id"], turn=turn["number"], at=turn["steps"][0]["at"], action="action_listen"
    )
    assert [step["action"] for step in inspector.turn(fixed)["steps"]] == ["action_listen"]
    assert texts(fixed) == []


@pytest.mark.parametrize(
    ("name", "body", "status", "told"),
    [
        ("understanding", {"intent": "no_such_intent"}, 400, "not in the domain"),
        ("understanding", {"intent": ""}, 400, "'intent' is missing"),
        ("understanding", {"intent": "greet", "entities": [{"entity": "email"}]}, 400, "'start'"),
        ("understanding", {"intent": "greet", "annotated": '[x]{"entity": }'}, 400, "valid JSON"),
        ("understanding", {"intent": "greet", "turn": 0}, 400, "said nothing"),
        ("action", {"at": 99, "action": "utter_goodbye"}, 404, "no such decision"),
        ("action", {"at": 4, "action": "action_nowhere"}, 400, "does not exist"),
        ("undo", {"turn": 99}, 404, "no turn 99"),
        ("fork", {"turn": True}, 400, "'turn' must be a number"),
        ("message", {"text": " "}, 400, "'text' is missing"),
        ("message", {"text": "x" * 9000}, 413, "at most"),
    ],
)
def test_what_cannot_be_done(
    inspector: Inspector, name: str, body: dict[str, Any], status: int, told: str
) -> None:
    talk = inspector.talk("hello")
    answer = inspector.ask("POST", name, json={"id": talk["id"], "turn": 1, **body})
    assert answer.status_code == status
    assert told in answer.json()["message"]
    assert inspector.get("conversation", id=talk["id"]) == talk


def test_annotations_go_both_ways(inspector: Inspector) -> None:
    entity = {"entity": "email", "start": 3, "end": 8, "value": "ann@x.org", "role": "from"}
    annotated = inspector.post("annotation", text="to ann x", entities=[entity])["annotated"]
    assert annotated == 'to [ann x]{"entity": "email", "value": "ann@x.org", "role": "from"}'
    back = inspector.post("annotation", annotated=annotated)
    assert (back["text"], back["entities"]) == ("to ann x", [entity])
    crossing = [entity, {**entity, "start": 0, "end": 5}]
    answer = inspector.ask("POST", "annotation", json={"text": "to ann x", "entities": crossing})
    assert (answer.status_code, "overlaps" in answer.json()["message"]) == (400, True)


def test_after_an_action_that_nothing_follows_the_assistant_waits(inspector: Inspector) -> None:
    talk = inspector.talk("hello", "no thanks")
    turn = inspector.turn(talk)
    assert turn["steps"][0]["action"] == "action_default_fallback"
    fixed = inspector.post(
        "action", id=talk["id"], turn=turn["number"], at=turn["steps"][0]["at"], action="utter_iamabot"
    )
    done = inspector.turn(fixed)["steps"]
    assert [(s["action"], s["asked"]) for s in done] == [("utter_iamabot", True), ("action_listen", False)]
    assert done[1]["why"].startswith("No rule or story says what follows")
    assert intents(fixed) == ["greet", "deny"]


def test_entities_stay_where_only_the_intent_is_corrected(inspector: Inspector) -> None:
    talk = inspector.talk('/affirm{"email": "ann@example.com"}')
    number = numbers(talk)[0]
    fixed = inspector.post("understanding", id=talk["id"], turn=number, intent="leave_message", entities=None)
    slots = {slot["name"]: slot["after"] for slot in inspector.turn(fixed)["slots"]}
    assert (slots["email"], slots["requested_slot"]) == ("ann@example.com", "note")
    emptied = inspector.post("understanding", id=talk["id"], turn=number, intent="affirm", entities=[])
    slots = {slot["name"]: slot["after"] for slot in inspector.turn(emptied)["slots"]}
    assert slots["email"] is None
