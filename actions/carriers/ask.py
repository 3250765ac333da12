"""Asks the shop and its carriers where a parcel is, for whoever runs the shop.

python -m actions.carriers.ask 1Z999AA10123456784

Each says what they know and as of when, so that credentials can be tried and answers to customers be checked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from actions.adapters.errors import AdapterError
from actions.carriers.embedded import ShopCarrier
from actions.carriers.port import Carrier, Tracking
from actions.commerce.database import database_url
from actions.commerce.errors import ShopError
from actions.services.container import Services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 when nobody knows the parcel."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.carriers.ask", description="Ask where a parcel is."
    )
    parser.add_argument("number", help="the tracking number")
    options = parser.parse_args(arguments)
    try:
        shop = Services(database_url())
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    try:
        told = list(_told(shop, options.number))
    finally:
        shop.close()
    sys.stdout.write("".join(f"{line}\n" for line, _ in told))
    return 0 if any(known for _, known in told) else 1


def _told(shop: Services, number: str) -> Iterator[tuple[str, bool]]:
    """Let the shop and every carrier say what they know."""
    everybody: list[Carrier] = [ShopCarrier(shop.database, shop.policies, shop.now), *shop.carriers.values()]
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
