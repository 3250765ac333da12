"""Two wishes in one message, and the queue they wait in."""

from __future__ import annotations

import pytest

from actions.flows.opening import ActionAcknowledge, ActionNextWish
from actions.flows.wishes import LONGEST_WORDS, Part, cued, noted, parts, read, wishes
from tests.assistant.flows.talking import DOMAIN, Talk, followups


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("where is L204817", "order_status"),
        ("Where's my refund?", "request_refund"),
        ("I want to return the kettle", "start_return"),
        ("cancel L204991", "cancel_order"),
        ("I can’t log in", "reset_password"),
        ("what's your return policy", "ask_question"),
        ("the kettle", None),
        ("thanks a lot", None),
    ],
)
def test_that_words_name_a_wish(text, wish):
    assert cued(text) == wish


@pytest.mark.parametrize(
    ("text", "intent", "first", "others"),
    [
        (
            "where is L204817 and I also want to return the kettle",
            "order_status",
            "order_status",
            ["start_return"],
        ),
        (
            "where is L204817 and I also want to return the kettle",
            "start_return",
            "order_status",
            ["start_return"],
        ),
        (
            "I forgot my password. And do you ship to Hawaii?",
            "reset_password",
            "reset_password",
            ["ask_question"],
        ),
        ("return the lamp and the kettle", "start_return", "start_return", []),
        ("I want to return it and get my money back", "start_return", "start_return", []),
        ("it says delivered, where is it?", "delivery_problem", "delivery_problem", []),
        ("cancel my order and where is L204735?", "cancel_order", "cancel_order", ["order_status"]),
        ("I want a person, where is my order", "talk_to_human", "talk_to_human", []),
        ("where is my order and how are you", "order_status", "order_status", []),
        (
            "1) cancel L204512 2) change the lamp to sage 3) return the blanket",
            "start_return",
            "cancel_order",
            ["change_order", "start_return"],
        ),
        ("reset pw and cancel my order", "cancel_order", "reset_password", ["cancel_order"]),
        ("ring me 503-555-0119 about my refund", "request_refund", "schedule_callback", []),
    ],
)
def test_that_further_wishes_are_found(text, intent, first, others):
    reading = read(text, intent, ["order_status", "start_return"])
    assert reading.first.wish == first
    assert [part.wish for part in reading.others] == others


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Change the lamp in L204507 to sage and ship it to 5 Main St, Denver CO",
            ["change_order", "change_address"],
        ),
        ("please change my order L204507, I need a new address", ["change_address"]),
        ("change the delivery of L204507, it needs a different address", ["change_address"]),
        ("remove the mug and pay with my paypal", ["change_order", "change_payment"]),
        ("change the card on my order, pay with my visa", ["change_payment"]),
    ],
)
def test_that_items_are_changed_beside_an_address_or_a_method(text, found):
    reading = read(text, found[0], found[1:])
    assert [part.wish for part in (reading.first, *reading.others)] == found


def test_that_words_keep_with_their_wish():
    found = parts("Hi there, where is L204817? I also want to return the kettle, the mug and the lamp.")
    assert [part.wish for part in found] == ["order_status", "start_return"]
    assert "L204817" in found[0].words
    assert "the lamp" in found[1].words
    assert "kettle" not in found[0].words


def test_that_an_unsure_classifier_gives_way_to_clear_words():
    assert read("where is L204817", "inform", ["order_status"], 0.4).first.wish == "order_status"
    assert read("where is L204817", "inform", ["order_status"], 0.9).first.wish == "inform"
    assert read("where is L204817", "inform", ["greet"], 0.4).first.wish == "inform"


def test_that_some_words_win_over_a_sure_classifier():
    assert read("where is my return", "start_return", [], 0.99).first.wish == "order_status"
    assert read("I want to return it", "start_return", [], 0.99).first.wish == "start_return"


@pytest.mark.parametrize(
    ("before", "text", "words"),
    [
        (
            "my kettle stopped working",
            "I'd like to return it",
            "my kettle stopped working I'd like to return it",
        ),
        ("my kettle stopped working", "/start_return", "my kettle stopped working"),
        ("/order_status", "I'd like to return it", "I'd like to return it"),
        ("how are you", "I want to return a mug", "I want to return a mug"),
    ],
)
def test_that_a_return_of_it_looks_one_message_back(before, text, words):
    talk = Talk().hear(before, "nlu_fallback").hear(text, "start_return")
    talk.run(ActionAcknowledge())
    assert talk.slots["wish_words"] == words


def test_that_a_second_wish_waits_in_the_queue():
    talk = Talk().hear(
        "where is L204817 and I want to return the kettle", "order_status", ranking=["start_return"]
    )
    events = talk.run(ActionAcknowledge())
    assert talk.slots["wish"] == "order_status"
    assert talk.slots["wish_words"] == "where is L204817"
    assert talk.slots["next_wish"] == "start_return"
    assert followups(events) == []


def test_that_the_wish_named_first_is_served_first():
    talk = Talk().hear(
        "where is L204817 and I want to return the kettle", "start_return", ranking=["order_status"]
    )
    assert followups(talk.run(ActionAcknowledge())) == ["order_status_form"]
    assert talk.slots["next_wish"] == "start_return"


def test_that_a_form_that_is_interrupted_by_another_one_waits():
    talk = Talk().within("return_form", "return_reason").set(wish="start_return", return_order="L204393")
    talk.hear("where is my order?", "order_status").run(ActionAcknowledge())
    assert talk.slots["next_wish"] == "start_return"
    assert talk.slots["wish_queue"] == [{"wish": "start_return", "words": "", "resumed": True}]
    assert talk.slots["return_order"] == "L204393"


