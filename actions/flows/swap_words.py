"""What the words of a customer want of an order's items, step by step: more items, other wishes, fewer changes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Order, OrderItem, Product
from actions.flows.identity import known_customer
from actions.flows.memo import looked_up
from actions.flows.order_writes import own_order
from actions.flows.return_words import ABOUT_ORDER, BROKEN, reason_of
from actions.flows.swap_state import SwapState
from actions.flows.turn import EMAIL, Said
from actions.services import matching, services
from actions.services.order_numbers import without_numbers as without_order_numbers
from actions.services.swap_policy import CHANGE, Catalogue
from actions.services.swap_reading import Reading, Wanted, read_swaps
from actions.services.variant_matching import find_variant, meets
from actions.services.variant_words import phrases, places, tokens

# Rules that are about money; they are told once it is known how the difference is settled.
LATER = frozenset({"method_needed", "no_method", "gift_card_balance", "authority_limit"})
SLOT = "swap_order"
EMPTIES = "nothing_left"  # the rule after which the order is canceled rather than changed
BARE_COUNT = re.compile(  # "no, 4": a correction of how many
    r"(?:(?:no|nope|sorry|wait|oops|actually|rather|better|i mean|i meant|just|only)\W+)*"
    r"(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|twelve)(?: (?:of them|please|pls|instead))*\W*",
    re.IGNORECASE,
)
LEAVES = re.compile(r"\b(?:leave|keep|forget(?: about)?|skip|not|never ?mind)\b(?! only| just)")


def plain_words(heard: Said) -> str:
    """Return the words without what certainly says nothing about an item."""
    text = without_order_numbers(EMAIL.sub(" ", heard.text))
    return ABOUT_ORDER.sub(" ", text)


def _order(tracker: Tracker) -> Order | None:
    """Return the order of the verified customer in which something is swapped."""
    customer, number = known_customer(tracker), str(tracker.get_slot(SLOT) or "")
    return own_order(customer, number) if customer else None


def meant_for_items(tracker: Tracker, heard: Said) -> bool:
    """Tell whether the words name an item of the order that is spoken of, or a value of one of its options."""
    order = _order(tracker)
    if order is None or not heard.text:
        return False
    reading = _read(order, plain_words(heard), _about(order, SwapState.of(tracker)))
    return any(not wanted.bare for wanted in reading.wanted)


def names_item(order: Order, heard: Said) -> bool:
    """Tell whether the words name something in an order by more than a color or a size."""
    asked = matching.content_words(plain_words(heard))
    return any(matching.score(asked, item.name) > 0 for item in order.items)


def speaks_of(order: Order, heard: Said) -> bool:
    """Tell whether the words name an item of an order, or what one of them could become."""
    reading = _read(order, plain_words(heard))
    return bool(reading.wanted or reading.unclear)


def adds_product(tracker: Tracker, words: str) -> bool:
    """Tell whether a further product is to be put into an order, which isn't possible."""
    order = _order(tracker) if places(phrases("adding"), tokens(words)) else None
    if order is None:
        return False
    reading = _read(order, plain_words(Said(words)))
    return not reading.wanted and not reading.unclear


def understood(
    dispatcher: CollectingDispatcher, tracker: Tracker, order: Order, heard: Said, state: SwapState
) -> SwapState | None:
    """Return what is known after these words; None where they say nothing about items."""
    picked = heard.entity("variant") if heard.payload else None
    if picked:
        return _picked(dispatcher, order, state, picked)
    if heard.intent == "affirm" and len(state.offered.get("variants", [])) == 1:
        return _picked(dispatcher, order, state, str(state.offered["variants"][0]))
    refused = _refused(tracker, heard, state)
    if refused:
        return refused
    summed_up = tracker.get_slot("requested_slot") == "swap_confirmed"
    settled = _settled_items(order, state) if summed_up else order
    text = plain_words(heard)
    count = BARE_COUNT.fullmatch(text) if summed_up and not heard.payload else None
    reading = _read(settled, f"make it {count[1]}" if count else text, _about(settled, state))
    if state.offered.get("unclear"):
        reading = _cleared(order, state, reading)
    if not reading.wanted and not reading.unclear:
        return None
    after, told = state, len(dispatcher.messages)
    for wanted in reading.wanted:
        after = _with(dispatcher, order, after, wanted, heard)
    if reading.unclear:
        unclear = {"unclear": [item.id for item in reading.unclear], "words": plain_words(heard)}
        after = dataclasses.replace(after, offered=unclear)
    return after if after != state or len(dispatcher.messages) > told else None


def _refused(tracker: Tracker, heard: Said, state: SwapState) -> SwapState | None:
    """Leave an item as it is after a plain no to what was offered for it, where others are changed."""
    asked = tracker.get_slot("requested_slot") == "swap_to" and heard.intent == "deny" and heard.short
    return state.without(state.pending) if asked and state.pending and len(state.items) > 1 else None


def _read(order: Order, text: str, about: Sequence[OrderItem] = ()) -> Reading:
    """Read the words against the items of an order."""
    policy = services().policies.cancellations
    counts = services().swaps.kind(order) == CHANGE and (policy.quantity_changes or policy.removals)
    elsewhere = looked_up(("option values",), services().swaps.option_values)
    now = tuple((item.id, tuple(sorted(item.options.items()))) for item in order.items)
    return looked_up(
        ("reading", order.number, now, text, tuple(item.id for item in about)),
        lambda: read_swaps(text, order.items, _catalogue(order), about, counts=counts, elsewhere=elsewhere),
    )


def _catalogue(order: Order) -> Catalogue:
    """Look up the products of an order as they are sold now."""
    return looked_up(("catalogue", order.number), lambda: services().swaps.catalogue(order))


