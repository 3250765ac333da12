"""Choose the response that answers a question of a retrieval intent such as `faq/hours`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from frontdesk.core import options as rasa_options
from frontdesk.core.message import IntentScore, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.exact import ExactExamples
from frontdesk.nlu.linear import Fit, LinearModel, Row, fit
from frontdesk.nlu.options import merged, renormalized
from frontdesk.nlu.side_features import SideFeatures, handed_on, wants_embedder
from frontdesk.nlu.storage import read_arrays, read_json, write_arrays, write_json
from frontdesk.nlu.vectors import by_name
from frontdesk.nlu.whitespace_tokenizer import WhitespaceTokenizer

NAME = "ResponseSelector"
KEY = "response_selector"
EVERY = "default"
"""The name of the selector that serves all retrieval intents."""
DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(rasa_options.NEURAL),
    "retrieval_intent": None,
    "use_text_as_label": False,
    "ranking_length": 10,
    "featurizers": [],
    "use_encoder": None,
}
_FILE, _ARRAYS, _NAMES, _FEATURES = "selector.json", "selector.npz", "labels.json", "features"


class ResponseSelector:
    """Say in `extra["response_selector"]`, in Rasa's wire form, which response answers each message.

    It learns from the examples of retrieval intents (`retrieval_intent: faq` restricts it to one), with a
    linear classifier over the pipeline's features and its own: words, pieces of words, and for English the
    sentence encoder. With `use_text_as_label` the texts of the responses are learnt from, too. Where the intent
    of a message is a retrieval intent, only its own responses are in question.
    """

    wants_embedder = staticmethod(wants_embedder)
    uses_responses = True

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        wanted = self.options["retrieval_intent"]
        self._wanted = str(wanted) if wanted else None
        self._features = SideFeatures()
        self._model: LinearModel | None = None
        self._responses: Mapping[str, Any] = {}
        self._exact = ExactExamples()

    @property
    def key(self) -> str:
        """The name under which it answers: its retrieval intent, or `default`."""
        return self._wanted or EVERY

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn which response answers which question; without any such example it answers nothing."""
        pairs = [
            (example, message)
            for example, message in zip(examples.examples, context.messages, strict=True)
            if self._mine(example.intent) and example.text.strip()
        ]
        if not pairs:
            which = f"of '{self._wanted}'" if self._wanted else "such as 'faq/hours'"
            context.progress(f"{NAME}: no example has a retrieval intent {which}; nothing to select.")
            return
        responses = {**context.responses, **examples.responses}
        self._responses = {k: v for k, v in responses.items() if self._mine(k.removeprefix("utter_"))}
        kept = replace(examples, examples=tuple(example for example, _ in pairs))
        own = replace(context, messages=[message for _, message in pairs])
        encoder = wants_embedder(self.options, context.language)
        messages = self._features.train(kept, own, encoder=encoder, tokens=False)
        labels = [example.intent for example, _ in pairs]
        if self.options["use_text_as_label"]:
            texts = self._texts(set(labels))
            messages += self._features.process([message for message, _ in texts])
            labels += [label for _, label in texts]
        self._exact = ExactExamples.of((example.text, example.intent) for example, _ in pairs)
        how = Fit(seed=rasa_options.seed(self.options))
        self._model = fit([self._row(message) for message in messages], labels, how)
        context.progress(
            f"{NAME}: trained a linear classifier in place of the neural network "
            f"({len(set(labels))} responses of {', '.join(sorted(_bases(labels)))})."
        )
        spoken = rasa_options.left_over(NAME, self.options)
        if spoken:
            context.progress(spoken)

    def _mine(self, name: str) -> bool:
        base, slash, rest = name.partition("/")
        return bool(slash and rest) and (self._wanted is None or base == self._wanted)

    def _texts(self, labels: set[str]) -> list[tuple[Message, str]]:
        """Return the texts of the responses as messages, with their labels."""
        pairs = [
            (str(one["text"]), label)
            for label in sorted(labels)
            for one in _variations(self._responses.get(f"utter_{label}"))
            if one.get("text")
        ]
        tokenized = WhitespaceTokenizer().process([Message(text) for text, _ in pairs])
        return [(message, label) for message, (_, label) in zip(tokenized, pairs, strict=True)]

    def _row(self, message: Message) -> Row:
        named = by_name(message, self.options["featurizers"] or ())
        return {name: features.sentence for name, features in named.items() if features.sentence is not None}

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add what is selected for each message; a payload such as `/faq/hours` has said it itself."""
        described = self._features.process(messages)
        processed = []
        for message, before in zip(described, messages, strict=True):
            ranking = self._ranking(message)
            kept = self._taken_apart(before) if before.final else handed_on(message, before)
            chosen = {**before.extra.get(KEY, {}), self.key: self._answer(ranking)}
            chosen["all_retrieval_intents"] = sorted(
                {*chosen.get("all_retrieval_intents", ()), *self._intents}
            )
            processed.append(kept.but(extra={**before.extra, KEY: chosen}))
        return processed

    def _taken_apart(self, message: Message) -> Message:
        """Return a payload's message with the intent that rules and stories know: `faq` of `faq/hours`."""
        intent = message.intent
        if intent is None or not intent.name or not self._mine(intent.name):
            return message
        return message.but(intent=replace(intent, name=intent.name.partition("/")[0]))

    @property
    def _intents(self) -> set[str]:
        return _bases(self._model.labels) if self._model else set()

    def _ranking(self, message: Message) -> list[IntentScore]:
        named = message.intent.name if message.intent else None
        if message.final:
            return [IntentScore(named, 1.0)] if named and self._mine(named) else []
        if self._model is None or not message.text.strip():
            return []
        shares = self._model.probabilities([self._row(message)])[0]
        scored = [IntentScore(n, float(s)) for n, s in zip(self._model.labels, shares, strict=True)]
        if named in self._intents:
            scored = [score for score in scored if (score.name or "").partition("/")[0] == named]
            total = sum(score.confidence for score in scored) or 1.0
            scored = [IntentScore(score.name, score.confidence / total) for score in scored]
        scored.sort(key=lambda score: -score.confidence)
        shown = scored[: self.options["ranking_length"] or None]
        if self.options["renormalize_confidences"]:
            shown = list(renormalized(shown))
        exact = self._exact.sharpened(message.text, shown)
        return list(exact) if exact[0].name in {score.name for score in scored} else shown

    def _answer(self, ranking: Sequence[IntentScore]) -> dict[str, Any]:
        best = ranking[0] if ranking else IntentScore(None, 0.0)
        action = f"utter_{best.name}" if best.name else None
        # as in Rasa, a response that no file has is said by its name
        found = _variations(self._responses.get(action or "")) or (
            [{"text": best.name}] if best.name else None
        )
        return {
            "response": {
                "responses": found,
                "confidence": best.confidence,
                "intent_response_key": best.name,
                "utter_action": action,
            },
            "ranking": [
                {"confidence": score.confidence, "intent_response_key": score.name} for score in ranking
            ],
        }

    def save(self, folder: Path) -> None:
        """Write the classifier, the words and the responses."""
        if self._model is None:
            return
        write_json(folder / _FILE, {"responses": dict(self._responses), "exact": self._exact.labels})
        write_json(folder / _NAMES, self._model.names())
        write_arrays(folder / _ARRAYS, self._model.arrays())
        (folder / _FEATURES).mkdir()
        self._features.save(folder / _FEATURES)

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read them back."""
        if (folder / _FILE).is_file():
            known = read_json(folder / _FILE)
            self._responses, self._exact = known["responses"], ExactExamples(known["exact"])
            self._model = LinearModel.stored(read_json(folder / _NAMES), read_arrays(folder / _ARRAYS))
            self._features.load(folder / _FEATURES, context)


def _bases(labels: Sequence[str]) -> set[str]:
    return {label.partition("/")[0] for label in labels}


def _variations(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else []
    return [one if isinstance(one, Mapping) else {"text": str(one)} for one in found]
