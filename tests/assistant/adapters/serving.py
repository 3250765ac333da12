"""A small server on 127.0.0.1: a function answers, every request is kept, and faults can be ordered."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True)
class Told:
    """An answer; `fault` does something else instead of, or after, answering."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""  # drop: close without an answer; drip: one byte a moment, for ever; half: stop midway

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Local:
    """The running server."""

    def __init__(self, answer: Callable[[Asked], Told]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.faults: list[Told | None] = []  # for the next requests; None answers as usual
        self.faults_after: list[Told | None] = []  # the same, but the request has had its effect
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        local = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = parse_qs(parts.query, keep_blank_values=True)
                asked = Asked(self.command, parts.path, query, headers, self.rfile.read(length))
                with local.lock:
                    local.asked.append(asked)
                    told = local.faults.pop(0) if local.faults else None
                    if told is None:
                        told = local.answer(asked)
                        after = local.faults_after.pop(0) if local.faults_after else None
                        told = after or told
                self.tell(told)

            def tell(self, told: Told) -> None:
                if told.fault == "drop":
                    self.close_connection = True
                    return
                if told.fault == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                    while not local.over.wait(0.02):
                        try:
                            self.wfile.write(b" ")
                            self.wfile.flush()
                        except OSError:
                            break
                    self.close_connection = True
                    return
                content = b"" if told.status == 204 else told.content
                self.send_response(told.status)
                headers = {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(content)),
                } | told.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if told.fault == "half" else content)
                self.close_connection = self.close_connection or told.fault == "half"

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        return Handler


@contextmanager
def served(answer: Callable[[Asked], Told]) -> Iterator[Local]:
    """Run a server for a while."""
    local = Local(answer)
    try:
        yield local
    finally:
        local.close()
