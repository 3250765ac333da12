from __future__ import annotations

from collections.abc import Callable

import pytest

from frontdesk.auth.access import Access
from frontdesk.formats.credentials import ChannelCredentials, Credentials
from frontdesk.formats.endpoints import Endpoint, Endpoints
from frontdesk.server.checkup.deployment import Deployment, Level
from frontdesk.server.checkup.exposure import access_findings, check_port, check_secrets
from frontdesk.settings import Settings
from frontdesk.testing.json_server import JsonServer, Reply
from frontdesk.testing.ports import free_port

Make = Callable[..., Deployment]
GOOD = "f8Zk2qLw9xT4vB7nM1cR6yH3jD5gS0aP"


def found(deployment: Deployment, access: Access | None = None) -> dict[Level, str]:
    return {finding.level: finding.what for finding in access_findings(deployment, access or Access())}


def test_an_api_without_keys(deployment: Make) -> None:
    assert "asks nobody" in found(deployment(api=True))[Level.NOTE]
    assert "asks nobody" in found(deployment(api=True, interface="0.0.0.0"))[Level.ERROR]
    assert not found(deployment(api=True), Access("x" * 32))
    assert "--auth-token" in found(deployment(api=True), Access("short"))[Level.WARNING]


def test_limits_that_are_switched_off(deployment: Make) -> None:
    assert (
        "any rate" in found(deployment(settings=Settings(rate_limits=False), interface="::"))[Level.WARNING]
    )


def test_pages_of_every_site(deployment: Make) -> None:
    assert "every site" in found(deployment(origins=("*",)))[Level.WARNING]
    assert not found(deployment(origins=("https://shop.example",)))


def test_a_channel_that_believes_everybody(deployment: Make) -> None:
    trusting = Credentials({"rest": ChannelCredentials("rest", {"trusted": True})})
    assert not found(deployment(credentials=trusting))
    assert "any user of 'rest'" in found(deployment(credentials=trusting, interface="::"))[Level.ERROR]


def test_ids_of_users_in_logs(deployment: Make) -> None:
    assert (
        "FRONTDESK_LOG_CONVERSATIONS"
        in found(deployment(settings=Settings(log_conversations="plain")))[Level.NOTE]
    )


@pytest.mark.parametrize(
    ("secret", "level"), [("short", Level.ERROR), ("ab" * 20, Level.ERROR), (GOOD, Level.OK)]
)
async def test_secrets(deployment: Make, secret: str, level: Level) -> None:
    [finding] = await check_secrets(deployment(environment={"FRONTDESK_SECRET": secret}))
    assert finding.level is level
    assert secret not in finding.what + finding.mend


async def test_a_secret_of_its_own(deployment: Make) -> None:
    made = deployment()
    [finding] = await check_secrets(made)
    assert finding.level is Level.OK
    file = made.layout.folder / ".frontdesk" / "secret"
    file.parent.mkdir()
    file.write_text(GOOD)
    file.chmod(0o644)
    [finding] = await check_secrets(made)
    assert (finding.level, finding.mend) == (Level.ERROR, f"chmod 600 {file}")
    [finding] = await check_secrets(deployment(endpoints=Endpoints(lock_store=Endpoint("redis"))))
    assert "each makes a secret of its own" in finding.what


async def test_a_port_that_somebody_else_has(deployment: Make) -> None:
    [finding] = await check_port(deployment(port=free_port()))
    assert finding.level is Level.OK
    with JsonServer(lambda _: Reply({"hello": 1})) as server:
        [finding] = await check_port(deployment(port=int(server.url.rpartition(":")[2])))
        assert (finding.level, "--port" in finding.mend) == (Level.ERROR, True)


@pytest.mark.parametrize(
    ("status", "state", "level"),
    [("ready", "ok", Level.OK), ("ready", "failing", Level.WARNING), ("not ready", "failing", Level.ERROR)],
)
async def test_a_server_that_runs_already(deployment: Make, status: str, state: str, level: Level) -> None:
    told = {"status": status, "dependencies": {"lock_store": {"state": state}}}
    with JsonServer(lambda _: Reply(told, 200 if status == "ready" else 503)) as server:
        [finding] = await check_port(deployment(port=int(server.url.rpartition(":")[2])))
    assert finding.level is level
