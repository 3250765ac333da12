"""What the assistant does: rasa-sdk actions (flows) over services, the shop and the help desk.

Importing this package makes every action known to the action server; it opens no connection.
"""

from actions.flows import (
    answers,
    callback,
    callback_form,
    cancel_order,
    case_answers,
    cases,
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
    "answers",
    "callback",
    "callback_form",
    "cancel_order",
    "case_answers",
    "cases",
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
