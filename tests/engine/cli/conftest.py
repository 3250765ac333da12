"""What the tests of commands share: a small project whose conversations are in a database."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from frontdesk.cli.init import STARTER
from frontdesk.core import events as ev
from frontdesk.core.ports import Commit
from frontdesk.stores.sql import SqlTrackerStore

ENDPOINTS = "tracker_store:\n  type: SQL\n  db: conversations.db\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The starter project, not trained."""
    folder = tmp_path / "project"
    shutil.copytree(STARTER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def with_conversations(project: Path) -> Path:
    """A project with two stored conversations: ann's of two messages, bob's of one."""
    (project / "endpoints.yml").write_text(ENDPOINTS)
    heard = {"intent": {"name": "greet", "confidence": 1.0}}

    async def store() -> None:
        store = SqlTrackerStore({"db": str(project / "conversations.db")})
        for sender, times in (("ann", (100.0, 200.0)), ("bob", (150.0,))):
            events: list[ev.Event] = [ev.ActionExecuted("action_session_start", timestamp=times[0])]
            for time in times:
                events.append(ev.UserUttered("write to a@example.com", heard, timestamp=time))
                events.append(ev.ActionExecuted("utter_greet", timestamp=time + 1))
            await store.save(Commit(sender, events, 0))
        await store.close()

    asyncio.run(store())
    return project
