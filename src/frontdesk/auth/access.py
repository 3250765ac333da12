"""Tell who calls by what they show: an API key, a JSON web token, a shared token, a conversation token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from frontdesk.auth.api_keys import KeyFile
from frontdesk.auth.jwts import TokenRules
from frontdesk.auth.principal import ADMIN, ANYBODY, CUSTOMER, Principal
from frontdesk.auth.tokens import bearer
from frontdesk.auth.tokens import read as read_conversation
from frontdesk.errors import AuthError, ConfigError


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows: `?token=`, `Authorization`, `X-API-Key`."""

    query: str | None = None
    authorization: str | None = None
    key: str | None = None

    @property
    def secret(self) -> str | None:
        """The key, or else the bearer's token."""
        return self.key or bearer(self.authorization)

    @property
    def any(self) -> str | None:
        """Whatever is shown."""
        return self.secret or self.query


@dataclass(frozen=True)
class Access:
    """Who may come in, for everything that this server serves.

    `token` is Rasa's shared token, `rules` are those of JSON web tokens (any of them will do), `keys` the API keys.

    >>> Access("a-token-that-nobody-guesses").caller(Shown(query="a-token-that-nobody-guesses")).may("getStatus")
    True
    """

    token: str | None = field(default=None, repr=False)
    rules: tuple[TokenRules, ...] = ()
    keys: KeyFile | None = None

    def __post_init__(self) -> None:
        if self.token is not None and not self.token.strip():
            raise ConfigError("The API's token is empty.", hint="Give it with --auth-token, or leave it out.")
        if self.keys is not None:
            self.keys.check()

    @classmethod
    def by_options(
        cls,
        token: str | None = None,
        jwt_secret: str | None = None,
        jwt_method: str = "HS256",
        *,
        rules: tuple[TokenRules, ...] = (),
        keys: KeyFile | None = None,
    ) -> Access:
        """Return what Rasa's options ask for, beside what this installation does. Raises ConfigError."""
        if jwt_secret is not None:
            # Rasa's own: no audience is looked at, and an end counts only where it is given.
            rules = (TokenRules(jwt_secret, (jwt_method,), label="--jwt-secret"), *rules)
        return cls(token, rules, keys)

    @property
    def needed(self) -> bool:
        """Tell whether callers have to show anything."""
        return self.token is not None or bool(self.rules) or (self.keys is not None and self.keys.asked_for)

    @property
    def weak(self) -> list[str]:
        """Sentences about secrets that are short enough to be guessed."""
        found = [sentence for rules in self.rules for sentence in rules.weak]
        if self.token is not None and len(self.token) < 16:
            found.append("--auth-token has fewer than 16 characters; make it longer.")
        return found

    def caller(self, shown: Shown) -> Principal:
        """Return who calls the API or the inspector. Raises AuthError where what is shown is not valid.

        A conversation token is none of these: it is for channels.
        """
        if not self.needed:
            return ANYBODY
        found = self.known(shown)
        if found is None:
            raise AuthError("User is not authenticated.")
        return found

    def known(self, shown: Shown) -> Principal | None:
        """Return who shows a key or a token of this installation; None for what is none of them.

        Raises AuthError for one that is not valid.
        """
        if any(self._is_token(given) for given in (shown.query, bearer(shown.authorization), shown.key)):
            return Principal("token", frozenset({ADMIN}), "token")
        secret = shown.secret
        if secret is None:
            return None
        found = self.keys.principal(secret) if self.keys is not None else None
        return found or self._signed(secret)

    def speaker(self, shown: Shown, secret: str) -> Principal | None:
        """Return who speaks on a channel, where they show something; `secret` signs conversation tokens.

        Raises AuthError for what is shown and not valid.
        """
        if shown.secret is None:
            return None
        try:  # first, for most that is shown on channels is one
            said = read_conversation(shown.secret, secret)
        except AuthError as error:
            found = self.known(Shown(None, shown.authorization, shown.key))
            if found is None:
                raise error
            return found
        return Principal(said.sender_id, frozenset({CUSTOMER}), "conversation", said.expires)

    def _signed(self, shown: str) -> Principal | None:
        trouble = None
        for rules in self.rules:
            try:
                return rules.read(shown)
            except AuthError as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return None

    def _is_token(self, given: str | None) -> bool:
        if self.token is None or given is None:
            return False
        # Bytes, for a comparison of texts that are not ASCII would fail.
        return hmac.compare_digest(given.encode(errors="surrogatepass"), self.token.encode())