def test_that_a_question_does_not_disturb_the_running_wish():
    talk = (
        Talk().within("return_form", "return_reason").set(wish="start_return", wish_words="return the kettle")
    )
    talk.hear("how long does a refund take", "ask_question").run(ActionAcknowledge())
    assert (talk.slots["wish"], talk.slots["wish_words"], talk.slots["next_wish"]) == (
        "start_return",
        "return the kettle",
        None,
    )


def test_that_a_person_ends_what_was_running():
    talk = Talk().within("return_form", "return_reason").hear("a person please", "talk_to_human")
    talk.run(ActionAcknowledge())
    assert talk.slots["next_wish"] is None


def test_that_a_new_return_forgets_the_one_before():
    talk = Talk().set(return_order="L204393", return_items=["L204393-1"], return_reason="damaged")
    talk.hear("I want to return something", "start_return").run(ActionAcknowledge())
    assert (talk.slots["return_order"], talk.slots["return_items"], talk.slots["return_reason"]) == (
        None,
        None,
        None,
    )


def test_that_the_queue_is_served_one_by_one():
    queue = [
        {"wish": "start_return", "words": "return the kettle"},
        {"wish": "order_status", "words": "", "resumed": True},
    ]
    talk = Talk().hear("x").set(wish_queue=queue, next_wish="start_return")
    assert followups(talk.run(ActionNextWish())) == ["return_form"]
    assert talk.responses() == ["utter_next_wish"]
    assert (talk.slots["wish_words"], talk.slots["next_wish"]) == ("return the kettle", "order_status")
    assert followups(talk.run(ActionNextWish())) == ["order_status_form"]
    assert talk.responses() == ["utter_resume_wish"]
    assert followups(talk.run(ActionNextWish())) == []


def test_that_the_queue_waits_while_a_form_is_running():
    talk = Talk().within("return_form", "return_reason").hear("x")
    talk.set(wish_queue=[{"wish": "order_status", "words": ""}], next_wish="order_status")
    assert talk.run(ActionNextWish()) == []


def test_that_a_damaged_queue_is_dropped():
    talk = Talk().hear("x").set(wish_queue=["nonsense", {"wish": "no_such_wish"}])
    assert followups(talk.run(ActionNextWish())) == []
    assert talk.slots["wish_queue"] is None


def test_that_the_table_names_what_the_domain_has():
    for wish in wishes().values():
        assert wish.intent in DOMAIN["intents"]
        assert wish.action in {*DOMAIN["actions"], *DOMAIN["forms"], "action_answer_question"}
        assert wish.empathy in DOMAIN["responses"]
        assert set(wish.clears) <= set(DOMAIN["slots"])
        assert (wish.covers - {"*"} | wish.replaces) <= set(DOMAIN["intents"])


def test_that_a_kind_word_is_said_once_in_a_while():
    talk = Talk().hear("where is my order!!", "order_status", mood="negative")
    talk.run(ActionAcknowledge())
    assert talk.responses() == ["utter_empathy_waiting"]
    talk.hear("this is bad", "order_status", mood="negative").run(ActionAcknowledge())
    assert talk.responses() == []
    talk.hear("a").hear("b").hear("still bad", "order_status", mood="negative").run(ActionAcknowledge())
    assert talk.responses() == ["utter_empathy_waiting"]


def test_that_an_address_alone_opens_nothing():
    events = Talk().hear("grace.okafor@example.org", "account_details").run(ActionAcknowledge())
    assert followups(events) == ["action_inform"]


def test_that_an_order_that_is_to_go_to_an_address_is_no_question_about_it():
    talk = Talk().hear("send order L204512 to 31 Harbor Road, Salem", "order_status")
    assert followups(talk.run(ActionAcknowledge())) == ["address_form"]
    asks = Talk().hear("where is order L204512, I live at 31 Harbor Road", "order_status")
    assert followups(asks.run(ActionAcknowledge())) == []


@pytest.mark.parametrize(("form", "wish"), [("cancel_form", "cancel_order"), ("return_form", "start_return")])
def test_that_a_question_about_the_money_interrupts_no_form_that_pays_back(form, wish):
    talk = Talk().within(form, "cancel_reason").set(wish=wish)
    talk.hear("when do i get my money?", "ask_question")
    assert followups(talk.run(ActionAcknowledge())) == ["action_pass_on"]
    assert (talk.slots["wish"], talk.slots["wish_queue"]) == (wish, None)


@pytest.mark.parametrize("words", ["#10567", "10567", "order #1042", "L204817"])
def test_that_a_number_alone_is_an_answer_whatever_it_looks_like(words):
    assert followups(Talk().hear(words, "account_details").run(ActionAcknowledge())) == ["action_inform"]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("cancle my order", "cancel_order"),
        ("retrun this", "start_return"),
        ("cancer", None),
        ("Chang, my address is 12 Elm Street", None),  # a name, and no slip
    ],
)
def test_that_slips_of_the_keyboard_are_read(words, wish):
    assert cued(words) == wish


def test_that_the_items_of_a_numbered_list_are_parts():
    found = parts("1) where is L204817, 2) return the kettle\n(3) cancel it")
    assert [(part.wish, part.words) for part in found] == [
        ("order_status", "1) where is L204817,"),
        ("start_return", "return the kettle"),
        ("cancel_order", "cancel it"),
    ]


def test_that_words_that_wait_are_short_and_hold_no_card():
    (entry,) = noted([Part("start_return", f"pay 4242 4242 4242 4242 {'for it ' * 300}")])
    assert entry["wish"] == "start_return"
    assert entry["words"].startswith("pay [card] for it")
    assert len(entry["words"]) == LONGEST_WORDS
