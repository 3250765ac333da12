"""The assistant of the contract for channels, and servers on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frontdesk.testing.contracts.channel import PROJECT, ChannelContract
from tests.conftest import Server, frontdesk, start_server

MORE = """
version: "3.1"
intents: [show_many, show_long, pass_on]
responses:
  utter_pass_on:
  - text: "A person comes."
    custom: {passControl: {switchboardIntegration: next, metadata: {from: desk}}}
  utter_many:
  - text: "Which ones?"
    buttons:
MANY
  utter_long:
  - text: "Which one?"
    buttons:
    - title: "Long"
      payload: '/show_custom{"kind": "LONG"}'
""".replace(
    "MANY", "\n".join(f"    - {{title: Number {n}, payload: /show_image}}" for n in range(1, 102))
).replace("LONG", "long " * 600)
MORE_RULES = """
version: "3.1"
rules:
- rule: more buttons than any channel has
  steps:
  - intent: show_many
  - action: utter_many
- rule: a person is asked for
  steps:
  - intent: pass_on
  - action: utter_pass_on
- rule: a payload that is longer than any button's
  steps:
  - intent: show_long
  - action: utter_long
"""


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assistant of the contract, trained."""
    folder = tmp_path_factory.mktemp("contract") / "project"
    files = {**PROJECT, "domain/more.yml": MORE, "data/more.yml": MORE_RULES}
    files["domain/contract.yml"] = files.pop("domain.yml")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), "utf-8")
    done = frontdesk("train", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def serving(talking: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """A function that runs a server with such credentials."""
    running: list[Server] = []

    def start(credentials: str) -> Server:
        folder = Path(shutil.copytree(talking, tmp_path_factory.mktemp("channel") / "project"))
        (folder / "credentials.yml").write_text(credentials, "utf-8")
        running.append(start_server(folder, "--enable-api", "--auth-token", ChannelContract.TOKEN))
        return running[-1]

    yield start
    for server in running:
        server.stop()
