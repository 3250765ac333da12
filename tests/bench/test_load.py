"""How messages are paced: when each is due, and since when its answer is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from bench import load
from bench.load import Load
from bench.mix import Mix


class Simulated(asyncio.SelectorEventLoop):
    """A loop with a clock of its own: it stands while something runs, and is at once at what is due next."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        due = [handle.when() for handle in self._scheduled if not handle.cancelled()]
        if due and not self._ready:
            self.now = max(self.now, min(due))
        super()._run_once()


class Slow:
    """Stands for a connection: answers after a while."""

    def __init__(self, *_: Any) -> None:
        self.opened = 1

    async def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Any:
        await asyncio.sleep(0.05)
        return [{"text": f"You said {body['message']}"}]

    def close(self) -> None:
        pass


def held(monkeypatch: Any, **given: Any) -> tuple[Load, dict[str, Any]]:
    monkeypatch.setattr(load, "Connection", Slow)
    monkeypatch.setattr(load, "RAMP", 0.0)
    made = Load("http://x", Mix.read("smallbot"), tokens=False, seconds=0.52, messages=1000, **given)
    with asyncio.Runner(loop_factory=Simulated) as runner:
        loop: Any = runner.get_loop()
        monkeypatch.setattr(load, "time", SimpleNamespace(perf_counter=loop.time))
        return made, runner.run(made.run(4))


def test_messages_are_due_at_even_times_and_waiting_counts_from_then(monkeypatch: Any) -> None:
    made, found = held(monkeypatch, rate=20.0)
    assert found["answered"] == 11  # twenty a second for half a second, the first one at once
    asked = sorted(at for at, _, _ in made.seen.answers)
    assert asked == pytest.approx([0.05 * number for number in range(11)])
    assert [took for _, took, _ in made.seen.answers] == pytest.approx([0.05] * 11)


def test_what_is_sent_late_was_waited_for_since_it_was_due(monkeypatch: Any) -> None:
    made, _ = held(monkeypatch, rate=400.0)  # four conversations can do 80 a second
    assert max(took for _, took, _ in made.seen.answers) > 0.2


def test_people_think_before_they_write_again(monkeypatch: Any) -> None:
    _, quick = held(monkeypatch)
    _, thoughtful = held(monkeypatch, think=1.0)
    assert quick["answered"] > thoughtful["answered"] > 0
