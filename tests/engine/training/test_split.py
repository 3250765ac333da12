from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.training import Example, Labelled, NluExamples, Pattern
from frontdesk.errors import TrainingError
from frontdesk.formats import yaml
from frontdesk.training.split import split_examples, split_story_files


def examples(*counts: int) -> NluExamples:
    made = [Example(f"{n} {at}", f"intent{n}") for n, count in enumerate(counts) for at in range(count)]
    return NluExamples(
        tuple(made), (Pattern("p", "x"),), sentiment=(Labelled("t", "good"),),
        responses={"utter_intent0": [], "utter_none": []},
    )  # fmt: skip


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=8).filter(lambda counts: max(counts) > 1),
    st.floats(0.05, 0.95),
    st.integers(0, 5),
)
def test_every_example_is_on_one_side_and_every_intent_on_both(
    counts: list[int], fraction: float, seed: int
) -> None:
    nlu = examples(*counts)
    learn, test = split_examples(nlu, fraction, seed)
    assert sorted((*learn.examples, *test.examples), key=str) == sorted(nlu.examples, key=str)
    wanted = {f"intent{n}" for n in range(len(counts))}
    assert {e.intent for e in learn.examples} == wanted
    assert {e.intent for e in test.examples} == {f"intent{n}" for n, count in enumerate(counts) if count > 1}
    assert split_examples(nlu, fraction, seed)[0] == learn


def test_the_fraction_holds_over_all() -> None:
    learn, test = split_examples(examples(2, 3, 50, 100), 0.8, 1)
    assert len(learn.examples) == 124
    assert len(test.examples) == 31
    assert learn.examples != split_examples(examples(2, 3, 50, 100), 0.8, 2)[0].examples


def test_what_goes_with_the_examples() -> None:
    learn, test = split_examples(examples(4, 4), 0.5, 1)
    assert learn.patterns == test.patterns == (Pattern("p", "x"),)
    assert set(learn.responses) == set(test.responses) == {"utter_intent0"}
    assert learn.sentiment
    assert not test.sentiment


def test_nothing_to_divide() -> None:
    with pytest.raises(TrainingError, match="more than one example"):
        split_examples(examples(1, 1), 0.5)


STORIES = """version: "3.1"
rules:
- rule: r
  steps: [{intent: a}, {action: b}]
stories:  # five
- story: one  # first
  steps:
  - intent: greet
  - active_loop: null
- story: two
  steps: [{intent: greet}]
- story: three
  steps: [{intent: greet}]
- story: four
  steps: [{intent: greet}]
- story: five
  steps: [{intent: greet}]
"""


def test_stories_of_each_file(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "s.yml").write_text(STORIES)
    (tmp_path / "data" / "single.yml").write_text("stories: [{story: alone, steps: [{intent: x}]}]")
    out = tmp_path / "out"
    done = [(path.name, count) for path, count in split_story_files(tmp_path / "data", out, 0.8, 3)]
    assert done == [("train_s.yml", 4), ("test_s.yml", 1)]
    learn, test = yaml.read(out / "train_s.yml"), yaml.read(out / "test_s.yml")
    names = [story["story"] for part in (learn, test) for story in part["stories"]]
    assert sorted(names) == ["five", "four", "one", "three", "two"]
    assert "rules" in learn
    assert set(test) == {"version", "stories"}
    both = (out / "train_s.yml").read_text() + (out / "test_s.yml").read_text()
    assert "- story: one  # first\n  steps:\n  - intent: greet\n  - active_loop: null\n" in both


def test_no_stories_to_divide(tmp_path: Path) -> None:
    (tmp_path / "s.yml").write_text("stories: [{story: alone, steps: [{intent: x}]}]")
    with pytest.raises(TrainingError, match="more than one story"):
        list(split_story_files(tmp_path / "s.yml", tmp_path / "out", 0.8))
    assert not (tmp_path / "out").exists()
