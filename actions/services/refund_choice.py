"""Where the money of a return may go: what the policies allow for this order and this customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from actions.commerce.model import NOTHING, Order, PaymentMethod
from actions.services.method_matching import GIFT_CARD, ORIGINAL, STORE_CREDIT, match_methods
from actions.services.policy import Share, method_words, shares_of
from actions.services.rulebook import Policies

ORIGINAL_PAYMENT = "original_payment"
CREDIT = "store_credit"


@dataclass(frozen=True)
class RefundChoice:
    """One place to which a refund may go: the original payment, store credit, or a gift card by its id."""

    id: str
    label: str
    business_days: str
    methods: tuple[PaymentMethod, ...] = ()  # what it pays to

    def shares(self, order: Order, refund: Decimal) -> tuple[Share, ...]:
        """Spread a refund over what it pays to."""
        return shares_of(order, refund) if self.id == ORIGINAL_PAYMENT else (Share(self.id, refund),)


def refund_choices(
    order: Order, methods: Sequence[PaymentMethod], policies: Policies
) -> tuple[RefundChoice, ...]:
    """List where a refund of this order may go; what the policies prefer comes first."""
    refunds = policies.refunds
    found: list[RefundChoice] = []
    known = {method.id: method for method in methods}
    shares = shares_of(order, max(order.paid - order.refunded, NOTHING))
    paid = tuple(known[share.method_id] for share in shares if share.method_id in known)
    words, days = method_words(shares, known, policies)
    for choice in sorted(refunds.choices, key=lambda name: name != refunds.method):
        if choice == ORIGINAL_PAYMENT:
            found.append(RefundChoice(choice, words, days, paid))
        elif choice == CREDIT:
            found.append(RefundChoice(choice, "store credit", refunds.store_credit_business_days))
        else:
            cards = [method for method in methods if method.kind == "gift_card"]
            found += [
                RefundChoice(card.id, _card_label(card, cards), refunds.gift_card_business_days, (card,))
                for card in cards
                if paid != (card,)
            ]
    return tuple(found)


def chosen_refund(choices: Sequence[RefundChoice], text: str) -> RefundChoice | None:
    """Return the choice that the words mean; None where they name none of them, or leave it open."""
    named = [choice for choice in choices if choice.id == text.strip()]
    if STORE_CREDIT.search(text) and not named:
        named = [choice for choice in choices if choice.id == CREDIT]
    if not named:
        methods = {method.id: method for choice in choices for method in choice.methods}
        meant = match_methods(methods.values(), text)
        named = [choice for choice in choices if meant and set(choice.methods) & set(meant)]
    if not named and ORIGINAL.search(text):
        named = [choice for choice in choices if choice.id == ORIGINAL_PAYMENT]
    if len(named) > 1 and GIFT_CARD.search(text) and ORIGINAL.search(text):
        named = [choice for choice in named if choice.id == ORIGINAL_PAYMENT]
    return named[0] if len(named) == 1 else None


def _card_label(card: PaymentMethod, cards: Sequence[PaymentMethod]) -> str:
    """Name a gift card, by its balance where there are several."""
    return card.label if len(cards) == 1 or card.balance is None else f"gift card with ${card.balance:,.2f}"
