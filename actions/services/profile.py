"""The account of a customer: what is on file, and the details that they may change in the chat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from actions.commerce.model import Customer
from actions.commerce.port import Commerce
from actions.services import details_mail, outbox, receipts
from actions.services.clock import Clock, utc_now
from actions.services.context import Caller
from actions.services.errors import Refused
from actions.services.identity import Identity
from actions.services.loyalty import Standing, standing
from actions.services.order_sagas import account_changed
from actions.services.phone import phone_number, spoken_number
from actions.services.policy import Decision, decided
from actions.services.receipts import Receipt
from actions.services.rulebook import Policies
from actions.services.sagas import Sagas
from actions.services.writes import Write, Writes

ACTION = "account.change"
WISH = "account_details"  # as identity.yml may name it, where it needs a level of its own
SUBJECT = "account"
ON, OFF = "on", "off"
LONGEST_NAME = 80
NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'\N{RIGHT SINGLE QUOTATION MARK}-])*")
FIELDS = ("name", "phone", "marketing")


@dataclass(frozen=True, kw_only=True)
class DetailReceipt(Receipt):
    """What was changed of an account; the same one again when the request is repeated."""

    field: str
    value: str


def full_name(text: str) -> str | None:
    """Read a first and last name; typed in one case it is written as names are."""
    plain = " ".join(text.split()).strip(" .,!")
    if len(plain) > LONGEST_NAME or not NAME.fullmatch(plain) or len(plain.split()) < 2:
        return None
    return plain.title() if plain.islower() or plain.isupper() else plain


def decide_detail(customer: Customer, field: str, value: str, policies: Policies) -> Decision:
    """Decide whether a detail of an account may be changed to a value."""
    facts = {"field": field, "value": value}
    rule = None
    if field not in FIELDS or field not in policies.accounts.chat_changes:
        rule = "not_in_chat"
    elif customer.guest:
        rule = "guest"
    elif not _columns(field, value):
        rule = "unusable"
    elif all(getattr(customer, name) == new for name, new in _columns(field, value).items()):
        rule = "same"
    return decided(rule, facts, subject=SUBJECT)


def _columns(field: str, value: str) -> dict[str, Any]:
    """Return the columns with their new values; none for a value that can't be used."""
    if field == "marketing":
        return {"marketing_email": value == ON} if value in (ON, OFF) else {}
    if field == "phone":
        number = phone_number(value)
        return {"phone": spoken_number(number)} if number else {}
    name = full_name(value)
    if not name:
        return {}
    first, _, last = name.rpartition(" ")
    return {"first_name": first, "last_name": last}


class Profile:
    """Tells how an account stands, and changes single details of it.

    >>> profile.standing(customer).tier
    >>> profile.change(caller, customer, "marketing", "off")
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
        self._policies = policies
        self._writes = Writes(commerce, identity, clock, action=ACTION, subject=SUBJECT, wish=WISH)

    def standing(self, customer: Customer) -> Standing:
        """Tell how a customer stands in the loyalty program."""
        return standing(customer, self._commerce.orders_of(customer.id), self._policies, self._writes.now())

    def decide(self, customer: Customer, field: str, value: str) -> Decision:
        """Decide whether a detail may be changed to a value: "name", "phone", or "marketing" ("on" or "off")."""
        return decide_detail(customer, field, value, self._policies)

    def change(self, caller: Caller, customer: Customer, field: str, value: str) -> DetailReceipt:
        """Change one detail of an account, with audit row and an e-mail to the address on file.

        The same call again, or one that finds it like that from the same conversation, gives the first receipt.
        Raises Refused with the decision when a rule stands against it.
        """
        return receipts.insisting(lambda: self._change(caller, customer, field, value))

    def _change(self, caller: Caller, customer: Customer, field: str, value: str) -> DetailReceipt:
        """Change it, or find the receipt of the call that this one repeats."""
        receipt = DetailReceipt(field=field, value=value)
        row = receipts.row(receipt)
        with self._writes.begin(caller, customer, account=True) as write:
            stored = write.found(row)
            decision = decide_detail(write.customer, field, value, self._policies)
            if stored is None and decision.rule == "same" and row in write.earlier():
                stored = row
            if stored is not None:
                return receipts.read(DetailReceipt, stored)
            if not decision.allowed:
                raise Refused(decision)
            write.work.set_details(customer.id, **_columns(field, value))
            account_changed(self._sagas, write)
            self._tell(write, field, value)
            write.keep(receipt)
        return receipt

    def _tell(self, write: Write, field: str, value: str) -> None:
        """Write e-mail and audit row: which detail was changed, and of what a customer wrote nothing."""
        words = {
            "name": "the name on your account was changed",
            "phone": "the phone number on your account was changed",
            "marketing": f"offers by e-mail are now {value}",
        }
        letter = details_mail.account_changed(write.customer, self._policies, words[field])
        outbox.put(write.work.connection, letter, write.now)
        shown = {"value": value} if field == "marketing" else {}
        write.audit("account", after={"field": field, **shown})
