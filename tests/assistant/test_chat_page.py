"""A customer in the browser goes through each flow of the assistant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PATIENCE, PATIENT, Server, start_server


@pytest.fixture(scope="module")
def server(assistant: Path) -> Iterator[Server]:
    running = start_server(assistant, **PATIENT)
    yield running
    running.stop()


class Customer:
    """Types into the chat page and reads what comes back."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def say(self, text: str) -> str:
        """Send a message, and return all that was answered to it."""
        before = self.page.locator("#log > li.bot").count()
        self.page.fill("#entry", text)
        self.page.keyboard.press("Enter")
        return self.answer(before)

    def press(self, title: str) -> str:
        """Press a button, and return all that was answered."""
        before = self.page.locator("#log > li.bot").count()
        self.page.get_by_role("button", name=title).last.click()
        return self.answer(before)

    def answer(self, before: int) -> str:
        self.page.locator("#log > li.bot").nth(before).wait_for()
        self.page.locator("#typing").wait_for(state="hidden")
        return "\n".join(self.page.locator("#log > li.bot").all_inner_texts()[before:])


@pytest.fixture
def customer(browser: Any, server: Server) -> Iterator[Customer]:
    context = browser.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.goto(f"{server.url}/")
    customer = Customer(page)
    assert "automated assistant" in customer.answer(0)
    yield customer
    context.close()


def test_order_status(customer: Customer) -> None:
    assert "e-mail" in customer.say("where's my stuff?")
    customer.say("anna.bennett@example.com")
    told = customer.say("97214")
    assert "L204817" in told
    assert re.search(r"expected \w+day", told)


def test_a_return_with_a_question_in_the_middle(customer: Customer) -> None:
    customer.say("I want to return something from L204393, marcus.reed@example.com")
    answer = customer.say("how long does a refund take?")
    assert "5-7 business days" in answer
    assert customer.page.locator(".sources a").count() >= 1
    summary = customer.say("the kettle, it leaks")
    assert "Linden Electric Kettle" in summary
    booked = customer.press("Yes, book it")
    assert re.search(r"R-\d+", booked)
    assert "Mastercard ending in 8210" in booked


def test_a_link_to_the_article_that_an_answer_cites(customer: Customer) -> None:
    customer.say("do you ship to Canada?")
    link = customer.page.locator(".sources a").first
    with customer.page.context.expect_page() as opened:
        link.click()
    article = opened.value
    assert article.get_by_role("heading", level=1).inner_text() == link.inner_text()
    assert "{" not in article.locator("main").inner_text()


def test_password_reset_says_the_same_to_everyone(customer: Customer) -> None:
    customer.say("I forgot my password")
    told = customer.say("nobody.at.all@example.com")
    assert re.search(r"If there's an account|belongs to an account", told)


def test_a_kind_word_and_a_person(customer: Customer) -> None:
    assert "sorry" in customer.say("this is the third time I have to ask, I'm really disappointed").lower()
    customer.say("I want to talk to a real person")
    ticket = customer.say("anna.bennett@example.com")
    assert re.search(r"T-\d+", ticket)
    assert customer.say("what does shipping cost?")


def test_what_it_does_not_know_it_says(customer: Customer) -> None:
    told = customer.say("who designed your company logo and when?")
    assert re.search(r"don't (?:have|know)|can't find|couldn't find|not sure", told)
    assert customer.page.locator(".sources a").count() == 0
