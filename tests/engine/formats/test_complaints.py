"""Complaints are collected, sorted by place, and shown twenty at a time."""

from __future__ import annotations

from typing import Any

import pytest

from frontdesk.core.training import Place
from frontdesk.errors import ConfigError
from frontdesk.formats.complaints import Complaints, ProjectError, describe


def test_one_error_says_all_in_the_order_of_lines() -> None:
    complaints = Complaints()
    complaints.error("Second.", Place("b.yml", 10))
    complaints.error("First.", Place("b.yml", 9), "Do this.")
    complaints.doubt("Zeroth.", Place("a.yml"))
    complaints.notice("Never raised.", None)
    with pytest.raises(ProjectError) as caught:
        complaints.raise_all()
    assert str(caught.value) == (
        "There are 3 problems in the project:\n  a.yml: Zeroth.\n  b.yml:9: First. Do this.\n  b.yml:10: Second."
    )
    assert [c.where for c in caught.value.complaints] == ["a.yml", "b.yml:9", "b.yml:10"]


def test_twenty_are_shown() -> None:
    complaints = Complaints()
    for line in range(25):
        complaints.error("Bad.", Place("a.yml", line))
    with pytest.raises(ProjectError) as caught:
        complaints.raise_all()
    assert str(caught.value).count("Bad.") == 20
    assert str(caught.value).endswith("... and 5 more.")


def test_doubts_are_raised_only_where_reading_is_strict() -> None:
    complaints = Complaints()
    complaints.unknown("fruit", "aple", ["apple"], Place("a.yml", 1))
    complaints.raise_all(strict=False)
    with pytest.raises(
        ProjectError, match="There is a problem in the project:\n  a.yml:1: No fruit is called 'aple'."
    ):
        complaints.raise_all()


def test_caught_errors_keep_their_place() -> None:
    complaints = Complaints()
    complaints.caught(ConfigError("Odd.", where="x.yml:3"))
    with pytest.raises(ProjectError, match="x.yml:3: Odd."):
        complaints.raise_all(strict=False)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "nothing"), ("", "nothing"), ({}, "a mapping"), ([], "a list"), (True, "'true'"), (3, "'3'")],
)
def test_values_are_described(value: Any, words: str) -> None:
    assert describe(value) == words
    assert len(describe("x" * 100)) == 42


def test_shapes_are_checked(desk: Any) -> None:
    root = desk.block("a: [1]\nb: {c: 1}\nd: maybe\ne: many\nf:\ng: [x, [y]]\nh: 5\n")
    c = desk.complaints
    assert c.block(root["a"], root.at("a"), "A") == {}
    assert c.items(root["b"], root.at("b"), "B") == []
    assert c.flag(root, "d", True) is True
    assert c.flag(root, "f", True) is False
    assert c.number(root, "e", 2.0) == 2.0
    assert c.text(root["f"], root.at("f"), "F") is None
    assert c.texts(root["g"], root.at("g"), "G") == ("x",)
    assert c.text(root["h"], root.at("h"), "H") == "5"
    assert c.block(None, root.place, "N") == {}
    c.keys(root, ("a", "b", "d", "e", "f", "g", "hh"), "It")
    assert desk.errors == [
        "file.yml:1: A must be a mapping ('key: value'), not a list.",
        "file.yml:2: B must be a list ('- ...'), not a mapping.",
        "file.yml:3: 'd' must be true or false, not 'maybe'.",
        "file.yml:4: 'e' must be a number, not 'many'.",
        "file.yml:5: F must be a text, not nothing.",
        "file.yml:6: Each entry of G must be a text, not a list.",
        "file.yml:7: It has no key 'h'. Did you mean 'hh'?",
    ]
