"""Read JSON web tokens of an identity provider: signature, times, audience, issuer, roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from frontdesk.auth.principal import Principal, roles_in
from frontdesk.errors import AuthError, ConfigError, MissingExtra

METHODS = (
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
    "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
)  # fmt: skip
"""Signatures that may be asked for; a token that says another one (or `none`) is refused."""

LONGEST = 8 * 1024  # characters; a longer token is not looked at


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a JSON web token has to be like.

    `key` is the shared secret of HS methods, the public key (PEM) of all others: a token never says by which key it is
    checked, nor brings one. `roles_claim` may be a path (`realm_access.roles`); beside it counts Rasa's `user` claim,
    `{"username", "role"}`. `label` is what the key is called in complaints. Raises ConfigError where nothing could ever
    be accepted.

    >>> rules = TokenRules(public_key, ("RS256",), audience="frontdesk", needs_end=True, roles_claim="roles")
    """

    key: str = field(repr=False)
    methods: tuple[str, ...] = ("HS256",)
    audience: str | tuple[str, ...] = ()
    issuer: str | None = None
    leeway: float = 0.0
    needs_end: bool = False
    roles_claim: str | None = None
    label: str = "The JWT secret"

    def __post_init__(self) -> None:
        if not self.methods:
            raise ConfigError(
                f"{self.label}: no method is allowed.", hint=f"Name one of {', '.join(METHODS)}."
            )
        for method in self.methods:
            self._check(method)

    def _check(self, method: str) -> None:
        if method not in METHODS:
            what = f"'{method}' is no method for signing the API's JSON web tokens."
            raise ConfigError(what, hint=f"Use one of {', '.join(METHODS)}.")
        if not self.key.strip():
            raise ConfigError(f"{self.label} is empty.", hint="Give it, or leave it out.")
        try:
            algorithm = jwt.get_algorithm_by_name(method)
        except NotImplementedError as error:
            raise MissingExtra(f"The JWT method {method}", "rsa") from error
        try:
            # A public key is no HS secret: else whoever knows it, and that is everyone, could sign.
            algorithm.prepare_key(self.key)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            hint = "HS methods take a shared secret, the others a public key in PEM form."
            raise ConfigError(f"{self.label} is no key for {method}.", hint=hint) from error

    @property
    def weak(self) -> list[str]:
        """Sentences about a secret that is short enough to be guessed."""
        least = max((int(name[2:]) // 8 for name in self.methods if name.startswith("HS")), default=0)
        if len(self.key.encode()) >= least:
            return []
        which = " and ".join(self.methods)
        return [f"{self.label} has fewer than {least} bytes, which {which} asks for."]

    def read(self, token: str) -> Principal:
        """Return who a token speaks for. Raises AuthError where it is not valid."""
        if len(token) > LONGEST or not token.isascii():
            raise AuthError("The JSON web token is too long, or no token at all.")
        try:
            claims = jwt.decode(
                token,
                self.key,
                algorithms=list(self.methods),
                audience=self.audience or None,
                issuer=self.issuer,
                leeway=self.leeway,
                options={
                    "verify_aud": bool(self.audience),
                    "verify_sub": False,
                    "require": ["exp"] if self.needs_end else [],
                },
            )
        except jwt.ExpiredSignatureError as error:
            raise AuthError("The JSON web token has expired.") from error
        except (jwt.InvalidTokenError, RecursionError) as error:
            raise AuthError("The JSON web token is not valid.") from error
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        user = claims.get("user")
        user = user if isinstance(user, Mapping) else {}
        until = claims.get("exp")
        until = float(until) if until is not None else None
        roles: Any = _at(claims, self.roles_claim.split(".")) if self.roles_claim else None
        if roles is None:
            return Principal(_name(user.get("username")), roles_in([user.get("role")]), "jwt", until)
        listed = roles if isinstance(roles, list) else [roles]
        return Principal(_name(claims.get("sub"), user.get("username")), roles_in(listed), "jwt", until)


def _at(claims: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = claims
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _name(*given: Any) -> str:
    return next((name for name in given if isinstance(name, str) and name), "")
