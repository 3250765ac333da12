"""Understanding by another server."""

from __future__ import annotations

import threading

import pytest

from frontdesk.core.message import Entity, IntentScore, Token
from frontdesk.endpoint import Endpoint
from frontdesk.nlu.remote import RemoteNlu
from frontdesk.testing.json_server import JsonServer, Reply

ANSWER = {
    "text": "to Bath", "intent": {"name": "travel", "confidence": 0.9, "id": 7},
    "entities": [{"entity": "city", "value": "Bath", "start": 3, "end": 7, "confidence_entity": 0.8, "extractor": "X"}],
    "intent_ranking": [{"name": "travel", "confidence": 0.9}, {"name": "stay", "confidence": 0.1}],
    "text_tokens": [[0, 2], [3, 7]], "response_selector": {"all_retrieval_intents": []},
}  # fmt: skip


async def test_what_is_asked_and_answered() -> None:
    with JsonServer(lambda _: ANSWER) as server:
        nlu = RemoteNlu(Endpoint(f"{server.url}/nlu/", token="t", headers={"X-Key": "k"}))
        message = await nlu.parse("to Bath", "m1")
        await nlu.close()
        (asked,) = server.asked
    assert (asked.path, asked.params, asked.headers["x-key"]) == ("/nlu/model/parse", {"token": "t"}, "k")
    assert asked.body == {"text": "to Bath", "message_id": "m1", "token": "t"}
    assert message.intent == IntentScore("travel", 0.9)
    assert message.ranking == (IntentScore("travel", 0.9), IntentScore("stay", 0.1))
    assert message.entities == (Entity("city", "Bath", 3, 7, confidence=0.8, extractor="X"),)
    assert message.tokens == (Token("to", 0, 2), Token("Bath", 3, 7))
    assert message.extra == {"response_selector": {"all_retrieval_intents": []}}


@pytest.mark.parametrize(
    "answer",
    [
        Reply({}, 500), Reply(b"<html>"), ["x"], {"intent": "greet"}, {"entities": [1]}, {"text_tokens": [[1]]},
        {"intent": {"name": "a", "confidence": "much"}}, {"intent_ranking": 3}, None,
    ],
)  # fmt: skip
async def test_a_server_that_fails_leaves_a_message_without_intent(answer, caplog) -> None:
    with JsonServer(lambda _: answer) as server:
        nlu = RemoteNlu(Endpoint(server.url))
        message = await nlu.parse("hello")
        await nlu.close()
    assert (message.text, message.intent, message.entities) == ("hello", None, ())
    assert "A message was not understood" in caplog.text
    assert "hello" not in caplog.text  # what users say stays out of the log


async def test_an_empty_answer_is_one() -> None:
    with JsonServer(lambda _: {"intent": {"name": "", "confidence": 0.0}, "entities": []}) as server:
        nlu = RemoteNlu(Endpoint(server.url))
        assert (await nlu.parse("hello")).intent is None
        await nlu.close()


async def test_a_server_that_hangs_or_is_gone() -> None:
    never = threading.Event()
    with JsonServer(lambda _: Reply(ANSWER, after=never)) as server:
        nlu = RemoteNlu(Endpoint(server.url), deadline=0.1)
        assert (await nlu.parse("hello")).intent is None
        never.set()
    assert (await nlu.parse("hello")).intent is None
    await nlu.close()


async def test_payloads_need_no_server() -> None:
    nlu = RemoteNlu(Endpoint("http://127.0.0.1:1"), intents={"travel"})
    message = await nlu.parse('/travel{"city": "Bath"}')
    assert (message.intent, message.entities[0].value) == (IntentScore("travel", 1.0), "Bath")
    assert (await nlu.parse("/other")).intent is None  # asked, and not answered
    await nlu.close()
