"""An action that raises, hangs, answers nonsense or is not there: an apology, one line in the log, and on it goes."""

from __future__ import annotations

import pytest

from tests.conftest import frontdesk, until
from tests.faults.probe import APOLOGY, Desk

BROKEN = ["/raise", "/leave", "/missing", "/wait", '/garbage{"kind": "number"}', '/garbage{"kind": "object"}',
          '/garbage{"kind": "wrong"}', '/garbage{"kind": "set"}', '/garbage{"kind": "deep"}']  # fmt: skip
IGNORED = [
    "text",
    "numbers",
    "nameless",
    "incomplete",
]  # the SDK drops what is no event, and says so in the log


def errors(desk: Desk) -> list[str]:
    return [line for line in desk.log().splitlines() if " error " in line]


def test_whatever_an_action_does_the_conversation_goes_on(desk: Desk) -> None:
    desk.start(FRONTDESK_ACTION_DEADLINE="6")
    for number, text in enumerate(BROKEN, start=1):
        assert desk.say(text) == [APOLOGY]
        assert desk.say("hello") == ["Hello!"]
        assert len(errors(desk)) == number, f"{text} is told in one line"
        assert "action_" in errors(desk)[-1]
        assert desk.history()[-5:-2] == [f"bot: {APOLOGY}", f"action_failed: action_{text[1:].partition('{')[0]}",
                                         "user: hello"]  # fmt: skip
    for kind in IGNORED:
        assert desk.say(f'/garbage{{"kind": "{kind}"}}') == []
        assert desk.say("hello") == ["Hello!"]
    assert desk.say("/note") == ["Noted under 1."]
    assert "actions.py:" in errors(desk)[0]
    assert "Traceback" not in desk.log()


def test_a_late_result_is_dropped_and_its_effect_stays_one(desk: Desk) -> None:
    desk.start(FRONTDESK_ACTION_DEADLINE="3")
    assert desk.say("/block", message_id="m1") == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    desk.open_gate()
    until(lambda: desk.effects() == ["m1"], "the late action has had its effect")
    assert desk.say("/block", message_id="m1") == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    assert desk.effects() == ["m1"]
    assert not any("Late" in line for line in desk.history())
    assert desk.say("/block", message_id="m2") == ["Late under 2."]


def test_more_hanging_actions_than_threads(desk: Desk) -> None:
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(
        endpoints.read_text().replace("actions_module: actions", "actions_module: actions\n  threads: 2")
    )
    desk.start(FRONTDESK_ACTION_DEADLINE="2")
    for number in range(6):
        assert desk.say("/block", sender=f"person {number}") == [APOLOGY]
    assert desk.say("hello") == ["Hello!"]
    assert "4 actions hang" in desk.log()
    desk.open_gate()
    until(lambda: len(desk.effects()) == 4, "the actions that hung have ended")
    assert desk.say("/note")[0].startswith("Noted")


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ("\nimport no_such_module\n", "actions.py:{last}", "No module named 'no_such_module'"),
        ("\ndef broken(:\n", "actions.py:{last}", "SyntaxError"),
        (None, "", "There is no module 'actions'"),
    ],
    ids=["import", "syntax", "no module"],
)
def test_actions_that_cannot_be_imported_stop_the_start(
    desk: Desk, change: str | None, place: str, words: str
) -> None:
    file = desk.folder / "actions.py"
    if change is None:
        file.unlink()
    else:
        file.write_text(file.read_text() + change)
        place = place.format(last=len((file.read_text().rstrip() + "\n").splitlines()))
    done = frontdesk("run", "--port", "0", cwd=desk.folder)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if "frontdesk: " in line or " error " in line]
    assert len(told) == 1, done.stderr
    assert words in told[0]
    assert place in told[0]
    assert "Traceback" not in done.stderr
