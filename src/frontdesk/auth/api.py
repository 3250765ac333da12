"""Who may use the HTTP API: a shared token, or JSON web tokens of an identity provider, as in Rasa."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Any

import jwt

from frontdesk.auth.tokens import bearer
from frontdesk.errors import AuthError, ConfigError, MissingExtra

METHODS = (
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512",
    "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
)  # fmt: skip
"""Signatures that may be asked for; a token that says another one (or `none`) is refused."""

LONGEST = 16 * 1024  # characters; a longer token is not looked at
ADMIN, USER = "admin", "user"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an `admin` may do everything, a `user` only enters the conversation that has their name."""

    role: str = ADMIN
    username: str | None = None

    def may_enter(self, conversation_id: str | None) -> bool:
        """Tell whether the caller may use an operation; `conversation_id` is None where it is on no conversation."""
        if self.role == ADMIN:
            return True
        return self.role == USER and conversation_id is not None and self.username == conversation_id


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """What callers have to show; where neither is set, everyone may call.

    `jwt_secret` is the shared secret of an HS method, the public key (PEM) of any other. Raises ConfigError
    where they cannot work.
    """

    token: str | None = field(default=None, repr=False)
    jwt_secret: str | None = field(default=None, repr=False)
    jwt_method: str = "HS256"

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise ConfigError("The API's token is empty.", hint="Give it with --auth-token, or leave it out.")
        if self.jwt_method not in METHODS:
            what = f"'{self.jwt_method}' is no method for signing the API's JSON web tokens."
            raise ConfigError(what, hint=f"Use one of {', '.join(METHODS)}.")
        if self.jwt_secret is not None:
            self._check_secret(self.jwt_secret)

    def _check_secret(self, secret: str) -> None:
        if not secret.strip():
            raise ConfigError("The API's JWT secret is empty.", hint="Give it with --jwt-secret.")
        try:
            algorithm = jwt.get_algorithm_by_name(self.jwt_method)
        except NotImplementedError as error:
            raise MissingExtra(f"The JWT method {self.jwt_method}", "rsa") from error
        try:
            algorithm.prepare_key(secret)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            hint = "HS methods take a shared secret, the others a public key in PEM form."
            raise ConfigError(f"The JWT secret is no key for {self.jwt_method}.", hint=hint) from error

    @property
    def needed(self) -> bool:
        """Tell whether callers have to show anything."""
        return self.token is not None or self.jwt_secret is not None

    @property
    def weak(self) -> list[str]:
        """Sentences about secrets that are short enough to be guessed."""
        found = []
        if self.token is not None and len(self.token) < 16:
            found.append("--auth-token has fewer than 16 characters; make it longer.")
        if self.jwt_secret is not None and self.jwt_method.startswith("HS"):
            least = int(self.jwt_method[2:]) // 8
            if len(self.jwt_secret.encode()) < least:
                found.append(f"--jwt-secret has fewer than {least} bytes, which {self.jwt_method} asks for.")
        return found

    def caller(self, query_token: str | None, authorization: str | None) -> Caller:
        """Return who calls: by `?token=`, or by an `Authorization: Bearer` header with the token or a JWT.

        Raises AuthError where neither is valid.
        """
        if not self.needed:
            return Caller()
        shown = bearer(authorization)
        if self._is_token(query_token) or self._is_token(shown):
            return Caller()
        if self.jwt_secret is not None and shown:
            return self._signed(shown, self.jwt_secret)
        raise AuthError("User is not authenticated.")

    def _is_token(self, given: str | None) -> bool:
        if self.token is None or given is None:
            return False
        # Bytes, for a comparison of texts that are not ASCII would fail.
        return hmac.compare_digest(given.encode(errors="surrogatepass"), self.token.encode())

    def _signed(self, token: str, secret: str) -> Caller:
        if len(token) > LONGEST:
            raise AuthError("The JSON web token is too long.")
        try:
            # An identity provider may name an audience of its own; Rasa looks at none.
            claims = jwt.decode(
                token,
                secret,
                algorithms=[self.jwt_method],
                options={"verify_aud": False, "verify_sub": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise AuthError("The JSON web token has expired.") from error
        except jwt.InvalidTokenError as error:
            raise AuthError("The JSON web token is not valid.") from error
        user: Any = claims.get("user")
        if not isinstance(user, dict):
            return Caller(role="")
        name = user.get("username")
        return Caller(str(user.get("role", "")), name if isinstance(name, str) else None)
