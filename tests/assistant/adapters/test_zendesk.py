"""Tickets in Zendesk: what is told and read, what happens once, and zenpy from the other side."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy
from zenpy.lib.api_objects import Comment
from zenpy.lib.api_objects import Ticket as ZenpyTicket

from actions.adapters.errors import BadAnswer, Denied, Rejected, Unreachable
from actions.adapters.http import Rules
from actions.adapters.settings import ZendeskSettings
from actions.adapters.zendesk import ZendeskTickets
from actions.commerce.model import Address, Customer
from actions.helpdesk.port import Ticket

from ..conftest import POLICIES
from .serving import Local, Told
from .zendesk_server import EMAIL, TOKEN, ZendeskServer

RULES = Rules(deadline=60.0, first_wait=0.01)
ANNA = Customer(
    id="anna",
    first_name="Anna",
    last_name="Bennett",
    email="anna.bennett@example.com",
    address=Address(line1="1 Elm St", city="Portland", state="OR", postcode="97214"),
)


def desk(url: str, token: str = TOKEN, rules: Rules = RULES, **more: Any) -> ZendeskTickets:
    settings = ZendeskSettings(url=url, email=EMAIL, token=token, **more)
    return ZendeskTickets(settings, POLICIES.support.reply_hours, rules)


@pytest.fixture()
def tickets(zendesk: ZendeskServer) -> Iterator[ZendeskTickets]:
    made = desk(zendesk.url, group_id=98738)
    yield made
    made.close()


def opened(tickets: ZendeskTickets, key: str = "k1", **more: Any) -> Ticket:
    given: dict[str, Any] = {"subject": "Lamp", "body": "It flickers.", "priority": "high", "customer": None}
    return tickets.open(key, **(given | more))


def texts(zendesk: ZendeskServer, number: str) -> list[str]:
    return [comment["body"].split("\n")[0] for comment in zendesk.comments[int(number)]]


def test_what_zendesk_is_told(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    ours = opened(tickets, subject="Lamp flickers", body="Identity: not verified.", customer=ANNA)
    (ticket,) = zendesk.tickets.values()
    assert ours == Ticket(
        number=str(ticket["id"]),
        created=datetime.fromisoformat(ticket["created_at"]),
        subject="Lamp flickers",
        priority="high",
        status="open",
        reply_hours=POLICIES.support.high_reply_hours,
    )
    assert ticket["group_id"] == 98738
    assert ticket["tags"] == ["frontdesk"]
    assert ticket["external_id"].startswith("frontdesk-")
    assert zendesk.users == {"anna.bennett@example.com": ticket["requester_id"]}
    (comment,) = zendesk.comments[ticket["id"]]
    assert comment["public"] is False  # a public one is e-mailed to the customer
    tickets.add("k2", ours.number, "It smells.")
    assert [each["public"] for each in zendesk.comments[ticket["id"]]] == [False, False]


def test_the_same_key_opens_one(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    assert opened(tickets) == opened(tickets)
    assert opened(tickets, "k2").number != opened(tickets).number
    with ThreadPoolExecutor(8) as pool:
        numbers = set(pool.map(lambda _: opened(tickets, "k3").number, range(8)))
    assert len(numbers) == 1
    assert len(zendesk.tickets) == 3


def test_what_does_not_exist_is_not_found(tickets: ZendeskTickets) -> None:
    for number in ("T-0", "99", "", "../users/1", "9" * 40, "٣", "1 OR 1=1"):
        assert tickets.find(number) is None
        assert tickets.add("k", number, "hello") is None
        assert tickets.escalate(number, "high") is None


def test_texts_are_tamed(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    ticket = opened(tickets, subject="Line\r\none" + "x" * 500, body="a\x00b\n" + "y" * 90_000)
    assert ticket.subject.startswith("Line onexx")
    assert len(ticket.subject) == 200
    assert len(zendesk.comments[int(ticket.number)][0]["body"]) == 20_000
    assert opened(tickets, "k2", subject="", body="").subject == "Request"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("new", "open"),
        ("open", "open"),
        ("hold", "open"),
        ("pending", "pending"),
        ("solved", "solved"),
        ("closed", "closed"),
    ],
)
def test_states_are_ours(zendesk: ZendeskServer, tickets: ZendeskTickets, theirs: str, ours: str) -> None:
    number = opened(tickets).number
    zendesk.tickets[int(number)] |= {"status": theirs, "priority": None}
    found = tickets.find(number)
    assert found is not None
    assert (found.status, found.priority) == (ours, "normal")


@pytest.mark.parametrize(
    "fault", [Told(fault="drop"), Told(503), Told(502), Told(fault="half", body="x" * 99)]
)
def test_a_lost_answer_makes_no_second_ticket(
    zendesk: ZendeskServer, zendesk_local: Local, tickets: ZendeskTickets, fault: Told
) -> None:
    zendesk_local.faults_after = [None, fault]  # the ticket is there, but we weren't told
    ticket = opened(tickets)
    assert list(zendesk.tickets) == [int(ticket.number)]
    zendesk.keys.clear()  # Zendesk forgets keys; the external id stays
    assert opened(tickets) == ticket
    assert len(zendesk.tickets) == 1


def test_a_note_is_added_once(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    number = opened(tickets).number
    for key in ("k2", "k2", "k3"):
        added = tickets.add(key, number, "It smells.")
        assert added is not None
        assert added.number == number
    assert texts(zendesk, number) == ["It flickers.", "It smells.", "It smells."]


def test_a_note_whose_answer_was_lost_is_not_written_twice(
    zendesk: ZendeskServer, zendesk_local: Local, tickets: ZendeskTickets
) -> None:
    number = opened(tickets).number
    zendesk_local.faults_after = [None, None, Told(fault="drop")]
    with pytest.raises(Unreachable) as caught:
        tickets.add("k2", number, "It smells.")
    assert caught.value.unsure
    assert tickets.add("k2", number, "It smells.") is not None
    assert texts(zendesk, number) == ["It flickers.", "It smells."]


def test_a_priority_rises_and_never_falls(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    number = opened(tickets, priority="normal").number
    for wanted, expected in (("low", "normal"), ("urgent", "urgent"), ("high", "urgent")):
        raised = tickets.escalate(number, wanted)
        assert raised is not None
        assert raised.priority == expected
    zendesk.tickets[int(number)]["priority"] = None
    raised = tickets.escalate(number, "low")
    assert raised is not None
    assert zendesk.tickets[int(number)]["priority"] == "low"


def test_a_closed_ticket_stays_as_it_is(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    number = opened(tickets).number
    zendesk.tickets[int(number)]["status"] = "closed"
    assert tickets.add("k2", number, "hello?") is None
    assert tickets.escalate(number, "urgent") is None
    assert texts(zendesk, number) == ["It flickers."]


def test_the_first_of_several_with_an_external_id_counts(
    zendesk: ZendeskServer, tickets: ZendeskTickets
) -> None:
    number = int(opened(tickets).number)
    zendesk.tickets[number + 5] = zendesk.tickets[number] | {"id": number + 5}
    assert opened(tickets).number == str(number)


def test_a_ticket_that_is_closed_at_the_same_moment(
    zendesk: ZendeskServer, zendesk_local: Local, tickets: ZendeskTickets
) -> None:
    number = int(opened(tickets).number)
    before = dict(zendesk.tickets[number])
    zendesk.tickets[number]["status"] = "closed"
    zendesk_local.faults = [Told(200, {"ticket": before})]  # what we read is a moment old
    assert tickets.escalate(str(number), "urgent") is None


def test_wrong_credentials_are_told_without_showing_them(zendesk: ZendeskServer) -> None:
    tickets = desk(zendesk.url, "wrong-token")
    with pytest.raises(Denied, match="Zendesk: it refused our credentials") as caught:
        tickets.find("1")
    assert "wrong-token" not in str(caught.value)
    tickets.close()


def test_zendesks_own_words_about_an_error_are_not_repeated(
    zendesk: ZendeskServer, zendesk_local: Local, tickets: ZendeskTickets
) -> None:
    zendesk_local.faults = [
        Told(422, {"error": "RecordInvalid", "description": "ann@example.com is suspended"})
    ]
    with pytest.raises(Rejected, match="RecordInvalid") as caught:
        tickets.find("1")
    assert "ann@" not in str(caught.value)


TICKET = {"id": 1, "status": "new", "priority": None, "created_at": "2026-11-18T15:00:00Z", "subject": None}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"ticket": None},
        {"ticket": TICKET | {"id": "1"}},
        {"ticket": TICKET | {"status": "sleeping"}},
        {"ticket": TICKET | {"priority": "whenever"}},
        {"ticket": TICKET | {"created_at": None}},
        {"ticket": TICKET | {"created_at": "yesterday"}},
        b"<html>",
    ],
)
def test_an_answer_of_another_form_is_told(zendesk_local: Local, tickets: ZendeskTickets, body: Any) -> None:
    zendesk_local.faults = [Told(200, body)]
    with pytest.raises(BadAnswer):
        tickets.find("1")


class Redirected(HTTPAdapter):
    """Takes requests for acme.zendesk.com to the local server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: Any, **options: Any) -> Any:
        asked = request.url
        request.url = self.url + asked[len("https://acme.zendesk.com") :]
        assert urlsplit(request.url).hostname == "127.0.0.1"
        response = super().send(request, **options | {"proxies": {}})
        request.url = asked  # zenpy knows answers by the address that it asked
        return response


