"""What all tests share: a project that is trained once, and servers that run on it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest

from frontdesk.testing import servers
from frontdesk.testing.servers import free_port, report_missing_servers, require_found

# Property tests are the same each time, and no clock decides whether they pass.
hypothesis.settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("deterministic")

PATIENCE = 60.0
"""Seconds that a test waits for something; only one that fails on an idle machine waits as long."""

PATIENT = {"FRONTDESK_ACTION_DEADLINE": "40"}
"""Of a server on which actions take as long as a busy machine does: the first one imports the shop, and fills it."""

# A shell that runs the tests in the background lets them, and whatever they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]
ASSISTANT = ("config.yml", "endpoints.yml", "credentials.yml", "domain", "data", "kb", "actions")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Tests write a project's code anew within a second, which what was compiled of it would not notice.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
SECRET = "a-secret-for-tests-that-is-long-enough-0123456789"


def pytest_collection_finish() -> None:
    """From here on, modules that are imported are of projects that tests write."""
    sys.dont_write_bytecode = True


def frontdesk(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "frontdesk.cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="session", autouse=True)
def _httpx_waits_for_a_busy_machine() -> Iterator[None]:
    """Let calls of httpx that name no timeout wait as long as a test does, and not httpx's five seconds."""
    calls = (
        httpx.get, httpx.post, httpx.put, httpx.delete, httpx.options, httpx.request, httpx.stream.__wrapped__,
        httpx.Client.__init__, httpx.AsyncClient.__init__,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        for call in calls:
            patched.setitem(call.__kwdefaults__, "timeout", httpx.Timeout(PATIENCE))
        yield


def until(condition: Callable[[], Any], what: str, more: Callable[[], str] = str) -> Any:
    """Wait until something is so, and return what the condition returned; `more` tells what else there is to see."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"Waited in vain until {what}. {more()}"
        time.sleep(0.02)
    return found


def until_it_waits(pid: int) -> None:
    """Return when all threads of a program have been waiting, for a key for instance, for a quarter of a second."""
    quiet = 0

    def waits() -> bool:
        nonlocal quiet
        time.sleep(0.03)
        states = set()
        for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
            with suppress(OSError):  # it has ended in the meantime
                states.add(thread.read_text("utf-8").rpartition(")")[2].split()[0])
        quiet = quiet + 1 if states == {"S"} else 0
        return quiet == 5

    until(waits, "the program waits")


@dataclass
class Server:
    """A running server: where it is, its process, and what it logged."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> None:
        """End it as an operator would, and kill it if it does not end."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE)


def start_server(folder: Path, *arguments: str, **environment: str) -> Server:
    """Start `frontdesk run` in a project's folder and wait until it answers."""
    given = list(arguments)
    port = int(given[given.index("--port") + 1]) if "--port" in given else free_port()
    command = ("-m", "frontdesk.cli.main", "run", "--port", str(port), *arguments)
    return launch(
        folder, command, port, folder / f"server-{port}.log", {"FRONTDESK_SECRET": SECRET, **environment}
    )


def launch(
    folder: Path, command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Server:
    """Start a server as a process of Python and wait until it answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=out,
            stderr=out,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    wait_for(server)
    return server


def wait_for(server: Server) -> None:
    """Wait until a server answers; one that does not is ended, and what it logged is told."""
    deadline = time.monotonic() + 3 * PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(f"The server ended: {server.log.read_text('utf-8', 'replace')}")
        try:
            httpx.get(f"{server.url}/health", timeout=5, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    server.kill()
    raise RuntimeError(f"The server does not answer: {server.log.read_text('utf-8', 'replace')}")


@contextmanager
def action_server(folder: Path, *command: str, **environment: str) -> Iterator[str]:
    """Run a server of actions (`python -m COMMAND`) on a free port of its own; yields its address."""
    port = free_port()
    given = {"SANIC_HOST": "127.0.0.1", **environment}
    server = launch(
        folder, ("-m", *command, "--port", str(port)), port, folder / f"actions-{port}.log", given
    )
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, trained."""
    folder = tmp_path_factory.mktemp("starter")
    for arguments in (["init"], ["train", "--quiet"]):
        done = frontdesk(*arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copy_of_starter(starter: Path, tmp_path: Path) -> Path:
    """A copy of the trained starter project that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.log", "conversations.db*"))
    return folder


@pytest.fixture(scope="session")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The assistant of this repository, trained in a folder of its own; trained parts come from the project's cache."""
    folder = tmp_path_factory.mktemp("assistant")
    for name in ASSISTANT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    cache = ROOT / ".frontdesk" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (folder / ".frontdesk").mkdir()
    (folder / ".frontdesk" / "cache").symlink_to(cache)
    done = frontdesk("train", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    """A real PostgreSQL server."""
    with servers.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mysql() -> Iterator[servers.Server]:
    """A real MariaDB server."""
    with servers.mysql() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[servers.Server]:
    """A real Redis server, that every test finds empty and running."""
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def starter_server(starter: Path) -> Iterator[Server]:
    """A server on the starter project."""
    server = start_server(starter)
    yield server
    server.stop()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """A function that starts servers, which end with the test."""
    running: list[Server] = []

    def start(folder: Path, *arguments: str, **environment: str) -> Server:
        running.append(start_server(folder, *arguments, **environment))
        return running[-1]

    yield start
    for server in running:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, for the tests of one file."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    require_found("chromium", chromium)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was skipped because a server or a browser is not installed."""
    report_missing_servers(terminalreporter)
