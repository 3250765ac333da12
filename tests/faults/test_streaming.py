"""REST with `?stream=true`: what is said comes when it is said, one JSON object a line, as in Rasa."""

from __future__ import annotations

import json

import httpx

from tests.conftest import PATIENCE, until
from tests.faults.probe import Desk


def test_the_first_reply_comes_while_the_second_is_not_there_yet(desk: Desk) -> None:
    desk.start()
    body = {"sender": "ann", "message": "/two_steps", "message_id": "m1"}
    url = f"{desk.server.url}/webhooks/rest/webhook"
    with httpx.stream("POST", url, params={"stream": "true"}, json=body, timeout=PATIENCE) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.iter_lines()
        assert json.loads(next(lines)) == {"recipient_id": "ann", "text": "Noted under 1."}
        until(desk.at_gate.exists, "the second action is at the gate")
        assert not desk.gate.exists()
        desk.open_gate()
        assert [json.loads(line)["text"] for line in lines] == ["Done under 2."]
    again = httpx.post(url, params={"stream": "true"}, json=body, timeout=PATIENCE)
    assert [json.loads(line)["text"] for line in again.text.splitlines()] == [
        "Noted under 1.",
        "Done under 2.",
    ]
    plain = httpx.post(url, json=body, timeout=PATIENCE).json()
    assert plain == [json.loads(line) for line in again.text.splitlines()], "the same as without"


def test_a_client_that_goes_away_ends_no_turn(desk: Desk) -> None:
    desk.start()
    body = {"sender": "ann", "message": "/two_steps", "message_id": "m1"}
    url = f"{desk.server.url}/webhooks/rest/webhook"
    with httpx.stream("POST", url, params={"stream": "true"}, json=body, timeout=PATIENCE) as response:
        next(response.iter_lines())
    until(desk.at_gate.exists, "the second action is at the gate")
    desk.open_gate()
    again = httpx.post(url, json=body, timeout=PATIENCE).json()
    assert [reply["text"] for reply in again] == ["Noted under 1.", "Done under 2."]
    assert len(desk.effects()) == 2
