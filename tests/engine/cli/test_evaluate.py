from __future__ import annotations

import csv
from pathlib import Path

import pytest

from frontdesk.cli.main import main

MARKERS = (
    "greeted: {seq: [{intent: greet}, {action: utter_greet}]}\nnever_left: {never: [{intent: goodbye}]}\n"
)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.fixture
def marked(with_conversations: Path) -> Path:
    (with_conversations / "markers.yml").write_text(MARKERS)
    return with_conversations


def test_all_conversations(marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"
    assert main(["evaluate", "markers", "all", str(out), "--project", str(marked)]) == 0
    assert rows(out) == [
        ["ann", "0", "greeted", "2", "1"],
        ["ann", "0", "greeted", "4", "2"],
        ["ann", "0", "never_left", "0", "0"],
        ["bob", "0", "greeted", "2", "1"],
        ["bob", "0", "never_left", "0", "0"],
    ]
    assert ["all", "nan", "-", "total_number_of_sessions", "2"] in rows(marked / "stats-overall.csv")
    assert (marked / "stats-per-session.csv").is_file()
    assert "2 markers, 2 conversations, 2 sessions" in capsys.readouterr().out


@pytest.mark.parametrize("which", [["first_n", "1"], ["sample_n", "1", "--seed", "3"], ["first_n", "9"]])
def test_some_conversations(which: list[str], marked: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    arguments = [*which, str(out), "--project", str(marked), "--no-stats"]
    assert main(["evaluate", "markers", *arguments]) == 0
    assert len({row[0] for row in rows(out)}) == (2 if "9" in which else 1)
    assert not (marked / "stats-overall.csv").exists()


def test_where_the_figures_go(marked: Path, tmp_path: Path) -> None:
    arguments = ["all", str(tmp_path / "o.csv"), "--stats-file-prefix", str(tmp_path / "figures")]
    assert main(["evaluate", "markers", *arguments, "--project", str(marked)]) == 0
    assert (tmp_path / "figures-overall.csv").is_file()


def test_nothing_is_overwritten(marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "o.csv").write_text("mine")
    assert main(["evaluate", "markers", "all", str(tmp_path / "o.csv"), "--project", str(marked)]) == 1
    assert "there already" in capsys.readouterr().err
    assert (tmp_path / "o.csv").read_text() == "mine"


def test_a_marker_with_a_name_that_nothing_has(
    marked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (marked / "markers.yml").write_text(MARKERS.replace("goodbye", "goodby"))
    assert main(["evaluate", "markers", "all", str(tmp_path / "o.csv"), "--project", str(marked)]) == 1
    assert "markers.yml:2: No intent is called 'goodby'. Did you mean 'goodbye'?" in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()
