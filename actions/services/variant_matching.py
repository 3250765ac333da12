"""Which variant of a product a wish means: its options as the catalogue names them, none of them known beforehand."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from actions.commerce.model import Product, Variant
from actions.services import matching
from actions.services.variant_words import Token, found_at, phrases, places, rank, words

YES, NO = frozenset({"yes", "true"}), frozenset({"no", "none", "without", "false"})
NEGATIONS = frozenset({"no", "not", "non", "without", "isnt", "arent", "never", "zero"})
NEAR = 2  # words between an option's name and its value
FAR = 9
SHOWN = 5

Pair = tuple[str, str]  # option and value


@dataclass(frozen=True)
class Mention:
    """A stretch of a text that names a value, of this option or, where several have it, of one of these."""

    start: int  # token
    end: int
    pairs: frozenset[Pair]
    gap: int = FAR  # words between it and the option's name, where that stands near
    weight: float = 1.0


@dataclass(frozen=True)
class Step:
    """A step up (1) or down (-1): "larger", "more storage"; without a name, of any option that has an order."""

    direction: int
    option: str | None = None


@dataclass(frozen=True)
class Wish:
    """What is wanted of a variant: each constraint is met by one of its pairs; options not named stay."""

    constraints: tuple[frozenset[Pair], ...] = ()
    steps: tuple[Step, ...] = ()
    again: bool = False  # the same one anew

    @property
    def empty(self) -> bool:
        """Tell whether nothing is said about the variant."""
        return not (self.constraints or self.steps or self.again)


@dataclass(frozen=True)
class Found:
    """What a wish comes to: the variant, or else those to choose from, the nearest to the wish first."""

    variant: Variant | None = None
    choices: tuple[Variant, ...] = ()
    missing: str | None = None  # why there is no variant: "sold_out" or "not_made"; None where several fit
    label: str = ""  # what was wished, in words
    met: bool = True  # the choices meet the wish as far as it was said


def option_values(product: Product) -> dict[str, list[str]]:
    """Return the values of each option of a product, in the order of the catalogue."""
    values: dict[str, list[str]] = {}
    for variant in product.variants:
        for option, value in variant.options.items():
            if value not in values.setdefault(option, []):
                values[option].append(value)
    return values


def mentions(
    product: Product, text: Sequence[Token], elsewhere: Mapping[str, Sequence[str]] | None = None
) -> list[Mention]:
    """Find the values of a product's options in a text; the longest match of a stretch counts.

    `elsewhere` has the values that the same options have in the rest of the shop: a wish for one of them isn't
    overheard, although this product doesn't come in it.
    """
    found: list[Mention] = []
    options = option_values(product)
    whole = {
        at for option in options for start, end in _whole_names(option, text) for at in range(start, end)
    }
    for option, values in options.items():
        names = _named_at(option, text, whole)
        if {value.casefold() for value in values} <= YES | NO:
            found += _switched(option, values, text, names)
            continue
        for value in values:
            found += _value_at(option, value, values, text, names)
        found += _switched_off(option, values, text, names)
    own = _longest(found)
    return sorted([*own, *_elsewhere(product, text, elsewhere or {}, own)], key=lambda each: each.start)


def _elsewhere(
    product: Product, text: Sequence[Token], elsewhere: Mapping[str, Sequence[str]], own: Sequence[Mention]
) -> list[Mention]:
    """Find values that a product's options have only in the rest of the shop, where nothing of its own is said."""
    found: list[Mention] = []
    for option, values in option_values(product).items():
        known = {words(value) for value in values}
        for value in elsewhere.get(option, ()):
            if words(value) not in known and value.casefold() not in YES | NO:
                found += _value_at(option, value, (), text, _named_at(option, text))
    name = set(words(product.name))
    return [
        each
        for each in _longest(found)
        if not any(each.start < other.end and other.start < each.end for other in own)
        and not {token.word for token in text[each.start : each.end]} & name
    ]


def _whole_names(option: str, text: Sequence[Token]) -> list[tuple[int, int]]:
    """Return where all of an option's name stands."""
    name = words(option)
    return [(at, at + n) for at in range(len(text)) if (n := found_at(name, text, at))]


def _named_at(
    option: str, text: Sequence[Token], whole: Container[int] = frozenset()
) -> list[tuple[int, int]]:
    """Return where an option's name stands: all of it, or a word of it, as in "capacity" or "resistance".

    `whole` are the places where names stand in full: the "color" of "frame color" is none of "lens color".
    """
    name = words(option)
    spans = _whole_names(option, text)
    if not spans and len(name) > 1:
        spans = [
            (at, at + 1)
            for at, token in enumerate(text)
            if at not in whole and any(len(word) > 3 and matching.same(token.word, word) for word in name)
        ]
    return spans


