"""One project with everything that dialogue can do, from its files to what is said; Rasa 3.6.21 says the same."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from frontdesk import UserMessage
from frontdesk.core.events import ActionExecuted, SlotSet
from frontdesk.errors import TrainingError
from frontdesk.formats.project import read_project
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.assembly import assemble
from frontdesk.settings import Settings
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.training.train import train

FILES = {
    "config.yml": """
        recipe: default.v1
        language: en
        assistant_id: dialogue
        pipeline:
        - name: WhitespaceTokenizer
        - name: KeywordIntentClassifier
        - name: FallbackClassifier
          threshold: 0.4
        policies:
        - name: RulePolicy
        - name: MemoizationPolicy
          max_history: 4
        """,
    "endpoints.yml": "action_endpoint:\n  actions_module: dialogue_acts\n",
    "domain.yml": """
        version: "3.1"
        intents: [greet, book, inform, faq, stop, affirm, deny, order, pick, chain, odd]
        entities: [city, people, vegan, size]
        slots:
          city: {type: text, mappings: [{type: from_entity, entity: city}]}
          people: {type: any, mappings: [{type: from_entity, entity: people}]}
          vegan:
            type: bool
            mappings:
            - {type: from_intent, intent: affirm, value: true, conditions: [{active_loop: booking_form, requested_slot: vegan}]}
            - {type: from_intent, intent: deny, value: false, conditions: [{active_loop: booking_form, requested_slot: vegan}]}
          size: {type: text, influence_conversation: false, mappings: [{type: from_entity, entity: size}]}
          mood: {type: text, influence_conversation: false, mappings: [{type: custom}]}
          since: {type: any, mappings: [{type: custom}]}
        forms:
          booking_form:
            ignored_intents: [faq]
            required_slots: [city, people]
        actions:
        - action_session_start
        - action_validate_slot_mappings
        - action_chain
        - validate_booking_form
        - action_tell: {send_domain: true}
        responses:
          utter_greet: [{text: Hello}]
          utter_faq: [{text: We open at nine.}]
          utter_stopped: [{text: Stopped.}]
          utter_booked: [{text: "Booked {people} in {city}."}]
          utter_noted: [{text: Noted.}]
          utter_ask_city: [{text: "Which city?"}]
          utter_ask_booking_form_people: [{text: "How many?"}]
          utter_ask_vegan: [{text: "Vegan?"}]
          utter_south: [{text: South.}]
          utter_anywhere: [{text: Anywhere.}]
          utter_picked: [{text: Picked.}]
          utter_after: [{text: And then.}]
          utter_default: [{text: I give up.}]
          utter_ask_rephrase: [{text: Please rephrase.}]
          utter_restart: [{text: From the top.}]
          utter_back: [{text: One step back.}]
          utter_odd: [{text: That is odd.}]
        session_config: {session_expiration_time: 60, carry_over_slots_to_new_session: true}
        """,
    "data/nlu.yml": """
        version: "3.1"
        nlu:
        - intent: greet
          metadata: {sentiment: neutral}
          examples:
          - text: hello
            metadata: {seen: true}
        """,
    "data/rules.yml": """
        version: "3.1"
        rules:
        - rule: book
          steps: [{intent: book}, {action: booking_form}, {active_loop: booking_form}]
        - rule: booked
          condition: [{active_loop: booking_form}]
          steps:
          - action: booking_form
          - active_loop: null
          - slot_was_set: [{requested_slot: null}]
          - action: utter_booked
        - rule: a question in between
          condition: [{active_loop: booking_form}]
          steps: [{intent: faq}, {action: utter_faq}, {action: booking_form}, {active_loop: booking_form}]
        - rule: stop
          condition: [{active_loop: booking_form}]
          steps: [{intent: stop}, {action: action_deactivate_loop}, {active_loop: null}, {action: utter_stopped}]
        - rule: question
          steps: [{intent: faq}, {action: utter_faq}]
        - rule: either
          steps:
          - or: [{intent: affirm}, {intent: deny}]
          - action: utter_noted
        - rule: chain
          steps: [{intent: chain}, {action: action_chain}]
        - rule: not understood
          steps: [{intent: nlu_fallback}, {action: action_two_stage_fallback}, {active_loop: action_two_stage_fallback}]
        - rule: back
          steps: [{intent: back}, {action: action_back}]
        """,
    "data/stories.yml": """
        version: "3.1"
        stories:
        - story: the beginning
          metadata: {author: ann}
          steps:
          - intent: greet
          - action: utter_greet
          - checkpoint: greeted
        - story: in the south
          steps:
          - checkpoint: greeted
          - intent: order
            entities: [{city: Bath}]
          - or:
            - slot_was_set: [{city: Bath}]
            - slot_was_set: [{city: York}]
          - action: utter_south
        - story: anywhere
          steps:
          - checkpoint: greeted
          - intent: order
          - action: utter_anywhere
        - story: picked
          steps: [{intent: pick}, {action: utter_picked}]
        - story: odd
          steps: [{intent: odd}, {action: action_unlikely_intent}, {action: utter_odd}]
        """,
    "dialogue_acts.py": """
        from rasa_sdk import Action, FormValidationAction, ValidationAction
        from rasa_sdk.events import ActionExecuted, FollowupAction, SessionStarted, SlotSet


        class Begin(Action):
            def name(self):
                return "action_session_start"

            def run(self, dispatcher, tracker, domain):
                kept = [SlotSet("city", tracker.get_slot("city"))]
                return [SessionStarted(), SlotSet("since", "now"), *kept, ActionExecuted("action_listen")]


        class Chain(Action):
            def name(self):
                return "action_chain"

            def run(self, dispatcher, tracker, domain):
                dispatcher.utter_message(text="First.")
                return [FollowupAction("utter_after")]


        class Tell(Action):
            def name(self):
                return "action_tell"

            def run(self, dispatcher, tracker, domain):
                return []


        class ValidateSlots(ValidationAction):
            def validate_size(self, value, dispatcher, tracker, domain):
                return {"size": value.upper()}

            async def required_slots(self, domain_slots, dispatcher, tracker, domain):
                return [*domain_slots, "mood"]

            def extract_mood(self, dispatcher, tracker, domain):
                return {"mood": "curious"} if tracker.get_intent_of_latest_message() == "faq" else {}


        class ValidateForm(FormValidationAction):
            def name(self):
                return "validate_booking_form"

            async def required_slots(self, domain_slots, dispatcher, tracker, domain):
                many = (tracker.get_slot("people") or 0) > 6
                return [*domain_slots, "vegan"] if many else domain_slots

            def validate_city(self, value, dispatcher, tracker, domain):
                if value == "Nowhere":
                    dispatcher.utter_message(text="There is no such city.")
                    return {"city": None}
                return {"city": value}
        """,
}

# The SDK remarks that the form itself extracts nothing for a slot that only `required_slots` names.
pytestmark = pytest.mark.filterwarnings("ignore:No method 'extract_vegan'")

BATH, MANY, FEW = '/inform{"city": "Bath"}', '/inform{"people": 9}', '/inform{"people": 2}'

CONVERSATIONS: dict[str, list[tuple[str, list[str]]]] = {
    "a form to its end": [
        ("/book", ["Which city?"]), (BATH, ["How many?"]), (FEW, ["Booked 2 in Bath."]),
    ],
    "a form that is refused a value": [
        ("/book", ["Which city?"]), ('/inform{"city": "Nowhere"}', ["There is no such city.", "Which city?"]),
        (BATH, ["How many?"]),
    ],
    "required slots that depend on others": [
        ("/book", ["Which city?"]), (BATH, ["How many?"]), (MANY, ["Vegan?"]), ("/deny", ["Booked 9 in Bath."]),
    ],
    "a question in between, and another one": [
        ("/book", ["Which city?"]), ("/faq", ["We open at nine.", "Which city?"]),
        ("/faq", ["We open at nine.", "Which city?"]), (BATH, ["How many?"]), (FEW, ["Booked 2 in Bath."]),
        ("/faq", ["We open at nine."]),
    ],
    "a form that is left": [
        ("/book", ["Which city?"]), ("/stop", ["Stopped."]), ("/affirm", ["Noted."]),
    ],
    "either of two intents in a rule": [("/affirm", ["Noted."]), ("/deny", ["Noted."])],
    "a checkpoint, and either of two slots": [
        ("/greet", ["Hello"]), ('/order{"city": "Bath"}', ["South."]),
    ],
    "the other way from a checkpoint": [("/greet", ["Hello"]), ("/order", ["Anywhere."])],
    "a follow-up, after which no policy knows how to go on": [("/chain", ["First.", "And then.", "I give up."]), ("/faq", ["We open at nine."])],
    "two stages: affirmed": [
        ("mumble", ["Did you mean 'nlu_fallback'?"]), ("/affirm", ["Noted."]),
    ],
    "two stages: denied, rephrased": [
        ("mumble", ["Did you mean 'nlu_fallback'?"]), ("/out_of_scope", ["Please rephrase."]), ("hello", ["Hello"]),
    ],
    "two stages: given up": [
        ("mumble", ["Did you mean 'nlu_fallback'?"]), ("/out_of_scope", ["Please rephrase."]), ("mumble", ["Did you mean 'nlu_fallback'?"]),
        ("/out_of_scope", ["I give up."]),
    ],
    "a step back": [
        ("/greet", ["Hello"]), ("/faq", ["We open at nine."]), ("/back", ["One step back."]), ("/order", ["Anywhere."]),
    ],
    "a new beginning": [
        ("/book", ["Which city?"]), ("/restart", ["From the top."]), ("/pick", ["Picked."]),
    ],
}  # fmt: skip


def written(folder: Path, **changed: str) -> Path:
    for name, text in {**FILES, **changed}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), "utf-8")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, trained."""
    folder = written(tmp_path_factory.mktemp("dialogue"))
    train(read_project(folder, strict=False), folder / "models", lambda _: None)
    sys.modules.pop("dialogue_acts", None)
    return folder


