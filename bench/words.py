"""Words that nobody has said before, so that no text of a benchmark is ever repeated."""

from __future__ import annotations

CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
SYLLABLES = [c + v for c in CONSONANTS for v in VOWELS]
LENGTH = 4
NUMBER = len(SYLLABLES) ** LENGTH
STEP = (
    15_485_863  # a prime that does not divide NUMBER: neighbouring numbers get words that look nothing alike
)


class WordsSpent(Exception):
    """Raised where more words are asked for than there are."""


def word(number: int) -> str:
    """Return the word of a number, capitalized like a name; no two numbers share one.

    >>> word(0), word(1)
    ('Babababa', 'Polefara')
    """
    if not 0 <= number < NUMBER:
        raise WordsSpent(f"There are {NUMBER:,} words; number {number:,} is none of them.")
    place = number * STEP % NUMBER
    parts = []
    for _ in range(LENGTH):
        place, index = divmod(place, len(SYLLABLES))
        parts.append(SYLLABLES[index])
    return "".join(parts).capitalize()
