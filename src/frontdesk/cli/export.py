"""Send the conversations of the tracker store to the event broker, or write them as JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from frontdesk.cli.options import add_files, add_project, named

if TYPE_CHECKING:
    from frontdesk.core.ports import EventBroker, TrackerStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_project(parser)
    text = "write to this file, and not to the event broker of endpoints.yml ('-': the terminal)"
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help=text)
    text = "one line for each event, as event brokers get them (default), or for each conversation"
    parser.add_argument("--lines", choices=["events", "conversations"], default="events", help=text)
    add_files(parser, "endpoints")
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
    """Send or write the events; what is stored is not changed."""
    from frontdesk.cli.conversations import open_store
    from frontdesk.errors import ConfigError
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.runtime.assembly import event_broker

    low, high = options.minimum_timestamp, options.maximum_timestamp
    if low is not None and high is not None and high < low:
        raise ConfigError(f"The maximum timestamp {high} is smaller than the minimum timestamp {low}.")
    folder = options.project.resolve()
    endpoints = named(options, "endpoints")
    broker = read_endpoints(folder, endpoints).event_broker if options.out is None else None
    store = open_store(folder, endpoints)
    if broker is not None:
        publisher = event_broker(broker, folder)
        events, count = asyncio.run(_publish(store, options, publisher))
        print(f"Sent {events} events of {count} conversations to the event broker.", file=sys.stderr)
        return 0
    out = None if options.out in (None, Path("-")) else options.out
    if out is None:
        events, count = asyncio.run(_write(store, options, sys.stdout))
    else:
        with out.open("w", encoding="utf-8") as file:
            events, count = asyncio.run(_write(store, options, file))
    where = f" to {out}" if out else ""
    print(f"Wrote {events} events of {count} conversations{where}.", file=sys.stderr)
    return 0


async def _publish(store: TrackerStore, options: argparse.Namespace, broker: EventBroker) -> tuple[int, int]:
    events = count = 0
    try:
        async for sender, wires in _wires(store, options):
            for wire in wires:
                await broker.publish(sender, wire)
            events, count = events + len(wires), count + 1
    finally:
        await broker.close()
        await store.close()
    return events, count


async def _write(store: TrackerStore, options: argparse.Namespace, out: TextIO) -> tuple[int, int]:
    events = count = 0
    try:
        async for sender, wires in _wires(store, options):
            lines: list[dict[str, Any]] = [{"sender_id": sender, "events": wires}]
            if options.lines == "events":
                lines = [{"sender_id": sender, **wire} for wire in wires]
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            events, count = events + len(wires), count + 1
    finally:
        await store.close()
    return events, count


async def _wires(
    store: TrackerStore, options: argparse.Namespace
) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each conversation with those of its events that are wanted, in wire form."""
    from frontdesk.core.codec import to_wire

    async for sender in _senders(store, options.conversation_ids):
        stored = (await store.load(sender, whole=True)).events
        wires = [_changed(to_wire(event), options) for event in stored if _wanted(event, options)]
        if wires:
            yield sender, wires


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
