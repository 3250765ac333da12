"""The section `auth` of endpoints.yml."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from frontdesk.auth.section import KEYS_FILE, key_file, token_rules
from frontdesk.errors import AuthError, ConfigError

SECRET = "a-secret-that-is-long-enough-for-hs256"


def rules(folder: Path, **jwt_options: Any) -> Any:
    [found] = token_rules({"jwt": {"key": SECRET, **jwt_options}}, folder, "endpoints.yml:2")
    return found


def token(**claims: Any) -> str:
    return jwt.encode({"sub": "ann", "exp": time.time() + 60, **claims}, SECRET, algorithm="HS256")


def test_the_defaults_ask_for_an_end(tmp_path: Path) -> None:
    found = rules(tmp_path)
    who = found.read(token(roles=["customer"]))
    assert who.owns("ann")
    assert who.until == pytest.approx(time.time() + 60, abs=5)
    with pytest.raises(AuthError):
        found.read(token(exp=None))
    forever = jwt.encode({"sub": "ann", "roles": "admin"}, SECRET, algorithm="HS256")
    with pytest.raises(AuthError):
        found.read(forever)
    assert rules(tmp_path, expiry_required=False).read(forever).roles == {"admin"}


def test_audience_and_issuer(tmp_path: Path) -> None:
    found = rules(tmp_path, audience=["frontdesk", "help"], issuer="https://login.example")
    good = {"aud": "help", "iss": "https://login.example"}
    assert found.read(token(**good))
    for bad in (
        {},
        {"aud": "shop"},
        {"aud": "help"},
        {**good, "iss": "https://evil.example"},
        {"iss": good["iss"]},
    ):
        with pytest.raises(AuthError):
            found.read(token(**bad))


def test_clocks_that_differ(tmp_path: Path) -> None:
    late = token(exp=time.time() - 20)
    with pytest.raises(AuthError, match="expired"):
        rules(tmp_path).read(late)
    assert rules(tmp_path, leeway=60).read(late)


@pytest.mark.parametrize(
    ("claim", "claims", "roles"),
    [
        (None, {"roles": ["agent", "root"]}, {"agent"}),
        (None, {"roles": "supervisor"}, {"supervisor"}),
        (None, {"roles": {"admin": True}}, set()),
        (None, {"roles": []}, set()),
        (None, {}, set()),
        (None, {"user": {"username": "ann", "role": "user"}}, {"customer"}),
        # The claim that was named is the one: Rasa's beside it changes nothing.
        (None, {"roles": ["agent"], "user": {"username": "ann", "role": "admin"}}, {"agent"}),
        ("realm_access.roles", {"realm_access": {"roles": ["agent"]}}, {"agent"}),
        ("realm_access.roles", {"roles": ["admin"]}, set()),
    ],
)
def test_roles(tmp_path: Path, claim: str | None, claims: dict[str, Any], roles: set[str]) -> None:
    found = rules(tmp_path, **({"roles_claim": claim} if claim else {}))
    assert found.read(token(**claims)).roles == roles


def test_a_key_in_a_file_and_several_issuers(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET)
    listed = [{"key_file": "key"}, {"key": "another-secret-that-is-long-enough", "methods": ["HS256"]}]
    assert [found.key for found in token_rules({"jwt": listed}, tmp_path)] == [
        SECRET,
        "another-secret-that-is-long-enough",
    ]
    assert token_rules({}, tmp_path) == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jwt": "secret"}, "must be a mapping"),
        ({"jwt": {}}, "either a key or a file"),
        ({"jwt": {"key": SECRET, "key_file": "x"}}, "either a key or a file"),
        ({"jwt": {"key_file": "nowhere.pem"}}, "cannot be read"),
        ({"jwt": {"key": SECRET, "methods": ["none"]}}, "'none' is no method"),
        ({"jwt": {"key": SECRET, "methods": ["HS256", "RS256"]}}, "no key for RS256"),
        ({"jwt": {"key": SECRET, "leeway": "long"}}, "leeway"),
        ({"jwt": {"key": SECRET, "leeway": -1}}, "leeway"),
        ({"jwt": {"key": SECRET, "expiry_required": "no"}}, "expiry_required"),
        ({"jwt": {"key": ""}}, "is empty"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        token_rules(options, tmp_path, "endpoints.yml:2")
    assert caught.value.where
    assert SECRET not in str(caught.value)


def test_where_the_keys_are(tmp_path: Path) -> None:
    assert key_file({}, tmp_path).path == tmp_path / KEYS_FILE
    assert key_file({"keys": "/etc/keys.json"}, tmp_path).path == Path("/etc/keys.json")
