"""Domains: every section, merged files, Rasa's wire form, complaints with lines, and writing them back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from frontdesk.core.domain import (
    DEFAULT_INTENTS,
    Domain,
    EntityType,
    Form,
    Intent,
    Response,
    ResponseCondition,
    SessionConfig,
)
from frontdesk.core.message import Button
from frontdesk.core.slots import Slot, SlotMapping
from frontdesk.formats import domain
from frontdesk.formats.yaml import read_text

EVERYTHING = """
    version: "3.1"
    intents:
    - greet
    - travel: {use_entities: [city]}
    - all: {use_entities: true}
    - none: {use_entities: []}
    - off: {use_entities: false}
    - some:
        ignore_entities: [name]
    - out_of_scope:
        use_entities: []
    entities:
    - name
    - mood: {influence_conversation: false}
    - city:
        roles: [from, to]
        groups: ["1"]
    slots:
      email:
        type: text
        influence_conversation: false
        initial_value: none@example.org
        mappings:
        - type: from_text
          intent: greet
          not_intent: [travel, some]
          conditions:
          - active_loop: trip_form
            requested_slot: email
          - active_loop: null
      to_city:
        type: categorical
        values: [Rome, 7, yes]
        mappings:
        - {type: from_entity, entity: city, role: to, group: "1"}
      sure:
        type: bool
        mappings:
        - {type: from_intent, intent: greet, value: true}
        - {type: from_trigger_intent, intent: null, value: false}
      age: {type: float, min_value: 18, max_value: 99.5, mappings: [{type: custom, action: action_age}]}
      items: {type: list, mappings: [{type: custom}]}
      thing: {type: any, mappings: []}
      mood: {type: text, mappings: [{type: from_sentiment}]}
      temper: {type: text, mappings: [{type: custom, from: sentiment}]}
      own: {type: my.module.Slot, colour: red, mappings: [{type: custom}]}
    responses:
      utter_greet:
      - text: "Hello {name}"
        buttons:
        - {title: Yes, payload: /affirm, type: web_url}
        - title: No
        button_type: vertical
      - text: Hi
        channel: slack
        id: hi1
        condition:
        - {type: slot, name: sure, value: true}
        metadata: {tone: warm}
      - custom: {a: [1]}
        image: http://x/y.png
        attachment: {b: c}
        elements: [{title: d}]
        quick_replies: [{title: e, payload: f}]
      utter_ask_email:
      - text: Which?
    actions:
    - action_age
    - action_send: {send_domain: true}
    - action_quiet: {send_domain: false}
    - validate_trip_form
    - utter_greet
    forms:
      trip_form:
        ignored_intents: [some]
        required_slots: [email, to_city]
      empty_form: {}
    e2e_actions: [What now?]
    session_config:
      session_expiration_time: 0
      carry_over_slots_to_new_session: false
    config:
      store_entities_as_slots: false
    """


def read(desk: Any, *texts: str) -> Domain:
    return domain.read([desk.block(t, f"domain{i}.yml") for i, t in enumerate(texts, 1)], desk.complaints)


def test_intents_and_entities(desk: Any) -> None:
    found = read(desk, EVERYTHING)
    assert desk.clean()
    assert found.intents["greet"] == Intent("greet", None, ("mood",))
    assert found.intents["travel"] == Intent("travel", ("city",), ("mood",))
    assert found.intents["all"] == Intent("all", None, ("mood",))
    assert found.intents["none"] == Intent("none", (), ("mood",))
    assert found.intents["off"] == Intent("off", (), ("mood",))
    assert found.intents["some"] == Intent("some", None, ("name",))
    assert found.intents["out_of_scope"].use_entities == ()
    assert set(DEFAULT_INTENTS) <= set(found.intents)
    assert found.entities["city"] == EntityType("city", ("from", "to"), ("1",))
    assert found.entities["mood"] == EntityType("mood", influence_conversation=False)


def test_slots(desk: Any) -> None:
    slots = read(desk, EVERYTHING).slots
    assert slots["email"] == Slot(
        "email",
        "text",
        "none@example.org",
        False,
        (
            SlotMapping(
                "from_text",
                {"intent": ["greet"], "not_intent": ["travel", "some"]},
                ({"active_loop": "trip_form", "requested_slot": "email"}, {"active_loop": None}),
            ),
        ),
    )
    assert slots["to_city"].values == ("Rome", "7", "yes", "__other__")
    assert slots["to_city"].mappings == (
        SlotMapping("from_entity", {"entity": "city", "role": "to", "group": "1"}),
    )
    assert [m.options for m in slots["sure"].mappings] == [
        {"intent": ["greet"], "value": True},
        {"value": False},
    ]
    assert (slots["age"].minimum, slots["age"].maximum) == (18.0, 99.5)
    assert slots["mood"].mappings == slots["temper"].mappings == (SlotMapping("from_sentiment"),)
    assert slots["own"].type == "my.module.Slot"
    assert slots["requested_slot"] == Slot("requested_slot", "text", influence_conversation=False)
    assert slots["session_started_metadata"] == Slot("session_started_metadata", "any")


@pytest.mark.parametrize(
    ("named", "kind"), [("Text", "text"), ("Boolean", "bool"), ("Categorical", "categorical"), ("Any", "any")]
)
def test_rasas_own_slot_types_may_be_named_by_their_classes(desk: Any, named: str, kind: str) -> None:
    written = f"slots:\n  a: {{type: rasa.shared.core.slots.{named}Slot, values: [x], mappings: [{{type: custom}}]}}"
    assert read(desk, written).slots["a"].type == kind
    desk.complaints.raise_all()


def test_the_sdks_knowledge_base_action_brings_its_slots(desk: Any) -> None:
    slots = read(desk, "actions: [action_query_knowledge_base]").slots
    assert slots["knowledge_base_listed_objects"] == Slot(
        "knowledge_base_listed_objects", "text", influence_conversation=False
    )
    assert {"knowledge_base_last_object", "knowledge_base_last_object_type"} <= slots.keys()


def test_without_forms_no_slot_is_requested(desk: Any) -> None:
    assert list(read(desk, "intents: [greet]").slots) == ["session_started_metadata"]


def test_a_button_keeps_what_only_some_channels_know(desk: Any) -> None:
    buttons = "[{title: Page, type: web_url, url: 'https://a.example'}, {title: Own}]"
    domain = read(desk, f"responses: {{utter_a: [{{text: x, buttons: {buttons}}}]}}")
    [response] = domain.responses["utter_a"]
    assert response.buttons == (
        Button("Page", None, "web_url", {"url": "https://a.example"}),
        Button("Own", "Own"),  # sends its title
    )


def test_responses(desk: Any) -> None:
    first, second, third = read(desk, EVERYTHING).responses["utter_greet"]
    assert first == Response(
        "Hello {name}",
        (Button("Yes", "/affirm", "web_url"), Button("No", "No")),
        data={"button_type": "vertical"},
    )
    assert second == Response(
        "Hi",
        channel="slack",
        id="hi1",
        conditions=(ResponseCondition("sure", True),),
        data={"metadata": {"tone": "warm"}},
    )
    assert third.text is None
    assert third.data == {
        "custom": {"a": [1]},
        "image": "http://x/y.png",
        "attachment": {"b": "c"},
        "elements": [{"title": "d"}],
        "quick_replies": [{"title": "e", "payload": "f"}],
    }


def test_actions_forms_and_settings(desk: Any) -> None:
    found = read(desk, EVERYTHING)
    assert found.actions == ("action_age", "action_send", "action_quiet", "validate_trip_form", "utter_greet")
    assert found.send_domain_actions == {"action_send", "validate_trip_form"}
    assert found.forms["trip_form"] == Form("trip_form", ("email", "to_city"), ("some",))
    assert found.forms["empty_form"] == Form("empty_form")
    assert found.e2e_action_texts == ("What now?",)
    assert found.session == SessionConfig(0.0, False)
    assert found.store_entities_as_slots is False


def test_the_wire_form_is_rasa_s(desk: Any) -> None:
    wire = read(desk, EVERYTHING).wire
    assert list(wire["intents"])[:2] == [{"all": {"use_entities": True}}, "greet"]
    assert {"off": {"use_entities": []}} in wire["intents"]
    assert wire["slots"]["to_city"]["values"] == ["Rome", 7, "yes"]
    assert "requested_slot" not in wire["slots"]
    assert wire["forms"]["empty_form"] == {"required_slots": []}
    assert wire["actions"][1] == {"action_send": {"send_domain": True}}
    assert wire["session_config"] == {"session_expiration_time": 0, "carry_over_slots_to_new_session": False}
    assert read(desk, "intents: [b, a]").wire == {
        "version": "3.1",
        "intents": ["a", "b"],
        "session_config": {"session_expiration_time": 60, "carry_over_slots_to_new_session": True},
    }


def test_reading_what_was_written_gives_the_same(desk: Any) -> None:
    found = read(desk, EVERYTHING)
    again = read(desk, domain.write(found))
    assert desk.clean()
    assert again == found


def test_a_domain_changed_in_code_can_be_written(desk: Any) -> None:
    found = read(desk, EVERYTHING.replace("colour: red, ", ""))
    again = read(desk, domain.write(dataclasses.replace(found, wire={})))
    assert desk.clean()
    assert dataclasses.replace(again, wire={}, intents={}) == dataclasses.replace(found, wire={}, intents={})
    assert {n: i.use_entities for n, i in again.intents.items()} == {
        n: i.use_entities for n, i in found.intents.items()
    }


def test_files_are_merged_and_the_first_one_counts(desk: Any) -> None:
    found = read(
        desk,
        "intents: [a, b]\nslots:\n  s: {type: text, mappings: []}\nresponses:\n  utter_a: [{text: one}]\n",
        "intents: [b, c]\nslots:\n  s: {type: bool, mappings: []}\nresponses:\n  utter_a: [{text: one}]\n"
        "session_config: {session_expiration_time: 5}\n",
    )
    assert [n for n in found.intents if n in "abc"] == ["a", "b", "c"]
    assert found.slots["s"].type == "text"
    assert found.session.expiration_minutes == 5
    assert desk.notices == [
        "domain2.yml:1: 'b' stands in 'intents' of domain1.yml:1 as well; that one counts. Remove one.",
        "domain2.yml:5: 'utter_a' stands in 'responses' of domain1.yml:5 as well; that one counts. Remove one.",
    ]
    assert desk.doubts == [
        "domain2.yml:3: 's' stands in 'slots' of domain1.yml:3 as well; that one counts. Remove one."
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("intents:\n- a\n- a", "3: 'a' stands twice in 'intents', in line 2 and in line 3."),
        ("entities:\n- a\n- a: {roles: [b]}", "3: 'a' stands twice in 'entities', in line 2 and in line 3."),
        ("intents:\n- a:", "2: Nothing follows 'a:'. Write '- a' without the colon."),
        ("intents:\n- a:\n  use_entities: []", "3: 'use_entities' stands beside 'a', not below it. Indent"),
        ("intents:\n- a: 3", "2: What follows 'a:' must be a mapping, not '3'."),
        ("intents: greet", "1: 'intents' must be a list ('- ...'), not 'greet'."),
        ("slots: [a]", "1: 'slots' must be a mapping ('key: value'), not a list."),
        ("slots:\n  a: {mappings: []}", "2: The slot 'a' has no type. Add 'type:' with one of: text, bool"),
        ("slots:\n  a: {type: txt, mappings: []}", "2: No slot type is called 'txt'. Did you mean 'text'?"),
        ("slots:\n  a:\n    type: text", "2: The slot 'a' has no mappings. Add 'mappings:'"),
        (
            "slots:\n  a:\n    type: text\n    mappings:\n    - type: from_entitty\n      entity: b",
            "5: No slot mapping is called 'from_entitty' (slot 'a'). Did you mean 'from_entity'?",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: from_entity}]}",
            "2: The mapping 'from_entity' of the slot 'a'",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: from_intent}]}",
            "2: The mapping 'from_intent' of the slot 'a'",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{entity: b}]}",
            "2: The 'type' of a mapping of the slot 'a' must be",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: custom, conditions: [{loop: b}]}]}",
            "2: A condition of a mapping has no key 'loop'.",
        ),
        (
            "slots:\n  a: {type: float, min_value: 3, max_value: 2, mappings: []}",
            "2: The slot 'a' has 'min_value' 3",
        ),
        (
            "slots:\n  a: {type: text, influence_conversation: maybe, mappings: []}",
            "2: 'influence_conversation' must",
        ),
        ("responses:\n  utter_a:", "2: The response 'utter_a' is empty. Add '- text: ...' below it."),
        ("responses:\n  utter_a: hello", "2: The response 'utter_a' must be a list"),
        (
            "responses:\n  utter_a:\n  - hello",
            "3: A variation of 'utter_a' must be a mapping. Write '- text: ...'.",
        ),
        (
            "responses:\n  utter_a:\n  - channel: x",
            "3: A variation of 'utter_a' says nothing. Give one of: text",
        ),
        ("responses:\n  utter_a:\n  - text: a\n    buttons:\n    - payload: b", "5: The 'title' of a button"),
        (
            "responses:\n  utter_a:\n  - text: a\n    condition:\n    - {type: x, name: b}",
            "5: A condition of 'utter_a'",
        ),
        (
            "forms:\n  f:\n    ignored_intents: [a]",
            "2: The form 'f' has 'ignored_intents' but no 'required_slots'.",
        ),
        ("session_config: {session_expiration_time: -1}", "1: 'session_expiration_time' is negative."),
        ("session_config: {session_expiration_time: soon}", "1: 'session_expiration_time' must be a number"),
        ("config: {store_entities_as_slots: 3}", "1: 'store_entities_as_slots' must be true or false"),
        (
            "forms:\n  utter_a: {required_slots: []}\nresponses:\n  utter_a: [{text: a}]",
            "2: 'utter_a' is a form and",
        ),
    ],
)
def test_what_cannot_be_meant_is_named_with_its_line(desk: Any, text: str, complaint: str) -> None:
    read(desk, text)
    assert desk.errors[0].startswith(f"domain1.yml:{complaint}")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("responses:\n  utter_a: []", "2: The response 'utter_a' has no variation. Add '- text: ...'"),
        ("responses:\n  utter_a:\n  - text: ''", "3: A variation of 'utter_a' says nothing."),
        (
            "actions:\n- utter_gret\nresponses:\n  utter_greet: [{text: a}]",
            "2: The action 'utter_gret' has no response. Did",
        ),
        ("actions:\n- utter_a", "2: The action 'utter_a' has no response. Add 'utter_a:' with '- text: ...'"),
        (
            "intents:\n- a: {use_entities: [b]}",
            "2: The intent 'a' names the entity 'b', which is not defined.",
        ),
        (
            "intents:\n- a: {use_entity: [b]}",
            "2: The intent 'a' has no key 'use_entity'. Did you mean 'use_entities'?",
        ),
        (
            "forms:\n  f: {required_slots: [emial]}\nslots:\n  email: {type: text, mappings: []}",
            "2: The form 'f' asks for the slot 'emial', which is not defined. Did you mean 'email'?",
        ),
        ("forms:\n  f: {required_slots: [], ignored_intents: [a]}", "2: The form 'f' ignores the intent 'a'"),
        (
            "entities: [city]\nslots:\n  a: {type: text, mappings: [{type: from_entity, entity: cty}]}",
            "3: The slot 'a' is filled from the entity 'cty', which is not defined. Did you mean 'city'?",
        ),
        (
            "entities: [city]\nslots:\n  a: {type: text, mappings: [{type: from_entity, entity: city, role: to}]}",
            "3: The slot 'a' is filled from the role 'to', which its entity does not have.",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: from_intent, intent: b, value: 1}]}",
            "2: A mapping of the slot 'a' names the intent 'b', which is not defined.",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: custom, action: action_b}]}",
            "2: The slot 'a' is filled by the action 'action_b', which is not defined.",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: from_text, conditions: [{active_loop: f}]}]}",
            "2: A mapping of the slot 'a' depends on the form 'f', which is not defined.",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: from_text, conditions: [{requested_slot: b}]}]}",
            "2: A mapping of the slot 'a' depends on the slot 'b', which is not defined.",
        ),
        (
            "slots:\n  a: {type: text, mappings: [{type: from_text, entity: b}]}",
            "2: A mapping 'from_text' has no key",
        ),
        ("slots:\n  a: {type: text, initial: b, mappings: []}", "2: The slot 'a' has no key 'initial'."),
        ("slots:\n  a: {type: categorical, mappings: []}", "2: The categorical slot 'a' has no values."),
        (
            "responses:\n  utter_a:\n  - text: b\n    condition: [{type: slot, name: c, value: 1}]",
            "2: The response 'utter_a' depends on the slot 'c', which is not defined.",
        ),
        (
            "responses:\n  utter_a:\n  - txt: b\n    text: c",
            "3: The response 'utter_a' has no key 'txt'. Did you",
        ),
        ("intnets: [a]", "1: The domain has no key 'intnets'. Did you mean 'intents'?"),
    ],
)
def test_names_that_nothing_defines_are_doubted(desk: Any, text: str, complaint: str) -> None:
    read(desk, text)
    assert not desk.errors
    assert desk.doubts[0].startswith(f"domain1.yml:{complaint}")


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("forms: [a_form]", "1: This domain is in the format of Rasa 2: 'forms' is a list."),
        (
            "forms:\n  f:\n    s: [{type: from_text}]",
            "2: This domain is in the format of Rasa 2: the form 'f' holds",
        ),
        (
            "forms:\n  f:\n    required_slots:\n      s: [{type: from_text}]",
            "2: This domain is in the format of Rasa 2",
        ),
        (
            "slots:\n  a: {type: text, auto_fill: false}",
            "2: This domain is in the format of Rasa 2: the slot 'a' has",
        ),
        (
            "slots:\n  a: {type: unfeaturized}",
            "2: This domain is in the format of Rasa 2: the slot 'a' is of type",
        ),
        (
            "version: '2.0'\nslots:\n  a: {type: text}",
            "2: This domain is in the format of Rasa 2: its slots have no",
        ),
    ],
)
def test_a_domain_of_rasa_2_is_refused_once(desk: Any, text: str, sign: str) -> None:
    assert read(desk, text) == Domain()
    (error,) = desk.errors
    assert error.startswith(f"domain1.yml:{sign}")
    assert error.endswith("Convert it: frontdesk data migrate.")


def test_a_domain_of_version_2_with_mappings_is_read(desk: Any) -> None:
    found = read(desk, "version: '2.0'\nslots:\n  a: {type: text, mappings: [{type: custom}]}")
    assert "a" in found.slots
    assert desk.clean()


def test_retrieval_actions_need_no_response_of_their_own(desk: Any) -> None:
    read(desk, "actions: [utter_faq]\nresponses:\n  utter_faq/hours: [{text: a}]")
    assert desk.clean()


def test_the_writer_keeps_lines_of_text(desk: Any) -> None:
    found = read(desk, "responses:\n  utter_a:\n  - text: |\n      one\n\n      two\n")
    assert "  - text: |\n      one\n\n      two\n" in domain.write(found)
    assert read_text(domain.write(found), "f")["responses"]["utter_a"][0]["text"] == "one\n\ntwo\n"


@pytest.mark.parametrize(
    ("first", "second", "minutes"),
    [("60", "5", 5.0), ("30", "5", 30.0), ("60", "60", 60.0)],
)
def test_of_two_session_configs_the_first_that_is_no_default_counts(
    desk: Any, first: str, second: str, minutes: float
) -> None:
    text = "session_config: {{session_expiration_time: {}, carry_over_slots_to_new_session: true}}"
    assert read(desk, text.format(first), text.format(second)).session.expiration_minutes == minutes


@pytest.mark.parametrize("form", ["[email, note]", "email", "3"])
def test_a_form_that_is_no_mapping(desk: Any, form: str) -> None:
    text = f"forms:\n  ask: {form}\n"
    read(desk, text)
    [error] = desk.errors
    assert error.startswith("domain1.yml:2: The form 'ask' must be a mapping ('key: value'), not ")
    assert ("Write 'required_slots:' above the list." in error) == form.startswith("[")


@pytest.mark.parametrize("key", ["active_loop", "requested_slot"])
def test_a_condition_that_names_a_list(desk: Any, key: str) -> None:
    text = f"""
        slots:
          email:
            type: text
            mappings:
            - type: from_text
              conditions:
              - {key}: [a]
        """
    read(desk, text)
    assert desk.errors == [f"domain1.yml:8: '{key}' must be a name, not a list."]
