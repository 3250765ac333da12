"""A-08, A-10, A-11: somebody signs a token for themselves, or shows a good one where it is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
import socketio
from cryptography.hazmat.primitives.asymmetric import rsa

from frontdesk.auth.tokens import issue
from tests.attacks.conftest import Guarded
from tests.conftest import SECRET
from tests.widget import widget

DOORS = (
    ("GET", "/status"),
    ("GET", "/conversations/ann/tracker"),
    ("GET", "/inspector/api/conversations"),
    ("PUT", "/model"),
)


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: bytes | None) -> str:
    """Sign as no library would: HS256 with whatever bytes there are, or not at all."""
    signed = f"{part(header)}.{part(claims)}"
    if key is None:
        return f"{signed}."
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


ADMIN = {
    "sub": "eve", "roles": ["admin"], "aud": "help", "iss": "https://login.example", "exp": 4_000_000_000,
}  # fmt: skip
OWN_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

FORGED: dict[str, Callable[[Guarded], str]] = {
    "no signature": lambda _: by_hand({"alg": "none", "typ": "JWT"}, ADMIN, None),
    "no signature, spelt otherwise": lambda _: by_hand({"alg": "NoNe"}, ADMIN, None),
    "no algorithm": lambda _: by_hand({"typ": "JWT"}, ADMIN, None),
    # The public key is no secret: taken for one, everybody could sign.
    "the public key as a secret": lambda g: by_hand({"alg": "HS256"}, ADMIN, g.public.encode()),
    "the public key in one line": lambda g: by_hand({"alg": "HS256"}, ADMIN, g.public.strip().encode()),
    "an empty secret": lambda _: by_hand({"alg": "HS256"}, ADMIN, b""),
    "another key": lambda _: jwt.encode(ADMIN, OWN_KEY, algorithm="RS256"),
    "a key that it brings along": lambda _: jwt.encode(
        ADMIN, OWN_KEY, algorithm="RS256",
        headers={"jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OWN_KEY.public_key()))},
    ),
    "a key at an address": lambda _: jwt.encode(
        ADMIN, OWN_KEY, algorithm="RS256", headers={"jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/"}
    ),
    "a key in a file": lambda _: by_hand({"alg": "HS256", "kid": "../../../../dev/null"}, ADMIN, b""),
    "a key from a database": lambda _: by_hand({"alg": "HS256", "kid": "x' UNION SELECT 'k'--"}, ADMIN, b"k"),
    "another method of the family": lambda g: jwt.encode(ADMIN, g.private, algorithm="RS512"),
    "expired": lambda g: g.token("eve", "admin", exp=time.time() - 1),
    "no end": lambda g: jwt.encode({k: v for k, v in ADMIN.items() if k != "exp"}, g.private, algorithm="RS256"),
    "not yet": lambda g: g.token("eve", "admin", nbf=time.time() + 600),
    "for somebody else": lambda g: g.token("eve", "admin", aud="shop"),
    "for nobody": lambda g: jwt.encode({k: v for k, v in ADMIN.items() if k != "aud"}, g.private, algorithm="RS256"),
    "from somebody else": lambda g: g.token("eve", "admin", iss="https://evil.example"),
    "other claims under a good signature": lambda g: ".".join(
        [g.token("eve").split(".")[0], part(ADMIN), g.token("eve").split(".")[2]]
    ),
    "huge": lambda g: g.token("eve", "admin", padding="x" * 9_000),
    "a conversation token": lambda _: issue(SECRET, sender_id="ann")[0],
    "one of this installation's secret": lambda _: jwt.encode(ADMIN, SECRET, algorithm="HS256"),
    "nonsense": lambda _: "a.b.c",
    "characters that are none": lambda _: "fdk_000000000000_" + "A" * 43,
}  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_opens_no_door(guarded: Guarded, how: str) -> None:
    token = FORGED[how](guarded)
    for method, path in DOORS:
        answer = guarded.ask(method, path, token)
        assert answer.status_code == 401, (path, answer.text)
        assert answer.json()["reason"] == "NotAuthenticated"


def test_a_good_one_does(guarded: Guarded) -> None:
    assert guarded.ask("GET", "/status", guarded.token("eve", "admin")).status_code == 200


@pytest.mark.parametrize(
    "how", ["no signature", "the public key as a secret", "expired", "for somebody else"]
)
async def test_nor_a_channel_or_a_socket(guarded: Guarded, how: str) -> None:
    claims = {"sub": "ann", "roles": ["customer"]}
    token = FORGED[how](guarded)
    said = guarded.ask("POST", "/webhooks/rest/webhook", token, json={"sender": "ann", "message": "hello"})
    assert said.status_code == 401, said.text
    assert guarded.ask("GET", "/webhooks/chat/history", token).status_code == 401
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with widget(guarded.server, auth={"token": token}):
            raise AssertionError(claims)


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": ["customer"], "role": "admin"},
        {"roles": ["customer"], "user": {"username": "ann", "role": "admin"}},
        {"roles": ["customer", "root", "Admin", "admin "]},
        {"roles": {"admin": True}},
        {"roles": "customer admin"},
        {"roles": ["customer"], "sub": "bob", "user": {"username": "ann"}},
        {"roles": [], "user": {"username": "ann", "role": "admin"}},
    ],
)
def test_nobody_raises_their_own_role(guarded: Guarded, claims: dict[str, Any]) -> None:
    token = guarded.token(**claims)
    for method, path in (*DOORS, ("GET", "/domain"), ("GET", "/conversations/eve/tracker")):
        if path == "/conversations/ann/tracker" and claims.get("sub", "ann") == "ann":
            continue
        answer = guarded.ask(method, path, token, headers={"X-Role": "admin", "X-User": "admin"})
        assert answer.status_code == 403, (path, answer.text)


PLACES = (
    "/conversations/bob/tracker",
    "/conversations/ann%2f..%2fbob/tracker",
    "/conversations/ann/../bob/tracker",
    "/conversations/bob%00ann/tracker",
    "/conversations/ann%00/tracker",
    "/conversations/ANN/tracker",
    "/conversations/%20ann/tracker",
    "/conversations/ann%2f/tracker",
    "/conversations//ann/tracker",
    "/conversations/bob/story?conversation_id=ann&sender_id=ann",
)


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("by", ["jwt", "key"])
def test_a_customer_enters_no_conversation_but_the_own(guarded: Guarded, by: str, path: str) -> None:
    shown = (
        guarded.token("ann", "customer")
        if by == "jwt"
        else guarded.keys.add("x", "customer", subject="ann")[0]
    )
    answer = guarded.ask("GET", path, shown)
    assert answer.status_code in (400, 403, 404), answer.text
    assert "sender_id" not in answer.text
    assert guarded.ask("GET", "/conversations/ann/tracker", shown).json()["sender_id"] == "ann"


def test_nor_speaks_in_another(guarded: Guarded) -> None:
    token = guarded.token("carl", "customer")
    for sender in ("bob", "carl ", "web-x", "default"):
        body = {"sender": sender, "message": "hello"}
        answer = guarded.ask("POST", "/webhooks/rest/webhook", token, json=body)
        assert answer.status_code == 403, (sender, answer.text)
    assert guarded.ask("POST", "/webhooks/rest/webhook", token, json={"message": "hello"}).status_code == 200
    # And what they said there is theirs: a sender that anybody can write is not let in any more.
    stranger = httpx.post(f"{guarded.url}/webhooks/rest/webhook", json={"sender": "carl", "message": "hello"})
    assert stranger.status_code == 403


async def test_nor_over_a_socket(guarded: Guarded) -> None:
    others, _ = issue(SECRET, sender_id="bob")
    async with widget(guarded.server, auth={"token": guarded.token("dora", "customer")}) as dora:
        session = await dora.session(others)
        assert session == "dora", "the name of her conversation, and no key to it"
        assert await dora.say("hello", session_id=others) == {"status": "ok"}
        assert await dora.told()
    admin = guarded.token("eve", "admin")
    assert len(guarded.ask("GET", "/conversations/dora/tracker", admin).json()["events"]) > 3
    bobs = guarded.ask("GET", "/conversations/bob/tracker", admin).json()["events"]
    assert not [event for event in bobs if event["event"] == "user"]


async def test_who_knows_the_name_of_a_customers_conversation_hears_nothing_in_it(guarded: Guarded) -> None:
    auth = {"token": guarded.token("fay", "customer")}
    async with widget(guarded.server) as thief, widget(guarded.server, auth=auth) as fay:
        await thief.session("fay")  # before anybody knows that it is a customer's
        await fay.session()
        assert await fay.say("hello") == {"status": "ok"}
        assert await fay.told()
        admin = guarded.token("eve", "admin")
        path = "/conversations/fay/trigger_intent?output_channel=socketio"
        assert guarded.ask("POST", path, admin, json={"name": "leave_message"}).status_code == 200
        assert await fay.told(), "also what answers nobody"
        refused = await thief.say("hello", session_id="fay")
        assert refused["status"] == "failure"
        assert "belongs" in str(await thief.told())
        assert await thief.session("fay") != "fay"
        assert await thief.say("hello", session_id=await thief.session()) == {"status": "ok"}
        assert await thief.told()
        assert thief.got.empty()


async def test_a_key_that_is_taken_back_closes_what_it_opened(guarded: Guarded) -> None:
    shown, key = guarded.keys.add("gil's phone", "customer", subject="gil")
    async with widget(guarded.server, auth={"token": shown}) as gil:
        session = await gil.session()
        assert await gil.say("hello", session_id=session) == {"status": "ok"}
        guarded.keys.revoke(key.id)
        assert (await gil.say("hello", session_id=session))["code"] == 401
    async with widget(guarded.server) as later:
        assert await later.session(session) != session
        assert (await later.say("hello", session_id=session))["status"] == "failure"
    body = {"sender": "gil", "message": "hello"}
    assert guarded.ask("POST", "/webhooks/rest/webhook", session, json=body).status_code == 401


async def test_an_agent_speaks_for_no_customer(guarded: Guarded) -> None:
    token = guarded.token("desk", "agent")
    for path in ("/webhooks/rest/webhook", "/webhooks/chat/webhook"):
        answer = guarded.ask("POST", path, token, json={"sender": "ann", "message": "hello"})
        assert answer.status_code == 403, answer.text
    with pytest.raises(socketio.exceptions.ConnectionError):
        async with widget(guarded.server, auth={"token": token}):
            raise AssertionError("an agent was let in")


def test_secrets_are_in_no_log_and_a_key_in_an_address_is_none(guarded: Guarded) -> None:
    key, kept = guarded.keys.add("desk", "admin")
    assert guarded.ask("GET", "/status", headers={"X-API-Key": key}).status_code == 200
    assert guarded.ask("GET", f"/status?token={key}").status_code == 401
    guarded.ask("GET", "/status", "wrong-but-secret-0123456789")
    log = guarded.server.log.read_text("utf-8", "replace")
    for secret in (
        key,
        key.rpartition("_")[2],
        kept.hash,
        "wrong-but-secret-0123456789",
        guarded.public[40:80],
    ):
        assert secret not in log
