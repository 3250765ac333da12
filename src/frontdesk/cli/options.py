"""Options that several commands share: where the project's files are, and how much is told."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.core.ports import Progress
from frontdesk.errors import ConfigError
from frontdesk.formats.project_layout import Layout

if TYPE_CHECKING:
    from frontdesk.settings import Settings

USUAL = {
    "config": ("config.yml", "config.yaml"),
    "domain": ("domain.yml", "domain.yaml", "domain"),
    "data": ("data",),
    "stories": ("data",),
    "nlu": ("data",),
    "endpoints": ("endpoints.yml", "endpoints.yaml"),
    "credentials": ("credentials.yml", "credentials.yaml"),
}
_HELP = {
    "config": "another config file (config.yml)",
    "domain": "another domain, a file or a folder of files (domain.yml)",
    "data": "other training files or folders (data)",
    "endpoints": "another endpoints file (endpoints.yml)",
    "credentials": "another credentials file (credentials.yml)",
}
_SHORT = {"config": "-c", "domain": "-d"}


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the project is, and how much is told."""
    parser.add_argument(
        "--project", type=Path, default=Path(), metavar="FOLDER", help="the project's folder (here)"
    )
    add_logging(parser)


def add_files(parser: argparse.ArgumentParser, *kinds: str) -> None:
    """Add options for files that stand in for the project's own: `config`, `domain`, `data` and so on."""
    for kind in kinds:
        names = [_SHORT[kind], f"--{kind}"] if kind in _SHORT else [f"--{kind}"]
        if kind == "data":
            parser.add_argument(*names, type=Path, nargs="+", default=[], metavar="PATH", help=_HELP[kind])
        else:
            parser.add_argument(*names, type=Path, default=None, metavar="PATH", help=_HELP[kind])


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a model."""
    text = "a model archive, or a folder of them whose newest is used (models)"
    parser.add_argument("-m", "--model", type=Path, default=None, metavar="PATH", help=text)


def add_logging(parser: argparse.ArgumentParser) -> None:
    """Add Rasa's options that say how much is logged."""
    group = parser.add_argument_group("how much is told")
    levels = (
        (("-v", "--verbose"), logging.INFO, "log what happens"),
        (("-vv", "--debug"), logging.DEBUG, "log everything"),
        (("--quiet",), logging.WARNING, "log only what may be wrong, and show no progress"),
    )
    for names, level, text in levels:
        group.add_argument(*names, action="store_const", dest="loglevel", const=level, help=text)
    text = "how lines of the log look (plain; or FORCE_JSON_LOGGING=true)"
    group.add_argument("--log-format", choices=["plain", "json"], default=None, help=text)
    text = "a YAML file with a mapping for Python's logging.config.dictConfig"
    group.add_argument("--logging-config-file", type=Path, default=None, metavar="FILE", help=text)


def quiet(options: argparse.Namespace) -> bool:
    """Tell whether only what may be wrong is to be shown."""
    return getattr(options, "loglevel", None) == logging.WARNING


def settings_of(options: argparse.Namespace, level: str | None = None) -> Settings:
    """Return the settings of the environment, with the level of the command line; `level` is the usual one."""
    import dataclasses
    import os

    from frontdesk.settings import read_settings

    settings = read_settings()
    form = getattr(options, "log_format", None)
    if form is not None:
        settings = dataclasses.replace(settings, log_json=form == "json")
    asked = getattr(options, "loglevel", None)
    if asked is not None:
        return dataclasses.replace(settings, log_level=logging.getLevelName(asked))
    if level and not os.environ.get("LOG_LEVEL"):
        return dataclasses.replace(settings, log_level=level)
    return settings


def start_logging(options: argparse.Namespace, settings: Settings) -> None:
    """Log as the options say: to a file, to syslog, or by a configuration of Python's own."""
    import logging.config
    import logging.handlers
    import socket

    from frontdesk.formats.yaml import plain, read
    from frontdesk.telemetry import configure_logging

    beside: list[logging.Handler] = []
    if getattr(options, "log_file", None):
        beside.append(logging.FileHandler(options.log_file, encoding="utf-8"))
    if getattr(options, "use_syslog", False):
        kind = socket.SOCK_STREAM if options.syslog_protocol.upper() == "TCP" else socket.SOCK_DGRAM
        address = (options.syslog_address, options.syslog_port)
        beside.append(logging.handlers.SysLogHandler(address, socktype=kind))
    configure_logging(settings, *beside)
    file: Path | None = getattr(options, "logging_config_file", None)
    if file is not None:
        try:
            logging.config.dictConfig({"disable_existing_loggers": False, **plain(read(file))})
        except (ValueError, TypeError, AttributeError, ImportError) as error:
            what = f"This is no configuration of Python's logging ({error})."
            raise ConfigError(what, where=str(file), hint="See logging.config.dictConfig.") from error


def layout_of(options: argparse.Namespace) -> Layout:
    """Return the files that were named; one that does not exist is told, and the usual one taken, as in Rasa.

    A file that is named, and is the project's own, counts as not named: the same project has the same fingerprint.
    """
    folder = options.project.resolve()
    found = (_there(given, "data", folder) for given in getattr(options, "data", None) or ())
    data = tuple(dict.fromkeys(path for path in found if path))
    return Layout(
        folder=folder,
        config=_unless_own(named(options, "config"), "config", folder),
        domain=_unless_own(named(options, "domain"), "domain", folder),
        data=() if data == (folder / "data",) else data,
        endpoints=_unless_own(named(options, "endpoints"), "endpoints", folder),
        credentials=_unless_own(named(options, "credentials"), "credentials", folder),
    )


def _unless_own(path: Path | None, kind: str, folder: Path) -> Path | None:
    own = next((folder / name for name in USUAL[kind] if (folder / name).exists()), None)
    return None if path == own else path


def named(options: argparse.Namespace, kind: str, usual: str | None = None) -> Path | None:
    """Return the file or folder of one option, or None where the project's own is meant.

    `usual` is the kind of file that may stand in for it.
    """
    given = getattr(options, kind, None)
    return None if given is None else _there(given, kind, options.project.resolve(), usual)


def _there(given: Path, option: str, folder: Path, usual: str | None = None) -> Path | None:
    if given.exists():
        return given.resolve()
    # Relative to the project's folder, too: where --project is given, both are meant at times.
    if (folder / given).exists():
        return folder / given
    fallback = next((name for name in USUAL[usual or option] if (folder / name).exists()), None)
    if fallback is None:
        raise ConfigError(f"There is no file or folder '{given}'.", where=f"--{option}")
    print(f"There is no '{given}' (--{option}); '{fallback}' is used.", file=sys.stderr)
    return folder / fallback if USUAL[usual or option] == ("data",) else None


def say_ignored(options: argparse.Namespace, reasons: dict[str, str]) -> None:
    """Say in one line for each option that was given and has no effect here why it has none."""
    for name, reason in reasons.items():
        if getattr(options, name, None) not in (None, False, []):
            print(f"--{name.replace('_', '-')} has no effect: {reason}", file=sys.stderr)


def progress(quiet: bool = False) -> Progress:
    """Return a function that shows each step with the seconds since the start."""
    begun = time.monotonic()

    def show(step: str) -> None:
        if not quiet:
            print(f"{time.monotonic() - begun:6.1f} s  {step}", file=sys.stderr, flush=True)

    return show
