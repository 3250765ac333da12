"""Cut English text into comparable words: lower case, light stems, one spelling for British and American."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:[.,][0-9]+)*(?:['\u2019][a-z]+)*(?:-[a-z0-9]+(?:['\u2019][a-z]+)*)*")
_VOWEL = re.compile(r"[aeiouy]")

_STOP = """
a about actually after again all already also am an and any anybody anyone anything are arent as at be because
been being but by can cannot cant could couldnt did didnt do does doesnt doing dont each either else ever
every for from get gets getting go goes going got had has hasnt have havent having he hello her here hers hi
him his how however i id if ill im in into is isnt it its ive just let lets like made make may maybe me might
mine more most much must my myself need needs no nor not now of off oh ok okay on once one only or other our
ours out over own please really shall she should shouldnt since so some somebody someone something such sure
take tell than thank thanks that thats the their theirs them then there theres these they theyre thing things
this those though thru to too u ur us use used using very want wants was wasnt way we well were werent what
whatever whats when where wheres which while who whom whose why will with within without wont would wouldnt
yes yet you your youre yours yourself youve
"""
STOP_WORDS = frozenset(_STOP.split())


def words(text: str) -> list[str]:
    """Return the stems of all words that carry meaning, in order.

    >>> words("Was my e-mail CANCELLED? The colours aren't shipped.")
    ['email', 'cancel', 'color', 'ship']
    """
    return [stem for stem in map(stem_of, raw_words(text)) if stem]


def raw_words(text: str) -> list[str]:
    """Return words in lower case without accents; a short beginning before a hyphen is joined (e-mail)."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    found: list[str] = []
    for match in _WORD.findall(folded):
        parts = match.replace("'", "").replace("\u2019", "").split("-")
        found += ["".join(parts)] if len(parts) > 1 and len(parts[0]) <= 2 and parts[0].isalpha() else parts
    return found


@lru_cache(maxsize=50_000)
def stem_of(word: str) -> str:
    """Return a word's stem, or nothing for a stop word."""
    if word in STOP_WORDS:
        return ""
    if word[0].isdigit() or len(word) < 4:
        return word
    return _spelling(_bare(word))


def _bare(word: str) -> str:
    """Take off plurals and the endings of verbs."""
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word.endswith(("ation", "ating", "ated")) and len(word) > 8:
        word = word[: word.rindex("at")]
    elif word.endswith("ing") and len(word) > 5 and _VOWEL.search(word[:-3]):
        word = word[:-3]
    elif word.endswith("ied") and len(word) > 4:
        word = word[:-3] + "y"
    elif (word.endswith("ed") and len(word) > 4 and _VOWEL.search(word[:-2])) or (
        word.endswith("ly") and len(word) > 5
    ):
        word = word[:-2]
    elif word.endswith("ment") and len(word) > 7:
        word = word[:-4]
    return word


def _spelling(word: str) -> str:
    """Write doubled letters once and British endings as American ones; collisions do no harm."""
    if len(word) > 4 and word.endswith("our"):
        word = word[:-3] + "or"
    if len(word) > 4 and word.endswith("tre"):
        word = word[:-2] + "er"
    word = word.removesuffix("e") if len(word) > 3 else word
    if len(word) > 5 and word.endswith("is"):
        word = word[:-1] + "z"
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word
