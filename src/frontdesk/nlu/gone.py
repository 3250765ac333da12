"""Components of Rasa that are gone for good: each says in one sentence what it was and what to use instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from frontdesk.core.ports import Options
from frontdesk.errors import ConfigError

LENIENT = "'frontdesk train --lenient' goes on without it."


class Gone:
    """A component that can be named, and not be made."""

    was: ClassVar[str] = ""
    instead: ClassVar[str] = ""
    options: Options

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the ConfigError that says what it was."""
        name = type(self).__name__
        raise ConfigError(f"{name} {self.was}.", hint=f"{self.instead}; {LENIENT}")


class _Mitie(Gone):
    instead = "Use SentenceEncoderFeaturizer (English) or CountVectorsFeaturizer with DIETClassifier"


class MitieNLP(_Mitie):
    """Loaded the vectors of MITIE."""

    was = "loaded word vectors of MITIE, a library that is no longer released"


class MitieTokenizer(_Mitie):
    """Cut texts into words with MITIE."""

    was = "cut texts into words with MITIE, a library that is no longer released"
    instead = "Use WhitespaceTokenizer"


class MitieFeaturizer(_Mitie):
    """Described texts by the vectors of MITIE."""

    was = "described texts by word vectors of MITIE, a library that is no longer released"


class MitieEntityExtractor(_Mitie):
    """Found entities with MITIE."""

    was = "found entities with MITIE, a library that is no longer released"
    instead = "Use CRFEntityExtractor or DIETClassifier"


class MitieIntentClassifier(_Mitie):
    """Found the intent with MITIE."""

    was = "found the intent with MITIE, a library that is no longer released"
    instead = "Use LogisticRegressionClassifier or DIETClassifier after a featurizer"


class ConveRTFeaturizer(Gone):
    """Described texts by a sentence encoder that was withdrawn."""

    was = "described texts by PolyAI's ConveRT, whose model is no longer published"
    instead = "Use SentenceEncoderFeaturizer"


class ConveRTTokenizer(ConveRTFeaturizer):
    """Cut texts as that encoder wanted them."""

    was = "cut texts into words for PolyAI's ConveRT, whose model is no longer published"
    instead = "Use WhitespaceTokenizer"


class HFTransformersNLP(Gone):
    """Loaded a language model before Rasa 2.1."""

    was = "loaded a language model for other components, which Rasa itself took out in version 3"
    instead = "Use LanguageModelFeaturizer alone"


class LanguageModelTokenizer(HFTransformersNLP):
    """Cut texts as a language model wanted them, before Rasa 2.1."""

    was = "cut texts into words for a language model, which Rasa itself took out in version 3"
    instead = "Use WhitespaceTokenizer"
