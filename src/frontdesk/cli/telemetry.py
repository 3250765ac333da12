"""Say what is sent to anybody about the use of this software: nothing, so there is nothing to switch."""

from __future__ import annotations

import argparse

from frontdesk.cli.options import add_logging


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("what", nargs="?", choices=["enable", "disable"], help="makes no difference")
    add_logging(parser)


def execute(options: argparse.Namespace) -> int:
    """Say it."""
    print("Frontdesk sends nobody anything about its use: there is no telemetry to enable or disable.")
    return 0
