"""DIETClassifier by name: a linear classifier for the intent and a CRF tagger for the entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frontdesk.core import options as rasa_options
from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.crf_extractor import CRFEntityExtractor
from frontdesk.nlu.logistic_regression import LogisticRegressionClassifier
from frontdesk.nlu.options import merged, renormalized
from frontdesk.nlu.overlap import resolve
from frontdesk.nlu.side_features import ENCODER, PIECES, WORDS, SideFeatures, handed_on, wants_embedder
from frontdesk.nlu.storage import read_json, write_json

NAME = "DIETClassifier"
DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(rasa_options.NEURAL),
    "intent_classification": True,
    "entity_recognition": True,
    "ranking_length": 10,
    "BILOU_flag": True,
    "split_entities_by_comma": True,
    "featurizers": [],
    "use_encoder": None,
}
_DENSE = 3.0
"""How much the encoder's vector counts beside five words: the best over 72 public projects, by cross-validation."""
_FILE = "diet.json"
_INTENTS, _ENTITIES, _FEATURES = "intents", "entities", "features"
_SAID = {ENCODER: "the sentence encoder", WORDS: "words", PIECES: "pieces of words"}


class DIETClassifier:
    """Set each message's intent and ranking, and add its entities, in Rasa's form.

    In place of the neural network, a linear classifier over all features finds the intent, and a CRF tagger
    the entities; a text that is an example, word for word, has the example's intent. To the pipeline's
    features it adds what is missing: words, pieces of words, and for English the sentence encoder
    (`use_encoder` says otherwise). `intent_classification`, `entity_recognition`, `ranking_length`,
    `BILOU_flag`, `split_entities_by_comma`, `featurizers` and `random_seed` mean what they mean in Rasa; the
    options of the network are taken and change nothing.
    """

    wants_embedder = staticmethod(wants_embedder)

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._features = SideFeatures()
        self._intents: LogisticRegressionClassifier | None = None
        self._entities: CRFEntityExtractor | None = None

    def _classifier(self) -> LogisticRegressionClassifier:
        return LogisticRegressionClassifier(
            {
                "ranking_length": self.options["ranking_length"] or 0,
                "featurizers": self.options["featurizers"] or [],
                "dense_weight": _DENSE,
                "random_state": rasa_options.seed(self.options),
            }
        )

    def _tagger(self) -> CRFEntityExtractor:
        names = ("BILOU_flag", "split_entities_by_comma")
        given = {name: self.options[name] for name in names}
        return CRFEntityExtractor({**given, "featurizers": self.options["featurizers"] or []})

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn intents and entities. Raises ConfigError where the pipeline makes no tokens."""
        intents = {e.intent.partition("/")[0] for e in examples.examples if e.intent and e.text.strip()}
        kinds = {entity.entity for e in examples.examples for entity in e.entities}
        finds_intents = bool(self.options["intent_classification"] and intents)
        finds_entities = bool(self.options["entity_recognition"] and kinds)
        messages = self._features.train(
            examples,
            context,
            encoder=wants_embedder(self.options, context.language),
            tokens=finds_entities,
        )
        quiet = replace(context, messages=messages, progress=lambda _: None)
        if finds_intents:
            self._intents = self._classifier()
            self._intents.train(examples, quiet)
        if finds_entities:
            self._entities = self._tagger()
            self._entities.train(examples, quiet)
        context.progress(self._said(len(intents), len(kinds)))
        spoken = rasa_options.left_over(NAME, self.options)
        if spoken:
            context.progress(spoken)

    def _said(self, intents: int, kinds: int) -> str:
        parts = []
        if self._intents is not None:
            own = ", ".join(_SAID[name] for name in self._features.makes)
            beside = f", with {own} of its own" if own else ""
            parts.append(f"a linear classifier ({intents} intents{beside})")
        if self._entities is not None:
            parts.append(f"a CRF tagger ({kinds} kinds of entities)")
        if not parts:
            return f"{NAME}: there is nothing to learn from."
        return f"{NAME}: trained {' and '.join(parts)} in place of the neural network."

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Set the intents and add the entities."""
        described = self._features.process(messages)
        understood = described if self._intents is None else self._intents.process(described)
        understood = [message if message.final else self._ranked(message) for message in understood]
        if self._entities is not None:
            found = self._entities.process([message.but(entities=()) for message in understood])
            understood = [
                message if message.final else message.but(entities=_joined(message, new.entities))
                for message, new in zip(understood, found, strict=True)
            ]
        return [
            before if before.final else handed_on(message, before)
            for message, before in zip(understood, messages, strict=True)
        ]

    def _ranked(self, message: Message) -> Message:
        if self._intents is None or not message.ranking or not self.options["renormalize_confidences"]:
            return message
        ranking = renormalized(message.ranking)
        return message.but(intent=ranking[0], ranking=ranking)

    def save(self, folder: Path) -> None:
        """Write both models and the words."""
        parts = {_FEATURES: self._features, _INTENTS: self._intents, _ENTITIES: self._entities}
        made = {name: part for name, part in parts.items() if part is not None}
        write_json(folder / _FILE, {"parts": sorted(made)})
        for name, part in made.items():
            (folder / name).mkdir()
            part.save(folder / name)

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read them back."""
        made = read_json(folder / _FILE)["parts"]
        self._features.load(folder / _FEATURES, context)
        if _INTENTS in made:
            self._intents = self._classifier()
            self._intents.load(folder / _INTENTS, context)
        if _ENTITIES in made:
            self._entities = self._tagger()
            self._entities.load(folder / _ENTITIES, context)


def _joined(message: Message, found: Sequence[Entity]) -> tuple[Entity, ...]:
    return resolve([*message.entities, *(_named(entity) for entity in found)])


def _named(entity: Entity) -> Entity:
    shares = {"confidence_role": entity.role, "confidence_group": entity.group}
    extra = {key: entity.confidence for key, label in shares.items() if label is not None}
    return replace(entity, extractor=NAME, extra={**entity.extra, **extra})
