"""The HTTP client against a real `python -m rasa_sdk`, and against a raw server that misbehaves."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import subprocess
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from frontdesk.actions.remote import RemoteActionServer
from frontdesk.core.events import SlotSet
from frontdesk.core.ports import ActionCall
from frontdesk.endpoint import Endpoint
from frontdesk.errors import ActionError, ActionRejected, ActionTimeout, ConfigError
from frontdesk.testing.servers import free_port
from tests.conftest import action_server

CALL = ActionCall(channel="rest", authenticated=True, message_id="m1")

ACTIONS = """
import time
from rasa_sdk import Action, ActionExecutionRejection
from rasa_sdk.events import SlotSet


class Hello(Action):
    def name(self):
        return "action_hello"

    def run(self, dispatcher, tracker, domain):
        token = tracker.latest_message["metadata"]["frontdesk"]
        dispatcher.utter_message(text=f"Hello {tracker.get_slot('name')}", token=token, domain=sorted(domain))
        return [SlotSet("seen", len(tracker.events))]


class Refusing(Action):
    def name(self):
        return "action_refusing"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection("action_refusing", "not now")


class Raising(Action):
    def name(self):
        return "action_raising"

    def run(self, dispatcher, tracker, domain):
        raise ValueError("secret words")
"""


@pytest.fixture(scope="module")
def sdk_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The SDK's own server as a process; yields its webhook."""
    folder = tmp_path_factory.mktemp("sdk")
    (folder / "remote_acts.py").write_text(ACTIONS, "utf-8")
    with action_server(folder, "rasa_sdk", "--actions", "remote_acts") as url:
        yield f"{url}/webhook"


@pytest.fixture
def domain(build):
    return build.domain(
        build.slot("name"), build.slot("seen", type="any"), wire={"slots": {"name": {}}, "forms": {}}
    )


@pytest.fixture
async def ask(build, domain) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    servers: list[RemoteActionServer] = []

    async def run(
        url: str, name: str = "action_hello", *, deadline: float = 10.0, server: Any = None, **options: Any
    ) -> Any:
        if server is None:
            selective = options.pop("selective_domain", False)
            server = RemoteActionServer(
                Endpoint(url, **options), deadline=deadline, selective_domain=selective
            )
            servers.append(server)
        tracker = build.said(build.tracker(domain, SlotSet("name", "Ann")))
        return await server.run(name, tracker, domain, CALL)

    yield run
    for server in servers:
        await server.close()


# The SDK's own server.


@pytest.mark.parametrize("compress", [False, True])
async def test_an_action_of_the_sdk_server(build, ask, sdk_server, compress) -> None:
    result = await ask(sdk_server, compress=compress)
    (said,) = result.responses
    assert (said["text"], said["domain"]) == ("Hello Ann", ["forms", "slots"])
    assert result.events[0] == {"event": "slot", "timestamp": None, "name": "seen", "value": 3}
    claims = jwt.decode(said["token"], build.secret, algorithms=["HS256"], audience="actions")
    assert (claims["sub"], claims["act"], claims["mid"], claims["auth"]) == (
        "ann",
        "action_hello",
        "m1",
        True,
    )


async def test_a_refusal_of_the_sdk_server(ask, sdk_server) -> None:
    with pytest.raises(ActionRejected, match="not now") as caught:
        await ask(sdk_server, "action_refusing")
    assert caught.value.action == "action_refusing"


async def test_an_exception_in_the_sdk_server(ask, sdk_server) -> None:
    with pytest.raises(ActionError, match="status 500") as caught:
        await ask(sdk_server, "action_raising")
    assert "secret words" not in str(caught.value)


async def test_an_action_that_the_sdk_server_lacks(ask, sdk_server) -> None:
    with pytest.raises(ActionError, match="no action 'action_none'"):
        await ask(sdk_server, "action_none")


async def test_the_domain_is_sent_only_where_it_is_wanted(ask, sdk_server) -> None:
    result = await ask(sdk_server, selective_domain=True)  # 449 at first, if this server has not seen it
    assert result.responses[0]["domain"] == ["forms", "slots"]


