"""Where values stand in a YAML text."""

from __future__ import annotations

from frontdesk.formats.places import behind_comments, column, locate, next_line, style_of
from frontdesk.formats.writer import Style

TEXT = """\
# a
names: [one, 'two']  # b
story: &x
    - steps:
        -   action: "a # b"
      also: |
        - line

        - last

# c
gone:
again: *x
"""


def shown(keys: tuple[str | int, ...]) -> str:
    node = locate(TEXT).at(keys)
    assert node is not None
    return TEXT[node.start : node.end]


def test_values_are_found_with_their_ends() -> None:
    assert shown(("names",)) == "[one, 'two']"
    assert shown(("names", 1)) == "'two'"
    assert shown(("story", 0, "steps", 0, "action")) == '"a # b"'
    assert shown(("story", 0, "also")) == "|\n        - line\n\n        - last"
    assert shown(("story",)).endswith("- last")
    assert shown(("again",)) == "*x"


def test_what_is_not_there_is_none() -> None:
    tree = locate(TEXT)
    gone = tree.at(("gone",))
    assert gone is not None
    assert gone.empty
    assert TEXT[: gone.end].endswith("gone:")
    assert tree.at(("story", 1)) is None
    assert tree.at(("names", 0, "x", "y")) is None
    assert locate("# nothing\n").empty


def test_lines_and_columns() -> None:
    at = TEXT.index("also")
    assert column(TEXT, at) == 6
    assert TEXT[next_line(TEXT, at) :].startswith("        - line")
    assert next_line("a", 0) == 1


def test_comments_that_are_deeper_belong_to_what_is_above() -> None:
    text = "- a\n  # of a\n\n  # too\n\n# of b\n- b\n"
    assert text[behind_comments(text, 4, 0) :] == "\n# of b\n- b\n"


def test_the_style_is_that_of_the_first_tree_that_shows_it() -> None:
    tree = locate(TEXT)
    steps = tree.at(("story", 0, "steps"))
    assert steps is not None
    assert style_of(TEXT, tree) == Style(offset=4, gap=2, indent=2)
    assert style_of(TEXT, steps, tree) == Style(offset=4, gap=4, indent=2)
    assert style_of("a: 1\n", locate("a: 1\n")) == Style()
