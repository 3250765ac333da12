from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from frontdesk.knowledge.base import Articles
from frontdesk.testing.fakes import FakeEmbedder

LIBRARY = {
    "opening": """
        ---
        title: Opening hours
        url: /help/opening
        questions:
          - when are you open
          - are you open on sunday
        ---

        ## Hours of the reading room

        The reading room is open from {hours.first} to {hours.last}. On Sunday the reading room is closed.

        ## Public holidays

        On public holidays the doors stay shut. Books can be left in the box next to the door.
        """,
    "cards": """
        ---
        title: Library cards
        url: /help/cards
        questions:
          - how do I get a library card
          - how much does a library card cost
        ---

        ## Getting a library card

        To get a library card:

        1. Fill in the form.
        2. Show your passport.
        3. Pay the fee of {cards.fee}.

        ## Losing a library card

        A lost library card is replaced within {cards.days} days. It costs {cards.fee}.
        """,
    "noise": """
        ---
        title: Music and noise
        url: /help/noise
        questions:
          - may I listen to music
        ---

        ## Music in the building

        Music is welcome with headphones. Loud telephone calls are not.
        """,
}
FACTS = {"hours": {"first": "9 am", "last": "8 pm"}, "cards": {"fee": "$4.50", "days": 3}}


@pytest.fixture
def write(tmp_path):
    """Write articles into a folder: name -> text."""

    def write(articles: dict[str, str]) -> Path:
        folder = tmp_path / "kb"
        for name, text in articles.items():
            file = folder / f"{name}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def embedder():
    return FakeEmbedder(256)


@pytest.fixture
def library(write, embedder, tmp_path):
    """Return a maker of a small knowledge base with three articles."""

    def make(llm=None, **changes: str) -> Articles:
        Articles.build(write({**LIBRARY, **changes}), FACTS, embedder, tmp_path / "out")
        return Articles.load(tmp_path / "out", embedder, llm)

    return make
