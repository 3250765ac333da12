"""The shop's database is held by another program, or gone: the assistant says that it could not do it, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Server, until
from tests.faults.probe import locked, locked_for
from tests.visitors import Target, copied

QUESTION = "where is L204817? my mail is anna.bennett@example.com"


def test_a_locked_shop(assistant: Path, tmp_path: Path, serve: Callable[..., Server]) -> None:
    folder = copied(assistant, tmp_path / "project")
    server = serve(folder, FRONTDESK_OUTBOX="manual", FRONTDESK_ACTION_DEADLINE="8")
    target = Target(server, folder)
    until(lambda: "e-mail" in target.visitor().say("where is my order?"), "the shop is filled")
    anna, other = target.visitor(), target.visitor()
    assert "automated assistant" in anna.say("hi")
    assert "e-mail" in anna.say("where is my order?")

    with locked_for(1.5, target.shop):
        assert "on its way" in anna.say(QUESTION)

    with locked(target.shop):
        told = other.say(QUESTION)
        assert "on its way" not in told
        assert "orry" in told, told
        assert "thank" not in told.lower()
        assert other.say("thanks")
    assert "on its way" in other.say(QUESTION)
    log = server.log.read_text().partition("Stop with Ctrl-C")[2]  # before it stand sentences to try
    assert "locked" in log
    assert "Traceback" not in log
    assert "anna.bennett" not in log
