"""One table from the names that people write in YAML to the code that answers to them.

Rows are import strings, resolved on use, so that naming a component loads nothing. A dotted path works wherever a name
does; installed packages add rows through the entry-point group `frontdesk.<kind>`.
"""

from __future__ import annotations

import importlib
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

from frontdesk.errors import ConfigError, FrontdeskError, UnknownName

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
    "DIETClassifier": "frontdesk.nlu.diet:DIETClassifier",
    "SklearnIntentClassifier": "frontdesk.nlu.sklearn_classifier:SklearnIntentClassifier",
    "ResponseSelector": "frontdesk.nlu.response_selector:ResponseSelector",
    "DucklingEntityExtractor": "frontdesk.nlu.duckling:DucklingEntityExtractor",
    "SpacyNLP": "frontdesk.nlu.spacy_nlp:SpacyNLP",
    "SpacyTokenizer": "frontdesk.nlu.spacy_parts:SpacyTokenizer",
    "SpacyFeaturizer": "frontdesk.nlu.spacy_parts:SpacyFeaturizer",
    "SpacyEntityExtractor": "frontdesk.nlu.spacy_parts:SpacyEntityExtractor",
    "JiebaTokenizer": "frontdesk.nlu.jieba_tokenizer:JiebaTokenizer",
    "LanguageModelFeaturizer": "frontdesk.nlu.language_model_featurizer:LanguageModelFeaturizer",
    "MitieNLP": "frontdesk.nlu.gone:MitieNLP",
    "MitieTokenizer": "frontdesk.nlu.gone:MitieTokenizer",
    "MitieFeaturizer": "frontdesk.nlu.gone:MitieFeaturizer",
    "MitieEntityExtractor": "frontdesk.nlu.gone:MitieEntityExtractor",
    "MitieIntentClassifier": "frontdesk.nlu.gone:MitieIntentClassifier",
    "ConveRTFeaturizer": "frontdesk.nlu.gone:ConveRTFeaturizer",
    "ConveRTTokenizer": "frontdesk.nlu.gone:ConveRTTokenizer",
    "HFTransformersNLP": "frontdesk.nlu.gone:HFTransformersNLP",
    "LanguageModelTokenizer": "frontdesk.nlu.gone:LanguageModelTokenizer",
}
POLICIES = {
    "RulePolicy": "frontdesk.policies.rule:RulePolicy",
    "MemoizationPolicy": "frontdesk.policies.memoization:MemoizationPolicy",
    "AugmentedMemoizationPolicy": "frontdesk.policies.memoization:AugmentedMemoizationPolicy",
    "TEDPolicy": "frontdesk.policies.ted:TEDPolicy",
    "UnexpecTEDIntentPolicy": "frontdesk.policies.unexpected_intent:UnexpecTEDIntentPolicy",
    "FormPolicy": "frontdesk.policies.gone:FormPolicy",
    "MappingPolicy": "frontdesk.policies.gone:MappingPolicy",
    "FallbackPolicy": "frontdesk.policies.gone:FallbackPolicy",
    "TwoStageFallbackPolicy": "frontdesk.policies.gone:TwoStageFallbackPolicy",
    "SklearnPolicy": "frontdesk.policies.gone:SklearnPolicy",
    "KerasPolicy": "frontdesk.policies.gone:KerasPolicy",
    "EmbeddingPolicy": "frontdesk.policies.gone:EmbeddingPolicy",
}
STAND_INS = {
    "MitieTokenizer": "WhitespaceTokenizer",
    "ConveRTTokenizer": "WhitespaceTokenizer",
    "LanguageModelTokenizer": "WhitespaceTokenizer",
    "SpacyTokenizer": "WhitespaceTokenizer",
    "JiebaTokenizer": "WhitespaceTokenizer",
    "MitieFeaturizer": "CountVectorsFeaturizer",
    "ConveRTFeaturizer": "CountVectorsFeaturizer",
    "SpacyFeaturizer": "CountVectorsFeaturizer",
    "LanguageModelFeaturizer": "CountVectorsFeaturizer",
    "MitieEntityExtractor": "CRFEntityExtractor",
    "MitieIntentClassifier": "DIETClassifier",
}
"""What `frontdesk train --lenient` takes for a component that cannot be had."""
CHANNELS = {
    "rest": "frontdesk.channels.rest:RestChannel",
    "chat": "frontdesk.channels.chat:ChatChannel",
    "callback": "frontdesk.channels.callback:CallbackChannel",
    "socketio": "frontdesk.channels.socketio:SocketIOChannel",
    "slack": "frontdesk.channels.slack:SlackChannel",
    "mattermost": "frontdesk.channels.mattermost:MattermostChannel",
    "rocketchat": "frontdesk.channels.rocketchat:RocketChatChannel",
    "webexteams": "frontdesk.channels.webex:WebexChannel",
    "botframework": "frontdesk.channels.botframework:BotFrameworkChannel",
    "hangouts": "frontdesk.channels.hangouts:HangoutsChannel",
    "facebook": "frontdesk.channels.facebook:FacebookChannel",
    "twilio": "frontdesk.channels.twilio:TwilioChannel",
    "telegram": "frontdesk.channels.telegram:TelegramChannel",
    "zendesk": "frontdesk.channels.zendesk:ZendeskChannel",
}
TRACKER_STORES = {
    "memory": "frontdesk.stores.memory:MemoryTrackerStore",
    "in_memory": "frontdesk.stores.memory:MemoryTrackerStore",
    "InMemoryTrackerStore": "frontdesk.stores.memory:MemoryTrackerStore",
    "sql": "frontdesk.stores.sql:SqlTrackerStore",
    "SQL": "frontdesk.stores.sql:SqlTrackerStore",
    "redis": "frontdesk.stores.redis_tracker:RedisTrackerStore",
    "Redis": "frontdesk.stores.redis_tracker:RedisTrackerStore",
    "dynamo": "frontdesk.stores.dynamo:DynamoTrackerStore",
    "mongod": "frontdesk.stores.mongo:MongoTrackerStore",
}
LOCK_STORES = {
    "in_memory": "frontdesk.stores.locks:MemoryLockStore",
    "redis": "frontdesk.stores.redis_locks:RedisLockStore",
}
EVENT_BROKERS = {
    "file": "frontdesk.stores.brokers:FileEventBroker",
    "FileEventBroker": "frontdesk.stores.brokers:FileEventBroker",
    "sql": "frontdesk.stores.brokers:SqlEventBroker",
    "SQL": "frontdesk.stores.brokers:SqlEventBroker",
    "pika": "frontdesk.stores.rabbitmq:RabbitMqEventBroker",
    "kafka": "frontdesk.stores.kafka:KafkaEventBroker",
}
MODEL_STORAGES = {
    "aws": "frontdesk.stores.model_buckets:S3Bucket",
    "gcs": "frontdesk.stores.model_buckets:GcsBucket",
    "azure": "frontdesk.stores.model_buckets:AzureContainer",
}
RESPONSE_GENERATORS = {
    "response": "frontdesk.actions.responses:DomainResponses",
    "callback": "frontdesk.actions.callback:CallbackResponses",
}
SLOT_TYPES: dict[str, str] = {}
IMPORTERS: dict[str, str] = {}
TABLES = {
    "component": COMPONENTS,
    "policy": POLICIES,
    "channel": CHANNELS,
    "tracker store": TRACKER_STORES,
    "lock store": LOCK_STORES,
    "event broker": EVENT_BROKERS,
    "model storage": MODEL_STORAGES,
    "response generator": RESPONSE_GENERATORS,
    "slot type": SLOT_TYPES,
    "importer": IMPORTERS,
}


