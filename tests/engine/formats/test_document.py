"""Files are added to in their own style; every other byte stays, or nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.errors import ConfigError
from frontdesk.formats import document as documents
from frontdesk.formats.document import Document, commit
from frontdesk.formats.yaml import plain


def opened(folder: Path, text: str | bytes) -> Document:
    path = folder / "file.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Document(path, "file.yml")


def added(folder: Path, text: str, *lines: str, keys: tuple[str | int, ...] = ("nlu", 0, "examples")) -> str:
    document = opened(folder, text)
    assert document.add_lines(keys, lines)
    return document.raw.decode()


BLOCK = """\
# what people say
nlu:
  - intent: greet   # hello
    examples: |
      - hi
      # - not any more

      - hello
      # the end
  # between
  - intent: bye
    examples: |
      - bye
"""


def test_a_line_goes_below_the_last_line_of_its_block(tmp_path: Path) -> None:
    assert added(tmp_path, BLOCK, "hey", "'morning: you") == BLOCK.replace(
        "      - hello\n", "      - hello\n      - hey\n      - 'morning: you\n"
    )


def test_a_line_is_written_as_the_one_above_it(tmp_path: Path) -> None:
    text = "nlu:\n- intent: greet\n  examples: |\n      -  hi\n      -   hello\nrest: 1\n"
    assert added(tmp_path, text, "hey") == text.replace("hello\n", "hello\n      -   hey\n")


def test_line_ends_of_windows_are_kept(tmp_path: Path) -> None:
    text = BLOCK.replace("\n", "\r\n")
    assert added(tmp_path, text, "hey") == text.replace("- hello\r\n", "- hello\r\n      - hey\r\n")


def test_a_file_without_a_last_line_end_gets_none(tmp_path: Path) -> None:
    text = "nlu:\n- intent: greet\n  examples: |\n    - hi"
    assert added(tmp_path, text, "hey", "yo") == text + "\n    - hey\n    - yo"


def test_a_byte_order_mark_is_kept(tmp_path: Path) -> None:
    document = opened(tmp_path, b"\xef\xbb\xbfintents: [a]\n")
    assert document.add_items(("intents",), ["b"])
    assert document.raw == b"\xef\xbb\xbfintents: [a, b]\n"


def test_texts_of_another_kind_take_no_lines(tmp_path: Path) -> None:
    document = opened(tmp_path, 'a: "- x"\nb: [x]\nc: >\n  - x\nd: |\n  words\n')
    for keys in (("a",), ("b",), ("c",), ("d",), ("e",), ("a", "b")):
        assert not document.add_lines(keys, ["y"])
    assert not document.changed


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("names:\n- a\n- b\nrest: 1\n", "names:\n- a\n- b\n- new\nrest: 1\n"),
        ("names:\n  - a # one\n\n  - b\n  # of b\n", "names:\n  - a # one\n\n  - b\n  # of b\n\n  - new\n"),
        ("names:\n    -   a\n# rest\nrest: 1\n", "names:\n    -   a\n    -   new\n# rest\nrest: 1\n"),
        ("names: [a, 'b' ]  # few\n", "names: [a, 'b', new ]  # few\n"),
        ("names: []\n", "names: [new]\n"),
        ("names:   # none yet\nrest:\n  - x\n", "names:   # none yet\n  - new\nrest:\n  - x\n"),
        ("names:", "names:\n- new"),
    ],
)
def test_entries_go_below_the_last_one(tmp_path: Path, text: str, after: str) -> None:
    document = opened(tmp_path, text)
    assert document.add_items(("names",), ["new"])
    # a comment at the depth of the dashes belongs to nothing above it
    assert document.raw.decode() in (after, after.replace("  # of b\n\n  - new\n", "\n  - new\n  # of b\n"))
    assert plain(document.root)["names"][-1] == "new"


FOUR = """\
stories:
    -   story: one
        steps:
            -   intent: greet
                entities:
                    -   city: Rome
            # -   action: not_this
    -   story: two
        steps:
            -   intent: bye   # so long
            # -   action: utter_bye

