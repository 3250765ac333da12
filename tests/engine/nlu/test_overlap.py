from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Entity
from frontdesk.nlu.overlap import is_learnt, overlaps, resolve


def exact(kind: str, start: int, end: int) -> Entity:
    return Entity(kind, "x", start, end, extractor="RegexEntityExtractor")


def guess(kind: str, start: int, end: int) -> Entity:
    return Entity(kind, "x", start, end, confidence=0.9, extractor="CRFEntityExtractor")


def test_an_exact_match_beats_a_guess() -> None:
    assert resolve([guess("b", 0, 9), exact("a", 4, 6), guess("c", 10, 12)]) == (
        exact("a", 4, 6),
        guess("c", 10, 12),
    )


def test_touching_is_not_overlapping() -> None:
    assert resolve([guess("b", 0, 4), exact("a", 4, 6)]) == (guess("b", 0, 4), exact("a", 4, 6))


def test_what_lies_inside_a_longer_match_goes() -> None:
    assert resolve([exact("number", 2, 5), exact("address", 0, 9)]) == (exact("address", 0, 9),)


def test_two_kinds_in_the_same_place_both_stay() -> None:
    assert len(resolve([exact("a", 0, 4), exact("b", 0, 4)])) == 2
    assert len(resolve([exact("a", 0, 4), exact("b", 2, 6)])) == 2


def test_of_one_kind_the_longer_stays() -> None:
    assert resolve([exact("a", 2, 6), exact("a", 0, 3), exact("a", 2, 6)]) == (exact("a", 2, 6),)


def test_guesses_stay_as_they_are() -> None:
    both = (guess("a", 0, 4), guess("b", 2, 6))
    assert resolve(both) == both


def test_entities_without_a_place_stay_and_come_last() -> None:
    nowhere = Entity("a", "x")
    assert not overlaps(nowhere, nowhere)
    assert resolve([nowhere, exact("a", 0, 2)]) == (exact("a", 0, 2), nowhere)


spans = st.tuples(st.sampled_from("ab"), st.integers(0, 12), st.integers(1, 5), st.booleans())


@given(st.lists(spans, max_size=8))
def test_resolving_twice_changes_nothing_and_no_guess_touches_a_match(
    found: list[tuple[str, int, int, bool]],
) -> None:
    entities = [
        (exact if sure else guess)(kind, start, start + length) for kind, start, length, sure in found
    ]
    kept = resolve(entities)
    assert resolve(kept) == kept
    sure = [entity for entity in kept if not is_learnt(entity)]
    assert not any(overlaps(entity, other) for entity in kept if is_learnt(entity) for other in sure)
    assert bool(kept) == bool(entities)
