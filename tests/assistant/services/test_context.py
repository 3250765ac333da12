"""Only a signed context says who is calling; everything else makes a stranger."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest

from actions.services.context import caller

from ..conftest import SECRET, token, tracker

pytestmark = pytest.mark.usefixtures("secret")


def test_a_signed_context_is_read_in_full() -> None:
    found = caller(tracker(token()))
    assert found.authenticated
    assert (found.conversation, found.channel, found.action) == ("web-1", "web", "action_test")
    assert (found.message_id, found.idempotency_key) == ("m-1", "idem-1")


def test_a_signed_context_may_say_that_nobody_is_authenticated() -> None:
    found = caller(tracker(token(auth=False)))
    assert not found.authenticated
    assert found.idempotency_key == "idem-1"


def forged(header: dict[str, str], claims: dict[str, object], signature: str = "") -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), signature])


CLAIMS: dict[str, object] = {
    "sub": "web-1", "channel": "web", "auth": True, "act": "a", "mid": "m", "idem": "i", "aud": "actions",
    "exp": int(time.time()) + 600,
}  # fmt: skip


@pytest.mark.parametrize(
    "signed",
    [
        None,
        "",
        "not a token",
        42,
        {"sub": "web-1", "auth": True},
        "x" * 10_000,
        token(secret="another-secret-that-someone-else-made-up-01234567"),
        token(exp=int(time.time()) - 5),
        token(exp=None),
        token(aud="engine"),
        token(aud=None),
        token(sub="web-2"),
        token(sub=None),
        token(idem=None),
        token(idem=""),
        token(auth="yes"),
        token(auth=1),
        token(mid=7),
        token(nbf=int(time.time()) + 600),
        forged({"alg": "none", "typ": "JWT"}, CLAIMS),
        forged({"alg": "HS256", "typ": "JWT"}, CLAIMS, "AAAA"),
        jwt.encode(CLAIMS, SECRET, algorithm="HS384"),
        jwt.encode(CLAIMS, SECRET * 2, algorithm="HS512"),
    ],
)
def test_anything_else_makes_a_stranger(signed: object) -> None:
    found = caller(tracker(signed, message_id="m-9"))
    assert not found.authenticated
    assert found.conversation == "web-1"
    assert found.idempotency_key.startswith("unsigned:")


@pytest.mark.parametrize(
    "metadata", [None, "text", 3, [], {"frontdesk": []}, {"verified": True, "auth": True}]
)
def test_metadata_of_any_shape_is_harmless(metadata: object) -> None:
    odd = tracker()
    odd.latest_message = {"metadata": metadata}
    assert not caller(odd).authenticated
    odd.latest_message = None
    assert not caller(odd).authenticated


def test_without_a_proper_secret_nobody_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for short in ("", "short"):
        monkeypatch.setenv("FRONTDESK_ACTIONS_SECRET", short)
        signed = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
        assert not caller(tracker(signed)).authenticated
    monkeypatch.delenv("FRONTDESK_ACTIONS_SECRET")
    assert not caller(tracker(token())).authenticated


def test_a_strangers_key_is_stable_and_never_a_signed_one() -> None:
    one, same = caller(tracker(message_id="m-1")), caller(tracker(message_id="m-1"))
    assert one.idempotency_key == same.idempotency_key != caller(tracker(message_id="m-2")).idempotency_key
    assert caller(tracker()).idempotency_key == ""
    assert caller(tracker(token(idem="unsigned"))).idempotency_key == "unsigned"


def test_a_very_long_conversation_id_is_not_trusted() -> None:
    long = "c" * 300
    assert not caller(tracker(token(sub=long), sender=long)).authenticated