# about rules
rules: []
"""


def test_mappings_and_lists_are_indented_as_their_neighbours(tmp_path: Path) -> None:
    document = opened(tmp_path, FOUR)
    story = {"story": "three", "steps": [{"intent": "greet", "entities": [{"city": "Rome", "role": "to"}]}]}
    assert document.add_items(("stories",), [story])
    new = """\
    -   story: three
        steps:
            -   intent: greet
                entities:
                    -   city: Rome
                        role: to
"""
    assert document.raw.decode() == FOUR.replace("\n# about rules", f"{new}\n# about rules")


def test_a_key_goes_below_the_last_one(tmp_path: Path) -> None:
    text = "responses:\n    utter_a:\n      - text: A\n        # of A\nslots: {}\n"
    document = opened(tmp_path, text)
    assert document.add_pair(("responses",), "utter_b", [{"text": "B: b"}])
    assert document.add_pair(("slots",), "city", {"type": "text"})
    assert document.add_pair((), "actions", ["action_a"])
    assert document.raw.decode() == (
        'responses:\n    utter_a:\n      - text: A\n        # of A\n    utter_b:\n      - text: "B: b"\n'
        'slots: {"city": {"type": "text"}}\n\nactions:\n  - action_a\n'
    )


def test_a_new_file_begins_with_its_version(tmp_path: Path) -> None:
    document = Document(tmp_path / "new" / "file.yml", "new/file.yml")
    assert document.add_pair((), "intents", ["a"])
    commit([document])
    assert document.path.read_text() == 'version: "3.1"\n\nintents:\n- a\n'


def test_what_would_change_something_else_is_refused(tmp_path: Path) -> None:
    shared = "a: &names\n- x\nb: *names\n"
    document = opened(tmp_path, shared)
    with pytest.raises(ConfigError, match=r"file\.yml: Nothing could be added under 'a' without changing"):
        document.add_items(("a",), ["y"])
    commit([document])
    assert document.path.read_text() == shared
    kept = opened(tmp_path, "nlu:\n- examples: |+\n    - a\n\n\nrest: 1\n")
    assert kept.add_lines(("nlu", 0, "examples"), ["b"])
    assert plain(kept.root)["nlu"][0]["examples"] == "- a\n- b\n\n\n"
    with pytest.raises(ConfigError, match="Nothing was written"):
        kept.add_lines(("nlu", 0, "examples"), ["two\nlines"])


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"file\.yml: The file holds no mapping"):
        opened(tmp_path, "- a\n")


def test_a_file_that_was_changed_in_the_meantime_is_left_alone(tmp_path: Path) -> None:
    document = opened(tmp_path, "a: [x]\n")
    other = Document(tmp_path / "other.yml", "other.yml")
    assert document.add_items(("a",), ["y"])
    assert other.add_pair((), "b", ["z"])
    document.path.write_text("a: [somebody]\n")
    with pytest.raises(ConfigError, match=r"file\.yml: The file was changed in the meantime"):
        commit([other, document])
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"file.yml": "a: [somebody]\n"}


def test_nothing_is_half_written_when_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = opened(tmp_path, "a: [x]\n")
    assert document.add_items(("a",), ["y"])

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(documents.os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        commit([document])
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"file.yml": "a: [x]\n"}


def test_mode_and_links_are_kept(tmp_path: Path) -> None:
    document = opened(tmp_path, "a: [x]\n")
    document.path.chmod(0o640)
    link = tmp_path / "link.yml"
    link.symlink_to("file.yml")
    linked = Document(link, "link.yml")
    assert linked.add_items(("a",), ["more"])
    commit([linked])
    assert link.is_symlink()
    assert document.path.read_text() == "a: [x, more]\n"
    assert document.path.stat().st_mode & 0o777 == 0o640
