"""Talk to the assistant in the terminal."""

from __future__ import annotations

import argparse
import asyncio
import sys
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frontdesk.cli.options import add_model, add_project

if TYPE_CHECKING:
    from frontdesk.runtime.agent import Agent


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
    print("Talk to the assistant; /stop ends it.")
    with asyncio.Runner() as runner:
        try:
            # Reading on the main thread, between the turns: Ctrl-C ends it at once, whatever is being typed.
            while (line := _read()) is not None and line.strip() != "/stop":
                if line.strip():
                    runner.run(_answer(agent, line.strip(), sender))
        finally:
            runner.run(agent.close())
    return 0


async def _answer(agent: Agent, text: str, sender: str) -> None:
    from frontdesk.core.message import UserMessage
    from frontdesk.errors import FrontdeskError

    try:
        for reply in await agent.receive(UserMessage(text, sender, "cmdline", authenticated=True)):
            _show(reply)
    except FrontdeskError as error:  # too long, or it could not be stored: the next one may do
        print(f"frontdesk: {error}", file=sys.stderr)


def _read() -> str | None:
    if sys.stdin.isatty():
        try:
            return input("\nYou:  ")
        except EOFError:
            return None
    return sys.stdin.readline() or None


def _show(reply: Mapping[str, Any]) -> None:
    for key in ("text", "image", "attachment", "custom"):
        if reply.get(key):
            print(f"Bot:  {reply[key]}", flush=True)
    for button in reply.get("buttons") or ():
        print(f"      [{button.get('title')}]  {button.get('payload')}")
    for source in (reply.get("metadata") or {}).get("sources", ()):
        print(f"      see: {source.get('title')} {source.get('url') or ''}")
