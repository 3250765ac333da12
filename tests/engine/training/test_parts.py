"""What each part's fingerprint covers: a change of it trains the part again, anything else does not."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.domain import Domain, Form, Intent, Response
from frontdesk.core.message import Entity
from frontdesk.core.slots import Slot
from frontdesk.core.training import (
    ActionStep,
    Example,
    Labelled,
    Lookup,
    NluExamples,
    Pattern,
    Place,
    Rule,
    Story,
    TrainingSet,
    UserStep,
)
from frontdesk.graph.cache import TrainingCache
from frontdesk.graph.recipe import Part, Recipe
from frontdesk.testing.fakes import FakeEmbedder
from frontdesk.training import parts
from frontdesk.training.parts import copy_into, train_pipeline, train_policies

SOURCE = '''
import json

LOG = []

class Own:
    """A part that writes down that it was trained, and on what."""

    def __init__(self, options):
        self.options = options
        self.learnt = None

    def train(self, *given):
        LOG.append(self.options.get("tag"))
        self.learnt = [m.text + "|" + str(m.extra.get("by", "")) for m in getattr(given[1], "messages", ())]

    def process(self, messages):
        tag = self.options.get("tag")
        return [m.but(extra={**m.extra, "by": m.extra.get("by", "") + tag}) for m in messages]

    def save(self, folder):
        (folder / "own.json").write_text(json.dumps(self.learnt))

    def load(self, folder, *rest):
        self.learnt = json.loads((folder / "own.json").read_text())
'''

EXAMPLES = NluExamples(
    examples=(Example("hi", "greet", metadata={"a": 1}, place=Place("nlu.yml", 3)), Example("XL", "tell")),
    patterns=(Pattern("size", "X+L"),),
    lookups=(Lookup("color", ("red",)),),
    synonyms={"extra large": "XL"},
    sentiment=(Labelled("great", "positive"),),
)
STORY = Story("s", (UserStep("greet"), ActionStep("utter_hello")))
TRAINING = TrainingSet(EXAMPLES, stories=(STORY,), rules=(Rule("r", STORY.steps),))
DOMAIN = Domain(
    intents={"greet": Intent("greet")},
    slots={"size": Slot("size", "text")},
    responses={"utter_hello": (Response("Hello"),)},
    forms={"a_form": Form("a_form", ("size",))},
)


class Bench:
    """A cache, and parts of one's own that log their training."""

    def __init__(self, folder: Path, module: Path) -> None:
        self.cache = TrainingCache(folder)
        self.module = module

    @property
    def log(self) -> list[str]:
        from own_part import LOG  # type: ignore[import-not-found]

        found = list(LOG)
        LOG.clear()
        return found

    def part(self, kind: Any, tag: str) -> Part:
        return Part(kind, "own_part.Own", {"tag": tag})

    def pipeline(
        self, *tags: str, nlu: NluExamples = EXAMPLES, language: str = "en", embedder: Any = None
    ) -> list[str]:
        recipe = Recipe(tuple(self.part("component", tag) for tag in tags), (), language)
        done = train_pipeline(recipe, nlu, self.cache, embedder, lambda _: None)
        trained = self.log
        assert done.fresh == len(trained)
        assert len(done.folders) == len(tags)
        return trained

    def policies(self, *tags: str, training: TrainingSet = TRAINING, domain: Domain = DOMAIN) -> list[str]:
        recipe = Recipe((), tuple(self.part("policy", tag) for tag in tags))
        train_policies(recipe, training, domain, self.cache, lambda _: None)
        return self.log

    def learnt(self, tags: tuple[str, ...], nlu: NluExamples = EXAMPLES) -> str:
        recipe = Recipe(tuple(self.part("component", tag) for tag in tags), (), "en")
        done = train_pipeline(recipe, nlu, self.cache, None, lambda _: None)
        _ = self.log
        return (done.folders[-1] / "own.json").read_text()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    module = tmp_path / "own_part.py"
    module.write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield Bench(tmp_path / "cache", module)
    sys.modules.pop("own_part", None)


def test_nothing_is_trained_twice(bench: Bench) -> None:
    assert bench.pipeline("a", "b") == ["a", "b"]
    assert bench.pipeline("a", "b") == []


def test_a_part_counts_with_all_before_it(bench: Bench) -> None:
    bench.pipeline("a", "b", "c")
    assert bench.pipeline("a", "x", "c") == ["x", "c"]
    assert bench.pipeline("b", "a", "c") == ["b", "a", "c"]
    assert bench.pipeline("a", "b") == []


def test_examples_reach_a_part_as_the_ones_before_left_them_also_from_the_cache(bench: Bench) -> None:
    assert bench.learnt(("a", "b")) == '["hi|a", "XL|a"]'
    assert bench.learnt(("a", "b", "c")) == '["hi|ab", "XL|ab"]'
    assert bench.learnt(("a", "y", "z")) == '["hi|ay", "XL|ay"]'


