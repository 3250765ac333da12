"""What attackers have: the address of a running assistant, any number of conversations, and what customers tell about
themselves. What the tests have besides: the shop's database, to see what was changed and what nobody may hear."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from frontdesk.auth.api_keys import KeyFile
from tests.assistant.flows.talking import DOMAIN
from tests.conftest import PATIENT, Server, start_server, until
from tests.visitors import Target, Victim, copied

GUARDED = """
auth:
  jwt:
    key_file: public.pem
    methods: [RS256]
    audience: help
    issuer: https://login.example
rate_limits:  # by the month: at the full hour one more would be let through in the middle of a test
  conversation: 5/month
  address: 20/month
  key: 300/month
  trusted_proxies: [127.0.0.1]
"""
RESPONSES = DOMAIN["responses"]


def by_wording(text: str, *names: str) -> str:
    """Put a response's name in place of each line that is one of its wordings, of which one is drawn each time."""
    shapes = []
    for line in text.splitlines():
        for name in names:
            for variation in RESPONSES[name]:
                pattern = re.sub(r"\\\{.*?\\\}", ".*", re.escape(str(variation["text"])))
                line = name if re.fullmatch(pattern, line) else line
        shapes.append(line)
    return "\n".join(shapes)


ABOUT_ORDERS = (
    "on its way",
    "was delivered",
    "delivered order",
    "being packed",
    "to be packed",
    "is canceled",
    "shall i",
)


def leaks(text: str, victim: Victim) -> list[str]:
    """Return what a text tells that only the victim may hear: a fact of theirs, or how their order stands."""
    found = [secret for secret in victim.secrets if secret.lower() in text.lower()]
    for line in text.lower().splitlines():
        if victim.number.lower() in line:
            found += [words for words in ABOUT_ORDERS if words in line]
    return found


@pytest.fixture(scope="module")
def target(assistant: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The assistant, running; its e-mails stay in the outbox."""
    folder = copied(assistant, tmp_path_factory.mktemp("target") / "project")
    with (folder / "credentials.yml").open("a") as credentials:
        credentials.write("\nsocketio:\n  session_persistence: true\n")
    server = start_server(folder, FRONTDESK_OUTBOX="manual", **PATIENT)
    found = Target(server, folder)
    until(lambda: "e-mail" in found.visitor().say("where is my order?"), "the shop is filled")
    yield found
    server.stop()
    log = server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]


@dataclass
class Guarded:
    """A server with everything open that can be, and what its operator and the identity provider hold."""

    server: Server
    folder: Path
    private: RSAPrivateKey
    public: str
    keys: KeyFile

    @property
    def url(self) -> str:
        """Its address."""
        return self.server.url

    def token(self, subject: str = "ann", *roles: str, **claims: Any) -> str:
        """Return what the identity provider would sign."""
        said = {"sub": subject, "roles": list(roles), "aud": "help", "iss": "https://login.example"}
        said["exp"] = time.time() + 600
        return jwt.encode({**said, **claims}, self.private, algorithm="RS256")

    def ask(self, method: str, path: str, shown: str | None = None, **more: Any) -> httpx.Response:
        """Send a request as somebody who shows a token."""
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        return httpx.request(
            method, f"{self.url}{path}", headers={**headers, **more.pop("headers", {})}, **more
        )


@pytest.fixture(scope="module")
def guarded(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A small assistant behind a proxy on this machine, which believes an identity provider and its own API keys."""
    folder = copied(starter, tmp_path_factory.mktemp("guarded") / "project")
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "public.pem").write_bytes(public)
    (folder / "credentials.yml").write_text("chat:\nrest:\nsocketio:\n  session_persistence: true\n")
    with (folder / "endpoints.yml").open("a") as endpoints:
        endpoints.write(GUARDED)
    server = start_server(folder, "--enable-api", "--inspector", "--request-timeout", "3")
    keys = KeyFile(folder / ".frontdesk" / "keys.json")
    yield Guarded(server, folder, private, public.decode(), keys)
    server.stop()
    log = server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log, log[log.index("Traceback") - 2000 :]
