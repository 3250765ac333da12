from __future__ import annotations

from frontdesk.core.states import View
from frontdesk.policies.ted_features import describe, words

ASKED = View(intent="ask", action="action_listen")
ANSWERED = View(intent="ask", action="utter_answer")
NOW = View(
    intent="affirm", entities=("size",), slots=(("member", (1.0,)),), action="action_listen", loop="form"
)


def test_now_and_the_turns_before_are_described() -> None:
    found = describe([NOW, ANSWERED, ASKED])
    assert len(found) == len(set(found))
    assert {
        "i=affirm",
        "a=action_listen",
        "l=form",
        "e=size",
        "s=member:1",
        "p=ask",
        "q=utter_answer",
    } <= set(found)
    assert {"1a=utter_answer", "*a=utter_answer", "1i=ask", "1t=ask>utter_answer"} <= set(found)


def test_what_was_done_since_the_user_spoke_is_in_order() -> None:
    views = [View(intent="ask", action="utter_more"), ANSWERED, ASKED]
    assert "t=utter_answer>utter_more i=ask" in describe(views)


def test_words_count_only_without_an_intent() -> None:
    assert "w=hello t=" in describe([View(text="Hello you", action="action_listen")])
    assert not any(
        n.startswith("w=") for n in describe([View(intent="greet", text="Hello", action="action_listen")])
    )
    assert words("It's 5!") == ["it", "s", "5"]


def test_nothing_seen_says_nothing() -> None:
    assert describe([]) == []
    assert describe([View()])
