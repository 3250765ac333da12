"""The workers at one address know each other: each listens at a socket of its own, too, in a folder that they share."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sanic import Request, Sanic
from sanic.models.server_types import Signal
from sanic.response import HTTPResponse, empty
from sanic.server import AsyncioServer
from sanic.server import serve as listen
from sanic.server.protocols.websocket_protocol import WebSocketProtocol
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import WebSocketException

from frontdesk.channels.http import Refusal

log = logging.getLogger("frontdesk.server")

LONGEST = 90.0
"""Seconds that a forwarded request may take: a poll of Socket.IO waits for some 25."""
LOOK_EVERY = 0.1
"""Seconds between two looks whether another worker has done what it alone does."""
OF_ONE_HOP = frozenset(
    ["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]
)
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])?(?::\d{1,5})?", re.ASCII)
OF_A_SOCKET = frozenset(
    ["sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version"]
)


@dataclass
class Workers:
    """A worker among those at its address: `folder` holds their sockets, `number` is its own.

    A client's connection can live in one process, while its requests come to any: it brings the `mark` of the one that
    has it, which is asked then. The folder is only for the user who runs the server.
    """

    folder: Path
    number: int
    count: int
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _server: AsyncioServer | None = None

    @property
    def mark(self) -> str:
        """What clients of this worker bring."""
        return _mark(self.number)

    def others(self) -> list[int]:
        """Return the numbers of the others."""
        return [number for number in range(self.count) if number != self.number]

    # What they agree on is kept in the folder, so that one that is started anew finds it.

    def chosen(self) -> Path | None:
        """Return the model that all answer with; None where none is loaded, or nobody said which."""
        try:
            found = json.loads((self.folder / "model").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Path(found) if found else None

    def choose(self, archive: Path | None) -> None:
        """Note the model that all are to answer with, also those that are started later."""
        choose(self.folder, archive)

    def inspector_key(self) -> str | None:
        """Return the key that opens the inspector at each of them."""
        file = self.folder / "inspector-key"
        return file.read_text("utf-8") if file.exists() else None

    @asynccontextmanager
    async def alone(self, *names: str) -> AsyncIterator[None]:
        """Wait until no other worker, nor another request to this one, has all of these names; then have one."""
        while (lock := self.take(*names)) is None:
            await asyncio.sleep(LOOK_EVERY)
        try:
            yield
        finally:
            os.close(lock)

    def take(self, *names: str) -> int | None:
        """Return a lock on one of these names, to be closed when done; None where others have all of them."""
        for name in names:
            lock = os.open(self.folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                return lock
        return None

    # How they reach each other.

    def _path(self, mark: str) -> str:
        return str(self.folder / mark)

    async def open(self, app: Sanic[Any, Any]) -> None:
        """Answer the others, by the routes of the application."""
        path = self._path(self.mark)
        Path(path).unlink(missing_ok=True)  # of the worker that had this number before
        connections: set[Any] = set()
        self._server = listen(
            None,
            None,
            app,
            unix=path,
            loop=asyncio.get_running_loop(),
            protocol=WebSocketProtocol,
            run_async=True,
            signal=Signal(),
            connections=connections,
        )
        await self._server

    async def close(self) -> None:
        """Answer the others no more."""
        if self._server is not None:
            self._server.close()  # type: ignore[no-untyped-call]  # Sanic's
        for client in self._clients.values():
            await client.aclose()

    async def forward(self, request: Request, mark: str) -> HTTPResponse | None:
        """Let another worker answer a request, also for a web socket; None where there is no such worker.

        Raises Refusal (503) where it does not answer: it was started anew, or ends.
        """
        if mark not in map(_mark, self.others()):
            return None
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._forward_socket(request, mark)
            answer = await self._client(mark).request(
                request.method,
                _url(request, "http"),
                content=request.body,
                headers=[*_headers(request, OF_ONE_HOP), ("Host", request.host)],
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, WebSocketException, TimeoutError) as error:
            log.info("Worker %s could not be asked (%s).", mark, type(error).__name__)
            raise Refusal(
                503, "NoSuchConnection", "The connection was lost. Please connect again."
            ) from error
        headers = {name: value for name, value in answer.headers.items() if name not in OF_ONE_HOP}
        headers.pop("content-encoding", None)
        return HTTPResponse(answer.content, answer.status_code, headers)

    async def ask(
        self, number: int, method: str, path: str, content: Mapping[str, Any] | None = None, *, within: float
    ) -> Any:
        """Return what another worker answers in JSON, or None where it does not within so many seconds."""
        try:
            client = self._client(_mark(number))
            answer = await client.request(method, f"http://worker{path}", json=content, timeout=within)
            return answer.json()
        except (httpx.HTTPError, OSError, ValueError):
            return None

    def _client(self, mark: str) -> httpx.AsyncClient:
        found = self._clients.get(mark)
        if found is None:
            transport = httpx.AsyncHTTPTransport(
                uds=self._path(mark), limits=httpx.Limits(max_connections=None)
            )
            found = httpx.AsyncClient(transport=transport, timeout=LONGEST, trust_env=False)
            self._clients[mark] = found
        return found

    async def _forward_socket(self, request: Request, mark: str) -> HTTPResponse:
        headers = _headers(request, OF_ONE_HOP | OF_A_SOCKET)
        async with unix_connect(
            self._path(mark),
            _url(request, "ws"),
            additional_headers=headers,
            compression=None,
            ping_interval=None,
            user_agent_header=None,
            max_size=None,
        ) as there:
            protocol: Any = request.transport.get_protocol()
            here = await protocol.websocket_handshake(request)
            await _relay(here, there)
        return empty()


async def _relay(here: Any, there: ClientConnection) -> None:
    """Bring what comes on either side to the other one, until one of them ends."""

    async def onward() -> None:
        while (said := await here.recv()) is not None:
            await there.send(said)

    async def back() -> None:
        async for said in there:
            await here.send(said)

    tasks = [asyncio.create_task(onward()), asyncio.create_task(back())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(Exception):  # it may be closed already, in more than one way
            await here.close()


def choose(folder: Path, archive: Path | None) -> None:
    """Note the model of the workers whose folder it is."""
    draft = folder / f"model-{os.getpid()}"  # several may choose at once
    draft.write_text(json.dumps(str(archive) if archive else None), "utf-8")
    draft.replace(folder / "model")


def from_a_peer(request: Request) -> bool:
    """Tell whether another worker asks: only they reach the socket in their folder."""
    return isinstance(request.transport.get_extra_info("sockname"), str)


def _mark(number: int) -> str:
    return f"w{number}"


def _url(request: Request, scheme: str) -> str:
    """Return where another worker answers a request. Raises Refusal (400) for a host that would name another path."""
    if not _HOST.fullmatch(request.host):
        raise Refusal(400, "BadRequest", "The 'Host' of the request is no name of a host.")
    query = f"?{request.query_string}" if request.query_string else ""
    return f"{scheme}://{request.host or 'worker'}{request.path}{query}"


def _headers(request: Request, without: frozenset[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.headers.items() if name.lower() not in without]
