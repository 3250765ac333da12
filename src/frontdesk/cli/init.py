"""Make a small starter project: it trains, and passes its own test conversations."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from frontdesk.cli.options import add_logging
from frontdesk.errors import ConfigError

STARTER = Path(__file__).parent / "starter"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="an empty folder (here)")
    parser.add_argument("--init-dir", type=Path, default=None, metavar="FOLDER", help="the same, as in Rasa")
    text = "train it, too; what is in the folder stays, if none of it is in the way"
    parser.add_argument("--no-prompt", action="store_true", help=text)
    add_logging(parser)


def execute(options: argparse.Namespace) -> int:
    """Copy the starter project; nothing that exists is overwritten."""
    folder: Path = options.folder or options.init_dir or Path()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            "This is a file, not a folder.",
            where=str(folder),
            hint="Name a new folder: frontdesk init FOLDER.",
        )
    there = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.exists() else []
    if options.no_prompt:
        there = [name for name in there if (STARTER / name).exists()]
        if there:
            what = f"These files are in the way: {', '.join(there)}."
            raise ConfigError(what, where=str(folder.resolve()), hint="Name a new folder: --init-dir FOLDER.")
    if there:
        raise ConfigError(
            "The folder is not empty.",
            where=str(folder.resolve()),
            hint="Name a new one: frontdesk init FOLDER.",
        )
    shutil.copytree(STARTER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    ignored = folder / ".gitignore"
    (folder / "gitignore").replace(ignored) if not ignored.exists() else (folder / "gitignore").unlink()
    if options.no_prompt:
        return _train(folder, options)
    where = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    print(
        f"Made a starter project. Go on with:\n  {where}frontdesk train && frontdesk test\n  {where}frontdesk run"
    )
    return 0


def _train(folder: Path, options: argparse.Namespace) -> int:
    from frontdesk.cli.options import progress, quiet
    from frontdesk.formats.project import read_project
    from frontdesk.training.train import train

    folder = folder.resolve()
    report = train(read_project(folder), folder / "models", progress(quiet(options)))
    print(f"Made and trained a starter project in {folder} ({report.archive.name}).")
    return 0
