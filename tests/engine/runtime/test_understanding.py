from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from frontdesk.core.message import Message
from frontdesk.nlu.pipeline import Passage
from frontdesk.runtime.understanding import LARGEST_BATCH, Understanding


async def test_what_waits_is_one_batch() -> None:
    sizes: list[int] = []
    begun, gate = threading.Event(), threading.Event()

    def process(texts: Sequence[str]) -> list[Message]:
        begun.set()
        gate.wait(60)
        sizes.append(len(texts))
        return [Message(text) for text in texts]

    understanding = Understanding(process)
    first = asyncio.create_task(understanding.parse("0"))
    assert await asyncio.to_thread(begun.wait, 60)
    rest = [asyncio.create_task(understanding.parse(str(n))) for n in range(1, LARGEST_BATCH + 5)]
    await asyncio.sleep(0)  # each of them has asked
    gate.set()
    assert (await first).text == "0"
    assert [m.text for m in await asyncio.gather(*rest)] == [str(n) for n in range(1, LARGEST_BATCH + 5)]
    assert sizes == [1, LARGEST_BATCH, 4]
    await understanding.close()


async def test_an_error_reaches_everyone_who_waits_and_nobody_after() -> None:
    def process(texts: Sequence[str]) -> list[Message]:
        if "bad" in texts:
            raise ValueError("cannot")
        return [Message(text) for text in texts]

    understanding = Understanding(process)
    with pytest.raises(ValueError, match="cannot"):
        await understanding.parse("bad")
    assert (await understanding.parse("good")).text == "good"
    await understanding.close()


async def test_somebody_who_left_does_not_stop_the_others() -> None:
    understanding = Understanding(lambda texts: [Message(text) for text in texts])
    gone = asyncio.create_task(understanding.parse("a"))
    stays = asyncio.create_task(understanding.parse("b"))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await stays).text == "b"
    await understanding.close()


async def test_explaining_uses_the_same_thread_as_understanding() -> None:
    threads: list[str] = []

    def process(texts: Sequence[str]) -> list[Message]:
        threads.append(threading.current_thread().name)
        return [Message(text) for text in texts]

    def steps(text: str) -> list[Passage]:
        threads.append(threading.current_thread().name)
        return [Passage("Part", {}, Message(text), Message(text))]

    understanding = Understanding(process, steps)
    await understanding.parse("hello")
    assert [passage.component for passage in await understanding.explain("hello")] == ["Part"]
    assert len(threads) == 2
    assert len(set(threads)) == 1
    assert await Understanding(process).explain("hello") == []
    await understanding.close()
