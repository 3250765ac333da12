"""Which address a request is from: as far as trusted proxies say so, and no further."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from frontdesk.auth.addresses import Proxies, name_of
from frontdesk.errors import ConfigError

NEAR = Proxies.read(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        # Nobody who is not a proxy is believed.
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        # What the client wrote stands before what the proxy saw.
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.5, 198.51.100.1"], "198.51.100.1"),
        # Two proxies in a row.
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 192.0.2.7"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::1]:80"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        # Nonsense ends it: the last one who is known is the one.
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1, 192.0.2.7, x\0"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [",".join(["198.51.100.1"] + ["10.0.0.2"] * 30)], "10.0.0.2"),
    ],
)
def test_the_client(peer: str, forwarded: list[str], client: str) -> None:
    assert NEAR.client(peer, forwarded) == ip_address(client)


def test_without_trusted_proxies_the_other_end_is_the_client() -> None:
    assert Proxies().client("127.0.0.1", ["198.51.100.1"]) == ip_address("127.0.0.1")
    assert Proxies().client("", ["198.51.100.1"]) is None
    assert Proxies().client("a socket", []) is None


def test_clients_behind_a_translator_count_one_by_one() -> None:
    found = [Proxies().client(f"64:ff9b::198.51.100.{number}", ()) for number in (1, 2)]
    assert [name_of(each) for each in found if each] == ["198.51.100.1", "198.51.100.2"]


def test_an_ipv6_site_counts_as_one() -> None:
    assert name_of(ip_address("2001:db8:1:2:3::4")) == name_of(ip_address("2001:db8:1:2:ffff::1"))
    assert name_of(ip_address("2001:db8:1:2::")) != name_of(ip_address("2001:db8:1:3::"))
    assert name_of(ip_address("198.51.100.1")) == "198.51.100.1"


@pytest.mark.parametrize("entry", ["proxy.internal", "10.0.0.0/99", "", 7, None])
def test_what_is_no_network(entry: object) -> None:
    with pytest.raises(ConfigError, match="is no network"):
        Proxies.read([entry], "endpoints.yml:3")
