from __future__ import annotations

from frontdesk.core.message import Features, Message
from frontdesk.nlu.vectors import TokenFeatures, add, by_name, sparse


def test_sparse_vectors_are_ordered() -> None:
    vector = sparse({7: 2.0, 1: 1.0}, 10)
    assert vector.indices.tolist() == [1, 7]
    assert vector.values.tolist() == [1.0, 2.0]
    assert vector.size == 10
    assert len(sparse({}, 3).indices) == 0


def test_token_features_are_computed_once_and_only_when_read() -> None:
    calls = []

    def compute() -> list[str]:
        calls.append(1)
        return ["a", "b"]

    features = TokenFeatures(2, compute)
    assert len(features) == 2
    assert not calls
    assert features[0] == "a"
    assert list(features) == ["a", "b"]
    assert features[:1] == ["a"]
    assert len(calls) == 1


def test_features_of_one_origin_are_told_apart() -> None:
    message = Message("x")
    for origin in ("a", "b", "a"):
        message = add(message, Features(origin, origin.upper()))
    assert list(by_name(message)) == ["a", "b", "a#2"]
    assert list(by_name(message, ["a"])) == ["a", "a#2"]
