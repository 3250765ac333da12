"""A plain HTTP/1.1 client on one connection that stays open: as little work beside the server as can be."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BadAnswer(Exception):
    """Raised where the server answers with something else than 200 and a body of stated length."""


class Connection:
    """Posts JSON to one server, one request at a time.

    >>> connection = Connection("127.0.0.1", 5005)
    >>> replies = await connection.post("/webhooks/rest/webhook", {"sender": "ann", "message": "hello"})
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.opened = 0
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        """Return the decoded answer. Raises BadAnswer, OSError, or EOFError where the server hangs up."""
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server closed it meanwhile, since nothing was asked for two minutes
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
            self.opened += 1
        reader, writer = self._streams
        content = json.dumps(body).encode()
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode() + content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            if length is None:
                raise BadAnswer("An answer without a Content-Length.")
            answer = await reader.readexactly(int(length[1]))
        except BaseException:
            self.close()  # nobody knows what is still on the way
            raise
        if b"connection: close" in head.lower():
            self.close()
        if not head.startswith(b"HTTP/1.1 200"):
            raise BadAnswer(
                f"{head.splitlines()[0].decode(errors='replace')}: {answer[:200].decode(errors='replace')}"
            )
        return json.loads(answer)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
