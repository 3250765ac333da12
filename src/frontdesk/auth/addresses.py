"""Which address a request comes from, where proxies stand in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from frontdesk.errors import ConfigError

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

SITE = 64
"""Bits of an IPv6 address that one customer of a provider has at the least: all below count as one."""
TRANSLATED = ip_network("64:ff9b::/96")
"""Clients by IPv4, as a server without it sees them behind a translator: not one site, but all of them."""
MOST_HOPS = 20  # of X-Forwarded-For that are looked at


@dataclass(frozen=True)
class Proxies:
    """The proxies whose word is believed: networks, or single addresses.

    What `X-Forwarded-For` says is read from its end, where the nearest proxy wrote, and only as far as proxies of these
    networks are: whatever a client wrote into it stands before that, and is never looked at.
    """

    networks: tuple[Network, ...] = ()

    @classmethod
    def read(cls, listed: Iterable[object], where: str | None = None) -> Proxies:
        """Return the proxies of a list in a file. Raises ConfigError."""
        return cls(tuple(_network(entry, where) for entry in listed))

    def client(self, peer: str, forwarded: Sequence[str]) -> Address | None:
        """Return the address of the client; None where the connection has none (a Unix socket).

        `peer` is the other end of the connection, `forwarded` the values of X-Forwarded-For in their order.
        """
        found = _address(peer)
        if not self.networks or not forwarded or found is None or not self._are(found):
            return found
        hops = ",".join(forwarded).rsplit(",", MOST_HOPS)[-MOST_HOPS:]
        for hop in reversed(hops):
            said = _address(hop)
            if said is None:
                break  # nonsense, or a name: behind it there is nothing to rely on
            found = said
            if not self._are(found):
                break
        return found

    def _are(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def _network(entry: object, where: str | None) -> Network:
    try:
        if not isinstance(entry, str):
            raise ValueError(entry)
        return ip_network(entry.strip(), strict=False)
    except ValueError as error:
        hint = "Write addresses or networks, as in 10.0.0.0/8 or 203.0.113.7."
        raise ConfigError(f"'{entry}' in 'trusted_proxies' is no network.", where=where, hint=hint) from error


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # with a port, as some proxies write it
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found in TRANSLATED:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return getattr(found, "ipv4_mapped", None) or found


@lru_cache(maxsize=4096)
def name_of(address: Address) -> str:
    """Return what an address counts as: itself, or its site where it is an IPv6 address."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, SITE), strict=False))
    return str(address)
