from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.training.round_trip import EditedFile


@pytest.mark.parametrize(
    "text",
    [
        "# first\na:\n  - 'one'  # why\n  - b: null\n\nc: \"two\"\n",
        "a:\n- one\n- b:\n  - two\n",
        "text: " + "long words " * 30 + "end\n",
    ],
)
def test_what_is_not_changed_stays_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yml"
    path.write_text(text, "utf-8")
    assert EditedFile(path).text() == text


def test_a_change(tmp_path: Path) -> None:
    path = tmp_path / "file.yml"
    path.write_text("a: 1  # one\nb: 2\n", "utf-8")
    file = EditedFile(path)
    file.content["b"] = None
    assert file.text() == "a: 1  # one\nb: null\n"
