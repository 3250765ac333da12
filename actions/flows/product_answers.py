"""Answers to what is more than a question about one product: what fits what, what differs, which is the cheaper one.

Each tells from the catalogue alone and returns the products that were spoken of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.commerce.model import Product
from actions.flows.product_told import SHOWN, choices, offer, price
from actions.flows.product_words import Side, asks
from actions.flows.wording import amount, either
from actions.services import services
from actions.services.product_compare import alternatives, compare, on_scale, ranked, versions, within_budget
from actions.services.product_fit import FitAnswer, decide_pair, decide_thing, on_file
from actions.services.wording import listed

SCALE_WORDS = {
    ("price", False): "cheaper",
    ("price", True): "more expensive",
    ("size", True): "larger",
    ("size", False): "smaller",
    ("weight", False): "lighter",
    ("weight", True): "heavier",
    ("brightness", True): "brighter",
    ("battery", True): "longer lasting",
}


def tell_fit(
    dispatcher: CollectingDispatcher, split: tuple[Side, Side], words: str, last: Product | None
) -> list[Product] | None:
    """Say whether two things go together, or which of several do; None where the words name no product."""
    left, right = split
    if not left.products and not right.products and last is not None:
        left = Side(left.words, (last,))
    one, other = left.one, right.one
    if one and other and one != other:
        return _tell_pair(dispatcher, one, other)
    if one and len(right.products) > 1:
        return _tell_which(dispatcher, one, right.products)
    if other and (len(left.products) > 1 or (asks("which", left.words) and left.products)):
        return _tell_which(dispatcher, other, left.products)
    about = one or other
    if about is not None:
        thing = right.words if one else left.words
        return _tell_thing(dispatcher, about, words, thing)
    several = left.products or right.products
    if not several:
        return None
    return _tell_several(dispatcher, several, words)


def tell_fit_again(
    dispatcher: CollectingDispatcher,
    about: Product,
    named: Product | None,
    words: str,
    asked: Mapping[str, Any],
) -> list[Product] | None:
    """Answer the same question for another product, or for another thing; None where the words say neither."""
    if named is not None and named != about:
        if asked.get("other"):
            return _tell_pair(dispatcher, about, named)
        answer = decide_thing(named, str(asked.get("words")))
        if answer.answer == "unknown":
            return _tell_pair(dispatcher, about, named)
        _say(dispatcher, answer, named, "")
        return [named]
    before = str(asked.get("words")).lower()
    things = [span.thing for span in about.compatibility.spans if span.thing in before]
    answer = decide_thing(about, " ".join([words, *things[:1]]))  # "and a 27 inch one?" is a screen, too
    if answer.answer == "unknown":
        return None
    _say(dispatcher, answer, about, "")
    return [about]


def _tell_pair(dispatcher: CollectingDispatcher, one: Product, other: Product) -> list[Product]:
    """Say whether two products go together."""
    answer = decide_pair(one, other)
    _say(dispatcher, answer, one, other.name)
    return [one, other]


def _tell_thing(dispatcher: CollectingDispatcher, product: Product, words: str, thing: str) -> list[Product]:
    """Say whether a product goes with something that the shop doesn't sell."""
    _say(dispatcher, decide_thing(product, words), product, "")
    return [product]


def _say(dispatcher: CollectingDispatcher, answer: FitAnswer, product: Product, other: str) -> None:
    """Say yes, no or unknown, with the fact that decides."""
    only = f", in the version {either(answer.variants)}" if answer.variants else ""
    response = f"utter_fit_{answer.answer}"
    if answer.answer == "unknown" and not answer.fact:
        response = "utter_fit_nothing"
    pair = f"the {product.name} and the {other}" if other else f"the {product.name}"
    dispatcher.utter_message(response=response, fact=answer.fact + only, product_name=product.name, pair=pair)


def _tell_which(
    dispatcher: CollectingDispatcher, product: Product, among: Sequence[Product]
) -> list[Product]:
    """Say which of several products go with one."""
    answers = [(other, decide_pair(product, other)) for other in among if other != product]
    fitting = [(other, answer) for other, answer in answers if answer.answer == "yes"]
    names = listed([other.name for other, _ in answers])
    if not fitting:
        unfit = [answer for _, answer in answers if answer.answer == "no"]
        fact = unfit[0].fact if unfit else on_file(product)
        dispatcher.utter_message(
            response="utter_fit_none" if fact else "utter_fit_none_on_file",
            product_name=product.name,
            names=names,
            fact=fact,
        )
        return [product]
    lines = [
        f"- {other.name}, {price(other)}: {answer.fact}"
        + (f" (version {either(answer.variants)})" if answer.variants else "")
        for other, answer in fitting[:SHOWN]
    ]
    dispatcher.utter_message(response="utter_fit_which", product_name=product.name, lines="\n".join(lines))
    return [*(other for other, _ in fitting[:SHOWN]), product]


def _tell_several(dispatcher: CollectingDispatcher, several: Sequence[Product], words: str) -> list[Product]:
    """Say which of several products go with something that the shop doesn't sell."""
    answers = [(product, decide_thing(product, words)) for product in several[:SHOWN]]
    known = [(product, answer) for product, answer in answers if answer.answer != "unknown"]
    if not known:
        offer(dispatcher, several[:SHOWN])
        return list(several[:SHOWN])
    lines = [f"- {answer.answer}: {answer.fact}" for _, answer in known]
    dispatcher.utter_message(response="utter_fit_each", lines="\n".join(lines))
    return [product for product, answer in known if answer.answer == "yes"] or [known[0][0]]


