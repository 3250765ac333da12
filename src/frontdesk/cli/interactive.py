"""Teach the assistant while talking to it: confirm or correct each step, and write new stories and examples."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from frontdesk.cli.options import (
    add_files,
    add_model,
    add_project,
    layout_of,
    progress,
    quiet,
    say_ignored,
    settings_of,
    start_logging,
)
from frontdesk.errors import ConfigError

if TYPE_CHECKING:
    from frontdesk.core.events import Event
    from frontdesk.formats.project_layout import Layout
    from frontdesk.runtime.agent import Agent

_NO_EFFECT = {
    "port": "nothing is served.",
    "augmentation": "policies learn from the stories as they are, and glue none together.",
    "debug_plots": "'frontdesk visualize' draws the stories.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = "'core': only payloads such as /greet are understood; else a model, as with --model"
    parser.add_argument("what", nargs="?", metavar="core | MODEL", help=text)
    parser.add_argument("other_model", nargs="?", type=Path, metavar="MODEL", help=argparse.SUPPRESS)
    add_project(parser)
    add_model(parser)
    parser.add_argument("--e2e", action="store_true", help="put the user's words into the stories")
    text = "begin at the end of a stored conversation; it is not changed"
    parser.add_argument("--conversation-id", default=None, metavar="ID", help=text)
    text = "a file to which new stories are added (the one with most stories)"
    parser.add_argument("-s", "--stories", type=Path, default=None, metavar="PATH", help=text)
    text = "a file for examples of intents that have none yet (the one with most intents)"
    parser.add_argument("-u", "--nlu", type=Path, default=None, metavar="PATH", help=text)
    add_files(parser, "config", "domain", "data", "endpoints")
    text = "where a model is written, if one has to be trained first (models)"
    parser.add_argument("--out", type=Path, default=None, metavar="FOLDER", help=text)
    parser.add_argument("--force", action="store_true", help="train everything anew first")
    group = parser.add_argument_group("taken from Rasa, without effect here")
    group.add_argument("--skip-visualization", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("-p", "--port", type=int, default=None, metavar="N", help=argparse.SUPPRESS)
    group.add_argument("--augmentation", type=int, default=None, metavar="N", help=argparse.SUPPRESS)
    group.add_argument("--debug-plots", action="store_true", help=argparse.SUPPRESS)
    group.description = (
        "--skip-visualization (nothing is drawn while teaching), --port, --augmentation, --debug-plots"
    )


def execute(options: argparse.Namespace) -> int:
    """Train where no model is current, then teach until the person ends it."""
    from frontdesk.runtime.assembly import assemble

    if options.what not in (None, "core"):
        options.other_model = Path(options.what)
    say_ignored(options, _NO_EFFECT)
    settings = settings_of(options, "WARNING")
    start_logging(options, settings)
    layout = layout_of(options)
    archive = options.model or options.other_model or _trained(options, layout)
    agent = assemble(layout.folder, archive, settings, layout=layout)
    for name in ("SIGTERM", "SIGHUP"):  # a terminal that is closed; not every system knows both
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    with asyncio.Runner() as runner:
        try:
            return _teach(options, layout, agent, runner)
        finally:
            runner.run(agent.close())


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)


def _teach(options: argparse.Namespace, layout: Layout, agent: Agent, runner: asyncio.Runner) -> int:
    from frontdesk.cli.teaching import Files, Lesson
    from frontdesk.formats.write_back import Additions
    from frontdesk.runtime.assembly import STATE
    from frontdesk.training.interactive import Teacher

    teacher = Teacher(agent.processor)
    events: Sequence[Event] = ()
    if options.conversation_id:
        events = runner.run(agent.store.load(options.conversation_id)).events
    sender = options.conversation_id or f"interactive-{uuid.uuid4().hex[:12]}"
    session = runner.run(teacher.begin(sender, events))
    files = Files(
        additions=lambda: Additions(layout.folder, data=layout.data, domain=layout.domain),
        recovery=layout.folder / STATE,
        stories=_target(options.stories, layout.folder),
        nlu=_target(options.nlu, layout.folder),
    )
    return Lesson(teacher, session, files, runner, e2e=options.e2e).run()


def _target(given: Path | None, folder: Path) -> Path | None:
    """Return the YAML file to write to, in the project unless it is here; a folder names none. Raises ConfigError."""
    from frontdesk.formats.sources import YAML_ENDINGS

    if given is None:
        return None
    path = given if given.is_absolute() or given.exists() else folder / given
    if path.is_dir():
        return None
    if path.suffix not in YAML_ENDINGS:
        hint = f"Name a file that ends with {' or '.join(YAML_ENDINGS)}."
        raise ConfigError("Stories and examples are written as YAML.", where=str(given), hint=hint)
    return path.resolve()


def _trained(options: argparse.Namespace, layout: Layout) -> Path:
    """Return the newest model, trained from the files as they are now."""
    from frontdesk.formats.project import read_laid_out
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.graph.package import newest
    from frontdesk.training.train import is_current, train

    only: Literal["core"] | None = "core" if options.what == "core" else None
    out = options.out or layout.folder / "models"
    endpoints = read_endpoints(layout.folder, layout.endpoints)
    known = newest(out)
    if known is not None and not options.force and is_current(layout.folder, endpoints, out, layout, only):
        return known
    show = progress(quiet(options))
    show("training a model first, from the files as they are now")
    project = read_laid_out(layout)
    return train(project, out, show, force=options.force, only=only, layout=layout).archive
