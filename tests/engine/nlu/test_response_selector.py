from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.codec import message_to_wire
from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.nlu.pipeline import Pipeline
from frontdesk.nlu.response_selector import ResponseSelector
from tests.engine.nlu.conftest import EMBEDDER, pipeline

QUESTIONS = {
    "faq/name": ("what is your name", "tell me your name", "do you have a name", "how are you called"),
    "faq/age": ("how old are you", "what is your age", "when were you born", "your birthday?"),
    "small/joke": ("tell me a joke", "make me laugh", "something funny please", "a joke please"),
    "small/weather": ("nice weather today", "it is so cold", "what a lovely sunny day", "it rains again"),
}
EXAMPLES = NluExamples(
    (
        *(Example(text, intent) for intent, texts in QUESTIONS.items() for text in texts),
        Example("hello", "greet"),
        Example("hi there", "greet"),
    ),
    responses={f"utter_{intent}": [{"text": f"About {intent}"}, {"text": "zebra" if "age" in intent else "x"}] for intent in QUESTIONS},
)  # fmt: skip
PARTS = ("WhitespaceTokenizer", "DIETClassifier")


def learnt(*options: dict[str, Any], **context: Any) -> tuple[Pipeline, list[str]]:
    said: list[str] = []
    made = pipeline(*PARTS, *(("ResponseSelector", each) for each in options))
    made.train(EXAMPLES, TrainContext(progress=said.append, **context))
    return made, said


def chosen(made: Pipeline, text: str, key: str = "default") -> dict[str, Any]:
    [message] = made.process([text])
    answer: dict[str, Any] = message.extra["response_selector"][key]
    return answer


def test_the_answer_has_rasas_wire_form() -> None:
    made, said = learnt({"epochs": 100})
    answer = chosen(made, "what is your name please")
    assert answer["response"]["intent_response_key"] == "faq/name"
    assert answer["response"]["utter_action"] == "utter_faq/name"
    assert answer["response"]["responses"] == EXAMPLES.responses["utter_faq/name"]
    assert answer["ranking"][0] == {
        "confidence": answer["response"]["confidence"],
        "intent_response_key": "faq/name",
    }
    [message] = made.process(["your age"])
    wire = json.loads(json.dumps(message_to_wire(message)))
    assert wire["response_selector"]["all_retrieval_intents"] == ["faq", "small"]
    assert wire["intent"]["name"] == "faq"
    assert any("4 responses of faq, small" in line for line in said)


def test_only_responses_of_the_intent_are_in_question() -> None:
    made, _ = learnt({})
    names = {each["intent_response_key"] for each in chosen(made, "tell me your name")["ranking"]}
    assert names == {"faq/name", "faq/age"}


def test_several_selectors_stand_side_by_side() -> None:
    made, _ = learnt({"retrieval_intent": "faq"}, {"retrieval_intent": "small"})
    [message] = made.process(["please tell me a funny joke"])
    found = message.extra["response_selector"]
    assert set(found) == {"faq", "small", "all_retrieval_intents"}
    assert found["small"]["response"]["intent_response_key"] == "small/joke"
    assert found["all_retrieval_intents"] == ["faq", "small"]


def test_the_texts_of_responses_can_be_learnt_from() -> None:
    made, _ = learnt({"retrieval_intent": "faq", "use_text_as_label": True})
    assert chosen(made, "zebra", "faq")["response"]["intent_response_key"] == "faq/age"


def test_responses_of_the_domain_are_known_too() -> None:
    selector = ResponseSelector({"retrieval_intent": "faq"})
    texts = [Message(example.text) for example in EXAMPLES.examples]
    tokenized = pipeline("WhitespaceTokenizer").components[0].process(texts)
    own = NluExamples(EXAMPLES.examples)
    selector.train(
        own, TrainContext(tokenized, responses={"utter_faq/name": [{"text": "Bo"}], "utter_x": []})
    )
    [message] = selector.process([tokenized[0]])
    assert message.extra["response_selector"]["faq"]["response"]["responses"] == [{"text": "Bo"}]


def test_a_payload_names_its_response_itself() -> None:
    made, _ = learnt({})
    [message] = made.process(["/small/joke"])
    assert message.intent == IntentScore("small", 1.0)
    assert message.extra["response_selector"]["default"]["response"]["utter_action"] == "utter_small/joke"
    [plain] = made.process(["/greet"])
    assert plain.intent == IntentScore("greet", 1.0)


@pytest.mark.parametrize("language", ["en", "es"])
def test_saved_and_loaded_it_says_the_same(tmp_path: Path, language: str) -> None:
    made, _ = learnt({}, embedder=EMBEDDER, language=language)
    made.components[-1].save(tmp_path)
    again = ResponseSelector({})
    again.load(tmp_path, LoadContext(EMBEDDER, language))
    other = Pipeline([*made.components[:-1], again])
    for text in ("is it cold", "who are you", ""):
        assert chosen(made, text) == chosen(other, text)


def test_without_retrieval_intents_it_selects_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    made = pipeline(*PARTS, "ResponseSelector")
    plain = NluExamples((Example("hello", "greet"), Example("bye", "bye")))
    made.train(plain, TrainContext(progress=said.append))
    assert (
        "ResponseSelector: no example has a retrieval intent such as 'faq/hours'; nothing to select." in said
    )
    assert chosen(made, "hello") == {
        "response": {"responses": None, "confidence": 0.0, "intent_response_key": None, "utter_action": None},
        "ranking": [],
    }
    made.components[-1].save(tmp_path)
    assert list(tmp_path.iterdir()) == []
