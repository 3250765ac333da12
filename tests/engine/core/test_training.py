from __future__ import annotations

from frontdesk.core.training import (
    ActionStep,
    Example,
    NluExamples,
    Place,
    Rule,
    SlotStep,
    Story,
    TrainingSet,
    UserStep,
)


def test_a_place_is_what_terminals_make_clickable() -> None:
    assert str(Place("data/nlu.yml", 7)) == "data/nlu.yml:7"
    assert str(Place("data/nlu.yml")) == "data/nlu.yml"


def test_where_something_stands_does_not_count_in_a_comparison() -> None:
    here, there = Place("a.yml", 1), Place("b.yml", 2)
    assert Example("hi", "greet", place=here) == Example("hi", "greet", metadata={"a": 1}, place=there)
    steps = (UserStep("greet", place=here), ActionStep("utter_hello", place=here))
    moved = (UserStep("greet", place=there), ActionStep("utter_hello", place=there))
    assert Story("s", steps, place=here) == Story("s", moved, place=there)
    assert Rule("r", steps) == Rule("r", moved, metadata={"a": 1})
    assert Rule("r", steps) != Rule("r", steps, conversation_start=True)


def test_a_slot_that_is_only_named_is_not_one_that_is_empty() -> None:
    assert SlotStep("size", None) != SlotStep("size", None, has_value=False)


def test_nothing_to_learn_from() -> None:
    assert TrainingSet() == TrainingSet(NluExamples(), (), ())
