"""Parcels that come back: their carrier is asked, and what it delivered is booked, or shown to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select

from actions.adapters.errors import NotYet
from actions.carriers.port import Carrier
from actions.commerce.carrier_tables import labels
from actions.services.arrivals import Arrivals
from actions.services.rulebook import Policies
from actions.services.saga_notes import Content, NewStep, Saga, Step, note
from actions.services.saga_telling import ask_person
from actions.services.sagas import Kind, Sagas

SYSTEM, ACTION = "tracking", "back"
LOOK = timedelta(hours=6)  # how often a carrier is asked about a parcel
GIVEN_UP = timedelta(days=60)  # for which a parcel is asked about after its label ran out


def follow(connection: Connection, saga: Saga, label_id: str, now: datetime) -> None:
    """Note that a parcel with a bought label is to be asked about from now on."""
    mine = replace(saga, id=f"label.back:{label_id}", action="label.back")
    step = NewStep(system=SYSTEM, action=ACTION, content={"label": label_id})
    note(connection, mine, [step], now, due=now + LOOK)


class LabelTracking:
    """Finds out that returned goods are back, as far as their carrier knows.

    >>> LabelTracking(carrier, arrivals, policies, sagas).register()
    """

    def __init__(self, carrier: Carrier, arrivals: Arrivals, policies: Policies, sagas: Sagas) -> None:
        self._carrier = carrier
        self._arrivals = arrivals
        self._policies = policies
        self._sagas = sagas

    def register(self) -> None:
        """Let the courier ask about each parcel until it is back, or isn't awaited any more."""
        self._sagas.register(SYSTEM, ACTION, Kind(do=self._look, noted=self._arrived, quiet=True))

    def _look(self, step: Step) -> Content:
        """Ask whether a parcel is back."""
        with self._sagas.database.read() as connection:
            row = _label(connection, step)
            awaited = self._arrivals.awaited(connection, row["reference"])
        over = row["expires_on"] + GIVEN_UP < self._sagas.clock().date()
        if over or not awaited or row["voided_at"] is not None:
            return {}
        found = self._carrier.track(row["tracking_number"])
        if found is None or found.status != "delivered":
            raise NotYet(self._carrier.name, f"{row['reference']} isn't back yet.", again=LOOK)
        self._arrivals.look(row["reference"])
        return {"delivered_at": (found.delivered_at or found.seen_at).isoformat()}

    def _arrived(self, connection: Connection, step: Step) -> None:
        """Book what is back, or let a person do it, as the policies say."""
        row, at = _label(connection, step), step.result.get("delivered_at")
        reference = row["reference"]
        if at is None or not self._arrivals.awaited(connection, reference):
            return
        if self._policies.returns.arrivals == "automatic":
            self._arrivals.book(connection, reference, by=self._carrier.name)
            return
        subject = f"{reference} is back, says {self._carrier.name}"
        body = (
            f"{self._carrier.name} delivered the parcel of {reference} ({step.saga.subject}) on {at}.\n"
            "Please unpack and check it. What follows for the customer's money happens once it is booked:\n"
            f"python -m actions.services.arrivals {reference}"
        )
        now = self._sagas.clock()
        ask_person(connection, step.saga, subject, body, now, quietly=True, priority="normal")


def _label(connection: Connection, step: Step) -> RowMapping:
    """Read the label of a step."""
    mine = select(labels).where(labels.c.id == step.content["label"])
    return connection.execute(mine).mappings().one()
