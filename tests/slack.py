"""Slack, as far as the tests need it: its Web API with its limits, its response addresses, and its signed requests."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import websockets.sync.server
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.signature import SignatureVerifier

from frontdesk.testing.json_server import Asked, JsonServer, Reply
from tests.conftest import PATIENCE, Server, until

TOKEN = "xoxb-the-token-of-the-bot"
APP_TOKEN = "xapp-the-token-of-the-app"
SIGNING = "the-signing-secret-of-the-app"
TEAM, ANN, BOB, BOT, APP = "T0001", "U0ANN", "U0BOB", "U0BOT", "A0001"
DIRECT, PUBLIC = "D0ANN", "C0PUBLIC"
_numbers = itertools.count(1)


class Slack:
    """Takes chat.postMessage and posts to response addresses; refuses what Slack refuses.

    `answers` are given to the next calls, before anything is looked at; None lets one through. What `is_held` is told to
    come again in a second, as often as it comes; `held` counts that.
    """

    def __init__(self) -> None:
        self.answers: list[Reply | None] = []
        self.is_held: Callable[[Asked], bool] = lambda _: False
        self.held = 0
        self.posts: list[dict[str, Any]] = []
        self.responses: list[tuple[str, dict[str, Any]]] = []
        self.sockets: str | None = None
        self.server = JsonServer(self._answer)

    def __enter__(self) -> Slack:
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    @property
    def options(self) -> str:
        """Options in credentials.yml that lead here instead of to slack.com."""
        return f"slack_token: {TOKEN}, slack_api_url: '{self.server.url}/api/', slack_hooks_url: '{self.server.url}'"

    def response_url(self, name: str) -> str:
        return f"{self.server.url}/actions/{name}"

    def _answer(self, asked: Asked) -> Any:
        if asked.path == "/api/auth.test":
            good = asked.headers.get("authorization") == f"Bearer {TOKEN}"
            return (
                {"ok": True, "team_id": TEAM, "user_id": BOT}
                if good
                else {"ok": False, "error": "invalid_auth"}
            )
        planned = self.answers.pop(0) if self.answers else None
        if planned is not None:
            return planned
        if self.is_held(asked):
            self.held += 1
            return Reply({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
        if asked.path.startswith("/actions/"):
            self.responses.append((asked.path.rpartition("/")[2], asked.body))
            return {"ok": True}
        if asked.path == "/api/apps.connections.open":
            allowed = asked.headers.get("authorization") == f"Bearer {APP_TOKEN}"
            return {"ok": True, "url": self.sockets} if allowed else {"ok": False, "error": "invalid_auth"}
        error = self._refusal(asked)
        if error is not None:
            return {"ok": False, "error": error}
        self.posts.append(asked.body)
        return {"ok": True, "channel": asked.body["channel"], "ts": f"{next(_numbers)}.000001", "message": {}}

    def _refusal(self, asked: Asked) -> str | None:
        if asked.path != "/api/chat.postMessage":
            return "unknown_method"
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return "invalid_auth"
        return refusal(asked.body) if asked.body.get("channel") else "channel_not_found"

    def said(self) -> list[str]:
        """Return the texts of what was posted."""
        return [post.get("text", "") for post in self.posts]

    def until_said(self, *texts: str) -> None:
        """Wait until just these texts have been posted, in this order."""
        until(lambda: self.said() == list(texts), f"{texts} are posted", lambda: str(self.posts))


def refusal(message: Mapping[str, Any]) -> str | None:
    """Return the error with which Slack refuses a message, by the limits that it documents."""
    blocks = message.get("blocks", [])
    if not (message.get("text") or blocks or message.get("attachments")):
        return "no_text"
    if len(message.get("text") or "") > 40_000:
        return "msg_too_long"
    try:
        for block in blocks:
            Block.parse(block).validate_json()
    except SlackObjectFormationError:
        return "invalid_blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    fine = (
        len(blocks) <= 50
        and len(set(ids)) == len(ids)
        and all(0 < len(block["text"]["text"]) <= 3_000 for block in blocks if block["type"] == "section")
        and all(1 <= len(row) <= 25 and len({e["action_id"] for e in row}) == len(row) for row in rows)
        and all(0 < len(e["text"]["text"]) <= 75 for row in rows for e in row)
        and all(0 < len(e.get("value", "x")) <= 2_000 for row in rows for e in row)
    )
    return None if fine else "invalid_blocks"


def moment() -> str:
    """Return the time stamp of a new message."""
    return f"1700000000.{next(_numbers):06d}"


def event(text: str, **more: Any) -> dict[str, Any]:
    """Return what Slack tells of a direct message; `event` changes parts of it."""
    ts = moment()
    inner = {
        "type": "message", "channel_type": "im", "channel": DIRECT, "user": ANN, "team": TEAM, "text": text, "ts": ts,
        "event_ts": ts, "client_msg_id": ts,
    }  # fmt: skip
    changes = more.pop("event", {})
    return {
        "token": "legacy", "team_id": TEAM, "api_app_id": APP, "type": "event_callback", "event_id": f"Ev{ts}",
        "event_time": 1_700_000_000, "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        "event": {**inner, **changes}, **more,
    }  # fmt: skip


def mention(text: str, **more: Any) -> dict[str, Any]:
    """Return what Slack tells where somebody mentions the app in a channel."""
    changes = {"type": "app_mention", "channel": PUBLIC, "channel_type": "channel", **more.pop("event", {})}
    return event(f"<@{BOT}> {text}", event=changes, **more)


def press(post: Mapping[str, Any], number: int = 0, **more: Any) -> dict[str, Any]:
    """Return what Slack tells where somebody presses a button of a message that was posted."""
    [row] = [block for block in post["blocks"] if block["type"] == "actions"]
    action = {**row["elements"][number], "block_id": row["block_id"], "action_ts": moment()}
    ts = moment()
    return {
        "type": "block_actions", "api_app_id": APP, "user": {"id": ANN, "team_id": TEAM},
        "team": {"id": TEAM}, "channel": {"id": post["channel"]}, "trigger_id": f"1.{next(_numbers)}",
        "container": {"type": "message", "message_ts": ts, "channel_id": post["channel"], "is_ephemeral": False},
        "message": {**post, "type": "message", "ts": ts, "bot_id": "B0001"}, "actions": [action], **more,
    }  # fmt: skip


def command(text: str, **more: str) -> dict[str, str]:
    """Return the fields of a slash command."""
    return {
        "token": "legacy", "team_id": TEAM, "channel_id": PUBLIC, "user_id": ANN, "command": "/ask", "text": text,
        "api_app_id": APP, "trigger_id": f"2.{next(_numbers)}", **more,
    }  # fmt: skip


def signed(content: bytes, *, secret: str = SIGNING, age: float = 0.0) -> dict[str, str]:
    """Return the headers with which Slack signs a request."""
    stamp = str(int(time.time() - age))
    signature = SignatureVerifier(secret).generate_signature(
        timestamp=stamp, body=content.decode(errors="replace")
    )
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def tell(server: Server, told: Mapping[str, Any], **headers: str) -> httpx.Response:
    """Send an event as Slack does."""
    return deliver(server, json.dumps(told).encode(), JSON, **headers)


def tell_form(server: Server, told: Mapping[str, Any]) -> httpx.Response:
    """Send what somebody did (an interaction, or the fields of a command) as Slack does."""
    fields = told if "command" in told else {"payload": json.dumps(told)}
    return deliver(server, urlencode(fields).encode(), FORM)


def deliver(server: Server, content: bytes, kind: str, **headers: str) -> httpx.Response:
    sent = {"Content-Type": kind, **signed(content), **headers}
    return httpx.post(f"{server.url}/webhooks/slack/webhook", content=content, headers=sent, timeout=PATIENCE)


class Sockets:
    """The other end of Socket Mode: tells requests over a WebSocket, and hears which are acknowledged."""

    def __init__(self, slack: Slack) -> None:
        self.open: list[websockets.sync.server.ServerConnection] = []
        self.connections = 0
        self.acknowledged: list[dict[str, Any]] = []
        self._server = websockets.sync.server.serve(self._hold, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        slack.sockets = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/link"

    def __enter__(self) -> Sockets:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._server.shutdown()
        for connection in list(self.open):
            connection.close()
        self._thread.join(PATIENCE)

    def _hold(self, connection: websockets.sync.server.ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        self.open.append(connection)
        self.connections += 1
        try:
            for message in connection:
                self.acknowledged.append(json.loads(message))
        finally:
            self.open.remove(connection)

    def tell(self, kind: str, payload: Mapping[str, Any], envelope_id: str) -> None:
        """Send a request over the newest connection."""
        until(lambda: self.open, "a socket is open")
        told = {
            "type": kind,
            "envelope_id": envelope_id,
            "payload": payload,
            "accepts_response_payload": True,
        }
        self.open[-1].send(json.dumps(told))

    def until_acknowledged(self, *envelope_ids: str) -> None:
        """Wait until just these requests are acknowledged."""
        wanted = set(envelope_ids)
        until(
            lambda: {found["envelope_id"] for found in self.acknowledged} == wanted,
            f"{wanted} are acknowledged",
            lambda: str(self.acknowledged),
        )
