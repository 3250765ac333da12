"""A payment that is declined, and then made another way: what the customer hears, and what the shop and Stripe have."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from actions.flows.change_payment import (
    ActionAskPaymentConfirmed,
    ActionSubmitPayment,
    ValidatePaymentForm,
)
from actions.flows.order_status import ActionOrderStatus
from actions.flows.swap_form import ValidateSwapForm
from actions.flows.swap_order import ActionAskSwapConfirmed, ActionAskSwapMethod, ActionSubmitSwap
from actions.services import close_services, services
from actions.services.container import Services

from ..conftest import MARCUS, count, verified, who
from ..flows.talking import Talk, followups
from .serving import Local, Told
from .stripe_server import KEY, StripeServer
from .test_provider_money import GIFT, HUGO, MASTERCARD, NUMBER, VISA, Books, exchanged, order_of

DECLINES = "4000000000000341"
GOOD = "4242424242424242"
ITEM = f"{NUMBER}-1"


@pytest.fixture()
def at_stripe(
    scratch_shop: Services, stripe_server: StripeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """What `services()` gives to actions where payments are at Stripe."""
    close_services()
    file = tmp_path / "adapters.yml"
    file.write_text(
        f"payments:\n  stripe:\n    url: {stripe_server.url}\n    api_key: ${{TEST_STRIPE_KEY}}\n"
    )
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(file))
    monkeypatch.setenv("TEST_STRIPE_KEY", KEY)
    yield services()
    close_services()


@pytest.fixture()
def stripe_shop(at_stripe: Services) -> Services:
    """The same, with the customer proven."""
    verified(at_stripe, who(), HUGO)
    return at_stripe


def confirming(shop: Services, method: str | None = None) -> Talk:
    """A conversation that has come to the summary of one more piece."""
    change = {ITEM: {"variant": None, "quantity": order_of(shop).items[0].quantity + 1}}
    known = {
        "wish": "change_order",
        "wish_words": "one more of the first, paid with my mastercard",
        "swap_order": NUMBER,
        "swap_items": [ITEM],
        "swap_changes": change,
        "swap_method": method,
        "swap_to": "known",
    }
    return Talk().within("swap_form", "swap_confirmed").set(**known)


def yes(talk: Talk) -> list[str]:
    """Say yes to the summary; return what the flow does next."""
    talk.run(ActionAskSwapConfirmed())
    talk.hear("yes", "affirm").run(ValidateSwapForm(), swap_confirmed=True)
    assert talk.slots["swap_confirmed"] is True
    talk.loop = None
    return followups(talk.run(ActionSubmitSwap()))


def test_a_declined_card_and_then_another_one(stripe_shop: Services, stripe_server: StripeServer) -> None:
    shop, before = stripe_shop, order_of(stripe_shop)
    books = Books(shop, stripe_server)
    customer = books.keep(before.customer_id, (MASTERCARD, DECLINES), (VISA, GOOD))
    talk = confirming(shop)  # nobody has named a card: the one that paid the order is taken
    assert yes(talk) == ["swap_form"]
    assert talk.responses() == ["utter_outside_declined"]
    assert order_of(shop) == before
    assert books.charges(customer) == {}

    talk.within("swap_form").run(ValidateSwapForm())  # the same yes is in the tracker still
    assert (talk.slots["swap_method"], talk.slots["swap_confirmed"]) == (None, None)
    assert talk.slots["requested_slot"] == "swap_method"
    talk.run(ActionAskSwapMethod())
    offered = talk.told("utter_ask_swap_method_charge")["buttons"]
    assert len(offered) == 3
    assert not any("2718" in button["title"] for button in offered)  # not the declined one

    talk.hear("then take my visa").run(ValidateSwapForm())
    assert (talk.slots["swap_method"], talk.slots["requested_slot"]) == (VISA, "swap_confirmed")
    assert yes(talk) == []
    assert talk.responses() == ["utter_swap_done_change_charge"]
    assert talk.told("utter_swap_done_change_charge")["method"] == "Visa ending in 3141"
    after = order_of(shop)
    assert after.items[0].quantity == before.items[0].quantity + 1
    assert list(books.charges(customer).values()) == [after.total - before.total]
    assert talk.slots["declined_methods"] is None
    shop.deliver()
    assert count(shop, "outbox", kind="order_changed") == 1


def test_without_another_method_it_ends_there(stripe_shop: Services, stripe_server: StripeServer) -> None:
    shop, before = stripe_shop, order_of(stripe_shop)
    Books(shop, stripe_server).keep(before.customer_id, (MASTERCARD, DECLINES))
    customer = shop.commerce.customer(before.customer_id)
    assert customer is not None
    others = [method.id for method in customer.payment_methods if method.id != MASTERCARD]
    talk = confirming(shop, MASTERCARD).set(declined_methods=others)
    assert yes(talk) == []
    assert talk.responses() == ["utter_outside_declined"]
    assert talk.slots["swap_items"] is None
    assert order_of(shop) == before


def test_while_stripe_is_down_nothing_is_claimed(
    stripe_shop: Services, stripe_server: StripeServer, stripe_local: Local
) -> None:
    Books(stripe_shop, stripe_server).keep(order_of(stripe_shop).customer_id, (MASTERCARD, GOOD))
    stripe_local.faults = [Told(500)] * 3
    talk = confirming(stripe_shop)
    assert yes(talk) == []
    assert talk.responses() == ["utter_swap_waits"]


def test_a_method_that_is_not_kept_there_is_a_matter_for_a_person(stripe_shop: Services) -> None:
    talk = confirming(stripe_shop, VISA)
    yes(talk)
    assert talk.responses()[0] == "utter_outside_unknown_method"
    assert talk.slots["pending_offer"] is not None


def paying(shop: Services, method: str, order: str = NUMBER) -> Talk:
    """A conversation that has said yes to paying an order by a method."""
    known = {"payment_order": order, "payment_method": method, "wish": "change_payment"}
    talk = Talk().set(**known, payment_confirmed=True).hear("yes", "affirm")
    talk.run(ActionSubmitPayment())
    return talk


def test_another_method_for_an_order_is_declined_and_then_another_one_is_asked_for(
    stripe_shop: Services, stripe_server: StripeServer
) -> None:
    shop, before = stripe_shop, order_of(stripe_shop)
    Books(shop, stripe_server).keep(before.customer_id, (VISA, DECLINES))
    talk = paying(shop, VISA)
    assert talk.responses() == ["utter_outside_declined"]
    assert followups(talk.events) == ["payment_form"]
    assert order_of(shop) == before

    talk.within("payment_form").run(ValidatePaymentForm())  # the same yes is in the tracker still
    assert (talk.slots["payment_confirmed"], talk.slots["declined_methods"]) == (None, [VISA])
    assert talk.slots["payment_method"] == GIFT  # the only one that is left is taken without asking
    assert talk.slots["requested_slot"] == "payment_confirmed"
    talk.run(ActionAskPaymentConfirmed())
    talk.hear("yes", "affirm").run(ValidatePaymentForm(), payment_confirmed=True)
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_payment_done"]
    assert {row.method_id for row in order_of(shop).payments if row.kind == "payment"} >= {GIFT}
    assert talk.slots["declined_methods"] is None


def test_giving_up_after_a_declined_payment_leaves_everything(
    stripe_shop: Services, stripe_server: StripeServer
) -> None:
    shop, before = stripe_shop, order_of(stripe_shop)
    Books(shop, stripe_server).keep(before.customer_id, (VISA, DECLINES))
    talk = paying(shop, VISA)
    talk.within("payment_form").run(ValidatePaymentForm())
    talk.run(ActionAskPaymentConfirmed())
    talk.hear("no, leave it", "deny").run(ValidatePaymentForm(), payment_confirmed=False)
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_payment_kept"]
    assert (order_of(shop), talk.slots["declined_methods"]) == (before, None)


def test_an_exchange_whose_charge_was_declined_is_paid_in_the_chat(
    at_stripe: Services, stripe_server: StripeServer
) -> None:
    shop, books, number = at_stripe, Books(at_stripe, stripe_server), MARCUS[1]
    _, _, reference = exchanged(shop, books, DECLINES)
    shop.arrivals.note(reference)
    shop.deliver()
    status = Talk().set(wish="order_status", status_order=number).hear("how is it", "order_status")
    status.run(ActionOrderStatus())
    assert status.responses() == ["utter_order_exchange_unpaid"]
    talk = Talk().within("payment_form").set(wish="change_payment", payment_order=number)
    talk.hear("the payment for my exchange was declined, I'd like to pay another way", "change_payment")
    talk.run(ValidatePaymentForm())
    assert talk.slots["requested_slot"] == "payment_confirmed"  # one card is on file: it may work today
    talk.run(ActionAskPaymentConfirmed())
    assert talk.told("utter_payment_summary_exchange")["total"] == "$7.50"
    talk.hear("yes", "affirm").run(ValidatePaymentForm(), payment_confirmed=True)
    talk.run(ActionSubmitPayment())
    assert talk.responses() == ["utter_outside_declined"]
    assert order_of(shop, number).exchanges[0].status == "unpaid"

    unpaid = order_of(shop, number)
    customer = books.keep(unpaid.customer_id, (unpaid.exchanges[0].method_id, GOOD))
    again = paying(shop, unpaid.exchanges[0].method_id, number)
    assert again.responses() == ["utter_payment_done_exchange"]
    assert list(books.charges(customer).values()) == [Decimal("7.50")]
    assert order_of(shop, number).exchanges[0].status == "completed"
