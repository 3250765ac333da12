from __future__ import annotations

from pathlib import Path

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.nlu.keyword_classifier import KeywordIntentClassifier
from tests.engine.nlu.conftest import messages, reloaded, trained

EXAMPLES = NluExamples(
    examples=tuple(
        Example(text, intent)
        for text, intent in (("hello", "greet"), ("c++?", "code"), ("see you", "bye"), ("ok", "yes"), ("ok", "no"),
                             ("play", "music"), ("play chess", "game"))
    )
)  # fmt: skip


def intents(classifier: KeywordIntentClassifier, *texts: str) -> list[str | None]:
    return [
        message.intent.name if message.intent else None for message in classifier.process(messages(*texts))
    ]


def test_whole_keywords_are_found(tmp_path: Path) -> None:
    for classifier in (
        trained(KeywordIntentClassifier(), EXAMPLES),
        reloaded(trained(KeywordIntentClassifier(), EXAMPLES), tmp_path),
    ):
        found = intents(classifier, "oh hello you", "othello", "Hello", "use c++? yes", "see you then")
        assert found == ["greet", None, None, "code", "bye"]


def test_an_example_is_a_pattern_as_in_rasa() -> None:
    examples = NluExamples(
        examples=(Example("what is this?", "ask/what"), Example("(", "bracket"), Example("a.b", "ask/dot"))
    )
    classifier = trained(KeywordIntentClassifier(), examples)
    assert intents(classifier, "what is this", "what is thi", "what is", "(", "axb") == [
        "ask",
        "ask",
        None,
        "bracket",
        "ask",
    ]


def test_an_example_that_could_hang_stands_for_itself() -> None:
    slow = "(a+)+b"
    classifier = trained(KeywordIntentClassifier(), NluExamples(examples=(Example(slow, "slow"),)))
    assert intents(classifier, slow, "aab") == ["slow", None]


def test_the_ranking_stays_that_of_an_earlier_classifier() -> None:
    ranking = (IntentScore("other", 0.6), IntentScore("more", 0.4))
    classifier = trained(KeywordIntentClassifier(), EXAMPLES)
    [message] = classifier.process([Message("hello", intent=ranking[0], ranking=ranking)])
    assert (message.intent, message.ranking) == (IntentScore("greet", 1.0), ranking)


def test_case_can_be_ignored() -> None:
    assert intents(trained(KeywordIntentClassifier({"case_sensitive": False}), EXAMPLES), "HELLO") == [
        "greet"
    ]


def test_ambiguous_keywords_are_dropped_and_named() -> None:
    said: list[str] = []
    classifier = KeywordIntentClassifier()
    classifier.train(EXAMPLES, TrainContext(progress=said.append))
    assert intents(classifier, "ok", "play now", "play chess") == [None, None, "game"]
    assert [line.split("'")[1] for line in said] == ["ok", "play"]


def test_an_earlier_intent_stays_where_there_is_no_keyword() -> None:
    score = IntentScore("other", 0.4)
    classifier = trained(KeywordIntentClassifier(), EXAMPLES)
    kept, replaced = classifier.process([Message("what", intent=score), Message("hello", intent=score)])
    assert kept.intent == score
    assert replaced.intent == IntentScore("greet", 1.0)
    final = Message("/hello", final=True)
    assert classifier.process([final]) == [final]
