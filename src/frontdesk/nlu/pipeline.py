"""Run the components of the NLU one after another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from frontdesk.core.message import Message
from frontdesk.core.ports import Component, Options, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.payload import read_payload


class Pipeline:
    """Understand texts with a list of components, in order.

    `intents` are the names that a payload such as `/greet` may use; None allows all.

        pipeline = Pipeline([WhitespaceTokenizer(), CountVectorsFeaturizer(), LogisticRegressionClassifier()])
        pipeline.train(examples, TrainContext())
        [message] = pipeline.process(["good morning"])
        message.intent  # IntentScore(name='greet', confidence=0.93)
    """

    def __init__(self, components: Sequence[Component], *, intents: Collection[str] | None = None) -> None:
        self.components = list(components)
        self.intents = intents

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Train each component on the examples as the ones before it left them.

        Only components that prepare messages for others (tokens, features) process the examples; one that
        does not say (`prepares`) is taken to.
        """
        messages = [Message(example.text) for example in examples.examples]
        last = max((n for n, component in enumerate(self.components) if prepares(component)), default=-1)
        for number, component in enumerate(self.components):
            context.progress(f"{type(component).__name__} ({number + 1} of {len(self.components)})")
            component.train(examples, replace(context, messages=messages))
            if number <= last and prepares(component):
                messages = component.process(messages)

    def process(self, texts: Sequence[str]) -> list[Message]:
        """Return what is understood of each text, in order; payloads are read and not guessed at."""
        messages = [read_payload(text, self.intents) or Message(text) for text in texts]
        for component in self.components:
            messages = component.process(messages)
        return messages

    def steps(self, text: str) -> list[Passage]:
        """Return what each component makes of one text, in order; a payload is read before the first of them."""
        message = Message(text)
        found: list[Passage] = []
        payload = read_payload(text, self.intents)
        if payload is not None:
            found.append(Passage("payload", {}, message, payload))
            message = payload
        for component in self.components:
            begun = perf_counter()
            [after] = component.process([message])
            seconds = perf_counter() - begun
            found.append(Passage(type(component).__name__, given(component), message, after, seconds))
            message = after
        return found


@dataclass(frozen=True, slots=True)
class Passage:
    """A message before and after one component, and how many seconds that took."""

    component: str
    options: Options
    before: Message
    after: Message
    seconds: float = 0.0


def given(component: Component) -> Options:
    """Return the options of a component that are not as it has them by itself."""
    own: Options = getattr(component, "options", {})
    make: Callable[..., Component] = type(component)
    try:
        usual = make({}).options  # light, as making every component is
    except Exception:  # one from elsewhere that cannot be made without options
        usual = {}
    return {name: value for name, value in own.items() if name not in usual or usual[name] != value}


def prepares(component: Component) -> bool:
    """Tell whether later components build on what this one does to the examples.

    The engine's own featurizers and tokenizers say so; a component from elsewhere is taken to, unless it says
    no.
    """
    own = type(component).__module__.startswith("frontdesk.nlu.")
    return bool(getattr(component, "prepares", not own))
