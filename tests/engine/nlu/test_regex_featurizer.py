from __future__ import annotations

from pathlib import Path

from frontdesk.core.message import Message
from frontdesk.nlu.regex_featurizer import RegexFeaturizer
from tests.engine.nlu.conftest import INTENTS, messages, reloaded, trained


def test_sentence_and_tokens_know_the_patterns(tmp_path: Path) -> None:
    for featurizer in (
        trained(RegexFeaturizer(), INTENTS),
        reloaded(trained(RegexFeaturizer(), INTENTS), tmp_path),
    ):
        [message, other] = featurizer.process(messages("a fern, code AB123", "nothing"))
        [features] = message.features
        assert features.origin == "RegexFeaturizer"
        assert features.sentence.indices.tolist() == [0, 1]
        assert features.sentence.size == 2
        assert [vector.indices.tolist() for vector in features.tokens] == [[], [1], [], [0]]
        assert other.features[0].sentence.indices.tolist() == []


def test_case_counts_unless_told_otherwise() -> None:
    for sensitive, expected in ((True, []), (False, [0, 1])):
        featurizer = trained(RegexFeaturizer({"case_sensitive": sensitive}), INTENTS)
        [message] = featurizer.process(messages("FERN ab123"))
        assert message.features[0].sentence.indices.tolist() == expected


def test_final_messages_and_missing_patterns_are_left_alone() -> None:
    final = Message("/greet", final=True)
    assert trained(RegexFeaturizer(), INTENTS).process([final]) == [final]
    assert RegexFeaturizer().process(messages("fern"))[0].features == ()
