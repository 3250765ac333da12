"""Check a deployment: what `run` with the same options would find, and how to mend what is not right."""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_model, add_project, layout_of, settings_of, start_logging
from frontdesk.cli.serving import add_server, add_workers, chosen_model, listening, protection

if TYPE_CHECKING:
    from frontdesk.server.checkup.deployment import Check, Finding

COLORS = {"ok": "32", "note": "36", "warning": "33", "error": "31"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options: those of `run`, and the form of the report."""
    parser.add_argument("what", nargs="?", metavar="MODEL", help="a model, as with --model")
    add_project(parser)
    add_model(parser)
    add_server(parser)
    text = "as many processes as `run --workers` is to start (1)"
    add_workers(parser, text)
    parser.add_argument("--json", action="store_true", help="tell it as JSON")


def execute(options: argparse.Namespace) -> int:
    """Check, tell, and return 0 where all is well, 1 with warnings, 2 with errors."""
    from frontdesk.server.checkup.deployment import Deployment, examine, worst

    # What checks have to tell, they tell themselves.
    settings = settings_of(options)
    start_logging(options, settings)
    logging.disable(logging.ERROR)
    layout = layout_of(options)
    deployment = Deployment(
        layout=layout,
        settings=settings,
        at=listening(options),
        models=chosen_model(options) or layout.folder / "models",
        protection=functools.partial(protection, options, settings),
        api=options.enable_api,
        workers=options.workers,
    )
    try:
        findings = asyncio.run(examine(deployment, checks()))
    finally:
        logging.disable(logging.NOTSET)
    if options.json:
        told = [
            {"check": f.check, "level": f.level.word, "what": f.what, "mend": f.mend or None}
            for f in findings
        ]
        print(json.dumps({"worst": worst(findings), "findings": told}, indent=2))
    else:
        print(as_text(findings, colored=sys.stdout.isatty()))
    return worst(findings)


def checks() -> Sequence[tuple[str, Check]]:
    """Return all checks in the order in which they are made; the files come first, for all others need them."""
    from frontdesk.server.checkup import exposure, machine, project, services, stores

    return (
        ("files", project.check_files),
        ("model", project.check_model),
        (services.ACTIONS, services.check_actions),
        (stores.TRACKERS, stores.check_tracker_store),
        (stores.LOCKS, stores.check_lock_store),
        (stores.QUEUE, stores.check_queue),
        (services.BROKER, services.check_event_broker),
        (services.LLM, services.check_language_model),
        (services.TRACING, services.check_tracing),
        (exposure.SECRETS, exposure.check_secrets),
        (exposure.ACCESS, exposure.check_access),
        (exposure.PORT, exposure.check_port),
        (machine.DISK, machine.check_disk),
        (machine.MACHINE, machine.check_machine),
    )


def as_text(findings: Sequence[Finding], *, colored: bool = False) -> str:
    """Return the findings for people: one line each, and below it what to do."""
    lines = []
    for finding in findings:
        word = f"{finding.level.word:<8}"
        word = f"\x1b[{COLORS[finding.level.word]}m{word}\x1b[0m" if colored else word
        lines.append(f"{word} {finding.check}: {finding.what}")
        if finding.mend:
            lines.append(f"{'':8} -> {finding.mend}")
    count = {word: sum(f.level.word == word for f in findings) for word in ("error", "warning")}
    told = [f"{n} {word}{'s' if n != 1 else ''}" for word, n in count.items() if n]
    return "\n".join([*lines, "", f"Found {' and '.join(told)}." if told else "All is well."])
