"""What policies see of a slot; the numbers are those of Rasa's slot features."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.slots import SLOT_TYPES, Slot, truthy


@pytest.mark.parametrize("kind", [*SLOT_TYPES, "my.own.Slot"])
def test_an_empty_slot_and_one_without_influence_show_nothing(kind: str) -> None:
    assert Slot("x", kind).features(None) is None
    assert Slot("x", kind, influence_conversation=False).features("a") is None


@pytest.mark.parametrize(
    ("slot", "value", "features"),
    [
        (Slot("x", "any"), "a", None),
        (Slot("x", "text"), "a", (1.0,)),
        (Slot("x", "text"), "", (1.0,)),
        (Slot("x", "bool"), True, (1.0, 1.0)),
        (Slot("x", "bool"), False, (1.0, 0.0)),
        (Slot("x", "bool"), "yes", (1.0, 1.0)),
        (Slot("x", "float"), 0.25, (1.0, 0.25)),
        (Slot("x", "float"), "0.25", (1.0, 0.25)),
        (Slot("x", "float", minimum=0.0, maximum=10.0), 20, (1.0, 1.0)),
        (Slot("x", "float", minimum=5.0, maximum=10.0), 0, (1.0, 0.0)),
        (Slot("x", "float", minimum=5.0, maximum=5.0), 5, (1.0, 0.0)),
        (Slot("x", "float"), "many", (0.0, 0.0)),
        (Slot("x", "float"), [1], (0.0, 0.0)),
        (Slot("x", "list"), ["a"], (1.0,)),
        (Slot("x", "list"), [], (0.0,)),
        (Slot("x", "list"), 5, (0.0,)),
        (Slot("x", "categorical", values=("S", "M")), "m", (0.0, 1.0)),
        (Slot("x", "categorical", values=("S", "M")), "L", (0.0, 0.0)),
        (Slot("x", "categorical", values=("S", "__other__")), "L", (0.0, 1.0)),
        (Slot("x", "categorical", values=("1", "2")), 2, (0.0, 1.0)),
        (Slot("x", "categorical"), "L", ()),
        (Slot("x", "my.own.Slot"), "a", (1.0,)),
    ],
)
def test_features(slot: Slot, value: Any, features: tuple[float, ...] | None) -> None:
    assert slot.features(value) == features


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True), (False, False), (1, True), (0, False), (1.0, True), ("true", True), (" True ", True), ("1", True),
        ("1.0", True), ("yes", True), ("no", False), ("false", False), ("", False), ("0", False), (None, False),
    ],
)  # fmt: skip
def test_what_counts_as_true(value: Any, expected: bool) -> None:
    assert truthy(value) is expected
