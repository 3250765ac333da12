"""Addresses and certificates."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from frontdesk.errors import ConfigError
from frontdesk.server.listening import Listening, encryption
from frontdesk.testing.servers import free_port


@pytest.mark.parametrize(
    ("interface", "url"),
    [
        ("127.0.0.1", "http://localhost:5005/"),
        ("0.0.0.0", "http://localhost:5005/"),
        ("10.0.0.7", "http://10.0.0.7:5005/"),
        ("::1", "http://[::1]:5005/"),
    ],
)
def test_the_address_that_people_type(interface: str, url: str) -> None:
    assert Listening(interface).url == url


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1, port {port}"):
            Listening(port=port).check()
    Listening(port=free_port()).check()


def test_an_address_that_is_not_of_this_machine() -> None:
    with pytest.raises(ConfigError, match=r"Name an address of this machine: --interface 127\.0\.0\.1"):
        Listening("192.0.2.1", free_port()).check()


def test_certificates_that_do_not_do(tmp_path: Path) -> None:
    assert encryption(None, None, None, None) is None
    bad = tmp_path / "bad.crt"
    bad.write_text("no certificate")
    with pytest.raises(ConfigError, match="TLS cannot be used"):
        encryption(bad, None, None, None)
    with pytest.raises(ConfigError, match="needs a certificate"):
        encryption(None, bad, None, None)
