"""`frontdesk run --workers N`: several processes at one address, looked after by one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.conftest import Server, frontdesk, until
from tests.faults.probe import SharedDesk, post, texts
from tests.faults.test_crashes import KILLED
from tests.faults.test_servers import talk, users_and_answers


def workers(server: Server) -> list[int]:
    """The processes that a server started, without what those started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended
            continue
        if int(fields[1]) == server.process.pid:
            found.append(int(stat.parent.name))
    return sorted(found)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def desk(shared_desk: SharedDesk) -> Iterator[SharedDesk]:
    """Two workers on one address."""
    shared_desk.start("--workers", "2")
    yield shared_desk
    if shared_desk.server.process.poll() is None:
        shared_desk.server.stop()


def both_answer(desk: SharedDesk) -> None:
    """Wait until both workers listen: until two connections at once are answered by two processes."""
    until(lambda: len(listeners(desk)) == 2, "both workers listen")


def listeners(desk: SharedDesk) -> set[int]:
    port = f":{int(desk.server.url.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(line[9]) for line in lines if line[1].endswith(port) and line[3] == "0A"}


def test_all_answer_at_one_address_and_share_the_conversations(steady_desk: SharedDesk) -> None:
    desk = steady_desk
    desk.start("--workers", "2")
    both_answer(desk)
    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda n: texts(post(desk.server, "/note", "ann", f"m{n}")), range(60)))
    assert sorted(said) == sorted([f"Noted under {n}."] for n in range(1, 61))
    assert users_and_answers(desk) == talk(1, 60)
    assert len(desk.tries()) == 60
    assert httpx.get(desk.server.url).status_code == 200, "the chat page"


def test_a_worker_that_is_killed_is_started_again_and_its_turn_is_finished(desk: SharedDesk) -> None:
    both_answer(desk)
    request = desk.send_to_gate("/gate_last", message_id="m1")
    before = workers(desk.server)
    for process in before:
        os.kill(process, signal.SIGKILL)
    desk.open_gate()
    with pytest.raises(KILLED):
        request.result(60)
    desk.until_answered("m1")
    both_answer(desk)
    assert len(workers(desk.server)) == 2
    assert not set(before) & set(workers(desk.server))
    assert desk.effects() == ["m1"]
    assert "killed by signal 9" in desk.log()


def test_a_signal_lets_all_finish_their_turns(desk: SharedDesk) -> None:
    both_answer(desk)
    request = desk.send_to_gate("/gate_first", message_id="m1")
    running = workers(desk.server)
    desk.server.process.send_signal(signal.SIGTERM)
    until(lambda: listeners(desk) == set(), "nobody listens any more")
    desk.open_gate()
    assert texts(request.result(60)) == ["Done under 1."]
    assert desk.server.process.wait(60) == 0
    assert not any(alive(process) for process in running)
    assert desk.inbox() == [("m1", True)]
    assert "Traceback" not in desk.log()


def test_workers_end_with_the_one_that_looks_after_them(desk: SharedDesk) -> None:
    both_answer(desk)
    running = workers(desk.server)
    desk.server.kill()
    until(lambda: not any(alive(process) for process in running), "the workers have ended")
    assert "it ends" in desk.log()


@pytest.mark.parametrize(
    ("endpoints", "channels", "arguments", "told"),
    [
        ("tracker_store:\n  type: sql\n", "rest:\n", (), "a lock_store that they share"),
        ("lock_store:\n  type: redis\n", "rest:\n", (), "a tracker_store that they share"),
        ("tracker_store:\n  type: sql\nlock_store:\n  type: in_memory\n", "rest:\n", (), "endpoints.yml:3"),
        ("tracker_store:\n  type: sql\nlock_store:\n  type: frontdesk.testing.fakes.NoLocks\n", "socketio:\n", (), "lock_store: redis"),
        ("tracker_store:\n  type: sql\nlock_store:\n  type: redis\n", "rest:\n", ("--enable-api", "--watch"), "--watch would train in each"),
        ("", "rest:\n", ("--workers", "0"), "'0' is not a number from 1 to 256"),
    ],
)  # fmt: skip
def test_what_cannot_be_shared_is_told(
    project: Path, endpoints: str, channels: str, arguments: tuple[str, ...], told: str
) -> None:
    (project / "endpoints.yml").write_text(endpoints)
    (project / "credentials.yml").write_text(channels)
    done = frontdesk("run", "--workers", "2", *arguments, cwd=project)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_that_cannot_start_end_the_command(project: Path) -> None:
    text = "tracker_store:\n  type: sql\nlock_store:\n  type: redis\n  db: wrong\n"
    (project / "endpoints.yml").write_text(text)
    done = frontdesk("run", "--workers", "2", "--port", "0", cwd=project)
    assert done.returncode != 0
    assert "Redis numbers its databases" in done.stderr
    assert "Traceback" not in done.stderr
