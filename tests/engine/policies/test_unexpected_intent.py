from __future__ import annotations

from pathlib import Path

from frontdesk.core.tracker import Tracker
from frontdesk.policies.unexpected_intent import UnexpecTEDIntentPolicy
from tests.engine.policies.build import DOMAIN, training


def test_it_is_accepted_and_skipped_with_a_line(tmp_path: Path) -> None:
    said: list[str] = []
    policy = UnexpecTEDIntentPolicy(
        {"max_history": 5, "epochs": 100, "tolerance": 0.1, "ignore_intents_list": []}
    )
    policy.train(training(), DOMAIN, said.append)
    assert len(said) == 1
    assert said[0].startswith("UnexpecTEDIntentPolicy is skipped")
    policy.save(tmp_path)
    assert list(tmp_path.iterdir()) == []
    policy.load(tmp_path, DOMAIN)
    assert policy.predict(Tracker.start("a", {}), DOMAIN) is None
