"""Options of everything that serves: addresses, encryption, the HTTP API, logs; as Rasa names them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.cli.options import add_files, layout_of
from frontdesk.errors import ConfigError

if TYPE_CHECKING:
    from frontdesk.server.api_context import ApiOptions
    from frontdesk.server.listening import Listening
    from frontdesk.server.protection import Protection
    from frontdesk.settings import Settings


ACTIONS = "actions"
"""What `frontdesk run` serves in place of a model: only the custom actions."""


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add the options of a server."""
    group = parser.add_argument_group("server")
    group.add_argument("-p", "--port", type=port, default=None, help="the port (5005; for actions 5055)")
    text = "the address to listen on (127.0.0.1: only this machine; 0.0.0.0: everyone)"
    group.add_argument("-i", "--interface", default="127.0.0.1", help=text)
    text = "let pages of these sites use the server ('*': of all sites; none, if not given)"
    group.add_argument("--cors", nargs="*", default=[], metavar="ORIGIN", help=text)
    text = "how many seconds an answer may take"
    group.add_argument("--response-timeout", type=int, default=None, metavar="SECONDS", help=text)
    text = "how many seconds a request may take to arrive"
    group.add_argument("--request-timeout", type=int, default=None, metavar="SECONDS", help=text)
    for name, text in (
        ("--ssl-certificate", "a certificate (PEM): the server speaks https"),
        ("--ssl-keyfile", "its private key"),
        ("--ssl-ca-file", "the authorities to check certificates against"),
    ):
        group.add_argument(name, type=Path, default=None, metavar="FILE", help=text)
    text = "the password of the private key (or FRONTDESK_SSL_PASSWORD)"
    secret = os.environ.get("FRONTDESK_SSL_PASSWORD") or None
    group.add_argument("--ssl-password", default=secret, metavar="PASSWORD", help=text)
    add_remote_storage(group, "fetch the model (the one of --model, else the one sent last) from there")
    add_files(parser, "domain", "endpoints", "credentials")
    text = "open only this channel of credentials.yml ('cmdline': talk in the terminal)"
    parser.add_argument("--connector", default=None, metavar="CHANNEL", help=text)
    _add_logs(parser)
    add_metrics(parser)
    _add_api(parser)


def add_remote_storage(group: argparse._ActionsContainer, text: str) -> None:
    """Add the option that names a storage of models."""
    text = f"{text}: aws, gcs, azure, or a dotted path (docs/stores.md)"
    group.add_argument("--remote-storage", default=None, metavar="STORAGE", help=text)


def _add_logs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("logs")
    text = "write the log to this file, too"
    group.add_argument("--log-file", type=Path, default=None, metavar="FILE", help=text)
    group.add_argument("--use-syslog", action="store_true", help="send the log to a syslog server, too")
    group.add_argument(
        "--syslog-address", default="localhost", metavar="HOST", help="where it is (localhost)"
    )
    group.add_argument("--syslog-port", type=port, default=514, metavar="PORT", help="its port (514)")
    text = "how it is reached (UDP)"
    group.add_argument("--syslog-protocol", default="UDP", choices=["UDP", "TCP", "udp", "tcp"], help=text)


def add_metrics(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where Prometheus finds the numbers of a server."""
    group = parser.add_argument_group("metrics (docs/operating.md)")
    text = "serve Prometheus's numbers at /metrics on this port (none; or FRONTDESK_METRICS_PORT)"
    given = os.environ.get("FRONTDESK_METRICS_PORT") or None
    group.add_argument("--metrics-port", type=int, default=given, metavar="PORT", help=text)
    text = "and on this address (127.0.0.1: only this machine; or FRONTDESK_METRICS_INTERFACE)"
    given = os.environ.get("FRONTDESK_METRICS_INTERFACE") or "127.0.0.1"
    group.add_argument("--metrics-interface", default=given, metavar="ADDRESS", help=text)


def add_workers(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option that says by how many processes a server answers."""
    given = os.environ.get("SANIC_WORKERS") or "1"
    parser.add_argument("--workers", type=count, default=given, metavar="N", help=text)


def count(text: str) -> int:
    """Read a number of things to run at the same time."""
    return _number(text, 1, 256)


def port(text: str) -> int:
    """Read the number of a port; 0 stands for any that is free."""
    return _number(text, 0, 65535)


def _number(text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from {least} to {most}")
    return number


def _add_api(parser: argparse.ArgumentParser) -> None:
    """Add the options of the HTTP API; secrets may come from the environment, where `ps` does not show them."""
    group = parser.add_argument_group("HTTP API (docs/http-api.md)")
    group.add_argument(
        "--enable-api", action="store_true", help="open Rasa's HTTP API beside the channels (off)"
    )
    group.add_argument(
        "-t",
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
    group.add_argument("--jwt-private-key", default=None, metavar="KEY", help=argparse.SUPPRESS)
    group.add_argument(
        "--api-allow-host",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="a host that callbacks may reach though it is private, and that models may come from; may be repeated",
    )


def chosen_model(options: argparse.Namespace) -> Path | None:
    """Return the model that was named, also without `--model`. Raises ConfigError where it cannot be had.

    From a storage elsewhere it is fetched; of several workers, the process that looks after them does so.
    """
    model: Path | None = options.model
    what = getattr(options, "what", None)
    if what is not None and what not in (ACTIONS, "nlu"):
        model = Path(what)
    if options.remote_storage is not None:
        return _fetched(options, model)
    if model is not None and not model.exists():
        hint = "Train one: frontdesk train."
        raise ConfigError("There is no such model.", where=str(model), hint=hint)
    return model


def _fetched(options: argparse.Namespace, model: Path | None) -> Path | None:
    from frontdesk.server.workers import worker_number
    from frontdesk.stores.model_storage import ModelStorage

    models = options.project / "models"
    if worker_number() is not None:
        return models / model.name if model is not None else None
    return ModelStorage.named(options.remote_storage).fetch(str(model) if model else None, models)


def listening(options: argparse.Namespace) -> Listening:
    """Return where and how to listen. Raises ConfigError where the certificate does not do."""
    from frontdesk.server.listening import Listening, encryption

    return Listening(
        interface=options.interface,
        port=options.port or 5005,
        origins=tuple(options.cors),
        encryption=encryption(
            options.ssl_certificate, options.ssl_keyfile, options.ssl_ca_file, options.ssl_password
        ),
        response_timeout=options.response_timeout,
        request_timeout=options.request_timeout,
    )


def protection(options: argparse.Namespace, settings: Settings) -> Protection:
    """Return who may come in, and how often, as options and endpoints.yml say. Raises ConfigError."""
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.server.protection import Protection

    layout = layout_of(options)
    return Protection.of(
        layout.folder,
        read_endpoints(layout.folder, layout.endpoints),
        settings,
        token=options.auth_token,
        jwt_secret=options.jwt_secret,
        jwt_method=options.jwt_method,
        hosts=frozenset(options.api_allow_host),
    )


def api(options: argparse.Namespace, guard: Protection) -> ApiOptions | None:
    """Return how the HTTP API is opened, or None where it stays closed."""
    if not options.enable_api:
        return None
    from frontdesk.server.api_context import ApiOptions

    return ApiOptions(guard.access, guard.hosts, tuple(options.cors), layout_of(options))
