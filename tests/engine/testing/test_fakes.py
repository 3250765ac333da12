"""The fakes keep to the ports that they stand in for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from frontdesk.core.domain import Domain
from frontdesk.core.message import BotMessage
from frontdesk.core.ports import ActionCall, ActionResult, Answer, Embedder
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError, ActionTimeout, LLMError
from frontdesk.testing import fakes
from frontdesk.testing.contracts.lock_store import settle

TRACKER = Tracker.start("ann", {})


def test_embedder_is_the_same_everywhere_and_near_for_shared_words() -> None:
    embedder = fakes.FakeEmbedder(16)
    assert isinstance(embedder, Embedder)
    one, two, other = embedder.embed(["where is my parcel", "where is my Parcel now", "thank you"])
    assert one.dtype == np.float32
    assert np.allclose(np.linalg.norm(one), 1.0, atol=1e-6)
    assert one @ two > one @ other
    code = "from frontdesk.testing.fakes import FakeEmbedder; print(FakeEmbedder(16).embed(['where is my parcel'])[0, 0])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(shown) == pytest.approx(float(one[0]))


def test_embedder_shapes() -> None:
    embedder = fakes.FakeEmbedder(8)
    assert embedder.embed([]).shape == (0, 8)
    sentences, tokens = embedder.embed_tokens(["red shoe", ""], [[(0, 3), (4, 8)], []])
    assert sentences.shape == (2, 8)
    assert [t.shape for t in tokens] == [(2, 8), (0, 8)]
    assert np.allclose(tokens[0][0], embedder.embed(["red"])[0])


async def test_scripted_actions() -> None:
    noon = ActionResult(responses=[{"text": "noon"}])
    server = fakes.ScriptedActionServer(
        {
            "action_time": noon,
            "action_slow": ActionTimeout("slow"),
            "action_who": lambda t, d, c: ActionResult([{"event": t.sender_id}]),
        }
    )
    call = ActionCall(nth=1)
    assert await server.run("action_time", TRACKER, Domain(), call) is noon
    with pytest.raises(ActionTimeout):
        await server.run("action_slow", TRACKER, Domain(), call)
    assert (await server.run("action_who", TRACKER, Domain(), call)).events == [{"event": "ann"}]
    with pytest.raises(ActionError, match="action_else"):
        await server.run("action_else", TRACKER, Domain(), call)
    assert await server.names() == {"action_time", "action_slow", "action_who"}
    assert server.calls[0] == ("action_time", call)
    await server.close()
    assert server.closed


async def test_echoes() -> None:
    server = fakes.EchoActionServer()
    assert (await server.run("action_x", TRACKER, Domain(), ActionCall())).responses == [{"text": "action_x"}]
    assert await server.names() == frozenset()
    await server.close()
    said = await fakes.EchoResponses().generate("utter_x", TRACKER, "rest")
    assert said == BotMessage("utter_x", metadata={"utter_action": "utter_x"})


async def test_broker_llm_knowledge_and_locks() -> None:
    broker = fakes.RecordingBroker()
    await broker.publish("ann", {"event": "bot"})
    await broker.close()
    assert (broker.published, broker.closed) == ([("ann", {"event": "bot"})], True)

    llm = fakes.ScriptedLLM("yes", LLMError("away"))
    assert await llm.complete([{"role": "user", "content": "?"}]) == "yes"
    for _ in range(2):
        with pytest.raises(LLMError):
            await llm.complete([])
    assert len(llm.asked) == 3

    knowledge = fakes.FixedKnowledge({"why": "because", "how": Answer("so", known=True)})
    assert (await knowledge.answer("why")).text == "because"
    assert (await knowledge.answer("how")).text == "so"
    assert not (await knowledge.answer("when")).known

    locks = fakes.NoLocks()
    async with locks.lock("ann") as one, locks.lock("ann") as two:
        assert one.fence < two.fence
    await settle()


def test_clock() -> None:
    clock = fakes.FakeClock(100.0, step=1.0)
    assert [clock(), clock()] == [100.0, 101.0]
    clock.forward(60)
    assert clock() == 162.0


def test_importing_the_fakes_is_light() -> None:
    code = "import sys; from frontdesk.testing import fakes, servers; print({'numpy', 'pytest', 'sqlalchemy'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )
