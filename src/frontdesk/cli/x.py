"""Say what stands in for Rasa X, which Rasa itself gave up."""

from __future__ import annotations

import argparse

from frontdesk.cli.options import add_logging


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    for name in ("--model", "--endpoints", "--credentials", "--config-endpoint"):
        parser.add_argument(name, default=None, help=argparse.SUPPRESS)
    for name in ("--production", "--no-prompt"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    add_logging(parser)


def execute(options: argparse.Namespace) -> int:
    """Say it; nothing was started, so a script had better stop."""
    print(
        "There is no Rasa X here: 'frontdesk run' serves a chat page, 'frontdesk interactive' corrects turns."
    )
    return 1
