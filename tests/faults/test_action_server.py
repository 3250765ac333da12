"""An action server of its own that is down, dies, or hangs: the assistant says so and goes on when it is back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from frontdesk.testing.servers import free_port
from tests.conftest import SECRET, until
from tests.faults.probe import APOLOGY, Desk


class ActionServer:
    """`frontdesk run actions` in a project's folder."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.desk.folder / "actions.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "frontdesk.cli.main", "run", "actions", "--port", str(self.port)],
                cwd=self.desk.folder, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "FRONTDESK_ACTIONS_SECRET": SECRET},
            )  # fmt: skip
        until(self.answers, "the action server is up")

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server and its workers."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        if self.process is not None:
            self.send(signal.SIGKILL)
            self.process.wait(60)
            self.process = None


@pytest.fixture
def actions(desk: Desk) -> Iterator[ActionServer]:
    server = ActionServer(desk)
    endpoints = desk.folder / "endpoints.yml"
    url = f"url: http://127.0.0.1:{server.port}/webhook"
    endpoints.write_text(endpoints.read_text().replace("actions_module: actions", url))
    yield server
    server.kill()


def test_down_up_killed_hanging_and_up_again(desk: Desk, actions: ActionServer) -> None:
    desk.start(FRONTDESK_ACTION_DEADLINE="5", FRONTDESK_ACTIONS_SECRET=SECRET)
    assert desk.say("/note", message_id="m1") == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    assert "Is the action server running?" in desk.log()

    actions.start()
    assert desk.say("/note", message_id="m2") == ["Noted under 1."]
    assert desk.say("/raise") == [APOLOGY]
    assert desk.say("/missing") == [APOLOGY]
    assert desk.say("/wait") == [APOLOGY]

    actions.send(signal.SIGSTOP)
    assert desk.say("/note", message_id="m3") == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    actions.send(signal.SIGCONT)
    until(lambda: desk.effects() == ["m2", "m3"], "the late action has had its effect")
    assert desk.say("/note", message_id="m3") == [APOLOGY], "the late result is dropped"

    request = desk.send_to_gate("/gate_last", message_id="m5")
    actions.kill()
    assert [reply["text"] for reply in request.result(60).json()] == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    desk.open_gate()
    actions.start()
    assert desk.say("/gate_last", message_id="m6")[0].startswith("Done under ")
    assert len(desk.tries()) == len(set(desk.tries())) == len(desk.effects())
    assert "Traceback" not in desk.log()


def test_a_crash_of_the_assistant_finds_the_effect_on_the_action_server(
    desk: Desk, actions: ActionServer
) -> None:
    actions.start()
    desk.start(FRONTDESK_ACTIONS_SECRET=SECRET)
    desk.send_to_gate("/gate_last", message_id="m1")
    desk.server.kill()
    desk.open_gate()
    desk.start(FRONTDESK_ACTIONS_SECRET=SECRET)
    desk.until_answered("m1")
    assert desk.say("/gate_last", message_id="m1") == ["Done under 1."]
    assert desk.effects() == ["m1"]
    assert len(desk.tries()) == 2


def test_a_signal_ends_the_action_server_too(desk: Desk, actions: ActionServer) -> None:
    actions.start()
    process = actions.process
    assert process is not None

    def ended() -> bool:
        process.terminate()  # again, too: the SDK's server misses a signal in the first moment after its start
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        return process.poll() is not None

    until(ended, "the signal has ended the process")
    until(lambda: not actions.answers(), "nothing listens any more")
    actions.process = None
