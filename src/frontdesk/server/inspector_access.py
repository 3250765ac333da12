"""Who may open the inspector: the holder of the API's token, or of the key in the link that the start prints."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from sanic import Request

from frontdesk.auth.access import Access
from frontdesk.auth.principal import ANYBODY, Principal
from frontdesk.auth.tokens import bearer
from frontdesk.channels.http import Refusal, shown_by
from frontdesk.errors import AuthError, ConfigError
from frontdesk.server.api import host_of, is_local, site_of

PAGE = "/inspector"


def new_key() -> str:
    """Return a key that nobody can guess."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Entrance:
    """What a caller of the inspector has to show, and to which names the server answers.

    With API keys, a token or JSON web tokens these are what counts, and the role says what may be done. Without any,
    which is allowed only where no other machine reaches the server, it is a random `key` of this start.
    """

    access: Access
    local: bool
    key: str | None = field(default=None, repr=False)

    @classmethod
    def make(cls, access: Access, interface: str, key: str | None = None) -> Entrance:
        """Make one for a server that listens on an address; several workers are given one `key`.

        Raises ConfigError where others reach it and no token is configured.
        """
        local = is_local(interface)
        if access.needed:
            return cls(access, local)
        if not local:
            what = f"The inspector shows what customers wrote, and the server listens on {interface}."
            raise ConfigError(what, hint="Give --auth-token, make an API key, or listen on 127.0.0.1.")
        return cls(access, local, key or new_key())

    def link(self, base: str) -> str:
        """Return where to open the page; the key is behind the `#`, which browsers send to nobody."""
        return f"{base.rstrip('/')}{PAGE}" + (f"#key={self.key}" if self.key else "")

    def admit(self, request: Request, operation: str) -> None:
        """Let a request for an operation in, or raise Refusal (401, 403).

        No cookie speaks for anybody here, so a page of another site has nothing to show; and neither has one that gave
        itself a name that points to this machine: such names are not answered to at all.
        """
        _refuse_other_sites(request)
        if self.key is not None and not is_local(host_of(request.headers.get("Host", ""))):
            raise Refusal(
                403, "NotAuthorized", "Without an API token, the inspector answers only as 'localhost'."
            )
        if not self._caller(request).may(operation):
            raise Refusal(403, "NotAuthorized", "Your role does not allow this in the inspector.")

    def _caller(self, request: Request) -> Principal:
        if self.key is not None:
            given = (bearer(request.headers.get("Authorization")) or "").encode(errors="surrogatepass")
            if not hmac.compare_digest(given, self.key.encode()):
                raise _unknown("Open the link that `frontdesk run` printed, or enter its key.")
            return ANYBODY
        try:
            return self.access.caller(shown_by(request))
        except AuthError as error:
            raise _unknown(
                f"{error.sentence} Enter the API token that the server was started with."
            ) from error


def _refuse_other_sites(request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin and site_of(origin) != request.headers.get("Host", ""):
        raise Refusal(403, "NotAuthorized", "Pages of other sites may not use the inspector.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "NotAuthorized", "Pages of other sites may not use the inspector.")


def _unknown(message: str) -> Refusal:
    return Refusal(401, "NotAuthenticated", message, {"WWW-Authenticate": "Bearer"})
