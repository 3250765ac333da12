"""credentials.yml: open channels, their options, and who is trusted."""

from __future__ import annotations

from typing import Any

from frontdesk.formats import credentials


def test_channels_are_read(desk: Any) -> None:
    text = """
        rest:
        slack:
          slack_token: ${TOKEN}
        my.module.Channel: {a: 1}
        """
    found = credentials.read(
        desk.block(text, "credentials.yml", expand="all", env={"TOKEN": "x1"}), desk.complaints
    )
    assert desk.clean()
    assert {n: c.options for n, c in found.channels.items()} == {
        "rest": {},
        "slack": {"slack_token": "x1"},
        "my.module.Channel": {"a": 1},
    }
    assert str(found.channels["slack"].place) == "credentials.yml:3"
    assert "x1" not in repr(found)


def test_the_channel_that_rasa_init_writes_has_no_effect(desk: Any) -> None:
    text = 'rest:\n\n# of Rasa X\nrasa:\n  url: "http://localhost:5002/api"\n'
    found = credentials.read(desk.block(text, "credentials.yml", expand="all", env={}), desk.complaints)
    assert desk.clean()
    assert list(found.channels) == ["rest"]
    assert found.notices == ("credentials.yml:4: 'rasa' is the channel of Rasa X. It has no effect here.",)


def test_only_true_is_trusted(desk: Any) -> None:
    text = "a: {trusted: true}\nb: {trusted: false}\nc:\nd: {trusted: '${T:-true}'}\ne: {trusted: yes}\n"
    found = credentials.read(desk.block(text, "credentials.yml", expand="all", env={}), desk.complaints)
    assert [n for n, c in found.channels.items() if c.trusted] == ["a"]
    assert desk.errors == [
        "credentials.yml:4: 'trusted' must be true or false, not 'true'.",
        "credentials.yml:5: 'trusted' must be true or false, not 'yes'.",
    ]


def test_a_channel_is_a_mapping(desk: Any) -> None:
    credentials.read(desk.block("rest: yes", "credentials.yml"), desk.complaints)
    assert desk.errors == [
        "credentials.yml:1: The channel 'rest' must be a mapping ('key: value'), not 'yes'."
    ]
