"""Reading an address out of a sentence: street, part of the building, city, state, ZIP code."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from actions.services.order_numbers import without_named
from actions.services.us_addresses import ZIP, Parts, state_code, states_of, words

LONGEST_TEXT = 600
MOST_CITY_WORDS = 4
MOST_STREET_WORDS = 9
SWAPPED = 3  # words of a "this, not that"

EMAIL = re.compile(r"\S+@\S+")
ORDER = re.compile(r"#?\b[A-Z]{1,2}[ .-]?\d{6,10}\b|#\d{6,10}\b|(?<![\w#-])\d{6}(?![\w-])", re.IGNORECASE)
DOTTED = re.compile(r"\b([A-Za-z])\.\s?([A-Za-z])\.")
TAKEN_BACK = re.compile(
    r"\bnot\s+(?!in\b)[^,;]+?\s+but\s+|\bfrom\s+[^,;]*?\d[^;]*?\s+to\s+(?=\d)"
    r"|,?\s*\b(?:and\s+)?(?:not|instead of|rather than)\s+(?!in\b)[^,.;]+",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?<![\w/#.-])(\d{1,6}[A-Za-z]?(?:-\d{1,5})?(?:\s\d/\d)?)\s+(?=[A-Za-z0-9])")
BOX = re.compile(r"\bp\.?\s?o\.?\s*box\s*#?\s*([\w-]*\d[\w-]*)|\bpost office box\s+(\w+)", re.IGNORECASE)
ROUTE = re.compile(
    r"(?:\b(?:county|state|us|farm|rural)\s+)?\b(?:highway|hwy|route|rte|road)\s+\d+[A-Za-z]?", re.IGNORECASE
)
STOP = re.compile(r"[,;:!?\n]|\.(?=\s|$)(?<!\b[A-Za-z]\.)(?<!\b[SFMsfm]t\.)|\s[-\N{EN DASH}]\s")
LABEL = re.compile(
    r"\b(?:(?P<part>city|state)|zip(?: ?code)?|postal code|postcode"
    r"|street(?: address)?|address(?: line)? ?[12]?|country)\s*:\s*",
    re.IGNORECASE,
)
LABELS = frozenset({"city", "town", "state"})
WRONG = re.compile(
    r"\b(?:wrong|incorrect|change|fix|correct)\b[^,;.]*\b(?P<part>city|town|state)\b(?P<rest>.*)",
    re.IGNORECASE,
)
SMALL = frozenset({"of", "the", "and", "de", "del", "la", "at"})
UNIT = re.compile(
    r"(?:\b(?P<word>apartment|apt|unit|suite|ste|floor|fl|room|rm|building|bldg|lot)\b\.?|(?P<mark>#))\s*"
    r"(?:(?:number|no\.?|#)\s*)?(?:(?:is|it'?s|should be|to|:|=)\s*)?"
    r"(?P<value>[A-Za-z]?-?\d{1,5}[A-Za-z]?(?:-\w{1,4})?|[A-Za-z])(?![\w@'])",
    re.IGNORECASE,
)
UNIT_ASKED = re.compile(
    r"\b(?P<word>apartment|apt|unit|suite|room|floor)\s*(?:number|no\.?)[^\w]*"
    r"(?:\w+\W+){0,3}?(?:is|it'?s|should be|to)\W*(?P<value>[A-Za-z]?-?\d{1,5}[A-Za-z]?|[A-Za-z])(?!\w)",
    re.IGNORECASE,
)
STOREY = re.compile(r"\b(?P<value>\d{1,3})(?:st|nd|rd|th)\s+(?P<word>floor)\b", re.IGNORECASE)
NO_UNIT = re.compile(
    r"\b(?:no|without(?: the| an?)?|remove the|drop the|(?:isn'?t|not) (?:an?|any)) (?:apartment|apt|unit|suite)\b"
    r"(?!\s*(?:number|no))(?!\s*#?\d)",  # "no, apt 4" names one
    re.IGNORECASE,
)
IS = r"\s*(?:name\s*)?(?:is|should be|should say|to|:|=|would be)\s+"
REST = r"([A-Za-z][A-Za-z .'-]*?)(?=[,;!?]|\.\s|\.?$|\s+(?:and|instead|please|in)\b)"
CITY_IS = re.compile(rf"\b(?:city|town){IS}{REST}", re.IGNORECASE)
STATE_IS = re.compile(rf"\bstate{IS}{REST}", re.IGNORECASE)
NUMBER_IS = re.compile(
    r"\bnumber\s*(?:is|it'?s|should be|to|:|was)\s*(\d{1,6}[A-Za-z]?)(?!\w)", re.IGNORECASE
)
STREET_IS = re.compile(rf"\bstreet{IS}{REST}", re.IGNORECASE)
THIS_NOT_THAT = re.compile(r"(.+?),?\s+(?:and\s+)?(?:not|instead of|rather than)\s+(.+)", re.IGNORECASE)
NOT_THAT = re.compile(r"\bnot\s+(.+?),?\s+(?:but|it'?s|its)\s+(.+)", re.IGNORECASE)


SLASHES = re.compile(r"\s+/\s+")
STATE_TIED = re.compile(
    r"(?<=[a-z])(?:-|\s+in\s+)([A-Z]{2})(?=\s*(?:,|\d{5}|\.|$))"
)  # "Dallas-TX", "Chicago in IL"
CODE_FIRST = re.compile(
    r"(?<![\w#-])(\d{5})\s+([A-Z][A-Za-z.' ]+?),?\s+([A-Z]{2})(?![A-Za-z])"
)  # "78202 San Antonio, TX"


def read_address(text: str, asked: str = "") -> Parts:
    """Read as much of an address as the words hold; `asked` is the part that was asked for last."""
    plain = _plain(TAKEN_BACK.sub(" ; ", text))
    no_unit = bool(NO_UNIT.search(plain))
    unit, plain = ("", plain) if no_unit else _unit(plain)
    street, before, after = _street(plain, asked)
    found = _place(after, bool(street), asked) if street else _place(before, False, asked)
    earlier = _place(before, False, "") if street and not found.postcode else found
    if earlier.postcode and not found.postcode:
        found = replace(earlier, city=found.city or earlier.city, state=found.state or earlier.state)
    parts = replace(found, line1=street, line2=unit, no_unit=no_unit)
    return _asked_for(parts, plain, asked)


def around_address(text: str) -> str:
    """Return the words around an address: what they say of an order or an account isn't the name of a street."""
    plain = _plain(text)
    street, before, after = _street(_unit(plain)[1], "")
    if not street:
        return text
    end = ZIP.search(after)
    return f"{before} ; {after[end.end() :] if end else after}"


