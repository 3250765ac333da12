"""Many at once: the same message, messages of one conversation, two servers on one database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.conftest import Server, start_server
from tests.faults.probe import Desk, post, texts

MANY = 50


@pytest.fixture(scope="module")
def running(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server that the tests share; each has conversations and message ids of its own."""
    folder = Path(shutil.copytree(trained, tmp_path_factory.mktemp("parallel") / "project"))
    started: list[Server] = []

    def serve(folder: Path, **environment: str) -> Server:
        started.append(start_server(folder, **environment))
        return started[-1]

    desk = Desk(folder, serve)
    desk.start()
    yield desk
    for server in started:
        server.stop()


def test_fifty_deliveries_of_one_message_have_one_effect(running: Desk) -> None:
    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda _: running.say("/note", "fay", "f1"), range(MANY)))
    assert answers == [answers[0]] * MANY
    assert answers[0][0].startswith("Noted under ")
    assert [message_id for _, message_id in running.tries()].count("f1") == 1
    assert [message_id for message_id, _ in running.inbox()].count("f1") == 1
    heard = [line for line in running.history("fay") if line.startswith(("user", "bot"))]
    assert heard == ["user: /note", f"bot: {answers[0][0]}"]


def test_messages_of_one_conversation_are_answered_in_the_order_of_arrival(running: Desk) -> None:
    first = running.send_to_gate("/gate_first", "gus", "g0")
    others = [running.send("/note", "gus", f"g{number}") for number in range(1, 9)]
    running.say("/note", "bob", "b1")  # nobody else waits
    running.open_gate()
    said = [texts(request.result(60))[0] for request in (first, *others)]
    begin = int(said[0].removeprefix("Done under ").removesuffix("."))
    assert said[1:] == [f"Noted under {number}." for number in range(begin + 1, begin + 9)]
    assert running.effects()[-10:] == ["b1", *(f"g{number}" for number in range(9))]
    assert [line for line in running.history("gus") if line.startswith("bot")] == [
        f"bot: {text}" for text in said
    ]


def test_many_conversations_at_once(running: Desk) -> None:
    with ThreadPoolExecutor(16) as pool:
        jobs = [(f"person {sender}", f"{sender}-{number}") for number in range(5) for sender in range(16)]
        for answer in pool.map(lambda job: running.say("/note", *job), jobs):
            assert answer[0].startswith("Noted under ")
    assert len(running.tries()) == len(set(running.tries()))
    assert {message_id for _, message_id in jobs} <= set(running.effects())
    for sender in range(16):
        assert sum(line == "user: /note" for line in running.history(f"person {sender}")) == 5


def test_two_servers_on_one_file(desk: Desk) -> None:
    one, other = desk.start(), desk.start()
    with ThreadPoolExecutor(4) as pool:
        for number in range(4):  # the same delivery to both at once, and another conversation to each
            jobs = [
                (one, "ann", f"m{number}"),
                (other, "ann", f"m{number}"),
                (one, "bob", f"b{number}"),
                (other, "cleo", f"c{number}"),
            ]
            said = list(pool.map(lambda job: texts(post(job[0], "/note", *job[1:])), jobs))
            assert said[0] == said[1]
    assert sorted(desk.effects()) == sorted(f"{name}{number}" for name in "mbc" for number in range(4))
    for sender in ("ann", "bob", "cleo"):
        heard = [line for line in desk.history(sender) if line.startswith(("user", "bot"))]
        assert len(heard) == 8
        assert heard[::2] == ["user: /note"] * 4


def test_a_second_server_that_starts_in_the_middle_of_a_turn(desk: Desk) -> None:
    one = desk.start()
    request = desk.send_to_gate("/gate_last", message_id="m1")
    desk.start()
    desk.open_gate()
    assert texts(request.result(60)) == ["Done under 1."]
    assert (
        desk.say("/gate_last", message_id="m1")
        == texts(post(one, "/gate_last", message_id="m1"))
        == ["Done under 1."]
    )
    assert desk.effects() == ["m1"]
    assert [line for line in desk.history() if line.startswith(("user", "bot"))] == [
        "user: /gate_last",
        "bot: Done under 1.",
    ]
    assert httpx.get(f"{one.url}/health").status_code == 200
