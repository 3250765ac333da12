"""The database of conversations is held by another program, broken, or shared."""

from __future__ import annotations

import os
import sqlite3

from tests.faults.probe import Desk, locked, locked_for, post


def patience(desk: Desk, seconds: float) -> None:
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(f"{endpoints.read_text()}  timeout: {seconds}\n")


def test_a_short_lock_is_waited_for(desk: Desk) -> None:
    desk.start()
    assert desk.say("hello") == ["Hello!"]
    with locked_for(2.0, desk.conversations) as released:
        assert desk.say("hello") == ["Hello!"]
        assert released.is_set()


def test_a_long_lock_is_told_and_the_conversation_survives(desk: Desk) -> None:
    patience(desk, 0.5)
    desk.start()
    assert desk.say("hello", message_id="m1") == ["Hello!"]
    with locked(desk.conversations):
        response = post(desk.server, "/note", message_id="m2")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["reason"] == "StoreUnavailable"
    assert "locked" in desk.log()
    assert str(desk.folder) not in response.text
    assert desk.say("/note", message_id="m2") == ["Noted under 1."]
    assert [line for line in desk.history() if line.startswith("user")] == ["user: hello", "user: /note"]


def test_a_lock_in_the_middle_of_a_turn(desk: Desk) -> None:
    patience(desk, 0.5)
    desk.start()
    request = desk.send_to_gate("/gate_last", message_id="m1")
    with locked(desk.conversations):
        desk.open_gate()
        response = request.result(60)
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert desk.say("hello", message_id="m2") == ["Hello!"]
    assert desk.say("/gate_last", message_id="m1") == ["Done under 1."]
    assert desk.effects() == ["m1"]
    assert [line for line in desk.history() if line.startswith(("user", "bot"))] == [
        "user: /gate_last", "bot: Done under 1.", "user: hello", "bot: Hello!",
    ]  # fmt: skip


def test_what_could_not_be_stored_is_stored_later_without_being_asked(desk: Desk) -> None:
    patience(desk, 0.5)
    desk.start()
    request = desk.send_to_gate("/gate_first", message_id="m1")
    with locked(desk.conversations):
        desk.open_gate()
        assert request.result(60).status_code == 503
    desk.until_answered("m1")
    assert desk.effects() == ["m1"]
    assert desk.history()[-2:] == ["bot: Done under 1.", "slot: noted=1"]


def test_turns_that_were_cut_off_wait_for_a_lock_at_the_start(desk: Desk) -> None:
    patience(desk, 0.5)
    desk.start()
    desk.send_to_gate("/gate_last", message_id="m1")
    desk.server.kill()
    desk.open_gate()
    with locked(desk.conversations):
        desk.start()
        assert post(desk.server, "hello").status_code == 503
        assert "cannot be taken up yet" in desk.log()
    desk.until_answered("m1")
    assert desk.effects() == ["m1"]


def test_a_file_that_is_no_database(desk: Desk) -> None:
    desk.conversations.parent.mkdir(exist_ok=True)
    desk.conversations.write_bytes(os.urandom(8192))
    desk.start()
    response = post(desk.server, "hello")
    assert response.status_code == 503
    assert "not a database" in desk.log()
    assert "Traceback" not in desk.log()
    desk.conversations.unlink()
    assert desk.say("hello") == ["Hello!"]


def test_a_row_that_cannot_be_read_costs_only_itself(desk: Desk) -> None:
    desk.start()
    for number in range(3):
        desk.say("/note", message_id=f"m{number}")
    desk.server.stop()
    with sqlite3.connect(desk.conversations) as connection:
        connection.execute("UPDATE events SET data = '{\"event\": ' WHERE type_name = 'bot' AND id < 12")
    desk.start()
    assert desk.say("/note") == ["Noted under 4."]
    assert "cannot be read" in desk.log()
