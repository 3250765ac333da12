"""A quote: what is needed and how many, the figures, writing it, and changing, sending or discarding it afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.flows.choice import payload
from actions.flows.flow import Flow
from actions.flows.forms import AttentiveForm
from actions.flows.identity import known_customer
from actions.flows.memo import one_look
from actions.flows.product_told import choices
from actions.flows.quote_words import (
    LEAVES,
    WISH,
    described,
    desk,
    reference_in,
    speaks_of,
    speaks_of_codes,
    tell_no_codes,
)
from actions.flows.turn import EMAIL, SURE, Said, noted, said
from actions.flows.wishes import cued, done, wishes
from actions.flows.wording import amount, either
from actions.services import services
from actions.services.context import caller
from actions.services.errors import Refused
from actions.services.quote_reading import Edit, Piece, added, missing
from actions.services.quotes import Quote
from actions.services.wording import long_date

FORM = "quote_form"
SUMMARY, AGAIN = "utter_quote_summary", "utter_quote_confirm_again"
FLOW = Flow(
    wish=WISH,
    form=FORM,
    confirmed_slot="quote_confirmed",
    told_slots=("quote_lines", "quote_reference"),
)
SHOWN = 8  # buttons
CHANGES = re.compile(
    r"\d|\b(?:but|instead|add|drop|remove|without|also|make)\b", re.IGNORECASE
)  # with a yes or no
TOPICS = ("discard", "send", "show")


def lines_of(tracker: Tracker) -> list[dict[str, Any]]:
    """Return the lines so far, each as {"variant", "quantity"}."""
    return [dict(line) for line in tracker.get_slot("quote_lines") or () if isinstance(line, Mapping)]


def pending_of(tracker: Tracker) -> list[Piece]:
    """Return what has to be asked back."""
    return [
        Piece.from_row(row) for row in tracker.get_slot("quote_pending") or () if isinstance(row, Mapping)
    ]


class ValidateQuoteForm(AttentiveForm):
    """Validate the quote form: what and how many, what is unclear, and an explicit yes."""

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Read what the words change, then ask for what is missing as any form does."""
        self.give_way(tracker)
        with one_look():
            changes = noted(tracker, self._read(dispatcher, tracker))
            tracker.slots.update(changes)
            events = await super().run(dispatcher, tracker, domain)
        return [*(SlotSet(name, value) for name, value in changes.items()), *events]

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """Ask what is needed, then what is unclear, then for a yes; for an address where one is needed."""
        topic = tracker.get_slot("quote_topic")
        if topic:
            return ["quote_email"] if topic == "send" and not self._address(tracker) else []
        if pending_of(tracker):
            return ["quote_detail"]
        if not lines_of(tracker):
            return ["quote_items"]
        decision = desk().decide(lines_of(tracker))
        return ["quote_confirmed"] if decision.allowed or decision.needs_approval else []

    def _address(self, tracker: Tracker) -> str | None:
        """Return the address to which a quote goes: the one that was given, else that of the customer."""
        given, customer = (
            tracker.get_slot("quote_email") or tracker.get_slot("email"),
            known_customer(tracker),
        )
        return str(given) if given else customer.email if customer else None

    def heard(self, tracker: Tracker) -> Said:
        """Return the words that are meant for this form; empty ones for an interruption."""
        heard = said(tracker, FORM)
        asked = tracker.get_slot("requested_slot")
        another = heard.intent in wishes() and heard.intent not in (WISH, "ask_product", "change_order")
        sure = heard.confidence >= SURE and (asked is None or cued(heard.text) == heard.intent)
        return Said() if another and sure and not speaks_of_codes(heard.text) else heard

    def _read(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> dict[str, Any]:
        """Return the slots that the words of this turn change."""
        heard, asked = self.heard(tracker), tracker.get_slot("requested_slot")
        opening = asked is None and not lines_of(tracker) and not heard.number
        text = heard.text or (str(tracker.get_slot("wish_words") or "") if opening else "")
        if not text or (heard.payload and heard.intent in ("affirm", "deny", WISH)):
            return {}
        rest = None if heard.payload else tell_no_codes(dispatcher, text)
        text = text if rest is None else rest
        topic = self._topic(tracker, text) if asked in (None, "quote_items", "quote_confirmed") else None
        changes: dict[str, Any] = {"quote_email": heard.email} if heard.email else {}
        reference = reference_in(text)
        if reference:
            changes |= self._reopened(tracker, reference)
        if topic:
            return {**changes, "quote_topic": topic}
        answers = asked == "quote_confirmed" and (heard.plain_yes or heard.intent in {"affirm", *LEAVES})
        if asked == "quote_email" or (answers and not CHANGES.search(text)):
            return changes
        pending = pending_of(tracker)
        if asked == "quote_detail" and pending:
            kept = {} if rest is None else {"quote_pending": tracker.get_slot("quote_pending")}
            return {**changes, **kept, **self._answered(tracker, heard, pending)}
        lines = [dict(line) for line in changes.get("quote_lines") or lines_of(tracker)]
        edit = desk().read(text, lines)
        if not edit.lines and not any(piece.products for piece in edit.pending):
            edit = self._of_last(tracker, text) or edit
        if not edit.changed:
            shown = asked == "quote_confirmed" and (rest is not None or speaks_of("show", text))
            return {**changes, "quote_lines": lines} if shown else changes
        rows = [piece.row() for piece in edit.pending]
        return {
            **changes,
            "quote_lines": edit.lines or None,
            "quote_pending": rows or None,
            "quote_confirmed": None,
        }

    def _of_last(self, tracker: Tracker, text: str) -> Edit | None:
        """Read words that say how many, or which version, of the product that was spoken of last."""
        last = services().products.find(str(tracker.get_slot("last_product") or ""))
        if last is None:
            return None
        edit = desk().read(f"{text} {last.name}", [])
        named = [piece.products for piece in edit.pending] == [(last.id,)]
        counted = any(piece.quantity for piece in edit.pending) or edit.lines
        return edit if counted and (named or edit.lines) else None

    def _topic(self, tracker: Tracker, text: str) -> str | None:
        """Return what is to happen with the quote that there is."""
        if not tracker.get_slot("quote_reference") and not reference_in(text):
            return None
        return next((topic for topic in TOPICS if speaks_of(topic, text)), None)

    def _reopened(self, tracker: Tracker, reference: str) -> dict[str, Any]:
        """Return the slots with which an earlier quote is taken up again; none for a stranger's."""
        quote = services().quotes.find(caller(tracker), reference)
        if quote is None:
            return {"quote_topic": "unknown"}
        return {"quote_reference": quote.reference, "quote_lines": quote.wanted}

    def _answered(self, tracker: Tracker, heard: Said, pending: list[Piece]) -> dict[str, Any]:
        """Take an answer to the question about one thing: which, which version, how many, or to leave it out."""
        piece, rest = pending[0], pending[1:]
        lines = lines_of(tracker)
        leaves = speaks_of("leave", heard.text) or heard.intent in LEAVES
        variant = heard.entity("variant")
        yes = heard.intent == "affirm" and piece.doubtful and len(piece.products) == 1
        if yes:
            answer = desk().accept(piece)
        elif variant:
            answer = desk().pick(piece, variant)
        else:
            answer = None if leaves and heard.short else desk().resolve(piece, heard.text)
        if answer is None and leaves:
            return self._kept(lines, rest)
        if answer is None:
            edit = desk().read(heard.text, [])  # something else altogether
            found = [each for each in edit.pending if each.products] if heard.intent != "affirm" else []
            if not edit.lines and not found:
                return {}
            return self._kept([*lines, *edit.lines], [*found, *rest])
        if answer.clear:
            merged = added(lines, answer)
            return self._kept(merged, rest)
        return self._kept(lines, [answer, *rest])

    def _kept(self, lines: list[dict[str, Any]], pending: list[Piece]) -> dict[str, Any]:
        """Return the slots that hold lines and questions."""
        rows = [each.row() for each in pending]
        return {"quote_lines": lines or None, "quote_pending": rows or None, "quote_confirmed": None}

    def extract_quote_email(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Take the address from the words."""
        found = EMAIL.search(self.heard(tracker).text)
        return {"quote_email": found.group().lower()} if found else {}

    def validate_quote_email(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what looks like an e-mail address."""
        found = EMAIL.fullmatch(str(value or "").strip())
        return {"quote_email": found.group().lower() if found else None}

    def validate_quote_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the figures that were shown."""
        return {"quote_confirmed": FLOW.answered(value, self.heard(tracker), tracker)}


class ActionAskQuoteDetail(Action):
    """Ask about one thing that isn't clear yet."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_quote_detail"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Offer what exists: products, versions with their stock; or ask how many."""
        pending = pending_of(tracker)
        if not pending:
            return []
        piece = pending[0]
        products = services().quotes.desk().meant(piece)
        told = {"words": piece.words, "product_name": products[0].name if products else ""}
        if not products:
            dispatcher.utter_message(response="utter_quote_unknown", **told)
        elif piece.doubtful or len(products) > 1:
            buttons = [
                {"title": product.name, "payload": payload("inform", product=product.name)}
                for product in products
            ]
            response = "utter_quote_closest" if piece.doubtful else "utter_quote_which"
            dispatcher.utter_message(
                response=response, buttons=buttons, names=either([p.name for p in products]), **told
            )
        elif piece.variant is None:
            left = missing(piece, products[0])
            buttons = [
                {"title": variant.label, "payload": payload("inform", variant=variant.id)}
                for variant in left[:SHOWN]
            ]
            count = f"{piece.quantity} x " if piece.quantity else ""
            several = len(left[0].options) > 1
            labels = (
                choices(replace(products[0], variants=tuple(left)))
                if several
                else either([v.label for v in left])
            )
            dispatcher.utter_message(
                response="utter_quote_version", buttons=buttons, count=count, versions=labels, **told
            )
        else:
            dispatcher.utter_message(response="utter_quote_how_many", **told)
        return []


class ActionAskQuoteConfirmed(Action):
    """Show what the quote comes to, and ask whether to write it."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_quote_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say every line, the discounts, shipping, total and how long it would hold; nothing is written yet."""
        lines = lines_of(tracker)
        seen = services().quotes.desk()
        figures, decision = seen.work_out(lines), seen.decide(lines)
        again = FLOW.again(tracker, (SUMMARY, AGAIN))
        dispatcher.utter_message(
            response=(AGAIN if again else SUMMARY) + ("_approval" if decision.needs_approval else ""),
            quote_lines="\n".join(f"- {described(line)}" for line in figures.lines),
            goods=amount(figures.goods),
            discount=amount(figures.discount),
            shipping="free" if not figures.shipping else amount(figures.shipping),
            total=amount(figures.total),
        )
        return []


class ActionSubmitQuote(Action):
    """Write the quote after a yes, or do what else was asked with it."""

    def name(self) -> str:
        """Name the action."""
        return "action_submit_quote"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services for it; they check the policy once more."""
        topic = tracker.get_slot("quote_topic")
        closing: list[EventType] = [
            *done(WISH),
            *(SlotSet(name, None) for name in ("quote_confirmed", "quote_pending", "quote_topic")),
        ]
        try:
            if topic:
                return [*self._with_quote(dispatcher, tracker, str(topic)), *closing]
            return [*self._write(dispatcher, tracker), *closing]
        except Refused as refusal:
            return [*FLOW.tell_refusal(dispatcher, tracker, refusal.decision), *closing]

    def _write(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType]:
        """Write the quote, pass it to a person, or say why neither is possible."""
        lines, who, customer = lines_of(tracker), caller(tracker), known_customer(tracker, WISH)
        confirmed = FLOW.confirmed(tracker)
        if confirmed is False:
            dispatcher.utter_message(response="utter_quote_kept")
            return []
        if confirmed is not True:
            return FLOW.tell_refusal(dispatcher, tracker, desk().decide(lines))
        try:
            quote = services().quotes.write(
                who, lines, reference=tracker.get_slot("quote_reference"), customer=customer
            )
        except Refused as refusal:
            if not refusal.decision.needs_approval:
                raise
            facts = refusal.decision.facts
            words = f"{facts['items']}; worked out at {facts['total']} with shipping"
            passed = {"handoff_wish": WISH, "handoff_words": words}
            return [*(SlotSet(name, value) for name, value in passed.items()), FollowupAction("handoff_form")]
        tell(dispatcher, quote, "utter_quote_done" if quote.revision == 1 else "utter_quote_changed")
        address = tracker.get_slot("quote_email")
        if address and who.authenticated:
            services().quotes.send(who, quote.reference, str(address), customer)
            dispatcher.utter_message(
                response="utter_quote_sent", reference=quote.reference, address=str(address)
            )
        return [SlotSet("quote_reference", quote.reference), SlotSet("quote_email", None)]

    def _with_quote(self, dispatcher: CollectingDispatcher, tracker: Tracker, topic: str) -> list[EventType]:
        """Send, show or discard the quote that there is."""
        reference, who, customer = (
            str(tracker.get_slot("quote_reference") or ""),
            caller(tracker),
            known_customer(tracker, WISH),
        )
        quote = services().quotes.find(who, reference)
        if quote is None:
            dispatcher.utter_message(response="utter_quote_unknown_quote")
            return []
        if topic == "discard":
            services().quotes.discard(who, reference)
            dispatcher.utter_message(response="utter_quote_discarded", reference=reference)
            return [SlotSet("quote_reference", None), SlotSet("quote_lines", None)]
        if topic == "show":
            tell(dispatcher, quote, "utter_quote_shown")
            return []
        given = tracker.get_slot("quote_email") or tracker.get_slot("email")
        address = str(given or (customer.email if customer else ""))
        if not address:
            return []
        services().quotes.send(who, reference, address, customer)
        dispatcher.utter_message(response="utter_quote_sent", reference=reference, address=address)
        return [SlotSet("quote_email", None)]


def tell(dispatcher: CollectingDispatcher, quote: Quote, response: str) -> None:
    """Say the number, the total and how long a quote holds, with the link to its page."""
    title = f"Quote {quote.reference}, to print"
    url = f"{services().policies.quotes.page_path}/{quote.token}"
    dispatcher.utter_message(
        response=response,
        reference=quote.reference,
        revision=quote.revision,
        total=amount(quote.total, quote.currency),
        valid_until=long_date(quote.valid_until),
        sources=[{"title": title, "url": url}],
    )
