"""Rasa's Socket.IO channel, for web widgets: the same events and messages, and session ids that are signed."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response
from socketio import AsyncServer

from frontdesk.auth.access import Shown
from frontdesk.auth.jwts import TokenRules
from frontdesk.auth.principal import Principal
from frontdesk.auth.tokens import issue, read
from frontdesk.channels.http import LONGEST_ID, Refusal, access_of, checked, read_message
from frontdesk.channels.rest import OWNED
from frontdesk.core.message import UserMessage
from frontdesk.core.ports import Exchange, Gate, Options, Peers
from frontdesk.core.vouching import guarded
from frontdesk.errors import AuthError, FrontdeskError, LimitError, TooMany

log = logging.getLogger("frontdesk.channels")

LARGEST = 100_000  # bytes of one message of a client
TROUBLE = "Sorry, that could not be delivered. Please send it again in a moment."


class SocketIOChannel:
    """Speaks Socket.IO at `socketio_path` with Rasa's events and options.

    `session_request` is answered by `session_confirm` with a session id that this server signed: whoever holds it is in
    that conversation, and may be verified there. An id that a client made up names a conversation, too, as in Rasa, but
    nobody is ever verified in it. Without `session_persistence` a conversation lasts as long as the connection.

    A connection lives in one process. Where several are at one address, a client's requests are passed on to it, by the
    mark in its `sid`; what another process has to say in the conversation comes over the exchange.

    Options, with Rasa's defaults: `user_message_evt` (user_uttered), `bot_message_evt` (bot_uttered), `namespace`,
    `session_persistence` (false), `socketio_path` (/socket.io), `jwt_key` and `jwt_method` (HS256) for clients that
    must send `auth: {token}` to connect, `metadata_key` (metadata). Ours: `session_hours` (720), how long a session id
    is good. In `auth: {token}` a customer may also send an API key or a JSON web token of this installation, which is
    looked at again with each message: it may have been taken back.
    """

    name = "socketio"

    def __init__(self, options: Options, secret: str) -> None:
        self.secret = secret
        self.heard = str(options.get("user_message_evt") or "user_uttered")
        self.said = str(options.get("bot_message_evt") or "bot_uttered")
        self.namespace = str(options.get("namespace") or "/")
        self.persistent = options.get("session_persistence") is True
        self.path = str(options.get("socketio_path") or "/socket.io")
        self.metadata_key = str(options.get("metadata_key") or "metadata")
        self.lifetime = float(options.get("session_hours", 720)) * 3600
        key, method = options.get("jwt_key"), str(options.get("jwt_method") or "HS256")
        # Rasa's: it lets in, and says nothing of who is let in.
        self.rules = (
            TokenRules(str(key), (method,), label="'jwt_key' of the socketio channel") if key else None
        )
        self._callers: dict[str, Callable[[], Principal | None]] = {}
        """By connection: what tells who the customer is, for those who showed it."""
        self._gate: Gate | None = None
        # Who may connect from another site is decided in `connect`, by what the operator named with --cors.
        self.server: Any = AsyncServer(
            async_mode="sanic",
            cors_allowed_origins=[],
            max_http_buffer_size=LARGEST,
            namespaces=[self.namespace],
        )
        self.exchange: Exchange | None = None

    def join(self, exchange: Exchange) -> None:
        """Bring also what other processes say to clients that are connected here."""
        self.exchange = exchange
        exchange.listen(self.name, self._told)

    def mount(self, app: Any, gate: Gate) -> None:
        """Add the routes to a Sanic application."""
        self._gate = gate
        routes = Blueprint(f"{self.name}_webhook", url_prefix=f"/webhooks/{self.name}")

        @routes.get("/", name="health")
        async def health(_: Request) -> HTTPResponse:
            return json_response({"status": "ok"})

        app.blueprint(routes)
        self._add_route(app)

        async def connect(sid: str, environ: Mapping[str, Any], auth: Any = None) -> bool:
            return self.admits(sid, environ["sanic.request"], auth)

        async def disconnect(sid: str, *_: Any) -> None:
            self._callers.pop(sid, None)

        async def request_session(sid: str, given: Any = None) -> None:
            await self.confirm(sid, given)

        async def receive(sid: str, given: Any = None) -> dict[str, Any]:
            return await self.receive(sid, given, gate)

        for event, handler in (
            ("connect", connect),
            ("disconnect", disconnect),
            ("session_request", request_session),
            (self.heard, receive),
        ):
            self.server.on(event, handler, namespace=self.namespace)

        async def release(_: Any) -> None:
            await self.server.shutdown()

        app.register_listener(release, "before_server_stop")

    def _add_route(self, app: Any) -> None:
        connections = self.server.eio
        peers: Peers | None = app.ctx.peers
        if peers is not None:
            mark, fresh = peers.mark, connections.generate_id
            connections.generate_id = lambda: f"{mark}.{fresh()}"

        async def answer(request: Request) -> Any:
            mark, dot, _ = request.args.get("sid", "").partition(".")
            if peers is not None and dot and mark != peers.mark:
                found = await peers.forward(request, mark)
                if found is not None:
                    return found
            return await connections.handle_request(request)

        app.add_route(
            answer, f"/{self.path.strip('/')}/", methods=["GET", "POST", "OPTIONS"], name="socketio"
        )
        app.enable_websocket()

    def admits(self, sid: str, request: Request, auth: Any) -> bool:
        """Tell whether a client may connect: from a page of this or a named site, with a token where one is needed.

        A customer who shows an API key or a JSON web token of theirs is in their own conversation, and in no other.
        """
        origin = request.headers.get("Origin")
        own = (f"http://{request.host}", f"https://{request.host}")
        if origin and origin not in own and not request.app.ctx.admits_origin(origin):
            return False
        shown = auth.get("token") if isinstance(auth, Mapping) else None
        if not isinstance(shown, str):
            return self.rules is None
        token = shown.removeprefix("Bearer ")
        if self.rules is not None and _reads(self.rules, token):
            return True
        ask = partial(access_of(request.app).known, Shown(authorization=f"Bearer {token}"))
        try:
            who = ask()
        except AuthError:
            return False
        if who is None:
            return self.rules is None
        if who.owns(who.subject):
            self._callers[sid] = ask
        return who.may("speak", who.subject)

    async def confirm(self, sid: str, given: Any) -> None:
        """Tell a client its session id: the one that it has, while that is good, or a new one.

        Who shows a key or a token gets the conversation's plain id: a signed one would be good for longer than the key.
        """
        wanted = given.get("session_id") if isinstance(given, Mapping) else None
        try:
            await self._count(sid)
            session, sender_id, own = await self._session(sid, wanted)
        except (Refusal, FrontdeskError) as error:
            log.debug("A session is not begun (%s).", type(error).__name__)
            await self.server.disconnect(sid, namespace=self.namespace)
            return
        if self.persistent:
            await self.server.enter_room(sid, _room(sender_id, own), namespace=self.namespace)
        await self.server.emit("session_confirm", session, to=sid, namespace=self.namespace)

    async def _session(self, sid: str, wanted: Any) -> tuple[str, str, bool]:
        """Return a session id, the conversation that it names, and whether that is the client's own."""
        who = self._caller(sid)
        if who is not None:
            return who.subject, who.subject, True
        owner = _owner(wanted, self.secret)
        if owner is None or (not owner[1] and await self._guarded(owner[0])):
            session, claims = issue(self.secret, lifetime=self.lifetime)
            return session, claims.sender_id, True
        return wanted, *owner

    def _caller(self, sid: str) -> Principal | None:
        """Return the customer who showed who they are. Raises Refusal (401) where what they showed is good no more."""
        ask = self._callers.get(sid)
        try:
            return ask() if ask is not None else None
        except AuthError as error:
            raise Refusal(401, "NotAuthenticated", error.sentence) from error

    async def _guarded(self, sender_id: str) -> bool:
        return self._gate is not None and guarded(await self._gate.latest(sender_id))

    async def receive(self, sid: str, given: Any, gate: Gate) -> dict[str, Any]:
        """Handle a message; replies go to everyone who holds the session. Returns what a client that asks is told."""
        try:
            message = self._message(sid, given)
        except Refusal as refusal:
            return _failure(refusal)
        room = _room(message.sender_id, message.authenticated)
        await self.server.enter_room(sid, room, namespace=self.namespace)
        try:
            await self._count(sid)
            await gate.receive(message, self.answering(message))
        except FrontdeskError as error:
            tell = error.sentence if isinstance(error, LimitError | AuthError) else TROUBLE
            await self.server.emit(self.said, {"text": tell}, to=sid, namespace=self.namespace)
            status = 429 if isinstance(error, TooMany) else 503
            return _failure(Refusal(status, type(error).__name__, tell))
        return {"status": "ok"}

    def _message(self, sid: str, given: Any) -> UserMessage:
        """Read what a client sent. Raises Refusal."""
        if not isinstance(given, Mapping):
            raise Refusal(400, "BadRequest", "A message must be an object.")
        who = self._caller(sid)
        if who is not None:
            owner: tuple[str, bool] | None = (who.subject, True)
        elif self.persistent:
            owner = _owner(given.get("session_id"), self.secret)
        else:
            owner = (f"{OWNED}{sid}", True)
        if owner is None:
            raise Refusal(401, "NotAuthenticated", "Ask for a session first: session_request.")
        metadata = given.get(self.metadata_key)
        if isinstance(metadata, str):
            try:
                metadata = json.loads(metadata)
            except ValueError as error:
                raise Refusal(400, "BadRequest", f"'{self.metadata_key}' is not valid JSON.") from error
        return read_message(
            {"message": "", **given, "metadata": metadata},
            sender_id=owner[0],
            channel=self.name,
            authenticated=owner[1],
        )

    async def send(self, sender_id: str, reply: Mapping[str, Any]) -> None:
        """Bring a reply to everyone who has the conversation open, here and at other processes."""
        await self._bring(sender_id, None, reply)

    async def _bring(self, sender_id: str, own: bool | None, reply: Mapping[str, Any]) -> None:
        """Bring a reply; where the conversation is somebody's `own`, not to those who only know its name.

        None says that each process is to look: one that answers others' messages (queue mode) has no gate.
        """
        content = {"sender_id": sender_id, "own": own, "reply": reply}
        await self._told(content)
        if self.exchange is not None:
            await self.exchange.tell(self.name, content)

    def answering(self, message: UserMessage) -> Callable[[Mapping[str, Any]], Awaitable[None]]:
        """Return what brings the replies to a message whose client was cut off: it may be connected again."""
        return partial(self._bring, message.sender_id, message.authenticated)

    async def _told(self, content: Mapping[str, Any]) -> None:
        sender_id, own = content["sender_id"], content["own"]
        if own is None:
            own = True  # where nobody can say
            with suppress(FrontdeskError):
                own = sender_id.startswith(OWNED) or await self._guarded(sender_id)
        rooms = [_room(sender_id, kind) for kind in ((True,) if own else (True, False))]
        for message in as_sent(content["reply"]):
            await self.server.emit(self.said, message, to=rooms, namespace=self.namespace)

    async def _count(self, sid: str) -> None:
        """Count a message as a request of its own: one connection may bring any number. Raises TooMany."""
        request = self.server.get_environ(sid, self.namespace)["sanic.request"]
        count = getattr(request.app.ctx, "count", None)
        if count is not None:
            await count(request)