def resolve(kind: str, name: str, *, where: str | None = None) -> Any:
    """Return the class behind a name.

    `kind` is a key of TABLES. Raises UnknownName with the nearest name, ConfigError where a path cannot be imported
    or leads to something else than a class.
    """
    short = name.removesuffix("()")
    target = TABLES[kind].get(short) or _entry_point(kind, short)
    if target is None and "." not in short and ":" not in short:
        raise UnknownName(kind, name, TABLES[kind], where=where)
    try:
        found = load(target or short)
    except FrontdeskError:
        raise
    except Exception as error:  # whatever a module from elsewhere raises while it is imported
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "rasa":
            what = f"The {kind} '{name}' is written for Rasa itself, of which nothing is installed here."
            raise ConfigError(what, where=where, hint=_WRITTEN_FOR_RASA) from error
        hint = "Check the spelling, and that the module can be imported from the project's folder."
        what = f"The {kind} '{name}' cannot be imported ({type(error).__name__}: {error})."
        raise ConfigError(what, where=where, hint=hint) from error
    if not isinstance(found, type):
        raise ConfigError(f"The {kind} '{name}' is not a class.", where=where)
    return found


_WRITTEN_FOR_RASA = (
    "Keep what it does, drop its base class and the imports from 'rasa', and give it the methods that"
    " docs/moving-from-rasa.md (Code of your own) lists for its kind."
)


def load(path: str) -> Any:
    """Import "package.module:Name" or "package.module.Name"."""
    module, _, attribute = path.partition(":") if ":" in path else path.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _entry_point(kind: str, name: str) -> str | None:
    for point in metadata.entry_points(group=f"frontdesk.{kind.replace(' ', '_')}"):
        if point.name == name:
            return point.value
    return None


def look_in(folder: Path) -> None:
    """Let modules of a project's folder be found, before all others but Python's own.

    A project may hold an `email.py`; put before the standard library, it would take the place of that for everybody.
    """
    own = str(folder.resolve())
    library = Path(sysconfig.get_path("stdlib"))
    others = [path for path in sys.path if path != own]
    sys.path[:] = sorted([own, *others], key=lambda path: not _is_of(library, path))


def _is_of(library: Path, path: str) -> bool:
    return Path(path).is_relative_to(library) and "site-packages" not in Path(path).parts
