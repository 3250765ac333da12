"""One table from the names that people write in YAML to the code that answers to them.

Rows are import strings, resolved on use, so that naming a component loads nothing. A dotted path works wherever a name
does; installed packages add rows through the entry-point group `frontdesk.<kind>`.
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

from frontdesk.errors import ConfigError, UnknownName

COMPONENTS = {
    "WhitespaceTokenizer": "frontdesk.nlu.whitespace_tokenizer:WhitespaceTokenizer",
    "RegexFeaturizer": "frontdesk.nlu.regex_featurizer:RegexFeaturizer",
    "LexicalSyntacticFeaturizer": "frontdesk.nlu.lexical_featurizer:LexicalSyntacticFeaturizer",
    "CountVectorsFeaturizer": "frontdesk.nlu.count_vectors:CountVectorsFeaturizer",
    "SentenceEncoderFeaturizer": "frontdesk.nlu.encoder_featurizer:SentenceEncoderFeaturizer",
    "LogisticRegressionClassifier": "frontdesk.nlu.logistic_regression:LogisticRegressionClassifier",
    "KeywordIntentClassifier": "frontdesk.nlu.keyword_classifier:KeywordIntentClassifier",
    "FallbackClassifier": "frontdesk.nlu.fallback_classifier:FallbackClassifier",
    "CRFEntityExtractor": "frontdesk.nlu.crf_extractor:CRFEntityExtractor",
    "RegexEntityExtractor": "frontdesk.nlu.regex_extractor:RegexEntityExtractor",
    "EntitySynonymMapper": "frontdesk.nlu.synonym_mapper:EntitySynonymMapper",
    "SentimentClassifier": "frontdesk.nlu.sentiment:SentimentClassifier",
}
POLICIES = {
    "RulePolicy": "frontdesk.policies.rule:RulePolicy",
    "MemoizationPolicy": "frontdesk.policies.memoization:MemoizationPolicy",
    "AugmentedMemoizationPolicy": "frontdesk.policies.memoization:AugmentedMemoizationPolicy",
}
CHANNELS = {
    "rest": "frontdesk.channels.rest:RestChannel",
    "chat": "frontdesk.channels.chat:ChatChannel",
}
TRACKER_STORES = {
    "memory": "frontdesk.stores.memory:MemoryTrackerStore",
    "InMemoryTrackerStore": "frontdesk.stores.memory:MemoryTrackerStore",
    "sql": "frontdesk.stores.sql:SqlTrackerStore",
    "SQL": "frontdesk.stores.sql:SqlTrackerStore",
}
LOCK_STORES = {
    "in_memory": "frontdesk.stores.locks:MemoryLockStore",
}
TABLES = {
    "component": COMPONENTS,
    "policy": POLICIES,
    "channel": CHANNELS,
    "tracker store": TRACKER_STORES,
    "lock store": LOCK_STORES,
}


def resolve(kind: str, name: str, *, where: str | None = None) -> Any:
    """Return the class behind a name.

    `kind` is a key of TABLES. Raises UnknownName with the nearest name, ConfigError where a path cannot be imported.
    """
    short = name.removesuffix("()")
    target = TABLES[kind].get(short) or _entry_point(kind, short)
    if target is None and "." not in short:
        raise UnknownName(kind, name, TABLES[kind], where=where)
    try:
        return load(target or short)
    except (ImportError, AttributeError) as error:
        hint = "Check the spelling, and that the module can be imported from the project's folder."
        raise ConfigError(
            f"The {kind} '{name}' cannot be imported ({error}).", where=where, hint=hint
        ) from error


def load(path: str) -> Any:
    """Import "package.module:Name" or "package.module.Name"."""
    module, _, attribute = path.partition(":") if ":" in path else path.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _entry_point(kind: str, name: str) -> str | None:
    for point in metadata.entry_points(group=f"frontdesk.{kind.replace(' ', '_')}"):
        if point.name == name:
            return point.value
    return None
