from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.message import Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.nlu.side_features import ENCODER, PIECES, WORDS, SideFeatures, handed_on, wants_embedder
from frontdesk.nlu.whitespace_tokenizer import WhitespaceTokenizer
from frontdesk.testing.fakes import FakeEmbedder
from tests.engine.nlu.conftest import INTENTS, messages, pipeline


class Counting(FakeEmbedder):
    encoded = 0

    def embed(self, texts):  # type: ignore[no-untyped-def]
        self.encoded += len(texts)
        return super().embed(texts)


def prepared(*parts: object) -> list[Message]:
    made = pipeline("WhitespaceTokenizer", *parts)  # type: ignore[arg-type]
    made.train(INTENTS, TrainContext())
    return made.process([example.text for example in INTENTS.examples])


@pytest.mark.parametrize(
    ("parts", "makes"),
    [
        ((), (WORDS, PIECES, ENCODER)),
        (("RegexFeaturizer", "LexicalSyntacticFeaturizer"), (WORDS, PIECES, ENCODER)),
        (("CountVectorsFeaturizer",), (PIECES, ENCODER)),
        ((("CountVectorsFeaturizer", {"analyzer": "char_wb"}),), (WORDS, ENCODER)),
        ((("CountVectorsFeaturizer", {"alias": "mine"}),), (ENCODER,)),
    ],
)
def test_only_what_is_missing_is_made(parts: tuple[object, ...], makes: tuple[str, ...]) -> None:
    side = SideFeatures()
    context = TrainContext(prepared(*parts), embedder=FakeEmbedder(8))
    found = side.train(INTENTS, context, encoder=True, tokens=False)
    assert side.makes == makes
    assert {f.origin for f in found[0].features} >= set(makes)


def test_a_text_is_encoded_once_for_several_parts(tmp_path: Path) -> None:
    embedder = Counting(8)
    one, other = SideFeatures(), SideFeatures()
    for side in (one, other):
        side.train(INTENTS, TrainContext(prepared(), embedder=embedder), encoder=True, tokens=False)
    embedder.encoded = 0
    before = messages("good morning")
    [after] = one.process(before)
    [passed] = other.process([handed_on(after, before[0])])
    assert embedder.encoded == 1
    assert [f.origin for f in handed_on(after, before[0]).features] == [ENCODER]
    assert any(f.origin == ENCODER for f in passed.features)


def test_saved_and_loaded_it_makes_the_same(tmp_path: Path) -> None:
    side = SideFeatures()
    side.train(INTENTS, TrainContext(prepared(), embedder=FakeEmbedder(8)), encoder=True, tokens=True)
    side.save(tmp_path)
    again = SideFeatures()
    again.load(tmp_path, LoadContext(FakeEmbedder(8)))
    texts = WhitespaceTokenizer().process([Message("water the roses"), Message(" ")])
    for first, second in zip(side.process(texts), again.process(texts), strict=True):
        assert [f.origin for f in first.features] == [f.origin for f in second.features]
    assert again.process(texts)[0].features[-1].tokens is not None


def test_english_is_what_the_encoder_knows() -> None:
    assert [wants_embedder({}, language) for language in (None, "en", "en-US", "eng", "es")] == [
        True, True, True, False, False,
    ]  # fmt: skip
