"""endpoints.yml: actions, stores, brokers, language model, knowledge."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.formats import endpoints
from frontdesk.formats.endpoints import ActionEndpoint, Endpoint, Endpoints, Knowledge, LanguageModel

TEXT = """
    action_endpoint:
      url: http://localhost:5055/webhook
      headers: {X: y}
    tracker_store:
      type: sql
      dialect: sqlite
      db: events.db
    lock_store: {type: redis, url: localhost, port: 6379}
    event_broker:
      type: pika
      url: localhost
      queues: [a]
    nlg:
      url: http://localhost:5056/nlg
    llm:
      model: small
      api_base: http://localhost:11434/v1
      api_key: ${KEY}
      timeout: ${SECONDS}
      temperature: 0
    knowledge:
      articles: kb
      facts: facts
      passages: 5
    models:
      url: http://models
      wait_time_between_pulls: 10
    """


def test_endpoints_are_read(desk: Any) -> None:
    root = desk.block(TEXT, "endpoints.yml", expand="all", env={"KEY": "sk", "SECONDS": "2.5"})
    found = endpoints.read(root, desk.complaints)
    assert desk.clean()
    assert found == Endpoints(
        action_endpoint=ActionEndpoint(None, "http://localhost:5055/webhook", {"headers": {"X": "y"}}),
        tracker_store=Endpoint("sql", None, {"dialect": "sqlite", "db": "events.db"}),
        lock_store=Endpoint("redis", "localhost", {"port": 6379}),
        event_broker=Endpoint("pika", "localhost", {"queues": ["a"]}),
        nlg=Endpoint(None, "http://localhost:5056/nlg"),
        models=Endpoint(None, "http://models", {"wait_time_between_pulls": 10}),
        llm=LanguageModel("small", "http://localhost:11434/v1", "sk", 2.5, {"temperature": 0}),
        knowledge=Knowledge("kb", "facts", {"passages": 5}),
    )
    assert found.tracker_store is not None
    assert str(found.tracker_store.place) == "endpoints.yml:5"
    assert "sk" not in repr(found)


def test_nothing_is_needed(desk: Any) -> None:
    text = "action_endpoint:\nllm:\nknowledge: {}\n"
    assert endpoints.read(desk.block(text), desk.complaints) == Endpoints(knowledge=Knowledge())
    assert desk.clean()


def test_actions_may_run_here(desk: Any) -> None:
    found = endpoints.read(desk.block("action_endpoint: {actions_module: actions}"), desk.complaints)
    assert found.action_endpoint == ActionEndpoint("actions")


def test_an_empty_variable_counts_as_not_said(desk: Any) -> None:
    text = "llm: {model: m, base_url: '${URL:-}', api_key: '${KEY:-}'}"
    found = endpoints.read(desk.block(text, expand="all", env={}), desk.complaints)
    assert found.llm == LanguageModel("m")
    assert desk.clean()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "action_endpoint: {url: a, actions_module: b}",
            "1: 'action_endpoint' says both 'actions_module' and 'url'.",
        ),
        ("action_endpoint: {token: a}", "1: 'action_endpoint' says neither where custom actions are nor"),
        ("tracker_store: sql", "1: 'tracker_store' must be a mapping"),
        ("tracker_store: {type: [a]}", "1: 'type' must be a text, not a list."),
        ("llm: {timeout: soon}", "1: 'timeout' must be a number of seconds above 0."),
        ("llm: {timeout: 0}", "1: 'timeout' must be a number of seconds above 0."),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(desk: Any, text: str, complaint: str) -> None:
    endpoints.read(desk.block(text, "endpoints.yml"), desk.complaints)
    assert desk.errors[0].startswith(f"endpoints.yml:{complaint}")


def test_an_unknown_key_is_doubted(desk: Any) -> None:
    endpoints.read(desk.block("tracker_stor: {}", "endpoints.yml"), desk.complaints)
    assert desk.doubts == [
        "endpoints.yml:1: endpoints.yml has no key 'tracker_stor'. Did you mean 'tracker_store'?"
    ]
