from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.message import Entity, IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.diet import DIETClassifier
from frontdesk.nlu.pipeline import Pipeline
from tests.engine.nlu.conftest import EMBEDDER, INTENTS, example, pipeline

RASA = {
    "epochs": 100,
    "constrain_similarities": True,
    "model_confidence": "softmax",
    "hidden_layers_sizes": {"text": [256]},
}
CITIES = ("paris", "rome", "oslo", "lima", "cairo", "quito")
TRAVEL = NluExamples(
    examples=tuple(
        example(text, intent)
        for city, other in zip(CITIES, CITIES[1:] + CITIES[:1], strict=True)
        for text, intent in (
            (f"a train from [{city}](city:from) to [{other}](city:to)", "travel"),
            (f"go to [{city}](city:to) please", "travel"),
            (f"is it raining in [{city}](city)", "weather"),
            ("will there be rain", "weather"),
        )
    )
)  # fmt: skip


def learnt(
    options: dict[str, object], examples: NluExamples = TRAVEL, **context: object
) -> tuple[Pipeline, list[str]]:
    said: list[str] = []
    made = pipeline("WhitespaceTokenizer", ("DIETClassifier", options))
    made.train(examples, TrainContext(progress=said.append, **context))  # type: ignore[arg-type]
    return made, said


def understood(made: Pipeline, text: str) -> Message:
    [message] = made.process([text])
    return message


def test_intents_and_entities_are_found_without_any_featurizer() -> None:
    made, said = learnt(RASA)
    message = understood(made, "one train from oslo to lima")
    assert message.intent is not None
    assert message.intent.name == "travel"
    assert message.ranking[0] == message.intent
    assert [(e.entity, e.value, e.role, e.extractor) for e in message.entities] == [
        ("city", "oslo", "from", "DIETClassifier"),
        ("city", "lima", "to", "DIETClassifier"),
    ]
    assert all(e.extra == {"confidence_role": e.confidence} for e in message.entities)
    [line] = [line for line in said if line.startswith("DIETClassifier: ")]
    assert "2 intents" in line
    assert "words, pieces of words" in line
    assert "in place of the neural network" in line


def test_options_that_mean_something_are_honoured() -> None:
    made, _ = learnt({"entity_recognition": False})
    assert understood(made, "go to rome please").entities == ()
    made, _ = learnt({"intent_classification": False})
    message = understood(made, "go to rome please")
    assert message.intent is None
    assert message.entities
    made, _ = learnt({"ranking_length": 1})
    assert len(understood(made, "go to rome").ranking) == 1


def test_a_ranking_that_is_cut_adds_up_again_where_asked_for() -> None:
    cut, _ = learnt({"ranking_length": 1, "renormalize_confidences": True})
    assert sum(score.confidence for score in understood(cut, "rain or rome").ranking) == pytest.approx(1.0)
    kept, _ = learnt({"ranking_length": 1})
    assert sum(score.confidence for score in understood(kept, "rain or rome").ranking) < 1.0


def test_several_intents_in_one_name_are_found_as_one() -> None:
    texts = (("hello", "greet"), ("hi", "greet"), ("rain?", "weather"), ("hello, rain?", "greet+weather"))
    examples = NluExamples(examples=tuple(Example(text, intent) for text, intent in texts))
    made, _ = learnt({}, examples)
    intent = understood(made, "hello, rain?").intent
    assert intent is not None
    assert intent.name == "greet+weather"


def test_entities_are_split_by_comma_unless_told_otherwise() -> None:
    examples = NluExamples(
        examples=tuple(
            example(f"send [{city}, {other}](place) a card")
            for city, other in zip(CITIES, CITIES[1:] + CITIES[:1], strict=True)
        )
    )
    split, _ = learnt({}, examples)
    assert [e.value for e in understood(split, "send paris, rome a card").entities] == ["paris", "rome"]
    whole, _ = learnt({"split_entities_by_comma": {"place": False}}, examples)
    assert [e.value for e in understood(whole, "send paris, rome a card").entities] == ["paris, rome"]


def test_what_spoke_to_tensorflow_is_told() -> None:
    _, said = learnt({"run_eagerly": True, "tensorboard_log_directory": "logs", "use_gpu": False})
    told = [line for line in said if "TensorFlow" in line]
    names = "'run_eagerly', 'tensorboard_log_directory'"
    assert told == [f"DIETClassifier: {names} spoke to TensorFlow, which is not used here; take them out."]


@pytest.mark.parametrize(
    ("language", "options", "used"),
    [
        ("en", {}, True),
        ("en_GB", {}, True),
        (None, {}, True),
        ("es", {}, False),
        ("es", {"use_encoder": True}, True),
        ("en", {"use_encoder": False}, False),
        ("en", {"featurizers": ["CountVectorsFeaturizer"]}, False),
    ],
)
def test_the_encoder_is_for_english_unless_told(
    language: str | None, options: dict[str, object], used: bool
) -> None:
    made = pipeline("WhitespaceTokenizer", "CountVectorsFeaturizer", ("DIETClassifier", options))
    made.train(INTENTS, TrainContext(language=language, embedder=EMBEDDER))
    assert ("encoder" in made.components[2]._features.makes) is used
    assert DIETClassifier.wants_embedder(options, language) is used
    assert understood(made, "hello there").intent is not None


