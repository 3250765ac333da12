"""A server that speaks OpenAI's chat completions and says what a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One reply: text of the model, or a raw body; `wait` in seconds before it comes."""

    text: str | None = None
    status: int = 200
    body: bytes | None = None
    wait: float = 0.0
    finish: str = "stop"
    kind: str = "application/json"

    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        if self.status != 200:
            return json.dumps(
                {"error": {"message": "no", "type": "test", "code": None, "param": None}}
            ).encode()
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self.text},
            "finish_reason": self.finish,
        }
        return json.dumps(
            {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        ).encode()


@dataclass
class ChatServer:
    """Gives prepared replies in order (the last one again and again), and keeps requests and their headers."""

    replies: list[Reply] = field(default_factory=lambda: [Reply("Hello.")])
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> ChatServer:
        self.released = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def says(self, *replies: Reply | str) -> None:
        self.replies = [Reply(reply) if isinstance(reply, str) else reply for reply in replies]

    def next(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def _answering(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            server.asked.append(json.loads(self.rfile.read(length)))
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            reply = server.next()
            if reply.wait:
                server.released.wait(reply.wait)
            content = reply.content()
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                time.sleep(0)  # the client has given up, which is what some tests want

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    return Answering
