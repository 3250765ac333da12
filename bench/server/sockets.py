"""Keep many Socket.IO connections open, and say something over some of them: python -m bench.server.sockets URL.

A process of its own, like `bench.load`. Each connection is a web socket that answers the server's pings, as a widget
does; messages are due at even times, each over another connection. One JSON object comes out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.load import percentiles
from bench.words import word

AT_ONCE = 32  # connections that are being opened
PATIENCE = 60.0  # seconds
SENTENCES = (
    "thanks, says {}",
    "hi, this is {}",
    "are you a bot, asks {}",
    "what can you do? {} wants to know",
)


@dataclass
class Crowd:
    """Everybody who is connected, and what was seen."""

    url: str
    lost: int = 0
    refused: int = 0
    waiting: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    sockets: list[ClientConnection | None] = field(default_factory=list)
    readers: list[asyncio.Task[None]] = field(default_factory=list)
    over: bool = False

    async def enter(self, number: int, doors: asyncio.Semaphore) -> None:
        """Connect, ask for a session, and listen from now on."""
        async with doors:
            try:
                async with asyncio.timeout(PATIENCE):
                    socket = await self._connected()
            except (OSError, TimeoutError, ConnectionClosed, ValueError):
                self.refused += 1
                return
        self.sockets[number] = socket
        self.readers.append(asyncio.create_task(self._listen(number, socket)))

    async def _connected(self) -> ClientConnection:
        socket = await connect(self.url, compression=None, ping_interval=None, max_queue=4)
        for expected, said in (("0", "40"), ("40", '42["session_request",{}]')):
            if not str(await socket.recv()).startswith(expected):
                raise ValueError("not what Socket.IO says")
            await socket.send(said)
        while True:
            heard = str(await socket.recv())
            if heard.startswith('42["session_confirm"'):
                return socket
            if heard == "2":
                await socket.send("3")

    async def _listen(self, number: int, socket: ClientConnection) -> None:
        try:
            async for heard in socket:
                if heard == "2":
                    await socket.send("3")
                elif str(heard).startswith('42["bot_uttered"'):
                    waiting = self.waiting.pop(number, None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(None)
        except ConnectionClosed:
            pass
        if not self.over:
            self.lost += 1
            self.sockets[number] = None

    async def say(self, number: int, text: str, due: float) -> float | None:
        """Say something over one connection; return after how many seconds the first answer came."""
        socket = self.sockets[number]
        if socket is None:
            return None
        answered = self.waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE):
                await socket.send(f'42["user_uttered",{json.dumps({"message": text})}]')
                await answered
        except (OSError, TimeoutError, ConnectionClosed):
            return None
        return time.perf_counter() - due


async def run(url: str, connections: int, seconds: float, rate: float, first: int) -> dict[str, Any]:
    """Open the connections, talk for so many seconds, and return what was seen."""
    crowd = Crowd(url, sockets=[None] * connections)
    doors, begun = asyncio.Semaphore(AT_ONCE), time.perf_counter()
    await asyncio.gather(*(crowd.enter(number, doors) for number in range(connections)))
    opened = time.perf_counter() - begun
    print(json.dumps({"open": connections - crowd.refused, "seconds": round(opened, 1)}), flush=True)
    began, said = time.perf_counter(), []
    for place in range(round(seconds * rate)):
        due = began + place / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0.0))
        text = SENTENCES[place % len(SENTENCES)].format(word(first + place))
        said.append(asyncio.create_task(crowd.say((place * 7919) % connections, text, due)))
    took = await asyncio.gather(*said)
    crowd.over = True
    for reader in crowd.readers:
        reader.cancel()
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "connections": connections,
        "refused": crowd.refused,
        "opening_seconds": round(opened, 1),
        "disconnects": crowd.lost,
        "sent": len(took),
        "unanswered": sum(each is None for each in took),
        "latency_ms": percentiles([each for each in took if each is not None]),
        "load_cpu_seconds": round(spent.ru_utime + spent.ru_stime, 1),
    }


def main() -> None:
    """Read the options, keep the connections, print what was measured (the first line says when all are open)."""
    parser = argparse.ArgumentParser(prog="bench.server.sockets", description=__doc__.partition("\n")[0])
    parser.add_argument("url", help="ws://HOST:PORT/socket.io/?EIO=4&transport=websocket")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=12.0, help="messages in a second, over all connections")
    parser.add_argument("--first", type=int, default=0, help="the number of the first word")
    given = parser.parse_args()
    print(json.dumps(asyncio.run(run(given.url, given.connections, given.seconds, given.rate, given.first))))


if __name__ == "__main__":
    main()
