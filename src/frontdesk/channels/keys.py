"""JSON web tokens that a vendor signs with keys of its own, which it publishes and changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import jwt

from frontdesk.channels.lines import NotTaken
from frontdesk.channels.reading import unsigned, word
from frontdesk.errors import MissingExtra

ALGORITHMS = ["RS256"]
LONGEST = 16 * 1024  # characters; a longer token is not looked at
SKEW = 300.0  # seconds by which clocks may differ
FRESH = 24 * 3600.0  # seconds for which keys are believed
PAUSE = 300.0  # seconds between two looks for a key that is not known


class SigningKeys:
    """Checks a vendor's tokens; the keys come from `load`, once a day and when an unknown one signs.

    `load` returns keys as JSON (JWK), and raises NotTaken where it cannot.
    """

    def __init__(self, vendor: str, load: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]]) -> None:
        if not jwt.algorithms.has_crypto:
            raise MissingExtra(f"The channel of {vendor}", "rsa")
        self.vendor = vendor
        self._load = load
        self._keys: dict[str, Mapping[str, Any]] = {}
        self._looked = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def claims(
        self, token: str | None, issuer: str, audience: str
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return what a valid token says, and the key that signed it. Raises Refusal (401), NotTaken."""
        if not token or len(token) > LONGEST:
            raise unsigned(self.vendor)
        try:
            name = jwt.get_unverified_header(token).get("kid")
            key = await self._key(str(name))
            if key is None:
                raise unsigned(self.vendor)
            claims = jwt.decode(
                token,
                jwt.PyJWK.from_dict(dict(key), algorithm=ALGORITHMS[0]),
                algorithms=ALGORITHMS,
                issuer=issuer,
                audience=audience,
                leeway=SKEW,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise unsigned(self.vendor) from error
        return claims, key

    async def _key(self, name: str) -> Mapping[str, Any] | None:
        age = monotonic() - self._looked
        if age > FRESH or (name not in self._keys and age > PAUSE):
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._renew())
            try:
                await asyncio.shield(self._looking)  # all who wait for keys wait for one look
            except NotTaken:
                if name not in self._keys:
                    raise
        return self._keys.get(name)

    async def _renew(self) -> None:
        try:
            found = {word(key, "kid"): key for key in await self._load()}
            if not found:  # an answer of something else on the way, which must not take the good ones away
                raise NotTaken("There are no keys in the answer.")
        except NotTaken:
            # The old ones are believed until then.
            self._looked = max(self._looked, monotonic() - FRESH + PAUSE)
            raise
        self._keys, self._looked = found, monotonic()