def _value_at(
    option: str, value: str, values: Sequence[str], text: Sequence[Token], names: Sequence[tuple[int, int]]
) -> list[Mention]:
    """Find one value: in full, or by the words that none of the option's other values has."""
    wanted = words(value)
    others = {word for other in values if other != value for word in words(other)}
    telling = [word for word in wanted if word not in others and word not in words(option)] if values else []
    found: list[Mention] = []
    at = 0
    while at < len(text):
        length, weight = found_at(wanted, text, at), 2.0 + len(wanted)
        if not length and len(wanted) > 1:
            inside = any(start <= at < end for start, end in names)  # "resistance" isn't "not resistant"
            partly = [word for word in telling if not inside and _tells(word, text, at)]
            length, weight = (1, 1.0) if partly else (0, 0.0)
        if length:
            gaps = [at - end if end <= at else start - at - length for start, end in names]
            gap = min((gap for gap in gaps if 0 <= gap <= NEAR), default=FAR)
            found.append(Mention(at, at + length, frozenset({(option, value)}), gap, weight))
        at += length or 1
    return found


def _tells(word: str, text: Sequence[Token], at: int) -> bool:
    """Tell whether a token says a part of a value that stands for all of it."""
    if word.isdigit() or len(word) < 2:
        return False
    return len(word) > 2 and matching.same(text[at].word, word)


def _switched(
    option: str, values: Sequence[str], text: Sequence[Token], names: Sequence[tuple[int, int]]
) -> list[Mention]:
    """Find yes or no to an option: "waterproof", "not waterproof", "water resistance: no"."""
    found = []
    for start, end in names:
        before = {token.word for token in text[max(start - 2, 0) : start]}
        after = text[end].word if end < len(text) else ""
        off = bool(before & NEGATIONS) or after in NO
        last = end + (after in NO | YES)
        value = next((each for each in values if (each.casefold() in NO) == off), None)
        if value is not None:
            found.append(Mention(start, last, frozenset({(option, value)}), 0, 3.0))
    return found


def _switched_off(
    option: str, values: Sequence[str], text: Sequence[Token], names: Sequence[tuple[int, int]]
) -> list[Mention]:
    """Find "no backlight" where the option has a value such as "none"."""
    value = next((each for each in values if each.casefold() in NO), None)
    if value is None:
        return []
    return [
        Mention(start - 1, end, frozenset({(option, value)}), 0, 3.0)
        for start, end in names
        if start and text[start - 1].word in NEGATIONS
    ]


def _longest(found: Sequence[Mention]) -> list[Mention]:
    """Keep the best mention of every stretch; options that share a value share it, unless one is named beside it."""
    ordered = sorted(found, key=lambda each: (-(each.end - each.start), -each.weight, each.gap, each.start))
    kept: list[Mention] = []
    for each in ordered:
        clash = next((other for other in kept if each.start < other.end and other.start < each.end), None)
        if clash is None:
            kept.append(each)
        elif _same_rank(clash) == _same_rank(each):
            kept.remove(clash)
            pairs = clash.pairs | each.pairs
            kept.append(Mention(each.start, each.end, pairs, each.gap, each.weight))
    return sorted(kept, key=lambda each: each.start)


def _same_rank(mention: Mention) -> tuple[int, int, float, int]:
    """Return what has to be alike in two mentions that share a stretch."""
    return mention.start, mention.end, mention.weight, mention.gap


def steps(product: Product, text: Sequence[Token]) -> tuple[Step, ...]:
    """Find wishes such as "larger" or "more storage" among options that have an order."""
    ordered = [
        option
        for option, values in option_values(product).items()
        if len(values) > 1 and rank(values[0], values) is not None
    ]
    found: list[Step] = []
    for entry, direction in (("up", 1), ("down", -1)):
        if places(phrases(entry), text):
            named = [option for option in ordered if _named_at(option, text)]
            found += [Step(direction, option) for option in named] or [Step(direction)]
    for entry, direction in (("more", 1), ("less", -1)):
        for _, end in places(phrases(entry), text):
            found += [
                Step(direction, option)
                for option in ordered
                if any(start - end in (0, 1) for start, _ in _named_at(option, text))
            ]
    return tuple(dict.fromkeys(found))


def find_variant(product: Product, current: Mapping[str, str], wish: Wish, pieces: int = 1) -> Found:
    """Find the variant that a wish means, beginning with the options of the one at hand.

    Options that aren't named stay as they are. Where that doesn't lead to one variant that can be had, the nearest
    ones that can are returned to choose from.
    """
    own = next((each for each in product.variants if dict(each.options) == dict(current)), None)
    if wish.again and own is not None and not wish.constraints and not wish.steps:
        return _decided(product, [own], current, wish, pieces)
    fits = [each for each in product.variants if _meets(product, each, current, wish)]
    fits = [each for each in fits if each is not own]
    free = [option for option in current if option not in _options_of(wish)]
    if wish.steps:
        staying = _nearest_step(product, fits, current, wish, free)
    else:
        staying = [each for each in fits if all(each.options.get(name) == current[name] for name in free)]
    return _decided(product, staying, current, wish, pieces, fits)


