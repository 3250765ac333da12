"""Serve the assistant: its channels, and the chat page on http://localhost:5005/."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import (
    add_model,
    add_project,
    layout_of,
    progress,
    quiet,
    say_ignored,
    settings_of,
    start_logging,
)
from frontdesk.cli.serving import (
    ACTIONS,
    add_server,
    add_workers,
    api,
    chosen_model,
    listening,
    protection,
)
from frontdesk.errors import ConfigError

if TYPE_CHECKING:
    from frontdesk.settings import Settings

_NO_EFFECT = {"jwt_private_key": "callers' tokens are read here, and never made."}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    text = "'actions': serve only the custom actions, on port 5055; else a model, as with --model"
    parser.add_argument("what", nargs="?", metavar="actions | MODEL", help=text)
    add_project(parser)
    add_model(parser)
    parser.add_argument("--train", action="store_true", help="train first if the project's files changed")
    text = "train and reload whenever a file of the project is saved"
    parser.add_argument("--watch", action="store_true", help=text)
    text = "open /inspector: what was understood and decided in conversations (or FRONTDESK_INSPECTOR=1)"
    parser.add_argument("--inspector", action="store_true", help=text)
    add_server(parser)
    text = "answer by so many processes; they need a tracker store and a lock store that they share (1)"
    add_workers(parser, text)
    text = "only write messages down and let `frontdesk worker` answer them (or `queue:` in endpoints.yml)"
    parser.add_argument("--queue", action="store_true", help=text)
    group = parser.add_argument_group("run actions")
    text = "the module of custom actions (actions)"
    group.add_argument("--actions", "--actions-module", default="actions", metavar="MODULE", help=text)
    text = "import the actions again whenever one of their files is saved"
    group.add_argument("--auto-reload", action="store_true", help=text)


def execute(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    if options.what == ACTIONS:
        return _serve_actions(options)
    if options.connector == "cmdline":
        from frontdesk.cli.shell import talk

        return talk(options)
    settings, queued = settings_of(options), _queued(options)
    if queued:
        _check_front(options, options.inspector or settings.inspector)
    model = chosen_model(options)
    say_ignored(options, _NO_EFFECT)
    # One message's vectors are small: a second BLAS thread would only spin. Read when numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from frontdesk.cli.observing import observed
    from frontdesk.server.workers import worker_number

    start_logging(options, settings)
    worker = worker_number()
    with observed(options, alone=worker is None, shared=options.workers > 1):
        return _serve(options, settings, model, worker, queued=queued)


def _serve(
    options: argparse.Namespace, settings: Settings, model: Path | None, worker: int | None, *, queued: bool
) -> int:
    from frontdesk.server.serve import serve, serve_by_workers

    guard = protection(options, settings)
    at, show = listening(options), progress(quiet(options))
    layout = layout_of(options)
    beside = ["--watch"] if options.watch else []
    if options.workers > 1 and worker is None:
        shared = {"train_first": options.train, "connector": options.connector, "beside": beside}
        return serve_by_workers(
            options.workers, layout, model, settings, at, progress=show, queued=queued, **shared
        )
    at = dataclasses.replace(at, worker=worker)
    show = progress(quiet(options) or bool(worker))
    if queued:
        from frontdesk.server.queue import serve_front

        return serve_front(layout, settings, at, guard, progress=show, connector=options.connector)
    return serve(
        layout,
        model,
        settings,
        at,
        guard,
        train_first=options.train and worker is None,
        watch=options.watch,
        progress=show,
        api=api(options, guard),
        connector=options.connector,
        inspector=options.inspector or settings.inspector,
    )


def _queued(options: argparse.Namespace) -> bool:
    from frontdesk.formats.settings_files import read_endpoints

    layout = layout_of(options)
    return options.queue or read_endpoints(layout.folder, layout.endpoints).queue is not None


def _check_front(options: argparse.Namespace, inspector: bool) -> None:
    """Raise ConfigError for options that need a model in this server."""
    given = {"--watch": options.watch, "--train": options.train, "--enable-api": options.enable_api}
    given |= {"--inspector": inspector, "--remote-storage": options.remote_storage is not None}
    beside = [name for name, asked in given.items() if asked]
    if beside:
        what = f"{' and '.join(beside)}: a front server of the queue mode has no model."
        hint = "Run a server with it beside the front servers, on another port."
        if beside == ["--remote-storage"]:
            hint = "Give it to `frontdesk worker`, which answers."
        raise ConfigError(what, hint=hint)


def _serve_actions(options: argparse.Namespace) -> int:
    from frontdesk.server.actions import serve_actions

    more = []
    if options.cors:
        more += ["--cors", *options.cors]
    for name in ("ssl_certificate", "ssl_keyfile", "ssl_password"):
        if getattr(options, name):
            more += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    for name in ("log_file", "logging_config_file", "endpoints"):
        if getattr(options, name):
            more += [f"--{name.replace('_', '-')}", str(getattr(options, name).resolve())]
    if options.auto_reload:
        more.append("--auto-reload")
    level = {10: "-vv", 20: "-v", 30: "--quiet"}.get(options.loglevel or 0)
    more += [level] if level else []
    return serve_actions(options.project, options.actions, options.interface, options.port or 5055, more)
