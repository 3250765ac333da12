"""Conversation tokens: forged, confused, expired and foreign ones are refused."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest

from frontdesk.auth.tokens import AUDIENCE, bearer, issue, read
from frontdesk.errors import AuthError

SECRET = "x" * 40


def test_round_trip() -> None:
    token, claims = issue(SECRET)
    again = read(token, SECRET)
    assert again.sender_id == claims.sender_id
    assert again.sender_id.startswith("web-")
    assert issue(SECRET)[1].sender_id != claims.sender_id


def claims(**changes: object) -> dict[str, object]:
    return {"sub": "web-1", "aud": AUDIENCE, "exp": int(time.time()) + 60} | changes


def unsigned() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}."


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        unsigned(),
        jwt.encode(claims(), "y" * 40, algorithm="HS256"),
        jwt.encode(claims(), SECRET * 2, algorithm="HS512"),
        jwt.encode(claims(aud="actions"), SECRET, algorithm="HS256"),
        jwt.encode({"sub": "web-1", "aud": AUDIENCE}, SECRET, algorithm="HS256"),
        jwt.encode({"aud": AUDIENCE, "exp": int(time.time()) + 60}, SECRET, algorithm="HS256"),
        jwt.encode(claims(nbf=int(time.time()) + 60), SECRET, algorithm="HS256"),
        jwt.encode(claims(pad="x" * 5000), SECRET, algorithm="HS256"),
    ],
)
def test_what_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(AuthError):
        read(token, SECRET)


def test_an_expired_token_says_so() -> None:
    with pytest.raises(AuthError, match="expired"):
        read(issue(SECRET, lifetime=-5)[0], SECRET)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc ", "abc"),
        ("Bearer", None),
        ("Basic abc", None),
        (None, None),
        ("", None),
    ],
)
def test_bearer(header: str | None, expected: str | None) -> None:
    assert bearer(header) == expected
