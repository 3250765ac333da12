"""F-09: the same delivery twice to fifty times, at once and later, on every channel that names its deliveries."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Server, start_server
from tests.faults.probe import Desk, post, texts
from tests.widget import widget


@pytest.fixture(scope="module")
def running(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server that the tests share; each has conversations and message ids of its own."""
    folder = Path(shutil.copytree(trained, tmp_path_factory.mktemp("duplicates") / "project"))
    with (folder / "credentials.yml").open("a") as credentials:
        credentials.write("\nsocketio:\n  session_persistence: true\n")
    started: list[Server] = []

    def serve(folder: Path, **environment: str) -> Server:
        started.append(start_server(folder, **environment))
        return started[-1]

    desk = Desk(folder, serve)
    desk.start()
    yield desk
    for server in started:
        server.stop()


def tried(desk: Desk, message_id: str) -> int:
    return Counter(message for _, message in desk.tries())[message_id]


@pytest.mark.parametrize("times", [2, 50])
def test_on_the_rest_channel(running: Desk, times: int) -> None:
    sender, message_id = f"rest-{times}", f"r{times}"
    with ThreadPoolExecutor(times) as pool:
        answers = list(pool.map(lambda _: running.say("/note", sender, message_id), range(times)))
    answers.append(running.say("/note", sender, message_id))
    assert len({tuple(answer) for answer in answers}) == 1
    assert tried(running, message_id) == 1
    assert [line for line in running.history(sender) if line.startswith(("user", "bot"))] == [
        "user: /note", f"bot: {answers[0][0]}",
    ]  # fmt: skip


@pytest.mark.parametrize("times", [2, 50])
def test_on_the_chat_page(running: Desk, times: int) -> None:
    base, message_id = f"{running.server.url}/webhooks/chat", f"c{times}"
    session = httpx.post(f"{base}/session").json()
    headers = {"Authorization": f"Bearer {session['token']}"}
    body = {"message": "/note", "message_id": message_id}
    with ThreadPoolExecutor(times) as pool:
        answers = list(
            pool.map(lambda _: httpx.post(f"{base}/webhook", json=body, headers=headers).text, range(times))
        )
    assert len(set(answers)) == 1, "each gets the same replies"
    assert answers[0].count("event: message") == 1
    assert tried(running, message_id) == 1
    past = httpx.get(f"{base}/history", headers=headers).json()["messages"]
    assert [line["role"] for line in past] == ["user", "bot"], "and the page shows them once"


async def test_on_socket_io_also_after_a_new_connection(running: Desk) -> None:
    heard: list[Any] = []
    async with widget(running.server) as one:
        session = await one.session()
        await asyncio.gather(*(one.say("/note", session_id=session, message_id="s1") for _ in range(10)))
        heard += [one.got.get_nowait() for _ in range(one.got.qsize())]
    async with widget(running.server) as again:
        await again.say("/note", session_id=session, message_id="s1")
        heard.append(await again.told())
    assert len({str(reply["text"]) for reply in heard}) == 1
    assert tried(running, "s1") == 1


def test_the_same_words_under_a_new_id_are_a_new_message(running: Desk) -> None:
    first, second = (running.say("/note", "twice", message_id) for message_id in ("n1", "n2"))
    assert first != second
    assert tried(running, "n1") == tried(running, "n2") == 1


def test_the_same_id_in_another_conversation_is_another_message(running: Desk) -> None:
    assert running.say("/note", "left", "shared") != running.say("/note", "right", "shared")
    assert tried(running, "shared") == 2


def test_another_text_under_the_same_id_gets_the_first_answer(running: Desk) -> None:
    first = running.say("/note", "changed", "x1")
    assert running.say("hello", "changed", "x1") == first
    assert tried(running, "x1") == 1


def test_on_two_servers_at_once_and_after_both_were_killed(desk: Desk) -> None:
    servers = [desk.start(), desk.start()]
    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(lambda n: texts(post(servers[n % 2], "/note", "ann", "m1")), range(20)))
    for server in servers:
        server.kill()
    desk.start()
    said.append(desk.say("/note", "ann", "m1"))
    assert said == [["Noted under 1."]] * 21
    assert desk.effects() == ["m1"]
    assert len(set(desk.tries())) == 1, "a server that tries it, too, does so under the same key"
