"""Who may call the HTTP API: tokens and JSON web tokens."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from frontdesk.auth.api import LONGEST, ApiKeys, Caller
from frontdesk.errors import AuthError, ConfigError

SECRET = "a-secret-that-is-long-enough-for-hs256"
TOKEN = "a-token-that-nobody-guesses"


def signed(user: Any, secret: str = SECRET, method: str = "HS256", **more: Any) -> str:
    return f"Bearer {jwt.encode({'user': user, **more}, secret, algorithm=method)}"


def test_without_keys_everyone_may_call() -> None:
    keys = ApiKeys()
    assert not keys.needed
    assert keys.caller(None, None) == Caller()
    assert keys.caller("x", "Bearer y").may_enter(None)


def test_the_token_in_the_query_or_the_header() -> None:
    keys = ApiKeys(TOKEN)
    assert keys.caller(TOKEN, None).may_enter("ann")
    assert keys.caller(None, f"Bearer {TOKEN}").may_enter(None)
    for query, header in (
        (None, None),
        ("", ""),
        ("x", "Bearer x"),
        ("ü\ud800", None),
        (None, f"Basic {TOKEN}"),
    ):
        with pytest.raises(AuthError):
            keys.caller(query, header)


def test_roles() -> None:
    keys = ApiKeys(jwt_secret=SECRET)
    admin = keys.caller(None, signed({"username": "root", "role": "admin"}))
    user = keys.caller(None, signed({"username": "ann", "role": "user"}))
    assert admin.may_enter(None)
    assert admin.may_enter("ann")
    assert user.may_enter("ann")
    assert not user.may_enter("bob")
    assert not user.may_enter(None)
    for other in ({"username": "ann"}, {"username": "ann", "role": "guest"}, "ann", None, {"role": "user"}):
        assert not keys.caller(None, signed(other)).may_enter("ann")


def test_a_token_and_a_jwt_side_by_side() -> None:
    keys = ApiKeys(TOKEN, SECRET)
    assert keys.caller(TOKEN, None).role == "admin"
    assert keys.caller(None, signed({"username": "ann", "role": "user"})).username == "ann"


def test_what_is_not_signed_as_it_should_be() -> None:
    keys = ApiKeys(jwt_secret=SECRET)
    admin = {"username": "root", "role": "admin"}
    unsigned = jwt.encode({"user": admin}, None, algorithm="none")
    bad = [
        f"Bearer {unsigned}",
        signed(admin, "another-secret-that-is-long-enough-too"),
        signed(admin, SECRET * 2, "HS512"),
        signed(admin, exp=int(time.time()) - 10),
        signed(admin, nbf=int(time.time()) + 1000),
        "Bearer x.y.z",
        "Bearer " + "x" * (LONGEST + 1),
        "Bearer",
    ]
    for header in bad:
        with pytest.raises(AuthError):
            keys.caller(None, header)
    assert keys.caller(None, signed(admin, exp=int(time.time()) + 100, aud="somebody", sub="root"))


def test_a_public_key() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    keys = ApiKeys(jwt_secret=pem.decode(), jwt_method="RS256")
    token = jwt.encode({"user": {"username": "ann", "role": "user"}}, private, algorithm="RS256")
    assert keys.caller(None, f"Bearer {token}").may_enter("ann")
    with pytest.raises(ConfigError, match="no key for HS256"):
        ApiKeys(jwt_secret=pem.decode())  # else the public key would be a secret that everyone knows


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": " "}, "token is empty"),
        ({"jwt_secret": ""}, "secret is empty"),
        ({"jwt_method": "none"}, "no method"),
        ({"jwt_method": "HS1"}, "no method"),
        ({"jwt_secret": "no pem", "jwt_method": "RS256"}, "no key for RS256"),
    ],
)
def test_what_cannot_work(options: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ApiKeys(**options)


def test_short_secrets_are_told_and_secrets_are_not_shown() -> None:
    keys = ApiKeys("short", "also short")
    assert len(keys.weak) == 2
    assert "short" not in repr(keys)
    assert ApiKeys(TOKEN, SECRET).weak == []
