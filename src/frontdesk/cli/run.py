"""Serve the assistant: its channels, and the chat page on http://localhost:5005/."""

from __future__ import annotations

import argparse

from frontdesk.cli.options import add_model, add_project, progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "what", nargs="?", choices=["actions"], help="serve only the custom actions, on port 5055"
    )
    add_project(parser)
    add_model(parser)
    parser.add_argument("-p", "--port", type=int, default=None, help="the port (5005; for actions 5055)")
    parser.add_argument("-i", "--interface", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--train", action="store_true", help="train first if the project's files changed")
    parser.add_argument(
        "--watch", action="store_true", help="train and reload whenever a file of the project is saved"
    )
    parser.add_argument(
        "--actions", default="actions", metavar="MODULE", help="the module of custom actions (actions)"
    )


def execute(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    if options.what == "actions":
        from frontdesk.server.actions import serve_actions

        return serve_actions(options.project, options.actions, options.interface, options.port or 5055)
    from frontdesk.server.serve import serve

    return serve(
        options.project,
        options.model,
        interface=options.interface,
        port=options.port or 5005,
        train_first=options.train,
        watch=options.watch,
        progress=progress(),
    )