def _owner(session_id: Any, secret: str) -> tuple[str, bool] | None:
    """Return the conversation that a session id names, and whether it is the holder's own; None for no good id."""
    if not isinstance(session_id, str) or not session_id:
        return None
    try:
        return read(session_id, secret).sender_id, True
    except AuthError:
        pass
    if session_id.startswith(OWNED) or session_id.count(".") == 2:  # another's conversation, or an expired id
        return None
    try:
        return checked(session_id, "'session_id'", LONGEST_ID), False
    except Refusal:
        return None


def _room(sender_id: str, own: bool) -> str:
    """Return where replies are heard: apart by those who proved that it is their conversation, and by all others.

    It is never the name of a connection, which is a room, too.
    """
    return f"{'own' if own else 'any'} {sender_id}"


def _reads(rules: TokenRules, token: str) -> bool:
    try:
        rules.read(token)
    except AuthError:
        return False
    return True


def as_sent(reply: Mapping[str, Any]) -> Iterator[Any]:
    """Yield a reply in the form of Rasa's Socket.IO channel, which widgets read."""
    element = (reply.get("metadata") or {}).get("element")
    if element:
        yield _attached("template", {"template_type": "generic", "elements": element})
    elif reply.get("text") is not None:
        *first, last = str(reply["text"]).strip().split("\n\n")
        yield from ({"text": part} for part in first)
        buttons = reply.get("buttons")
        yield {"text": last} | (
            {"quick_replies": [_quick(b) for b in buttons]} if buttons is not None else {}
        )
    if reply.get("image"):
        yield _attached("image", {"src": reply["image"]})
    if reply.get("attachment"):
        yield {"attachment": reply["attachment"]}
    custom = reply.get("custom")
    if custom:
        # In Rasa it holds the arguments of `emit`, of which `data` is what is sent.
        yield custom["data"] if isinstance(custom, Mapping) and "data" in custom else custom


def _attached(kind: str, payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": kind, "payload": payload}}


def _quick(button: Mapping[str, Any]) -> dict[str, Any]:
    return {"content_type": "text", "title": button.get("title"), "payload": button.get("payload")}


def _failure(refusal: Refusal) -> dict[str, Any]:
    return {"status": "failure", "reason": refusal.reason, "message": refusal.message, "code": refusal.status}
