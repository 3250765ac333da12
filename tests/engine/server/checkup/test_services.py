from __future__ import annotations

from collections.abc import Callable

import pytest

from frontdesk.core.domain import Domain
from frontdesk.formats.endpoints import ActionEndpoint, Endpoints, LanguageModel
from frontdesk.server.checkup.deployment import Deployment, Finding, Level
from frontdesk.server.checkup.services import (
    check_actions,
    check_language_model,
    custom_actions,
    model_finding,
)
from frontdesk.testing.json_server import Asked, JsonServer, Reply
from frontdesk.testing.servers import free_port

Make = Callable[..., Deployment]
DOMAIN = Domain(actions=("action_ship", "action_count", "utter_hello", "action_listen"))


def listing(*names: str) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/actions":
            return Reply([{"name": name} for name in names])
        return Reply({"status": "ok"}, 200 if asked.path == "/health" else 404)

    return answer


async def actions(deployment: Make, url: str, secret: str = "s" * 40) -> list[Finding]:
    made = deployment(
        endpoints=Endpoints(action_endpoint=ActionEndpoint(url=f"{url}/webhook")),
        domain=DOMAIN,
        environment={"FRONTDESK_ACTIONS_SECRET": secret},
    )
    return await check_actions(made)


def test_what_somebody_has_to_run() -> None:
    assert custom_actions(DOMAIN) == {"action_ship", "action_count"}


async def test_a_server_that_has_them_all(deployment: Make) -> None:
    with JsonServer(listing("action_ship", "action_count", "action_more")) as server:
        [finding] = await actions(deployment, server.url)
    assert finding.level is Level.OK


async def test_a_server_of_another_release(deployment: Make) -> None:
    with JsonServer(listing("action_ship")) as server:
        [finding] = await actions(deployment, server.url)
    assert finding.level is Level.ERROR
    assert "action_count" in finding.what


async def test_a_server_that_lists_nothing(deployment: Make) -> None:
    with JsonServer(lambda _: Reply({}, 404)) as server:
        [finding] = await actions(deployment, server.url)
    assert finding.level is Level.WARNING


async def test_no_server(deployment: Make) -> None:
    [finding] = await actions(deployment, f"http://127.0.0.1:{free_port()}")
    assert (finding.level, "frontdesk run actions" in finding.mend) == (Level.ERROR, True)


@pytest.mark.parametrize(("secret", "level"), [("", Level.ERROR), ("short", Level.WARNING)])
async def test_calls_that_nobody_can_trust(deployment: Make, secret: str, level: Level) -> None:
    with JsonServer(listing("action_ship", "action_count")) as server:
        found = await actions(deployment, server.url, secret)
    assert [finding.level for finding in found] == [Level.OK, level]


async def test_actions_that_run_nowhere(deployment: Make) -> None:
    [finding] = await check_actions(deployment(domain=DOMAIN))
    assert finding.level is Level.ERROR
    [finding] = await check_actions(deployment(domain=Domain()))
    assert finding.level is Level.OK


async def model(deployment: Make, answer: Reply, key: str = "sk-secret") -> Finding:
    with JsonServer(lambda _: answer) as server:
        llm = LanguageModel("small", f"{server.url}/v1", key)
        [finding] = await check_language_model(deployment(endpoints=Endpoints(llm=llm)))
        assert [asked.path for asked in server.asked] == ["/v1/models"]
        assert server.asked[0].headers["authorization"] == f"Bearer {key}"
    assert key not in finding.what + finding.mend
    return finding


async def test_a_language_model(deployment: Make) -> None:
    assert (await model(deployment, Reply({"data": [{"id": "small"}]}))).level is Level.OK
    other = await model(deployment, Reply({"data": [{"id": "large"}]}))
    assert (other.level, other.mend) == (Level.WARNING, "It has: large.")
    assert (await model(deployment, Reply({"error": "no"}, 401))).level is Level.ERROR
    assert (await model(deployment, Reply(b"<html>", 404))).level is Level.NOTE
    llm = LanguageModel("small", f"http://127.0.0.1:{free_port()}/v1", "x")
    [finding] = await check_language_model(deployment(endpoints=Endpoints(llm=llm)))
    assert finding.level is Level.WARNING


def test_a_server_that_lists_no_models_may_have_it() -> None:
    assert model_finding(200, (), "small", "http://x").level is Level.OK
