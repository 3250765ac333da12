"""A vendor that signs JSON web tokens with a key that it publishes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


class Signer:
    """Signs with an RSA key of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def published(self, **more: Any) -> dict[str, Any]:
        """Return the public key as JSON."""
        found = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**found, "kid": self.name, "use": "sig", **more}

    def token(self, claims: Mapping[str, Any], *, age: float = 0.0, name: str | None = None) -> str:
        """Return a token that is good for an hour."""
        made = int(time.time() - age)
        whole = {"nbf": made, "iat": made, "exp": made + 3600, **claims}
        return jwt.encode(whole, self.key, algorithm="RS256", headers={"kid": name or self.name})


def unsigned(claims: Mapping[str, Any], name: str) -> str:
    """Return a token that is not signed at all."""
    whole = {"exp": int(time.time()) + 3600, **claims}
    return jwt.encode(whole, None, algorithm="none", headers={"kid": name})
