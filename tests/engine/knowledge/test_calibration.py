from __future__ import annotations

import pytest

from frontdesk.errors import PackageError
from frontdesk.knowledge.calibration import TYPICAL, Calibration, _pulled, calibrate
from frontdesk.knowledge.ranking import Ranker


def test_few_questions_stay_near_what_is_typical(library):
    found = library().calibration
    assert found.questions == 5
    assert found.doubtful <= found.threshold
    assert abs(found.threshold - TYPICAL[True]) < 0.1


def test_many_questions_decide():
    assert _pulled([0.6] * 4000, 0.03, 0.4) == pytest.approx(0.6, abs=0.01)
    assert _pulled([], 0.03, 0.4) == 0.4


def test_without_questions_or_vectors(library):
    ranker = Ranker(library().ranker.passages, [], None)
    found = calibrate(ranker, None)
    assert found.threshold == TYPICAL[False]
    assert found.questions == 0


def test_confidence_grows_with_the_score():
    found = Calibration(0.4, 0.3, 10.0, 0.5)
    assert found.confidence(0.5) == pytest.approx(0.5)
    assert (
        0 <= found.confidence(-9) < found.confidence(0.4) < found.confidence(0.6) < found.confidence(9) <= 1
    )


def test_written_and_read(tmp_path):
    found = Calibration(0.4, 0.3, 10.0, 0.5, 7)
    found.write(tmp_path / "c.json")
    assert Calibration.read(tmp_path / "c.json") == found


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 9}', '{"format": 1, "threshold": 1, "more": 2}']
)
def test_a_damaged_file(tmp_path, text):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(PackageError, match="Train again"):
        Calibration.read(tmp_path / "c.json")
