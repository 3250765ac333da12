from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.actions.facts import plain, read_facts
from frontdesk.errors import YamlError


def test_a_folder_of_files(tmp_path: Path) -> None:
    (tmp_path / "opening.yml").write_text(
        "first_hour: 9\nshare: 4.50\nopen: true\ndays: [Monday, Tuesday]\nempty:\n"
        "desk:\n  phone: '0800'\n  rooms:\n    - {name: A, seats: 2}\n    - {name: B}\n",
        "utf-8",
    )
    (tmp_path / "other.yaml").write_text("x: 'no'\n", "utf-8")
    (tmp_path / "notes.txt").write_text("x", "utf-8")
    (tmp_path / "blank.yml").write_text("# nothing yet\n", "utf-8")
    assert read_facts(tmp_path) == {
        "opening.first_hour": "9",
        "opening.share": "4.5",
        "opening.open": "yes",
        "opening.days": "Monday, Tuesday",
        "opening.desk.phone": "0800",
        "opening.desk.rooms.0.name": "A",
        "opening.desk.rooms.0.seats": "2",
        "opening.desk.rooms.1.name": "B",
        "other.x": "no",
    }


def test_no_folder_no_facts(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "missing") == {}


def test_a_list_is_no_file_of_facts(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("- x\n", "utf-8")
    with pytest.raises(YamlError, match=r"a\.yml"):
        read_facts(tmp_path)


def test_two_facts_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("b: {c: 1}\n", "utf-8")
    (tmp_path / "a.yaml").write_text("b: {c: 2}\n", "utf-8")
    with pytest.raises(YamlError, match=r"a\.b\.c"):
        read_facts(tmp_path)


@pytest.mark.parametrize(
    ("value", "text"), [(30.0, "30"), (0.1, "0.1"), (1e20, "100000000000000000000"), (-0.0, "0"), (0, "0")]
)
def test_numbers_are_plain(value: float, text: str) -> None:
    assert plain(value) == text
