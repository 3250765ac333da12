"""A-19: somebody lets the server call where they cannot call themselves, under every name that such a place has."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.errors import AddressRefused
from frontdesk.outgoing import checked, download, post
from frontdesk.testing.servers import free_port
from tests.conftest import Server, start_server, until
from tests.visitors import copied

TOKEN = "a-token-that-nobody-guesses"
STORIES = "stories:\n- story: x\n  steps:\n  - intent: greet\n  - action: utter_greet\n"


class Canary(ThreadingHTTPServer):
    """A server that nobody was to call: it counts who does, and may send them elsewhere."""

    def __init__(self, address: str = "127.0.0.1", elsewhere: str | None = None) -> None:
        self.calls: list[tuple[str, str]] = []
        self.elsewhere = elsewhere
        super().__init__((address, 0), _Answers)


class _Answers(BaseHTTPRequestHandler):
    server: Canary

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.calls.append((self.command, self.path))
        self.send_response(200 if self.server.elsewhere is None else 302)
        if self.server.elsewhere is not None:
            self.send_header("Location", self.server.elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def canaries() -> Iterator[Any]:
    """A function that starts canaries."""
    running: list[tuple[Canary, threading.Thread]] = []

    def start(address: str = "127.0.0.1", elsewhere: str | None = None) -> Canary:
        made = Canary(address, elsewhere)
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        running.append((made, thread))
        return made

    yield start
    for made, thread in running:
        made.shutdown()
        thread.join()
        made.server_close()


@pytest.fixture(scope="module")
def canary(canaries: Any) -> Canary:
    found: Canary = canaries()
    return found


@pytest.fixture(scope="module")
def lure(canaries: Any, canary: Canary) -> Canary:
    """A host that the operator allows, and that sends whoever asks it to the canary."""
    found: Canary = canaries(elsewhere=f"http://127.0.0.1:{canary.server_port}/from-the-lure")
    return found


@pytest.fixture(scope="module")
def server(starter: Path, tmp_path_factory: pytest.TempPathFactory, lure: Canary) -> Iterator[Server]:
    folder = copied(starter, tmp_path_factory.mktemp("lured") / "project")
    with (folder / "endpoints.yml").open("a") as endpoints:
        endpoints.write(f"outgoing:\n  allow_hosts: ['127.0.0.1:{lure.server_port}']\n")
    running = start_server(folder, "--enable-api", "--auth-token", TOKEN)
    yield running
    running.stop()


def disguises(port: int) -> list[str]:
    return [
        f"http://127.0.0.1:{port}/",
        f"http://localhost:{port}/",
        f"http://LOCALHOST.:{port}/",
        f"http://0.0.0.0:{port}/",
        f"http://0:{port}/",
        f"http://2130706433:{port}/",
        f"http://0x7f000001:{port}/",
        f"http://0177.0.0.1:{port}/",
        f"http://127.1:{port}/",
        f"http://127.8.9.10:{port}/",
        f"http://[::1]:{port}/",
        f"http://[::]:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://[::ffff:7f00:1]:{port}/",
        f"http://[::127.0.0.1]:{port}/",
        f"http://[64:ff9b::7f00:1]:{port}/",
        f"http://[2002:7f00:1::]:{port}/",
        f"http://８.8.8.8@127.0.0.1:{port}/",
        f"http://user@127.0.0.1:{port}/",
        f"http://127.0.0.1%00.example.com:{port}/",
        f"http://①②⑦.0.0.1:{port}/",
        f"HTTP://127.0.0.1:{port}",
        f"//127.0.0.1:{port}/",
        f"gopher://127.0.0.1:{port}/_GET",
        f"ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://168.63.129.16/machine?comp=goalstate",
        "http://100.100.100.200/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://[fe80::1%25lo]/",
    ]


@pytest.mark.parametrize("number", range(34))
def test_no_name_of_a_private_place_is_called(server: Server, canary: Canary, number: int) -> None:
    url = disguises(canary.server_port)[number]
    seen = len(canary.calls)
    shown = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/model/train", "/model/test/intents"):
        given = {"headers": shown, "params": {"callback_url": url}, "content": STORIES}
        answer = httpx.post(f"{server.url}{path}", **given)
        assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest"), answer.text
    body = {"model_server": {"url": url, "token": "x"}}
    answer = httpx.put(f"{server.url}/model", headers=shown, json=body)
    assert answer.status_code == 400, answer.text
    assert len(canary.calls) == seen
    assert httpx.get(f"{server.url}/status", headers=shown).status_code == 200


def test_there_are_as_many_as_are_tried(canary: Canary) -> None:
    assert len(disguises(canary.server_port)) == 34


def test_a_redirect_of_a_host_that_is_allowed_leads_nowhere(
    server: Server, canary: Canary, lure: Canary
) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}"}
    address = f"http://127.0.0.1:{lure.server_port}/model.tar.gz"
    answer = httpx.put(f"{server.url}/model", headers=shown, json={"model_server": {"url": address}})
    assert answer.status_code == 400
    assert "status 302" in answer.json()["message"]
    given = {"headers": shown, "params": {"callback_url": address}, "content": "nlu: 7"}
    assert httpx.post(f"{server.url}/model/test/intents", **given).status_code == 204
    until(lambda: ("POST", "/model.tar.gz") in lure.calls, "the callback came")
    assert ("GET", "/model.tar.gz") in lure.calls
    assert canary.calls == []


def test_a_server_that_a_training_names_is_not_asked(server: Server, canary: Canary) -> None:
    config = f"recipe: default.v1\nlanguage: en\npipeline:\n- name: DucklingEntityExtractor\n  url: http://127.0.0.1:{canary.server_port}\n"
    text = f"{config}nlu:\n- intent: greet\n  examples: |\n    - hello\n    - hi\n"
    shown = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(f"{server.url}/model/train", headers=shown, content=text)
    assert answer.status_code == 400
    assert "does not name" in answer.json()["message"]
    assert canary.calls == []


async def test_a_name_that_changes_its_address_leads_to_the_one_that_was_checked(
    canaries: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """DNS rebinding: good when it is looked at, private when it is called."""
    good, bad = canaries("127.0.0.1"), None
    port = good.server_port
    bad = Canary.__new__(Canary)
    bad.calls, bad.elsewhere = [], None
    ThreadingHTTPServer.__init__(bad, ("127.0.0.2", port), _Answers)
    thread = threading.Thread(target=bad.serve_forever, args=(0.02,))
    thread.start()
    answers = iter(["127.0.0.1", *["127.0.0.2"] * 9])
    asked = []

    async def resolve(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        address = host if host[0].isdigit() else next(answers)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    try:
        target = await checked(f"http://rebind.example:{port}/x", {"rebind.example"})
        assert await post(target, b"{}", "application/json") == 200
        await download(target, tmp_path / "model")
    finally:
        bad.shutdown()
        thread.join()
        bad.server_close()
    assert good.calls == [("POST", "/x"), ("GET", "/x")]
    assert bad.calls == []
    assert [host for host in asked if host == "rebind.example"] == ["rebind.example"]


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["::1"]])
async def test_a_name_with_a_private_address_among_others_is_not_called(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    async def resolve(_: str, port: int, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(AddressRefused, match="private address"):
        await checked("https://both.example/", frozenset())


async def test_a_host_that_is_allowed_is_that_one_and_no_other(canary: Canary) -> None:
    port = canary.server_port
    other = free_port()
    for url in (f"http://127.0.0.1:{other}/", f"http://localhost:{port}/", f"http://127.0.0.1.:{port}/"):
        with pytest.raises(AddressRefused):
            await checked(url, {f"127.0.0.1:{port}"})