def test_zenpy_sees_and_changes_what_we_write(zendesk: ZendeskServer, tickets: ZendeskTickets) -> None:
    session = requests.Session()
    session.trust_env = False
    session.mount("https://acme.zendesk.com", Redirected(zendesk.url))
    client = Zenpy(subdomain="acme", email=EMAIL, token=TOKEN, session=session)

    ours = opened(tickets, subject="Lamp flickers", customer=ANNA)
    external_id = zendesk.tickets[int(ours.number)]["external_id"]
    (listed,) = client.tickets(external_id=external_id)
    seen = client.tickets(id=int(ours.number))
    assert listed.id == seen.id == int(ours.number)
    assert (seen.subject, seen.priority, seen.status) == ("Lamp flickers", "high", "new")
    assert seen.created == ours.created

    seen.status = "pending"
    seen.comment = Comment(body="Which lamp is it?", public=True)
    client.tickets.update(seen)
    tickets.add("k2", ours.number, "The one in the hall.")
    said = [comment.body.split("\n")[0] for comment in client.tickets.comments(ticket=int(ours.number))]
    assert said == ["It flickers.", "Which lamp is it?", "The one in the hall."]
    found = tickets.find(ours.number)
    assert found is not None
    assert found.status == "pending"

    made = client.tickets.create(ZenpyTicket(subject="By phone", description="x", comment=Comment(body="x")))
    found = tickets.find(str(made.ticket.id))
    assert found is not None
    assert (found.subject, found.priority) == ("By phone", "normal")
