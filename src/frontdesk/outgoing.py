"""Connect to an address that somebody else named, but only where that cannot reach what is private.

Whoever calls the API, and a file from elsewhere, may name an address; the operator's own files are believed and need
none of this. A host name is resolved once, every address it has is checked, and the connection goes to the one that was
checked: a name that resolves to something else a moment later (DNS rebinding) gains nothing. Redirects are not
followed, and no proxy is asked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from frontdesk.errors import AddressRefused

TIMEOUT = 30.0  # seconds without a byte
LONGEST = 1800.0  # seconds for all of it
MOST_BYTES = 4 * 1024**3  # of what is fetched
SAYS = "endpoints.yml: outgoing, or --api-allow-host"
_NARROW = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # tells a machine in Azure about itself, at an address that looks public
        "64:ff9b::/96",  # an IPv4 address behind a translator: it may be any
        "64:ff9b:1::/48",
        # Some of these are public for ipaddress, depending on the version of Python.
        "192.0.0.0/24",  # for protocols; tells a machine in Oracle's cloud about itself
        "fec0::/10",  # of one site
        "3fff::/20",  # for documents
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked: `url` with its host's name, `address` to which the connection goes."""

    url: httpx.URL
    address: str


async def checked(url: str, allowed: Collection[str], *, only_allowed: bool = False) -> Target:
    """Return the target of a URL.

    `allowed` are hosts (`name`, `name:port` or an address) that may be private. Raises AddressRefused for anything but
    http and https, for a private address and, where `only_allowed`, for any host that is not allowed.
    """
    parsed = _parsed(url)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    # In brackets as in a URL, or without.
    hosts = {parsed.host, f"[{parsed.host}]"} if ":" in parsed.host else {parsed.host}
    named = bool({*hosts, *(f"{host}:{port}" for host in hosts)} & {name.lower() for name in allowed})
    if only_allowed and not named:
        raise AddressRefused(f"The server may not fetch anything from '{parsed.host}' ({SAYS}).")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parsed.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressRefused(f"The host '{parsed.host}' is not known.") from error
    addresses = [str(row[4][0]) for row in found]
    if not named and not all(is_public(address) for address in addresses):
        raise AddressRefused(f"'{parsed.host}' is a private address, which is not allowed ({SAYS}).")
    return Target(parsed, addresses[0])


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise AddressRefused("This is not a valid URL.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise AddressRefused("Only http and https URLs are called.")
    if not 1 <= (parsed.port or 80) <= 65535:
        raise AddressRefused("There is no such port.")
    if parsed.userinfo:
        raise AddressRefused("A URL with a user or a password in it is not called.")
    return parsed


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the open internet, also where an IPv6 address carries an IPv4 one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if found.teredo is not None:
            return False
    if any(found in network for network in _NARROW):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


@asynccontextmanager
async def _ask(
    target: Target, method: str, content: bytes | None, headers: Mapping[str, str]
) -> AsyncIterator[httpx.Response]:
    url = target.url.copy_with(host=target.address)
    sent = {**headers, "Host": target.url.netloc.decode("ascii")}
    # The certificate must be the name's, not the address's.
    extensions = {"sni_hostname": target.url.raw_host.decode("ascii")}
    client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False, follow_redirects=False)
    async with (
        asyncio.timeout(LONGEST),
        client,
        client.stream(method, url, content=content, headers=sent, extensions=extensions) as answer,
    ):
        yield answer


async def post(target: Target, content: bytes, content_type: str) -> int:
    """Send something to a target and return the status of its answer. Raises AddressRefused where there is none."""
    try:
        async with _ask(target, "POST", content, {"Content-Type": content_type}) as answer:
            return answer.status_code
    except (httpx.HTTPError, TimeoutError) as error:
        raise _unreachable(target, error) from error


async def download(target: Target, file: Path, token: str | None = None) -> None:
    """Write what a target has into a file. Raises AddressRefused where it does not answer with 200, or is too large."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    size = 0
    try:
        async with _ask(target, "GET", None, headers) as answer:
            if answer.status_code != 200:
                raise AddressRefused(f"'{target.url.host}' answered with the status {answer.status_code}.")
            with file.open("wb") as out:
                async for chunk in answer.aiter_bytes():
                    size += len(chunk)
                    if size > MOST_BYTES:
                        raise AddressRefused("What is there is too large.")
                    out.write(chunk)
    except (httpx.HTTPError, TimeoutError) as error:
        raise _unreachable(target, error) from error


def _unreachable(target: Target, error: Exception) -> AddressRefused:
    return AddressRefused(f"'{target.url.host}' could not be reached ({type(error).__name__}).")
