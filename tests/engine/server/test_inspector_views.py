"""What the inspector shows of turns: decided by a rule, by a story, by a form, by the fallback, and before a message."""

from __future__ import annotations

from typing import Any

from tests.engine.server.conftest import Inspector


def chosen(step: Any) -> Any:
    [found] = [proposal for proposal in step["proposals"] if proposal.get("chosen")]
    return found


def test_a_turn_that_a_rule_decided(inspector: Inspector) -> None:
    turn = inspector.turn(inspector.talk("hello"))
    assert [step["action"] for step in turn["steps"]] == ["utter_greet", "action_listen"]
    first = turn["steps"][0]
    assert (first["policy"], first["kind"], first["asked"], first["agrees"]) == (
        "RulePolicy",
        "say",
        True,
        True,
    )
    assert first["said"][0]["text"].startswith("Hello!")
    won = chosen(first)
    assert (won["basis"], won["names"], won["confidence"]) == ("rule", ["Say what this is"], 1.0)
    [passage] = won["passages"]
    assert (passage["file"], passage["line"]) == ("data/rules.yml", 4)
    assert passage["text"].splitlines()[0] == "- rule: Say what this is"
    assert passage["text"].splitlines()[-1] == "  - action: utter_greet"
    [story] = [p for p in first["proposals"] if p["policy"] == "AugmentedMemoizationPolicy"]
    assert (story["basis"], story["chosen"]) == ("story", False)
    assert "higher priority (4 against 3)" in first["why"]


def test_a_turn_that_a_story_decided(inspector: Inspector) -> None:
    turn = inspector.turn(inspector.talk("hello", "yes please"))
    step = turn["steps"][0]
    assert (step["action"], step["policy"]) == ("utter_iamabot", "AugmentedMemoizationPolicy")
    [passage] = chosen(step)["passages"]
    assert (passage["name"], passage["file"]) == ("a yes after hello", "data/stories.yml")
    assert "- intent: affirm" in passage["text"]
    [rules] = [p for p in step["proposals"] if p["policy"] == "RulePolicy"]
    assert (rules["basis"], rules["action"], rules["chosen"]) == (
        "fallback",
        "action_default_fallback",
        False,
    )
    assert step["why"].startswith("AugmentedMemoizationPolicy was surest (1.00")


def test_turns_of_a_form(inspector: Inspector) -> None:
    talk = inspector.talk("can you take a message", "ann@example.com", "call me")
    begun, asked, done = (inspector.turn(talk, number) for number in (0, 1, 2))
    assert begun["steps"][0]["kind"] == "form"
    assert begun["loop"] == {"before": None, "after": "message_form"}
    assert asked["filled"] == [{"name": "email", "before": None, "after": "ann@example.com"}]
    form = asked["steps"][0]
    assert (form["action"], chosen(form)["basis"], chosen(form)["names"]) == (
        "message_form",
        "form",
        ["message_form"],
    )
    assert form["why"].startswith("A form is under way")
    assert [step["action"] for step in done["steps"]][:2] == ["message_form", "action_keep_message"]
    slots = {slot["name"]: slot for slot in done["slots"]}
    assert done["filled"] == [{"name": "note", "before": None, "after": "call me"}]
    assert slots["note"]["after"] is None, "it is kept, and asked for anew the next time"
    assert (slots["email"]["before"], slots["email"]["changed"]) == ("ann@example.com", False)
    assert done["loop"] == {"before": "message_form", "after": None}


def test_a_turn_of_the_fallback(inspector: Inspector) -> None:
    turn = inspector.turn(inspector.talk("xylophone quantum zebra"))
    then = turn["understanding"]["then"]
    assert then["intent"] == "nlu_fallback"
    fallback = turn["understanding"]["components"][-1]
    assert fallback["name"] == "FallbackClassifier"
    [change] = [c for c in fallback["changes"] if c["kind"] == "intent"]
    assert change["after"]["name"] == "nlu_fallback"
    assert change["before"]["name"] not in (None, "nlu_fallback")
    assert chosen(turn["steps"][0])["names"] == ["Ask again"]


