"""Addresses that a caller names: private ones are not reached, whatever they are called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from frontdesk.errors import AddressRefused
from frontdesk.outgoing import checked, download, is_public, post


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.server.got = (dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[attr-defined]
        self.answer()

    def answer(self) -> None:
        status = 302 if self.path == "/away" else 200
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"12345")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::",
        "64:ff9b::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "ff02::1",
        "192.0.0.192", "fec0:0:0:ffff::1", "3fff::1", "168.63.129.16",
    ],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost:80/", "http://[::1]/", "http://2130706433/", "http://0x7f.1/", "http://0/",
        "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "ftp://8.8.8.8/", "gopher://8.8.8.8",
        "http://user:secret@8.8.8.8/", "//8.8.8.8/", "nonsense", "", "http://", "http://no-such-host.invalid/",
        "http://8.8.8.8:99999/",
    ],
)  # fmt: skip
async def test_what_is_not_called(url: str) -> None:
    with pytest.raises(AddressRefused):
        await checked(url, frozenset())


async def test_what_is_allowed() -> None:
    assert (await checked("https://8.8.8.8/x", frozenset())).address == "8.8.8.8"
    assert (await checked("http://127.0.0.1:81/", {"127.0.0.1"})).address == "127.0.0.1"
    assert (await checked("http://127.0.0.1:81/", {"127.0.0.1:81"})).address == "127.0.0.1"
    with pytest.raises(AddressRefused):
        await checked("http://127.0.0.1:81/", {"127.0.0.1:82"})
    with pytest.raises(AddressRefused, match="may not fetch"):
        await checked("https://8.8.8.8/", frozenset(), only_allowed=True)


async def test_sending_and_fetching(elsewhere: HTTPServer, tmp_path: Path) -> None:
    port = elsewhere.server_port
    target = await checked(f"http://localhost:{port}/there", {"localhost"})
    assert await post(target, b'{"a": 1}', "application/json") == 200
    headers, content = elsewhere.got  # type: ignore[attr-defined]
    assert (headers["Host"], headers["Content-Type"]) == (f"localhost:{port}", "application/json")
    assert content == b'{"a": 1}'
    await download(target, tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == b"12345"


async def test_a_redirect_is_not_followed(elsewhere: HTTPServer, tmp_path: Path) -> None:
    target = await checked(f"http://127.0.0.1:{elsewhere.server_port}/away", {"127.0.0.1"})
    with pytest.raises(AddressRefused, match="status 302"):
        await download(target, tmp_path / "model")


async def test_what_is_too_large(
    elsewhere: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.outgoing.MOST_BYTES", 3)
    target = await checked(f"http://127.0.0.1:{elsewhere.server_port}/", {"127.0.0.1"})
    with pytest.raises(AddressRefused, match="too large"):
        await download(target, tmp_path / "model")
