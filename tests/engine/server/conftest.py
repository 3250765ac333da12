"""A starter project with one more story, served with the inspector open, and a client that holds its key."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Server, frontdesk, start_server, until

STORY = """
- story: a yes after hello
  steps:
  - intent: greet
  - action: utter_greet
  - intent: affirm
  - action: utter_iamabot
"""


@dataclass
class Inspector:
    """A served project, and what its inspector answers to the holder of the key."""

    server: Server
    folder: Path

    @property
    def link(self) -> str:
        printed = re.compile(r"Inspector: (\S+)\n")  # right after the server answers
        found = until(lambda: printed.search(self.server.log.read_text()), "the start prints the link")
        return str(found[1]).replace("localhost", "127.0.0.1")

    @property
    def key(self) -> str:
        return self.link.partition("#key=")[2]

    def ask(self, method: str, name: str, *, key: str | None = None, **rest: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key if key is None else key}", **rest.pop("headers", {})}
        return httpx.request(
            method, f"{self.server.url}/inspector/api/{name}", headers=headers, timeout=60, **rest
        )

    def get(self, name: str, /, **query: Any) -> Any:
        answer = self.ask("GET", name, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, name: str, /, **body: Any) -> Any:
        answer = self.ask("POST", name, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def talk(self, *texts: str) -> Any:
        """Have a conversation in the inspector, and return it."""
        found = {"id": self.post("begin")["id"]}
        for text in texts:
            found = self.post("message", id=found["id"], text=text)
        return found

    def turn(self, conversation: Any, number: int = -1) -> Any:
        """Return one of the turns in which the user said something, in full."""
        heard = [turn for turn in conversation["turns"] if turn["kind"] == "message"]
        return self.get("turn", id=conversation["id"], turn=heard[number]["number"])

    def says(self, sender: str, *texts: str) -> None:
        """Talk on the REST channel, as a customer."""
        for text in texts:
            answer = httpx.post(
                f"{self.server.url}/webhooks/rest/webhook",
                json={"sender": sender, "message": text},
                timeout=60,
            )
            assert answer.status_code == 200


@pytest.fixture(scope="session")
def inspected_project(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspected") / "project"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.log", "conversations.db*", "models"))
    with (folder / "data" / "stories.yml").open("a") as out:
        out.write(STORY)
    done = frontdesk("train", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def inspector(inspected_project: Path) -> Iterator[Inspector]:
    server = start_server(inspected_project, "--inspector")
    yield Inspector(server, inspected_project)
    server.stop()


@pytest.fixture
def own_inspector(
    inspected_project: Path, tmp_path: Path, serve: Callable[..., Server]
) -> Callable[..., Inspector]:
    """A function that serves a copy of the project, which a test may change."""

    def start(*arguments: str, **environment: str) -> Inspector:
        folder = tmp_path / "project"
        if not folder.exists():
            unwanted = shutil.ignore_patterns("*.log", "conversations.db*")
            shutil.copytree(inspected_project, folder, ignore=unwanted)
        return Inspector(serve(folder, *arguments, **environment), folder)

    return start
