from __future__ import annotations

from pathlib import Path

from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.crf_extractor import CRFEntityExtractor
from frontdesk.nlu.pipeline import Pipeline, prepares
from frontdesk.nlu.whitespace_tokenizer import WhitespaceTokenizer
from tests.engine.nlu.conftest import EMBEDDER, INTENTS, pipeline

PARTS = (
    "WhitespaceTokenizer", "RegexFeaturizer", "LexicalSyntacticFeaturizer", "CountVectorsFeaturizer",
    ("CountVectorsFeaturizer", {"analyzer": "char_wb", "min_ngram": 2, "max_ngram": 4}), "SentenceEncoderFeaturizer",
    "LogisticRegressionClassifier", "CRFEntityExtractor", ("RegexEntityExtractor", {"entities": ["plant", "code"]}),
    "EntitySynonymMapper", "SentimentClassifier", "FallbackClassifier",
)  # fmt: skip
TEXTS = ["hello again", "water the fern AB123", "I love jazz!", "", "/greet", "zzz"]


def seen(message: Message) -> tuple[object, ...]:
    return (message.text, message.intent, message.ranking, message.entities, message.sentiment, message.final)


def test_a_whole_pipeline_learns_saves_and_loads(tmp_path: Path) -> None:
    made = pipeline(*PARTS)
    made.train(INTENTS, TrainContext(embedder=EMBEDDER, language="en"))
    again = pipeline(*PARTS)
    for number, (component, other) in enumerate(zip(made.components, again.components, strict=True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        component.save(folder)
        other.load(folder, LoadContext(embedder=EMBEDDER))
    found = made.process(TEXTS)
    assert [seen(message) for message in again.process(TEXTS)] == [seen(message) for message in found]
    assert found[0].ranking[0].name == "greet"
    assert [(e.entity, e.value) for e in found[1].entities] == [("plant", "fern"), ("code", "AB123")]
    assert found[2].sentiment is not None
    assert found[2].sentiment.name == "positive"


def test_a_batch_gives_what_each_text_gives() -> None:
    made = pipeline(*PARTS)
    made.train(INTENTS, TrainContext(embedder=EMBEDDER))
    together = made.process(TEXTS)
    alone = [made.process([text])[0] for text in TEXTS]
    for one, other in zip(together, alone, strict=True):
        assert one.intent is not None
        assert other.intent is not None
        assert one.intent.name == other.intent.name
        assert abs(one.intent.confidence - other.intent.confidence) < 1e-5
        assert one.entities == other.entities
    assert made.process([]) == []


def test_payloads_pass_untouched() -> None:
    made = pipeline(*PARTS)
    made.train(INTENTS, TrainContext(embedder=EMBEDDER))
    [message] = made.process(['/play{"plant": "lp"}'])
    assert message.final
    assert message.intent == IntentScore("play", 1.0)
    assert [entity.value for entity in message.entities] == ["lp"]
    assert message.sentiment is None
    assert message.features == ()


def test_known_intents_decide_what_a_payload_is() -> None:
    made = Pipeline([WhitespaceTokenizer()], intents={"greet"})
    assert [message.final for message in made.process(["/greet", "/other", "hello"])] == [True, False, False]


class Recorder:
    """A component from elsewhere."""

    def __init__(self) -> None:
        self.options: dict[str, object] = {}
        self.trained_on: list[Message] = []
        self.processed = 0

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        self.trained_on = list(context.messages)

    def process(self, messages: list[Message]) -> list[Message]:
        self.processed += len(messages)
        return list(messages)

    def save(self, folder: Path) -> None: ...

    def load(self, folder: Path, context: LoadContext) -> None: ...


def test_each_component_trains_on_what_the_ones_before_it_left() -> None:
    first, last = Recorder(), Recorder()
    said: list[str] = []
    made = Pipeline([first, WhitespaceTokenizer(), CRFEntityExtractor(), last])
    made.train(INTENTS, TrainContext(progress=said.append))
    assert not first.trained_on[0].tokens
    assert last.trained_on[0].tokens
    assert first.processed == len(INTENTS.examples)
    assert said[0] == "Recorder (1 of 4)"


def test_only_what_later_components_build_on_processes_the_examples() -> None:
    assert prepares(WhitespaceTokenizer())
    assert not prepares(CRFEntityExtractor())
    assert prepares(Recorder())


def test_the_steps_lead_to_what_the_whole_pipeline_says() -> None:
    made = pipeline(*PARTS)
    made.train(INTENTS, TrainContext(embedder=EMBEDDER, language="en"))
    for text in TEXTS:
        steps = made.steps(text)
        [whole] = made.process([text])
        assert seen(steps[-1].after) == seen(whole)
        assert all(one.after is two.before for one, two in zip(steps, steps[1:], strict=False))
        names = [step.component for step in steps if step.component != "payload"]
        assert names == [part if isinstance(part, str) else part[0] for part in PARTS]
        assert (steps[0].component == "payload") == text.startswith("/")
    by_name = {step.component: step for step in made.steps("water the fern AB123")}
    found = by_name["RegexEntityExtractor"]
    assert found.options == {"entities": ["plant", "code"]}, "only what was chosen"
    assert by_name["WhitespaceTokenizer"].options == {}
    assert [e.entity for e in found.after.entities if e not in found.before.entities][-1] == "code"
