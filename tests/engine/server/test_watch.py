"""`frontdesk run --watch`: a designer saves a file, and the assistant answers by it a moment later."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from frontdesk.testing.servers import free_port
from tests.conftest import SECRET, Server, launch, until

# A machine on which the first look at the files takes a while.
WATCHED = """
import sys, time
from frontdesk.cli.main import main
from frontdesk.server import serve

look, looks = serve.inputs_digest, []

def slowly(*files):
    looks.append(files)
    time.sleep(1.5 if len(looks) == 1 else 0)
    return look(*files)

serve.inputs_digest = slowly
sys.exit(main())
"""


@pytest.fixture
def server(copy_of_starter: Path) -> Iterator[Server]:
    port = free_port()
    command = ("-c", WATCHED, "run", "--watch", "--port", str(port))
    running = launch(
        copy_of_starter, command, port, copy_of_starter / "server.log", {"FRONTDESK_SECRET": SECRET}
    )
    yield running
    running.stop()


def said(server: Server, message: str = "hello") -> str:
    body = {"sender": uuid.uuid4().hex, "message": message}  # one would be asked to slow down
    return str(httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).json()[0]["text"])


def save(file: Path, old: str, new: str) -> None:
    """Save as editors do: a new file takes the old one's place."""
    text = file.read_text("utf-8")
    assert old in text
    draft = file.with_suffix(".swp")
    draft.write_text(text.replace(old, new, 1), "utf-8")
    os.replace(draft, file)


def test_what_is_saved_is_said_and_what_is_broken_is_told(copy_of_starter: Path, server: Server) -> None:
    domain = copy_of_starter / "domain.yml"
    until(lambda: "ready" in server.log.read_text(), "the server is ready", server.log.read_text)
    assert said(server).startswith("Hello! I'm")

    save(domain, "Hello! I'm", "Good day! I'm")
    until(lambda: said(server).startswith("Good day!"), "the new text is said", server.log.read_text)
    until(lambda: "Reloaded after" in server.log.read_text(), "the log says so", server.log.read_text)

    save(domain, "\nforms:", "\nfroms: [")
    until(lambda: "Not reloaded" in server.log.read_text(), "the broken edit is told", server.log.read_text)
    log = server.log.read_text()
    assert log.count("Not reloaded") == log.count("frontdesk: ") == 1
    assert re.search(r"\bdomain\.yml:\d+: ", log)
    assert "Traceback" not in log
    assert said(server).startswith("Good day!")

    save(domain, "\nfroms: [", "\nforms:")
    save(domain, "Good day!", "Welcome!")
    until(lambda: said(server).startswith("Welcome!"), "the repaired edit is said", server.log.read_text)
    assert said(server, "/leave_message") == "What is your e-mail address?"
    assert server.process.poll() is None