@pytest.fixture
async def agent(folder: Path) -> Any:
    agent = assemble(folder, None, Settings(), store=MemoryTrackerStore({}))
    yield agent
    await agent.close()


async def told(agent: Agent, text: str) -> list[str]:
    return [reply["text"] for reply in await agent.receive(UserMessage(text, "ann", "rest"))]


@pytest.mark.parametrize("name", CONVERSATIONS)
async def test_conversations(agent: Agent, name: str) -> None:
    assert [(text, await told(agent, text)) for text, _ in CONVERSATIONS[name]] == CONVERSATIONS[name]


async def test_a_session_begins_with_the_projects_own_action(agent: Agent) -> None:
    await told(agent, "/greet")
    events = (await agent.tracker("ann")).events()
    assert [event.type_name for event in events[:5]] == [
        "action",
        "session_started",
        "slot",
        "slot",
        "action",
    ]
    assert isinstance(events[0], ActionExecuted)
    assert (events[0].name, (await agent.tracker("ann")).slots["since"]) == ("action_session_start", "now")


async def test_every_event_says_which_model_and_assistant_it_was(agent: Agent) -> None:
    await told(agent, "/chain")
    for event in (await agent.tracker("ann")).events():
        assert event.metadata["assistant_id"] == "dialogue", event
        assert event.metadata["model_id"] == agent.model_id, event


