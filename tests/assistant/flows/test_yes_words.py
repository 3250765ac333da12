"""What is a yes by its words alone, and what isn't."""

from __future__ import annotations

import pytest

from actions.flows.turn import Said
from actions.flows.yes_words import agrees


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "that's correct, many thanks",
        "By all means!",
        "no objections here, go on",
        "ok, do that",
        "I agree with it all",
        "go",
        "ok, just go now",
        "let's go",
        "please go ahead",
    ],
)
def test_a_yes(text):
    assert agrees(text)
    assert Said(text, "thank", 0.9).plain_yes


@pytest.mark.parametrize(
    "text",
    [
        "yes, but the other one",
        "ok wait",
        "sure, if it's free",
        "no",
        "yes?",
        "sure, and add a second one",
        "I don't agree",
        "okay, what does that cost",
        "yes, order 204817",
        "thanks",
        "please proceed with the blue one instead",
        "",
        "yes\N{FULLWIDTH QUESTION MARK}",
        "ok \N{THUMBS DOWN SIGN}",
        "let it go",
        "go to hell",
        "gotta go",
        "have to go, bye",
        "go back",
        "can we go over it again",
        "let me go check with my wife",
        "go with the paypal refund",
        "ok bye",
        "ok drop it",
        "ok skip it",
        "sure, abort",
        "ok let it go",
        "ok let it be",
        "ok cancel that",
        "ok go away",
    ],
)
def test_no_yes(text):
    assert not agrees(text)


def test_a_button_is_told_by_its_intent_and_a_doubt_takes_it_back():
    assert not Said("yes", "deny", 1.0, payload=True).plain_yes
    assert not Said("well, I guess so, yes", "inform", 0.9).plain_yes


@pytest.mark.parametrize("text", ["yes, let it go", "yes drop it", "ok, skip that", "yes, abort"])
def test_that_a_yes_to_letting_it_go_is_none_however_sure_it_sounds(text):
    assert not Said(text, "affirm", 1.0).plain_yes


def test_that_dropping_a_parcel_off_lets_nothing_go():
    assert Said("yes, I'll drop it off", "affirm", 1.0).plain_yes
