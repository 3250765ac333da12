"""Train a model from the project's files; what did not change since the last time is not trained again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from frontdesk.cli.options import add_project, progress

SHOWN = 10
"""So many doubtful places are told; `frontdesk data validate` tells them all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_project(parser)
    parser.add_argument(
        "--out", type=Path, default=None, metavar="FOLDER", help="where the model is written (models)"
    )
    parser.add_argument(
        "--fixed-model-name", default=None, metavar="NAME", help="name of the model (a date and time)"
    )
    parser.add_argument("--force", action="store_true", help="train everything anew")
    parser.add_argument(
        "--dry-run", action="store_true", help="say whether training is needed; exit code 0 if not"
    )
    parser.add_argument(
        "--fail-on-validation-warnings",
        action="store_true",
        help="do not train where the files name something that nothing defines",
    )
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="go on without components and policies that cannot be had",
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")


def execute(options: argparse.Namespace) -> int:
    """Train, and say what came out."""
    from frontdesk.formats.project import read_project
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.training.train import is_current, train

    folder = options.project.resolve()
    out = options.out or folder / "models"
    if options.dry_run:
        current = is_current(folder, read_endpoints(folder), out)
        print("Nothing changed since the newest model was trained." if current else "Training is needed.")
        return 0 if current else 1
    show = progress(options.quiet)
    show("reading the project")
    project = read_project(folder, strict=options.fail_on_validation_warnings)
    for doubt in project.doubts[:SHOWN]:
        print(f"Please check: {doubt}", file=sys.stderr)
    if len(project.doubts) > SHOWN:
        more = len(project.doubts) - SHOWN
        print(f"... and {more} more; see them all: frontdesk data validate", file=sys.stderr)
    report = train(
        project,
        out,
        show,
        name=options.fixed_model_name,
        force=options.force,
        lenient=options.lenient,
    )
    size = report.archive.stat().st_size / 1e6
    print(
        f"Your model is in {report.archive} ({size:.0f} MB; {report.trained} parts trained, {report.reused} reused)."
    )
    return 0
