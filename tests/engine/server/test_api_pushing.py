"""What the API makes the assistant say reaches the chat page, and events bring their side effects where asked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.conftest import Server, start_server, until

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def server(starter: Any) -> Iterator[Server]:
    running = start_server(starter, "--enable-api", "--auth-token", TOKEN)
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, params={"token": TOKEN}, timeout=60) as found:
        yield found


@pytest.fixture
def session(client: httpx.Client) -> dict[str, Any]:
    """A conversation of the chat page, in which the user has said hello."""
    found: dict[str, Any] = client.post("/webhooks/chat/session").json()
    found["headers"] = {"Authorization": f"Bearer {found['token']}"}
    client.post("/webhooks/chat/webhook", json={"message": "hello"}, headers=found["headers"])
    return found


def position(client: httpx.Client, session: dict[str, Any]) -> int:
    return int(client.get("/webhooks/chat/history", headers=session["headers"]).json()["position"])


def news(client: httpx.Client, session: dict[str, Any], after: int) -> list[str]:
    response = client.get("/webhooks/chat/news", params={"after": after}, headers=session["headers"])
    assert response.status_code == 200, response.text
    return [line["text"] for line in response.json()["messages"]]


@pytest.mark.parametrize("channel", ["chat", "latest"])
def test_a_triggered_intent_is_sent_to_the_page(
    client: httpx.Client, session: dict[str, Any], channel: str
) -> None:
    before = position(client, session)
    path = f"/conversations/{session['sender_id']}/trigger_intent"
    answer = client.post(path, params={"output_channel": channel}, json={"name": "goodbye"}).json()
    assert [message["text"] for message in answer["messages"]] == news(client, session, before)
    assert len(answer["messages"]) == 1


def test_so_is_what_an_action_says(client: httpx.Client, session: dict[str, Any]) -> None:
    before = position(client, session)
    path = f"/conversations/{session['sender_id']}/execute"
    client.post(path, params={"output_channel": "chat"}, json={"name": "utter_goodbye"})
    assert len(news(client, session, before)) == 1


def reminder(**more: Any) -> dict[str, Any]:
    return {"event": "reminder", "intent": "goodbye", "date_time": datetime.now().isoformat(), **more}


def test_events_schedule_reminders_and_are_sent_only_with_side_effects(
    client: httpx.Client, session: dict[str, Any]
) -> None:
    before = position(client, session)
    path = f"/conversations/{session['sender_id']}/tracker/events"
    said = {"event": "bot", "text": "From outside", "data": {}}
    asked = {"execute_side_effects": "true", "output_channel": "chat"}
    kept = client.post(path, json=[reminder(name="kept"), said]).json()
    assert [event["event"] for event in kept["events"]][-2:] == ["reminder", "bot"]
    state = client.post(path, params=asked, json=[said, reminder(entities={"email": "a@b.c"})]).json()
    assert state["events"][-1]["name"], "a reminder without a name gets one"
    heard = until(lambda: external(client, session), "the reminder has come")
    assert [event["parse_data"]["entities"] for event in heard] == [[{"entity": "email", "value": "a@b.c"}]]
    found = until(lambda: len(texts := news(client, session, before)) == 3 and texts, "all three are there")
    assert found[:2] == ["From outside", "From outside"]
    assert len(external(client, session)) == 1


def external(client: httpx.Client, session: dict[str, Any]) -> list[dict[str, Any]]:
    state = client.get(f"/conversations/{session['sender_id']}/tracker").json()
    return [e for e in state["events"] if e["event"] == "user" and e["metadata"].get("is_external")]


def test_a_reminder_on_a_channel_that_cannot_push_is_kept(client: httpx.Client, server: Server) -> None:
    name = f"ann-{uuid.uuid4().hex[:8]}"
    client.post("/webhooks/rest/webhook", json={"sender": name, "message": "hello"})
    asked = {"execute_side_effects": "true", "output_channel": "latest"}
    path = f"/conversations/{name}/tracker/events"
    client.post(path, params=asked, json=reminder(name="r"))
    until(lambda: external(client, {"sender_id": name}), "the reminder has come")
    until(lambda: "'rest' cannot send anything by itself" in server.log.read_text(), "the log says so")


@pytest.mark.parametrize(
    "wrong", [{"date_time": "tomorrow"}, {"date_time": None}, {"intent": None}, {"intent": ""}]
)
def test_a_reminder_that_cannot_be_meant_is_refused(client: httpx.Client, wrong: dict[str, Any]) -> None:
    response = client.post("/conversations/ann/tracker/events", json=reminder(**wrong))
    assert response.status_code == 400
    assert "a reminder needs" in response.json()["message"]
