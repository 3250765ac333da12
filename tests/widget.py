"""A client of the Socket.IO channel, as a web widget is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import socketio

from tests.conftest import PATIENCE, Server


class Widget:
    """A client, and what it was sent."""

    def __init__(self, client: socketio.AsyncClient, namespace: str, said: str) -> None:
        self.client = client
        self.namespace = namespace
        self.got: asyncio.Queue[Any] = asyncio.Queue()
        self.sessions: asyncio.Queue[Any] = asyncio.Queue()
        client.on(said, self.got.put, namespace=namespace)
        client.on("session_confirm", self.sessions.put, namespace=namespace)

    async def session(self, session_id: Any = None) -> str:
        await self.client.emit("session_request", {"session_id": session_id}, namespace=self.namespace)
        return str(await asyncio.wait_for(self.sessions.get(), PATIENCE))

    async def say(self, message: Any, event: str = "user_uttered", **more: Any) -> Any:
        """Send a message, and return what the server acknowledges."""
        content = {"message": message, **more}
        return await self.client.call(event, content, namespace=self.namespace, timeout=PATIENCE)

    async def hears(self, message: str, session: Any) -> str:
        """Send a message, and return all that was heard by the time that it was done."""
        await self.say(message, session_id=session)
        heard = []
        while not self.got.empty():
            heard.append(str(self.got.get_nowait()))
        return "\n".join(heard)

    async def told(self) -> Any:
        return await asyncio.wait_for(self.got.get(), PATIENCE)


@asynccontextmanager
async def widget(
    server: Server,
    *transports: str,
    namespace: str = "/",
    said: str = "bot_uttered",
    path: str = "socket.io",
    http_session: Any = None,
    **more: Any,
) -> AsyncIterator[Widget]:
    client = socketio.AsyncClient(reconnection=False, http_session=http_session)
    made = Widget(client, namespace, said)
    await client.connect(
        server.url,
        transports=list(transports) or None,
        namespaces=[namespace],
        socketio_path=path,
        wait_timeout=PATIENCE,
        **more,
    )
    try:
        yield made
    finally:
        client.eio.disconnect = partial(client.eio.disconnect, abort=True)  # else it waits for its open poll
        await client.disconnect()
