"""Check a text against the passages that it claims to rest on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from frontdesk.knowledge.passages import sentences
from frontdesk.knowledge.words import raw_words, words

SENTENCE_SHARE = 0.4
TEXT_SHARE = 0.55
"""Share of the meaningful words of one sentence, and of the whole text, that must stand in the passages."""

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)[^\s<>\"')\]]+", re.IGNORECASE)
_DOMAIN = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s<>\"')\]]*)?", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|\]\(|```|^#{1,6}\s", re.MULTILINE)
_NUMBER = re.compile(r"([$\u20ac\u00a3\u00a5]?)\s?(\d+(?:,\d{3})*(?:\.\d+)?)\s?(%?)")
_ORDINAL = re.compile(r"^\s*\d{1,2}[.)]\s+", re.MULTILINE)
_WORD = re.compile(r"[a-z]+")
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_SPELLED = {word: str(number) for number, word in enumerate(_SMALL.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "ninety": "90",
    "hundred": "100",
    "half": "half",
}
_SPELLED_OUT = re.compile(
    rf"\b({'|'.join(word for word in _SPELLED if word not in ('zero', 'one'))})\b", re.IGNORECASE
)
_UNITS = {
    "second": "s", "minute": "m", "min": "m", "hour": "h", "day": "d", "week": "w", "month": "mo", "year":
    "y", "am": "am", "pm": "pm", "dollar": "$", "cent": "c", "percent": "%", "mile": "mi", "meter": "mt",
    "kilogram": "kg", "pound": "lb",
}  # fmt: skip
_CLAUSE_END = re.compile(r"[,;:.!?()]+(?:\s|$)|\n")
_ANSWER_WORD = re.compile(r"^\s*(?:yes|no|sorry)\b[,.!]*\s*", re.IGNORECASE)
_DENIAL = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|cannot|without|neither|nor|except|excluded|excluding|unless)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
ALIKE = 0.6
"""From which overlap of their words (Dice) on two clauses are taken to speak of the same thing."""
# Words that promise something; a passage has to make the promise too.
_PROMISING = """
always never free guarantee guaranteed unlimited lifetime immediately instantly anytime everywhere worldwide
january february march april june july august september october november december monday tuesday wednesday
thursday friday saturday sunday today tomorrow tonight yesterday
"""
_PROMISES = frozenset(_PROMISING.split())


def unsupported(text: str, passages: str) -> str | None:
    """Return what a text says that its passages do not, in words for a log, or None if nothing was found.

    Every number (with its currency, percent sign or unit of time), address and e-mail must stand in the
    passages, and so must most of the words; a clause must not deny what its nearest clause there says, or say
    what that one denies. Who does what to whom is not understood: a sentence of the right words can still be
    wrong.
    """
    if _MARKUP.search(text):
        return "it holds markup."
    for check in (_addresses, _numbers, _promises, _strange_sentences, _opposites):
        for found in check(text, passages):
            return f"{found} is not in the passages it cites."
    return None


def _addresses(text: str, passages: str) -> Iterator[str]:
    for pattern in (_EMAIL, _ADDRESS, _DOMAIN):
        known = {_trimmed(match) for match in pattern.findall(passages)}
        yield from (f"'{match}'" for match in pattern.findall(text) if _trimmed(match) not in known)


def _trimmed(address: str) -> str:
    return address.rstrip(".,;:!?").lower()


def _numbers(text: str, passages: str) -> Iterator[str]:
    known = set(_quantities(passages))
    bare = {number for number, _ in known}
    for number, unit in _quantities(_ORDINAL.sub("", text)):
        if number not in bare or (unit and (number, unit) not in known):
            yield f"'{number} {unit}'".replace(" '", "'")


def _quantities(text: str) -> Iterator[tuple[str, str]]:
    """Yield each number with its unit ("" where none follows); spelled-out numbers count as digits."""
    text = _SPELLED_OUT.sub(lambda match: _SPELLED[match[1].lower()], text)
    text = re.sub(r"\bhalf\b", "0.5", text)
    for match in _NUMBER.finditer(text):
        currency, digits, percent = match.groups()
        number = digits.replace(",", "")
        number = number.rstrip("0").rstrip(".") if "." in number else number
        unit = "%" if percent else currency or _unit_after(text[match.end() : match.end() + 40])
        yield number, unit


def _unit_after(text: str) -> str:
    """Return the unit of time or measure within the next three words of the same clause."""
    clause = re.split(r"[.,;:!?()\n]", text, maxsplit=1)[0]
    for word in _WORD.findall(clause.lower())[:3]:
        unit = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
        if unit:
            return unit
    return ""


def _promises(text: str, passages: str) -> Iterator[str]:
    known = set(raw_words(passages))
    yield from (f"'{word}'" for word in raw_words(text) if word in _PROMISES and word not in known)


def _strange_sentences(text: str, passages: str) -> Iterator[str]:
    known = set(words(passages))
    meaning = words(text)
    if meaning and sum(word in known for word in meaning) < TEXT_SHARE * len(meaning):
        yield "most of it"
    for sentence in sentences(text):
        own = words(sentence)
        if len(own) >= 4 and sum(word in known for word in own) < SENTENCE_SHARE * len(own):
            yield f"'{sentence[:60]}'"


def _opposites(text: str, passages: str) -> Iterator[str]:
    """Yield clauses that deny what the nearest clause of the passages says, or the other way round."""
    known = [(set(words(clause)), _denies(clause)) for clause in _clauses(passages)]
    for clause in _clauses(text):
        own = set(words(clause))
        if len(own) < 2 or not known:
            continue
        likeness = [
            (2 * len(own & other) / (len(own) + len(other)), denied) for other, denied in known if other
        ]
        best = max((share for share, _ in likeness), default=0.0)
        if best >= ALIKE and all(denied != _denies(clause) for share, denied in likeness if share == best):
            yield f"'{clause[:60]}'"


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE_END.split(_ANSWER_WORD.sub("", text)) if clause.strip()]


def _denies(clause: str) -> bool:
    return _DENIAL.search(clause) is not None
