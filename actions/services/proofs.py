"""What proves who a customer is: each claim is looked up in the same steps, whether it is right or wrong."""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from actions.commerce import schema
from actions.commerce.database import order_key
from actions.commerce.rows import email_key
from actions.services.orders import order_number

POSTCODE = re.compile(r"(?<![0-9A-Za-z])(\d{5})(?:[-\s]?\d{4})?(?![0-9A-Za-z])")
LONGEST_INPUT = 320
NOWHERE = {"postcode": "00000"}  # stands in for an address, so that an unknown customer costs the same
STRONGEST = ("email_order", "email_postcode", "name_postcode", "email")


@dataclass(frozen=True)
class Claim:
    """What somebody says to prove who they are: an address or a name, and an order number or ZIP code."""

    email: str = ""
    proof: str = ""
    name: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whom it is about, as attempts are counted: each by itself, since each may be looked up by itself."""
        address, name = email_key(self.email), plain(self.name)
        return tuple(each for each in (address, f"name {name}" if name or not address else "") if each)


@dataclass(frozen=True)
class Proven:
    """A customer, and the ways in which the claim proves them, the strongest first."""

    customer_id: str
    ways: tuple[str, ...]


def plain(name: str) -> str:
    """Write a name without marks, accents and case."""
    bare = unicodedata.normalize("NFKD", name[:LONGEST_INPUT]).casefold()
    return " ".join(re.sub(r"[^\w\s]|_", "", bare).split())


def postcode(text: str) -> str | None:
    """Find a US postcode in a text and give its five digits."""
    found = POSTCODE.search(text[:LONGEST_INPUT])
    return found[1] if found else None


def claimed_ways(claim: Claim) -> tuple[str, ...]:
    """Name the ways in which a claim could prove somebody, if it is right."""
    number, code = order_number(claim.proof), postcode(claim.proof)
    ways = {
        "email_order": claim.email and claim.proof and (number or not code),
        "email_postcode": claim.email and code,
        "name_postcode": claim.name and code,
        "email": claim.email,
    }
    return tuple(way for way in STRONGEST if ways[way])


def prove(connection: Connection, claim: Claim) -> list[Proven]:
    """Look a claim up: whom it proves, and how. Every wrong one costs the same work."""
    by_guest = _by_guest(connection, claim)
    return [*([by_guest] if by_guest else ()), *_with_account(connection, claim)]


def _with_account(connection: Connection, claim: Claim) -> list[Proven]:
    """Look up whom a claim proves of those who have an account."""
    by_email, by_name = _by_email(connection, claim), _by_name(connection, claim)
    if by_email is None:
        return [by_name] if by_name else []
    if by_name and by_name.customer_id == by_email.customer_id:
        ways = set(by_email.ways) | set(by_name.ways)
        return [Proven(by_email.customer_id, tuple(way for way in STRONGEST if way in ways))]
    return [by_email]


def _by_guest(connection: Connection, claim: Claim) -> Proven | None:
    """Find who placed an order without an account: by its number with the address, and nothing else.

    Whoever orders as a guest chooses the address freely. So it leads to that one order, and neither to an account with
    the same address nor to other orders of guests.
    """
    customers, orders = schema.customers, schema.orders
    number = order_key(order_number(claim.proof) or claim.proof)[:40]
    query = select(customers.c.id, customers.c.email, customers.c.guest).join(
        orders, orders.c.customer_id == customers.c.id
    )
    found = connection.execute(query.where(orders.c.number_key == number)).first()
    guest = found if found and found.guest and found.email else None
    kept = email_key(guest.email) if guest else "!"
    right = hmac.compare_digest(kept.encode(), email_key(claim.email).encode())
    return Proven(guest.id, ("email_order",)) if guest and right else None


def _by_email(connection: Connection, claim: Claim) -> Proven | None:
    """Find whom an address belongs to, and whether the order or the ZIP code is theirs, too."""
    customers, orders = schema.customers, schema.orders
    number = order_key(order_number(claim.proof) or claim.proof)[:40]
    # Some row is read and decoded in any case: else the time of an answer would tell which addresses there are.
    own, anybody = customers.c.email_key == email_key(claim.email), select(func.min(customers.c.id))
    found = connection.execute(
        select(customers.c.id, customers.c.address, customers.c.email_key)
        .where(own | (customers.c.id == anybody.scalar_subquery()))
        .order_by(own.desc())
        .limit(1)
    ).first()
    customer = found if found and found.email_key == email_key(claim.email) else None
    order = connection.execute(select(orders.c.customer_id).where(orders.c.number_key == number)).first()
    wanted, address = (customer.id, customer.address) if customer else ("!", NOWHERE)
    owner = order.customer_id if order else "?"
    right = {
        "email_order": hmac.compare_digest(owner.encode(), wanted.encode()),
        "email_postcode": _same_code(address["postcode"], claim.proof),
        "email": True,
    }
    return Proven(wanted, tuple(way for way in STRONGEST if right.get(way))) if customer else None


def _by_name(connection: Connection, claim: Claim) -> Proven | None:
    """Find the one customer of this name at this ZIP code; two of them prove neither."""
    customers, wanted = schema.customers, plain(claim.name)
    code = postcode(claim.proof) or "!"
    rows = connection.execute(
        select(customers.c.id, customers.c.first_name, customers.c.last_name).where(
            customers.c.guest.is_not(True),
            customers.c.address["postcode"].as_string().like(f"{code}%"),
        )
    ).all()
    fits = [row.id for row in rows if wanted and plain(f"{row.first_name} {row.last_name}") == wanted]
    return Proven(fits[0], ("name_postcode",)) if len(fits) == 1 else None


def _same_code(kept: str, given: str) -> bool:
    """Compare two ZIP codes in the same time whatever they are."""
    own, claimed = postcode(kept) or "-", postcode(given) or "+"
    return hmac.compare_digest(own.encode(), claimed.encode())
