from __future__ import annotations

import asyncio
import json

import pytest

from frontdesk.core.ports import LLM
from frontdesk.core.training import Place
from frontdesk.errors import ConfigError, LLMError
from frontdesk.formats.endpoints import LanguageModel
from frontdesk.llm.openai_client import OpenAIChat
from tests.engine.llm.chat_server import ChatServer, Reply

HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def server():
    with ChatServer() as running:
        yield running


@pytest.fixture
async def chat(server):
    made = []

    def make(**options):
        made.append(OpenAIChat("some-model", base_url=server.url, **{"max_retries": 0, **options}))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def test_returns_the_text(server, chat):
    server.says("  Hello, you.\n")
    llm: LLM = chat(api_key="secret")
    assert await llm.complete(HELLO, max_tokens=7) == "Hello, you."
    asked = server.asked[0]
    assert asked["model"] == "some-model"
    assert asked["messages"] == HELLO
    assert asked["max_tokens"] == 7
    assert asked["temperature"] == 0
    assert server.headers[0]["authorization"] == "Bearer secret"


async def test_a_server_without_keys_needs_none(server, chat):
    assert await chat().complete(HELLO) == "Hello."


async def test_a_late_answer_is_an_error(server, chat):
    server.says(Reply("Hello.", wait=30))
    with pytest.raises(LLMError, match="did not answer within 0.2 s"):
        await chat(timeout=0.2).complete(HELLO)


async def test_retries_count_against_the_same_time(server, chat):
    server.says(Reply("Hello.", wait=30))
    with pytest.raises(LLMError, match="within"):
        await chat(timeout=0.3, max_retries=5).complete(HELLO)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "Check the key"),
        (404, "some-model"),
        (429, "Too many calls"),
        (500, "status 500"),
        (503, "status 503"),
    ],
)
async def test_a_refusal_is_an_error_that_says_what_to_do(server, chat, status, said):
    server.says(Reply(status=status))
    with pytest.raises(LLMError, match=said):
        await chat().complete(HELLO)


async def test_the_servers_own_words_stay_out(server, chat):
    server.says(Reply(status=401, body=b'{"error": {"message": "wrong key: sk-abc123"}}'))
    with pytest.raises(LLMError) as caught:
        await chat(api_key="sk-abc123").complete(HELLO)
    assert "sk-abc" not in str(caught.value)


async def test_tries_again_after_a_server_error(server, chat):
    server.says(Reply(status=500), Reply("Hello."))
    assert await chat(max_retries=1).complete(HELLO) == "Hello."
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b"{not json"),
        Reply(body=b"[]"),
        Reply(body=b"{}"),
        Reply(body=b'{"choices": []}'),
        Reply(body=b'{"choices": [{"message": null}]}'),
        Reply(body=b"<html>gateway</html>", kind="text/html"),
        Reply(body=b""),
        Reply(""),
        Reply("   "),
        Reply(None),
    ],
    ids=[
        "broken",
        "list",
        "empty object",
        "no choice",
        "no message",
        "html",
        "nothing",
        "no text",
        "blank",
        "null",
    ],
)
async def test_an_unusable_reply_is_an_error(server, chat, reply):
    server.says(reply)
    with pytest.raises(LLMError):
        await chat().complete(HELLO)


async def test_a_text_that_was_cut_off_is_an_error(server, chat):
    server.says(Reply("You may", finish="length"))
    with pytest.raises(LLMError, match="cut off"):
        await chat().complete(HELLO)


async def test_nobody_there():
    llm = OpenAIChat("m", base_url="http://127.0.0.1:9/v1", max_retries=0)
    with pytest.raises(LLMError, match="cannot be reached"):
        await llm.complete(HELLO)
    await llm.close()


@pytest.mark.parametrize("parameter", ["max_tokens", "temperature"])
async def test_a_parameter_that_the_server_does_not_take_is_changed(server, chat, parameter):
    refusal = {
        "error": {
            "message": f"Unsupported parameter: '{parameter}'",
            "param": parameter,
            "type": "x",
            "code": "y",
        }
    }
    server.says(Reply(status=400, body=json.dumps(refusal).encode()), Reply("Hello."))
    llm = chat()
    assert await llm.complete(HELLO, max_tokens=9) == "Hello."
    assert parameter not in server.asked[1]
    assert server.asked[1].get("max_completion_tokens", server.asked[1].get("max_tokens")) == 9
    await llm.complete(HELLO)
    assert parameter not in server.asked[2], "what was learnt is kept"


