"""Take personal data out of texts that go to logs, brokers and exports."""

from __future__ import annotations

import re

_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")
# Written in groups as on the card, also between other numbers: "4242 4242 4242 4242 22 Oak Street".
_GROUPED = re.compile(r"(?<!\d)(?=(\d{4}(?:[ -]\d{4}){3}|\d{4}[ -]\d{6}[ -]\d{5})(?!\d))")
_PATTERNS = (
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("card", _CARD),
    ("phone", re.compile(r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)")),  # with the code of a country
    ("phone", re.compile(r"(?<![\w.-])(?:\d{1,3}[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b")),
    ("phone", re.compile(r"(?<![\w.-])0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}\b")),
    ("token", re.compile(r"\bfdk_[0-9a-f]{12}_[\w-]{43}")),
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")),
    # Keys of Stripe, OpenAI, GitHub, Slack and Amazon, and whatever else stood in a header.
    ("token", re.compile(r"\b(?:(?:sk|rk|pk|whsec)[_-]|gh[a-z]_|xox[a-z]-|xapp-)[\w-]{16,}")),
    ("token", re.compile(r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b")),
    ("token", re.compile(r"(?i)\bbearer\s+[\w.~+/-]{16,}=*")),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class PatternRedactor:
    """Replaces e-mail addresses, card and account numbers, phone numbers and tokens by what they are.

    >>> PatternRedactor().redact("write to ann@example.com")
    'write to [email]'
    """

    def redact(self, text: str) -> str:
        """Return the text without them."""
        for kind, pattern in _PATTERNS:
            text = without_cards(text) if kind == "card" else pattern.sub(f"[{kind}]", text)
        return text


def without_cards(text: str) -> str:
    """Return the text without card numbers; everything else in it is kept.

    >>> without_cards("use 4242 4242 4242 4242, ann@example.com")
    'use [card], ann@example.com'
    """
    end = len(text)
    for found in reversed([*_GROUPED.finditer(text)]):
        if _is_card(found[1]) and found.end(1) <= end:
            end = found.start(1)
            text = f"{text[:end]}[card]{text[found.end(1) :]}"
    return _CARD.sub(lambda match: "[card]" if _is_card(match.group()) else match.group(), text)


def _is_card(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()]
    doubled = [d if i % 2 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits, start=len(digits) % 2)]
    return sum(doubled) % 10 == 0


def one_line(text: str) -> str:
    """Return the text with line breaks and control characters made visible, so that nobody can forge a log line."""
    return _CONTROL.sub(lambda m: m.group().encode("unicode_escape").decode(), text)
