"""A real HTTP server for tests, which answers as a test says and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request: path, parameters behind it, headers (lower case), and its JSON or the fields of its form."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    method: str = "POST"


@dataclass(frozen=True)
class Reply:
    """An answer: JSON (or bytes as they are), its status, and seconds to wait before it is given."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: threading.Event | None = None


class _Server(ThreadingHTTPServer):
    """Says nothing of clients that are gone: some are killed on purpose."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class JsonServer:
    """Answers POST and GET requests on a free port of this machine.

    >>> with JsonServer(lambda asked: {"text": "hello"}) as server:
    ...     httpx.post(server.url, json={})

    `answer` returns JSON, or a Reply.
    """

    def __init__(self, answer: Callable[[Asked], Any]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._connections: list[socket.socket] = []
        self._server = _Server(("127.0.0.1", 0), self._make())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        for connection in self._connections:
            with contextlib.suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join(5)

    def _make(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server._connections.append(self.connection)

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("content-length") or 0))
                if self.headers.get("content-encoding") == "deflate":
                    content = zlib.decompress(content)
                parts = urlsplit(self.path)
                headers = {key.lower(): value for key, value in self.headers.items()}
                form = (headers.get("content-type") or "").startswith("application/x-www-form-urlencoded")
                body = dict(parse_qsl(content.decode())) if form else json.loads(content) if content else None
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), headers, body, self.command)
                server.asked.append(asked)
                found = server.answer(asked)
                self._send(found if isinstance(found, Reply) else Reply(found))

            do_GET = do_PUT = do_POST  # noqa: N815  # names that http.server looks for

            def _send(self, reply: Reply) -> None:
                if reply.after is not None:
                    reply.after.wait(30)
                content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for key, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        return Handler
