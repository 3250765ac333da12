"""E-mails: one frame around what each has to say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actions.services import mail, sales_mail
from actions.services.container import Services
from actions.services.mail import NOT_RIGHT, Reader, letter
from tests.assistant.conftest import POLICIES


def test_a_letter_is_framed_once() -> None:
    made = letter("x", Reader("eve@example.com", "Eve"), POLICIES, "About x", "one.", "", "two.")
    assert (made.kind, made.recipient, made.subject) == ("x", "eve@example.com", "About x")
    assert made.body == (
        "Hello Eve,\n\none.\n\ntwo.\n\n"
        "If that wasn't you, answer this e-mail at once or write to support@larkspur.example.\n\nLarkspur\n"
    )


def test_a_reader_without_a_name_and_a_letter_without_a_warning() -> None:
    assert letter("x", Reader("a@example.com"), POLICIES, "x", "one.", closing="").body == (
        "Hello,\n\none.\n\nLarkspur\n"
    )
    assert "If something is not right" in letter("x", Reader(""), POLICIES, "x", closing=NOT_RIGHT).body


@pytest.mark.parametrize(("days", "words"), [("3-5", "takes 3-5 business days"), ("0", "happens at once")])
def test_every_letter_says_in_the_same_words_how_long_it_takes(shop: Services, days: str, words: str) -> None:
    anna = shop.commerce.customer_by_email("anna.bennett@example.com")
    assert anna is not None
    paid = Decimal("12.50")
    for made in (
        mail.cancelled(
            anna,
            POLICIES,
            order_number="L2",
            items=["a", "b"],
            refund=paid,
            method="Visa",
            business_days=days,
        ),
        sales_mail.code_credited(
            anna,
            POLICIES,
            order_number="L2",
            code="X",
            credit=paid,
            total=paid,
            method="Visa",
            business_days=days,
        ),
    ):
        assert f"$12.50 goes back to Visa; that {words}." in made.body
