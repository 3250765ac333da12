"""A project with the knowledge-base actions of `rasa-sdk`, in this process and over HTTP."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk import UserMessage
from frontdesk.formats.project import read_project
from frontdesk.runtime.assembly import assemble
from frontdesk.settings import Settings
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.training.train import train
from tests.conftest import action_server

FILES = {
    "config.yml": """
        recipe: default.v1
        language: en
        pipeline:
        - name: WhitespaceTokenizer
        - name: KeywordIntentClassifier
          case_sensitive: false
        - name: RegexEntityExtractor
          entities: [object_type, attribute, mention, cuisine]
        - name: EntitySynonymMapper
        policies:
        - name: RulePolicy
        """,
    "domain.yml": """
        version: "3.1"
        intents: [query_knowledge_base]
        entities: [object_type, attribute, mention, cuisine]
        slots:
          object_type: {type: any, mappings: [{type: from_entity, entity: object_type}]}
          attribute: {type: any, mappings: [{type: from_entity, entity: attribute}]}
          mention: {type: any, mappings: [{type: from_entity, entity: mention}]}
          cuisine: {type: any, mappings: [{type: from_entity, entity: cuisine}]}
          knowledge_base_last_object: {type: any, mappings: [{type: custom}]}
          knowledge_base_last_object_type: {type: any, mappings: [{type: custom}]}
          knowledge_base_listed_objects: {type: any, mappings: [{type: custom}]}
        actions: [action_query_knowledge_base]
        responses:
          utter_ask_rephrase: [{text: "Please say that in other words."}]
        """,
    "data/nlu.yml": """
        version: "3.1"
        nlu:
        - intent: query_knowledge_base
          examples: |
            - show me
            - what is
        - lookup: object_type
          examples: |
            - restaurant
        - lookup: attribute
          examples: |
            - price range
        - lookup: mention
          examples: |
            - second
        - lookup: cuisine
          examples: |
            - italian
        - synonym: "2"
          examples: |
            - second
        - synonym: price-range
          examples: |
            - price range
        """,
    "data/rules.yml": """
        version: "3.1"
        rules:
        - rule: look it up
          steps:
          - intent: query_knowledge_base
          - action: action_query_knowledge_base
        """,
    "objects.json": """
        {"restaurant": [
            {"id": 1, "name": "Donath", "cuisine": "italian", "price-range": "mid-range"},
            {"id": 2, "name": "Hedgehog", "cuisine": "vegetarian", "price-range": "cheap"}
        ]}
        """,
    "knowledge_acts.py": """
        from pathlib import Path

        from rasa_sdk.knowledge_base.actions import ActionQueryKnowledgeBase
        from rasa_sdk.knowledge_base.storage import InMemoryKnowledgeBase


        class LookUp(ActionQueryKnowledgeBase):
            def __init__(self):
                super().__init__(InMemoryKnowledgeBase(str(Path(__file__).parent / "objects.json")))
        """,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, trained."""
    folder = tmp_path_factory.mktemp("knowledge")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), "utf-8")
    train(read_project(folder), folder / "models", lambda _: None)
    return folder


@pytest.fixture(params=["in process", "over HTTP"])
def endpoint(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if request.param == "in process":
        yield "actions_module: knowledge_acts"
        return
    command = ("frontdesk.cli.main", "run", "actions", "--actions", "knowledge_acts")
    with action_server(folder, *command) as url:
        yield f"url: {url}/webhook"


async def test_objects_are_listed_and_asked_about(folder: Path, endpoint: str) -> None:
    (folder / "endpoints.yml").write_text(f"action_endpoint:\n  {endpoint}\n", "utf-8")
    agent = assemble(folder, None, Settings(), store=MemoryTrackerStore({}))

    async def told(text: str) -> list[str]:
        return [reply["text"] for reply in await agent.receive(UserMessage(text, "ann", "rest"))]

    title, *listed = await told("show me a restaurant")
    assert title == "Found the following objects of type 'restaurant':"
    names = [line.partition(": ")[2] for line in listed]
    assert sorted(names) == ["Donath", "Hedgehog"]  # the SDK shuffles them
    slots = (await agent.tracker("ann")).slots
    assert (sorted(slots["knowledge_base_listed_objects"]), slots["object_type"]) == ([1, 2], None)
    prices = {"Donath": "mid-range", "Hedgehog": "cheap"}
    assert await told("what is the price range of the second one") == [
        f"'{names[1]}' has the value '{prices[names[1]]}' for attribute 'price-range'."
    ]
    assert await told("show me an italian restaurant") == [
        "Found the following objects of type 'restaurant':", "1: Donath",
    ]  # fmt: skip
    assert await told("what is this") == ["Please say that in other words."]
    await agent.close()
