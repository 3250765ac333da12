"""Answer like an assistant without doing anything: python -m bench.bare PORT."""

from __future__ import annotations

import sys

from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

app = Sanic("bare", configure_logging=False)


@app.post("/webhooks/rest/webhook")
async def receive(request: Request) -> HTTPResponse:
    """Say the same to everybody."""
    return json([{"recipient_id": request.json["sender"], "text": "Hello! How are you today?"}])


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), single_process=True, access_log=False, motd=False, debug=False)