def corrected(base: Parts, text: str) -> Parts | None:
    """Put what the words correct into an address; None where they correct nothing."""
    found = read_address(text)
    if found.some:
        return found.over(base)
    plain = _plain(text)
    wrong = WRONG.search(plain)
    if wrong:
        part = "state" if wrong["part"].lower() == "state" else "city"
        return corrected_part(base, wrong["rest"], part)
    number, name = NUMBER_IS.search(plain), STREET_IS.search(plain)
    if number and base.line1:
        return replace(base, line1=re.sub(r"^\d\S*", number[1], base.line1, count=1))
    if name and base.line1[:1].isdigit():
        return replace(base, line1=f"{base.line1.split()[0]} {_named(name[1])}")
    return _swapped(base, plain)


def corrected_part(base: Parts, text: str, part: str) -> Parts | None:
    """Put the one part that the words are about into an address; None where they don't name it."""
    found = read_address(text, part)
    if not getattr(found, part):
        return None
    return replace(base, state=found.state) if part == "state" else replace(base, city=found.city)


def _plain(text: str) -> str:
    """Write words on one line, without what is no part of an address."""
    line = re.sub(r"\s*[\r\n]+\s*|\s*[()\[\]]\s*", ", ", text[:LONGEST_TEXT])
    line = line.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    line = DOTTED.sub(lambda found: found[1] + found[2], line.replace('"', " "))
    line = LABEL.sub(lambda found: f", {found['part']} is " if found["part"] else ", ", line)
    line = SLASHES.sub(", ", line)
    line = STATE_TIED.sub(r", \1", line)
    line = CODE_FIRST.sub(r"\2, \3 \1", line)
    line = ORDER.sub(" ; ", EMAIL.sub(" ; ", without_named(line, " ; ")))
    return " ".join(line.split())


def _unit(text: str) -> tuple[str, str]:
    """Take the part of the building out of the words."""
    for pattern in (UNIT_ASKED, STOREY, UNIT):
        for found in pattern.finditer(text):
            word = (found["word"] if pattern is not UNIT else found["word"] or found["mark"]).lower()
            value = found["value"].lstrip("-").upper()
            if ZIP.fullmatch(value) or (word == "fl" and len(value) > SWAPPED):  # Florida, and a ZIP code
                continue
            return f"{words().units[word]} {value}", f"{text[: found.start()]} , {text[found.end() :]}"
    return "", text


