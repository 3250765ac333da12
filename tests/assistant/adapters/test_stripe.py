"""Payments at Stripe: money is taken and given back once, and never more than there is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from actions.adapters.errors import (
    AdapterError,
    BadAnswer,
    Declined,
    Denied,
    Failed,
    Missing,
    MoreThanPaid,
    RateLimited,
    Rejected,
    Unreachable,
)
from actions.adapters.http import Rules
from actions.adapters.settings import StripeSettings
from actions.adapters.stripe_payments import StripePayments
from actions.payments.port import Charge

from .serving import Local, Told
from .stripe_server import KEY, StripeServer

RULES = Rules(deadline=60.0, first_wait=0.01, failures=1000)
PRICE = Decimal("19.99")


def provider(url: str, key: str = KEY, rules: Rules = RULES) -> StripePayments:
    return StripePayments(StripeSettings(api_key=key, url=url), rules)


@pytest.fixture()
def payments(stripe_server: StripeServer) -> Iterator[StripePayments]:
    made = provider(stripe_server.url)
    yield made
    made.close()


@pytest.fixture()
def paid(stripe_server: StripeServer, payments: StripePayments) -> Charge:
    customer, method = stripe_server.card()
    return payments.charge("order L1", PRICE, "USD", customer=customer, method=method)


def test_money_is_taken(payments: StripePayments, paid: Charge) -> None:
    assert paid.id.startswith("ch_")
    assert (paid.amount, paid.currency, paid.status) == (PRICE, "USD", "succeeded")
    assert (paid.repaid, paid.left) == (Decimal("0.00"), PRICE)
    assert abs(paid.at - datetime.now(UTC)).total_seconds() < 600
    assert payments.find(paid.id) == paid


def test_the_same_key_takes_it_once(stripe_server: StripeServer, payments: StripePayments) -> None:
    customer, method = stripe_server.card()
    with ThreadPoolExecutor(4) as pool:

        def taken(_: int) -> str:
            return payments.charge("order L2", PRICE, "USD", customer=customer, method=method).id

        first = taken(0)
        assert set(pool.map(taken, range(4))) == {first}
    with pytest.raises(Rejected, match="Stripe: it refused the request"):
        payments.charge("order L2", Decimal("5.00"), "USD", customer=customer, method=method)


@pytest.mark.parametrize(
    "fault", [Told(fault="drop"), Told(503), Told(500, headers={"Stripe-Should-Retry": "true"})]
)
def test_a_lost_answer_takes_no_money_twice(
    stripe_server: StripeServer, stripe_local: Local, payments: StripePayments, fault: Told
) -> None:
    customer, method = stripe_server.card()
    stripe_local.faults_after = [fault]
    charge = payments.charge("order L3", PRICE, "USD", customer=customer, method=method)
    sent = [asked for asked in stripe_local.asked if asked.method == "POST"]
    assert len(sent) == 2
    assert sent[0].headers["idempotency-key"] == sent[1].headers["idempotency-key"]
    assert payments.find(charge.id) == charge


def test_what_was_taken_is_found_again_however_long_ago(
    stripe_server: StripeServer, payments: StripePayments
) -> None:
    customer, method = stripe_server.card()
    charge = payments.charge("order L9", PRICE, "USD", customer=customer, method=method)
    stripe_server.keys.clear()  # Stripe forgets keys after a day
    again = payments.charge("order L9", PRICE, "USD", customer=customer, method=method, again=True)
    assert again == charge
    other = payments.charge("order L10", PRICE, "USD", customer=customer, method=method, again=True)
    assert other.id != charge.id


def test_what_stripe_advises_against_is_not_repeated(
    stripe_server: StripeServer, stripe_local: Local, payments: StripePayments
) -> None:
    customer, method = stripe_server.card()
    stripe_local.faults = [Told(503, {"error": {}}, {"Stripe-Should-Retry": "false"})]
    with pytest.raises(Failed) as caught:
        payments.charge("order L4", PRICE, "USD", customer=customer, method=method)
    assert caught.value.unsure
    assert len(stripe_local.asked) == 1


def test_a_conflict_with_a_call_under_way_is_tried_again(
    stripe_server: StripeServer, stripe_local: Local, payments: StripePayments
) -> None:
    customer, method = stripe_server.card()
    lock = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}
    stripe_local.faults = [Told(409, lock, {"Stripe-Should-Retry": "true"})]
    assert payments.charge("order L5", PRICE, "USD", customer=customer, method=method).amount == PRICE


def test_a_declined_card_is_told(
    stripe_server: StripeServer, stripe_local: Local, payments: StripePayments
) -> None:
    customer, method = stripe_server.card("4000000000000341")  # can be kept, but not charged
    with pytest.raises(Declined, match="card_declined"):
        payments.charge("order L6", PRICE, "USD", customer=customer, method=method)
    words = {"type": "card_error", "code": "expired_card", "message": "Your card has expired."}
    stripe_local.faults = [Told(402, {"error": words})]
    with pytest.raises(Declined, match="expired_card") as caught:
        payments.charge("order L8", PRICE, "USD", customer=customer, method=method)
    assert "Your card" not in str(caught.value)


def test_what_the_customer_would_have_to_confirm_takes_no_money(
    stripe_server: StripeServer, payments: StripePayments
) -> None:
    customer, method = stripe_server.card("4000002500003155")
    with pytest.raises(Declined, match="requires_action"):
        payments.charge("order L7", PRICE, "USD", customer=customer, method=method)


def test_a_part_is_given_back_once(
    stripe_server: StripeServer, payments: StripePayments, paid: Charge
) -> None:
    repayment = payments.repay("return R-1", paid.id, Decimal("5.00"))
    assert (repayment.charge_id, repayment.amount, repayment.currency) == (paid.id, Decimal("5.00"), "USD")
    assert (repayment.status, repayment.repeated) == ("settled", False)
    stripe_server.keys.clear()  # Stripe forgets keys after a day
    again = payments.repay("return R-1", paid.id, Decimal("5.00"))
    assert (again.id, again.repeated) == (repayment.id, True)
    other = payments.repay("return R-2", paid.id, Decimal("14.99"))
    assert {entry.id for entry in payments.repayments(paid.id)} == {repayment.id, other.id}
    found = payments.find(paid.id)
    assert found is not None
    assert (found.repaid, found.left) == (PRICE, Decimal("0.00"))
    with pytest.raises(Rejected, match="idempotency_error"):
        payments.repay("return R-1", paid.id, Decimal("6.00"))


def test_never_more_than_there_is(
    stripe_server: StripeServer, payments: StripePayments, paid: Charge
) -> None:
    payments.repay("return R-1", paid.id, Decimal("15.00"))
    with pytest.raises(MoreThanPaid, match="more_than_is_left"):
        payments.repay("return R-2", paid.id, Decimal("5.00"))
    with pytest.raises(ValueError, match="can't be paid"):
        payments.repay("return R-3", paid.id, Decimal("0.001"))
    assert len(payments.repayments(paid.id)) == 1


def test_a_lost_answer_gives_nothing_back_twice(
    stripe_local: Local, payments: StripePayments, paid: Charge
) -> None:
    stripe_local.faults_after = [None, None, Told(fault="drop")]
    payments.repay("return R-1", paid.id, Decimal("5.00"))
    assert len(payments.repayments(paid.id)) == 1


def test_a_broken_connection_is_told_as_unsure(
    stripe_server: StripeServer, stripe_local: Local, paid: Charge
) -> None:
    hasty = provider(stripe_server.url, rules=Rules(deadline=60.0, retries=0))
    stripe_local.faults_after = [None, None, Told(fault="drop")]
    with pytest.raises(Unreachable) as caught:
        hasty.repay("return R-1", paid.id, Decimal("5.00"))
    assert caught.value.unsure
    again = hasty.repay("return R-1", paid.id, Decimal("5.00"))
    assert again.repeated
    assert len(hasty.repayments(paid.id)) == 1
    hasty.close()


def test_one_deadline_for_all_requests_of_a_call(
    stripe_server: StripeServer, stripe_local: Local, paid: Charge
) -> None:
    hasty = provider(stripe_server.url, rules=Rules(deadline=4.0))
    stripe_local.faults = [None, Told(fault="drip")]
    with pytest.raises(Unreachable, match="no whole answer within 4 s"):
        hasty.repay("return R-1", paid.id, Decimal("5.00"))
    hasty.close()


def test_what_does_not_exist(payments: StripePayments) -> None:
    for charge_id in ("ch_unknown", "", "../customers", "ch_x/../../customers", "ch_x?limit=1", "L204817"):
        assert payments.find(charge_id) is None
        with pytest.raises(Missing):
            payments.repay("k", charge_id, Decimal(1))
    assert payments.repayments("../customers") == payments.disputes("../customers") == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("needs_response", "needs_response"),
        ("under_review", "under_review"),
        ("won", "won"),
        ("lost", "lost"),
        ("prevented", "prevented"),
        ("warning_closed", "warning"),
    ],
)
def test_disputes_are_read(
    stripe_server: StripeServer, payments: StripePayments, paid: Charge, theirs: str, ours: str
) -> None:
    assert payments.disputes(paid.id) == []
    stripe_server.contest("ch_other", "lost")
    stripe_server.contest(paid.id, theirs)
    (dispute,) = payments.disputes(paid.id)
    assert (dispute.charge_id, dispute.amount, dispute.currency) == (paid.id, PRICE, "USD")
    assert (dispute.status, dispute.reason) == (ours, "fraudulent")
    assert dispute.answer_by == datetime.fromtimestamp(1796012437, UTC)


def test_wrong_credentials_are_told_without_showing_them(stripe_server: StripeServer) -> None:
    payments = provider(stripe_server.url, "rk_wrong_key")
    with pytest.raises(Denied, match="Stripe: it refused our credentials") as caught:
        payments.find("ch_1")
    assert "rk_wrong" not in str(caught.value)
    payments.close()


def test_too_many_requests_are_told(stripe_local: Local, payments: StripePayments) -> None:
    stripe_local.faults = [Told(429, {"error": {"code": "rate_limit"}}, {"Retry-After": "90"})]
    with pytest.raises(RateLimited):
        payments.find("ch_1")


@pytest.mark.parametrize(
    "body",
    [{}, {"object": "charge", "id": "ch_1"}, {"object": "charge", "id": "ch_1", "status": "odd"}, b"<html>"],
)
def test_an_answer_of_another_form_is_told(stripe_local: Local, payments: StripePayments, body: Any) -> None:
    stripe_local.faults = [Told(200, body)]
    with pytest.raises(BadAnswer):
        payments.find("ch_1")


def test_nothing_about_this_machine_and_nothing_private_is_told(
    stripe_local: Local, payments: StripePayments, caplog: pytest.LogCaptureFixture
) -> None:
    words = {
        "error": {"type": "card_error", "code": "card_declined", "message": "ann@example.com has no money"}
    }
    stripe_local.faults = [Told(402, words)]
    with pytest.raises(AdapterError) as caught:
        payments.find("ch_1")
    assert "ann@example.com" not in str(caught.value) + caplog.text
    assert KEY not in str(caught.value) + caplog.text
    (asked,) = stripe_local.asked
    assert not {"x-stripe-client-user-agent", "x-stripe-client-telemetry"} & set(asked.headers)
