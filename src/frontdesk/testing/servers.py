"""Real servers for tests: PostgreSQL, MariaDB and Redis, started in a folder of their own and stopped at the end.

A test asks with `require_server("postgresql")`; where the server is not installed it is skipped with a named
reason, and fails where FRONTDESK_REQUIRE_SERVERS is set to 1. `missing_servers()` tells at the end of a run
what was skipped.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk.testing.ports import free_port as free_port

REQUIRE = "FRONTDESK_REQUIRE_SERVERS"
WAIT = 60.0
"""Seconds that a server has to come up."""

_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/pgsql-*/bin",
    "/usr/sbin",
    "/usr/lib/rabbitmq/bin",
)
_BINARY = {
    "postgresql": "postgres",
    "mysql": "mariadbd",
    "redis": "redis-server",
    "rabbitmq": "rabbitmq-server",
}
_HOW = {
    "postgresql": "apt-get install postgresql",
    "mysql": "apt-get install mariadb-server",
    "redis": "apt-get install redis-server",
    "rabbitmq": "apt-get install rabbitmq-server",
    "chromium": "apt-get install chromium",
    "azurite": "npm install --global azurite",
    "ministack": "pip install ministack==1.5.33, in an environment of its own",
    "secantusdb": "pip install secantusdb==0.7.0b3",
    "rasa-webchat": "npm install --global rasa-webchat@1.0.1",
}

missed: Counter[str] = Counter()
"""How many tests were skipped in this process, by what was not there."""


def find_binary(name: str) -> Path | None:
    """Return a program by name, from the path or from where Debian and others put PostgreSQL's."""
    found = shutil.which(name)
    if found:
        return Path(found)
    for pattern in _FOLDERS:
        # The newest version first.
        for folder in sorted(Path("/").glob(pattern[1:]), reverse=True):
            if (folder / name).is_file():
                return folder / name
    return None


def require_server(name: str) -> Path:
    """Return a server's program, or skip the test that asks (fail it where FRONTDESK_REQUIRE_SERVERS=1).

    `name` is "postgresql", "mysql", "redis" or "rabbitmq".
    """
    found = find_binary(_BINARY[name])
    if found is None:
        require_found(name, False)
    assert found is not None
    return found


def require_found(name: str, found: object) -> None:
    """Skip the test that asks where something, such as a browser, was not found.

    Fail it instead where FRONTDESK_REQUIRE_SERVERS=1.
    """
    import pytest

    if found:
        return
    reason = _absent(name)
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(f"{reason}, and {REQUIRE} is 1", pytrace=False)
    missed[name] += 1
    pytest.skip(reason)


def missing_servers() -> list[str]:
    """Return one line for each thing whose absence skipped tests."""
    return [f"{count} skipped: {_absent(name)}" for name, count in sorted(missed.items())]


def _absent(name: str) -> str:
    return f"{name} is not installed ({_HOW.get(name, 'install it')})"


def report_missing_servers(terminal: Any) -> None:
    """Write what was skipped into pytest's summary; call it in `pytest_terminal_summary`."""
    lines = missing_servers()
    if lines:
        terminal.section("skipped for a missing server", sep="-")
        for line in lines:
            terminal.line(f"{line}; {REQUIRE}=1 turns this into a failure")


