"""A-31: text that is a command to a database, a template or a format string somewhere behind; here it stays text."""

from __future__ import annotations

import json

import pytest

from tests.visitors import Target

SQL = (
    "' OR '1'='1",
    "L299998' OR 1=1 --",
    "'; DROP TABLE orders; --",
    '" OR ""="',
    "%' UNION SELECT email FROM customers --",
    "\\'; --",
)
NOSQL = ('{"$gt": ""}', '{"$where": "sleep(1000)"}')
TEMPLATES = (
    "{verified.__class__}", "{customer_name}", "{0}", "{asked_number!r}", "{identity.lock_minutes}", "{{7919*7919}}",
    "${7919*7919}", "{% raw %}", "#{7919*7919}", "<%= 7919*7919 %>", "%s%s%n", "{returns.window_days.__class__.__mro__}", "$(id)", "`id`",
)  # fmt: skip
OF_ANNA = ("L204817", "Halden", "1Z", "UPS")  # what her order, which is on its way, would be told with
TOLD = ("<class", "__mro__'", "62710561", "uid=", "Traceback", "sqlite", "syntax error", "OperationalError")


@pytest.mark.parametrize("text", [*SQL, *NOSQL, *TEMPLATES])
def test_as_a_message_a_number_and_an_address(target: Target, text: str) -> None:
    before = target.state()
    visitor = target.visitor()
    whole = ""
    for sentence in (
        f"where is order {text}",
        f"{text}@example.com",
        f'/inform{{"order_number": {json.dumps(text)}, "email": {json.dumps(text)}, "product": {json.dumps(text)}}}',
        f"my e-mail is anna.bennett@example.com and my order is {text}",
    ):
        whole += visitor.say(sentence)
    for words in TOLD:
        assert words not in whole, whole
    assert target.state() == before
    assert not [fact for fact in OF_ANNA if fact in whole], "no proof is true by itself"
    assert "Return something" in visitor.say("what can you do?"), "and the conversation goes on"


@pytest.mark.parametrize("text", TEMPLATES)
def test_what_comes_back_in_an_answer_is_what_was_sent(target: Target, text: str) -> None:
    victim = target.meet("delivered")
    visitor = target.customer(victim)
    told = visitor.say(f'/order_status{{"order_number": {json.dumps(text)}}}')
    for words in TOLD:
        assert words not in told, told
    assert text in told, "unchanged"


def test_in_every_field_of_a_request(target: Target) -> None:
    before = target.state()
    visitor = target.visitor()
    for text in (*SQL, *NOSQL, *TEMPLATES):
        answer = visitor.post(
            "hello", message_id=text[:100], metadata={"name": text, text[:50]: text}, title=text
        )
        assert answer.status_code in (200, 400), answer.text
        response = target.rest("hello", sender=text, metadata={"x": text})
        assert response.status_code in (200, 400, 403), response.text
        for words in TOLD:
            assert words not in answer.text + response.text
    assert target.state() == before
    assert visitor.say("hello")


def test_in_a_ticket_and_in_what_a_person_reads_of_it(target: Target) -> None:
    victim = target.meet("delivered")
    visitor = target.customer(victim)
    text = "'); DELETE FROM tickets; -- {customer_name.__class__} {{7919*7919}} <script>alert(1)</script>"
    visitor.say(f"I want to talk to a real person: {text}")
    visitor.say("yes")
    rows = target.rows("SELECT subject || body FROM tickets WHERE customer_id = ?", victim.id)
    assert rows, "the ticket is there"
    assert "<class" not in rows[-1][0]
    assert "62710561" not in rows[-1][0].replace(text, "")