def _about(order: Order, state: SwapState) -> list[OrderItem]:
    """Return the item of which was asked what it should become, or else those that are to be changed."""
    return [
        item
        for item in order.items
        if item.id == state.pending or (not state.pending and item.id in state.items)
    ]


def _settled_items(order: Order, state: SwapState) -> Order:
    """Return the order with the options that were chosen already, which a correction begins from."""
    catalogue = _catalogue(order)
    options = {variant.id: variant.options for product in catalogue.values() for variant in product.variants}
    chosen = {item: str(change.get("variant")) for item, change in state.changes.items()}
    items = tuple(
        dataclasses.replace(item, options=options.get(chosen.get(item.id, ""), item.options))
        for item in order.items
    )
    return dataclasses.replace(order, items=items)


def _cleared(order: Order, state: SwapState, reading: Reading) -> Reading:
    """Read the words before once more for the item that was unclear in them."""
    unclear = set(state.offered["unclear"])
    meant = [wanted for wanted in reading.wanted if wanted.item.id in unclear]
    if len(meant) != 1 or not meant[0].bare:
        return reading
    again = _read(order, str(state.offered.get("words") or ""), [meant[0].item])
    wanted = [entry for entry in again.wanted if entry.item.id == meant[0].item.id]
    return Reading(tuple(wanted)) if wanted else reading


def _with(
    dispatcher: CollectingDispatcher, order: Order, state: SwapState, wanted: Wanted, heard: Said
) -> SwapState:
    """Add what is wanted of one item."""
    item = order.item(wanted.item.id)
    if item is None:
        return state
    wish = wanted.wish
    if wanted.bare and item.id in state.items and heard.has(LEAVES):
        return state.without(item.id)
    anew = wish.again or (wanted.bare and reason_of(heard) in BROKEN and item.id not in state.items)
    if services().swaps.kind(order) == CHANGE or not services().policies.exchanges.same_variant:
        anew = False
    wish = dataclasses.replace(wish, again=anew)
    if wish.empty:
        if wanted.quantity is None:
            return _checked_name(dispatcher, order, state, item)
        return _checked(dispatcher, order, state.becoming(item.id, None, wanted.quantity), item)
    product = _catalogue(order).get(item.product_id)
    if product is None:
        return state
    return _wished(dispatcher, order, state, dataclasses.replace(wanted, wish=wish), item, product)


def _wished(
    dispatcher: CollectingDispatcher,
    order: Order,
    state: SwapState,
    wanted: Wanted,
    item: OrderItem,
    product: Product,
) -> SwapState:
    """Look for the variant that is wished, together with what was wished of the item a moment ago."""
    offered = state.offered if state.offered.get("item") == item.id else {}
    shown = [each for each in product.variants if each.id in offered.get("variants", [])]
    meant = [each for each in shown if wanted.wish.constraints and meets(each, wanted.wish)]
    if len(meant) == 1:
        chosen = state.becoming(item.id, meant[0].id, wanted.quantity)
        return _checked(dispatcher, order, chosen, item)
    before = tuple(
        frozenset((str(option), str(value)) for option, value in pairs) for pairs in offered.get("wish", [])
    )
    spoken = {option for pairs in wanted.wish.constraints for option, _ in pairs}
    kept = tuple(pairs for pairs in before if not any(option in spoken for option, _ in pairs))
    wish = dataclasses.replace(wanted.wish, constraints=(*kept, *wanted.wish.constraints))
    pieces = item.quantity if wanted.quantity is None else max(wanted.quantity, 1)
    found = find_variant(product, wanted.item.options, wish, pieces)
    if found.variant:
        return _checked(dispatcher, order, state.becoming(item.id, found.variant.id, wanted.quantity), item)
    noted: dict[str, Any] = {
        "variants": [variant.id for variant in found.choices],
        "missing": found.missing,
        "label": found.label,
        "wish": [sorted(map(list, pairs)) for pairs in wish.constraints],
    }
    return state.offering(item.id, noted)


def _picked(
    dispatcher: CollectingDispatcher, order: Order, state: SwapState, variant_id: str
) -> SwapState | None:
    """Take a variant from a button, for the item that was asked about or the one whose product it is."""
    catalogue = _catalogue(order)
    owners = [
        item
        for item in order.items
        if item.product_id in catalogue
        and any(variant.id == variant_id for variant in catalogue[item.product_id].variants)
    ]
    asked = state.offered.get("item") or state.pending
    owners.sort(key=lambda item: (item.id != asked, item.id not in state.items))
    if not owners:
        return None
    item = owners[0]
    return _checked(dispatcher, order, state.becoming(item.id, variant_id, None), item)


def _checked(dispatcher: CollectingDispatcher, order: Order, state: SwapState, item: OrderItem) -> SwapState:
    """Keep what becomes of an item, or say which rule stands against it and leave the item as it is."""
    decision = services().swaps.decide(order, state.settled())
    if decision.allowed or decision.rule in LATER or decision.needs_approval:
        return state
    if decision.rule == EMPTIES:
        return state.offering(item.id, {"empties": True})
    dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
    return state.without(item.id)


def _checked_name(
    dispatcher: CollectingDispatcher, order: Order, state: SwapState, item: OrderItem
) -> SwapState:
    """Take an item that was named, or say why it can't be changed."""
    if item in services().swaps.open_items(order):
        return state.naming(item.id)
    other = next(iter(_catalogue(order)[item.product_id].variants), None)
    decision = services().swaps.decide(
        order, [SwapState().becoming(item.id, other.id if other else None, None).swap(item.id)]
    )
    dispatcher.utter_message(response=decision.explanation_key, **dict[str, Any](decision.facts))
    return state.without(item.id)