async def test_slots_are_extracted_and_validated_every_turn(agent: Agent) -> None:
    await told(agent, '/faq{"size": "xl"}')
    tracker = await agent.tracker("ann")
    assert (tracker.slots["size"], tracker.slots["mood"]) == ("XL", "curious")
    filled = [event.name for event in tracker.events() if isinstance(event, SlotSet)]
    assert filled.count("size") == filled.count("mood") == 1


async def test_inner_turns_of_a_form_do_not_count(agent: Agent) -> None:
    """A form looks to policies as if it had been filled at once."""
    for text, _ in CONVERSATIONS["a form to its end"]:
        await told(agent, text)
    applied = (await agent.tracker("ann")).applied_events()
    actions = [event.name for event in applied if isinstance(event, ActionExecuted)]
    assert actions == ["action_listen", "booking_form", "utter_booked", "action_listen"]


async def test_what_policies_may_do_at_most(folder: Path) -> None:
    agent = assemble(folder, None, Settings(max_actions=1), store=MemoryTrackerStore({}))
    assert await told(agent, "/chain") == ["First."]
    await agent.close()


def test_rules_that_contradict_each_other_are_named_with_their_lines(tmp_path: Path) -> None:
    other = textwrap.dedent(FILES["data/rules.yml"])
    other += "- rule: the other answer\n  steps: [{intent: faq}, {action: utter_greet}]\n"
    project = read_project(written(tmp_path, **{"data/rules.yml": other}), strict=False)
    with pytest.raises(TrainingError) as caught:
        train(project, tmp_path / "models", lambda _: None)
    lines = other.splitlines()
    for name in ("question", "the other answer"):
        assert name in str(caught.value)
        assert f"data/rules.yml:{lines.index(f'- rule: {name}') + 1}" in str(caught.value)
