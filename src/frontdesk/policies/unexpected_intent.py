"""UnexpecTEDIntentPolicy by name: it is accepted, and predicts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frontdesk.core.domain import Domain
from frontdesk.core.options import DIALOGUE, NEURAL
from frontdesk.core.ports import Progress
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import Tracker
from frontdesk.core.training import TrainingSet
from frontdesk.policies.options import check_names

NAME = "UnexpecTEDIntentPolicy"


class UnexpecTEDIntentPolicy:
    """Predicts nothing: there is no `action_unlikely_intent` but what actions and stories bring about themselves.

    Rasa's options are taken. What was understood with little confidence is FallbackClassifier's affair, and where no
    policy knows what to do next, RulePolicy falls back.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = dict(options or {})
        check_names(NAME, self.options, NEURAL | DIALOGUE)

    def train(self, training: TrainingSet, domain: Domain, progress: Progress) -> None:
        """Say that nothing is learnt."""
        progress(
            f"{NAME} is skipped: intents that come unexpectedly are left to rules, stories and the fallback."
        )

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        """Return None."""
        return None

    def save(self, folder: Path) -> None:
        """Write nothing."""

    def load(self, folder: Path, domain: Domain) -> None:
        """Read nothing."""
