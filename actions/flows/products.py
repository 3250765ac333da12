"""Questions about products: price, stock, options, properties, comparison and what fits what, from the shop itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from actions.commerce.model import Product
from actions.flows.product_answers import (
    tell_along,
    tell_another,
    tell_comparison,
    tell_first,
    tell_fit,
    tell_fit_again,
    tell_return_to_stock,
    tell_within,
)
from actions.flows.product_told import SHOWN, asks_for_property, details, offer, plain, tell
from actions.flows.product_words import (
    DIFFERENCE,
    another_in,
    asks,
    budget_in,
    first_in,
    goes_on,
    kind_in,
    named_in,
    placed_in,
    sides,
)
from actions.flows.turn import Said, message, said, set_in_last_turn
from actions.flows.wishes import done
from actions.services import services
from actions.services.matching import content_words, singular
from actions.services.quote_reading import closest

BASICS = re.compile(
    r"\b(?:price|cost|much|cheap\w*|stock|available|get|have|buy|order|colou?rs?|sizes?|come|comes|left)\b"
)
SIDE_BY_SIDE = 3
SWAP = "swap_form"
THAN = re.compile(r"\b(?:it|that|this|they)\b.*\bthan\b")
SAME = re.compile(r"\b(?:it|its|they|them|their|that one|this one|these|those)\b")


class ActionProductAnswer(Action):
    """Answer a question about a product from the catalogue."""

    def name(self) -> str:
        """Name the action."""
        return "action_product_answer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Tell what the shop knows; list the products where several fit; say so where none does."""
        heard = said(tracker, self.name())
        heard = heard if heard.text else message(tracker)
        closing = [] if tracker.active_loop_name else done("ask_product")
        if tracker.active_loop_name == SWAP and heard.has(DIFFERENCE):
            dispatcher.utter_message(response="utter_swap_difference_told")
            return closing
        if tracker.active_loop_name == SWAP and not _found(heard):
            return closing  # the form shows once more what there is
        before = _before(tracker)
        last = services().products.find(str(tracker.get_slot("last_product") or ""))
        told = _went_on(dispatcher, tracker, heard)
        if told is None:
            told = _special(dispatcher, heard, last, before)
        if told is None:
            placed = placed_in(heard.text, before, last)
            told = _plain_answer(dispatcher, heard, placed or last, [placed] if placed else _found(heard))
        return [*closing, *_remembered(told, before), *_fit_asked(tracker, heard, last)]


def _before(tracker: Tracker) -> list[Product]:
    """Return the products that were told side by side."""
    ids = tracker.get_slot("told_products") or ()
    return [product for each in ids if (product := services().products.find(str(each)))]


def _remembered(told: Sequence[Product], before: Sequence[Product]) -> list[EventType]:
    """Return the events that remember what was spoken of: one product, or several side by side."""
    if not told:
        return []
    events: list[EventType] = [SlotSet("last_product", told[0].id)]
    if len(told) > 1 or told[0] not in before:
        events.append(SlotSet("told_products", [product.id for product in told]))
    return events


def _fit_asked(tracker: Tracker, heard: Said, last: Product | None) -> list[EventType]:
    """Return the event that remembers what a question about compatibility was about, for "and the other one?"."""
    split = None if heard.payload else sides(heard.text, services().products.all(), last)
    one, other = (split[0].one, split[1].one) if split else (None, None)
    about = one or other
    if about is None:
        return []
    noted = {"product": about.id, "other": other.id if one and other else None, "words": heard.text}
    return [SlotSet("fit_about", noted)]


def _went_on(dispatcher: CollectingDispatcher, tracker: Tracker, heard: Said) -> list[Product] | None:
    """Answer a fragment that goes on with a question about compatibility; None where it doesn't."""
    asked = tracker.get_slot("fit_about")
    if not isinstance(asked, Mapping) or heard.payload or not set_in_last_turn(tracker, "fit_about"):
        return None
    catalogue = services().products.all()
    if not goes_on(heard.text) or sides(heard.text, catalogue, None):
        return None
    about = services().products.find(str(asked.get("product")))
    named = named_in(heard.text, catalogue)
    return (
        tell_fit_again(dispatcher, about, named[0] if named else None, heard.text, asked) if about else None
    )


