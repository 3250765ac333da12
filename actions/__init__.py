"""What the assistant does: rasa-sdk actions (flows) over services, the shop and the help desk.

Importing this package makes every action known to the action server; it opens no connection.
"""

from actions.flows import (
    answers,
    cancel_order,
    emergency,
    handoff,
    order_status,
    password_reset,
    products,
    promo_code,
    quote,
    replies,
    return_form,
    start_return,
    talk,
    wishes,
)

__all__ = [
    "answers",
    "cancel_order",
    "emergency",
    "handoff",
    "order_status",
    "password_reset",
    "products",
    "promo_code",
    "quote",
    "replies",
    "return_form",
    "start_return",
    "talk",
    "wishes",
]
