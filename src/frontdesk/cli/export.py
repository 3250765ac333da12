"""Write the conversations of the tracker store as JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from frontdesk.cli.options import add_project

if TYPE_CHECKING:
    from frontdesk.core.ports import TrackerStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_project(parser)
    parser.add_argument(
        "--out", type=Path, default=None, metavar="FILE", help="the file to write (the terminal)"
    )
    text = "one line for each event, as event brokers get them (default), or for each conversation"
    parser.add_argument("--lines", choices=["events", "conversations"], default="events", help=text)
    text = "the file that names the tracker store (endpoints.yml)"
    parser.add_argument("--endpoints", type=Path, default=None, metavar="FILE", help=text)
    text = "only events from then on (seconds since 1970)"
    parser.add_argument("--minimum-timestamp", type=float, default=None, metavar="T", help=text)
    text = "only events before then"
    parser.add_argument("--maximum-timestamp", type=float, default=None, metavar="T", help=text)
    text = "add so many seconds to each timestamp that is written"
    parser.add_argument("--offset-timestamps-by-seconds", type=int, default=0, metavar="N", help=text)
    text = "only these conversations, separated by commas"
    parser.add_argument("--conversation-ids", default=None, metavar="IDS", help=text)
    text = "replace e-mail addresses, card and phone numbers and the like by what they are"
    parser.add_argument("--redact", action="store_true", help=text)


def execute(options: argparse.Namespace) -> int:
    """Write the lines; what is stored is not changed."""
    from frontdesk.cli.conversations import open_store
    from frontdesk.errors import ConfigError

    low, high = options.minimum_timestamp, options.maximum_timestamp
    if low is not None and high is not None and high < low:
        raise ConfigError(f"The maximum timestamp {high} is smaller than the minimum timestamp {low}.")
    store = open_store(options.project.resolve(), options.endpoints)
    if options.out is None:
        events, count = asyncio.run(_write(store, options, sys.stdout))
    else:
        with options.out.open("w", encoding="utf-8") as out:
            events, count = asyncio.run(_write(store, options, out))
    where = f" to {options.out}" if options.out else ""
    print(f"Wrote {events} events of {count} conversations{where}.", file=sys.stderr)
    return 0


async def _write(store: TrackerStore, options: argparse.Namespace, out: TextIO) -> tuple[int, int]:
    from frontdesk.core.codec import to_wire

    events = count = 0
    try:
        async for sender in _senders(store, options.conversation_ids):
            stored = (await store.load(sender, whole=True)).events
            wires = [_changed(to_wire(event), options) for event in stored if _wanted(event, options)]
            if not wires:
                continue
            lines = [{"sender_id": sender, "events": wires}]
            if options.lines == "events":
                lines = [{"sender_id": sender, **wire} for wire in wires]
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            events, count = events + len(wires), count + 1
    finally:
        await store.close()
    return events, count


async def _senders(store: TrackerStore, wanted: str | None) -> AsyncIterator[str]:
    """Yield the conversations asked for. Raises ConfigError where one of them does not exist."""
    from frontdesk.errors import ConfigError

    left = dict.fromkeys(i.strip() for i in wanted.split(",") if i.strip()) if wanted else None
    async for sender in store.senders():
        if left is None or sender in left:
            yield sender
            if left is not None:
                del left[sender]
    if left:
        raise ConfigError(
            f"There is no conversation {', '.join(map(repr, left))}.", hint="Check --conversation-ids."
        )


def _wanted(event: Any, options: argparse.Namespace) -> bool:
    low, high = options.minimum_timestamp, options.maximum_timestamp
    return (low is None or event.timestamp >= low) and (high is None or event.timestamp < high)


def _changed(wire: Mapping[str, Any], options: argparse.Namespace) -> dict[str, Any]:
    changed = dict(wire)
    if options.offset_timestamps_by_seconds and changed.get("timestamp") is not None:
        changed["timestamp"] += options.offset_timestamps_by_seconds
    if options.redact:
        from frontdesk.redaction import PatternRedactor

        redact = PatternRedactor().redact
        changed = {key: _redacted(value, redact) for key, value in changed.items()}
    return changed


def _redacted(value: Any, redact: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _redacted(inner, redact) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner, redact) for inner in value]
    return value
