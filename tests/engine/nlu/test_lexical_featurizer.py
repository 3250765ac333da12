from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.core.message import Message
from frontdesk.core.training import Example, NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.lexical_featurizer import LexicalSyntacticFeaturizer
from tests.engine.nlu.conftest import messages, reloaded, trained

EXAMPLES = NluExamples(examples=(Example("Hello big WORLD 7", "greet"),))


def test_tokens_are_described_with_their_neighbours(tmp_path: Path) -> None:
    options = {"features": [["low"], ["BOS", "EOS", "upper", "prefix2"], ["digit"]]}
    featurizer = reloaded(trained(LexicalSyntacticFeaturizer(options), EXAMPLES), tmp_path)
    [message] = featurizer.process(messages("Hello big WORLD 7"))
    [features] = message.features
    assert features.sentence is None
    names = sorted(featurizer._columns, key=featurizer._columns.__getitem__)
    described = [{names[index] for index in vector.indices} for vector in features.tokens]
    assert described[0] == {"1:BOS=True", "1:EOS=False", "1:upper=False", "1:prefix2=He", "2:digit=False"}
    assert described[2] == {
        "0:low=True",
        "1:BOS=False",
        "1:EOS=False",
        "1:upper=True",
        "1:prefix2=WO",
        "2:digit=True",
    }
    assert all(vector.size == len(names) for vector in features.tokens)


def test_unseen_values_have_no_feature() -> None:
    featurizer = trained(LexicalSyntacticFeaturizer({"features": [["suffix3"]]}), EXAMPLES)
    [message] = featurizer.process(messages("unheard big"))
    assert [len(vector.indices) for vector in message.features[0].tokens] == [0, 1]


def test_final_messages_are_left_alone() -> None:
    final = Message("/greet", final=True)
    assert LexicalSyntacticFeaturizer().process([final]) == [final]


@pytest.mark.parametrize("features", [["low"], [["lowest"]], "low", None])
def test_features_must_be_known(features: object) -> None:
    with pytest.raises(ConfigError, match="list of lists"):
        LexicalSyntacticFeaturizer({"features": features})
