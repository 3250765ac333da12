"""API keys: shown once, kept as hashes, taken back while a server runs."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest

from frontdesk.auth.api_keys import KeyFile
from frontdesk.errors import AuthError, ConfigError


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "state" / "keys.json")


def test_a_key_opens_what_its_role_may_and_is_kept_nowhere(keys: KeyFile) -> None:
    shown, key = keys.add("reports", "supervisor")
    who = keys.principal(shown)
    assert who is not None
    assert (who.subject, who.roles, who.how) == ("reports", {"supervisor"}, "key")
    kept = keys.path.read_text()
    assert shown[-43:] not in kept, "the secret, which may hold any letter of base64"
    assert shown not in kept
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert key.hash not in repr(key)
    assert len(shown) > 56


def test_what_is_no_key_and_what_is_no_good_one(keys: KeyFile) -> None:
    shown, _ = keys.add("reports", "admin")
    other = shown[:-1] + ("A" if shown[-1] != "A" else "B")
    for wrong in (other, "fdk_000000000000_" + shown[-43:]):
        with pytest.raises(AuthError):
            keys.principal(wrong)
    for text in ("", "x", shown + "x", shown.upper(), f" {shown}", "fdk__", "ü" * 60, "\ud800"):
        assert keys.principal(text) is None


def test_a_key_that_was_taken_back_is_refused_by_a_server_that_runs(keys: KeyFile) -> None:
    shown, key = keys.add("reports", "admin")
    server = KeyFile(keys.path)
    assert server.principal(shown)
    keys.revoke(key.id)
    with pytest.raises(AuthError):
        server.principal(shown)
    later, _ = keys.add("more", "agent")
    assert server.principal(later), "and one that was made since is known"
    again = keys.revoke(key.id)
    assert again.revoked == keys.list()[0].revoked, "its time stays"
    with pytest.raises(ConfigError, match="no key 'abc'"):
        keys.revoke("abc")


def test_a_key_ends(keys: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, key = keys.add("for a week", "agent", lifetime=7 * 24 * 3600)
    assert key.expires is not None
    who = keys.principal(shown)
    assert who is not None
    assert who.until == key.expires
    monkeypatch.setattr("time.time", lambda: key.expires)
    with pytest.raises(AuthError):
        keys.principal(shown)


def test_callers_are_asked_from_the_first_key_on_and_for_ever(keys: KeyFile) -> None:
    running = KeyFile(keys.path)
    assert not keys.asked_for
    assert not running.asked_for
    shown, key = keys.add("reports", "admin")
    assert running.asked_for, "a server that runs need not be started anew"
    server = KeyFile(keys.path)
    assert server.asked_for
    keys.revoke(key.id)
    assert KeyFile(keys.path).asked_for, "no key is left, and nothing is open"
    keys.path.unlink()
    with pytest.raises(AuthError):
        server.principal(shown)
    assert server.asked_for


def test_a_file_that_breaks_while_a_server_runs_changes_nothing(keys: KeyFile) -> None:
    shown, _ = keys.add("reports", "admin")
    server = KeyFile(keys.path)
    assert server.principal(shown)
    keys.path.write_text("{")
    assert server.principal(shown)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.update(role="root"),
        lambda entry: entry.update(hash="x"),
        lambda entry: entry.update(expires="soon"),
        lambda entry: entry.pop("subject"),
        lambda entry: entry.update(id=7),
        None,
    ],
)
def test_a_file_that_says_something_else_stops_the_start(keys: KeyFile, change: object) -> None:
    keys.add("reports", "admin")
    found = json.loads(keys.path.read_text())
    if callable(change):
        change(found["keys"][0])
    keys.path.write_text(json.dumps(found) if change else "[]")
    with pytest.raises(ConfigError, match="no file of API keys"):
        keys.check()


def test_roles_and_conversations(keys: KeyFile) -> None:
    with pytest.raises(ConfigError, match="no role 'root'"):
        keys.add("x", "root")
    with pytest.raises(ConfigError, match="--conversation"):
        keys.add("x", "customer")
    shown, _ = keys.add("her phone", "customer", subject="ann")
    who = keys.principal(shown)
    assert who is not None
    assert who.owns("ann")


def test_of_keys_that_are_made_at_once_none_is_lost(keys: KeyFile) -> None:
    makers = [threading.Thread(target=keys.add, args=(f"key {n}", "agent")) for n in range(12)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert len(keys.list()) == 12
