"""A vendor's keys: fetched once, and again when an unknown one signs, but not at everybody's wish."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from frontdesk.channels import keys
from frontdesk.channels.http import Refusal
from frontdesk.channels.keys import SigningKeys
from frontdesk.channels.lines import NotTaken
from tests.vendors.signing import Signer

CLAIMS = {"iss": "issuer", "aud": "us"}


class Publisher:
    """Publishes what it has, and counts who looks."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = list(signers)
        self.odd = False
        self.looked = 0

    async def __call__(self) -> Sequence[Mapping[str, Any]]:
        self.looked += 1
        await asyncio.sleep(0)
        if self.odd:
            return []
        if not self.signers:
            raise NotTaken("Nobody there.")
        return [signer.published() for signer in self.signers]


def accepted(found: SigningKeys, token: str) -> bool:
    try:
        asyncio.run(found.claims(token, "issuer", "us"))
    except Refusal as refusal:
        assert refusal.status == 401
        return False
    return True


def test_a_key_that_is_new_is_found_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(keys, "monotonic", lambda: now)
    old, new = Signer("old"), Signer("new")
    publisher = Publisher(old)
    found = SigningKeys("vendor", publisher)
    assert [accepted(found, old.token(CLAIMS)) for _ in range(3)] == [True] * 3
    assert publisher.looked == 1
    publisher.signers = [new]
    assert not accepted(found, new.token(CLAIMS))
    assert publisher.looked == 1, "whoever makes up keys causes no calls"
    now += keys.PAUSE + 1
    assert accepted(found, new.token(CLAIMS))
    assert publisher.looked == 2
    now += keys.PAUSE + 1
    assert not accepted(found, old.token(CLAIMS)), "a key that is withdrawn is good no more"


def test_keys_are_believed_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(keys, "monotonic", lambda: now)
    signer = Signer("key")
    publisher = Publisher(signer)
    found = SigningKeys("vendor", publisher)
    accepted(found, signer.token(CLAIMS))
    now += keys.FRESH + 1
    publisher.signers = []
    assert [accepted(found, signer.token(CLAIMS)) for _ in range(3)] == [True] * 3, "nobody tells new ones"
    assert publisher.looked == 2
    publisher.signers = [signer]
    now += keys.PAUSE + 1
    assert accepted(found, signer.token(CLAIMS))
    assert publisher.looked == 3


def test_an_answer_without_keys_takes_none_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(keys, "monotonic", lambda: now)
    signer = Signer("key")
    publisher = Publisher(signer)
    found = SigningKeys("vendor", publisher)
    accepted(found, signer.token(CLAIMS))
    publisher.odd = True
    for seconds in (keys.PAUSE, keys.FRESH):
        now += seconds + 1
        with pytest.raises(NotTaken):
            accepted(found, Signer("new").token(CLAIMS))
        assert accepted(found, signer.token(CLAIMS))


@pytest.mark.asyncio
async def test_all_who_wait_for_keys_wait_for_one_look() -> None:
    signer = Signer("key")
    publisher = Publisher(signer)
    found = SigningKeys("vendor", publisher)
    token = signer.token(CLAIMS)
    await asyncio.gather(*(found.claims(token, "issuer", "us") for _ in range(5)))
    assert publisher.looked == 1


def test_clocks_may_differ_and_what_is_needed_is_there() -> None:
    signer = Signer("key")
    found = SigningKeys("vendor", Publisher(signer))
    assert accepted(found, signer.token(CLAIMS, age=3600 + 240)), "four minutes after its end"
    assert accepted(found, signer.token(CLAIMS, age=-240)), "four minutes before its begin"
    assert not accepted(found, signer.token(CLAIMS, age=3600 + 360))
    assert not accepted(found, signer.token({"iss": "issuer"}))
    assert not accepted(found, signer.token({**CLAIMS, "exp": None}))
    assert not accepted(found, "x" * 20_000)
    nested = base64.urlsafe_b64encode(b"[" * 12_000).decode()
    assert not accepted(found, f"{nested}.e30.x")


def test_keys_that_cannot_be_fetched_are_no_refusal() -> None:
    found = SigningKeys("vendor", Publisher())
    with pytest.raises(NotTaken):
        asyncio.run(found.claims(Signer("key").token(CLAIMS), "issuer", "us"))
