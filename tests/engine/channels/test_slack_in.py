"""What Slack tells is read into one shape, whatever stands in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.channels.slack_in import (
    Place,
    chosen_value,
    clean,
    home,
    read_command,
    read_event,
    read_interaction,
)
from tests.slack import ANN, BOT, PUBLIC, TEAM, command, event, mention, press


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (f"<@{BOT}> where is my order", "where is my order"),
        (f"hey <@{BOT}>, where is it", "hey , where is it"),
        ("mail <mailto:ann@x.example|ann@x.example>", "mail ann@x.example"),
        ("<mailto:ann@x.example>", "ann@x.example"),
        ("call <tel:+123|+1 23>", "call +1 23"),
        ("see <https://x.example/a?b=1&amp;c=2>", "see https://x.example/a?b=1&c=2"),
        ("see <https://x.example|the page>", "see the page"),
        ("ask <@U7|bob> or <@U8>", "ask @bob or @U8"),
        ("in <#C1|general> and <#C2>", "in #general and #C2"),
        ("<!here> <!channel|channel> <!subteam^S1|@team>", "@here channel @team"),
        ("1 &lt; 2 &amp;amp; 3 &gt; 2", "1 < 2 &amp; 3 > 2"),
        ("a < b", "a < b"),
        ("<" * 50_000, "<" * 50_000),
        ("", ""),
    ],
)
def test_a_text_as_it_was_typed(text: str, plain: str) -> None:
    assert clean(text, (BOT,)) == plain


def test_a_mention_of_an_app_whose_id_is_not_told() -> None:
    told = mention("hello <@U7>", authorizations=None)
    heard = read_event(told, None)
    assert heard is not None
    assert heard.text == "hello @U7"
    older = read_event(mention("hello", authorizations=[], authed_users=[BOT, 5]), None)
    assert older is not None
    assert (older.text, older.bots) == ("hello", (BOT,))


def test_a_message_that_mentions_the_app_without_an_app_mention() -> None:
    told = mention("hello", event={"type": "message"})
    heard = read_event(told, None)
    assert heard is not None
    assert heard.message_id == f"{PUBLIC}:{told['event']['ts']}"


@pytest.mark.parametrize(
    ("granularity", "id_of", "place"),
    [
        ("sender", f"{TEAM}_{ANN}", Place(ANN)),
        ("channel", f"{TEAM}_{ANN}_{PUBLIC}", Place(PUBLIC)),
        ("thread", f"{TEAM}_{ANN}_{PUBLIC}_17.5", Place(PUBLIC, "17.5")),
    ],
)
def test_conversations_and_where_they_go_on(granularity: str, id_of: str, place: Place) -> None:
    heard = read_event(mention("hello", event={"thread_ts": "17.5"}), None)
    assert heard is not None
    assert heard.conversation(granularity) == id_of
    assert home(id_of) == place


@pytest.mark.parametrize("conversation", ["", "ann", "a_", "a_b_c_d_e", "_a"])
def test_an_id_that_is_no_conversation_of_slack(conversation: str) -> None:
    assert home(conversation) is None


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ({"type": "button", "value": "/a"}, "/a"),
        ({"type": "button", "url": "https://x.example"}, None),
        ({"type": "static_select", "selected_option": {"value": "/a"}}, "/a"),
        ({"type": "external_select", "selected_option": None}, None),
        ({"type": "overflow", "selected_option": {"value": "/a"}}, "/a"),
        ({"type": "radio_buttons", "selected_option": {"value": "/a"}}, "/a"),
        ({"type": "conversations_select", "selected_conversation": "C1"}, "C1"),
        ({"type": "users_select", "selected_user": "U1"}, "U1"),
        ({"type": "channels_select", "selected_channel": "C1"}, "C1"),
        ({"type": "datepicker", "selected_date": "2026-11-30"}, "2026-11-30"),
        ({"type": "timepicker", "selected_time": "10:00"}, "10:00"),
        ({"type": "select", "selected_options": [{"value": "/a"}]}, "/a"),
        ({"type": "select", "selected_options": []}, None),
        ({"type": "select", "selected_options": ["x"]}, None),
        ({"type": "static_select", "selected_option": {"value": 5}}, None),
        ({"type": "file_input"}, None),
        ({}, None),
    ],
)
def test_the_value_of_what_was_pressed(action: dict[str, Any], value: str | None) -> None:
    assert chosen_value(action) == value


@pytest.mark.parametrize(
    ("subtype", "heard"),
    [
        (None, True),
        ("file_share", True),
        ("thread_broadcast", True),
        ("", False),
        ("channel_join", False),
        ([], False),
    ],
)
def test_which_messages_somebody_wrote(subtype: Any, heard: bool) -> None:
    assert (read_event(event("hello", event={"subtype": subtype}), None) is not None) is heard


def test_each_press_is_a_message_of_its_own_and_a_repeat_is_not() -> None:
    row = {"type": "actions", "block_id": "b", "elements": [{"type": "button", "value": "/a"}]}
    post = {"channel": PUBLIC, "blocks": [row]}
    one, two = press(post), press(post)
    ids = [found.message_id for told in (one, one, two) if (found := read_interaction(told))]
    assert ids[0] == ids[1] != ids[2]


def test_what_was_shown_to_one_person_is_answered_to_that_person() -> None:
    row = {"type": "actions", "block_id": "b", "elements": [{"type": "button", "value": "/a"}]}
    told = press({"channel": PUBLIC, "blocks": [row]}, response_url="https://hooks.slack.com/x")
    told["container"] |= {"is_ephemeral": True}
    del told["message"]
    heard = read_interaction(told)
    assert heard is not None
    assert (heard.private, heard.response_url) == (True, "https://hooks.slack.com/x")


scalars = st.none() | st.booleans() | st.integers() | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
KEYS = (
    list(event(""))
    + list(event("")["event"])
    + list(press({"channel": "C", "blocks": [{"type": "actions", "block_id": "b", "elements": [{}]}]}))
    + list(command(""))
)


@given(st.dictionaries(st.sampled_from(KEYS), anything | st.dictionaries(st.sampled_from(KEYS), anything)))
def test_nothing_that_is_told_breaks_the_reading(told: dict[str, Any]) -> None:
    for read in (read_interaction, read_command, lambda told: read_event(told, "C")):
        heard = read(told)
        assert heard is None or (heard.user and heard.channel)
