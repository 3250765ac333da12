"""Where and how a server listens: address, encryption, time limits, and the pages of other sites that may use it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from frontdesk.errors import ConfigError

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # only compared with: what an operator may have asked for


@dataclass(frozen=True)
class Listening:
    """An address and what holds for every request there.

    Time limits are in seconds; None stands for the server's own. `origins` are those of pages of other sites.
    """

    interface: str = "127.0.0.1"
    port: int = 5005
    origins: tuple[str, ...] = ()
    encryption: ssl.SSLContext | None = None
    response_timeout: int | None = None
    request_timeout: int | None = None

    @property
    def url(self) -> str:
        """The address as a person would type it."""
        here = self.interface in EVERYWHERE or self.interface == "127.0.0.1"
        scheme = "https" if self.encryption else "http"
        named = f"[{self.interface}]" if ":" in self.interface else self.interface
        return f"{scheme}://{'localhost' if here else named}:{self.port}/"

    def check(self) -> None:
        """Raise ConfigError where nothing can listen there; better now than after loading the model."""
        family = socket.AF_INET6 if ":" in self.interface else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.interface, self.port))
            except OSError as error:
                what = f"The server cannot listen on {self.interface}, port {self.port} ({error.strerror})."
                raise ConfigError(what, hint=f"Choose another port: --port {self.port + 1}.") from error


def encryption(
    certificate: Path | None, keyfile: Path | None, ca_file: Path | None, password: str | None
) -> ssl.SSLContext | None:
    """Return what encrypts connections, or None without a certificate. Raises ConfigError where files do not do."""
    if certificate is None:
        if keyfile or ca_file:
            raise ConfigError("TLS needs a certificate.", hint="Name it: --ssl-certificate FILE.")
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca_file)
        # Without a password, one that is needed would be asked for in the terminal; a server has nobody to ask.
        context.load_cert_chain(certificate, keyfile, password or "")
    except (OSError, ssl.SSLError) as error:
        hint = "Check --ssl-certificate, --ssl-keyfile and --ssl-password."
        raise ConfigError(f"TLS cannot be used ({error}).", where=str(certificate), hint=hint) from error
    return context
