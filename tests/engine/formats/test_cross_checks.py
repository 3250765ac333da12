"""Names in training files that the domain does not define."""

from __future__ import annotations

from typing import Any

from frontdesk.core.domain import Domain, EntityType, Form, Intent
from frontdesk.core.slots import Slot
from frontdesk.core.training import TrainingSet
from frontdesk.formats import nlu, stories
from frontdesk.formats.cross_checks import check

DOMAIN = Domain(
    intents={n: Intent(n) for n in ("greet", "faq", "unused", "out_of_scope")},
    entities={"city": EntityType("city")},
    slots={"size": Slot("size", "categorical", values=("a",)), "note": Slot("note", "text")},
    forms={"trip_form": Form("trip_form")},
    actions=("action_look", "utter_faq"),
)

TEXT = """
    nlu:
    - intent: gret
      examples: |
        - to [Rome](ciyt)
        - and [Oslo](ciyt)
    - intent: faq/hours
      examples: |
        - when
    stories:
    - story: a
      steps:
      - intent: greet
        entities: [city, town]
      - action: action_loook
      - action: utter_faq
      - active_loop: trip_fom
      - active_loop: action_two_stage_fallback
      - slot_was_set: [note, size, sise: b]
      - checkpoint: c
        slot_was_set: [other: 1]
      - or:
        - intent: nope
        - slot_was_set: [another: 1]
    rules:
    - rule: b
      condition:
      - slot_was_set: [nowhere: 1]
      steps:
      - intent: greet
      - action: action_listen
      - action: trip_form
    """


def test_each_unknown_name_is_told_once_where_it_is_first_used(desk: Any) -> None:
    root = desk.block(TEXT, "f.yml")
    training = TrainingSet(
        nlu.read(root, desk.complaints),
        stories.read_stories(root, desk.complaints),
        stories.read_rules(root, desk.complaints),
    )
    check(training, DOMAIN, desk.complaints)
    assert desk.errors == [
        (
            "f.yml:15: The action 'action_loook' is not in the domain. Did you mean 'action_look'? "
            "Else add it to the domain."
        )
    ]
    assert desk.doubts == [
        "f.yml:19: The slot 'size' is of type 'categorical' and needs a value here. Write '- size: ...'.",
        (
            "f.yml:5: The intent 'gret' is not in the domain. Did you mean 'greet'? Else add it to the domain. "
            "It is used in 1 more place."
        ),
        (
            "f.yml:5: The entity 'ciyt' is not in the domain. Did you mean 'city'? Else add it to the domain. "
            "It is used in 1 more place."
        ),
        "f.yml:13: The entity 'town' is not in the domain. Add it to the domain.",
        "f.yml:17: The form 'trip_fom' is not in the domain. Did you mean 'trip_form'? Else add it to the domain.",
        "f.yml:19: The slot 'sise' is not in the domain. Did you mean 'size'? Else add it to the domain.",
        "f.yml:21: The slot 'other' is not in the domain. Did you mean 'note'? Else add it to the domain.",
        "f.yml:23: The intent 'nope' is not in the domain. Add it to the domain.",
        "f.yml:24: The slot 'another' is not in the domain. Did you mean 'note'? Else add it to the domain.",
        "f.yml:28: The slot 'nowhere' is not in the domain. Add it to the domain.",
    ]
    assert desk.notices == [
        "The intent 'greet' has no examples. Add some, or remove it from the domain.",
        "The intent 'unused' has no examples. Add some, or remove it from the domain.",
    ]


def test_an_action_that_opens_a_story_is_only_doubted_for_nobody_has_to_predict_it(desk: Any) -> None:
    root = desk.block(
        "stories:\n- story: a\n  steps:\n  - action: action_asked\n  - intent: greet\n  - action: action_look\n"
        "- story: b\n  steps:\n  - checkpoint: c\n  - action: action_told\n",
        "f.yml",
    )
    check(TrainingSet(stories=stories.read_stories(root, desk.complaints)), DOMAIN, desk.complaints)
    assert [doubt.partition(" Did")[0] for doubt in desk.doubts] == [
        "f.yml:4: The action 'action_asked' is not in the domain."
    ]
    assert [error.partition(" Add")[0].partition(" Did")[0] for error in desk.errors] == [
        "f.yml:10: The action 'action_told' is not in the domain."
    ]
