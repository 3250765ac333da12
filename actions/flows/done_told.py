"""Answering "did it go through?": what was done last in this conversation, when, and what becomes of the money.

Where nothing was done, that is said, too; and what else the message asks for is served next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Address
from actions.flows.phrases import plain
from actions.flows.product_words import DIFFERENCE
from actions.flows.turn import Said, message
from actions.flows.wishes import (
    JOINTS,
    cued,
    guessed,
    noted,
    queue_of,
    queued,
    read,
    serve,
    served_by,
    wishes,
)
from actions.flows.wording import amount, day, within
from actions.services import services
from actions.services.context import caller
from actions.services.done import Done
from actions.services.mail_care import hour, slot_words
from actions.services.policy import outside
from actions.services.typed_policies import ANYTHING
from actions.services.us_addresses import one_line
from actions.services.wording import listed

IT = (
    r"(?:it|(?:this|that)(?: one)?|those|they|both|both of (?:it|them)|everything|it all|all(?: (?:of )?(?:it|that))?"
    r"|(?:my|the|your) (?:last )?(?:change|changes|update|cancell?ation|return|exchange|refund|request|booking|code"
    r"|address|payment|swap|thing)(?: change| request)?)"
)
HAPPENED = (
    r"(?:work(?:ed|ing)?|go(?:ne)? (?:through|thru)|went (?:through|thru)|(?:been )?done|booked|confirmed|success\w*"
    r"|saved?|stuck|happen(?:ed)?|registered|processed|recorded|changed|updated|cancell?ed|in place|taken care of"
    r"|all set|through|thru)"
)
DO = r"(?:do|done|change|changed|cancel|cancell?ed|book|booked|save|saved|update|updated)"
BE_SURE = r"(?:know|tell|be sure|check|verify|see|trust)"
REALLY = r"(?:been |get |got |gotten |really |actually |even |all |now |already |ever )*"
ASKS = re.compile(
    rf"\b(?:did|has|have|is|are|was|were) {IT} {REALLY}{HAPPENED}\b"
    rf"|\b(?:did|have) (?:you|u) {REALLY}{DO} {IT}\b"
    rf"|\b(?:how (?:do|will|can|would|am) (?:i|we)|how to|can (?:i|we)) (?:\w+ )?{BE_SURE}\b"
    rf"(?: \w+){{0,4}} {HAPPENED}\b"
    rf"|^(?:and |so |ok )*(?:{IT}(?: s| is| are)?|its|thats) {REALLY}{HAPPENED}(?: right| yes| then| asks)+$"
)
SENT = re.compile(
    r"\b(?:did|has|have|is|was|were) (?:it|that|the quote|the e ?mail|you) (?:been )?(?:sent|send|mailed|gone|go)\b"
)
SENTENCES = re.compile(r"(?<=[.!?;])\s+|\n+")
LONGEST = 14  # words
WISHED = 3  # words with which a wish can be said
# They tell how something stands, whoever did it, and where.
TELL_HOW = frozenset({"order_status", "request_refund", "delivery_problem", "billing_dispute", "open_ticket"})
OF_ANYBODY = frozenset(  # needs no proof of who somebody is
    {
        "callback.book",
        "callback.cancel",
        "callback.move",
        "password.reset",
        "quote.send",
        "quote.write",
        "ticket.add",
        "ticket.open",
    }
)
WISHES = {  # whose level of identity its facts need
    "account.change": "account_details",
    "address.change": "change_address",
    "exchange.start": "exchange_item",
    "order.cancel": "cancel_order",
    "order.change": "change_order",
    "order.payment": "change_payment",
    "order.promo": "promo_code",
    "order.remedy": "request_refund",
    "return.start": "start_return",
}
# What was done is told with its facts, in a response of its own; of anything else, only that it was done.
TOLD = OF_ANYBODY | frozenset(WISHES)
MOVES = frozenset({"order.remedy", "order.change", "exchange.start"})
SWAPS = frozenset({"change_order", "exchange_item"})
GIVE = frozenset(
    {"delivery_problem", "billing_dispute"}
)  # wishes that end in one, and tell no refund's state
MAILS = frozenset({"password.reset", "quote.send"})
PAYS_BACK, CHARGES = "utter_did_pay_back", "utter_did_charge"
PAYS_LATER = "utter_did_pay_back_later"  # once what is sent back has arrived


def asks_if_done(text: str) -> bool:
    """Tell whether the words ask if what was agreed on has happened."""
    marked = re.sub(r"\?\s*$", " asks", text.lower())  # "both done?"
    words = " ".join(re.sub(r"[^\w\s]", " ", marked).split())
    return len(words.split()) <= LONGEST and ASKS.search(words) is not None


def asked_and_rest(text: str) -> tuple[bool, str]:
    """Tell whether a sentence of the text asks if what was agreed on has happened, and return what else it says."""
    asks, rest = False, list[str]()
    for sentence in SENTENCES.split(text):
        if not asks_if_done(sentence):
            rest.append(sentence)
            continue
        asks = True
        clauses = JOINTS.split(sentence)
        others = [clause for clause in clauses if not asks_if_done(clause)]
        rest += others if len(others) < len(clauses) else []
    return asks, " ".join(words for words in rest if len(words.split()) >= WISHED)


def tell_done(dispatcher: CollectingDispatcher, tracker: Tracker) -> list[EventType] | None:
    """Tell what was done last, or that nothing was, if that is asked; None where it isn't.

    What else the message wants is put in front of what waits, and served next unless a form goes on. Where a summary
    waits for a yes, nothing of it is done: the summary, which comes again, says so.
    """
    heard = message(tracker)
    asks, rest = asked_and_rest(heard.text)
    for_money = not asks and _asks_for_money(tracker, heard)
    rest = "" if for_money else rest
    if heard.payload or not (asks or for_money or heard.has(SENT)):
        return None
    if asks and tracker.active_loop_name and str(tracker.get_slot("requested_slot")).endswith("_confirmed"):
        dispatcher.utter_message(response="utter_did_not_yet")
        return _then(dispatcher, tracker, rest)
    who = caller(tracker)
    done = services().last_done(who)
    if done is not None and heard.number not in (None, done.told.get("order_number")):
        done = None
    private, identity = done is not None and done.action not in OF_ANYBODY, services().identity
    known, way = identity.proven(who) if private else (None, "")
    if done is not None and known is not None and not done.is_of(known):
        done = None  # it was another customer's, before this one
    if for_money and (done is None or done.action not in MOVES or done.undone is not None):
        return None
    if done is None:
        return _tell_nothing(dispatcher, tracker, heard, rest) if asks else None
    if done.action not in MAILS and not (asks or for_money):
        return None  # what was sent is a parcel
    proven = known is not None and identity.suffices(way, WISHES.get(done.action, ANYTHING))
    _tell(dispatcher, done, whole=done.action in TOLD and (proven or not private))
    return _then(dispatcher, tracker, rest, done)


def _asks_for_money(tracker: Tracker, heard: Said) -> bool:
    """Tell whether short words ask for money that was promised a moment ago, in one of the wishes that give it."""
    last = tracker.get_slot("last_wish")
    if tracker.active_loop_name or not heard.short:
        return False
    if last in SWAPS:
        return heard.has(DIFFERENCE)
    if last not in GIVE:
        return False
    words = f" {plain(heard.text)} "
    return any(f" {cue} " in words for cue in wishes()["request_refund"].follows)


def _tell_nothing(
    dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said, rest: str
) -> list[EventType] | None:
    """Say that nothing was done here; None where the words ask how something stands that was done elsewhere."""
    if tracker.active_loop_name:
        dispatcher.utter_message(response="utter_did_not_yet")
        return _then(dispatcher, tracker, rest)
    wish = wishes().get(heard.intent)
    if heard.intent in TELL_HOW or (wish is not None and wish.asks and not heard.short):
        return None
    if heard.number:
        return serve("order_status", heard.text)
    seen = caller(tracker).authenticated
    dispatcher.utter_message(response="utter_did_nothing" if seen else "utter_did_unknown")
    return _then(dispatcher, tracker, rest)


def _then(
    dispatcher: CollectingDispatcher, tracker: Tracker, rest: str, done: Done | None = None
) -> list[EventType]:
    """Return the events that put the wishes of these words in front of those that wait, and turn to the first one."""
    wish, running = cued(rest), tracker.active_loop_name
    found = read(rest, wish, guessed(tracker)) if wish else None
    parts = [part for part in (found.first, *found.others) if part.wish] if found else []
    parts = [part for part in parts if part.wish != served_by(running, tracker.get_slot("wish"))]
    if done is not None and money_of(done):
        parts = [part for part in parts if part.wish != "request_refund"]  # it was told with what was done
    if not parts:
        return []
    named = [str(part.wish) for part in parts]
    waiting = queued([*noted(parts), *(entry for entry in queue_of(tracker) if entry["wish"] not in named)])
    if running:
        names = listed([wishes()[name].name for name in named])
        dispatcher.utter_message(response="utter_wish_noted", wish_name=names)
    return [*waiting, FollowupAction(running or "action_next_wish")]


def _tell(dispatcher: CollectingDispatcher, done: Done, *, whole: bool) -> None:
    """Tell what was done: with its facts, or only that it was."""
    moment = moment_of(done)
    if done.undone is not None:
        dispatcher.utter_message(response="utter_did_undone", moment=moment)
        dispatcher.utter_message(response=outside(done.undone).explanation_key)
        return
    if not whole:
        dispatcher.utter_message(response="utter_did_it", moment=moment)
        return
    facts = facts_of(done.told)
    dispatcher.utter_message(response=response_of(done), moment=moment, **facts)
    money = money_of(done)
    if money:
        dispatcher.utter_message(response=money, **facts)
    if done.waits:
        dispatcher.utter_message(response="utter_did_waits")


def moment_of(done: Done) -> str:
    """Write when something was done, by the clock of those who answer here."""
    support = services().policies.support
    then, now = done.at.astimezone(support.zone), services().now().astimezone(support.zone)
    return f"{day(then, now.date())} at {hour(then)} {support.timezone}"


def response_of(done: Done) -> str:
    """Name the response for what was done."""
    name = f"utter_did_{done.action.replace('.', '_')}"
    if done.action == "account.change":
        return f"{name}_{done.told.get('field') or 'detail'}"
    profile_only = done.action == "address.change" and not done.told.get("order_number")
    return f"{name}_profile" if profile_only else name


def money_of(done: Done) -> str | None:
    """Name the response for the money that moves because of it; None where none does, or where it is said already."""
    told, back = done.told, PAYS_LATER if done.action in ("return.start", "exchange.start") else PAYS_BACK
    if done.action in ("order.change", "exchange.start"):
        difference = Decimal(str(told.get("difference") or 0))
        return CHARGES if difference > 0 else back if difference < 0 else None
    if done.action == "order.payment":
        return None
    return back if sum_of(told) > 0 else None


def sum_of(told: Mapping[str, Any]) -> Decimal:
    """Return the amount that moves."""
    amounts = (told.get(name) for name in ("refund", "credit", "difference", "amount"))
    return abs(Decimal(str(next((each for each in amounts if each), 0))))


def facts_of(told: Mapping[str, Any]) -> dict[str, str]:
    """Put what a receipt says into words."""
    currency, address = str(told.get("currency") or "USD"), told.get("address")
    return {
        "chosen_order": str(told.get("order_number") or ""),
        "reference": str(told.get("reference") or told.get("number") or told.get("exchange") or ""),
        "item_names": listed([str(each) for each in told.get("items") or ()]),
        "code": str(told.get("code") or ""),
        "value": str(told.get("value") or ""),
        "address": one_line(Address(**address)) if isinstance(address, Mapping) else "",
        "slot": slot_of(told),
        "refund": amount(sum_of(told), currency),
        "total": amount(Decimal(str(told.get("total") or 0)), currency),
        "method": str(told.get("method") or ""),
        "when": within(str(told["business_days"])) if told.get("business_days") else "soon",
    }


def slot_of(told: Mapping[str, Any]) -> str:
    """Write for when a call is booked."""
    support = services().policies.support
    start = datetime.fromisoformat(str(told["start"])) if told.get("start") else None
    words = slot_words(start, support.callback_slot_minutes, support.zone) if start else ""
    return f"{words} {support.timezone}".strip()
