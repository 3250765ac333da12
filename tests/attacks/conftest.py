"""What attackers have: the address of a running assistant, any number of conversations, and what customers tell about
themselves. What the tests have besides: the shop's database, to see what was changed and what nobody may hear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.flows.talking import DOMAIN
from tests.conftest import start_server
from tests.visitors import Target, Victim, copied

RESPONSES = DOMAIN["responses"]


def by_wording(text: str, *names: str) -> str:
    """Put a response's name in place of each line that is one of its wordings, of which one is drawn each time."""
    shapes = []
    for line in text.splitlines():
        for name in names:
            for variation in RESPONSES[name]:
                pattern = re.sub(r"\\\{.*?\\\}", ".*", re.escape(str(variation["text"])))
                line = name if re.fullmatch(pattern, line) else line
        shapes.append(line)
    return "\n".join(shapes)


ABOUT_ORDERS = (
    "on its way",
    "was delivered",
    "delivered order",
    "being packed",
    "to be packed",
    "is canceled",
    "shall i",
)


def leaks(text: str, victim: Victim) -> list[str]:
    """Return what a text tells that only the victim may hear: a fact of theirs, or how their order stands."""
    found = [secret for secret in victim.secrets if secret.lower() in text.lower()]
    for line in text.lower().splitlines():
        if victim.number.lower() in line:
            found += [words for words in ABOUT_ORDERS if words in line]
    return found


@pytest.fixture(scope="module")
def target(assistant: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The assistant, running; its e-mails stay in the outbox."""
    folder = copied(assistant, tmp_path_factory.mktemp("target") / "project")
    with (folder / "credentials.yml").open("a") as credentials:
        credentials.write("\nsocketio:\n  session_persistence: true\n")
    server = start_server(folder, FRONTDESK_OUTBOX="manual")
    found = Target(server, folder)
    found.visitor().say("where is my order?")  # the shop is filled by now
    yield found
    server.stop()
    log = server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]