def _street(text: str, asked: str) -> tuple[str, str, str]:
    """Find the line with the street; return it with the words before and after."""
    box = BOX.search(text)
    if box:
        return f"PO Box {(box[1] or box[2]).upper()}", text[: box.start()], text[box.end() :]
    weak: tuple[str, str, str] | None = None
    sure: tuple[str, str, str] | None = None
    for found in NUMBER.finditer(text):
        stop = STOP.search(text, found.end())
        end = stop.start() if stop else len(text)
        cut = _end_of_street(text[found.start() : end])
        if cut:
            sure = (
                text[found.start() : found.start() + cut],
                text[: found.start()],
                text[found.start() + cut :],
            )
        elif weak is None and not ZIP.fullmatch(found[1]) and (asked == "line1" or ZIP.search(text, end)):
            weak = (text[found.start() : end], text[: found.start()], text[end:])
    line, before, after = sure or weak or ("", text, "")
    if line and sure is None and ZIP.search(line):  # no comma before the city: "22 Broadway Denver CO 80218"
        line, after = "", ""
        before = text
    return (_street_line(line), before, after) if line else ("", before, after)


def _end_of_street(segment: str) -> int:
    """Tell where the street ends in a stretch without a comma; 0 where no word shows that it is a street."""
    route = ROUTE.search(segment)
    tokens = list(re.finditer(r"\S+", segment))
    if len(tokens) < 2:
        return 0
    plain = [token.group().strip(".,").lower() for token in tokens]
    kinds = [at for at, word in enumerate(plain) if at > 1 and word in words().streets]
    if kinds and plain[kinds[0]] == "st" and len(kinds) > 1 and kinds[1] - kinds[0] <= 2:
        kinds = kinds[1:]  # "22 Mount St Helens Road"
    if not kinds and route:
        beyond = next((token for token in tokens if token.start() >= route.end()), None)
        turned = beyond is not None and beyond.group().strip(".,").lower() in words().directions
        return beyond.end() if beyond and turned else route.end()
    if not kinds and plain[1] in words().streets and len(plain) > 2 and len(plain[2]) == 1:
        kinds = [2]  # "12 Avenue C"
    if not kinds:
        kinds = [at for at, word in enumerate(plain) if at > 0 and word in words().alone]
    if not kinds or kinds[0] > MOST_STREET_WORDS:
        return 0
    last = kinds[0]
    if last + 1 < len(plain) and plain[last + 1] in words().directions:
        last += 1
    return tokens[last].end()


def _street_line(line: str) -> str:
    """Write a street as on a label: "22 oak st." becomes "22 Oak Street"."""
    tokens = line.replace(",", " ").split()
    plain = [token.strip(".").lower() for token in tokens]
    kinds = [at for at, word in enumerate(plain) if at > 1 and word in words().streets]
    written = [_word(token, at) for at, token in enumerate(tokens)]
    if kinds and all(word in words().directions for word in plain[kinds[-1] + 1 :]):
        written[kinds[-1]] = words().streets[plain[kinds[-1]]]
    return " ".join(written)


def _word(token: str, at: int) -> str:
    """Write one word of a name; what was typed with care stays as it is."""
    bare = token.rstrip(".")
    if bare.lower() in words().directions and len(bare) <= 2:
        return bare.upper()
    if bare.lower() in SMALL and at > 1:
        return bare.lower()
    if bare[:1].isdigit():
        return bare.lower() if re.fullmatch(r"\d+(?:ST|ND|RD|TH)", bare) else bare
    typed = bare.islower() or (bare.isupper() and len(bare) > 2)
    return "-".join(part[:1].upper() + part[1:].lower() for part in bare.split("-")) if typed else bare


def _named(text: str) -> str:
    """Write the name of a street or a city."""
    tokens = text.replace(",", " ").split()
    return " ".join(_word(token, 0 if at == 0 else 2) for at, token in enumerate(tokens))


def _place(text: str, after_street: bool, asked: str) -> Parts:
    """Read city, state and ZIP code."""
    found = list(ZIP.finditer(text))
    chosen = (found[0] if after_street else found[-1]) if found else None
    postcode = chosen[1] if chosen else ""
    region = text[: chosen.start()] if chosen else text
    city, state, abroad, alone = "", "", "", ""
    loose = after_street or asked in ("city", "state")
    for segment in STOP.split(region):
        kept = _without_edges(segment)
        if not kept or (state and not alone):
            continue
        code, rest = _ending_state(kept, postcode, loose)
        if state and not code:
            continue
        foreign = " ".join(kept).lower() in words().abroad
        abroad = " ".join(kept) if foreign else abroad
        state = code
        name = "" if foreign else _city(rest if code else kept)
        if alone and code and not rest:
            name = alone  # "New York, TX": the first one was a city
        if name and (code or postcode or after_street):
            city = name
        alone = _named(" ".join(kept)) if code and not rest and not city else ""
        if alone and alone in ("New York", "Washington"):
            city, state = _its_own_city(kept, postcode, code)
    city_is, state_is = CITY_IS.search(text), STATE_IS.search(text)
    city = (_city(_without_edges(city_is[1])) if city_is else "") or city
    state = (state_code(state_is[1]) if state_is else "") or state
    if postcode and not state and len(states_of(postcode)) == 1:
        state = next(iter(states_of(postcode)))
    return Parts(city=city, state=state, postcode=postcode, abroad="" if state else abroad)