async def test_names_of_the_sdk_server(sdk_server) -> None:
    server = RemoteActionServer(Endpoint(sdk_server))
    assert {"action_hello", "action_refusing"} <= await server.names()
    await server.close()
    nobody = RemoteActionServer(Endpoint(f"http://127.0.0.1:{free_port()}/webhook"))
    assert await nobody.names() == frozenset()
    await nobody.close()


# A server of raw bytes.


class RawServer:
    """Reads HTTP requests and answers what a test says: bytes, or None to close the connection."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.requests: list[tuple[dict[str, str], Any, str]] = []
        self.connections = 0
        self.release = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")) and self.answers:
                first, *lines = head.decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines) if v}
                content = await reader.readexactly(int(headers.get("content-length", 0)))
                if headers.get("content-encoding") == "deflate":
                    content = zlib.decompress(content)
                self.requests.append((headers, json.loads(content), first))
                answer = self.answers.pop(0)
                if answer == "hang":
                    await self.release.wait()
                if not isinstance(answer, bytes):
                    break
                writer.write(answer)
                await writer.drain()
                if self.answers and self.answers[0] == "close":
                    self.answers.pop(0)
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def http(body: Any, status: int = 200, **headers: str) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Content-Type: application/json"]
    lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


OK = http({"events": [], "responses": [{"text": "ok"}]})


@pytest.fixture
async def raw() -> AsyncIterator[Callable[..., Awaitable[tuple[RawServer, str]]]]:
    made: list[tuple[RawServer, asyncio.Server]] = []

    async def start(*answers: Any) -> tuple[RawServer, str]:
        script = RawServer(list(answers))
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
        made.append((script, server))
        port = server.sockets[0].getsockname()[1]
        return script, f"http://127.0.0.1:{port}/hooks/webhook"

    yield start
    for script, server in made:
        script.release.set()
        server.close()


async def test_what_is_sent(ask, raw) -> None:
    script, url = await raw(OK)
    result = await ask(
        url, token="t o", params={"a": "b"}, headers={"X-Key": "k"}, basic_auth={"username": "u", "password": "p"}
    )  # fmt: skip
    assert result.responses == [{"text": "ok"}]
    headers, body, first = script.requests[0]
    assert first.startswith(("POST /hooks/webhook?a=b&token=t+o ", "POST /hooks/webhook?a=b&token=t%20o "))
    assert headers["x-key"] == "k"
    assert headers["authorization"] == "Basic dTpw"
    assert set(body) == {"next_action", "sender_id", "tracker", "domain", "domain_digest", "version"}
    assert (body["next_action"], body["sender_id"]) == ("action_hello", "ann")
    assert body["tracker"]["slots"]["name"] == "Ann"
    assert body["tracker"]["latest_message"]["text"] == "hello"
    assert body["version"][0].isdigit()


async def test_a_selective_domain(ask, raw) -> None:
    missing = http({"error": "no domain", "action_name": "action_hello"}, 449)
    script, url = await raw(OK, missing, OK)
    await ask(url, selective_domain=True)
    assert "domain" not in script.requests[0][1]
    await ask(url, selective_domain=True)
    assert ["domain" in body for _, body, _ in script.requests] == [False, False, True]


async def test_a_gzip_answer(ask, raw) -> None:
    packed = gzip.compress(json.dumps({"events": [], "responses": [{"text": "small"}]}).encode())
    _, url = await raw(http(packed, Content_Encoding="gzip"))
    assert (await ask(url)).responses == [{"text": "small"}]


async def test_a_connection_that_died_meanwhile_is_tried_once_more_with_the_same_key(
    build, domain, ask, raw
) -> None:
    script, url = await raw(OK, "close", OK)
    server = RemoteActionServer(Endpoint(url))
    await ask(url, server=server)
    await asyncio.sleep(0.05)
    await ask(url, server=server)
    await server.close()
    assert script.connections == 2


async def test_a_kept_connection_that_breaks_in_the_call_is_tried_once_more(build, ask, raw) -> None:
    script, url = await raw(OK, None, OK)
    server = RemoteActionServer(Endpoint(url))
    await ask(url, server=server)
    assert (await ask(url, server=server)).responses == [{"text": "ok"}]
    await server.close()
    keys = [
        jwt.decode(
            body["tracker"]["latest_message"]["metadata"]["frontdesk"],
            build.secret,
            ["HS256"],
            audience="actions",
        )["idem"]
        for _, body, _ in script.requests
    ]
    assert len(keys) == 3
    assert keys[1] == keys[2]


async def test_a_new_connection_that_breaks_is_not_tried_again(ask, raw) -> None:
    script, url = await raw(None, OK)
    with pytest.raises(ActionError, match="No answer"):
        await ask(url)
    assert len(script.requests) == 1


async def test_a_kept_connection_is_tried_only_once_more(ask, raw) -> None:
    script, url = await raw(OK, None, None, OK)
    server = RemoteActionServer(Endpoint(url))
    await ask(url, server=server)
    with pytest.raises(ActionError):
        await ask(url, server=server)
    await server.close()
    assert len(script.requests) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(b"<html>no</html>"), "no JSON"),
        (http(b"\xff\xfe"), "no JSON"),
        (http({"error": "x"}, 500), "status 500"),
        (http({"error": "Invalid body request"}, 400), "status 400"),
        (http({"events": []}, 302, Location="http://127.0.0.1:1/"), "status 302"),
        (http(b"[" * 200_000), "no JSON"),
        (http([1]), "object"),
        (http(None), "object"),
        (http({"events": "x"}), "'events'"),
        (http({"responses": [1]}), "'responses'"),
        (http({"events": [{"name": "x"}]}), "kind"),
        (http({}), None),
        (http({"events": None, "responses": None}), None),
        (b"not http at all\r\n\r\n", "No answer"),
    ],
)
async def test_answers_of_all_kinds(ask, raw, answer, words) -> None:
    _, url = await raw(answer)
    if words is None:
        result = await ask(url)
        assert (list(result.events), list(result.responses)) == ([], [])
    else:
        with pytest.raises(ActionError, match=words):
            await ask(url)


async def test_a_refusal_names_the_action(ask, raw) -> None:
    _, url = await raw(http({"action_name": "action_inner", "error": "no"}, 400))
    with pytest.raises(ActionRejected, match="no") as caught:
        await ask(url)
    assert caught.value.action == "action_inner"


async def test_a_bomb_is_not_swallowed(ask, raw) -> None:
    """10 MB is the limit after unpacking: 12 MB of zeros are 12 KB on the wire."""
    packed = gzip.compress(b'{"events": [' + b" " * 12_000_000 + b"]}")
    assert len(packed) < 100_000
    _, url = await raw(http(packed, Content_Encoding="gzip"))
    with pytest.raises(ActionError, match="larger than 10 MB"):
        await ask(url)


async def test_a_server_that_hangs(ask, raw) -> None:
    _, url = await raw("hang")
    with pytest.raises(ActionTimeout, match=r"action_hello.*0\.1 s"):
        await ask(url, deadline=0.1)


async def test_a_server_that_trickles(ask, raw) -> None:
    """The deadline holds for the whole call, not for each read."""
    _, url = await raw(OK[:-5])
    with pytest.raises(ActionTimeout):
        await ask(url, deadline=0.2)


async def test_nobody_there(ask) -> None:
    url = f"http://user:word@127.0.0.1:{free_port()}/webhook?token=secret"
    with pytest.raises(ActionError, match="No answer.*frontdesk run actions") as caught:
        await ask(url)
    assert "secret" not in str(caught.value)
    assert "word@" not in str(caught.value)


async def test_certificates_that_cannot_be_read(ask, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cafile"):
        await ask("https://127.0.0.1:1/webhook", cafile=str(tmp_path / "none.pem"))


async def test_https_with_an_own_authority(ask, tmp_path: Path) -> None:
    import ssl

    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    script = RawServer([OK])
    server = await asyncio.start_server(script.serve, "localhost", 0, ssl=context, family=socket.AF_INET)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}/webhook"
    with pytest.raises(ActionError, match="No answer"):
        await ask(url)
    assert (await ask(url, cafile=str(certificate))).responses == [{"text": "ok"}]
    server.close()
