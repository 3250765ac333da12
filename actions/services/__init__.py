"""What the assistant can do for a customer; every rule and every write goes through here.

    from actions.services import services
    from actions.services.context import caller

    shop = services()     # one per process and database, made on first use
    who = caller(tracker) # nobody is authenticated without a signed context

    shop.identity.verify(who, email, proof)  -> Verification(status, customer, attempts_left, locked_until)
                                                status: verified | failed | locked | unavailable
    shop.identity.customer(who)              -> Customer | None
    shop.identity.forget(who)                -> None

    order_number(text)                       -> str | None     (actions.services.orders)
    shop.orders.recent(customer, limit=5)    -> list[Order]
    shop.orders.find(customer, number)       -> Order | None   only the customer's own
    shop.orders.matching(customer, text)     -> list[Order]

    shop.returns.decide(order, item_ids=None, today=None)
                                             -> Decision(allowed, rule, explanation_key, facts,
                                                needs_approval, refused_items)
    shop.returns.reasons                     -> dict[str, str] accepted reasons and their words
    shop.returns.returnable(order)           -> list[OrderItem]
    shop.returns.match_items(order, text)    -> list[OrderItem]
    shop.returns.match(order, text)          -> ItemMatch(items, ambiguous)
    shop.returns.quote(order, item_ids, reason)
                                             -> ReturnQuote(refund, fee, method, currency, business_days)
    shop.returns.start(who, customer, number, item_ids, reason)
                                             -> ReturnReceipt(...), or raises Refused(decision)
                                                (actions.services.errors)
    shop.returns.ask_approval(who, customer, number, item_ids, reason)
                                             -> Ticket         where decision.needs_approval

    shop.cancellations.reasons               -> dict[str, str]
    shop.cancellations.decide(order)         -> Decision
    shop.cancellations.quote(order)          -> CancelQuote(refund, method, currency, business_days)
    shop.cancellations.cancel(who, customer, number, reason)
                                             -> CancelReceipt(...), or raises Refused(decision)
    shop.cancellations.ask_approval(who, customer, number, reason)
                                             -> Ticket         where decision.needs_approval

    shop.addresses.decide(order, address=None), .decide_profile(customer, address)
                                             -> Decision
    shop.addresses.change(who, customer, address, number=None, profile=False)
                                             -> AddressReceipt(...), or raises Refused(decision)
    shop.payments.decide(customer, order, method_id=None)
                                             -> Decision
    shop.payments.quote(customer, order, method_id)
                                             -> PaymentQuote(total, back_to, method, business_days)
    shop.payments.change(who, customer, number, method_id)
                                             -> PaymentReceipt(...), or raises Refused(decision)
    shop.profile.standing(customer)          -> Standing       tier, points, and what is left to the next tier
    shop.profile.decide(customer, field, value), .change(who, customer, field, value)
                                             -> Decision; DetailReceipt(...), or raises Refused(decision)

    shop.remedies.assess(order, issue, item_ids)
                                             -> Assessment(rule, remedies, item_ids, facts)  what is the matter
    shop.remedies.decide(order, Remedy(kind, issue, item_ids))
                                             -> Decision
    shop.remedies.quote(order, remedy)       -> RemedyQuote(amount, worth, method, business_days)
    shop.remedies.give(who, customer, number, remedy)
                                             -> RemedyReceipt(...), or raises Refused(decision)
    shop.remedies.ask_approval(who, customer, number, remedy)
                                             -> Ticket         where decision.needs_approval

    shop.callbacks.fitting(wish), .nearest(wish), .free()
                                             -> list of times  slots in which somebody can call
    shop.callbacks.book(who, customer, phone, topic, start), .move(who, customer, start), .cancel(who, customer)
                                             -> Callback(reference, start, ...), or raises Refused(decision)
    shop.callbacks.booked(who, customer)     -> Callback | None  of this conversation or its verified customer

    shop.accounts.request_password_reset(who, email) -> None
    shop.tickets.open(who, subject, body, priority="normal", customer=None, case=None)
                                             -> Ticket(number, created, priority, reply_hours, repeated, ...)
    shop.tickets.of(who, customer), .add(who, ticket, text)
    shop.products.search(text, limit=5)      -> list[Product]
    shop.today()                             -> date           by which everything is decided, in UTC
    shop.policies                            -> Policies: typed values and `fact("returns.window_days")`

The rules of `Decision.rule` (also `rules` in returns.yml) are allowed, not_verified, unknown_order,
unknown_item, not_delivered, cancelled, window_over, delivery_date_unknown, already_returned,
already_refunded, final_sale, not_paid and authority_limit. `Decision.explanation_key` is "utter_return_"
and the rule. Its facts are texts, those that apply of order_number, status, today, item, items,
delivered_on, last_day, window_days, expected_on, reference, amount, limit.

Importing this package opens nothing: on first use the database is opened, and a new one filled with the
demo shop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actions.services.container import Services

__all__ = ["close_services", "services"]


def services() -> Services:
    """Give the services on the database that the environment names, made once per process and database."""
    from actions.services import container

    return container.services()


def close_services() -> None:
    """Close all services that this process made (for tests and for an orderly end)."""
    from actions.services import container

    container.close_services()
