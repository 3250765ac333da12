"""Serve the assistant: its channels, and the chat page on http://localhost:5005/."""

from __future__ import annotations

import argparse
import os

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
    parser.add_argument(
        "--inspector",
        action="store_true",
        help="open /inspector: what was understood and decided in conversations, and how to correct it "
        "(or FRONTDESK_INSPECTOR=1)",
    )
    _add_api(parser)


def _add_api(parser: argparse.ArgumentParser) -> None:
    """Add the options of the HTTP API; secrets may come from the environment, where `ps` does not show them."""
    group = parser.add_argument_group("HTTP API (docs/http-api.md)")
    group.add_argument(
        "--enable-api", action="store_true", help="open Rasa's HTTP API beside the channels (off)"
    )
    group.add_argument(
        "--auth-token",
        default=os.environ.get("FRONTDESK_AUTH_TOKEN") or None,
        metavar="TOKEN",
        help="what callers must show, as ?token= or 'Authorization: Bearer' (or FRONTDESK_AUTH_TOKEN)",
    )
    group.add_argument(
        "--jwt-secret",
        default=os.environ.get("FRONTDESK_JWT_SECRET") or None,
        metavar="SECRET",
        help="shared secret, or public key in PEM form, of callers' JSON web tokens (or FRONTDESK_JWT_SECRET)",
    )
    group.add_argument(
        "--jwt-method",
        default=os.environ.get("FRONTDESK_JWT_METHOD") or "HS256",
        metavar="METHOD",
        help="how these tokens are signed (HS256; or FRONTDESK_JWT_METHOD)",
    )
    group.add_argument(
        "--api-allow-host",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="a host that callbacks may reach though it is private, and that models may come from; may be repeated",
    )


def execute(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    if options.what == "actions":
        from frontdesk.server.actions import serve_actions

        return serve_actions(options.project, options.actions, options.interface, options.port or 5055)
    # One message's vectors are small: a second BLAS thread would only spin. Read when numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from frontdesk.auth.api import ApiKeys
    from frontdesk.server.api_context import ApiOptions
    from frontdesk.server.serve import serve
    from frontdesk.settings import read_settings

    inspector = options.inspector or read_settings().inspector
    keys = None
    if options.enable_api or inspector:
        keys = ApiKeys(options.auth_token, options.jwt_secret, options.jwt_method)
    api = ApiOptions(keys, frozenset(options.api_allow_host)) if keys and options.enable_api else None
    return serve(
        options.project,
        options.model,
        interface=options.interface,
        port=options.port or 5005,
        train_first=options.train,
        watch=options.watch,
        progress=progress(),
        api=api,
        inspector=keys if inspector else None,
    )
