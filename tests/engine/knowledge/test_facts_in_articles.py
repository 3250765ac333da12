from __future__ import annotations

import pytest

from frontdesk.core.training import Place
from frontdesk.formats.complaints import Complaints
from frontdesk.knowledge.facts import Facts

HERE = Place("a.md", 7)


def fill(text, **facts):
    complaints = Complaints()
    return Facts(facts).fill(text, HERE, complaints), [error.sentence for error in complaints.errors]


def test_nested_and_dotted_names():
    assert fill("{a.b} {a.c.d} {x}", a={"b": 3, "c": {"d": "four"}}, x=1.5) == ("3 four 1.5", [])
    assert fill("{a.b}", **{"a.b": "flat"}) == ("flat", [])


def test_an_unknown_fact_names_its_line_and_the_nearest():
    text, errors = fill("{hours.frist}", hours={"first": 9})
    assert text == "{hours.frist}"
    assert errors == ["a.md:7: No fact is called 'hours.frist'. Did you mean 'hours.first'?"]


def test_what_is_no_name_stays():
    assert fill("{not a name} {} { 1 + 1 } `{code}` {{escaped.name}}") == (
        "{not a name} {} { 1 + 1 } `{code}` {escaped.name}",
        [],
    )


def test_spaces_inside_of_the_braces():
    assert fill("{ x }", x=1) == ("1", [])


@pytest.mark.parametrize("value", [True, None, ["a"], {}])
def test_a_value_that_is_no_text_is_an_error(value):
    _, errors = fill("{x}", x=value)
    assert "can't stand in a sentence" in errors[0]


def test_values_are_put_in_once():
    assert fill("{x}", x="{y}", y=1) == ("{y}", [])


def test_addresses():
    facts = Facts({"a": {"page": "https://our.example/x", "n": 1}, "b": "http://two.example", "c": "text"})
    assert list(facts.addresses()) == ["https://our.example/x", "http://two.example"]
