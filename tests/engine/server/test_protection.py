"""What stands before everything: put together from options and files, and in the way of what is too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.auth.access import Shown
from frontdesk.auth.rate_limits import Limiter, RateLimits
from frontdesk.core.message import UserMessage
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ConfigError, TooMany
from frontdesk.formats.settings_files import read_endpoints
from frontdesk.server import protection
from frontdesk.server.protection import LimitedGate, Protection, by_a_vendor
from frontdesk.settings import Settings
from tests.conftest import Server

SECRET = "a-secret-that-is-long-enough-for-hs256"


def made(folder: Path, text: str, settings: Settings | None = None, **options: Any) -> Protection:
    (folder / "endpoints.yml").write_text(text)
    return Protection.of(folder, read_endpoints(folder), settings or Settings(), **options)


def test_with_nothing_said_all_may_call_and_not_too_often(tmp_path: Path) -> None:
    found = made(tmp_path, "")
    assert not found.access.needed
    assert found.limiter.limits == RateLimits()
    assert found.hosts == frozenset()


def test_options_and_files_together(tmp_path: Path) -> None:
    text = f"auth:\n  jwt:\n    key: {SECRET}\noutgoing:\n  allow_hosts: [models.internal]\nrate_limits:\n  key: off\n"
    found = made(tmp_path, text, token="a-token-that-nobody-guesses", hosts=frozenset({"10.0.0.5:80"}))
    assert found.access.caller(Shown("a-token-that-nobody-guesses")).roles == {"admin"}
    assert found.access.rules[0].needs_end
    assert found.hosts == {"models.internal", "10.0.0.5:80"}
    assert found.limiter.limits.key is None
    off = made(tmp_path, text, Settings(rate_limits=False))
    assert off.limiter.limits.conversation is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate_limits:\n  address: often\n", "'address' of 'rate_limits' is 'often'"),
        ("rate_limits:\n  type: memcached\n", "'type' of 'rate_limits'"),
        ("auth:\n  jwt: secret\n", "'jwt' of 'auth'"),
        ("outgoing:\n  allow_hosts: all\n", "'allow_hosts' of 'outgoing'"),
        ("auth: 7\n", "must be a mapping"),
    ],
)
def test_what_cannot_be_meant_names_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        made(tmp_path, text)
    assert "endpoints.yml" in str(caught.value)


class Gate:
    """An assistant that takes everything, and counts."""

    def __init__(self) -> None:
        self.taken: list[UserMessage] = []

    async def receive(self, message: UserMessage, on_reply: Any = None) -> Sequence[Mapping[str, Any]]:
        self.taken.append(message)
        return [{"text": "yes"}]

    async def accept(self, message: UserMessage, on_reply: Any) -> bool:
        self.taken.append(message)
        return True

    async def tracker(self, sender_id: str) -> Tracker:
        return Tracker.start(sender_id, {})

    latest = tracker


async def test_a_conversation_is_counted_over_all_channels() -> None:
    gate = Gate()
    limited = LimitedGate(gate, Limiter(RateLimits.read({"conversation": "3/hour"})))

    async def nothing(_: Any) -> None:
        return None

    assert await limited.receive(UserMessage("a", "ann", "rest")) == [{"text": "yes"}]
    assert await limited.accept(UserMessage("b", "ann", "slack"), nothing)
    await limited.receive(UserMessage("c", "ann", "socketio"))
    for ask in (limited.receive, limited.accept):
        with pytest.raises(TooMany):
            await ask(UserMessage("d", "ann", "rest"), nothing)
    await limited.receive(UserMessage("e", "bob", "rest"))
    assert [message.text for message in gate.taken] == ["a", "b", "c", "e"]
    assert (await limited.tracker("ann")).sender_id == (await limited.latest("ann")).sender_id == "ann"


def test_who_speaks_for_many() -> None:
    for path in ("/webhooks/slack/webhook", "/webhooks/telegram/webhook", "/webhooks/my.module.Own/x"):
        assert by_a_vendor(path)
    for path in (
        "/webhooks/rest/webhook",
        "/webhooks/chat/session",
        "/webhooks/callback/webhook",
        "/status",
        "/",
    ):
        assert not by_a_vendor(path)


def test_a_log_does_not_grow_with_addresses(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protection, "_told", set())
    with caplog.at_level("INFO"):
        for number in [*range(40), *range(40)]:
            protection.tell_of_proxy(f"198.51.100.{number}")
    assert len(caplog.records) == protection.MOST_TOLD


def test_a_bad_section_stops_the_start_and_limits_can_be_switched_off(
    copy_of_starter: Path, serve: Callable[..., Server]
) -> None:
    with (copy_of_starter / "endpoints.yml").open("a") as endpoints:
        endpoints.write("\nrate_limits:\n  conversation: 2/hour\n  everyone: 3/hour\n")
    address = serve(copy_of_starter, FRONTDESK_RATE_LIMITS="off").url
    body = {"sender": "ann", "message": "hello"}
    answers = [httpx.post(f"{address}/webhooks/rest/webhook", json=body) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 5
    address = serve(copy_of_starter).url
    answers = [httpx.post(f"{address}/webhooks/rest/webhook", json={**body, "sender": s}) for s in "aabcd"]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert "to this server" in answers[-1].json()["message"]
    assert httpx.get(f"{address}/health").status_code == 200, "whoever looks after it is not refused"
