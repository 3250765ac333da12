"""A promo code: what it is good for, why it doesn't work, and crediting it to an order that was placed without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer, Order
from actions.flows.choice import described, recent
from actions.flows.identity import known_customer
from actions.flows.offers import offer_ticket
from actions.flows.order_form import OrderForm
from actions.flows.order_writes import AskAboutOrder, AskOrder, OrderFlow, SubmitOrderWrite
from actions.flows.promo_words import WISH, code_in, known_codes, topic_of, use_of
from actions.flows.turn import Said, message, said
from actions.flows.wishes import done
from actions.flows.wording import amount, within
from actions.services import services
from actions.services.context import Caller, caller
from actions.services.policy import Decision
from actions.services.wording import listed

FORM = "promo_form"
SUMMARY, AGAIN = "utter_promo_summary", "utter_promo_confirm_again"
LISTED = frozenset({"listing", "claim"})  # topics after which the public codes are named


class PromoFlow(OrderFlow):
    """A refusal comes with what would work instead."""

    def tell_refusal(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, decision: Decision
    ) -> list[EventType]:
        """Explain the rule that stands in the way, and name a code that the order could have."""
        events = super().tell_refusal(dispatcher, tracker, decision)
        mine = self.mine(tracker)
        for code, credit in services().promotions.alternatives(*mine, code_of(tracker))[:1] if mine else ():
            dispatcher.utter_message(
                response="utter_promo_instead",
                code=code.name,
                code_text=code.text,
                chosen_order=mine[1].number if mine else "",
                refund=amount(credit),
            )
        return events


FLOW = PromoFlow(
    wish=WISH,
    form=FORM,
    confirmed_slot="promo_confirmed",
    told_slots=("promo_order", "promo_code"),
    further_slots=("promo_use", "promo_topic"),
)


def code_of(tracker: Tracker) -> str:
    """Return the code that is spoken of."""
    return str(tracker.get_slot("promo_code") or "")


class ValidatePromoForm(OrderForm):
    """Validate the promo form: the code, what it is for, and for an order identity and an explicit yes."""

    flow = FLOW
    wish = WISH
    own_questions = ("promo_use", "promo_confirmed")

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """Ask for the code first; only for an order that was placed, for who the customer is."""
        if tracker.get_slot("promo_topic") or tracker.get_slot("identity_block"):
            return []
        if not code_of(tracker):
            return ["promo_code"]
        if (
            not services().promotions.look(code_of(tracker)).allowed
            or tracker.get_slot("promo_use") == "cart"
        ):
            return []
        if not tracker.get_slot("promo_use"):
            return ["promo_use"]
        return await super().required_slots(domain_slots, dispatcher, tracker, domain)

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for what is missing; for nothing more where the code can't be credited."""
        order = FLOW.order(customer, tracker)
        if order is None:
            offered = services().promotions.open_orders(customer)
            return ["promo_order", "promo_confirmed"] if offered else self.only_named(customer, tracker)
        decision = services().promotions.decide(customer, order, code_of(tracker))
        possible = decision.allowed or decision.needs_approval
        return ["promo_order", "promo_confirmed"] if possible else ["promo_order"]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Take the code and what it is for from the words, and another code or order than before."""
        asked = tracker.get_slot("requested_slot")
        words = said(tracker, FORM)
        if asked != "promo_code" and not heard.text:
            return {}
        changes: dict[str, Any] = {}
        opening = self.opening(tracker) if not code_of(tracker) and not asked else Said()
        code = code_in(words, asked=asked == "promo_code") or (code_in(opening) if opening.text else None)
        if code and code != code_of(tracker):
            decision = services().promotions.check(caller(tracker), code)
            changes = {"promo_code": code, "promo_confirmed": None, "promo_topic": None}
            if decision.rule == "too_many_codes":
                changes["promo_topic"] = decision.rule
        if (
            code
            and len(known_codes(words.text or opening.text)) > services().policies.promotions.codes_per_order
        ):
            dispatcher.utter_message(response="utter_promo_one_of", code=code)
        if not code and not code_of(tracker):
            topic = topic_of(words if words.text else opening)
            return {"promo_topic": topic} if topic and not words.payload else {}
        if not code and topic_of(words) == "claim":
            dispatcher.utter_message(response="utter_promo_claim")
        use = self._use(tracker, heard, opening)
        if use:
            changes["promo_use"] = use
        return {**changes, **self._other_order(dispatcher, tracker, heard)}

    def _use(self, tracker: Tracker, heard: Said, opening: Said) -> str | None:
        """Find out what the code is for: the button that was pressed, the words, or an order that was named."""
        before = tracker.get_slot("promo_use")
        if before:
            return None
        pressed = heard.entity("promo_use")
        if pressed in ("order", "cart"):
            return pressed
        if tracker.get_slot("requested_slot") == "promo_use":
            use = use_of(heard.text, asked=True)
            return use or ("order" if heard.email or heard.number else None)
        said_before = use_of(heard.text) or use_of(opening.text) or use_of(self.opening(tracker).text)
        customer = known_customer(tracker)
        return said_before or ("order" if customer and services().promotions.open_orders(customer) else None)

    def _other_order(self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said) -> dict[str, Any]:
        """Notice another order than the one chosen before."""
        mine = FLOW.mine(tracker)
        if mine is None:
            return {}
        named = described(mine[0], heard) if heard.intent not in ("affirm", "deny") else None
        return FLOW.other_order(dispatcher, tracker, heard, named)

    def validate_promo_code(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Keep the code that was read from the words; whether there is such a code is said at the end."""
        return {"promo_code": str(value) if value else None}

    def validate_promo_use(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what a code can be for."""
        return {"promo_use": value if value in ("order", "cart") else None}

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders to which a code can be credited."""
        return services().promotions.open_orders(customer)

    def meant(
        self, customer: Customer, words: Said, tracker: Tracker, offered: Sequence[Order]
    ) -> str | None:
        """Return the order that the words mean; unasked and uncorrected only one that can have a code, or a number."""
        number = super().meant(customer, words, tracker, offered)
        asked = tracker.get_slot("requested_slot") == FLOW.order_slot
        told = words.number or asked or message(tracker).intent == "correct"
        return number if told or number in {order.number for order in offered} else None

    def extract_promo_order(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out to which order the code is to be credited."""
        return self.find_order(tracker)

    def validate_promo_order(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept an order of this customer; say when there is no such order."""
        return self.own_order(value, dispatcher, tracker)

    def validate_promo_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"promo_confirmed": FLOW.answered(value, self.heard(tracker), tracker)}


class ActionAskPromoOrder(AskOrder):
    """Ask to which order the code is to be credited."""

    flow = FLOW
    response = "utter_ask_promo_order"

    def offered(self, customer: Customer, tracker: Tracker) -> list[Order]:
        """Return the orders that are young enough."""
        return services().promotions.open_orders(customer) or recent(customer)


class ActionAskPromoConfirmed(AskAboutOrder):
    """Sum up the credit, and ask for a yes."""

    flow = FLOW
    slot = "promo_confirmed"

    def ask(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, order: Order
    ) -> None:
        """Say what the code takes off, what is paid back, how, and when; nothing is written yet."""
        code = code_of(tracker)
        decision = services().promotions.decide(customer, order, code)
        quote = services().promotions.quote(customer, order, code)
        again = FLOW.again(tracker, (SUMMARY, AGAIN))
        dispatcher.utter_message(
            response=(AGAIN if again else SUMMARY) + ("_approval" if decision.needs_approval else ""),
            code=decision.facts["code"],
            code_text=decision.facts["code_text"],
            chosen_order=order.number,
            item_names=listed([item.label for item in order.items]),
            refund=amount(quote.credit, quote.currency),
            total=amount(order.total - quote.credit, quote.currency),
            method=quote.method,
            when=within(quote.business_days),
        )


class ActionSubmitPromo(SubmitOrderWrite):
    """Credit the code after a yes, or say what it is good for and why it doesn't work."""

    flow = FLOW

    def name(self) -> str:
        """Name the action."""
        return "action_submit_promo"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Answer what needs no order; else ask the services, which check identity and policy once more."""
        closing: list[EventType] = [*done(WISH), *FLOW.emptied()]
        topic = tracker.get_slot("promo_topic")
        if topic:
            return [*_tell_topic(dispatcher, tracker, str(topic)), *closing]
        decision = services().promotions.look(code_of(tracker))
        if not decision.allowed:
            return [*FLOW.tell_refusal(dispatcher, tracker, decision), *closing]
        if tracker.get_slot("promo_use") == "cart":
            return [*_tell_terms(dispatcher, decision), *closing]
        return await super().run(dispatcher, tracker, domain)

    def decide(self, customer: Customer, order: Order, tracker: Tracker) -> Decision:
        """Decide once more on the code for this order."""
        return services().promotions.decide(customer, order, code_of(tracker))

    def declined(self, dispatcher: CollectingDispatcher, order: Order) -> None:
        """Say that the order stays as it is."""
        dispatcher.utter_message(response="utter_promo_kept", chosen_order=order.number)

    def none_possible(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer
    ) -> list[EventType]:
        """Say that no order can have a code any more."""
        dispatcher.utter_message(response="utter_promo_nothing_open")
        return []

    def write(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        who: Caller,
        customer: Customer,
        order: Order,
    ) -> list[EventType]:
        """Credit the code, or pass it to a person where the rule asks for one."""
        code = code_of(tracker)
        if self.decide(customer, order, tracker).needs_approval:
            ticket = services().promotions.ask_approval(who, customer, order.number, code)
            dispatcher.utter_message(response="utter_promo_waits_for_approval", ticket=ticket.number)
            return [SlotSet("ticket", ticket.number)]
        receipt = services().promotions.apply(who, customer, order.number, code)
        dispatcher.utter_message(
            response="utter_promo_done",
            code=receipt.code,
            chosen_order=receipt.order_number,
            refund=amount(receipt.credit, receipt.currency),
            total=amount(receipt.total, receipt.currency),
            method=receipt.method,
            when=within(receipt.business_days),
        )
        return []


def _tell_terms(dispatcher: CollectingDispatcher, decision: Decision) -> list[EventType]:
    """Say what a code takes off, from which amount, for whom and until when."""
    facts = decision.facts
    code = services().policies.promotions.codes[facts["code"]]
    terms = [f"it counts from {facts['minimum']}"] if code.minimum else []
    terms += [f"only on {facts['category']}"] if code.category else []
    terms += ["only on a first order"] if code.first_order_only else []
    terms += [f"only for {facts['tiers']} members, signed in"] if code.tiers else []
    terms += [f"until {facts['ends_on']}"] if code.ends_on else []
    terms += ["only with the standard service"] if code.free_shipping else []
    terms += ["once per customer"] if code.once_per_customer else []
    dispatcher.utter_message(
        response="utter_promo_terms",
        code=code.name,
        code_text=code.text,
        terms=", ".join(terms) or "without conditions",
    )
    return []


def _tell_topic(dispatcher: CollectingDispatcher, tracker: Tracker, topic: str) -> list[EventType]:
    """Answer what was said about codes without naming one."""
    public = [f"{code.name} ({code.text})" for code in services().promotions.public()]
    dispatcher.utter_message(response=f"utter_promo_{topic}", codes=listed(public))
    if topic in LISTED and public:
        dispatcher.utter_message(response="utter_promo_public", codes=listed(public))
    if topic == "claim":
        return offer_ticket(dispatcher, tracker, WISH)
    return []
