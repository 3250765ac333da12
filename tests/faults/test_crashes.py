"""The server is killed in the middle of things: what was begun is finished after the next start, once and in order."""

from __future__ import annotations

import signal
from contextlib import suppress

import httpx
import pytest

from frontdesk.runtime.agent import APOLOGY, STARTS
from tests.conftest import until
from tests.faults.probe import Desk

KILLED = (httpx.RemoteProtocolError, httpx.ReadError)


def restart_after_kill(desk: Desk) -> None:
    desk.server.kill()
    desk.open_gate()
    desk.start()


@pytest.mark.parametrize(
    ("text", "tries", "said"),
    [
        ("/gate_first", 1, ["Done under 1."]),  # killed before the effect
        ("/gate_last", 2, ["Done under 1."]),  # killed after the effect, before it was told of
    ],
)
def test_a_turn_that_was_cut_off_is_finished_by_itself(
    desk: Desk, text: str, tries: int, said: list[str]
) -> None:
    desk.start()
    assert desk.say("hello", message_id="m1") == ["Hello!"]
    request = desk.send_to_gate(text, message_id="m2")
    restart_after_kill(desk)
    with pytest.raises(KILLED):
        request.result(60)
    desk.until_answered("m2")
    assert desk.effects() == ["m2"]
    assert len(desk.tries()) == tries
    assert len(set(desk.tries())) == 1, "each try has the same key"
    assert desk.say(text, message_id="m2") == said
    assert desk.say("hello", message_id="m3") == ["Hello!"]
    assert len(desk.tries()) == tries
    assert desk.history() == [
        "user: hello", "action: utter_greet", "bot: Hello!",
        f"user: {text}", f"action: action_{text[1:]}", "bot: Done under 1.", "slot: noted=1",
        "user: hello", "action: utter_greet", "bot: Hello!",
    ]  # fmt: skip


def test_what_was_done_before_the_cut_is_not_done_again(desk: Desk) -> None:
    desk.start()
    desk.send_to_gate("/two_steps", message_id="m1")
    restart_after_kill(desk)
    desk.until_answered("m1")
    assert desk.say("/two_steps", message_id="m1") == ["Noted under 1.", "Done under 2."]
    assert len(desk.tries()) == len(set(desk.tries())) == 2
    assert [line for line in desk.history() if line.startswith(("user", "bot"))] == [
        "user: /two_steps", "bot: Noted under 1.", "bot: Done under 2.",
    ]  # fmt: skip


def test_messages_that_waited_are_answered_in_order_and_before_newer_ones(desk: Desk) -> None:
    desk.start()
    desk.send_to_gate("/gate_last", message_id="m1")
    for number in range(2, 6):
        desk.send("/note", message_id=f"m{number}")
    desk.send("/note", sender="bob", message_id="b1")
    desk.until_answered("b1")
    restart_after_kill(desk)
    assert desk.say("/note", message_id="m6") == ["Noted under 7."]
    assert desk.effects() == ["m1", "b1", "m2", "m3", "m4", "m5", "m6"]
    assert [line for line in desk.history() if line.startswith("user")] == ["user: /gate_last"] + [
        "user: /note"
    ] * 5
    assert [line for line in desk.history() if line.startswith("bot")] == [
        "bot: Done under 1.", *(f"bot: Noted under {number}." for number in range(3, 8)),
    ]  # fmt: skip


def test_killed_again_and_again(desk: Desk) -> None:
    desk.start()
    desk.send_to_gate("/gate_last", message_id="m1")
    for _ in range(2):
        desk.server.kill()
        desk.at_gate.unlink()
        desk.start()
        until(desk.at_gate.exists, "the turn is taken up again")
    restart_after_kill(desk)
    desk.until_answered("m1")
    assert desk.effects() == ["m1"]
    assert len(desk.tries()) == 4
    assert desk.say("/gate_last", message_id="m1") == ["Done under 1."]
    assert [line for line in desk.history() if line.startswith("user")] == ["user: /gate_last"]


def test_a_message_that_ends_the_server_each_time_is_given_up(desk: Desk) -> None:
    desk.start()
    with pytest.raises(KILLED):
        desk.say("/die", message_id="m1")
    for _ in range(STARTS):
        desk.server.process.wait(30)
        with suppress(RuntimeError):  # it ended before it answered
            desk.start()
    desk.server.process.wait(30)
    assert len(desk.tries()) == 1 + STARTS
    desk.start()
    desk.until_answered("m1")
    assert desk.say("/die", message_id="m1") == [APOLOGY]
    assert desk.say("hello", message_id="m2") == ["Hello!"]
    assert len(desk.tries()) == 1 + STARTS
    assert "is given up" in desk.log()


def test_a_signal_ends_the_server_after_the_turn(desk: Desk) -> None:
    desk.start()
    request = desk.send_to_gate("/gate_first", message_id="m1")
    desk.server.process.send_signal(signal.SIGTERM)
    until(lambda: refuses(desk), "the server takes nothing new")
    desk.open_gate()
    assert [reply["text"] for reply in request.result(60).json()] == ["Done under 1."]
    assert desk.server.process.wait(60) == 0
    assert desk.inbox() == [("m1", True)]
    assert "Traceback" not in desk.log()


def refuses(desk: Desk) -> bool:
    try:
        httpx.get(f"{desk.server.url}/health", timeout=2)
    except httpx.TransportError:
        return True
    return False


def test_a_client_that_hangs_up_gets_its_answer_when_it_asks_again(desk: Desk) -> None:
    desk.start()
    token = httpx.post(f"{desk.server.url}/webhooks/chat/session").json()["token"]
    body = {"message": "/two_steps", "message_id": "m1"}
    address, headers = f"{desk.server.url}/webhooks/chat/webhook", {"Authorization": f"Bearer {token}"}
    with httpx.stream("POST", address, json=body, headers=headers) as response:
        lines = response.iter_lines()
        assert "Noted under 1." in next(lines) + next(lines)
        until(desk.at_gate.exists, "the action is at the gate")
    desk.open_gate()
    desk.until_answered("m1")
    again = httpx.post(address, json=body, headers=headers).text
    assert again.count("event: message") == 2
    assert "Done under 2." in again
    assert desk.effects() == ["m1", "m1"]
    past = httpx.get(f"{desk.server.url}/webhooks/chat/history", headers=headers).json()["messages"]
    assert [line["text"] for line in past] == ["/two_steps", "Noted under 1.", "Done under 2."]
    assert " error " not in desk.log()
