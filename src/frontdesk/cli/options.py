"""Options that several commands share."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from frontdesk.core.ports import Progress


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the project is."""
    parser.add_argument(
        "--project", type=Path, default=Path(), metavar="FOLDER", help="the project's folder (here)"
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a model."""
    text = "a model archive, or a folder of them whose newest is used (models)"
    parser.add_argument("-m", "--model", type=Path, default=None, metavar="PATH", help=text)


def progress(quiet: bool = False) -> Progress:
    """Return a function that shows each step with the seconds since the start."""
    begun = time.monotonic()

    def show(step: str) -> None:
        if not quiet:
            print(f"{time.monotonic() - begun:6.1f} s  {step}", file=sys.stderr, flush=True)

    return show
