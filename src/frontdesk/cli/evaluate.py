"""Find the points of stored conversations that markers describe, and count them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_files, add_project, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontdesk.core.ports import TrackerStore
    from frontdesk.evaluation.markers import Session
    from frontdesk.formats.markers import Marker

STRATEGIES = {
    "all": "look at all conversations",
    "first_n": "look at the first ones",
    "sample_n": "look at some that are drawn by lot",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    tasks = parser.add_subparsers(metavar="TASK", dest="task", required=True)
    text = "apply markers to the conversations of the tracker store"
    strategies = tasks.add_parser("markers", help=text, description=text[0].upper() + text[1:] + ".")
    kinds = strategies.add_subparsers(metavar="WHICH", dest="strategy", required=True)
    for name, which in STRATEGIES.items():
        kind = kinds.add_parser(name, help=which, description=which[0].upper() + which[1:] + ".")
        if name != "all":
            kind.add_argument("count", type=int, help="how many")
        if name == "sample_n":
            kind.add_argument("--seed", type=int, default=None, help="the same number draws the same ones")
        _marker_arguments(kind)


def _marker_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("output_filename", type=Path, metavar="FILE", help="the CSV file to write")
    add_project(parser)
    text = "the markers, a YAML file or a folder of them (markers.yml)"
    parser.add_argument("--config", type=Path, default=None, metavar="PATH", help=text)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--no-stats", action="store_true", help="write no figures")
    text = "where the figures go: PREFIX-overall.csv and PREFIX-per-session.csv (stats)"
    which.add_argument("--stats-file-prefix", type=Path, nargs="?", default=None, metavar="PREFIX", help=text)
    add_files(parser, "endpoints", "domain")


def execute(options: argparse.Namespace) -> int:
    """Apply the markers and write the files."""
    from frontdesk.cli.conversations import open_store
    from frontdesk.evaluation.markers import Statistics, check_targets, write_hits
    from frontdesk.formats.markers import read_markers
    from frontdesk.formats.project import read_domain

    folder = options.project.resolve()
    prefix = options.stats_file_prefix or folder / "stats"
    figures = [] if options.no_stats else [Path(f"{prefix}-overall.csv"), Path(f"{prefix}-per-session.csv")]
    check_targets([*figures, options.output_filename])
    given = named(options, "domain") or next(
        (folder / n for n in ("domain.yml", "domain.yaml", "domain") if (folder / n).exists()), None
    )
    domain = read_domain(given, strict=False) if given else None
    markers = read_markers(options.config or folder / "markers.yml", domain)
    store = open_store(folder, named(options, "endpoints"))
    sessions = asyncio.run(_sessions(store, markers, options))
    write_hits(options.output_filename, sessions)
    if figures:
        statistics = Statistics(sessions)
        statistics.write_overall(figures[0])
        statistics.write_by_session(figures[1])
    count = len({session.sender_id for session in sessions})
    print(
        f"{options.output_filename}: {len(markers)} markers, {count} conversations, {len(sessions)} sessions"
    )
    return 0


async def _sessions(
    store: TrackerStore, markers: Sequence[Marker], options: argparse.Namespace
) -> list[Session]:
    from frontdesk.evaluation.markers import apply, choose

    try:
        senders = [sender async for sender in store.senders()]
        count = getattr(options, "count", None)
        if count is not None and count > len(senders):
            print(f"There are only {len(senders)} conversations; all are looked at.", file=sys.stderr)
        found: list[Session] = []
        for sender in choose(senders, options.strategy, count, getattr(options, "seed", None)):
            conversation = await store.load(sender, whole=True)
            found += apply(markers, sender, conversation.events)
        return found
    finally:
        await store.close()
