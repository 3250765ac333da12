"""Answers to open questions, and what they quote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """An article that an answer quotes."""

    title: str
    url: str | None = None
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer from the knowledge base; `known` is False where the articles do not say."""

    text: str
    sources: tuple[Source, ...] = ()
    known: bool = True
    confidence: float = 0.0
