from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.errors import (
    ActionError,
    ActionRejected,
    ConfigError,
    FrontdeskError,
    MissingExtra,
    StaleConversation,
    StoreError,
    UnknownName,
    place,
    suggestion,
)


@pytest.mark.parametrize(
    ("where", "hint", "sentence"),
    [
        (None, None, "It broke."),
        ("a.yml:3", None, "a.yml:3: It broke."),
        (None, "Mend it.", "It broke. Mend it."),
        ("a.yml:3", "Mend it.", "a.yml:3: It broke. Mend it."),
    ],
)
def test_an_error_is_one_sentence(where: str | None, hint: str | None, sentence: str) -> None:
    error = FrontdeskError("It broke.", where=where, hint=hint)
    assert str(error) == error.sentence == sentence
    assert (error.what, error.where, error.hint) == ("It broke.", where, hint)


def test_an_unknown_name_comes_with_the_nearest_one() -> None:
    error = UnknownName("policy", "RulesPolicy", ["RulePolicy", "Other"], where="config.yml:9")
    assert str(error) == "config.yml:9: No policy is called 'RulesPolicy'. Did you mean 'RulePolicy'?"
    assert error.name == "RulesPolicy"
    assert isinstance(error, ConfigError)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (["utter_bye", "utter_hello"], "Did you mean 'utter_hello'?"),
        (["b", "a", "a"], "There are: a, b."),
        ([], "None is defined."),
        ([f"{n:02}" for n in range(30)], f"There are: {', '.join(f'{n:02}' for n in range(20))} ...."),
    ],
)
def test_suggestions(known: list[str], expected: str) -> None:
    assert suggestion("utter_helo", known) == expected


def test_a_missing_extra_names_what_to_install() -> None:
    assert "pip install 'frontdesk[postgresql]'" in str(MissingExtra("PostgreSQL", "postgresql"))


def test_a_refusal_knows_its_action() -> None:
    error = ActionRejected("a_form")
    assert error.action == "a_form"
    assert "a_form" in str(error)
    assert str(ActionRejected("a_form", "Not now.")) == "Not now."
    assert isinstance(error, ActionError)


def test_somebody_faster_is_a_matter_of_the_store() -> None:
    assert issubclass(StaleConversation, StoreError)


def test_places() -> None:
    assert place(Path("a.yml"), 3) == "a.yml:3"
    assert place("a.yml") == "a.yml"
    assert place(None, 3) is None


def test_that_advice_on_a_list_stands_on_a_line_of_its_own() -> None:
    assert FrontdeskError("Two things:\n- one\n- two", hint="Change one.").sentence.endswith(
        "- two\nChange one."
    )
    assert FrontdeskError("One thing.", hint="Change it.").sentence == "One thing. Change it."