def _decided(
    product: Product,
    staying: Sequence[Variant],
    current: Mapping[str, str],
    wish: Wish,
    pieces: int,
    fits: Sequence[Variant] = (),
) -> Found:
    """Take the one that there is, or say what to choose from."""
    label = wished_label(current, wish, staying)
    here = [each for each in staying if each.can_be_had(pieces)]
    if len(here) == 1 and len(staying) == 1:
        return Found(variant=here[0], label=label)
    if here:
        return Found(choices=tuple(here[:SHOWN]), label=label)
    near = [each for each in fits if each.can_be_had(pieces)]
    others = [
        each for each in product.variants if each.can_be_had(pieces) and dict(each.options) != dict(current)
    ]
    ranked = near or sorted(others, key=lambda each: -_met(each, wish))
    ranked = sorted(ranked, key=lambda each: (-_met(each, wish), _distance(each, current, wish)))
    missing = "sold_out" if staying else "not_made"
    return Found(choices=tuple(ranked[:SHOWN]), missing=missing, label=label, met=bool(near))


def meets(variant: Variant, wish: Wish) -> bool:
    """Tell whether a variant has the options that were named."""
    return all(
        any(variant.options.get(option) == value for option, value in pairs) for pairs in wish.constraints
    )


def _meets(product: Product, variant: Variant, current: Mapping[str, str], wish: Wish) -> bool:
    """Tell whether a variant is what was wished, as far as it was said."""
    return meets(variant, wish) and all(_steps_up(product, variant, current, step) for step in wish.steps)


def _steps_up(product: Product, variant: Variant, current: Mapping[str, str], step: Step) -> bool:
    """Tell whether a variant lies in the direction that was wished."""
    values = option_values(product)
    for option in [step.option] if step.option else values:
        before, after = (
            rank(current.get(option, ""), values[option]),
            rank(variant.options.get(option, ""), values[option]),
        )
        if before is not None and after is not None and (after - before) * step.direction > 0:
            return True
    return False


def _nearest_step(
    product: Product, fits: Sequence[Variant], current: Mapping[str, str], wish: Wish, free: Sequence[str]
) -> list[Variant]:
    """Keep those that differ only in the options of the step (in one, where none was named), and least in them."""
    values = option_values(product)
    named = {step.option for step in wish.steps if step.option}
    loose = any(step.option is None for step in wish.steps)
    nearest: dict[frozenset[str], tuple[float, list[Variant]]] = {}
    for variant in fits:
        changed = {option for option in free if variant.options.get(option) != current.get(option)}
        if len(changed) != loose:
            continue
        moved = frozenset(changed | named)
        far = sum(
            _away(values[option], current.get(option, ""), variant.options.get(option, ""))
            for option in moved
        )
        least, chosen = nearest.get(moved, (far, []))
        if far < least:
            chosen = []
        if far <= least:
            nearest[moved] = (far, [*chosen, variant])
    return [variant for _, chosen in nearest.values() for variant in chosen]


def _away(values: Sequence[str], before: str, after: str) -> float:
    """Tell how far a value is from another one of its option."""
    return abs((rank(after, values) or 0.0) - (rank(before, values) or 0.0))


def _options_of(wish: Wish) -> set[str]:
    """Return the options that a wish speaks of."""
    named = {option for pairs in wish.constraints for option, _ in pairs}
    return named | {step.option for step in wish.steps if step.option}


def _met(variant: Variant, wish: Wish) -> int:
    """Count how many of the wishes a variant meets."""
    return sum(any(variant.options.get(o) == v for o, v in pairs) for pairs in wish.constraints)


def _distance(variant: Variant, current: Mapping[str, str], wish: Wish) -> int:
    """Count the options that would change without having been named."""
    named = _options_of(wish)
    return sum(
        variant.options.get(option) != value for option, value in current.items() if option not in named
    )


def wished_label(current: Mapping[str, str], wish: Wish, staying: Sequence[Variant] = ()) -> str:
    """Put the wished options into words, with those that stay."""
    if len(staying) == 1:
        return staying[0].label
    if wish.steps and not wish.constraints:
        return ""
    wanted = dict(current)
    for pairs in wish.constraints:
        if len(pairs) == 1:
            option, value = next(iter(pairs))
            wanted[option] = value
    return ", ".join(wanted.values())
