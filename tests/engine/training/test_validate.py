from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from frontdesk.formats.project import Project
from frontdesk.training.findings import Finding
from frontdesk.training.validate import failed, validate

Make = Callable[[Mapping[str, str]], Project]
RULES = """
rules:
- rule: one
  steps:
  - intent: greet
  - action: utter_greet
- rule: two
  steps:
  - intent: greet
  - action: utter_bye
"""
WITH_RULES = """
pipeline: [{name: WhitespaceTokenizer}]
policies: [{name: RulePolicy}]
"""


def test_a_sound_project_has_no_findings(make: Make) -> None:
    assert validate(make({})) == []


def domain(more: str) -> str:
    return f"""
intents: [greet, bye]
entities: [size]
responses:
  utter_greet: [{{text: Hello}}]
  utter_bye: [{{text: Bye}}]
{more}
"""


def story(*steps: str) -> str:
    return "stories:\n- story: s\n  steps:\n" + "".join(f"  - {step}\n" for step in steps)


@pytest.mark.parametrize(
    ("files", "severity", "words"),
    [
        (
            {"data/more.yml": story("intent: greet", "action: action_none")},
            "error",
            "'action_none' is not in",
        ),
        (
            {"data/more.yml": story("intent: greet", "action: utter_none")},
            "error",
            "'utter_none' is not in",
        ),
        ({"data/more.yml": story("intent: none", "action: utter_greet")}, "warning", "'none' is not in"),
        ({"data/more.yml": story("intent: greet", "active_loop: f")}, "error", "The form 'f' is not in"),
        ({"domain.yml": domain("forms: {f: {required_slots: [none]}}")}, "error", "asks for the slot 'none'"),
        (
            {
                "domain.yml": domain(
                    "slots: {s: {type: text, mappings: [{type: from_text, conditions: [{active_loop: f}]}]}}"
                )
            },
            "error",
            "depends on the form 'f'",
        ),
        (
            {"data/more.yml": "nlu: [{intent: other, examples: '- what else'}]"},
            "warning",
            "'other' is not in",
        ),
        ({"data/rules.yml": RULES, "config.yml": WITH_RULES}, "error", "contradict each other"),
    ],
)
def test_what_rasa_fails_for_fails_here(files: dict[str, str], severity: str, words: str, make: Make) -> None:
    found = [f for f in validate(make(files)) if words in f.sentence]
    assert [f.severity for f in found] == [severity]
    assert failed(found, fail_on_warnings=False) == (severity == "error")
    assert failed(found, fail_on_warnings=True)
    assert found[0].where is None or found[0].where.rpartition(":")[2].isdigit()


def test_contradicting_rules_are_both_named(make: Make) -> None:
    [found] = [
        f
        for f in validate(make({"data/rules.yml": RULES, "config.yml": WITH_RULES}))
        if f.severity == "error"
    ]
    assert "data/rules.yml:2" in str(found)
    assert "data/rules.yml:6" in str(found)


def test_a_mistyped_action_is_told_of_once_and_contradicts_nothing(make: Make) -> None:
    typo = "rules: [{rule: r, steps: [{intent: bye}, {action: utter_byee}]}]"
    files = {
        "data/rules.yml": typo,
        "data/more.yml": story("intent: greet", "action: utter_gret"),
        "data/last.yml": story("intent: bye", "action: utter_bye"),
        "config.yml": WITH_RULES,
    }
    found = validate(make(files))
    assert [f.severity for f in found] == ["error", "error"]
    assert all("is not in the domain" in f.sentence for f in found)
    found = validate(make(files | {"data/rules.yml": RULES}))  # what else is wrong is told as before
    assert sum("contradict" in str(f) for f in found) == 1


CONFLICT = story("intent: greet", "action: utter_bye")


def test_stories_that_contradict_each_other_are_a_warning(make: Make) -> None:
    found = validate(make({"data/more.yml": CONFLICT}), stories_only=True)
    assert [f.severity for f in found] == ["warning"]
    assert "data/more.yml:5" in str(found[0])
    assert "data/stories.yml:6" in str(found[0])


def test_only_stories(make: Make) -> None:
    files = {"data/more.yml": "nlu: [{intent: other, examples: '- what else'}]"}
    assert validate(make(files), stories_only=True) == []


def test_checkpoints_that_lead_nowhere_are_noted(make: Make) -> None:
    found = validate(
        make({"data/more.yml": story("intent: greet", "action: utter_greet", "checkpoint: none")})
    )
    assert any(f.severity == "note" and "checkpoint 'none'" in f.sentence for f in found)


def test_the_worst_stands_first() -> None:
    assert failed([Finding("note", "x")], fail_on_warnings=True) is False


def test_order(make: Make) -> None:
    files = {"data/more.yml": CONFLICT + "  - action: action_none\n"}
    severities = [f.severity for f in validate(make(files))]
    assert severities[0] == "error"
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
