"""An entry is shown as it stands in its file, from its dash to the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.formats.excerpts import LONGEST, entry_at

TEXT = """\
rules:
  # about greetings
  - rule: one
    steps:
      - intent: greet   # hello

      - action: utter_greet

  - rule: two
    steps: []
stories: []
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (3, "- rule: one\n  steps:\n    - intent: greet   # hello\n\n    - action: utter_greet"),
        (9, "- rule: two\n  steps: []"),
        (11, "stories: []"),
        (0, ""),
        (12, ""),
    ],
)
def test_an_entry(tmp_path: Path, line: int, expected: str) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(TEXT)
    assert entry_at(file, line) == expected


def test_a_very_long_one_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("- story: long\n  steps:\n" + "  - action: x\n" * 500)
    shown = entry_at(file, 1).splitlines()
    assert (len(shown), shown[-1].strip()) == (LONGEST + 1, "...")


def test_a_file_that_is_gone_or_no_text(tmp_path: Path) -> None:
    assert entry_at(tmp_path / "none.yml", 1) == ""
    (tmp_path / "odd.yml").write_bytes(b"\xff\xfe\x00")
    assert entry_at(tmp_path / "odd.yml", 1) == ""
