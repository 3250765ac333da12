"""Words that are compared: typos are forgiven, other words are not taken for one."""

from __future__ import annotations

import pytest

from actions.services.matching import same


@pytest.mark.parametrize(
    ("word", "other", "expected"),
    [
        ("charcoal", "charcoal", True),
        ("chrcoal", "charcoal", True),
        ("forrest", "forest", True),
        ("keybaord", "keyboard", True),
        ("headfone", "headphone", True),
        ("wireles", "wireless", True),
        ("forget", "forest", False),  # another word
        ("lamp", "damp", False),
        ("sage", "sago", False),  # too short to tell
        ("matte", "latte", False),
    ],
)
def test_a_slip_in_a_long_word_is_forgiven(word: str, other: str, expected: bool) -> None:
    assert same(word, other) is same(other, word) is expected
