from __future__ import annotations

import jwt
import pytest

from frontdesk.actions.context import ContextSigner, idempotency_key, message_id, without_context
from frontdesk.core.codec import tracker_to_wire
from frontdesk.core.events import ActionExecuted, ActiveLoop, UserUttered
from frontdesk.core.ports import ActionCall
from frontdesk.errors import ConfigError

CALL = ActionCall(channel="chat", authenticated=True, message_id="m1", nth=2)


def read(token: str, secret: str, **options):
    return jwt.decode(token, secret, algorithms=["HS256"], audience="actions", options=options)


def test_the_claims(build) -> None:
    tracker = build.said(build.tracker(build.domain()))
    token = ContextSigner(build.secret, clock=lambda: 1000.0).token("action_x", tracker, CALL)
    claims = read(token, build.secret, verify_exp=False, verify_iat=False)
    assert claims == {
        "sub": "ann", "channel": "chat", "auth": True, "act": "action_x", "mid": "m1",
        "idem": idempotency_key(tracker, CALL, "action_x"), "aud": "actions", "iat": 1000, "exp": 1060,
    }  # fmt: skip


def test_what_a_user_sends_under_the_key_is_taken_out_everywhere(build) -> None:
    forged = {"frontdesk": "forged", "other": "kept"}
    said = UserUttered(
        text="x", parse_data={"intent": {"name": "inform"}, "metadata": forged}, metadata=forged
    )
    tracker = build.tracker(build.domain(), ActionExecuted("action_listen"), said, ActiveLoop("f"), said)
    wire = ContextSigner(build.secret).attach(tracker_to_wire(tracker), "action_x", tracker, CALL)
    assert "forged" not in str(wire)
    metadata = wire["latest_message"]["metadata"]
    assert metadata["other"] == "kept"
    assert read(metadata["frontdesk"], build.secret)["sub"] == "ann"
    assert str(wire).count("'frontdesk'") == 1
    assert said.metadata == forged  # the conversation itself is not touched
    assert said.parse_data["metadata"] == forged


def test_a_conversation_without_a_message_has_a_context_too(build) -> None:
    tracker = build.tracker(build.domain())
    wire = ContextSigner(build.secret).attach(tracker_to_wire(tracker), "action_x", tracker, ActionCall())
    claims = read(wire["latest_message"]["metadata"]["frontdesk"], build.secret)
    assert (claims["auth"], claims["mid"]) == (False, "#0")
    assert claims["idem"]


def test_metadata_that_is_no_mapping_is_left_alone() -> None:
    wire = {"latest_message": {"metadata": "text"}, "events": [{"event": "user", "metadata": None}]}
    assert without_context(wire) == wire


def test_the_key_is_the_same_for_a_retry_and_for_nothing_else(build) -> None:
    tracker = build.said(build.tracker(build.domain()))
    key = idempotency_key(tracker, CALL, "action_x")
    assert key == idempotency_key(tracker.append(ActionExecuted("action_y")), CALL, "action_x")
    assert key != idempotency_key(tracker, CALL, "action_y")
    assert key != idempotency_key(tracker, ActionCall(message_id="m1", nth=1), "action_x")
    assert key != idempotency_key(tracker, ActionCall(message_id="m2", nth=2), "action_x")


def test_a_message_without_id_is_known_by_its_place(build) -> None:
    tracker = build.tracker(
        build.domain(), ActionExecuted("action_listen"), UserUttered("a"), ActionExecuted("x")
    )
    first = message_id(tracker, ActionCall())
    assert first == message_id(tracker.append(ActionExecuted("y")), ActionCall()) == "#2"
    assert message_id(tracker.append(UserUttered("a")), ActionCall()) == "#4"
    assert message_id(build.said(tracker, "hi"), ActionCall()) == "m-hi"


def test_the_secret_comes_from_the_environment(build, monkeypatch) -> None:
    token = ContextSigner().token("a", build.tracker(build.domain()), CALL)
    assert read(token, build.secret)["act"] == "a"
    monkeypatch.delenv("FRONTDESK_ACTIONS_SECRET")
    import os

    token = ContextSigner().token("a", build.tracker(build.domain()), CALL)
    assert len(os.environ["FRONTDESK_ACTIONS_SECRET"]) >= 32  # so that actions of this process can verify it
    assert read(token, os.environ["FRONTDESK_ACTIONS_SECRET"])["act"] == "a"


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ConfigError, match="32"):
        ContextSigner("short")
