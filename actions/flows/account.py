"""A customer's account: what is on file, how they stand in the loyalty program, and single details changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Customer
from actions.flows.account_words import CHANGES, other_ending, topic_of, topics, value_in
from actions.flows.change_payment import named
from actions.flows.flow import Flow
from actions.flows.identity import PrivateForm, known_customer, tell_block
from actions.flows.turn import EMAIL, SURE, Said
from actions.flows.wishes import done
from actions.flows.wording import amount
from actions.services import services
from actions.services.context import caller
from actions.services.errors import Refused
from actions.services.loyalty import Standing
from actions.services.profile import OFF, ON
from actions.services.us_addresses import one_line
from actions.services.wording import listed

FORM = "account_form"
WISH = "account_details"
FLOW = Flow(
    wish=WISH,
    form=FORM,
    confirmed_slot="account_confirmed",
    told_slots=("account_topic", "account_value"),
)
EVERYTHING = "everything"
NOTHING_NOTED = "nothing"
REWARDS = {0: "utter_account_no_rewards", 1: "utter_account_one_reward"}


def field_of(tracker: Tracker) -> str | None:
    """Return the detail that is to be changed, if one is."""
    topic = str(tracker.get_slot("account_topic") or "")
    return CHANGES[topic][0] if topic in CHANGES else None


def only_explained(tracker: Tracker) -> bool:
    """Tell whether the e-mail address is to be changed: that is explained to anybody, and needs no identity."""
    words = str(tracker.get_slot("wish_words") or "")
    return topic_of(Said(words)) == "change_email" and not tracker.get_slot("account_topic")


class ValidateAccountForm(PrivateForm):
    """Validate the account form: identity, what it is about, and for a change the new value and an explicit yes."""

    wish = WISH
    own_questions = ("account_value", "account_confirmed")

    def name(self) -> str:
        """Name the action."""
        return f"validate_{FORM}"

    @property
    def held(self) -> tuple[str, ...]:
        """The slots that hold what one customer said for this form."""
        return FLOW.slots

    def heard(self, tracker: Tracker) -> Said:
        """Return the words for this form; an e-mail address that is to be a new one says nothing about who it is."""
        words = super().heard(tracker)
        if not words.email or topic_of(words) != "change_email":
            return words
        others = tuple(entity for entity in words.entities if entity.get("entity") != "email")
        return replace(words, text=EMAIL.sub(" ", words.text), entities=others)

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """Ask nothing for what is only explained."""
        if only_explained(tracker):
            return []
        found: list[str] = await super().required_slots(domain_slots, dispatcher, tracker, domain)
        return found

    def steps(self, customer: Customer, tracker: Tracker) -> list[str]:
        """Ask for a value and a yes only where something is to be changed, and may be."""
        field, value = field_of(tracker), tracker.get_slot("account_value")
        if field is None and tracker.get_slot("account_topic"):
            return ["account_topic"]
        if field is None:
            return ["account_topic", "account_value", FLOW.confirmed_slot]
        decision = services().profile.decide(customer, field, str(value or ""))
        if decision.rule in ("not_in_chat", "guest"):
            return ["account_topic"]
        if value and decision.rule == "same":
            return ["account_topic", "account_value"]
        return ["account_topic", "account_value", FLOW.confirmed_slot]

    def corrections(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, domain: DomainDict
    ) -> dict[str, Any]:
        """Notice another value than the summary said."""
        customer, field = known_customer(tracker), field_of(tracker)
        asked = tracker.get_slot("requested_slot") == FLOW.confirmed_slot
        if customer is None or field is None or not heard.text or heard.payload:
            return {}
        topic = topic_of(heard) if heard.intent == WISH else None
        if topic and topic != tracker.get_slot("account_topic"):
            if topic in CHANGES:
                return {"account_topic": topic, "account_value": None, "account_confirmed": None}
            tell(dispatcher, customer, topic)
            return {"account_confirmed": None}
        if field not in ("name", "phone") or not asked:
            return {}
        before = str(tracker.get_slot("account_value") or "")
        value = value_in(heard, field, customer, asked=False) or (
            other_ending(heard, before) if field == "phone" else None
        )
        if value is None and heard.intent == "correct" and heard.confidence >= SURE:
            return {"account_value": None, "account_confirmed": None, "wish_words": None}
        if value is None or value == before:
            return {}
        return {"account_value": value, "account_confirmed": None}

    def extract_account_topic(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find out what it is about; where the words don't say, everything is told."""
        if known_customer(tracker) is None or tracker.get_slot("account_topic"):
            return {}
        found = (topic_of(words) for words in (self.heard(tracker), self.opening(tracker)) if words.text)
        return {"account_topic": next((topic for topic in found if topic), EVERYTHING)}

    def validate_account_topic(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept the topics that there are."""
        return {"account_topic": value if value in topics() else None}

    def extract_account_value(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Find the new value in the words."""
        customer, topic = known_customer(tracker), str(tracker.get_slot("account_topic") or "")
        if customer is None or topic not in CHANGES or tracker.get_slot("account_value"):
            return {}
        field, fixed = CHANGES[topic]
        if fixed:
            return {"account_value": fixed}
        asked = tracker.get_slot("requested_slot") == "account_value"
        heard = self.heard(tracker)
        answers = heard.intent not in ("affirm", "deny")
        found = value_in(heard, field, customer, asked=asked) if answers else None
        if found is None and not asked:
            found = value_in(self.opening(tracker), field, customer, asked=False)
        return {"account_value": found} if found else {}

    def validate_account_value(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept what the account can keep; the service looks at it once more."""
        customer, field = known_customer(tracker), field_of(tracker)
        usable = customer and field and services().profile.decide(customer, field, str(value or ""))
        return {"account_value": value if usable and usable.rule != "unusable" else None}

    def validate_account_confirmed(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Accept a plain yes, or a no, to the summary that was shown."""
        return {"account_confirmed": FLOW.answered(value, self.heard(tracker), tracker)}


class ActionAskAccountValue(Action):
    """Ask for the new name or phone number."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_account_value"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask for the detail that is to be changed."""
        dispatcher.utter_message(response=f"utter_ask_account_{field_of(tracker) or 'name'}")
        return []


class ActionAskAccountConfirmed(Action):
    """Sum up the change, and ask for a yes."""

    def name(self) -> str:
        """Name the action."""
        return f"action_ask_{FORM}_account_confirmed"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say what changes; nothing is written yet."""
        field, value = field_of(tracker), str(tracker.get_slot("account_value"))
        if field:
            dispatcher.utter_message(response=f"utter_account_summary_{_detail(field, value)}", value=value)
        return []


def _detail(field: str, value: str) -> str:
    """Name what changes as the responses do."""
    return f"{field}_{value}" if value in (ON, OFF) else field


class ActionSubmitAccount(Action):
    """Tell what is on file, or change a detail after a yes."""

    def name(self) -> str:
        """Name the action."""
        return "action_submit_account"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask the services; they check identity and policy once more."""
        closing: list[EventType] = [*done(WISH), *FLOW.emptied(), SlotSet("order_number", None)]
        customer = FLOW.customer(tracker)
        if only_explained(tracker):
            dispatcher.utter_message(response="utter_account_change_email")
            return [*closing, SlotSet("email", customer.email if customer else None)]
        if customer is None:
            return [*tell_block(dispatcher, tracker), *closing]
        field, topic = field_of(tracker), str(tracker.get_slot("account_topic") or EVERYTHING)
        if field is None:
            tell(dispatcher, customer, topic)
            return closing
        return [*self._change(dispatcher, tracker, customer, field), *closing]

    def _change(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, customer: Customer, field: str
    ) -> list[EventType]:
        """Change a detail after a yes, or say why it stays."""
        value, confirmed = str(tracker.get_slot("account_value") or ""), FLOW.confirmed(tracker)
        if confirmed is False:
            dispatcher.utter_message(response="utter_account_kept")
            return []
        if confirmed is not True:
            decision = services().profile.decide(customer, field, value)
            return FLOW.tell_refusal(dispatcher, tracker, decision)
        try:
            receipt = services().profile.change(caller(tracker), customer, field, value)
        except Refused as refusal:
            return FLOW.tell_refusal(dispatcher, tracker, refusal.decision)
        dispatcher.utter_message(
            response=f"utter_account_done_{_detail(receipt.field, receipt.value)}", value=receipt.value
        )
        return []


def tell(dispatcher: CollectingDispatcher, customer: Customer, topic: str) -> None:
    """Say what is on file about a topic: of a card and a phone the last digits only."""
    if topic == "loyalty":
        tell_loyalty(dispatcher, services().profile.standing(customer))
        return
    wants = {True: "yes", False: "no", None: "not noted"}[customer.marketing_email]
    told = {
        "customer_name": customer.name,
        "email": customer.email,
        "phone_digits": (customer.phone or "")[-4:],
        "address": one_line(customer.address),
        "methods": listed([named(method) for method in customer.payment_methods]) or "no payment method",
        "marketing": wants,
        "tier": (customer.tier or NOTHING_NOTED).capitalize(),
        "points": f"{customer.points:,}" if customer.points is not None else "no",
    }
    if topic in ("payments", "cards") and not customer.payment_methods:
        dispatcher.utter_message(response="utter_account_no_payments")
    elif topic == "phone" and not customer.phone:
        dispatcher.utter_message(response="utter_account_no_phone")
    elif topic == "marketing" and customer.marketing_email is None:
        dispatcher.utter_message(response="utter_account_no_marketing")
    else:
        dispatcher.utter_message(response=f"utter_account_{topic}", **told)


def tell_loyalty(dispatcher: CollectingDispatcher, standing: Standing) -> None:
    """Say tier, points and what they give, and how far the next tier is."""
    if standing.tier is None and standing.points is None:
        dispatcher.utter_message(response="utter_account_no_loyalty")
        return
    dispatcher.utter_message(
        response="utter_account_loyalty" if standing.tier else "utter_account_points",
        tier=(standing.tier or "").capitalize(),
        points=f"{standing.points or 0:,}",
        benefit=standing.benefit,
    )
    if standing.points is not None:
        dispatcher.utter_message(
            response=REWARDS.get(standing.rewards, "utter_account_rewards"),
            rewards=str(standing.rewards),
            to_reward=str(standing.points_to_reward),
        )
    if standing.tier is None:
        return
    if standing.next_tier is None or standing.next_from is None:
        dispatcher.utter_message(response="utter_account_highest_tier", tier=standing.tier.capitalize())
        return
    spent, left = standing.spent, standing.left
    response = "utter_account_next_tier"
    if spent is None or left is None:
        response = "utter_account_next_tier_undated"
    elif not left:
        response = "utter_account_next_tier_reached"
    dispatcher.utter_message(
        response=response,
        next_tier=standing.next_tier.capitalize(),
        next_from=amount(standing.next_from),
        spent=amount(spent) if spent is not None else "",
        left=amount(left) if left is not None else "",
    )
