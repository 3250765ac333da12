"""Where and how a server listens: address, encryption, time limits, and the pages of other sites that may use it."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from frontdesk.errors import ConfigError

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # only compared with: what an operator may have asked for


@dataclass(frozen=True)
class Listening:
    """An address and what holds for every request there.

    Time limits are in seconds; None stands for the server's own. `origins` are those of pages of other sites. `worker`
    is the number of a process that shares the address with others.
    """

    interface: str = "127.0.0.1"
    port: int = 5005
    origins: tuple[str, ...] = ()
    encryption: ssl.SSLContext | None = None
    response_timeout: int | None = None
    request_timeout: int | None = None
    worker: int | None = None

    @property
    def url(self) -> str:
        """The address as a person would type it."""
        here = self.interface in EVERYWHERE or self.interface == "127.0.0.1"
        scheme = "https" if self.encryption else "http"
        named = f"[{self.interface}]" if ":" in self.interface else self.interface
        return f"{scheme}://{'localhost' if here else named}:{self.port}/"

    def check(self) -> None:
        """Raise ConfigError where nothing can listen there; better now than after loading the model."""
        if self.worker is None:
            self._bound(socket.SO_REUSEADDR).close()

    def reserved(self) -> socket.socket:
        """Return a socket that keeps the address for workers and does not listen itself. Raises ConfigError."""
        return self._bound(socket.SO_REUSEADDR, socket.SO_REUSEPORT)

    def shared(self) -> socket.socket | None:
        """Return the socket of a worker, of which there are several at one address; None where this is none."""
        return self.reserved() if self.worker is not None else None

    def _bound(self, *options: int) -> socket.socket:
        found = socket.socket(socket.AF_INET6 if ":" in self.interface else socket.AF_INET)
        try:
            for option in options:
                found.setsockopt(socket.SOL_SOCKET, option, 1)
            found.bind((self.interface, self.port))
        except OSError as error:
            found.close()
            what = (
                f"The server cannot listen on {self.interface}, port {self.port} ({error.strerror or error})."
            )
            raise ConfigError(what, hint=self._mend(error)) from error
        return found

    def _mend(self, error: OSError) -> str:
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            return "Name an address of this machine: --interface 127.0.0.1 (or 0.0.0.0: all of them)."
        if error.errno == errno.EACCES:
            return "Ports below 1024 need rights: choose another one, or put a proxy before the server."
        return f"Choose another port: --port {self.port + 1}."


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