@dataclass
class Server:
    """A running server. `stop` and `start` may be called in turn, to see what others make of it."""

    name: str
    port: int
    folder: Path
    command: Sequence[str]
    ready: Callable[[Server], bool]
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None
    # SIGINT is PostgreSQL's fast shutdown, SIGTERM its slow one; Redis takes both.
    ends_on: signal.Signals = signal.SIGINT
    environment: Mapping[str, str] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log if it does not."""
        log = (self.folder / "log").open("ab")
        with log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **(self.environment or {})}, start_new_session=True, **_as_user(self.user),
            )  # fmt: skip
        until = time.monotonic() + WAIT
        while not self.ready(self):
            if self.process.poll() is not None or time.monotonic() > until:
                self.stop()
                tail = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.name} did not come up on port {self.port}:\n{tail}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.ends_on)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.process = None

    def new_database(self) -> str:
        """Return the URL of a new, empty database: PostgreSQL's by name, Redis's by number."""
        number = next(self._numbers)
        if self.name == "redis":
            return f"redis://127.0.0.1:{self.port}/{number}"
        name = f"test_{number}"
        if self.name == "mysql":
            run_mysql(self.port, f"CREATE DATABASE {name}")
            return f"mysql://root@127.0.0.1:{self.port}/{name}"
        run_sql(self.port, f'CREATE DATABASE "{name}"')
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"


def run_sql(port: int, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
    """Run a statement in PostgreSQL, outside of any transaction, and return its rows."""
    import psycopg

    address = {
        "host": "127.0.0.1",
        "port": port,
        "user": "postgres",
        "dbname": database,
        "connect_timeout": 5,
    }
    with psycopg.connect(autocommit=True, **address) as connection:  # type: ignore[arg-type]  # mixed keywords
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def run_mysql(port: int, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
    """Run a statement in MariaDB and return its rows."""
    import pymysql

    address = {"host": "127.0.0.1", "port": port, "user": "root", "database": database, "connect_timeout": 5}
    connection = pymysql.connect(autocommit=True, **address)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())
    finally:
        connection.close()


def run_redis(url: str, *command: object) -> Any:
    """Run a command in Redis and return what it says."""
    from redis import Redis

    with Redis.from_url(url, decode_responses=True) as client:
        return client.execute_command(*command)


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[Server]:
    """Run a new PostgreSQL; user `postgres`, no password. Skips the test where it is not installed.

    Only a `durable` one waits until the disk has what it commits.

    >>> with postgresql() as server:
    ...     store = SqlTrackerStore({"url": server.new_database()})
    """
    program = require_server("postgresql")
    with folder_of("frontdesk-pg-") as (folder, user):
        where = folder / "cluster"
        make = [
            str(program.parent / "initdb")
            if (program.parent / "initdb").exists()
            else _beside(program, "initdb")
        ]
        options = [
            "-D",
            str(where),
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        done = subprocess.run(
            [*make, *options], capture_output=True, cwd=folder, check=False, **_as_user(user)
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')[-2000:]}")
        port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder)}
        settings["fsync"] = "on" if durable else "off"
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(program), "-D", str(where), "-p", str(port), *flags]
        yield from running(Server("postgresql", port, folder, command, _postgresql_ready, user))


@contextlib.contextmanager
def mysql() -> Iterator[Server]:
    """Run a new MariaDB; user `root`, no password. Skips the test where it is not installed."""
    program = require_server("mysql")
    with folder_of("frontdesk-mysql-") as (folder, user):
        where, port = folder / "data", free_port()
        make = str(find_binary("mariadb-install-db") or "mariadb-install-db")
        common = ["--no-defaults", f"--datadir={where}", f"--user={user}" if user else "--skip-name-resolve"]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        done = subprocess.run([make, *common, *options], capture_output=True, cwd=folder, check=False)
        if done.returncode:
            raise RuntimeError(f"{make} failed: {done.stdout.decode(errors='replace')[-2000:]}")
        flags = [
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            "--innodb-flush-log-at-trx-commit=0",  # nobody pulls the plug
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=OFF",
            "--sync-frm=OFF",
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=OFF",
        ]
        command = [str(program), *common, *flags]
        yield from running(Server("mysql", port, folder, command, _mysql_ready, user, ends_on=signal.SIGTERM))


@contextlib.contextmanager
def redis() -> Iterator[Server]:
    """Run a new Redis that keeps everything in memory. Skips the test where it is not installed."""
    program = require_server("redis")
    with folder_of("frontdesk-redis-") as (folder, user):
        port = free_port()
        options = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(folder),
            "--databases",
            "10000",
        ]
        yield from running(Server("redis", port, folder, [str(program), *options], _redis_ready, user))


def running(server: Server) -> Iterator[Server]:
    """Start a server, and stop it at the end."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _postgresql_ready(server: Server) -> bool:
    import psycopg

    try:
        run_sql(server.port, "SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _mysql_ready(server: Server) -> bool:
    import pymysql

    try:
        run_mysql(server.port, "SELECT 1")
    except pymysql.OperationalError:
        return False
    return True


def _redis_ready(server: Server) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def listens(server: Server) -> bool:
    """Tell whether a server takes connections: of one that is asked nothing else, that it is there."""
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def folder_of(prefix: str, preferred: str = "postgres") -> Iterator[tuple[Path, str | None]]:
    """Yield a new folder and the user that owns it: for root somebody else, since PostgreSQL insists."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    user = _unprivileged(preferred) if os.geteuid() == 0 else None
    try:
        if user:
            shutil.chown(folder, user)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(preferred: str) -> str:
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in (preferred, "postgres", "redis", "nobody") if name in known), "nobody")


def _as_user(user: str | None) -> dict[str, Any]:
    return {"user": user, "extra_groups": []} if user else {}


def _beside(program: Path, name: str) -> str:
    beside = program.resolve().parent / name
    return str(beside if beside.exists() else find_binary(name) or name)
