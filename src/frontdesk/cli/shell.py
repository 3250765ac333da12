"""Talk to the assistant in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import sys
import uuid

from frontdesk.cli.options import add_model, add_project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_project(parser)
    add_model(parser)
    parser.add_argument("--conversation-id", default=None, metavar="ID", help="go on with a conversation")


def execute(options: argparse.Namespace) -> int:
    """Read lines until /stop or the end of input."""
    from frontdesk.runtime.assembly import assemble
    from frontdesk.settings import read_settings
    from frontdesk.telemetry import configure_logging

    settings = read_settings()
    configure_logging(settings)
    agent = assemble(options.project, options.model, settings)
    sender = options.conversation_id or f"shell-{uuid.uuid4().hex[:12]}"
    return asyncio.run(_talk(agent, sender))


async def _talk(agent: object, sender: str) -> int:
    from frontdesk.core.message import UserMessage
    from frontdesk.runtime.agent import Agent

    assert isinstance(agent, Agent)
    print("Talk to the assistant; /stop ends it.")
    try:
        while True:
            line = await asyncio.to_thread(_read)
            if line is None or line.strip() == "/stop":
                return 0
            if line.strip():
                message = UserMessage(line.strip(), sender, "cmdline", authenticated=True)
                for reply in await agent.receive(message):
                    _show(reply)
    finally:
        await agent.close()


def _read() -> str | None:
    if sys.stdin.isatty():
        try:
            return input("\nYou:  ")
        except EOFError:
            return None
    return sys.stdin.readline() or None


def _show(reply: object) -> None:
    assert isinstance(reply, dict)
    for key in ("text", "image", "attachment", "custom"):
        if reply.get(key):
            print(f"Bot:  {reply[key]}", flush=True)
    for button in reply.get("buttons") or ():
        print(f"      [{button.get('title')}]  {button.get('payload')}")
    for source in (reply.get("metadata") or {}).get("sources", ()):
        print(f"      see: {source.get('title')} {source.get('url') or ''}")
