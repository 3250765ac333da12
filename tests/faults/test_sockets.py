"""Socket.IO over several workers: a page's requests reach the one that has its connection, and replies reach the page.

The client makes a new TCP connection for each request, as a proxy in front might: so any worker gets any of them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest

from frontdesk.testing import servers
from tests.conftest import Server, start_server, until
from tests.faults.probe import SharedDesk
from tests.faults.test_reminders import REMIND
from tests.faults.test_workers import listeners, workers
from tests.widget import Widget, widget

HELLO = {"text": "Hello!"}


Sockets = Callable[[int], SharedDesk]


@pytest.fixture(scope="module")
def started(
    trained: Path, tmp_path_factory: pytest.TempPathFactory, postgresql: servers.Server, redis: servers.Server
) -> Iterator[Sockets]:
    """Projects with Socket.IO that so many workers serve, each started once."""
    running: dict[int, SharedDesk] = {}

    def start(count: int) -> SharedDesk:
        if count not in running:
            folder = Path(shutil.copytree(trained, tmp_path_factory.mktemp("sockets") / "project"))
            desk = running[count] = SharedDesk(folder, start_server, postgresql, redis)
            (folder / "credentials.yml").write_text("rest:\nsocketio:\n  session_persistence: true\n")
            desk.start("--workers", str(count))
        until(lambda: len(listeners(running[count])) == count, "all workers listen", running[count].log)
        return running[count]

    yield start
    for desk in running.values():
        desk.server.stop()
        assert "Traceback" not in desk.log()


@pytest.fixture
def desk(started: Sockets) -> SharedDesk:
    """Two workers; the gate is closed."""
    desk = started(2)
    for file in (desk.gate, desk.at_gate):
        file.unlink(missing_ok=True)
    return desk


@asynccontextmanager
async def page(server: Server, *transports: str) -> AsyncIterator[Widget]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
        widget(server, *transports, http_session=session) as one,
    ):
        yield one


def at(one: Widget) -> str:
    """Which worker has a page's connection."""
    return str(one.client.eio.sid).partition(".")[0]


@asynccontextmanager
async def at_two_workers(server: Server, *transports: str) -> AsyncIterator[tuple[Widget, Widget]]:
    """Two pages that are connected to two workers."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(page(server, *transports))
        two = one
        while at(two) == at(one):
            two = await stack.enter_async_context(page(server, *transports))
        yield one, two


@pytest.mark.parametrize("count", [2, 3])
async def test_each_page_gets_its_own_answers_by_whatever_transport(started: Sockets, count: int) -> None:
    server = started(count).server
    kinds: list[tuple[str, ...]] = [("polling",), (), ("websocket",)]  # (): polling, and then an upgrade
    async with AsyncExitStack() as stack:
        pages: list[Widget] = []
        # The kernel chooses a worker for each: so many come until all workers have some.
        while len(pages) < 6 * count or {at(one) for one in pages} < {f"w{n}" for n in range(count)}:
            kind = kinds[len(pages) % 3]
            pages.append(await stack.enter_async_context(page(server, *kind)))
            assert pages[-1].client.transport() == ("polling" if kind == ("polling",) else "websocket")
        assert {at(one) for one in pages} == {f"w{n}" for n in range(count)}

        async def talk(one: Widget) -> None:
            session = await one.session()
            for _ in range(3):
                assert await one.say("hello", session_id=session) == {"status": "ok"}
                assert await one.told() == HELLO
            assert one.got.empty()

        await asyncio.gather(*map(talk, pages))


@pytest.mark.parametrize("transports", [("polling",), ()], ids=["polling", "upgraded"])
async def test_two_pages_of_a_session_at_two_workers_see_the_same(
    desk: SharedDesk, transports: tuple[str, ...]
) -> None:
    server = desk.server
    async with at_two_workers(server, *transports) as (one, two):
        session = await one.session()
        assert await two.session(session) == session
        for speaker in (one, two, one):
            await speaker.say("hello", session_id=session)
            assert await one.told() == HELLO
            assert await two.told() == HELLO
        assert one.got.empty()
        assert two.got.empty()


async def test_what_a_reminder_says_reaches_a_page_that_connected_elsewhere(desk: SharedDesk) -> None:
    desk.open_gate()
    server = desk.server
    async with at_two_workers(server, "polling") as (one, two):
        session = await one.session()
        assert await two.session(session) == session
        await one.say(REMIND.format(0.5), session_id=session)
        for heard in (one, two):
            assert await heard.told() == {"text": "In 0.5 seconds."}
            assert (await heard.told())["text"].startswith("Done under ")
            assert heard.got.empty()


async def test_a_page_hears_the_end_of_a_turn_whose_worker_was_killed(desk: SharedDesk) -> None:
    server = desk.server
    async with at_two_workers(server, "websocket") as (one, two):  # an upgrade may go through the other one
        session = await one.session()
        running = set(workers(server))
        [stayed] = [pid for pid in running if f"w{_number(pid)}" == at(two)]
        lost = asyncio.create_task(one.say("/gate_last", session_id=session, message_id="m1"))
        await asyncio.to_thread(until, desk.at_gate.exists, "the action is at the gate")
        await two.session(session)
        os.kill((running - {stayed}).pop(), signal.SIGKILL)
        desk.open_gate()
        done = await two.told()
        assert done["text"].startswith("Done under ")
        lost.cancel()
        async with page(server, "polling") as three:
            assert await three.session(session) == session
            await three.say("/gate_last", session_id=session, message_id="m1")
            assert await three.told() == done, "a repeat gets the stored reply"
    assert desk.effects().count("m1") == 1


def _number(pid: int) -> str:
    with open(f"/proc/{pid}/environ", "rb") as file:
        [given] = [part for part in file.read().split(b"\0") if part.startswith(b"FRONTDESK_WORKER=")]
    return given.decode().partition("=")[2].partition(":")[0]


async def test_a_connection_of_a_worker_that_was_started_anew_is_refused_and_made_anew(
    desk: SharedDesk,
) -> None:
    server = desk.server
    before = listeners(desk)
    async with at_two_workers(server, "polling") as (one, two):
        sids = [one.client.eio.sid, two.client.eio.sid, "w7.nobody", "nobody"]
        for process in workers(server):
            os.kill(process, signal.SIGKILL)
        await asyncio.to_thread(
            until, lambda: len(listeners(desk) - before) == 2, "both are started again", desk.log
        )
        for sid in sids:
            assert await asked(server, sid) <= {400, 503}
        async with page(server, "polling") as three:
            await three.say("hello", session_id=await three.session())
            assert await three.told() == HELLO


async def asked(server: Server, sid: str) -> set[int]:
    """With which statuses a connection is answered, asked often enough to reach every worker."""
    url = f"{server.url}/socket.io/?EIO=4&transport=polling&sid={sid}"
    found = set()
    for _ in range(12):
        async with httpx.AsyncClient() as client:
            found.add((await client.post(url, content=b"3")).status_code)
    return found


async def test_servers_of_several_machines_tell_each_others_pages(desk: SharedDesk) -> None:
    """Behind a proxy that keeps each client at one machine."""
    here, there = desk.server, start_server(desk.folder)
    try:
        async with page(here, "polling") as one, page(there, "polling") as two:
            session = await one.session()
            assert await two.session(session) == session
            await two.say("hello", session_id=session)
            assert await one.told() == HELLO
            assert await two.told() == HELLO
    finally:
        there.stop()
