"""What a customer's words want of the items of an order: which ones, what they are to become, and how many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actions.commerce.model import OrderItem, Product
from actions.services.item_matching import BOTH, EVERYTHING, EXCEPT, ItemMatch, match_items, without_closings
from actions.services.quantity_words import pieces_wanted
from actions.services.variant_matching import NEGATIONS, NO, YES, Mention, Wish, mentions, steps
from actions.services.variant_words import Token, found_at, phrases, places, tokens, units, words

LONGEST_TEXT = 1000
CUTS = re.compile(r"[,;!?\n]|\.(?:\s|$)|\s[-\N{EN DASH}]\s")
GENERIC = frozenset({"set", "pack", "kit", "one", "item"})
ARTICLES = frozenset({"the", "it", "my", "a"})
STAYS = re.compile(  # "everything else as it was", unless that is what is to be changed
    r"(?<!change )(?<!swap )(?<!exchange )(?<!replace )(?<!make )"
    r"\b(?:everything|all|anything|the rest) (?:else|other)\b",
    re.I,
)
NOTHING_SAID = Wish()
Span = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """What is wanted of one item; an empty wish and no quantity: it was named, and nothing more."""

    item: OrderItem
    wish: Wish = NOTHING_SAID
    quantity: int | None = None

    @property
    def bare(self) -> bool:
        """Tell whether it only says which item is meant."""
        return self.wish.empty and self.quantity is None


@dataclass(frozen=True)
class Reading:
    """All that a text wants; `unclear` are items of which one is meant, and the words leave open which."""

    wanted: tuple[Wanted, ...] = ()
    unclear: tuple[OrderItem, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """The part of a text that speaks of an item; `items` are those that it may be."""

    start: int
    end: int
    items: tuple[OrderItem, ...]
    named: Span


def read_swaps(
    text: str,
    items: Sequence[OrderItem],
    catalogue: Mapping[str, Product],
    about: Sequence[OrderItem] = (),
    *,
    counts: bool = True,
    elsewhere: Mapping[str, Sequence[str]] | None = None,
) -> Reading:
    """Read which items are to become what.

    `about` are the items that were spoken of last: words that name no other are about them. `counts` says that
    numbers of pieces can be changed, too; `elsewhere` has the values that options have in the rest of the shop.
    """
    text = text[:LONGEST_TEXT]
    cut = tokens(text)
    if not cut or not items:
        return Reading()
    reader = _Reader(text, cut, items, catalogue, counts, elsewhere)
    several = _several(items, text)
    if several:
        return Reading(tuple(reader.read(item, 0, len(cut)) for item in several))
    stretches = reader.stretches()
    if stretches and not (len(about) == 1 and all(about[0] in stretch.items for stretch in stretches)):
        return reader.apportioned(stretches)
    for candidates in (about, items):
        if len(candidates) == 1:
            read = reader.read(candidates[0], 0, len(cut))
            found = Reading((read,)) if stretches or not read.bare else Reading()
        else:
            found = reader.inferred(candidates)
        if found.wanted or found.unclear:
            return found
    return Reading()


def _several(items: Sequence[OrderItem], text: str) -> list[OrderItem]:
    """Find the items of "everything but the mouse", "both", "all of them"."""
    text = STAYS.sub(" ", without_closings(text))
    if not (EXCEPT.search(text) or EVERYTHING.search(text) or BOTH.search(text)):
        return []
    match = match_items(items, text)
    excepted = EXCEPT.search(text) is not None
    return list(match.items) if (len(match.items) > 1 or excepted) and not match.ambiguous else []


class _Reader:
    """One text with the items it may speak of."""

    def __init__(
        self,
        text: str,
        cut: Sequence[Token],
        items: Sequence[OrderItem],
        catalogue: Mapping[str, Product],
        counts: bool,
        elsewhere: Mapping[str, Sequence[str]] | None,
    ) -> None:
        self.text = text
        self.cut = cut
        self.items = items
        self.catalogue = catalogue
        self.counts = counts
        self.turns = places(phrases("turns"), cut)
        self.denies = places(phrases("denies"), cut)
        self.joints = self._joints()
        self.values = {
            item.product_id: mentions(catalogue[item.product_id], cut, elsewhere)
            for item in items
            if item.product_id in catalogue
        }

    def _joints(self) -> list[int]:
        """Return the tokens at which a new part begins."""
        starts = {end for _, end in places(phrases("joints"), self.cut)}
        for found in CUTS.finditer(self.text):
            following = next((at for at, token in enumerate(self.cut) if token.start >= found.end()), None)
            if following is not None:
                starts.add(following)
        return sorted(starts)

    def stretches(self) -> list[Stretch]:
        """Part the text by the items that it names."""
        named = self._named()
        found: list[Stretch] = []
        start = 0
        for place, (span, items) in enumerate(named):
            end = len(self.cut)
            if place + 1 < len(named):
                after = named[place + 1][0][0]
                between = [at for at in self.joints if span[1] <= at <= after]
                end = between[-1] if between else after
            found.append(Stretch(start, end, items, span))
            start = end
        return found

    def _named(self) -> list[tuple[Span, tuple[OrderItem, ...]]]:
        """Find the names of items in the text, each with the items that it may mean."""
        spoken: list[tuple[Span, tuple[OrderItem, ...]]] = []
        at = 0
        while at < len(self.cut):
            best = max(((self._name_at(item, at), item.product_id) for item in self.items), default=(0, ""))
            length = best[0]
            if not length:
                at += 1
                continue
            products = {item.product_id for item in self.items if self._name_at(item, at) == length}
            items = tuple(item for item in self.items if item.product_id in products)
            span = (at, at + length)
            if not (spoken and self._says_it_again(spoken[-1], span, items)):
                spoken.append((span, items))
            at += length
        return spoken

    def _name_at(self, item: OrderItem, at: int) -> int:
        """Return how many tokens from a place on name an item: all of its name, a part of it, or its last word."""
        name = words(item.name)
        whole = found_at(name, self.cut, at)
        if whole:
            return whole
        for length in range(len(name) - 1, 0, -1):
            for start in range(len(name) - length + 1):
                part = name[start : start + length]
                if part == name or not self._is_telling(item, part):
                    continue
                if found_at(part, self.cut, at) and not self._inside_value(at, at + length, part, name):
                    return length
        return 0

    def _is_telling(self, item: OrderItem, part: Sequence[str]) -> bool:
        """Tell whether a part of a name can stand for an item."""
        empty = GENERIC | units()
        return any(word not in empty and len(word) > 2 and not word[0].isdigit() for word in part)

    def _inside_value(self, start: int, end: int, part: Sequence[str], name: Sequence[str]) -> bool:
        """Tell whether the words rather belong to an option: "water resistance" is no water bottle."""
        for product_id, found in self.values.items():
            product = self.catalogue[product_id]
            for option in {option for variant in product.variants for option in variant.options}:
                said = words(option)
                for at in range(max(start - len(said), 0), start + 1):
                    length = found_at(said, self.cut, at)
                    if length > end - start and at <= start and end <= at + length:
                        return True
            if any(each.start <= start and end <= each.end for each in found) and part[-1] != name[-1]:
                return True
        return False

    def _says_it_again(
        self, before: tuple[Span, tuple[OrderItem, ...]], span: Span, items: tuple[OrderItem, ...]
    ) -> bool:
        """Tell whether a name only repeats the one before: "the red bottle for a blue bottle"."""
        if not any(item in before[1] for item in items):
            return False
        if len(items) == 1:
            return True
        turned = [turn for turn in self.turns if before[0][1] <= turn[0] < span[0]]
        parted = [at for at in self.joints if before[0][1] <= at <= span[0]]
        return bool(turned) and (not parted or turned[-1][0] >= parted[-1])

    def apportioned(self, stretches: Sequence[Stretch]) -> Reading:
        """Read each stretch for its item; of several alike, the one whose options are spoken of."""
        wanted: dict[str, Wanted] = {}
        unclear: tuple[OrderItem, ...] = ()
        for stretch in stretches:
            left = [item for item in stretch.items if item.id not in wanted] or list(stretch.items)
            chosen = self._which(stretch, left)
            if len(chosen) > 1:
                unclear = unclear or tuple(chosen)
                continue
            read = self.read(chosen[0], stretch.start, stretch.end)
            wanted[read.item.id] = read
        return Reading(tuple(self._shared(list(wanted.values()), stretches)), unclear)

    def _shared(self, wanted: list[Wanted], stretches: Sequence[Stretch]) -> list[Wanted]:
        """Let items that were named just before others share their wish: "the mug and the bowl in blue"."""
        for place in range(len(wanted) - 2, -1, -1):
            this, after = wanted[place], wanted[place + 1]
            stretch = next((each for each in stretches if this.item in each.items), None)
            nothing_between = stretch is not None and stretch.end - stretch.named[1] <= 1
            if this.bare and nothing_between and not after.bare and place < len(stretches) - 1:
                last = stretches[place + 1]
                shared = self.read(this.item, last.start, last.end)
                wanted[place] = shared
        return wanted

    def _which(self, stretch: Stretch, items: Sequence[OrderItem]) -> list[OrderItem]:
        """Choose among items of one name by the options that they have now."""
        if len(items) == 1:
            return list(items)
        scores = Counter({item.id: self._speaks_of(item, stretch) for item in items})
        top = max(scores.values())
        best = [item for item in items if scores[item.id] == top]
        alike = {(item.variant_id, item.quantity) for item in best}
        return best[:1] if len(alike) == 1 else best

    def _speaks_of(self, item: OrderItem, stretch: Stretch) -> int:
        """Count how much a stretch says of what an item is now; what it isn't, or is to become, counts against it."""
        old, new = self._parted(item, stretch.start, stretch.end)
        own = set(item.options.items())
        told = sum(bool(each.pairs & own) for each in old)
        against = sum(not each.pairs & own for each in old)
        already = sum(bool(each.pairs & own) for each in new)
        if not old:
            return already
        return 3 * told - 3 * against - already

    def _parted(self, item: OrderItem, start: int, end: int) -> tuple[list[Mention], list[Mention]]:
        """Part the values of a stretch into those that describe the item as it is, and those that it is to have."""
        found = [each for each in self.values.get(item.product_id, []) if start <= each.start < end]
        denied = [each for each in found if self._is_denied(each, start, found)]
        rest = [each for each in found if each not in denied]
        turn = self._turn(rest, start, end)
        before = [each for each in rest if turn is not None and each.end <= turn]
        return denied + before, [each for each in rest if each not in before]

    def _turns_beside(self, found: Sequence[Mention]) -> list[Span]:
        """Return the turns that aren't a part of a value, as "in" is of "in-ear"."""
        return [turn for turn in self.turns if not any(each.start <= turn[0] < each.end for each in found)]

    def _is_denied(self, mention: Mention, start: int, found: Sequence[Mention]) -> bool:
        """Tell whether "instead of", "not" or "from" stands before a value, in the same part."""
        if {value.casefold() for _, value in mention.pairs} & (YES | NO):
            return False
        ahead = [deny for deny in self.denies if start <= deny[0] and deny[1] <= mention.start]
        if not ahead:
            return False
        stops = [*self.joints, *(turn[0] + 1 for turn in self._turns_beside(found))]
        return not any(ahead[-1][1] < stop <= mention.start for stop in stops)

    def _turn(self, rest: Sequence[Mention], start: int, end: int) -> int | None:
        """Return where the old ends and the new begins: the last turn that has a value, or the item, before it."""
        turns = [
            turn
            for turn in self._turns_beside(rest)
            if start <= turn[0] < end and not _names_option(self.cut, turn, rest)
        ]
        for turn in reversed(turns):
            after = [each for each in rest if each.start >= turn[1]]
            before = [each for each in rest if each.end <= turn[0]]
            options = {option for each in after for option, _ in each.pairs}
            if after and any(option in options for each in before for option, _ in each.pairs):
                return turn[0]
        return None

    def read(self, item: OrderItem, start: int, end: int) -> Wanted:
        """Read what a stretch wants of an item."""
        product = self.catalogue.get(item.product_id)
        part = self.cut[start:end]
        if product is None or not part:
            return Wanted(item)
        _, new = self._parted(item, start, end)
        own = set(item.options.items())
        constraints: dict[frozenset[str], frozenset[tuple[str, str]]] = {}
        for each in new:
            pairs = frozenset(each.pairs - own)
            if pairs:
                options = frozenset(option for option, _ in pairs)
                earlier = constraints.get(options, frozenset())
                constraints[options] = earlier | pairs if _alternative(self.cut, each) else pairs
        stepping = () if constraints else steps(product, part)
        again = bool(places(phrases("again"), part)) and not constraints and not stepping
        wish = Wish(tuple(constraints.values()), stepping, again)
        quantity = None
        if self.counts:
            spoken = [range(each.start - start, each.end - start) for each in new]
            covered = {at for span in spoken for at in span} | _switching(
                self.cut, self.values.get(item.product_id, []), start, end
            )
            quantity = pieces_wanted(
                [token if at not in covered else None for at, token in enumerate(part)], item
            )
        return Wanted(item, wish, quantity)

    def inferred(self, items: Sequence[OrderItem]) -> Reading:
        """Find the items that the values alone fit, where no item is named: "750 ml in plastic instead"."""
        whole = Stretch(0, len(self.cut), tuple(items), (0, 0))
        read = {item.id: self.read(item, 0, len(self.cut)) for item in items}
        scores = {item.id: 2 * self._covered(item) + max(self._speaks_of(item, whole), 0) for item in items}
        fits = [item for item in items if self._covered(item) and not read[item.id].bare]
        if not fits:
            match = match_items(items, self.text) if items else ItemMatch()
            if match.items and not match.ambiguous:
                return Reading(tuple(read[item.id] for item in match.items))
            return Reading(unclear=match.items)
        top = max(scores[item.id] for item in fits)
        best = [item for item in fits if scores[item.id] == top]
        return Reading((read[best[0].id],)) if len(best) == 1 else Reading(unclear=tuple(best))

    def _covered(self, item: OrderItem) -> int:
        """Count the words of the text that are values of an item's product, of those that it comes in."""
        product = self.catalogue.get(item.product_id)
        own = {pair for variant in product.variants for pair in variant.options.items()} if product else set()
        found = self.values.get(item.product_id, [])
        return sum(each.end - each.start for each in found if each.pairs & own)


