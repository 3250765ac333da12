"""Options in Rasa's files, taken as they are, so that a project need not be changed."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from frontdesk.errors import suggestion

log = logging.getLogger(__name__)

SHARED = frozenset([
    "hidden_layers_sizes", "share_hidden_layers", "transformer_size", "number_of_transformer_layers",
    "number_of_attention_heads", "unidirectional_encoder", "use_key_relative_attention",
    "use_value_relative_attention", "max_relative_position", "batch_size", "batch_strategy", "epochs",
    "random_seed", "learning_rate", "dense_dimension", "concat_dimension", "embedding_dimension",
    "encoding_dimension", "similarity_type", "loss_type", "number_of_negative_examples",
    "maximum_positive_similarity", "maximum_negative_similarity", "use_maximum_negative_similarity",
    "scale_loss", "regularization_constant", "negative_margin_scale", "drop_rate", "drop_rate_attention",
    "drop_rate_dialogue", "drop_rate_label", "constrain_similarities", "connection_density",
    "weight_sparsity", "evaluate_every_number_of_epochs", "evaluate_on_number_of_examples",
    "intent_classification", "entity_recognition", "use_masked_language_model", "use_sparse_input_dropout",
    "use_dense_input_dropout", "ranking_length", "renormalize_confidences", "model_confidence",
    "BILOU_flag", "featurizers", "split_entities_by_comma", "drop_small_last_batch", "epoch_override",
])  # fmt: skip
"""How a network is built and trained: without one they change nothing."""

DIALOGUE = frozenset(
    ["max_history", "priority", "featurizer", "e2e_confidence_threshold", "ignore_intents_list", "tolerance"]
)
"""What Rasa's networks that look at conversations take beside."""

TENSORFLOW = frozenset(
    ["checkpoint_model", "run_eagerly", "tensorboard_log_directory", "tensorboard_log_level", "use_gpu"]
)
"""They spoke to TensorFlow."""

NEURAL = SHARED | TENSORFLOW


def left_over(component: str, options: Mapping[str, Any], known: Iterable[str] = ()) -> str | None:
    """Return a sentence about options that spoke to TensorFlow and are set to something, or None."""
    named = sorted(n for n in TENSORFLOW - set(known) if options.get(n) not in (None, False))
    if not named:
        return None
    which = ", ".join(f"'{name}'" for name in named)
    those = "it" if len(named) == 1 else "them"
    return f"{component}: {which} spoke to TensorFlow, which is not used here; take {those} out."


def seed(options: Mapping[str, Any]) -> int:
    """Return the seed of the options; 42 where none is given."""
    given = options.get("random_seed")
    return given if isinstance(given, int) and not isinstance(given, bool) else 42


def tell_unknown(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Log each option that `owner` does not have, with the nearest name, once.

    It is no error: Rasa takes it without a word, and projects carry options of older versions along.
    """
    names = frozenset(known)
    for name in given:
        if name not in names:
            _tell(owner, name, names)


@functools.lru_cache(maxsize=256)
def _tell(owner: str, name: str, known: frozenset[str]) -> None:
    log.warning("%s has no option '%s', which is ignored. %s", owner, name, suggestion(name, known))