def _its_own_city(kept: list[str], postcode: str, code: str) -> tuple[str, str]:
    """Read "New York 10064" and "Washington 20056", where a state's name stands for a city."""
    known = states_of(postcode)
    if kept[0].lower() == "new":
        return ("New York", code) if code in known else ("", code)
    return ("Washington", "DC") if "DC" in known else ("", code)


def _without_edges(segment: str) -> list[str]:
    """Take the words of the sentence around it off both ends of a name."""
    kept = segment.strip(" .").split()
    while kept and (_beside(kept[0]) or kept[0] in LABELS or _only_new(kept)):
        kept.pop(0)
    while kept and _beside(kept[-1]):
        kept.pop()
    if kept and " ".join(kept).lower() in words().home:
        return []
    for home in words().home:
        size = len(home.split())
        if len(kept) > size and " ".join(kept[-size:]).lower() == home:
            return kept[:-size]
    return kept


def _only_new(kept: list[str]) -> bool:
    """Tell whether "new" is just that, and not the first word of New Orleans."""
    return kept[0].lower() == "new" and (len(kept) == 1 or _beside(kept[1]))


def _beside(token: str) -> bool:
    """Tell whether a word belongs to the sentence rather than to a name; "OR" and "IN" are states."""
    bare = token.strip(".,()'").lower().removesuffix("'s")
    state = token.isupper() and len(token) == 2 and state_code(token)
    return not state and (not bare or bare in words().not_cities)


def _ending_state(kept: list[str], postcode: str, loose: bool) -> tuple[str, list[str]]:
    """Find the state with which the words end; return its code and the words before."""
    for size in (3, 2, 1):
        if len(kept) < size:
            continue
        spelled = " ".join(kept[-size:])
        code = state_code(spelled)
        if not code:
            continue
        short = len(spelled.strip(".")) == 2 and not spelled.isupper()
        if short and not (
            code in states_of(postcode) if postcode else loose and spelled.lower() not in words().not_cities
        ):
            continue
        return code, kept[:-size]
    return "", kept


def _city(kept: list[str]) -> str:
    """Return the words as the name of a city, if they can be one."""
    kept = [word.strip(",()") for word in kept]
    fits = 0 < len(kept) <= MOST_CITY_WORDS and all(re.fullmatch(r"[^\W\d_][\w.'-]*", word) for word in kept)
    inside = any(word.lower() in words().not_cities for word in kept)
    return _named(" ".join(kept)) if fits and not inside else ""


def _asked_for(parts: Parts, plain: str, asked: str) -> Parts:
    """Take the whole answer for the part that was asked for, where nothing else was found in it."""
    if not asked or getattr(parts, asked) or "?" in plain:
        return parts
    kept = _without_edges(plain.strip(" ,;."))
    whole = " ".join(kept)
    if asked == "line1" and kept and len(kept) <= MOST_STREET_WORDS and not parts.some:
        known = any(w.strip(".,").lower() in words().streets for w in kept) or whole[:1].isdigit()
        return replace(parts, line1=_street_line(whole)) if known and not ZIP.fullmatch(whole) else parts
    if asked == "city":
        name = _city(kept)
        own = whole.lower() in ("new york", "washington")  # cities that are called like a state
        return replace(parts, city=name) if name and (own or not state_code(whole)) else parts
    if asked == "state":
        return replace(parts, state=state_code(plain.strip(" ,;.")) or state_code(whole))
    return parts


def _swapped(base: Parts, plain: str) -> Parts | None:
    """Follow "Maple, not Marple": the second is looked for in the address, and the first takes its place."""
    told, turned = THIS_NOT_THAT.search(plain), NOT_THAT.search(plain)
    pairs = [(told[1].split(), told[2].split())] if told else []
    if turned:
        wrong, right = turned[1].split(), turned[2].split()
        pairs.append((right[: len(wrong)], wrong))
    for rights, wrongs in pairs:
        for size in range(min(SWAPPED, len(wrongs), len(rights)), 0, -1):
            wrong = " ".join(wrongs[:size]).strip(" .,;!'")
            right = " ".join(rights[-size:]).strip(" .,;!'")
            for name in ("line1", "city", "line2"):
                value = getattr(base, name)
                pattern = re.compile(rf"(?<!\w){re.escape(wrong)}(?!\w)", re.IGNORECASE)
                if wrong and right and pattern.search(value):
                    new: dict[str, Any] = {name: pattern.sub(_named(right), value, count=1)}
                    return replace(base, **new)
    return None
