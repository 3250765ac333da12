"""A small server for the webhooks of systems outside: python -m actions.adapters.receiving."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from actions.adapters.errors import AdapterError, BadNotice, BadSignature
from actions.adapters.settings import Adapters
from actions.adapters.webhooks import (
    Notice,
    arrived_references,
    stripe_notice,
    warehouse_notice,
    woocommerce_change,
    woocommerce_notice,
    zendesk_notice,
    zendesk_ticket_change,
)
from actions.commerce import helpdesk_tables
from actions.commerce.database import order_key
from actions.commerce.errors import ShopError, StoreError
from actions.commerce.mirror import MirroredShop
from actions.helpdesk.forwarding import ForwardedTickets
from actions.services.context import Caller
from actions.services.errors import ServiceError
from actions.services.provider_money import PROVIDER

if TYPE_CHECKING:
    from actions.services.container import Services

logger = logging.getLogger(__name__)

LARGEST_NOTICE = 1_000_000
MOST_REFERENCES = 500  # that are booked by one notice
Reader = Callable[[str, Mapping[str, str], bytes, datetime], Notice]
REPAYMENTS = "refund."  # with which events at Stripe begin that say how a repayment stands
# Which events at Stripe a person has to see, and how the ticket about them is called.
FOR_A_PERSON = {
    "charge.dispute.created": "A bank contests a payment",
    "charge.dispute.funds_withdrawn": "A contested payment was taken back",
    "refund.failed": "A repayment has failed",
}


def readers(adapters: Adapters) -> dict[str, tuple[Reader, str]]:
    """Tell who may send webhooks: how theirs are read, and the secret."""
    known: dict[str, tuple[Reader, str]] = {}
    if adapters.tickets is not None:
        known["zendesk"] = zendesk_notice, adapters.tickets.webhook_secret
    if adapters.payments is not None:
        known["stripe"] = stripe_notice, adapters.payments.webhook_secret
    if adapters.commerce is not None:
        known["woocommerce"] = woocommerce_notice, adapters.commerce.webhook_secret
    if adapters.warehouse is not None:
        known["warehouse"] = warehouse_notice, adapters.warehouse.webhook_secret
    return known


def take(shop: Services, notice: Notice) -> bool:
    """Do what a notice asks for; False for one that was dealt with before.

    What is done may be done again: a ticket is read anew, or opened under the notice's own key. So a notice is
    noted last, and one whose server died is dealt with when it comes again.
    """
    table = helpdesk_tables.notices
    query = select(table.c.id).where(table.c.system == notice.system, table.c.id == notice.id)
    with shop.database.read() as connection:
        if connection.execute(query).first() is not None:
            return False
    if notice.system == "Zendesk":
        change = zendesk_ticket_change(notice)
        if change is not None and isinstance(shop.tickets, ForwardedTickets):
            shop.tickets.refreshed(*change)
    elif notice.system == "Stripe":
        awaited = notice.kind.startswith(REPAYMENTS) and _hastened(shop, notice)
        if notice.kind in FOR_A_PERSON and not awaited:
            _tell_a_person(shop, notice)
    elif notice.system == "WooCommerce" and isinstance(shop.commerce, MirroredShop):
        about = woocommerce_change(notice)
        if about is not None:
            shop.commerce.refresh(about[0], order_key(about[1]) if about[0] == "order" else about[1])
    elif notice.system == "The warehouse":
        _book(shop, arrived_references(notice))
    row = {"system": notice.system, "id": notice.id, "kind": notice.kind}
    try:
        with shop.database.write() as connection:
            times = {"sent_at": notice.at, "received_at": shop.now()}
            connection.execute(insert(table), row | times)
    except IntegrityError:  # it came twice at once
        return False
    return True


def _book(shop: Services, references: Sequence[str]) -> None:
    """Note that goods are back; what can be booked is, and only then ServiceError names what can't."""
    problems, left = [], references[MOST_REFERENCES:]
    if left:
        problems.append(f"{len(left)} too many: {left[0]} and what follows belong into another notice.")
    for reference in references[:MOST_REFERENCES]:
        try:
            shop.arrivals.note(reference)
        except ServiceError as error:
            problems.append(str(error))
    if problems:
        raise ServiceError(" ".join(problems))


def _hastened(shop: Services, notice: Notice) -> bool:
    """Let a repayment that is under way be asked about at once; False where none of ours is."""
    repayment = _object(notice).get("id")
    return shop.sagas.hasten(PROVIDER, lambda content: content.get("repayment") == repayment) > 0


def _object(notice: Notice) -> Mapping[str, Any]:
    """Read what an event at Stripe is about."""
    entry = notice.content.get("data")
    entry = entry.get("object") if isinstance(entry, Mapping) else None
    return entry if isinstance(entry, Mapping) else {}


def _tell_a_person(shop: Services, notice: Notice) -> None:
    """Open a ticket with the ids by which a person finds it at Stripe."""
    entry = _object(notice)
    names = ("id", "charge", "payment_intent", "amount", "currency", "reason", "status")
    lines = [f"{name}: {entry[name]}" for name in names if isinstance(entry.get(name), str | int)]
    caller = Caller(
        conversation=f"stripe {notice.id}",
        authenticated=False,
        channel="stripe",
        action="webhook",
        message_id=notice.id,
        idempotency_key=f"stripe {notice.id}",
    )
    body = "\n".join([f"{notice.kind} at Stripe (amount in the smallest unit).", *lines])
    shop.tickets.open(caller, FOR_A_PERSON[notice.kind], body, "high")


def make_app(shop: Services) -> Any:
    """Make the server's application."""
    from sanic import Request, Sanic, response

    app = Sanic("webhooks", configure_logging=False)
    app.config.REQUEST_MAX_SIZE = LARGEST_NOTICE
    known = readers(shop.adapters)

    @app.post("/webhooks/<system:str>")
    async def receive(request: Request, system: str) -> Any:
        if system not in known:
            return response.empty(404)
        reader, secret = known[system]
        try:
            notice = reader(secret, dict(request.headers.items()), request.body, shop.now())
            new = await asyncio.to_thread(take, shop, notice)
        except BadSignature as error:
            logger.warning("%s", error)
            return response.empty(401)
        except BadNotice as error:
            logger.warning("%s", error)
            return response.text(str(error), status=400)
        except ServiceError as error:  # somebody there has to look at it
            logger.warning("%s: %s", system, error)
            return response.text(str(error), status=422)
        except (StoreError, AdapterError) as error:  # it is sent again
            logger.warning("a notice can't be dealt with now: %s", error)
            return response.empty(503)
        logger.info("%s: %s%s", system, notice.kind, "" if new else " (known)")
        return response.empty(204)

    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m actions.adapters.receiving", description="Receive the webhooks of systems outside."
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=5056, help="(default: 5056)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    from actions.services import close_services, services

    try:
        return _serve(services(), options.host, options.port)
    except ShopError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        close_services()


def _serve(shop: Services, host: str, port: int) -> int:
    """Serve until interrupted."""
    known = readers(shop.adapters)
    if not known:
        sys.stderr.write("adapters.yml names no system that sends webhooks; see docs/adapters.md.\n")
        return 1
    sys.stdout.write(f"Webhooks of {', '.join(known)} on http://{host}:{port}/webhooks/NAME\n")
    sys.stdout.flush()
    make_app(shop).run(host, port, single_process=True, access_log=False, motd=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
