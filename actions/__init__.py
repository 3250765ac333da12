"""What the assistant does: rasa-sdk actions (flows) over services, the shop and the help desk.

Importing this package makes every action known to the action server; it opens no connection.
"""

from actions.flows import (
    account,
    address_told,
    answers,
    callback,
    callback_form,
    cancel_order,
    case_answers,
    cases,
    change_address,
    change_payment,
    emergency,
    handoff,
    order_status,
    password_reset,
    products,
    replies,
    return_form,
    start_return,
    talk,
    ticket,
    wishes,
)

__all__ = [
    "account",
    "address_told",
    "answers",
    "callback",
    "callback_form",
    "cancel_order",
    "case_answers",
    "cases",
    "change_address",
    "change_payment",
    "emergency",
    "handoff",
    "order_status",
    "password_reset",
    "products",
    "replies",
    "return_form",
    "start_return",
    "talk",
    "ticket",
    "wishes",
]
