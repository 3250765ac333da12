"""What kills servers on purpose: it ends one process at the point that is named, and sees what was lost or done twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.server.marks import POINTS
from bench.server.numbered import Fate, fate, unbrought
from frontdesk.measures import STOPS
from tests.conftest import ROOT

PASSING = """
import sys
from bench.server.marks import Marks
from frontdesk.measures import passing

marks = Marks({"file": sys.argv[1]}, "")
for stop in ("load", "act"):
    with passing(stop):
        print(stop, flush=True)
"""


def passed(file: Path) -> tuple[int, list[str]]:
    """Return how a process that passes two stops ended, and which of them it began."""
    done = subprocess.run(
        [sys.executable, "-c", PASSING, str(file)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("point", "code", "begun"),
    [
        ("load after", -signal.SIGKILL, ["load"]),
        ("act before", -signal.SIGKILL, ["load"]),
        ("act after", -signal.SIGKILL, ["load", "act"]),
        ("send before", 0, ["load", "act"]),
    ],
)
def test_a_process_ends_at_the_point_that_is_named(
    tmp_path: Path, point: str, code: int, begun: list[str]
) -> None:
    file = tmp_path / "kill-at"
    file.write_text(point)
    assert passed(file) == (code, begun)
    assert file.exists() == (code == 0)
    if code:
        assert passed(file) == (0, ["load", "act"]), "once"


def test_each_point_is_at_a_stop() -> None:
    assert {point.split()[0] for point in POINTS} <= set(STOPS)
    assert {point.split()[1] for point in POINTS} == {"before", "after"}


def test_what_was_said_has_to_arrive_at_least_as_often() -> None:
    said = [("1", '{"text": "Hello!"}'), ("1", '{"text": "Hello!"}'), ("2", '{"text": "Noted under 7."}')]
    assert unbrought(said, {}) == 3
    assert unbrought(said, {("1", "Hello!"): 1, ("2", "Noted under 7."): 3}) == 1
    assert unbrought(said, {("1", "Hello!"): 2, ("2", "Noted under 7."): 1, ("3", "Hello!"): 1}) == 0


def heard(*numbers: int) -> list[tuple[str, str]]:
    return [("ann", json.dumps({"text": f'/note{{"kind": "{number}"}}'})) for number in numbers]


EFFECTS = ["ann:1", "ann:2", "ann:2"]  # of the messages 1 to 3; by their number 1, 2 and none


@pytest.mark.parametrize(
    ("stored", "effects", "found"),
    [
        (heard(1, 2, 3), EFFECTS, Fate(3, 0, 0, 0)),
        (heard(1, 2), EFFECTS, Fate(3, 1, 0, 0)),
        (heard(1, 2, 3), ["ann:1", "ann:2"], Fate(3, 1, 0, 0)),
        (heard(1, 2, 3), ["ann:1", *EFFECTS], Fate(3, 0, 1, 0)),
        (heard(1, 2, 3, 3), EFFECTS, Fate(3, 0, 1, 0)),
        (heard(1, 3, 2), EFFECTS, Fate(3, 0, 0, 1)),
        (heard(1, 2, 3), ["ann:2", "ann:1", "ann:2"], Fate(3, 0, 0, 1)),
        ([*heard(1, 2, 3), ("bob", '{"text": "hello 1"}')], EFFECTS, Fate(3, 0, 0, 0)),
    ],
)
def test_what_became_of_messages(stored: list[tuple[str, str]], effects: list[str], found: Fate) -> None:
    assert fate({"ann": 3}, stored, effects) == found
    assert found.good == (found == Fate(3, 0, 0, 0))
