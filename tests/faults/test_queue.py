"""The queue mode: front servers write messages down, workers answer them; whatever ends, nothing is lost and nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from frontdesk.runtime.agent import APOLOGY, STARTS
from frontdesk.testing import servers
from tests.conftest import PATIENCE, SECRET, Server, frontdesk, until
from tests.engine.server.test_model_server import Shelf
from tests.faults.probe import SharedDesk, post, texts
from tests.faults.test_reminders import REMIND
from tests.faults.test_servers import talk, users_and_answers
from tests.widget import widget

QUEUE = """
queue:
  type: redis
  url: {redis}
  lifetime: {lifetime}
  limit: {limit}
  timeout: {timeout}
"""


class QueueDesk(SharedDesk):
    """Front servers and workers on one queue."""

    def __init__(
        self,
        folder: Path,
        serve: Callable[..., Server],
        database: servers.Server,
        redis: servers.Server,
        **seconds: float,
    ) -> None:
        super().__init__(folder, serve, database, redis, **seconds)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.limit(10_000)
        (folder / "credentials.yml").write_text("rest:\nchat:\nsocketio:\n  session_persistence: true\n")

    def limit(self, most: int) -> None:
        """Let so many messages wait."""
        file = self.folder / "endpoints.yml"
        rest = file.read_text().partition("\nqueue:")[0]
        where = rest.partition("lock_store:")[2].partition("url: ")[2].split()[0]
        queue = QUEUE.format(redis=where, limit=most, lifetime=self.lifetime, timeout=self.timeout)
        file.write_text(rest + queue)

    def work(self) -> subprocess.Popen[bytes]:
        """Start a worker; it may end at once, over a message that ends it."""
        log = self.folder / f"server-worker-{len(self.workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "frontdesk.cli.main", "worker"],
                cwd=self.folder,
                env={**os.environ, "FRONTDESK_SECRET": SECRET},
                stdout=out,
                stderr=out,
            )
        self.workers.append(process)
        ready = "answering what waits"
        until(lambda: ready in log.read_text() or process.poll() is not None, "it is ready", log.read_text)
        return process

    def queue(self, *arguments: str) -> str:
        """Ask the command line about the queue."""
        done = frontdesk("queue", *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.terminate()
        for process in self.workers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
            process.wait()


@pytest.fixture
def desk(
    project: Path, serve: Callable[..., Server], postgresql: servers.Server, redis: servers.Server
) -> Iterator[QueueDesk]:
    """A project for the queue mode; nothing runs yet."""
    found = QueueDesk(project, serve, postgresql, redis)
    yield found
    found.close()


@pytest.fixture
def steady_desk(
    project: Path, serve: Callable[..., Server], postgresql: servers.Server, redis: servers.Server
) -> Iterator[QueueDesk]:
    """The same for workers that all live on: no message is claimed because the machine stood still for a moment."""
    with contextlib.closing(QueueDesk(project, serve, postgresql, redis, lifetime=60)) as found:
        yield found


@pytest.fixture
def brittle_desk(
    project: Path, serve: Callable[..., Server], postgresql: servers.Server, own_redis: servers.Server
) -> Iterator[QueueDesk]:
    """The same with a Redis that a test may stop."""
    found = QueueDesk(project, serve, postgresql, own_redis, timeout=1.5)
    yield found
    found.close()
    if own_redis.process is None:
        own_redis.start()


def test_what_fronts_take_workers_answer_in_order_and_once(steady_desk: QueueDesk) -> None:
    desk = steady_desk
    fronts = [desk.start(), desk.start()]
    desk.work()
    desk.work()
    with ThreadPoolExecutor(24) as pool:
        said = list(pool.map(lambda n: texts(post(fronts[n % 2], "/note", "ann", f"m{n}")), range(30)))
        assert sorted(said) == sorted([f"Noted under {n}."] for n in range(1, 31))
        copies = list(pool.map(lambda n: texts(post(fronts[n % 2], "/note", "bob", "m1")), range(10)))
    assert copies == [["Noted under 31."]] * 10
    assert users_and_answers(desk) == talk(1, 30)
    assert len(desk.tries()) == 31
    assert desk.say("/note", "bob", "m1") == ["Noted under 31."], "a repeat"
    until(lambda: desk.queue().startswith("0 messages wait or are at work; 0 dead letters."), "all left it")
    assert httpx.get(f"{fronts[0].url}/").status_code == 200, "the chat page"
    assert "Traceback" not in desk.log()


def test_workers_tell_the_event_broker(desk: QueueDesk) -> None:
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(f"{endpoints.read_text()}\nevent_broker:\n  type: file\n  path: told.log\n")
    desk.start()
    workers = [desk.work(), desk.work()]
    for number in range(1, 5):
        assert desk.say("/note", message_id=f"m{number}") == [f"Noted under {number}."]
    workers[0].terminate()  # perhaps the one that tells
    workers[0].wait(PATIENCE)
    assert desk.say("/note", message_id="m5") == ["Noted under 5."]
    query = "SELECT data FROM events WHERE sender_id = 'ann' ORDER BY id"
    stored = [json.loads(data) for (data,) in desk.stored(query)]
    told = desk.folder / "told.log"
    until(lambda: told.read_text().count("\n") >= len(stored), "all is told", desk.log)
    assert [json.loads(line) for line in told.read_text().splitlines()] == [
        {"sender_id": "ann", **event} for event in stored
    ]


def test_a_full_queue_refuses_before_anything_is_written_down_and_a_signal_drains(desk: QueueDesk) -> None:
    desk.limit(3)
    desk.start("--queue")
    waiting = [desk.send("/note", message_id=f"m{n}") for n in range(1, 4)]
    until(lambda: desk.queue().startswith("3 messages wait"), "all are in the queue")
    for _ in range(3):
        refused = post(desk.server, "/note", message_id="m4")
        assert refused.status_code == 503
        assert refused.json()["reason"] == "Overloaded"
        assert int(refused.headers["Retry-After"]) > 0
    assert [name for name, _ in desk.inbox()] == ["m1", "m2", "m3"]
    first = desk.work()
    assert [texts(request.result(60)) for request in waiting] == [[f"Noted under {n}."] for n in (1, 2, 3)]
    assert desk.say("/note", message_id="m4") == ["Noted under 4."]

    last = desk.send_to_gate("/gate_last", message_id="m5")
    first.send_signal(signal.SIGTERM)
    until(lambda: "finishing what was taken" in desk.log(), "nothing more is taken")
    later = desk.send("/note", "bob", message_id="m6")
    desk.open_gate()
    assert texts(last.result(60)) == ["Done under 5."]
    assert first.wait(60) == 0
    assert ("m6", False) in desk.inbox()
    desk.work()
    assert texts(later.result(60)) == ["Noted under 6."]
    assert desk.effects() == [f"m{n}" for n in range(1, 7)]
    assert "Traceback" not in desk.log()


def test_a_worker_that_is_killed_is_replaced_and_the_client_gets_its_answer(desk: QueueDesk) -> None:
    desk.start()
    lost = desk.work()
    request = desk.send_to_gate("/gate_last", message_id="m1")
    behind = desk.send("/note", message_id="m2")
    lost.kill()
    desk.open_gate()
    desk.work()
    assert texts(request.result(60)) == ["Done under 1."]
    assert texts(behind.result(60)) == ["Noted under 2."]
    assert desk.effects() == ["m1", "m2"]
    assert len(set(desk.tries())) == 2, "each try of an effect has the same key"
    assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 2)]
    until(lambda: desk.queue().startswith("0 messages"), "the queue is empty", desk.queue)


def test_a_message_that_ends_each_worker_becomes_a_dead_letter_that_can_be_sent_again(
    desk: QueueDesk,
) -> None:
    desk.start()
    desk.send("/die", message_id="m1")  # its client may give up before so many workers were started
    for _ in range(STARTS + 3):
        worker = desk.work()
        until(lambda: worker.poll() is not None or ("m1", True) in desk.inbox(), "it ends, or gives up")
        if worker.poll() is None:
            break
    assert desk.say("/die", message_id="m1") == [APOLOGY]
    assert len(set(desk.tries())) == 1
    assert desk.say("/note", message_id="m2") == ["Noted under 2."], "the conversation goes on"
    until(lambda: "1 dead letters" in desk.queue(), "it is listed")
    [line] = [line for line in desk.queue().splitlines() if "message m1" in line]
    assert "rest" in line
    assert "conversation ann" in line
    assert frontdesk("queue", "requeue", "5-5", cwd=desk.folder).returncode == 1
    (desk.folder / "cured").touch()
    assert "waits again" in desk.queue("requeue", line.split()[0])
    desk.until_answered("m1")
    assert desk.history()[-1] == "bot: Survived under 1.", "under the key of its first try"
    assert desk.effects() == ["m1", "m2"]
    until(
        lambda: desk.queue().startswith("0 messages wait or are at work; 0 dead letters."),
        "it left the queue",
    )


def test_a_redis_that_comes_back_empty_is_filled_from_the_inbox(brittle_desk: QueueDesk) -> None:
    desk = brittle_desk
    desk.start()
    desk.work()
    request = desk.send_to_gate("/gate_last", message_id="m1")
    waiting = [desk.send("/note", message_id=f"m{n}") for n in range(2, 5)]
    desk.redis.stop()
    refused = post(desk.server, "/note", message_id="m5")
    assert refused.status_code == 503
    assert "Retry-After" in refused.headers
    desk.redis.start()
    desk.open_gate()
    assert texts(request.result(60)) == ["Done under 1."]
    assert [texts(done.result(60)) for done in waiting] == [[f"Noted under {n}."] for n in range(2, 5)]
    assert desk.say("/note", message_id="m5") == ["Noted under 5."]
    assert desk.effects() == [f"m{n}" for n in range(1, 6)]
    assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 5)]
    until(lambda: desk.queue().startswith("0 messages"), "the queue is empty", desk.queue)
    assert "Traceback" not in desk.log()


async def test_pages_hear_what_workers_answer_and_what_reminders_say(desk: QueueDesk) -> None:
    server = desk.start("--workers", "2")
    desk.open_gate()
    await asyncio.to_thread(desk.work)
    async with widget(server) as one, widget(server) as two:
        session = await one.session()
        assert await two.session(session) == session
        assert await one.say("/note", session_id=session) == {"status": "ok"}
        for page in (one, two):
            assert await page.told() == {"text": "Noted under 1."}
        await one.say(REMIND.format(0.2), session_id=session)
        for page in (one, two):
            assert await page.told() == {"text": "In 0.2 seconds."}
            assert await page.told() == {"text": "Done under 2."}
            assert page.got.empty()


def test_another_model_reaches_workers_that_run(desk: QueueDesk) -> None:
    domain, [first] = desk.folder / "domain.yml", (desk.folder / "models").glob("*.tar.gz")
    domain.write_text(domain.read_text().replace("Hello!", "Good morning!"))
    done = frontdesk(
        "train", "--quiet", "--fixed-model-name", "second", "--out", "elsewhere", cwd=desk.folder
    )
    assert done.returncode == 0, done.stderr
    shelf = Shelf()
    shelf.content = first.read_bytes()
    file = desk.folder / "endpoints.yml"
    file.write_text(f"{file.read_text()}\nmodels:\n  url: {shelf.url}\n  wait_time_between_pulls: 0.2\n")
    try:
        desk.start()
        workers = [desk.work(), desk.work()]
        assert desk.say("hello") == ["Hello!"]
        shelf.content = (desk.folder / "elsewhere" / "second.tar.gz").read_bytes()
        for number in range(2):
            log = desk.folder / f"server-worker-{number}.log"
            until(lambda log=log: "Answering with the model" in log.read_text(), "it has the model", desk.log)
        assert desk.say("hello") == ["Good morning!"]
        workers[0].terminate()
        assert workers[0].wait(PATIENCE) == 0
        assert desk.say("hello") == ["Good morning!"]
    finally:
        shelf.close()


SHARED = "tracker_store:\n  type: sql\nlock_store:\n  type: redis\n"


def test_front_servers_need_no_server_of_models(desk: QueueDesk) -> None:
    file = desk.folder / "endpoints.yml"
    file.write_text(f"{file.read_text()}\nmodels:\n  url: http://127.0.0.1:{servers.free_port()}/model\n")
    shutil.rmtree(desk.folder / "models")
    desk.start("--workers", "2")
    assert not (desk.folder / "models").exists()


@pytest.mark.parametrize(
    ("endpoints", "arguments", "told"),
    [
        (SHARED, ("run", "--queue", "--enable-api"), "has no model"),
        (SHARED, ("run", "--queue", "--remote-storage", "gcs"), "Give it to `frontdesk worker`"),
        (SHARED, ("worker", "--remote-storage", "gcs"), "needs the variable BUCKET_NAME"),
        ("tracker_store:\n  type: sql\n", ("run", "--queue"), "a lock_store that they share"),
        ("lock_store:\n  type: redis\n", ("worker",), "a tracker_store that they share"),
        ("tracker_store:\n  type: sql\nlock_store:\n  type: redis\nqueue:\n  type: pika\n", ("run",), "endpoints.yml:5"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_told(
    project: Path, endpoints: str, arguments: tuple[str, ...], told: str
) -> None:
    (project / "endpoints.yml").write_text(endpoints)
    done = frontdesk(*arguments, cwd=project)
    assert done.returncode != 0
    assert told in done.stderr
    assert "--workers" not in done.stderr, "nobody gave it"
    assert "Traceback" not in done.stderr
