"""Make a small starter project: it trains, and passes its own test conversations."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from frontdesk.errors import ConfigError

STARTER = Path(__file__).parent / "starter"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="an empty folder (here)")
    parser.add_argument("--init-dir", type=Path, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--no-prompt", action="store_true", help=argparse.SUPPRESS)


def execute(options: argparse.Namespace) -> int:
    """Copy the starter project; nothing that exists is overwritten."""
    folder: Path = options.folder or options.init_dir or Path()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(
            "This is a file, not a folder.",
            where=str(folder),
            hint="Name a new folder: frontdesk init FOLDER.",
        )
    if folder.exists() and any(not p.name.startswith(".") for p in folder.iterdir()):
        raise ConfigError(
            "The folder is not empty.",
            where=str(folder.resolve()),
            hint="Name a new one: frontdesk init FOLDER.",
        )
    shutil.copytree(STARTER, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    ignored = folder / ".gitignore"
    (folder / "gitignore").replace(ignored) if not ignored.exists() else (folder / "gitignore").unlink()
    where = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    print(
        f"Made a starter project. Go on with:\n  {where}frontdesk train && frontdesk test\n  {where}frontdesk run"
    )
    return 0
