"""The shop's database is held by another program, or gone: the assistant says that it could not do it, and goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.conftest import Server
from tests.faults.probe import locked, locked_for

QUESTION = "where is L204817? my mail is anna.bennett@example.com"


def talk(server: Server, token: str, message: str, message_id: str | None = None) -> str:
    body = {"message": message} | ({"message_id": message_id} if message_id else {})
    response = httpx.post(
        f"{server.url}/webhooks/chat/webhook",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert response.status_code == 200, response.text
    found = [
        json.loads(line.removeprefix("data: "))
        for line in response.text.splitlines()
        if line.startswith("data: ")
    ]
    return "\n".join(reply["text"] for reply in found if "text" in reply)


def test_a_locked_shop(assistant: Path, tmp_path: Path, serve: Callable[..., Server]) -> None:
    folder = Path(shutil.copytree(assistant, tmp_path / "project", symlinks=True))
    shop = folder / ".frontdesk" / "shop.db"
    shop.unlink(missing_ok=True)
    server = serve(folder, FRONTDESK_OUTBOX="manual", FRONTDESK_ACTION_DEADLINE="8")
    token = httpx.post(f"{server.url}/webhooks/chat/session").json()["token"]
    assert "automated assistant" in talk(server, token, "hi")
    assert "e-mail" in talk(server, token, "where is my order?")  # the shop is filled by now

    with locked_for(1.5, shop):
        assert "on its way" in talk(server, token, QUESTION)

    other = httpx.post(f"{server.url}/webhooks/chat/session").json()["token"]
    with locked(shop):
        told = talk(server, other, QUESTION)
        assert "on its way" not in told
        assert "orry" in told, told
        assert "thank" not in told.lower()
        assert talk(server, other, "thanks")
    assert "on its way" in talk(server, other, QUESTION)
    log = server.log.read_text().partition("Stop with Ctrl-C")[2]  # before it stand sentences to try
    assert "locked" in log
    assert "Traceback" not in log
    assert "anna.bennett" not in log
