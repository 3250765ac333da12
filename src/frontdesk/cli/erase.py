"""Erase conversations: what was said, messages and replies, reminders, and what an event broker is still to be told."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_files, add_project, named

if TYPE_CHECKING:
    from frontdesk.core.ports import LockStore, TrackerStore
    from frontdesk.stores.redis_queue import RedisQueue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "ids", nargs="+", metavar="ID", help="which conversations (`frontdesk export` has ids)"
    )
    add_project(parser)
    add_files(parser, "endpoints")


def execute(options: argparse.Namespace) -> int:
    """Erase them; the exit code is 1 where one was not there."""
    from frontdesk.cli.conversations import open_store
    from frontdesk.errors import ConfigError
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.runtime.assembly import lock_store, message_queue

    folder, path = options.project.resolve(), named(options, "endpoints")
    endpoints = read_endpoints(folder, path)
    store = open_store(folder, path)
    try:
        queue = message_queue(endpoints)
    except ConfigError:  # there is none
        queue = None
    all_there = asyncio.run(_erase(options.ids, store, lock_store(endpoints.lock_store), queue))
    return 0 if all_there else 1


async def _erase(ids: list[str], store: TrackerStore, locks: LockStore, queue: RedisQueue | None) -> bool:
    """Erase one after the other, and say of each at once how it went; False where one was not there."""
    from frontdesk.runtime.erasure import erase

    all_there = True
    try:
        for name in dict.fromkeys(ids):
            gone = await erase(name, store, locks, queue)
            print(f"{name}  {'erased' if gone else 'is not there'}", flush=True)
            all_there &= gone
        return all_there
    finally:
        if queue is not None:
            await queue.close()
        await locks.close()
        await store.close()