def test_the_pipelines_own_features_are_not_made_again() -> None:
    counts = ("CountVectorsFeaturizer", {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 3})
    made = pipeline(
        "WhitespaceTokenizer", "CountVectorsFeaturizer", counts, "SentenceEncoderFeaturizer", "DIETClassifier"
    )
    made.train(INTENTS, TrainContext(embedder=EMBEDDER))
    assert made.components[-1]._features.makes == ()
    before = pipeline("WhitespaceTokenizer", "CountVectorsFeaturizer", counts, "SentenceEncoderFeaturizer")
    before.components = made.components[:-1]
    [seen] = before.process(["play it"])
    [handed] = made.components[-1].process([seen])
    assert [f.origin for f in handed.features] == [f.origin for f in seen.features]


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    made, _ = learnt({}, embedder=EMBEDDER)
    made.components[1].save(tmp_path)
    again = DIETClassifier({})
    again.load(tmp_path, LoadContext(EMBEDDER))
    texts = ["a train from quito to cairo", "rain?", "go to rome please", ""]
    other = Pipeline([made.components[0], again])
    first, second = made.process(texts), other.process(texts)
    assert [(m.intent, m.ranking, m.entities) for m in first] == [
        (m.intent, m.ranking, m.entities) for m in second
    ]


def test_an_example_word_for_word_has_its_own_intent() -> None:
    examples = NluExamples(
        (
            Example("ciao", "greet"),
            Example("ciao ciao", "bye"),
            Example("salve", "greet"),
            Example("addio", "bye"),
        )
    )
    made, _ = learnt({}, examples)
    for text, intent in (("Ciao!", "greet"), ("ciao ciao", "bye")):
        score = understood(made, text).intent
        assert score is not None
        assert score.name == intent
        assert score.confidence > 0.9


def test_payloads_and_empty_texts_are_left_alone() -> None:
    made, _ = learnt({})
    final = Message("/greet", intent=IntentScore("greet", 1.0), entities=(Entity("a", 1),), final=True)
    [kept] = made.components[1].process([final])
    assert kept == final
    assert understood(made, "  ").intent == IntentScore(None, 0.0)


def test_without_examples_it_says_so() -> None:
    made, said = learnt({}, NluExamples())
    assert "DIETClassifier: there is nothing to learn from." in said
    assert understood(made, "hello").intent is None


def test_a_pipeline_without_tokens_is_refused() -> None:
    made = pipeline("DIETClassifier")
    with pytest.raises(ConfigError, match="no features to learn from"):
        made.train(INTENTS, TrainContext(language="es"))


SPANISH = {
    "saludo": ("hola", "buenos días", "muy buenas", "hola qué tal", "buenas tardes", "hola a todos"),
    "despedida": ("adiós", "hasta luego", "nos vemos mañana", "hasta pronto", "chao", "me voy, adiós"),
    "tiempo": ("¿va a llover hoy?", "qué tiempo hace", "hará sol mañana", "lloverá por la tarde", "hace frío", "hace mucho calor"),
}  # fmt: skip
GUJARATI = {
    "saludo": ("નમસ્તે", "કેમ છો", "સુપ્રભાત", "શુભ સવાર", "કેમ છો મિત્ર", "નમસ્તે ભાઈ"),
    "despedida": ("આવજો", "ફરી મળીશું", "શુભ રાત્રી", "આવજો મિત્ર", "કાલે મળીશું", "હું જાઉં છું"),
    "tiempo": ("આજે વરસાદ પડશે", "હવામાન કેવું છે", "કાલે તડકો હશે", "આજે ઠંડી છે", "વરસાદ ક્યારે પડશે", "બહુ ગરમી છે"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "texts", "asked"),
    [
        ("es", SPANISH, {"hola buenas": "saludo", "hasta mañana, adiós": "despedida", "¿lloverá mañana?": "tiempo"}),
        ("gu", GUJARATI, {"નમસ્તે મિત્ર": "saludo", "ફરી કાલે મળીશું": "despedida", "કાલે વરસાદ પડશે": "tiempo"}),
    ],
)  # fmt: skip
def test_other_languages_are_learnt_by_words_and_their_pieces(
    language: str, texts: dict[str, tuple[str, ...]], asked: dict[str, str]
) -> None:
    examples = NluExamples(tuple(Example(text, intent) for intent, group in texts.items() for text in group))
    made, said = learnt({}, examples, language=language, embedder=EMBEDDER)
    assert not any("encoder" in line for line in said)
    for text, intent in asked.items():
        score = understood(made, text).intent
        assert score is not None
        assert score.name == intent
