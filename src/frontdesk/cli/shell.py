"""Talk to the assistant in the terminal; 'shell nlu' shows what is understood of each message."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.cli.options import add_model, add_project, layout_of, settings_of, start_logging
from frontdesk.cli.serving import add_server, chosen_model

if TYPE_CHECKING:
    from frontdesk.formats.project_layout import Layout
    from frontdesk.runtime.agent import Agent

STOP = "/stop"
OWN_WORDS = "Type out your own message..."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = "'nlu': show what is understood; else a model, as with --model"
    parser.add_argument("what", nargs="?", metavar="nlu | MODEL", help=text)
    parser.add_argument("other_model", nargs="?", type=Path, metavar="MODEL", help=argparse.SUPPRESS)
    add_project(parser)
    add_model(parser)
    parser.add_argument("--conversation-id", default=None, metavar="ID", help="go on with a conversation")
    add_server(parser)


def execute(options: argparse.Namespace) -> int:
    """Read lines until /stop or the end of input."""
    if options.other_model is not None:
        options.model = options.other_model
    if options.enable_api:
        print("The shell opens no port: --enable-api is for 'frontdesk run'.", file=sys.stderr)
    if options.what == "nlu":
        return _parse(layout_of(options), chosen_model(options))
    return talk(options)


def talk(options: argparse.Namespace) -> int:
    """Talk until /stop; a model without policies can only show what it understands."""
    from frontdesk.runtime.assembly import assemble

    settings = settings_of(options)
    start_logging(options, settings)
    layout, model = layout_of(options), chosen_model(options)
    if _only_nlu(layout, model):
        return _parse(layout, model)
    agent = assemble(layout.folder, model, settings, layout=layout)
    sender = getattr(options, "conversation_id", None) or f"shell-{uuid.uuid4().hex[:12]}"
    print(f"Talk to the assistant; {STOP} ends it.")
    with asyncio.Runner() as runner:
        try:
            # Reading on the main thread, between the turns: Ctrl-C ends it at once, whatever is being typed.
            buttons: Sequence[Mapping[str, Any]] = ()
            while (line := _next(buttons)) is not None and line != STOP:
                buttons = runner.run(_answer(agent, line, sender)) if line else ()
        finally:
            runner.run(agent.close())
    return 0


def _only_nlu(layout: Layout, model: Path | None) -> bool:
    from frontdesk.graph.package import newest, peek_manifest

    archive = newest(model or layout.folder / "models")
    return archive is not None and peek_manifest(archive).get("training_type") == "nlu"


def _parse(layout: Layout, model: Path | None) -> int:
    """Show what is understood of each line, as Rasa's `/model/parse` answers it."""
    from frontdesk.core.codec import message_to_wire
    from frontdesk.errors import PackageError
    from frontdesk.runtime.assembly import trusted_model

    loaded = trusted_model(layout, model or layout.folder / "models")
    if not loaded.recipe.pipeline:
        hint = "Train one: frontdesk train nlu."
        raise PackageError("The model holds no NLU.", where=str(loaded.archive), hint=hint)
    print(f"Type a message to see what is understood of it; {STOP} ends it.")
    while (line := _read()) is not None and line.strip() != STOP:
        if line.strip():
            [message] = loaded.pipeline.process([line.strip()])
            print(
                json.dumps(message_to_wire(message), indent=2, ensure_ascii=False, default=float), flush=True
            )
    return 0


async def _answer(agent: Agent, text: str, sender: str) -> Sequence[Mapping[str, Any]]:
    """Show the replies to a message; returns the buttons of the last one."""
    from frontdesk.core.message import UserMessage
    from frontdesk.errors import FrontdeskError

    buttons: Sequence[Mapping[str, Any]] = ()
    try:
        for reply in await agent.receive(UserMessage(text, sender, "cmdline", authenticated=True)):
            _show(reply)
            buttons = reply.get("buttons") or ()
    except FrontdeskError as error:  # too long, or it could not be stored: the next one may do
        print(f"frontdesk: {error}", file=sys.stderr)
    return buttons


def _next(buttons: Sequence[Mapping[str, Any]]) -> str | None:
    """Return what the user says next: a number chooses a button, anything else is said as it is typed."""
    if buttons:
        print(f"      {len(buttons) + 1}: {OWN_WORDS}", flush=True)
    line = _read()
    if line is None:
        return None
    line = line.strip()
    if not (buttons and line.isdecimal() and 1 <= int(line) <= len(buttons) + 1):
        return line
    if int(line) == len(buttons) + 1:
        return _next(())
    chosen = buttons[int(line) - 1]
    return str(chosen.get("payload") or chosen.get("title") or "")


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
    for number, button in enumerate(reply.get("buttons") or (), start=1):
        print(f"      {number}: {button.get('title')}  ({button.get('payload')})")
    for source in (reply.get("metadata") or {}).get("sources", ()):
        print(f"      see: {source.get('title')} {source.get('url') or ''}")
