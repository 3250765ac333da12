"""A-23: somebody wants to get into a conversation that is not theirs, or to lure another one into theirs."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jwt
import pytest
import socketio

from tests.attacks.conftest import leaks
from tests.conftest import SECRET
from tests.visitors import Target, Victim
from tests.widget import Widget, widget


@pytest.mark.parametrize("chosen", ["web-chosen-by-somebody", "../web-1", "x" * 300])
def test_nobody_chooses_the_conversation_that_a_token_is_for(target: Target, chosen: str) -> None:
    address = f"{target.server.url}/webhooks/chat/session"
    for response in (
        httpx.post(address, json={"sender_id": chosen, "session_id": chosen, "token": chosen}),
        httpx.post(address, params={"sender_id": chosen, "token": chosen}),
        httpx.post(address, headers={"Cookie": f"session={chosen}; token={chosen}", "X-Session-Id": chosen}),
    ):
        assert response.status_code == 200
        assert response.json()["sender_id"] != chosen
        assert "set-cookie" not in response.headers, "so no other site can send it along"


def test_no_two_conversations_are_the_same(target: Target) -> None:
    visitors = [target.visitor() for _ in range(50)]
    assert (
        len({visitor.sender_id for visitor in visitors}) == len({visitor.token for visitor in visitors}) == 50
    )
    assert min(len(visitor.sender_id.removeprefix("web-")) for visitor in visitors) >= 22  # 128 bits


def test_who_knows_the_id_of_a_conversation_hears_and_says_nothing_in_it(target: Target) -> None:
    victim = target.meet("shipped")
    own, stranger = target.customer(victim), target.visitor()
    before = own.history()
    base = f"{target.server.url}/webhooks"
    given = {"sender": own.sender_id, "sender_id": own.sender_id, "session_id": own.sender_id}
    for headers in (
        {},
        stranger.headers,
        {"Authorization": f"Bearer {own.sender_id}"},
        {"Cookie": f"token={own.token}"},
    ):
        for response in (
            httpx.get(f"{base}/chat/history", params=given, headers=headers),
            httpx.get(f"{base}/chat/news", params={**given, "after": "0"}, headers=headers)
            if not headers
            else None,
            httpx.post(
                f"{base}/chat/webhook", json={"message": "where is my order?", **given}, headers=headers
            ),
            httpx.post(
                f"{base}/rest/webhook", json={"message": "where is my order?", **given}, headers=headers
            ),
        ):
            if response is not None:
                assert leaks(response.text, victim) == [], response.text
                assert response.status_code in (200, 401, 403), response.text
    for token in (own.token, own.sender_id):
        past = httpx.get(f"{base}/chat/history", params={"token": token, "access_token": token})
        assert past.status_code == 401, "a token in the address counts for nothing"
    assert own.history() == before, "and nobody wrote into it"


@pytest.mark.parametrize(
    "forge",
    [
        lambda sub: jwt.encode({"sub": sub, "aud": "conversation", "exp": time.time() + 600}, None, algorithm="none"),
        lambda sub: jwt.encode({"sub": sub, "aud": "conversation", "exp": time.time() + 600}, "x" * 40, "HS256"),
        lambda sub: jwt.encode({"sub": sub, "aud": "conversation", "exp": time.time() - 1}, SECRET, "HS256"),
        lambda sub: jwt.encode({"sub": sub, "aud": "actions", "exp": time.time() + 600}, SECRET, "HS256"),
        lambda sub: jwt.encode({"sub": sub, "exp": time.time() + 600}, SECRET, "HS256"),
    ],
    ids=["unsigned", "another secret", "over", "for something else", "for nothing"],
)  # fmt: skip
def test_forged_tokens_open_nothing(target: Target, forge: Any) -> None:
    victim = target.meet("shipped")
    own = target.customer(victim)
    headers = {"Authorization": f"Bearer {forge(own.sender_id)}"}
    for response in (
        httpx.get(f"{target.server.url}/webhooks/chat/history", headers=headers),
        httpx.post(f"{target.server.url}/webhooks/chat/webhook", json={"message": "hi"}, headers=headers),
        httpx.post(f"{target.server.url}/webhooks/rest/webhook", json={"message": "hi"}, headers=headers),
    ):
        assert response.status_code == 401, response.text


def test_a_page_of_another_site_reads_nothing(target: Target) -> None:
    for path in ("/webhooks/chat/session", "/webhooks/chat/webhook", "/webhooks/rest/webhook"):
        answer = httpx.options(
            target.server.url + path,
            headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        )
        assert "access-control-allow-origin" not in answer.headers
    page = httpx.get(f"{target.server.url}/")
    assert page.headers["x-frame-options"] == "DENY"


async def as_customer(made: Widget, victim: Victim) -> str:
    """Prove who one is in a session of one's own."""
    session = await made.session()
    told = await made.hears(f"where is {victim.number}? my mail is {victim.email}", session)
    assert victim.number in told, told
    return session


async def test_a_session_id_of_another_one_must_be_signed(target: Target) -> None:
    victim = target.meet("shipped")
    async with widget(target.server) as own, widget(target.server) as stranger:
        session = await as_customer(own, victim)
        claims = jwt.decode(session, options={"verify_signature": False})
        unsigned = jwt.encode({**claims}, None, algorithm="none")
        tampered = session[:-4] + ("AAAA" if session[-4:] != "AAAA" else "BBBB")
        for wanted in (
            claims["sub"],
            unsigned,
            tampered,
            f" {session} x",
            {"id": session},
            [session],
            claims["sub"].upper(),
        ):
            got = await stranger.session(wanted)
            assert got != session, wanted
            assert got != claims["sub"], wanted
            told = await stranger.hears("where is my order? what did I just ask?", wanted)
            assert leaks(told, victim) == [], (wanted, told)
        assert "on its way" in await own.hears("where is my order?", session)
        assert leaks(await stranger.hears("hello", await stranger.session()), victim) == []
        assert stranger.got.empty(), "who is not in a session does not hear what is said there"


async def test_an_id_that_was_planted_never_becomes_a_customers(target: Target) -> None:
    """Fixation: the attacker makes a victim's widget use an id of theirs, and waits until the victim has proved it."""
    victim = target.meet("shipped")
    async with widget(target.server) as own, widget(target.server) as attacker:
        planted = "planted-by-the-attacker"
        await own.session(planted)
        told = await own.hears(f"where is {victim.number}? my mail is {victim.email}", planted)
        assert leaks(told, victim) == [], told
        await attacker.session(planted)
        told = await attacker.hears("where is my order?", planted)
        assert leaks(told, victim) == [], told


async def test_a_page_of_another_site_cannot_connect(target: Target) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with widget(target.server, headers={"Origin": "https://evil.example"}):
            pass