def _special(
    dispatcher: CollectingDispatcher, heard: Said, last: Product | None, before: Sequence[Product]
) -> list[Product] | None:
    """Answer what is more than a question about one product; None where it isn't. Return what was spoken of."""
    catalogue, words = services().products.all(), heard.text
    if heard.payload:
        return None
    named = named_in(words, catalogue)
    about = named[0] if named else last
    if asks("compare", words):
        compared = _compared(named, kind_in(words, catalogue), last, before)
        if len(compared) > 1:
            return tell_comparison(dispatcher, compared, words)
    if asks("back", words) and about:
        return tell_return_to_stock(dispatcher, about, words)
    if asks("goes", words) and about:
        return tell_along(dispatcher, about)
    split = sides(words, catalogue, last)
    if split is not None:
        found = tell_fit(dispatcher, split, words, last)
        if found is not None:
            return found
    most = budget_in(words)
    if most is not None:
        return tell_within(dispatcher, kind_in(words, catalogue) or list(catalogue), most)
    first = first_in(words)
    if first:
        found = tell_first(dispatcher, kind_in(words, catalogue) or list(before), first)
        if found is not None:
            return found
    another = another_in(words)
    if another and (last or named):
        among = before if len(before) > 1 and not named else ()
        return tell_another(dispatcher, about or catalogue[0], another, among)
    return None


def _compared(
    named: Sequence[Product], kind: Sequence[Product], last: Product | None, before: Sequence[Product]
) -> list[Product]:
    """Return what is to be put side by side: what is named, the few of a kind, or what was spoken of before."""
    if len(named) > 1:
        return list(named)
    if not named and 1 < len(kind) <= SIDE_BY_SIDE:
        return list(kind)
    if named and last and named[0] != last:
        return [last, *named]
    return list(before[:SIDE_BY_SIDE]) if not named else []


def _plain_answer(
    dispatcher: CollectingDispatcher, heard: Said, last: Product | None, found: list[Product]
) -> list[Product]:
    """Tell about one product, or offer those that fit; return what was spoken of."""
    placed = found == [last]
    if (
        last
        and not placed
        and not heard.entity("product")
        and (heard.has(SAME) or not found or _speaks_of(last, heard))
    ):
        still = heard.has(SAME) or asks_for_property(heard) or _speaks_of(last, heard) or heard.short
        found = [last] if still else []
    if last and last not in found and heard.has(THAN) and found:
        found = [last, found[0]]
    if not found:
        dispatcher.utter_message(response="utter_product_unknown")
        return []
    if _is_unlike(heard):
        offer(dispatcher, found[:SHOWN], "utter_product_closest")
        return found[:SHOWN]
    one = found[0] if len(found) == 1 else _exactly(found, heard)
    if one is None:
        offered = (_fitting(found, " ".join(heard.values("product"))) or found)[:SHOWN]
        offer(dispatcher, offered)
        return offered
    tell(dispatcher, one, heard)
    asked = heard.has(SAME) and not heard.has(BASICS)
    if asked and not details(one, heard) and not _speaks_of(one, heard):
        dispatcher.utter_message(response="utter_product_no_more")
    return [one]


def _is_unlike(heard: Said) -> bool:
    """Tell whether what was marked as a product's name is nothing that the shop has as such."""
    names, catalogue = heard.values("product"), services().products.all()
    return bool(names) and all(closest(content_words(name), catalogue)[1] for name in names)


def _speaks_of(product: Product, heard: Said) -> bool:
    """Tell whether the words are a fragment that names an option of a product: "and in white?"."""
    words = set(plain(heard.text).split())
    values = {
        word for variant in product.variants for v in variant.options.values() for word in plain(v).split()
    }
    return heard.short and bool(words & values)


def _found(heard: Said) -> list[Product]:
    """Find the products that the words mean: what was marked as a product's name counts first."""
    names = heard.values("product")
    if names:
        found = [product for name in names for product in services().products.search(name, SHOWN)]
        unique = {product.id: product for product in found}
        if unique:
            return list(unique.values())
    return services().products.search(heard.text, SHOWN)


def _exactly(found: Sequence[Product], heard: Said) -> Product | None:
    """Return the only product whose whole name stands in the words."""
    text = plain(f"{heard.text} {' '.join(heard.values('product'))}")
    named = [product for product in found if f" {plain(product.name).strip()} " in text]
    if len(named) == 1:
        return named[0]
    fits = _fitting(found, " ".join(heard.values("product")))
    return fits[0] if len(fits) == 1 else None


def _fitting(found: Sequence[Product], words: str) -> list[Product]:
    """Return the products whose names hold all the words."""
    wanted = {singular(word) for word in plain(words).split()}
    names = {product.id: {singular(word) for word in plain(product.name).split()} for product in found}
    return [product for product in found if wanted and wanted <= names[product.id]]
