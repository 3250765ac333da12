"""Measuring over HTTP, in the shape of Rasa's reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.server.api_measure import classification
from tests.conftest import Server, frontdesk, start_server

STORIES = """\
version: "3.1"
stories:
- story: greeting
  steps:
  - user: hello
    intent: greet
  - action: utter_greet
- story: wrong
  steps:
  - user: bye
    intent: goodbye
  - action: utter_greet
"""
EXAMPLES = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi
- intent: goodbye
  examples: |
    - hello again
    - bye
- intent: leave_message
  examples: |
    - write to [a@b.co](email)
"""
YAML = {"Content-Type": "application/x-yaml"}


@pytest.fixture(scope="module")
def server(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api")
    yield running
    running.stop()


def post(
    server: Server, path: str, body: str = "", headers: dict[str, str] = YAML, **query: Any
) -> httpx.Response:
    return httpx.post(
        f"{server.url}{path}", content=body.encode(), headers=headers, params=query, timeout=120
    )


def test_stories(server: Server) -> None:
    found = post(server, "/model/test/stories", STORIES, e2e="true").json()
    assert set(found) == {
        "report", "precision", "f1", "accuracy", "actions", "in_training_data_fraction", "is_end_to_end_evaluation",
    }  # fmt: skip
    assert found["is_end_to_end_evaluation"] is True
    assert found["actions"][0] == {
        "action": "utter_greet", "predicted": "utter_greet", "policy": "RulePolicy", "confidence": 1.0,
    }  # fmt: skip
    # as in Rasa, what follows an action (often that the assistant listens) is predicted, too
    spoken = [a for a in found["actions"] if a["action"] != "action_listen"]
    assert [(a["action"], a["predicted"]) for a in spoken] == [
        ("utter_greet", "utter_greet"), ("utter_greet", "utter_goodbye"),
    ]  # fmt: skip
    right = sum(a["action"] == a["predicted"] for a in found["actions"])
    assert found["accuracy"] == pytest.approx(right / len(found["actions"]))
    assert 0 < found["in_training_data_fraction"] <= 1
    assert set(found["report"]["utter_greet"]) == {"precision", "recall", "f1-score", "support"}
    for body in ("", "a: [b", "- x"):
        assert post(server, "/model/test/stories", body).status_code == 400


def test_intents(server: Server, starter: Path) -> None:
    found = post(server, "/model/test/intents", EXAMPLES).json()
    assert set(found) == {"intent_evaluation", "entity_evaluation", "response_selection_evaluation"}
    intents = found["intent_evaluation"]
    assert set(intents) == {"predictions", "report", "precision", "f1_score", "accuracy", "errors"}
    assert len(intents["predictions"]) == 5
    assert set(intents["predictions"][0]) == {"text", "intent", "predicted", "confidence"}
    assert {"accuracy", "macro avg", "weighted avg", "micro avg", "greet"} <= set(intents["report"])
    assert intents["report"]["goodbye"]["confused_with"] == {"greet": 1}
    assert [e["text"] for e in intents["errors"]] == ["hello again"]
    assert found["entity_evaluation"]["all"]["report"]["email"]["recall"] == 1.0
    [archive] = (starter / "models").glob("*.tar.gz")
    assert post(server, "/model/test/intents", EXAMPLES, model=archive.name).json() == found
    assert post(server, "/model/test/intents", EXAMPLES, model="/etc/passwd").status_code == 400


def test_a_model_with_a_slot_type_of_the_projects_own(copy_of_starter: Path) -> None:
    own = "class Size:\n    size = 1\n    def __init__(self, options): pass\n    def features(self, value): return [1]\n"
    (copy_of_starter / "own_size.py").write_text(own)
    domain = copy_of_starter / "domain.yml"
    slot = "slots:\n  party:\n    type: own_size.Size\n    mappings: [{type: custom}]\n"
    domain.write_text(domain.read_text("utf-8").replace("slots:\n", slot, 1), "utf-8")
    done = frontdesk("train", "--fixed-model-name", "sized", cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    running = start_server(copy_of_starter, "--enable-api")
    try:
        answer = post(running, "/model/test/intents", EXAMPLES, model="sized.tar.gz")
        assert answer.status_code == 200, answer.text
    finally:
        running.stop()


def test_intents_in_the_old_json(server: Server) -> None:
    row = {"text": "mail a@b.co", "intent": "leave_message"}
    entity = {"entity": "email", "value": "a@b.co", "start": 5, "end": 11}
    body = {
        "rasa_nlu_data": {
            "common_examples": [{**row, "entities": [entity]}, {"text": "hello", "intent": "greet"}]
        }
    }
    found = httpx.post(f"{server.url}/model/test/intents", json=body, timeout=60).json()
    assert len(found["intent_evaluation"]["predictions"]) == 2
    for bad in ({}, {"rasa_nlu_data": {"common_examples": [{}]}}, {"rasa_nlu_data": {"common_examples": 3}}):
        assert httpx.post(f"{server.url}/model/test/intents", json=bad).status_code == 400
    refused = httpx.post(f"{server.url}/model/test/intents", json=body, params={"cross_validation_folds": 2})
    assert (refused.status_code, refused.json()["reason"]) == (400, "TestingError")


def test_cross_validation(server: Server) -> None:
    pipeline = "pipeline:\n- name: WhitespaceTokenizer\n- name: CountVectorsFeaturizer\n- name: LogisticRegressionClassifier\n"
    found = post(server, "/model/test/intents", pipeline + EXAMPLES, cross_validation_folds=2).json()
    assert set(found["intent_evaluation"]) == {"report", "precision", "f1_score", "errors"}
    assert found["intent_evaluation"]["report"]["greet"]["support"] == 2
    assert post(server, "/model/test/intents", EXAMPLES, cross_validation_folds=1).status_code == 400
    bad = pipeline.replace("WhitespaceTokenizer", "NoSuchThing") + EXAMPLES
    refused = post(server, "/model/test/intents", bad, cross_validation_folds=2)
    assert (refused.status_code, refused.json()["reason"]) == (400, "TestingError")
    assert "NoSuchThing" in refused.json()["message"]


def test_the_figures_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import classification_report

    expected, found = list("aaabbbccd"), list("aabbbacae")
    ours = classification(list(zip(expected, found, strict=True)))
    theirs = classification_report(expected, found, output_dict=True, zero_division=0)
    for label in ("a", "b", "c", "d", "e", "macro avg", "weighted avg"):
        assert ours["report"][label] == pytest.approx(theirs[label]), label
    assert ours["accuracy"] == pytest.approx(theirs["accuracy"])
    assert classification([])["report"] == {}
