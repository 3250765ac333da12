"""Look at the queue of messages, and let dead letters be answered again."""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_files, add_project, layout_of
from frontdesk.errors import ConfigError

if TYPE_CHECKING:
    from frontdesk.core.ports import TrackerStore
    from frontdesk.stores.redis_queue import DeadLetter, RedisQueue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = (
        "'list' (the usual): how many messages wait, and the dead letters: those that were answered with an "
    )
    text += "apology only. 'requeue': let dead letters be answered again. 'forget': take them off the list"
    parser.add_argument("what", nargs="?", choices=["list", "requeue", "forget"], default="list", help=text)
    parser.add_argument("ids", nargs="*", metavar="ID", help="which dead letters, as the list names them")
    parser.add_argument("--all", action="store_true", help="all dead letters")
    add_project(parser)
    add_files(parser, "endpoints")


def execute(options: argparse.Namespace) -> int:
    """Do it."""
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.runtime.assembly import message_queue, tracker_store

    layout = layout_of(options)
    endpoints = read_endpoints(layout.folder, layout.endpoints)
    store = tracker_store(endpoints.tracker_store, layout.folder)
    return asyncio.run(_execute(options, message_queue(endpoints), store))


async def _execute(options: argparse.Namespace, queue: RedisQueue, store: TrackerStore) -> int:
    try:
        letters = await queue.dead()
        if options.what == "list":
            _show(await queue.length(), letters)
            return 0
        for letter in _chosen(options, letters):
            if options.what == "requeue":
                known = await store.reopen(letter.delivery)
                await queue.put(letter.delivery)
                print(f"{letter.id}  {'waits again' if known else 'is not in the inbox any more'}")
            else:
                print(f"{letter.id}  forgotten")
            await queue.forget(letter)
        return 0
    finally:
        await queue.close()
        await store.close()


def _show(length: int, letters: list[DeadLetter]) -> None:
    print(f"{length} messages wait or are at work; {len(letters)} dead letters.")
    for letter in letters:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(letter.at))
        found = letter.delivery
        print(
            f"{letter.id}  {at}  {found.channel}  conversation {found.sender_id}  message {found.message_id}"
        )


def _chosen(options: argparse.Namespace, letters: list[DeadLetter]) -> list[DeadLetter]:
    if options.all:
        return letters
    if not options.ids:
        raise ConfigError("Which dead letters?", hint="Name their ids (frontdesk queue), or give --all.")
    known = {letter.id: letter for letter in letters}
    missing = [name for name in options.ids if name not in known]
    if missing:
        raise ConfigError(f"There is no dead letter {', '.join(missing)}.", hint="See: frontdesk queue.")
    return [known[name] for name in options.ids]
