"""Policies that Rasa itself took out before version 3: each says what it was and what to use instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from frontdesk.core.ports import Options
from frontdesk.errors import ConfigError

LENIENT = "'frontdesk train --lenient' goes on without it."


class Gone:
    """A policy that can be named, and not be made."""

    was: ClassVar[str] = ""
    instead: ClassVar[str] = ""
    options: Options

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the ConfigError that says what it was."""
        name = type(self).__name__
        raise ConfigError(
            f"{name} {self.was}; Rasa took it out in version 3.", hint=f"{self.instead}; {LENIENT}"
        )


class FormPolicy(Gone):
    """Kept forms going."""

    was = "kept forms going"
    instead = "Use RulePolicy, with a rule that activates the form and one that submits it"


class MappingPolicy(Gone):
    """Ran an action for an intent."""

    was = "ran the action that the domain named with `triggers` for an intent"
    instead = "Use RulePolicy, with a rule for each such intent"


class FallbackPolicy(Gone):
    """Fell back where the NLU or the policies were not sure."""

    was = "fell back where the NLU or the policies were not sure"
    instead = "Use FallbackClassifier in the pipeline, and RulePolicy with `core_fallback_threshold`"


class TwoStageFallbackPolicy(Gone):
    """Asked the user to say it otherwise before it fell back."""

    was = "asked the user to confirm or to say it otherwise"
    instead = "Use RulePolicy, with a rule from the intent nlu_fallback to action_two_stage_fallback"


class SklearnPolicy(Gone):
    """Learnt the next action with scikit-learn."""

    was = "learnt the next action with scikit-learn"
    instead = "Use TEDPolicy"


class KerasPolicy(Gone):
    """Learnt the next action with a small recurrent network."""

    was = "learnt the next action with a recurrent network"
    instead = "Use TEDPolicy"


class EmbeddingPolicy(Gone):
    """Was called TEDPolicy later."""

    was = "was the first name of TEDPolicy"
    instead = "Use TEDPolicy"