def tell_comparison(
    dispatcher: CollectingDispatcher, products: Sequence[Product], words: str
) -> list[Product]:
    """Put products side by side: what differs line by line, then what is the same."""
    rows = compare(products, price, choices)
    differing = [f"- {row.name}: {' | '.join(row.values)}" for row in rows if not row.same]
    same = [f"{row.name}: {row.values[0]}" for row in rows if row.same]
    dispatcher.utter_message(
        response="utter_product_compared" if same else "utter_product_compared_all",
        names=" | ".join(product.name for product in products),
        lines="\n".join(differing) or "- nothing that is on file",
        same="; ".join(same),
    )
    if asks("better", words):
        dispatcher.utter_message(response="utter_product_better")
    return list(products)


def tell_return_to_stock(dispatcher: CollectingDispatcher, product: Product, words: str) -> list[Product]:
    """Say whether something can be had again, at this moment."""
    variants = services().products.variants(product, words)
    here = [variant for variant in variants if variant.can_be_had()]
    named = len(variants) < len(product.variants)
    label = f"{product.name} ({listed([v.label for v in variants])})" if named else product.name
    if here:
        left = f" in {listed([v.label for v in here])}" if len(here) < len(variants) else ""
        dispatcher.utter_message(response="utter_product_back", product_name=label, versions=left)
    else:
        others = [variant.label for variant in product.variants if variant.can_be_had()]
        response = "utter_product_not_back_others" if others else "utter_product_not_back"
        dispatcher.utter_message(response=response, product_name=label, versions=listed(others))
    return [product]


def tell_along(dispatcher: CollectingDispatcher, product: Product) -> list[Product]:
    """Say what goes along with a product."""
    made = product.compatibility
    ids = dict.fromkeys((*made.goes_with, *made.works_with))
    found = [other for each in ids if (other := services().products.find(each))]
    if not found:
        dispatcher.utter_message(response="utter_product_alone", product_name=product.name)
        return [product]
    lines = "\n".join(f"- {other.name}, {price(other)}" for other in found[:SHOWN])
    dispatcher.utter_message(response="utter_product_along", product_name=product.name, lines=lines)
    return [product, *found[:SHOWN]]


def tell_within(dispatcher: CollectingDispatcher, found: Sequence[Product], most: Decimal) -> list[Product]:
    """List what costs no more than that."""
    fits = within_budget(found, most)
    if not fits:
        nearest = ranked(found, "price")[0]
        dispatcher.utter_message(
            response="utter_product_over_budget",
            most=amount(most),
            product_name=nearest.name,
            price=price(nearest),
        )
        return [nearest]
    lines = "\n".join(f"- {product.name}, {price(product)}" for product in fits[:SHOWN])
    dispatcher.utter_message(response="utter_product_within", most=amount(most), lines=lines)
    return fits[:SHOWN]


def tell_first(
    dispatcher: CollectingDispatcher, found: Sequence[Product], scale: tuple[str, bool]
) -> list[Product] | None:
    """Say which of several is the cheapest, lightest and so on; None where there is nothing to go by."""
    order = ranked(found, scale[0])
    if not order:
        return None
    if scale[1]:
        order.reverse()
    lines = "\n".join(
        f"- {product.name}, {price(product)}{_figure(product, scale[0])}" for product in order[:SHOWN]
    )
    response = "utter_product_ranked" if len(order) > 1 else "utter_product_only"
    dispatcher.utter_message(response=response, product_name=order[0].name, lines=lines)
    return order[:SHOWN]


def _figure(product: Product, scale: str) -> str:
    """Write the property by which a product was ranked."""
    place = None if scale == "price" else on_scale(product, scale)
    return f", {place[0]} {product.specs[place[0]]}" if place else ""


def tell_another(
    dispatcher: CollectingDispatcher, product: Product, scale: tuple[str, bool], among: Sequence[Product]
) -> list[Product]:
    """Offer another product of the kind: cheaper, larger, lighter; also another version of the same one."""
    name, more = scale
    if among:
        order = ranked(among, name)
        if order:
            chosen = order[-1] if more else order[0]
            dispatcher.utter_message(
                response="utter_product_of_these",
                product_name=chosen.name,
                price=price(chosen),
                figure=_figure(chosen, name),
            )
            return [chosen, *(p for p in among if p != chosen)]
    own = versions(product, more=more) if name == "size" else []
    if own:
        labels = listed([variant.label for variant in own[:SHOWN]])
        dispatcher.utter_message(
            response="utter_product_version",
            product_name=product.name,
            versions=labels,
            price=price(product, own),
        )
    found = alternatives(product, services().products.all(), name, more=more)[:SHOWN]
    if found:
        lines = "\n".join(f"- {other.name}, {price(other)}{_figure(other, name)}" for other in found)
        dispatcher.utter_message(
            response="utter_product_another", product_name=product.name, lines=lines, scale=SCALE_WORDS[scale]
        )
        return [*found, product] if not own else [product, *found]
    if not own:
        dispatcher.utter_message(
            response="utter_product_no_other",
            product_name=product.name,
            scale=SCALE_WORDS[scale],
            price=price(product),
        )
    return [product]
