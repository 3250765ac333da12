"""Texts of customers, tamed before they become a ticket."""

from __future__ import annotations

LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000


def subject_of(text: str) -> str:
    """Make a subject: one line, not too long, never empty."""
    return one_line(text)[:LONGEST_SUBJECT] or "Request"


def body_of(text: str) -> str:
    """Make a body: printable, not too long."""
    return printable(text)[:LONGEST_BODY]


def printable(text: str) -> str:
    """Drop control characters other than line breaks and tabs."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable()).strip()


def one_line(text: str) -> str:
    """Put a text on one line."""
    return printable(" ".join(text.split()))
