"""Errors of the adapters: what happened, at which system, and what to do.

ShopError                 (commerce/errors.py)
  + AdapterError
    x Unreachable         no connection, or no whole answer within the deadline
    x Resting             the system failed too often; it is left alone for a while
    x RateLimited         the system asked us to come back later
    x Failed              the system itself failed (status 5xx)
    x Denied              our credentials were refused
    x NotYet              it was taken, and isn't finished; ask again later
    + Rejected            the request was refused
      x Missing           there is nothing at that address
      x Declined          the bank refused, or wants the customer to confirm; no money was taken
      x MoreThanPaid      more was to be given back than is left of the charge
    x BadAnswer           the answer can't be read
    x BadSignature        a webhook isn't signed by whom it should be
    x BadNotice           a webhook that is signed doesn't say what it has to
    x AdapterConfigError  adapters.yml has a value that can't be used

A message never holds a header, a body, a query or a credential: those may be secret or private.
"""

from __future__ import annotations

from datetime import timedelta

from actions.commerce.errors import ShopError


class AdapterError(ShopError):
    """Root of what goes wrong with a system outside."""

    passing: bool = False  # whether the same request may succeed a moment later
    counts: bool = False  # whether it says that the system is down

    def __init__(self, system: str, what: str, todo: str = "") -> None:
        self.system = system
        self.what = what
        self.todo = todo
        self.unsure = False  # whether the request may have had its effect all the same
        self.unsent = False  # whether nothing of the request left this machine
        super().__init__(f"{system}: {what}{f' {todo}' if todo else ''}")


class Unreachable(AdapterError):
    """No connection, or no whole answer within the deadline."""

    passing = True
    counts = True

    def __init__(self, system: str, what: str, *, unsent: bool = False) -> None:
        super().__init__(system, what, "Check that it is up and that its address in adapters.yml is right.")
        self.unsent = unsent


class Resting(AdapterError):
    """The system failed too often lately and is left alone for a while."""

    def __init__(self, system: str, seconds: float) -> None:
        self.retry_after = max(0.0, seconds)
        super().__init__(
            system, "it failed too often and is left alone.", f"Tried again in {self.retry_after:.0f} s."
        )


class RateLimited(AdapterError):
    """The system asked us to come back later."""

    passing = True

    def __init__(self, system: str, retry_after: float | None, *, unsent: bool = False) -> None:
        self.retry_after = retry_after
        when = f"It wants no request for {retry_after:.0f} s." if retry_after else "Try again later."
        super().__init__(system, "too many requests.", when)
        self.unsent = unsent


class Failed(AdapterError):
    """The system answered that it failed."""

    counts = True

    def __init__(self, system: str, status: int, retry_after: float | None = None) -> None:
        self.status = status
        self.retry_after = retry_after
        self.passing = status in (502, 503, 504)  # a gateway in front of it says so, which often passes
        super().__init__(system, f"it failed with status {status}.", "Try again later; see its status page.")


class Denied(AdapterError):
    """Our credentials were refused."""

    def __init__(self, system: str, status: int) -> None:
        self.status = status
        super().__init__(
            system, f"it refused our credentials (status {status}).", "Check them and their permissions."
        )


class NotYet(AdapterError):
    """The system has taken it and isn't finished; `again` says when asking makes sense."""

    def __init__(self, system: str, what: str, *, again: timedelta | None = None) -> None:
        super().__init__(system, what)
        self.again = again


class Rejected(AdapterError):
    """The request was refused; sending it again would change nothing."""

    reason = "refused"  # in one word, for those who tell the customer

    def __init__(self, system: str, status: int, code: str = "") -> None:
        self.status = status
        self.code = code
        reason = f"status {status}, {code}" if code else f"status {status}"
        super().__init__(system, f"it refused the request ({reason}).", "See docs/adapters.md.")


class Missing(Rejected):
    """There is nothing at that address."""


class Declined(Rejected):
    """The bank refused, or wants the customer to confirm; no money was taken."""

    reason = "declined"


class MoreThanPaid(Rejected):
    """More was to be given back than is left of the charge."""


class BadAnswer(AdapterError):
    """The answer isn't what the system's description says."""

    def __init__(self, system: str, what: str) -> None:
        super().__init__(system, what, "Is the address in adapters.yml that of its API?")


class BadSignature(AdapterError):
    """A webhook isn't signed by whom it should be, or came too late."""


class BadNotice(AdapterError):
    """A webhook is signed and doesn't say what it has to; sent again as it is, it never will."""


class AdapterConfigError(ShopError):
    """A value of adapters.yml can't be used; the message names file, line and key."""
