"""One wish for several orders: each of them gets its words."""

from __future__ import annotations

import pytest

from actions.flows.each_order import by_order


@pytest.mark.parametrize(
    ("text", "how", "parted"),
    [
        ("cancel L204991", "whole", ["cancel L204991"]),
        ("cancel L204991, L204880", "whole", ["cancel L204991,", "cancel , L204880"]),
        ("cancel L204991 and 204991", "whole", ["cancel L204991 and 204991"]),
        (
            "in L204961 make the mugs sage and in L204963 make the backpack black",
            "clauses",
            ["in L204961 make the mugs sage and", "in L204963 make the backpack black"],
        ),
        ("the mugs in #W2307204 and #W2307205", "", ["the mugs in #W2307204 and #W2307205"]),
    ],
)
def test_that_words_go_with_their_order(text: str, how: str, parted: list[str]) -> None:
    assert by_order(text, how) == parted