HI = EXAMPLES.examples[0]
CHANGES: dict[str, dict[str, Any]] = {
    "text": {"examples": (dataclasses.replace(HI, text="hello"), EXAMPLES.examples[1])},
    "intent": {"examples": (dataclasses.replace(HI, intent="bye"), EXAMPLES.examples[1])},
    "entities": {
        "examples": (dataclasses.replace(HI, entities=(Entity("x", "hi", 0, 2),)), EXAMPLES.examples[1])
    },
    "metadata": {"examples": (dataclasses.replace(HI, metadata={"a": 2}), EXAMPLES.examples[1])},
    "order": {"examples": EXAMPLES.examples[::-1]},
    "one more": {"examples": (*EXAMPLES.examples, HI)},
    "patterns": {"patterns": (Pattern("size", "L"),)},
    "lookups": {"lookups": (Lookup("color", ("blue",)),)},
    "synonyms": {"synonyms": {"extra large": "XXL"}},
    "sentiment": {"sentiment": (Labelled("great", "negative"),)},
    "responses": {"responses": {"faq/a": ["x"]}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_the_pipeline_learns_from(bench: Bench, change: dict[str, Any]) -> None:
    bench.pipeline("a")
    assert bench.pipeline("a", nlu=dataclasses.replace(EXAMPLES, **change)) == ["a"]


def test_where_an_example_stands_does_not_count(bench: Bench) -> None:
    bench.pipeline("a")
    moved = (dataclasses.replace(HI, place=Place("other.yml", 99)), EXAMPLES.examples[1])
    assert bench.pipeline("a", nlu=dataclasses.replace(EXAMPLES, examples=moved)) == []


def test_the_language_the_encoder_and_the_code_count(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.pipeline("a")
    assert bench.pipeline("a", language="de") == ["a"]
    encoder = FakeEmbedder()
    encoder.fingerprint = "one"  # type: ignore[attr-defined]
    assert bench.pipeline("a", embedder=encoder) == ["a"]
    encoder.fingerprint = "other"  # type: ignore[attr-defined]
    assert bench.pipeline("a", embedder=encoder) == ["a"]
    bench.module.write_text(SOURCE + "\n# changed\n")
    assert bench.pipeline("a") == ["a"]
    assert bench.pipeline("a") == []
    monkeypatch.setattr(parts, "engine_digest", lambda *_: "another version")
    assert bench.pipeline("a") == ["a"]


OTHER_STORY = Story("s", (UserStep("greet"), ActionStep("utter_bye")))
TRAININGS: dict[str, dict[str, Any]] = {
    "stories": {"stories": (OTHER_STORY,)},
    "a story's name": {"stories": (Story("t", STORY.steps),)},
    "rules": {"rules": (Rule("r", OTHER_STORY.steps),)},
    "conversation_start": {"rules": (Rule("r", STORY.steps, conversation_start=True),)},
    "waits": {"rules": (Rule("r", STORY.steps, wait_for_user_input=False),)},
    "examples, for a policy from elsewhere": {"nlu": NluExamples()},
}
DOMAINS: dict[str, dict[str, Any]] = {
    "intents": {"intents": {"greet": Intent("greet", use_entities=())}},
    "slots": {"slots": {"size": Slot("size", "text", influence_conversation=False)}},
    "forms": {"forms": {"a_form": Form("a_form", ())}},
    "actions": {"actions": ("action_x",)},
    "names of responses": {"responses": {"utter_bye": (Response("Hello"),)}},
}


@pytest.mark.parametrize("change", TRAININGS.values(), ids=TRAININGS)
def test_what_policies_learn_from(bench: Bench, change: dict[str, Any]) -> None:
    bench.policies("a")
    assert bench.policies("a") == []
    assert bench.policies("a", training=dataclasses.replace(TRAINING, **change)) == ["a"]


@pytest.mark.parametrize("change", DOMAINS.values(), ids=DOMAINS)
def test_what_policies_see_of_the_domain(bench: Bench, change: dict[str, Any]) -> None:
    bench.policies("a", "b")
    assert bench.policies("a", "b", domain=dataclasses.replace(DOMAIN, **change)) == ["a", "b"]


def test_what_is_said_does_not_count(bench: Bench) -> None:
    bench.policies("a")
    domain = dataclasses.replace(
        DOMAIN, responses={"utter_hello": (Response("Good day"), Response("Hi"))}, wire={"x": 1}
    )
    assert bench.policies("a", domain=domain) == []


def test_the_engines_policies_do_not_look_at_sentences(tmp_path: Path) -> None:
    cache = TrainingCache(tmp_path)
    recipe = Recipe((), (Part("policy", "MemoizationPolicy", {"max_history": 3}),))
    told: list[str] = []
    for training in (TRAINING, dataclasses.replace(TRAINING, nlu=NluExamples())):
        done = train_policies(recipe, dataclasses.replace(training, rules=()), DOMAIN, cache, told.append)
    assert done.fresh == 0


def test_policies_do_not_depend_on_each_other(bench: Bench) -> None:
    bench.policies("a", "b")
    assert bench.policies("b", "x") == ["x"]


def test_trained_parts_are_copied_in_order(bench: Bench, tmp_path: Path) -> None:
    recipe = Recipe((bench.part("component", "a"), bench.part("component", "b")), (), "en")
    done = train_pipeline(recipe, EXAMPLES, bench.cache, None, lambda _: None)
    copy_into(recipe.pipeline, done.folders, tmp_path / "package")
    assert sorted(p.name for p in (tmp_path / "package").iterdir()) == ["00_Own", "01_Own"]
    assert (tmp_path / "package" / "01_Own" / "own.json").is_file()
    _ = bench.log
