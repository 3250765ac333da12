"""Who calls, by Rasa's token and JSON web tokens, by API keys and by conversation tokens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from frontdesk.auth.access import Access, Shown
from frontdesk.auth.api_keys import KeyFile
from frontdesk.auth.jwts import LONGEST, TokenRules
from frontdesk.auth.principal import ANYBODY, Principal
from frontdesk.auth.tokens import issue
from frontdesk.errors import AuthError, ConfigError

SECRET = "a-secret-that-is-long-enough-for-hs256"
OWN = "the-secret-of-this-installation-for-tests"
TOKEN = "a-token-that-nobody-guesses"


def signed(user: Any, secret: str = SECRET, method: str = "HS256", **more: Any) -> str:
    return f"Bearer {jwt.encode({'user': user, **more}, secret, algorithm=method)}"


def asked(token: str | None = None, jwt_secret: str | None = None, jwt_method: str = "HS256") -> Access:
    return Access.by_options(token, jwt_secret, jwt_method)


def enters(access: Access, header: str, conversation: str | None) -> bool:
    """Whether a caller may see a conversation; for None, whether they may ask the server how it is."""
    who = access.caller(Shown(authorization=header))
    operation = "getStatus" if conversation is None else "getConversationTracker"
    return who.may(operation, conversation)


def test_without_keys_everyone_may_call() -> None:
    access = asked()
    assert not access.needed
    assert access.caller(Shown()) == ANYBODY
    assert enters(access, "Bearer y", None)


def test_the_token_in_the_query_or_the_header() -> None:
    access = asked(TOKEN)
    assert access.caller(Shown(TOKEN)) == access.caller(Shown(authorization=f"Bearer {TOKEN}"))
    assert access.caller(Shown(TOKEN)) == access.caller(Shown(key=TOKEN))
    assert enters(access, f"Bearer {TOKEN}", None)
    for query, header in (
        (None, None),
        ("", ""),
        ("x", "Bearer x"),
        ("ü\ud800", None),
        (None, f"Basic {TOKEN}"),
    ):
        with pytest.raises(AuthError):
            access.caller(Shown(query, header))


def test_rasas_roles() -> None:
    access = asked(jwt_secret=SECRET)
    admin = signed({"username": "root", "role": "admin"})
    user = signed({"username": "ann", "role": "user"})
    assert enters(access, admin, None)
    assert enters(access, admin, "ann")
    assert enters(access, user, "ann")
    assert not enters(access, user, "bob")
    assert not enters(access, user, None)
    for other in ({"username": "ann"}, {"username": "ann", "role": "guest"}, "ann", None, {"role": "user"}):
        assert not enters(access, signed(other), "ann")
    assert access.caller(Shown(authorization=user)).owns("ann")
    assert not access.caller(Shown(authorization=admin)).owns("root")


def test_a_token_and_a_jwt_side_by_side() -> None:
    access = asked(TOKEN, SECRET)
    assert access.caller(Shown(TOKEN)).roles == {"admin"}
    assert access.caller(Shown(authorization=signed({"username": "ann", "role": "user"}))).subject == "ann"


def test_what_is_not_signed_as_it_should_be() -> None:
    access = asked(jwt_secret=SECRET)
    admin = {"username": "root", "role": "admin"}
    unsigned = jwt.encode({"user": admin}, None, algorithm="none")
    bad = [
        f"Bearer {unsigned}",
        signed(admin, "another-secret-that-is-long-enough-too"),
        signed(admin, SECRET * 2, "HS512"),
        signed(admin, exp=int(time.time()) - 10),
        signed(admin, nbf=int(time.time()) + 1000),
        "Bearer x.y.z",
        "Bearer x\udcff.y.z",
        "Bearer " + "x" * (LONGEST + 1),
        "Bearer",
    ]
    for header in bad:
        with pytest.raises(AuthError):
            access.caller(Shown(authorization=header))
    good = signed(admin, exp=int(time.time()) + 100, aud="somebody", sub="root")
    assert access.caller(Shown(authorization=good)).roles == {"admin"}


def key_pair() -> tuple[rsa.RSAPrivateKey, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, pem.decode()


def test_a_public_key() -> None:
    private, pem = key_pair()
    access = asked(jwt_secret=pem, jwt_method="RS256")
    token = jwt.encode({"user": {"username": "ann", "role": "user"}}, private, algorithm="RS256")
    assert enters(access, f"Bearer {token}", "ann")
    with pytest.raises(ConfigError, match="no key for HS256"):
        asked(jwt_secret=pem)  # else the public key would be a secret that everyone knows


def test_one_key_serves_one_family_of_methods() -> None:
    private, pem = key_pair()
    rules = TokenRules(pem, ("RS256", "PS256"), roles_claim="roles")
    for method in rules.methods:
        assert rules.read(jwt.encode({"sub": "x", "roles": ["agent"]}, private, algorithm=method)).roles == {
            "agent"
        }
    for methods in (("RS256", "HS256"), ("RS256", "ES256"), ()):
        with pytest.raises(ConfigError):
            TokenRules(pem, methods)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": " "}, "token is empty"),
        ({"jwt_secret": ""}, "--jwt-secret is empty"),
        ({"jwt_secret": SECRET, "jwt_method": "none"}, "no method"),
        ({"jwt_secret": SECRET, "jwt_method": "HS1"}, "no method"),
        ({"jwt_secret": "no pem", "jwt_method": "RS256"}, "no key for RS256"),
    ],
)
def test_what_cannot_work(options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        asked(**options)


def test_short_secrets_are_told_and_secrets_are_not_shown() -> None:
    access = asked("short", "also short")
    assert len(access.weak) == 2
    assert "short" not in repr(access)
    assert asked(TOKEN, SECRET).weak == []


def test_an_api_key_in_its_own_header_or_as_the_bearers(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    shown, _ = keys.add("desk", "agent")
    access = Access(keys=KeyFile(keys.path))
    assert access.needed
    for given in (Shown(key=shown), Shown(authorization=f"Bearer {shown}")):
        assert access.caller(given) == Principal("desk", frozenset({"agent"}), "key")
    for given in (Shown(shown), Shown(key=shown[:-1]), Shown(), Shown(key="x")):
        with pytest.raises(AuthError):
            access.caller(given)


def test_on_channels_conversation_tokens_count_too_and_nowhere_else(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    key, _ = keys.add("ann's phone", "customer", subject="ann")
    access = Access.by_options(TOKEN, SECRET, keys=keys)
    token, claims = issue(OWN)
    shown = Shown(authorization=f"Bearer {token}")
    who = access.speaker(shown, OWN)
    assert who is not None
    assert who.owns(claims.sender_id)
    with pytest.raises(AuthError):
        access.caller(shown)
    assert access.speaker(Shown(), OWN) is None
    assert access.speaker(Shown(TOKEN), OWN) is None, "a token in an address speaks for nobody"
    for header in (f"Bearer {key}", signed({"username": "ann", "role": "user"})):
        found = access.speaker(Shown(authorization=header), OWN)
        assert found is not None
        assert found.owns("ann")
    for header in ("Bearer x.y.z", f"Bearer {issue('another' * 10)[0]}", f"Bearer {key[:-1]}"):
        with pytest.raises(AuthError):
            access.speaker(Shown(authorization=header), OWN)
