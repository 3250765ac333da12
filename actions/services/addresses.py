"""Addresses: where an open order goes, and the one on a customer's account, changed in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from actions.commerce.model import Address, Customer, Order
from actions.commerce.port import Commerce
from actions.services import details_mail, outbox, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.details_policy import ADDRESS, decide_address, decide_profile_address
from actions.services.errors import Refused, ServiceError
from actions.services.identity import Identity
from actions.services.order_sagas import account_changed, begun
from actions.services.order_writes import OrderWrite
from actions.services.policy import Decision
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.sagas import Sagas
from actions.services.writes import Write, Writes

ACTION = "address.change"
WISH = "change_address"  # as identity.yml may name it, where it needs a level of its own


@dataclass(frozen=True, kw_only=True)
class AddressReceipt(Receipt):
    """What a change of address gives the customer; the same one again when the request is repeated."""

    order_number: str | None  # None where only the account was changed
    profile: bool  # the account was changed
    address: Address


class Addresses:
    """Decides on changes of address and carries them out.

    >>> decision = addresses.decide(order, address)
    >>> receipt = addresses.change(caller, customer, address, number="L204991", profile=True)
    """

    def __init__(
        self,
        commerce: Commerce,
        identity: Identity,
        policies: Policies,
        clock: Clock = utc_now,
        sagas: Sagas | None = None,
    ) -> None:
        self._sagas = sagas
        self._policies = policies
        self._writes = Writes(commerce, identity, clock, action=ACTION, subject=ADDRESS, wish=WISH)

    @property
    def profile_allowed(self) -> bool:
        """Whether the address of an account is changed in the chat."""
        return "address" in self._policies.accounts.chat_changes

    def decide(self, order: Order, address: Address | None = None) -> Decision:
        """Decide whether an order may be sent to an address now; without one, whether it may go elsewhere at all."""
        return decide_address(order, self._policies, now=self._writes.now(), address=address)

    def decide_profile(self, customer: Customer, address: Address) -> Decision:
        """Decide whether an address may become the one on a customer's account."""
        return decide_profile_address(address, customer.address, self._policies, guest=customer.guest)

    def change(
        self,
        caller: Caller,
        customer: Customer,
        address: Address,
        *,
        number: str | None = None,
        profile: bool = False,
    ) -> AddressReceipt:
        """Change the address of an order, of the account, or of both: all of it, or nothing.

        The same call again, or one that finds everything as it asks for from the same conversation, gives the first
        receipt. Raises Refused with the decision when a rule stands against it.
        """
        if number is None and not profile:
            raise ServiceError("A change of address names an order, the account, or both.")
        return receipts.insisting(lambda: self._change(caller, customer, address, number, profile))

    def _change(
        self, caller: Caller, customer: Customer, address: Address, number: str | None, profile: bool
    ) -> AddressReceipt:
        """Change it, or find the receipt of the call that this one repeats."""
        with self._writes.begin(caller, customer, number=number, account=profile) as write:
            order = self._writes.own_order(write, number) if number else None
            receipt = AddressReceipt(
                order_number=order.number if order else None, profile=profile, address=address
            )
            row = receipts.row(receipt)
            stored = write.found(row)
            there = order is None or order.address == address
            there = there and (not profile or write.customer.address == address)
            if stored is None and there and row in write.earlier():
                stored = row
            if stored is not None:
                return receipts.read(AddressReceipt, stored)
            self._check(order, write.customer, address, profile, write.now)
            self._write(write, receipt, order)
            write.keep(receipt)
        return receipt

    def _check(
        self, order: Order | None, customer: Customer, address: Address, profile: bool, now: datetime
    ) -> None:
        """Refuse what a rule stands against; of both, one may have the address already."""
        decisions = []
        if order is not None:
            decisions.append(decide_address(order, self._policies, now=now, address=address))
        if profile:
            decisions.append(
                decide_profile_address(address, customer.address, self._policies, guest=customer.guest)
            )
        refused = [decision for decision in decisions if not decision.allowed]
        there = [decision for decision in refused if decision.rule == "same_address"]
        if refused and (len(refused) > len(there) or len(there) == len(decisions)):
            raise Refused(next((decision for decision in refused if decision not in there), refused[0]))

    def _write(self, write: Write, receipt: AddressReceipt, order: Order | None) -> None:
        """Write the addresses with their e-mail and audit rows; systems outside have their part in it."""
        if order is not None:
            write.work.set_address(order, receipt.address)
            _record(write, f"order {order.number}", order.address, receipt.address)
            begun(self._sagas, OrderWrite(**vars(write), order=order, since=write.now), None)
        if receipt.profile:
            write.work.set_details(write.customer.id, address=receipt.address)
            _record(write, "account", write.customer.address, receipt.address)
            account_changed(self._sagas, write)
        letter = details_mail.address_changed(
            write.customer,
            self._policies,
            address=receipt.address,
            order_number=receipt.order_number,
            profile=receipt.profile,
        )
        outbox.put(write.work.connection, letter, write.now)


def _record(write: Write, subject: str, before: Address, after: Address) -> None:
    """Write the audit row: of an address only what tells one region from another."""
    then, now = ({"state": each.state, "postcode": each.postcode} for each in (before, after))
    write.audit(subject, before=then, after=now)
