"""Answer the messages that servers started with `frontdesk run --queue` wrote down; any number of these may run."""

from __future__ import annotations

import argparse
import os

from frontdesk.cli.options import (
    add_files,
    add_model,
    add_project,
    layout_of,
    progress,
    quiet,
    settings_of,
    start_logging,
)
from frontdesk.cli.serving import add_metrics, add_remote_storage, chosen_model, count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_project(parser)
    add_model(parser)
    add_files(parser, "domain", "endpoints", "credentials")
    add_remote_storage(parser, "fetch the model (the one of --model, else the one sent last) from there")
    add_metrics(parser)
    text = "take so many messages at the same time (256); those of one conversation wait for one another"
    parser.add_argument("--most", type=count, default=256, metavar="N", help=text)


def execute(options: argparse.Namespace) -> int:
    """Work until stopped."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from frontdesk.cli.observing import observed
    from frontdesk.server.queue import work

    settings = settings_of(options)
    start_logging(options, settings)
    show, model = progress(quiet(options)), chosen_model(options)
    with observed(options, alone=True, shared=False):
        return work(layout_of(options), model, settings, options.most, show)
