"""Asks the shop and its carriers where a parcel is, or what a return would cost, for whoever runs the shop.

    python -m actions.carriers.ask 1Z999AA10123456784    where a parcel is
    python -m actions.carriers.ask --rates L204817       what a label for a return of that order costs

Each says what they know and as of when, so that credentials can be tried and answers to customers be checked; and
`label_fee` of returns.yml can be set by what labels cost.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from actions.adapters.carriers import parcel_of, place_of
from actions.adapters.errors import AdapterError
from actions.carriers.embedded import ShopParcels
from actions.carriers.port import Place, Rate, Tracker, Tracking
from actions.commerce.database import database_url
from actions.commerce.errors import ShopError
from actions.services.container import Services
from actions.services.wording import dollars


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when nobody knows the parcel."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.carriers.ask",
        description="Ask where a parcel is, or what a return label costs.",
    )
    parser.add_argument("number", help="the tracking number; with --rates, an order's number")
    parser.add_argument("--rates", action="store_true", help="what a label for a return of the order costs")
    options = parser.parse_args(arguments)
    try:
        shop = Services(database_url())
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        told = list(_priced(shop, options.number) if options.rates else _told(shop, options.number))
    finally:
        shop.close()
    sys.stdout.write("".join(f"{line}\n" for line, _ in told))
    return 0 if any(known for _, known in told) else 1


def _told(shop: Services, number: str) -> Iterator[tuple[str, bool]]:
    """Let the shop and every carrier say what they know."""
    everybody: list[Tracker] = [ShopParcels(shop.database, shop.now), *shop.carriers.values()]
    for carrier in everybody:
        try:
            found = carrier.track(number)
        except AdapterError as error:
            yield str(error), False
            continue
        if found is None:
            yield f"{carrier.name}: doesn't know the parcel.", False
        else:
            yield f"{carrier.name}, as of {found.seen_at:%Y-%m-%d %H:%M} UTC: {_words(found)}", True


def _priced(shop: Services, number: str) -> Iterator[tuple[str, bool]]:
    """Let every carrier say what it takes for a return of an order, and the shop what it takes of the refund."""
    order, settings = shop.commerce.order(number), shop.adapters.carriers
    if order is None:
        yield f"There is no order '{number}'.", False
    elif settings is None or settings.return_address is None:
        yield "adapters.yml names no carrier with a return_address; see docs/adapters.md.", False
    else:
        home = place_of(settings.return_address)
        sender = Place(name="a customer", address=order.address, phone=home.phone)
        for carrier in shop.carriers.values():
            try:
                found = carrier.rates(sender, home, parcel_of(settings.return_parcel))
            except AdapterError as error:
                yield str(error), False
                continue
            yield from ((_price(rate), True) for rate in found)
        policy = shop.policies.returns
        fees = dollars(policy.label_fee), dollars(policy.label_fee_shop_fault)
        yield "the shop takes {} off the refund, {} where it was at fault".format(*fees), False


def _price(rate: Rate) -> str:
    """Put a rate into a line."""
    expected = f", expected {rate.expected_on}" if rate.expected_on else ""
    return f"{rate.source} {rate.service} ({rate.name}): {rate.amount} {rate.currency}{expected}"


def _words(found: Tracking) -> str:
    """Put what is known of a parcel into a line."""
    scan = found.events[0] if found.events else None
    parts = (
        found.status or "in a state that has no name here",
        f"delivered {found.delivered_at:%Y-%m-%d %H:%M} UTC" if found.delivered_at else "",
        f"signed for by {found.signed_by}" if found.signed_by else "",
        f"expected {found.expected_on}" if found.expected_on else "",
        f"last scan: {scan.text}{f' in {scan.place}' if scan.place else ''}" if scan else found.text,
    )
    return ", ".join(part for part in parts if part)


if __name__ == "__main__":
    sys.exit(main())