def test_what_each_component_made_of_a_message(inspector: Inspector) -> None:
    turn = inspector.turn(inspector.talk("hi, how are you bob@example.com"))
    found = {component["name"]: component["changes"] for component in turn["understanding"]["components"]}
    words = ["hi", "how", "are", "you", "bob@example.com"]
    assert found["WhitespaceTokenizer"] == [{"kind": "words", "words": words}]
    assert found["CountVectorsFeaturizer"][0]["kind"] == "features"
    assert {change["kind"] for change in found["LogisticRegressionClassifier"]} == {"intent", "ranking"}
    [entity] = found["RegexEntityExtractor"]
    assert (entity["entity"]["entity"], entity["entity"]["value"]) == ("email", "bob@example.com")
    assert entity["entity"]["extractor"] == "RegexEntityExtractor"
    assert turn["understanding"]["annotated"] == "hi, how are you [bob@example.com](email)"
    assert not turn["understanding"]["differs"]


def test_a_command_is_read_before_the_components(inspector: Inspector) -> None:
    turn = inspector.turn(inspector.talk("/leave_message"))
    first = turn["understanding"]["components"][0]
    assert first["name"] == "payload"
    assert first["changes"][0]["after"] == {"name": "leave_message", "confidence": 1.0}


def test_a_session_begins_before_the_first_message(inspector: Inspector) -> None:
    talk = inspector.talk("hello")
    assert [turn["kind"] for turn in talk["turns"]] == ["session", "message"]
    turn = inspector.get("turn", id=talk["id"], turn=0)
    assert (turn["text"], turn["understanding"]) == (None, None)
    assert [(step["kind"], step["asked"]) for step in turn["steps"]] == [("session", False), ("wait", False)]


def test_conversations_of_other_channels_are_traced_afterwards(inspector: Inspector) -> None:
    inspector.says("customer-1", "hello", "are you a bot?")
    listed = inspector.get("conversations")["conversations"]
    [line] = [row for row in listed if row["id"] == "customer-1"]
    assert (line["own"], line["channel"], line["text"]) == (False, "rest", "are you a bot?")
    talk = inspector.get("conversation", id="customer-1")
    assert not talk["own"]
    heard = [turn for turn in talk["turns"] if turn["kind"] == "message"]
    assert [turn["intent"] for turn in heard] == ["greet", "bot_challenge"]
    assert heard[1]["said"][0]["text"].startswith("I'm an automated assistant")
    turn = inspector.turn(talk)
    assert chosen(turn["steps"][0])["names"] == ["Never pretend to be a person"]
    assert [event["event"] for event in turn["events"]][0] == "user"


def test_the_list_is_newest_first_and_can_be_searched(inspector: Inspector) -> None:
    for name in ("find-me-1", "other-1", "find-me-2"):
        inspector.says(name, "hello")
    ids = [row["id"] for row in inspector.get("conversations")["conversations"]]
    assert ids[:3] == ["find-me-2", "other-1", "find-me-1"]
    found = inspector.get("conversations", search="FIND-me")["conversations"]
    assert sorted(row["id"] for row in found) == ["find-me-1", "find-me-2"]


def test_what_is_not_there(inspector: Inspector) -> None:
    talk = inspector.talk("hello")
    for name, query, status in (
        ("conversation", {"id": "nobody-at-all"}, 404),
        ("conversation", {}, 400),
        ("conversation", {"id": "x" * 500}, 400),
        ("turn", {"id": talk["id"], "turn": 99}, 404),
        ("turn", {"id": talk["id"], "turn": "-1"}, 400),
        ("turn", {"id": talk["id"], "turn": "first"}, 400),
    ):
        assert inspector.ask("GET", name, params=query).status_code == status, (name, query)
    assert inspector.get("conversation", id="inspector-new")["turns"] == []


def test_what_a_correction_can_choose_from(inspector: Inspector) -> None:
    about = inspector.get("about")
    assert {"greet", "affirm", "nlu_fallback"} <= set(about["intents"])
    assert [entity["name"] for entity in about["entities"]] == ["email"]
    actions = {part["kind"]: part["names"] for part in about["actions"]}
    assert actions["wait"] == ["action_listen"]
    assert "utter_goodbye" in actions["say"]
    assert (actions["do"], actions["form"]) == (["action_keep_message"], ["message_form"])
    assert about["texts"]["utter_goodbye"] == "Goodbye!"
