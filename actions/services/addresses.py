"""Addresses: where an open order goes, and the one on a customer's account, changed in one transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from actions.commerce.model import Address, Customer, Order
from actions.commerce.port import Commerce, Work
from actions.services import audit, details_mail, outbox, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.details_policy import ADDRESS, decide_address, decide_profile_address
from actions.services.errors import Refused, ServiceError
from actions.services.identity import Identity
from actions.services.order_sagas import begun
from actions.services.order_writes import OrderWrite
from actions.services.orders import order_number
from actions.services.policy import Decision, refusal
from actions.services.rulebook import Policies
from actions.services.sagas import Sagas

ACTION = "address.change"
WISH = "change_address"  # as identity.yml may name it, where it needs a level of its own


@dataclass(frozen=True, kw_only=True)
class AddressReceipt:
    """What a change of address gives the customer; the same one again when the request is repeated."""

    order_number: str | None  # None where only the account was changed
    profile: bool  # the account was changed
    address: Address
    repeated: bool = False


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
        self._commerce = commerce
        self._identity = identity
        self._policies = policies
        self._clock = clock

    @property
    def profile_allowed(self) -> bool:
        """Whether the address of an account is changed in the chat."""
        return "address" in self._policies.accounts.chat_changes

    def decide(self, order: Order, address: Address | None = None) -> Decision:
        """Decide whether an order may be sent to an address now; without one, whether it may go elsewhere at all."""
        return decide_address(order, self._policies, now=self._clock(), address=address)

    def decide_profile(self, customer: Customer, address: Address) -> Decision:
        """Decide whether an address may become the one on a customer's account."""
        return decide_profile_address(address, customer.address, self._policies)

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
        now = self._clock()
        named = (order_number(number) or number) if number else None
        with self._commerce.begin(order=named, customer=customer.id if profile else None) as work:
            work.lock_customer(customer.id)
            if not self._identity.is_verified(work.connection, caller, customer, WISH):
                raise Refused(refusal("not_verified", subject=ADDRESS))
            known = work.customer(customer.id) or customer
            order = self._own_order(work, customer, number) if number else None
            receipt = AddressReceipt(
                order_number=order.number if order else None, profile=profile, address=address
            )
            request = receipts.request_hash(customer.id, _row(receipt))
            stored = receipts.find(work.connection, caller, ACTION, request)
            if stored is not None or self._done_before(work, caller, receipt, order, known):
                return AddressReceipt(**{**asdict(receipt), "address": address, "repeated": True})
            self._check(order, known, address, profile, now)
            self._write(work, caller, known, receipt, order, now)
            receipts.keep(work.connection, caller, ACTION, request, _row(receipt), now)
            self._follow(work, caller, known, receipt, order, now)
        return receipt

    def _own_order(self, work: Work, customer: Customer, number: str) -> Order:
        """Read an order of the customer, and of nobody else."""
        order = work.order(order_number(number) or number)
        if order is None or order.customer_id != customer.id:
            raise Refused(refusal("unknown_order", subject=ADDRESS))
        return order

    def _done_before(
        self, work: Work, caller: Caller, receipt: AddressReceipt, order: Order | None, customer: Customer
    ) -> bool:
        """Tell whether this conversation got a receipt for just this, and it still holds."""
        holds = order is None or order.address == receipt.address
        holds = holds and (not receipt.profile or customer.address == receipt.address)
        return holds and _row(receipt) in receipts.of_conversation(work.connection, caller, ACTION)

    def _check(
        self, order: Order | None, customer: Customer, address: Address, profile: bool, now: datetime
    ) -> None:
        """Refuse what a rule stands against; of both, one may have the address already."""
        decisions = []
        if order is not None:
            decisions.append(decide_address(order, self._policies, now=now, address=address))
        if profile:
            decisions.append(decide_profile_address(address, customer.address, self._policies))
        refused = [decision for decision in decisions if not decision.allowed]
        there = [decision for decision in refused if decision.rule == "same_address"]
        if refused and (len(refused) > len(there) or len(there) == len(decisions)):
            raise Refused(next((decision for decision in refused if decision not in there), refused[0]))

    def _write(
        self,
        work: Work,
        caller: Caller,
        customer: Customer,
        receipt: AddressReceipt,
        order: Order | None,
        now: datetime,
    ) -> None:
        """Write the addresses with their e-mail and audit rows."""
        if order is not None:
            work.set_address(order, receipt.address)
            self._record(work, caller, customer, f"order {order.number}", order.address, receipt.address, now)
        if receipt.profile:
            work.set_details(customer.id, address=receipt.address)
            self._record(work, caller, customer, "account", customer.address, receipt.address, now)
        letter = details_mail.address_changed(
            customer,
            self._policies,
            address=receipt.address,
            order_number=receipt.order_number,
            profile=receipt.profile,
        )
        outbox.put(work.connection, letter, now)

    def _follow(
        self,
        work: Work,
        caller: Caller,
        customer: Customer,
        receipt: AddressReceipt,
        order: Order | None,
        now: datetime,
    ) -> None:
        """Let systems outside have their part in it."""
        if order is not None:
            write = OrderWrite(
                work=work,
                caller=caller,
                customer=customer,
                order=order,
                action=ACTION,
                now=now,
                since=now,
            )
            begun(self._sagas, write, None)
        if receipt.profile:
            for follow in self._sagas.customer_followers if self._sagas else ():
                follow(work.connection, caller, customer, ACTION, now)

    def _record(
        self,
        work: Work,
        caller: Caller,
        customer: Customer,
        subject: str,
        before: Address,
        after: Address,
        now: datetime,
    ) -> None:
        """Write the audit row: of an address only what tells one region from another."""
        audit.record(
            work.connection,
            caller,
            now,
            ACTION,
            subject,
            customer_id=customer.id,
            rule="allowed",
            before={"state": before.state, "postcode": before.postcode},
            after={"state": after.state, "postcode": after.postcode},
        )


def _row(receipt: AddressReceipt) -> dict[str, Any]:
    """Write a receipt as JSON."""
    row = asdict(receipt)
    del row["repeated"]
    return row
