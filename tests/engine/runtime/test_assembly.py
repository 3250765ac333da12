"""An assistant is put together from its model and its endpoints.yml."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from frontdesk import UserMessage, load_agent
from frontdesk.core.events import UserUttered
from frontdesk.errors import ActionError, AuthError, ConfigError, PackageError, UnknownName
from frontdesk.formats.endpoints import Endpoint
from frontdesk.formats.project import read_project
from frontdesk.runtime.assembly import (
    action_server,
    assemble,
    language_model,
    lock_store,
    named_paths,
    reload,
    tracker_store,
)
from frontdesk.settings import Settings
from frontdesk.stores.locks import MemoryLockStore
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.stores.sql import SqlTrackerStore
from frontdesk.testing.json_server import JsonServer
from frontdesk.training.train import train
from tests.conftest import frontdesk, start_server

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "FRONTDESK_LLM_MODEL")
SILENCE = """
class Silence:
    def __init__(self, options):
        pass

    def train(self, examples, context):
        pass

    def process(self, messages):
        return messages

    def save(self, folder):
        (folder / "own.json").write_text("{}")

    def load(self, folder, context):
        pass
"""
HELLO = "Hello! I'm an automated assistant. I can take a message for the team."


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


async def told(agent: Any, text: str) -> list[str]:
    return [reply["text"] for reply in await agent.receive(UserMessage(text, "ann", "rest"))]


async def test_a_project_answers(copy_of_starter: Path) -> None:
    agent = load_agent(copy_of_starter)
    await agent.start()
    assert await told(agent, "hello") == [HELLO]
    assert await told(agent, "/restart") == []
    assert await told(agent, "hello") == [HELLO]
    await agent.close()


async def test_a_failure_leaves_the_conversation_where_it_was(
    copy_of_starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = assemble(copy_of_starter, None, Settings(), store=MemoryTrackerStore({}))
    for first in ("hello", "/leave_message"):  # also as the first message of all, and in the middle of a form
        with monkeypatch.context() as patch:
            patch.setattr(type(agent.processor.loop.policies[0]), "predict", lambda *_: 1 / 0)
            [sorry] = await told(agent, first)
            assert sorry.startswith("Sorry, something went wrong")
        assert await told(agent, first) != [sorry]
    with monkeypatch.context() as patch:
        patch.setattr(type(agent.processor.loop.policies[0]), "predict", lambda *_: 1 / 0)
        assert await told(agent, "ann@example.com") == [sorry]
    assert await told(agent, "ann@example.com") == ["What would you like to tell the team?"]
    assert (await agent.tracker("ann")).slots["email"] == "ann@example.com"
    await agent.close()


@pytest.mark.parametrize("payload", ["/session_start", "/restart"])
async def test_a_conversation_stays_closed_to_others_also_in_a_session_that_its_owner_began(
    copy_of_starter: Path, payload: str
) -> None:
    store = MemoryTrackerStore({})
    agent = assemble(copy_of_starter, None, Settings(), store=store)
    for text in ('/leave_message{"email": "ann@example.com"}', payload):
        await agent.receive(UserMessage(text, "ann", "rest", authenticated=True))
    later = assemble(copy_of_starter, None, Settings(), store=store)  # it has only the latest session
    with pytest.raises(AuthError):
        await later.receive(UserMessage("/leave_message", "ann", "rest"))
    assert await later.receive(UserMessage("/leave_message", "ann", "rest", authenticated=True))
    await agent.close()
    await later.processor.understanding.close()


async def test_another_model_without_a_restart(copy_of_starter: Path) -> None:
    agent = assemble(copy_of_starter, None, Settings(), store=MemoryTrackerStore({}))
    assert await told(agent, "hello") == [HELLO]
    domain = copy_of_starter / "domain.yml"
    domain.write_text(domain.read_text("utf-8").replace("Hello! I'm", "Welcome! I'm"), "utf-8")
    assert frontdesk("train", "--quiet", "--fixed-model-name", "second", cwd=copy_of_starter).returncode == 0
    before = agent.model_id
    assert await reload(agent, copy_of_starter) == "second" != before
    assert agent.model_id == "second"
    assert await told(agent, "hello") == [HELLO.replace("Hello", "Welcome")]
    await agent.close()


async def test_a_model_that_cannot_be_loaded_leaves_the_one_in_use(copy_of_starter: Path) -> None:
    agent = assemble(copy_of_starter, None, Settings(), store=MemoryTrackerStore({}))
    (copy_of_starter / "models" / "z.tar.gz").write_bytes(b"not a model")
    with pytest.raises(PackageError, match="damaged"):
        await reload(agent, copy_of_starter)
    assert await told(agent, "hello") == [HELLO]
    await agent.close()


def test_without_a_model(tmp_path: Path) -> None:
    for name, text in (("config.yml", "pipeline: []\npolicies: []\n"), ("domain.yml", "intents: []\n")):
        (tmp_path / name).write_text(text)
    with pytest.raises(PackageError, match="no trained model"):
        load_agent(tmp_path)


def test_where_conversations_are_kept(tmp_path: Path) -> None:
    assert isinstance(tracker_store(None, tmp_path), MemoryTrackerStore)
    for name in ("memory", "in_memory", "InMemoryTrackerStore"):
        assert isinstance(tracker_store(Endpoint(type=name), tmp_path), MemoryTrackerStore)
    store = tracker_store(Endpoint(type="SQL"), tmp_path)
    assert isinstance(store, SqlTrackerStore)
    assert store.options["db"] == str(tmp_path / ".frontdesk" / "conversations.db")
    named = tracker_store(Endpoint(type="SQL", options={"dialect": "sqlite", "db": "here.db"}), tmp_path)
    assert isinstance(named, SqlTrackerStore)
    assert named.options["db"] == str(tmp_path / "here.db")
    with pytest.raises(UnknownName, match="tracker store"):
        tracker_store(Endpoint(type="mango"), tmp_path)


def test_locks() -> None:
    assert isinstance(lock_store(None), MemoryLockStore)
    with pytest.raises(UnknownName, match="Did you mean 'in_memory'"):
        lock_store(Endpoint(type="in_memry"))


async def test_without_an_action_endpoint_no_custom_action_runs(tmp_path: Path) -> None:
    server = action_server(None, tmp_path, Settings())
    assert await server.names() == frozenset()
    with pytest.raises(ActionError):
        await server.run("action_x", None, None, None)  # type: ignore[arg-type]
    await server.close()


def test_a_language_model_only_where_one_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language_model(None) is None
    monkeypatch.setenv("FRONTDESK_LLM_MODEL", "a-model")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert language_model(None) is not None, "a server of one's own may ask for no key"
    monkeypatch.setenv("FRONTDESK_LLM_MODEL", "none")
    assert language_model(None) is None


def test_what_config_yml_names_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(
        "pipeline: [{name: my.own.Part}, {name: FromAPackage}]\npolicies: []\n"
    )
    assert named_paths(tmp_path) == {"my.own.Part", "FromAPackage"}


async def test_also_where_it_ends_with_yaml(copy_of_starter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(copy_of_starter)
    config = (copy_of_starter / "config.yml").rename(copy_of_starter / "config.yaml")
    own = "- name: own_silence.Silence\n- name: RegexFeaturizer"
    config.write_text(config.read_text("utf-8").replace("- name: RegexFeaturizer", own, 1), "utf-8")
    (copy_of_starter / "own_silence.py").write_text(SILENCE)
    train(read_project(copy_of_starter), copy_of_starter / "models", lambda _: None)
    agent = load_agent(copy_of_starter)
    assert await told(agent, "hello") == [HELLO]
    await agent.close()
    monkeypatch.delitem(sys.modules, "own_silence")


def test_a_broken_config_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("pipeline: [")
    with pytest.raises(ConfigError, match=r"config\.yml"):
        named_paths(tmp_path)


async def test_responses_are_worded_by_the_server_of_endpoints_yml(copy_of_starter: Path) -> None:
    def wording(asked: Any) -> Any:
        return {"text": f"In other words: {asked.body['response']}"}

    with JsonServer(wording) as server:
        endpoints = copy_of_starter / "endpoints.yml"
        endpoints.write_text(f"{endpoints.read_text('utf-8')}\nnlg:\n  url: {server.url}/nlg\n", "utf-8")
        agent = load_agent(copy_of_starter)
        assert await told(agent, "hello") == ["In other words: utter_greet"]
        assert await told(agent, "/leave_message") == ["In other words: utter_ask_email"]
        await reload(agent, copy_of_starter)
        assert await told(agent, "hello") == [
            "In other words: utter_greet",
            "In other words: utter_ask_email",
        ]
    assert (await told(agent, "/bot_challenge"))[0] == "I'm an automated assistant, not a person."
    await agent.close()


async def test_messages_are_understood_by_the_server_of_endpoints_yml(
    copy_of_starter: Path, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of the same project understands; where it is gone, nothing is understood, and payloads still are."""
    server = start_server(starter, "--enable-api", "--auth-token", "let-me-in-let-me-in-let-me-in-123")
    try:
        text = f"\nnlu:\n  url: {server.url}\n  token: let-me-in-let-me-in-let-me-in-123\n  timeout: 20\n"
        endpoints = copy_of_starter / "endpoints.yml"
        endpoints.write_text(endpoints.read_text("utf-8") + text, "utf-8")
        agent = assemble(copy_of_starter, None, Settings(), store=MemoryTrackerStore({}))
        monkeypatch.setattr(agent.processor.understanding, "process", lambda texts: 1 / 0)
        assert await told(agent, "hello") == [HELLO]
        parsed = (await agent.tracker("ann")).latest_message.parse_data
        assert (parsed["intent"]["name"], parsed["text"]) == ("greet", "hello")
    finally:
        server.stop()
    assert HELLO not in await told(agent, "hello")
    heard = [event for event in (await agent.tracker("ann")).events() if isinstance(event, UserUttered)]
    assert [event.intent for event in heard] == ["greet", None]
    assert await told(agent, "/greet") == [HELLO]
    await agent.close()