def _names_option(cut: Sequence[Token], turn: Span, rest: Sequence[Mention]) -> bool:
    """Tell whether it ties a value to its option, and turns nothing: "gold for the color", "color in gold"."""
    if cut[turn[0]].word == "in" and _ends_option(cut, turn[0], rest):
        return True
    before = [each for each in rest if each.end == turn[0]]
    following = turn[1]
    while following < len(cut) and cut[following].word in ARTICLES:
        following += 1
    options = {option for each in before for option, _ in each.pairs}
    return any(found_at(words(option), cut, following) for option in options)


def _ends_option(cut: Sequence[Token], end: int, rest: Sequence[Mention]) -> bool:
    """Tell whether the name of an option stands right before a place."""
    names = {words(option) for each in rest for option, _ in each.pairs}
    return any(end >= len(name) and found_at(name, cut, end - len(name)) == len(name) for name in names)


def _alternative(cut: Sequence[Token], mention: Mention) -> bool:
    """Tell whether "or" stands before a value."""
    return mention.start > 0 and cut[mention.start - 1].word == "or"


def _switching(cut: Sequence[Token], values: Sequence[Mention], start: int, end: int) -> set[int]:
    """Return where "without" speaks of an option that an item has or lacks, and takes nothing out."""
    found = [each for each in values if start < each.start < end]
    switched = [each for each in found if {value.casefold() for _, value in each.pairs} & NO]
    return {each.start - 1 - start for each in switched if cut[each.start - 1].word in NEGATIONS}
