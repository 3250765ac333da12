"""Operations on conversations: shapes as in Rasa's code, and one commit for each."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from frontdesk.formats.project import read_tests
from tests.conftest import Server, start_server

TOKEN = "a-token-that-nobody-guesses"
SESSION = ["action:action_session_start", "session_started", "action:action_listen"]
STATE_KEYS = {
    "sender_id", "slots", "latest_message", "latest_event_time", "followup_action", "paused", "events",
    "latest_input_channel", "active_loop", "latest_action", "latest_action_name",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api", "--auth-token", TOKEN)
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, params={"token": TOKEN}) as found:
        yield found


@pytest.fixture
def name() -> str:
    return f"ann-{uuid.uuid4().hex[:8]}"


def kinds(state: dict[str, Any]) -> list[str]:
    """Return what happened, briefly."""
    return [e["event"] + (f":{e['name']}" if e.get("name") else "") for e in state["events"]]


def slot(value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": "email", "value": value}


def ok(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()


def refused(response: httpx.Response, status: int, reason: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    found = response.json()
    assert set(found) == {"version", "status", "message", "reason", "details", "help", "code"}
    assert (found["status"], found["reason"], found["code"]) == ("failure", reason, status)
    return found


def test_a_new_conversation_is_shown_as_it_would_begin(client: httpx.Client, name: str) -> None:
    state = ok(client.get(f"/conversations/{name}/tracker"))
    assert set(state) == STATE_KEYS
    assert state["sender_id"] == name
    assert state["slots"] == {
        "email": None, "note": None, "requested_slot": None, "session_started_metadata": None,
    }  # fmt: skip
    assert state["latest_message"] == {
        "intent": {}, "entities": [], "text": None, "message_id": None, "metadata": {},
    }  # fmt: skip
    assert (state["paused"], state["followup_action"], state["latest_input_channel"]) == (False, None, None)
    assert (state["active_loop"], state["latest_action_name"]) == ({}, "action_listen")
    assert state["latest_action"] == {"action_name": "action_listen"}
    assert kinds(state) == SESSION
    refused(client.get(f"/conversations/{name}/story"), 404, "Not found")  # nothing was stored


def test_which_events_are_shown(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}/tracker"
    ok(client.post(f"{path}/events", json=[slot("a@b.c"), {"event": "restart"}, slot("d@e.f")]))
    shown = {
        which: ok(client.get(path, params={"include_events": which}))["events"]
        for which in ("ALL", "AFTER_RESTART", "APPLIED", "NONE", "none")
    }
    assert [e["event"] for e in shown["ALL"]][-3:] == ["slot", "restart", "slot"]
    assert [e["value"] for e in shown["AFTER_RESTART"]] == ["d@e.f"]
    assert [e["value"] for e in shown["APPLIED"]] == ["d@e.f"]
    assert shown["NONE"] is None
    assert shown["none"] is None
    found = refused(client.get(path, params={"include_events": "SOME"}), 400, "BadRequest")
    assert found["details"] == {"parameter": "include_events", "in": "query"}


def test_a_conversation_as_it_was(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}/tracker"
    ok(client.post(f"{path}/events", json={**slot("old@b.c"), "timestamp": 1000.0}))
    ok(
        client.put(
            f"{path}/events", json=[{**slot("a"), "timestamp": 1000.0}, {**slot("b"), "timestamp": 2000.0}]
        )
    )
    assert ok(client.get(path, params={"until": 1000}))["slots"]["email"] == "a"
    assert ok(client.get(path, params={"until": 2000}))["slots"]["email"] == "b"
    assert ok(client.get(path, params={"until": 10}))["events"] == []
    refused(client.get(path, params={"until": "yesterday"}), 400, "BadRequest")


def test_events_are_added_to_a_conversation_that_has_begun(client: httpx.Client, name: str) -> None:
    state = ok(client.post(f"/conversations/{name}/tracker/events", json=slot("a@b.c")))
    assert kinds(state) == [*SESSION, "slot:email"]
    assert state["events"][-1]["timestamp"] == pytest.approx(time.time(), abs=60)
    again = ok(client.post(f"/conversations/{name}/tracker/events", json=[slot(None), {"event": "pause"}]))
    assert kinds(again) == [*SESSION, "slot:email", "slot:email", "pause"]
    assert again["paused"] is True
    assert ok(client.get(f"/conversations/{name}/tracker")) == again


def test_events_that_begin_a_session_get_no_other_one(client: httpx.Client, name: str) -> None:
    events = [{"event": "action", "name": "action_session_start"}, {"event": "session_started"}, slot("x")]
    state = ok(client.post(f"/conversations/{name}/tracker/events", json=events))
    assert kinds(state) == ["action:action_session_start", "session_started", "slot:email"]


def test_events_replace_a_conversation(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}/tracker"
    before = ok(client.post(f"/conversations/{name}/messages", json={"text": "hello", "sender": "user"}))[
        "events"
    ]
    shorter = ok(client.put(f"{path}/events", json=before[:3]))
    assert shorter["events"] == before[:3]
    assert shorter["latest_message"]["text"] is None
    assert ok(client.get(path, params={"include_events": "ALL"}))["events"] == before[:3]
    longer = ok(client.put(f"{path}/events", json=[*before[:3], slot("a@b.c")]))
    assert longer["events"][:3] == before[:3]
    assert longer["slots"]["email"] == "a@b.c"
    changed = [*before[:-1], {**before[-1], "parse_data": {"intent": {"name": "goodbye"}}}]
    assert ok(client.put(f"{path}/events", json=changed))["latest_message"]["intent"]["name"] == "goodbye"
    assert ok(client.put(f"{path}/events", json=[]))["events"] == []


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[1]",
        '"text"',
        "{}",
        '{"event": "unheard_of"}',
        '{"event": "slot", "name": "email"}',
        '{"event": "slot", "name": 3, "value": 1}',
        '{"event": "slot", "name": "email", "value": NaN}',
        '{"event": "slot", "name": "email", "value": 1e999}',
        '{"event": "slot", "name": "email", "value": "\\ud800"}',
        '{"event": "slot", "name": "email", "value": "\\u0000"}',
        '{"event": "action", "name": "x", "timestamp": "now"}',
        '{"event": "user", "parse_data": {"intent": "greet"}}',
        '{"event": "user", "parse_data": {"entities": [{"value": 1}]}}',
        '{"event": "bot", "data": []}',
        "[" * 200 + "]" * 200,
    ],
)
def test_what_is_no_event_is_refused_and_stores_nothing(client: httpx.Client, name: str, body: str) -> None:
    for method in ("POST", "PUT"):
        response = client.request(method, f"/conversations/{name}/tracker/events", content=body)
        refused(response, 400, "BadRequest")
    refused(client.get(f"/conversations/{name}/story"), 404, "Not found")


def test_a_message_is_understood_but_not_answered(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}/messages"
    state = ok(client.post(path, json={"text": "hello", "sender": "user"}))
    assert kinds(state) == [*SESSION, "user"]
    assert state["latest_message"]["intent"]["name"] == "greet"
    assert set(state["events"][-1]) == {
        "event", "timestamp", "metadata", "text", "parse_data", "input_channel", "message_id",
    }  # fmt: skip
    assert state["events"][-1]["input_channel"] is None
    found = refused(client.post(path, json={"text": "hi", "sender": "bot"}), 400, "BadRequest")
    assert found["details"] == {"parameter": "sender", "in": "body"}
    assert found["message"].endswith("Messages of sender 'bot' cannot be handled.")
    refused(client.post(path, json={"sender": "user"}), 400, "BadRequest")
    refused(client.post(path, content=b""), 400, "BadRequest")
    refused(client.post(path, json={"text": "x" * 9000, "sender": "user"}), 413, "PayloadTooLarge")


def test_a_message_that_the_caller_has_understood(client: httpx.Client, name: str) -> None:
    parsed = {"intent": {"name": "leave_message"}, "entities": [{"entity": "email", "value": "a@b.c"}]}
    body = {"text": "whatever", "sender": "user", "parse_data": parsed}
    state = ok(client.post(f"/conversations/{name}/messages", json=body))
    assert state["latest_message"]["intent"] == {"name": "leave_message", "confidence": 1.0}
    assert state["slots"]["email"] == "a@b.c"
    for bad in ("x", {"intent": "greet"}, {"intent": {"name": 3}}):
        refused(
            client.post(f"/conversations/{name}/messages", json={**body, "parse_data": bad}),
            400,
            "BadRequest",
        )


def test_a_prediction_does_nothing(client: httpx.Client, name: str) -> None:
    refused(client.post(f"/conversations/{name}/predict"), 404, "Not found")
    before = ok(client.post(f"/conversations/{name}/messages", json={"text": "hello", "sender": "user"}))
    found = ok(client.post(f"/conversations/{name}/predict"))
    assert set(found) == {"scores", "policy", "confidence", "tracker"}
    assert found["scores"][0] == {"action": "utter_greet", "score": 1.0}
    assert found["scores"] == sorted(found["scores"], key=lambda row: (-row["score"], row["action"]))
    assert (found["policy"], found["confidence"]) == ("RulePolicy", 1.0)
    assert found["tracker"] == before


def test_an_action_is_run(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}/execute"
    refused(client.post(path, json={"name": "utter_greet"}), 404, "Not found")
    ok(client.post(f"/conversations/{name}/tracker/events", json=slot("a@b.c")))
    found = ok(client.post(path, json={"name": "utter_goodbye", "policy": "mine", "confidence": 0.5}))
    assert set(found) == {"tracker", "messages"}
    assert found["messages"] == [{"recipient_id": name, "text": "Goodbye!"}]
    [ran] = [e for e in found["tracker"]["events"] if e.get("name") == "utter_goodbye"]
    assert (ran["policy"], ran["confidence"]) == ("mine", 0.5)
    assert ok(client.get(f"/conversations/{name}/tracker")) == found["tracker"]
    missing = refused(client.post(path, json={}), 400, "BadRequest")
    assert missing["message"] == "Name of the action not provided in request body."
    assert missing["details"] == {"parameter": "name", "in": "body"}
    refused(client.post(path, json={"name": "utter_nothing"}), 400, "BadRequest")


def test_a_custom_action_is_run(client: httpx.Client, name: str) -> None:
    ok(client.post(f"/conversations/{name}/tracker/events", json=[slot("a@b.c")]))
    found = ok(client.post(f"/conversations/{name}/execute", json={"name": "action_keep_message"}))
    assert "action:action_keep_message" in kinds(found["tracker"])
    assert found["messages"]


def test_an_intent_is_triggered(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}/trigger_intent"
    found = ok(client.post(path, json={"name": "leave_message", "entities": {"email": "a@b.c"}}))
    assert set(found) == {"tracker", "messages"}
    assert found["messages"] == [{"recipient_id": name, "text": "What would you like to tell the team?"}]
    state = found["tracker"]
    assert state["slots"]["email"] == "a@b.c"
    assert state["active_loop"]["name"] == "message_form"
    [heard] = [e for e in state["events"] if e["event"] == "user"]
    assert heard["text"] == "EXTERNAL: leave_message"
    assert heard["metadata"]["is_external"] is True
    assert heard["metadata"]["assistant_id"] == "my-assistant"
    assert heard["parse_data"]["intent"] == {"name": "leave_message"}
    assert ok(client.get(f"/conversations/{name}/tracker")) == state
    found = refused(client.post(path, json={"name": "fly"}), 404, "NotFound")
    assert found["message"] == "The intent fly does not exist in the domain."
    assert refused(client.post(path, json={}), 400, "BadRequest")["details"]["parameter"] == "name"
    refused(client.post(path, json={"name": "greet", "entities": "all"}), 400, "BadRequest")


def test_a_paused_conversation_stays_silent(client: httpx.Client, name: str) -> None:
    ok(client.post(f"/conversations/{name}/tracker/events", json={"event": "pause"}))
    assert ok(client.post(f"/conversations/{name}/trigger_intent", json={"name": "greet"}))["messages"] == []


def test_a_story_can_be_tested(client: httpx.Client, name: str, tmp_path: Path) -> None:
    for text in ("hello", "my address is a@b.c"):
        client.post("/webhooks/rest/webhook", json={"sender": name, "message": text})
    response = client.get(f"/conversations/{name}/story")
    assert response.headers["content-type"].startswith("text/plain")
    written = tmp_path / "test_story.yml"
    written.write_text(response.text)
    [story] = read_tests(written, strict=False).stories
    assert story.name == name
    assert response.text.startswith('version: "3.1"\nstories:')
    assert "user: hello" in response.text
    assert "action_listen" not in response.text
    assert "action_session_start" not in response.text


def test_a_story_for_each_session(client: httpx.Client, name: str) -> None:
    begin = [{"event": "action", "name": "action_session_start"}, {"event": "session_started"}]
    said = {"event": "user", "text": "hello", "parse_data": {"intent": {"name": "greet"}, "entities": []}}
    events = [{**e, "timestamp": 1000.0} for e in [*begin, said]] + [
        {**e, "timestamp": 2000.0} for e in [*begin, said]
    ]
    ok(client.put(f"/conversations/{name}/tracker/events", json=events))
    path = f"/conversations/{name}/story"
    assert client.get(path).text.count("story:") == 1
    both = client.get(path, params={"all_sessions": "true"}).text
    assert f'story: "{name}, story 1"' in both
    assert f'story: "{name}, story 2"' in both
    assert client.get(path, params={"all_sessions": "true", "until": 1500}).text.count("story:") == 1
    assert client.get(path, params={"until": 10}).text == 'version: "3.1"\n'


def test_who_writes_is_answered_with_the_latest_session(client: httpx.Client, name: str) -> None:
    path = f"/conversations/{name}"
    begin = [{"event": "action", "name": "action_session_start"}, {"event": "session_started"}]
    ok(client.post(f"{path}/tracker/events", json=[*begin, slot("old")]))
    ok(client.post(f"{path}/tracker/events", json=[*begin, slot("new")]))
    state = ok(client.post(f"{path}/tracker/events", json={"event": "resume"}))
    assert [e["value"] for e in state["events"] if e["event"] == "slot"] == ["new"]
    executed = ok(client.post(f"{path}/execute", json={"name": "utter_goodbye"}))["tracker"]
    assert executed["events"][: len(state["events"])] == state["events"]
    assert ok(client.post(f"{path}/predict"))["tracker"] == executed
    whole = ok(client.get(f"{path}/tracker"))["events"]
    assert [e["value"] for e in whole if e["event"] == "slot"] == ["old", "new"]


@pytest.mark.parametrize("odd", ["a b", "a/b", "+49 170", "ümlaut", "a%b", "x/tracker", "?"])
def test_odd_ids(client: httpx.Client, name: str, odd: str) -> None:
    state = ok(client.post(f"/conversations/{quote(name + odd, safe='')}/tracker/events", json=slot("x")))
    assert state["sender_id"] == name + odd


def test_an_id_that_can_be_none(client: httpx.Client) -> None:
    refused(client.get(f"/conversations/{'x' * 201}/tracker"), 400, "BadRequest")
    refused(client.get("/conversations/%00/tracker"), 400, "BadRequest")


def test_changes_at_the_same_time_lose_none(server: Server, client: httpx.Client, name: str) -> None:
    def add(number: int) -> int:
        body = {"event": "slot", "name": "email", "value": str(number)}
        url = f"{server.url}/conversations/{name}/tracker/events"
        return httpx.post(url, json=body, params={"token": TOKEN}, timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(24))) == {200}
    events = ok(client.get(f"/conversations/{name}/tracker"))["events"]
    assert sorted(int(e["value"]) for e in events if e["event"] == "slot") == list(range(24))


def test_the_api_opens_no_closed_conversation(client: httpx.Client) -> None:
    session = client.post("/webhooks/chat/session").json()
    mine, header = session["sender_id"], {"Authorization": f"Bearer {session['token']}"}
    client.post("/webhooks/chat/webhook", json={"message": "hello"}, headers=header)
    for path, body in (
        ("trigger_intent", {"name": "greet"}),
        ("messages", {"text": "hello", "sender": "user"}),
        ("tracker/events", {"event": "user", "text": "hi", "message_id": "1"}),
    ):
        ok(client.post(f"/conversations/{mine}/{path}", json=body))
        events = ok(client.get(f"/conversations/{mine}/tracker"))["events"]
        last = [e for e in events if e["event"] == "user"][-1]
        assert last["metadata"]["frontdesk"] == {"authenticated": True}, path


def test_the_wire_form_is_plain_json(client: httpx.Client, name: str) -> None:
    state = ok(client.post(f"/conversations/{name}/tracker/events", json=slot({"deep": [1, None, "ü"]})))
    assert json.loads(json.dumps(state)) == state
    assert state["slots"]["email"] == {"deep": [1, None, "ü"]}
