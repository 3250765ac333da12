"""By which name somebody introduces themselves."""

from __future__ import annotations

import pytest

from actions.flows.names import full_name


@pytest.mark.parametrize(
    "text",
    [
        "Good evening, I'm Nora Quist and I live at 55401",
        "Nora Quist, 55401",
        "55401 Nora Quist",
        "the name's Nora Quist.",
        "My first name is Nora, my last name is Quist",
        "Quist is my surname, first name Nora",
        "it would be under Nora Quist",
        "Oh, sure. Nora Quist. My ZIP is 55401-1234",
    ],
)
def test_a_name_is_found_in_many_ways_of_saying_it(text):
    assert full_name(text, asked=True) == "Nora Quist"


@pytest.mark.parametrize("text", ["nora quist", "nora quist 55401", "hi, nora quist, zip 55401"])
def test_small_letters_will_do_for_an_answer(text):
    assert full_name(text, asked=True) == "nora quist"


@pytest.mark.parametrize(
    "text",
    [
        "I'm waiting for my order",
        "this is ridiculous",
        "I'm not sure which address I used",
        "my husband opened the account, I can't say",
        "nora.quist@example.com",
        "W1234567",
        "55401",
        "can I do this without an address?",
    ],
)
def test_other_words_are_no_name(text):
    assert full_name(text, asked=True) is None


def test_a_bare_name_counts_only_as_an_answer():
    assert full_name("Nora Quist", asked=False) is None
    assert full_name("nora quist and the green jacket", asked=False) is None


def test_longer_and_hyphenated_names():
    assert full_name("I'm Ana Maria de Souza, 10001", asked=False) == "Ana Maria de Souza"
    assert full_name("my name is Zoë O'Brien-Lee", asked=False) == "Zoë O'Brien-Lee"
