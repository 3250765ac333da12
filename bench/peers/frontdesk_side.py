"""Hold conversations with Frontdesk: `python -m bench.peers.frontdesk_side JOB.json`, one project a process."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys
import time
import traceback
import uuid
from pathlib import Path
from typing import Any

OFFSET = [0.0]
_real = time.time
time.time = lambda: _real() + OFFSET[0]  # before anything takes hold of the clock: `wait:` moves it

from frontdesk.actions.responses import DomainResponses  # noqa: E402
from frontdesk.actions.servers import make_action_server  # noqa: E402
from frontdesk.channels.render import render  # noqa: E402
from frontdesk.core.codec import entity_from_wire, to_wire, tracker_to_wire  # noqa: E402
from frontdesk.core.events import BotUttered, UserUttered  # noqa: E402
from frontdesk.core.message import Entity, IntentScore, Message, UserMessage  # noqa: E402
from frontdesk.core.tracker import Tracker  # noqa: E402
from frontdesk.formats.endpoints import Endpoints  # noqa: E402
from frontdesk.formats.project import read_project  # noqa: E402
from frontdesk.runtime.agent import Agent  # noqa: E402
from frontdesk.runtime.assembly import make_processor  # noqa: E402
from frontdesk.runtime.loop import Save, pauses  # noqa: E402
from frontdesk.runtime.model import load_model  # noqa: E402
from frontdesk.runtime.processor import Processor  # noqa: E402
from frontdesk.settings import Settings  # noqa: E402
from frontdesk.stores.locks import MemoryLockStore  # noqa: E402
from frontdesk.stores.memory import MemoryTrackerStore  # noqa: E402
from frontdesk.training.train import train  # noqa: E402


class First:
    """Takes the first of several fitting variations: both sides must find the same ones, in the same order."""

    @staticmethod
    def choice(items: Any) -> Any:
        """Return the first."""
        return items[0]


class Fixed:
    """An understanding that is told what some texts mean, and finds out about the others."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.given: dict[str, Message] = {}

    async def parse(self, text: str, message_id: str = "") -> Message:
        """Return what a text means."""
        return self.given.get(text) or await self.real.parse(text, message_id)

    async def close(self) -> None:
        """Let go of what understands."""
        await self.real.close()


def main() -> None:
    """Do the jobs of a file, and write what happened beside it."""
    job_file = Path(sys.argv[1])
    answers = []
    for job in json.loads(job_file.read_text("utf-8")):
        try:
            answers.append(asyncio.run(_hold(job)))
        except Exception as error:  # it is an answer, too
            traceback.print_exc()
            answers.append({"error": f"{type(error).__name__}: {error}"})
    job_file.with_suffix(".out").write_text(json.dumps(answers), "utf-8")


async def _hold(job: dict[str, Any]) -> dict[str, Any]:
    folder = Path(job["folder"])
    os.chdir(folder)  # actions may open files of their project
    begun = time.perf_counter()
    project = read_project(folder, strict=False)
    train(project, folder / "models", lambda _: None, name="parity")
    trained = time.perf_counter() - begun
    model = load_model(folder / "models", folder / ".frontdesk" / "unpacked")
    options = {"url": job["action_url"]} if job.get("action_url") else {"actions_module": job.get("actions")}
    server = make_action_server(options if any(options.values()) else None, folder, deadline=30)
    nlg = DomainResponses(model.domain, model.facts, First())
    processor = make_processor(model, server, Settings(), Endpoints())
    fixed = Fixed(processor.understanding)
    processor = dataclasses.replace(processor, understanding=fixed, nlg=nlg)
    agent = Agent(processor, MemoryTrackerStore(), MemoryLockStore(), Settings())
    begun = time.perf_counter()
    held = [await _converse(agent, fixed, talk) for talk in job["conversations"]]
    talked = time.perf_counter() - begun
    await agent.close()
    return {"train_seconds": trained, "talk_seconds": talked, "conversations": held}


async def _converse(agent: Agent, fixed: Fixed, talk: dict[str, Any]) -> list[dict[str, Any]]:
    OFFSET[0] = 0.0
    sender, seen, turns = talk["sender"], 0, []
    for turn in talk["turns"]:
        if "wait" in turn:
            OFFSET[0] += 60.0 * turn["wait"]
            continue
        replies: Any = []
        error = None
        try:
            replies = await _say(agent, fixed, sender, turn)
        except Exception as caught:  # it is compared, as what was said would be
            error = f"{type(caught).__name__}: {caught}"
        events = [to_wire(event) for event in (await agent.tracker(sender)).events()]
        state = tracker_to_wire(await agent._load(sender))
        keys = ("slots", "active_loop", "latest_action_name", "paused", "followup_action")
        turns.append(
            {
                "events": events[seen:],
                "state": {key: state[key] for key in keys},
                "replies": list(replies),
                "error": error,
            }
        )
        seen = len(events)
    return turns


async def _say(agent: Agent, fixed: Fixed, sender: str, turn: dict[str, Any]) -> Any:
    channel = turn.get("channel", "cmdline")
    if "trigger" in turn:
        return await _trigger(agent, sender, channel, turn)
    if turn.get("parse"):
        parse = turn["parse"]
        intent = IntentScore(parse["intent"]["name"], parse["intent"].get("confidence", 1.0))
        entities = tuple(entity_from_wire(entity) for entity in parse.get("entities", ()))
        extra = {k: v for k, v in parse.items() if k not in ("intent", "entities", "text", "intent_ranking")}
        ranking = tuple(IntentScore(s["name"], s["confidence"]) for s in parse.get("intent_ranking", ()))
        text = turn["user"]
        fixed.given[text] = Message(
            text, intent=intent, ranking=ranking, entities=entities, extra=extra, final=True
        )
    try:
        return await agent.receive(
            UserMessage(turn["user"], sender, channel, metadata=turn.get("metadata") or {})
        )
    finally:
        fixed.given.clear()


async def _trigger(agent: Agent, sender: str, channel: str, turn: dict[str, Any]) -> Any:
    before = [0]

    async def step(processor: Processor, tracker: Tracker, save: Save) -> Tracker:
        message = UserMessage("", sender, channel, message_id=uuid.uuid4().hex)
        begun = await processor.begin(tracker, message)
        before[0] = len(tracker)
        entities = tuple(Entity(name, value) for name, value in (turn.get("entities") or {}).items())
        text = f"EXTERNAL: {turn['trigger']}"
        heard = UserUttered(
            text,
            {
                "intent": {"name": turn["trigger"]},
                "entities": [],
                "text": text,
                "metadata": {"is_external": True},
            },
            entities=entities,
            input_channel=begun.tracker.latest_channel,
            timestamp=time.time(),
            metadata={"is_external": True},
        )
        begun = await processor.hear(begun, heard)
        return begun.tracker if pauses(begun.tracker) else await processor.loop.run(begun, save)

    tracker = await agent.change(sender, step)
    said = [event for event in tracker.since(before[0]) if isinstance(event, BotUttered)]
    return [reply for event in said for reply in render(event, sender)]


if __name__ == "__main__":
    main()
