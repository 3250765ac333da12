"""Return labels from a carrier: promised with the return, bought once right after it, shown on a page of their own."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, RowMapping, insert, select, update

from actions.adapters.errors import AdapterError, Rejected
from actions.carriers.port import Carrier, Label, Parcel, Place
from actions.commerce import schema
from actions.commerce.carrier_tables import labels
from actions.commerce.database import Database
from actions.commerce.model import OPEN_EXCHANGE_STATES, OPEN_RETURN_STATES
from actions.commerce.store import find_customer_by_id, find_order
from actions.services import audit, mail, outbox
from actions.services.clock import Clock, utc_now
from actions.services.label_tracking import follow
from actions.services.rulebook import Policies
from actions.services.saga_notes import Content, Step
from actions.services.sagas import CannotUndo, Kind, Sagas

if TYPE_CHECKING:
    from actions.services.order_writes import OrderWrite

logger = logging.getLogger(__name__)

SYSTEM, ACTION = "carrier", "label"
SERVICE = "ground"
PHONE_DIGITS = 10
FORGOTTEN_AFTER = timedelta(days=30)  # after it has run out; a label holds the customer's address


class Unsettled(Rejected):
    """Nobody knows whether a label was bought, so a person has to look."""

    def __init__(self, carrier: str) -> None:
        super().__init__(carrier, 409, "unsettled")


@dataclass(frozen=True, kw_only=True)
class LabelPage:
    """What the page of a label shows."""

    reference: str
    carrier: str
    expires_on: date
    state: str  # waiting, bought, or person (takes care of it)
    media_type: str = ""
    content: bytes = b""


class ReturnLabels:
    """Buys a label for each return and exchange, and keeps it.

    The address of its page is the one that the customer is told with the return, so that nothing has to be
    waited for; the page shows the label as soon as it is there, and an e-mail says so.
    """

    def __init__(
        self,
        database: Database,
        carrier: Carrier,
        receiver: Place,
        parcel: Parcel,
        policies: Policies,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._carrier = carrier
        self._receiver = receiver
        self._parcel = parcel
        self._policies = policies
        self._clock = clock

    def register(self, sagas: Sagas) -> None:
        """Let every write that promises a label have it bought after its commit."""
        sagas.followers.append(self._promise)
        sagas.register(SYSTEM, ACTION, Kind(do=self._do, noted=self._noted, undo=self._undo))

    def return_label(self, label_id: str) -> Label | None:
        """Buy a promised label; None when it is there already, or isn't wanted any more.

        It may be called again after any error but Rejected. That a purchase is under way is committed before
        the carrier is asked: after a crash or a lost answer, a carrier that doesn't repeat itself isn't asked
        again (Unsettled).
        """
        row = self._claimed(label_id)
        if row is None:
            return None
        sender = self._sender(row)
        try:
            label = self._carrier.label(label_id, sender, self._receiver, self._parcel, SERVICE)
        except AdapterError as error:
            if error.unsure and not self._carrier.repeats:
                raise Unsettled(self._carrier.name) from error
            if not error.unsure:
                self._mark(label_id, asked_at=None)
            raise
        self._mark(
            label_id,
            bought_at=self._clock(),
            number=label.number,
            tracking_number=label.tracking_number,
            media_type=label.media_type,
            content=label.content,
            cost=label.cost,
            currency=label.currency,
        )
        logger.info("label for %s bought from %s", row["reference"], self._carrier.name)
        return label

    def page(self, token: str) -> LabelPage | None:
        """Find what the page at an address shows; None for an unknown address and a label that isn't valid any more."""
        with self._database.read() as connection:
            row = connection.execute(select(labels).where(labels.c.token == token)).mappings().first()
            wanted = row is not None and _is_wanted(connection, row["reference"])
        if (
            row is None
            or not wanted
            or row["voided_at"] is not None
            or row["expires_on"] < self._clock().date()
        ):
            return None
        bought = row["bought_at"] is not None
        return LabelPage(
            reference=row["reference"],
            carrier=row["carrier"],
            expires_on=row["expires_on"],
            state="bought" if bought else "person" if row["failed_at"] is not None else "waiting",
            media_type=row["media_type"] or "",
            content=bytes(row["content"] or b""),
        )

    def _promise(self, write: OrderWrite) -> None:
        """Note a label for each return and exchange that a write has added."""
        connection = write.work.connection
        known = {entry.reference for entry in write.order.returns}
        known |= {entry.reference for entry in write.order.exchanges}
        for reference, url, expires_on in _promised(connection, write.order.number):
            if reference in known:
                continue
            label_id = secrets.token_hex(16)
            row = {
                "id": label_id,
                "token": url.rpartition("/")[2],
                "reference": reference,
                "order_number": write.order.number,
                "carrier": self._carrier.name,
                "expires_on": expires_on,
                "created_at": write.now,
            }
            connection.execute(insert(labels), row)
            write.later(SYSTEM, ACTION, {"label": label_id})
            self._forget(connection, write.now)

    def _forget(self, connection: Connection, now: datetime) -> None:
        """Wipe the labels that ran out long ago."""
        old = labels.c.expires_on < (now - FORGOTTEN_AFTER).date()
        connection.execute(update(labels).where(old, labels.c.content.is_not(None)).values(content=None))

    def _do(self, step: Step) -> Content:
        """Buy the label of a step."""
        try:
            self.return_label(step.content["label"])
        except Rejected:
            self._mark(step.content["label"], failed_at=self._clock())
            raise
        return {}

    def _noted(self, connection: Connection, step: Step) -> None:
        """Tell the customer that the label is there."""
        mine = select(labels).where(labels.c.id == step.content["label"])
        row = connection.execute(mine).mappings().one()
        customer = find_customer_by_id(connection, step.saga.customer_id) if step.saga.customer_id else None
        if row["bought_at"] is not None and row["tracking_number"]:
            follow(connection, step.saga, row["id"], self._clock())
        if row["bought_at"] is not None:
            audit.record(
                connection,
                step.saga.caller,
                self._clock(),
                "label.bought",
                step.saga.subject,
                customer_id=step.saga.customer_id,
                after={"reference": row["reference"], "carrier": row["carrier"], "cost": str(row["cost"])},
            )
        if customer is None or row["bought_at"] is None:
            return
        letter = mail.label_ready(
            customer,
            self._policies,
            reference=row["reference"],
            label_url=f"{self._policies.returns.label_url}/{row['token']}",
            carrier=row["carrier"],
            tracking_number=row["tracking_number"] or "",
            expires_on=row["expires_on"],
        )
        outbox.put(connection, letter, self._clock())

    def _undo(self, step: Step) -> None:
        """Give a label back."""
        with self._database.read() as connection:
            mine = select(labels).where(labels.c.id == step.content["label"])
            row = connection.execute(mine).mappings().one()
        if row["voided_at"] is None and row["number"]:
            if not self._carrier.void(row["number"]):
                raise CannotUndo(f"{self._carrier.name} doesn't take the label of {row['reference']} back")
            self._mark(row["id"], voided_at=self._clock(), content=None)

    def _claimed(self, label_id: str) -> RowMapping | None:
        """Note that a label is being bought; None when there is nothing to buy."""
        with self._database.write() as connection:
            mine = select(labels).where(labels.c.id == label_id).with_for_update()
            row = connection.execute(mine).mappings().one()
            if row["bought_at"] is not None or not _is_wanted(connection, row["reference"]):
                return None
            if row["asked_at"] is not None and not self._carrier.repeats:
                raise Unsettled(self._carrier.name)
            asked = update(labels).where(labels.c.id == label_id)
            connection.execute(asked.values(asked_at=self._clock()))
        return row

    def _sender(self, row: RowMapping) -> Place:
        """Say who sends the parcel back: the customer, from where the order went."""
        with self._database.read() as connection:
            order = find_order(connection, row["order_number"])
            customer = find_customer_by_id(connection, order.customer_id) if order else None
        if order is None or customer is None:
            raise Rejected("The shop", 404, "unknown_order")
        phone = re.sub(r"\D", "", customer.phone or "")[-PHONE_DIGITS:]
        return Place(
            name=customer.name or customer.email,
            address=order.address,
            phone=phone if len(phone) == PHONE_DIGITS else self._receiver.phone,
        )

    def _mark(self, label_id: str, **values: object) -> None:
        """Note something about a label."""
        with self._database.write() as connection:
            connection.execute(update(labels).where(labels.c.id == label_id).values(**values))


def _promised(connection: Connection, number: str) -> Iterator[tuple[str, str, date]]:
    """List the label pages that were promised for an order."""
    for table in (schema.returns, schema.exchanges):
        mine = select(table.c.reference, table.c.label_url, table.c.label_expires_on)
        for row in connection.execute(mine.where(table.c.order_number == number)):
            if row.label_url and row.label_expires_on:
                yield row.reference, row.label_url, row.label_expires_on


def _is_wanted(connection: Connection, reference: str) -> bool:
    """Tell whether a return or an exchange is still to come back: it was neither rejected, withdrawn nor undone."""
    for table, states in ((schema.returns, OPEN_RETURN_STATES), (schema.exchanges, OPEN_EXCHANGE_STATES)):
        mine = select(table.c.reference).where(table.c.reference == reference, table.c.status.in_(states))
        if connection.execute(mine).first() is not None:
            return True
    return False
