"""A ticket that is there already: how it stands, and what else goes with it; else a new one is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.handoff import TICKET_FORM
from actions.flows.identity import known_customer
from actions.flows.turn import said, spoken
from actions.flows.wishes import begin, done, queue_of, queued, served_by
from actions.flows.wording import day, today
from actions.helpdesk.port import Ticket
from actions.services import services
from actions.services.context import caller
from frontdesk.formats import yaml

TABLE = Path(__file__).with_name("ticket_words.yml")
NUMBER = re.compile(r"\bt[- ]?(\d{4,9})\b|\b(?:ticket|case) (?:no\.? |number |#)?(\d{4,9})\b", re.IGNORECASE)
LONGEST = 500
WISH = "open_ticket"


@cache
def words() -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """Read by which words a ticket that is there is meant."""
    table = yaml.read(TABLE)
    return {name: tuple(re.compile(str(each), re.IGNORECASE) for each in row) for name, row in table.items()}


def meant(text: str, kind: str) -> bool:
    """Tell whether the words ask for the status of a ticket, or add to one."""
    return any(pattern.search(text) for pattern in words()[kind])


def number_in(text: str) -> str | None:
    """Return the ticket number in the words."""
    found = NUMBER.search(text)
    return f"T-{found[1] or found[2]}" if found else None


def addition(text: str) -> str:
    """Return what is to be added: the words behind "also tell them that"."""
    for pattern in words()["adds"]:
        found = pattern.search(text)
        rest = text[found.end() :].strip(" :,.") if found else ""
        if len(rest.split()) > 1:
            return rest
    return text


class ActionTicket(Action):
    """Tell how a ticket stands, or add to it; anything else opens a new one."""

    def name(self) -> str:
        """Name the action."""
        return "action_ticket"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Look at the tickets of this conversation and of its verified customer, and of nobody else."""
        heard = said(tracker, self.name())
        text = heard.text or str(tracker.get_slot("wish_words") or "")
        number, adds, asks = number_in(text), meant(text, "adds"), meant(text, "asks")
        if heard.payload or not (number or adds or asks):
            return self._open(tracker, text)
        mine = services().tickets.of(caller(tracker), known_customer(tracker))
        wanted = [ticket for ticket in mine if number in (None, ticket.number)]
        chosen = self._chosen(wanted, str(tracker.get_slot("ticket") or ""), adds)
        if chosen is None:
            if not mine and not number and adds:
                return self._open(tracker, text)
            dispatcher.utter_message(response="utter_ticket_unknown", ticket=number or "")
            return done(WISH)
        if adds and chosen.open:
            services().tickets.add(caller(tracker), chosen, spoken(addition(text), LONGEST))
            dispatcher.utter_message(response="utter_ticket_added", ticket=chosen.number)
        else:
            self._tell(dispatcher, chosen)
            if adds:
                dispatcher.utter_message(response="utter_ticket_closed_add")
        return [*done(WISH), SlotSet("ticket", chosen.number)]

    def _open(self, tracker: Tracker, text: str) -> list[EventType]:
        """Begin to open a ticket; a form that was running is taken up again afterwards."""
        running = served_by(tracker.active_loop_name)
        if running in (None, WISH):
            return [FollowupAction(TICKET_FORM)]
        waiting = [entry for entry in queue_of(tracker) if entry["wish"] != running]
        resumed = [{"wish": running, "words": "", "resumed": True}, *waiting]
        return [*queued(resumed), *begin(WISH, text), FollowupAction(TICKET_FORM)]

    def _chosen(self, tickets: list[Ticket], last: str, adds: bool) -> Ticket | None:
        """Choose the ticket that is meant: the last one of this conversation, else the newest, open ones first."""
        ordered = sorted(tickets, key=lambda each: (each.number != last, not each.open))
        return ordered[0] if ordered else None

    def _tell(self, dispatcher: CollectingDispatcher, ticket: Ticket) -> None:
        """Tell what it is about, since when, how urgent, and when an answer comes."""
        dispatcher.utter_message(
            response="utter_ticket_status" if ticket.open else "utter_ticket_status_closed",
            ticket=ticket.number,
            subject=ticket.subject,
            opened=day(ticket.created, today()),
            priority=ticket.priority,
            hours=str(ticket.reply_hours),
        )