async def test_a_refusal_for_another_reason_is_final(server, chat):
    server.says(Reply(status=400))
    with pytest.raises(LLMError, match="status 400"):
        await chat().complete(HELLO)
    assert len(server.asked) == 1


async def test_after_failures_in_a_row_it_is_left_alone(server, chat):
    server.says(Reply(status=500))
    llm = chat(failures=2, pause=60)
    for _ in range(2):
        with pytest.raises(LLMError, match="500"):
            await llm.complete(HELLO)
    with pytest.raises(LLMError, match="left alone"):
        await llm.complete(HELLO)
    assert len(server.asked) == 2


async def test_a_callers_own_deadline_counts_only_if_there_was_time(server, chat):
    server.says(Reply("Hello.", wait=30))
    llm = chat(timeout=5, failures=1, pause=60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await llm.complete(HELLO)
    assert llm.breaker.enter()


# -- where it comes from --


def test_nothing_configured_is_no_model():
    assert OpenAIChat.from_endpoints(None, {}) is None
    assert OpenAIChat.from_endpoints(LanguageModel(), {}) is None


def test_from_the_environment():
    env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://localhost:1/v1", "FRONTDESK_LLM_MODEL": "m"}
    llm = OpenAIChat.from_endpoints(None, env)
    assert llm is not None
    assert (llm.model, llm.base_url, llm.timeout) == ("m", "http://localhost:1/v1", 5.0)


def test_the_file_comes_first():
    asked = LanguageModel(
        model="mine", api_base="http://here/v1", timeout=2.0, options={"temperature": 0.3, "failures": 9}
    )
    env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://there/v1", "FRONTDESK_LLM_MODEL": "m"}
    llm = OpenAIChat.from_endpoints(asked, env)
    assert llm is not None
    assert (llm.model, llm.base_url, llm.timeout, llm.breaker.failures) == ("mine", "http://here/v1", 2.0, 9)


async def test_the_key_can_stand_in_another_variable(server):
    asked = LanguageModel(model="m", api_base=server.url, options={"api_key_env": "OTHER_KEY"})
    llm = OpenAIChat.from_endpoints(asked, {"OTHER_KEY": "other", "OPENAI_API_KEY": "wrong"})
    assert llm is not None
    await llm.complete(HELLO)
    await llm.close()
    assert server.headers[0]["authorization"] == "Bearer other"


def test_a_key_without_a_model_is_an_error_that_names_the_variable():
    with pytest.raises(ConfigError, match="FRONTDESK_LLM_MODEL"):
        OpenAIChat.from_endpoints(None, {"OPENAI_API_KEY": "k"})


def test_an_address_without_a_model_is_an_error():
    with pytest.raises(ConfigError, match="no model is named"):
        OpenAIChat.from_endpoints(LanguageModel(api_base="http://here/v1"), {})


def test_a_model_that_nobody_serves_is_an_error():
    with pytest.raises(ConfigError, match=r"endpoints\.yml:3: .*neither a key nor an address"):
        OpenAIChat.from_endpoints(LanguageModel(model="m", place=Place("endpoints.yml", 3)), {})


def test_none_runs_without():
    assert OpenAIChat.from_endpoints(None, {"OPENAI_API_KEY": "k", "FRONTDESK_LLM_MODEL": "none"}) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temprature": 1}, "Did you mean 'temperature'"),
        ({"pause": "long"}, "'pause' of 'llm' must be a number"),
    ],
)
def test_wrong_options(options, said):
    with pytest.raises(ConfigError, match=said):
        OpenAIChat.from_endpoints(LanguageModel(model="m", api_base="http://here/v1", options=options), {})


def test_making_one_imports_nothing_heavy():
    import subprocess
    import sys

    code = "import sys, frontdesk.llm.openai_client as c; c.OpenAIChat('m'); print('openai' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
