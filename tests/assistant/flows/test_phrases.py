"""Words are written in one way, and phrases found in them as whole words."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.flows.phrases import phrases, plain, speaks


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("That's  CORRECT, thank-you!", "thats correct thank you"),
        ("don\N{RIGHT SINGLE QUOTATION MARK}t", "dont"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE}_au lait", "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait"),
        ("?!", ""),
    ],
)
def test_that_words_are_written_plainly(text, written):
    assert plain(text) == written


def test_that_a_phrase_is_found_as_whole_words(tmp_path: Path):
    table = tmp_path / "words.yml"
    table.write_text("ends: [leave, leave it, don't ... need]\n", encoding="utf-8")
    assert phrases(table) == {"ends": ("dont ... need", "leave it", "leave")}
    assert speaks(table, "ends", "Please LEAVE it.")
    assert not speaks(table, "ends", "it leaves the house")
