"""Who may open the inspector: the holder of the API's token, or of the key in the link that the start prints."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from sanic import Request

from frontdesk.auth.api import ADMIN, ApiKeys
from frontdesk.auth.tokens import bearer
from frontdesk.channels.http import Refusal
from frontdesk.errors import AuthError, ConfigError
from frontdesk.server.api import host_of, is_local, site_of

PAGE = "/inspector"


def new_key() -> str:
    """Return a key that nobody can guess."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Entrance:
    """What a caller of the inspector has to show, and to which names the server answers.

    With an API token or JWT secret that is what counts (a JWT must have the role `admin`). Without one, which is
    allowed only where no other machine reaches the server, it is a random `key` of this start.
    """

    keys: ApiKeys
    local: bool
    key: str | None = field(default=None, repr=False)

    @classmethod
    def make(cls, keys: ApiKeys, interface: str, key: str | None = None) -> Entrance:
        """Make one for a server that listens on an address; several workers are given one `key`.

        Raises ConfigError where others reach it and no token is configured.
        """
        local = is_local(interface)
        if keys.needed:
            return cls(keys, local)
        if not local:
            what = f"The inspector shows what customers wrote, and the server listens on {interface}."
            raise ConfigError(what, hint="Give --auth-token or --jwt-secret, or listen on 127.0.0.1.")
        return cls(keys, local, key or new_key())

    def link(self, base: str) -> str:
        """Return where to open the page; the key is behind the `#`, which browsers send to nobody."""
        return f"{base.rstrip('/')}{PAGE}" + (f"#key={self.key}" if self.key else "")

    def admit(self, request: Request) -> None:
        """Let a request in, or raise Refusal (401, 403).

        No cookie speaks for anybody here, so a page of another site has nothing to show; and neither has one that gave
        itself a name that points to this machine: such names are not answered to at all.
        """
        _refuse_other_sites(request)
        if self.key is not None and not is_local(host_of(request.headers.get("Host", ""))):
            raise Refusal(
                403, "NotAuthorized", "Without an API token, the inspector answers only as 'localhost'."
            )
        if not self._may_enter(request):
            raise Refusal(403, "NotAuthorized", "The inspector is for the role 'admin'.")

    def _may_enter(self, request: Request) -> bool:
        shown = request.headers.get("Authorization")
        if self.key is not None:
            given = (bearer(shown) or "").encode(errors="surrogatepass")
            if not hmac.compare_digest(given, self.key.encode()):
                raise _unknown("Open the link that `frontdesk run` printed, or enter its key.")
            return True
        try:
            return self.keys.caller(None, shown).role == ADMIN
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
