from __future__ import annotations

from actions.flows.memo import looked_up, one_look, seen_before


def test_that_within_a_block_one_look_is_enough() -> None:
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        return len(looks)

    assert [looked_up("a", look), looked_up("a", look)] == [1, 2]
    with one_look():
        assert [looked_up("a", look), looked_up("a", look), looked_up("b", look)] == [3, 3, 4]
    with one_look():
        assert looked_up("a", look) == 5
    assert looked_up("a", look) == 6


def test_that_nothing_found_is_found_once_too() -> None:
    looks: list[None] = []
    with one_look():
        for _ in range(3):
            assert looked_up("a", lambda: looks.append(None)) is None
    assert len(looks) == 1


def test_what_was_seen_before() -> None:
    assert looked_up("a", lambda: 1) == 1
    assert seen_before("a") is None, "outside of a block nothing is kept"
    with one_look():
        assert seen_before("a") is None
        looked_up("a", lambda: 2)
        assert seen_before("a") == 2
