"""The recipe that is trained: a default one where config.yml has none, and a lenient one where parts cannot be had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from frontdesk.core.ports import Progress
from frontdesk.errors import ConfigError
from frontdesk.graph.recipe import Part, Recipe
from frontdesk.registry import STAND_INS

DEFAULT_PIPELINE = (
    Part("component", "WhitespaceTokenizer"),
    Part("component", "RegexFeaturizer"),
    Part("component", "LexicalSyntacticFeaturizer"),
    Part("component", "CountVectorsFeaturizer"),
    Part("component", "CountVectorsFeaturizer", {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}),
    Part("component", "DIETClassifier"),
    Part("component", "EntitySynonymMapper"),
    Part("component", "ResponseSelector"),
    Part("component", "FallbackClassifier", {"threshold": 0.3, "ambiguity_threshold": 0.1}),
)
DEFAULT_POLICIES = (
    Part("policy", "MemoizationPolicy"),
    Part("policy", "RulePolicy"),
    Part("policy", "TEDPolicy", {"max_history": 5}),
)
"""What Rasa suggests in the same case, without the policy that is skipped here."""

_NEEDS = dict.fromkeys(("SpacyTokenizer", "SpacyFeaturizer", "SpacyEntityExtractor"), "SpacyNLP")


def completed(recipe: Recipe, *, examples: bool, stories: bool) -> Recipe:
    """Return the recipe with defaults for a pipeline, or policies, that config.yml leaves empty.

    `examples` and `stories` say whether there is anything that these could learn from.
    """
    if examples and not recipe.pipeline:
        recipe = replace(recipe, pipeline=DEFAULT_PIPELINE)
    if stories and not recipe.policies:
        recipe = replace(recipe, policies=DEFAULT_POLICIES)
    return recipe


def available(recipe: Recipe, progress: Progress) -> Recipe:
    """Return the recipe without the parts that cannot be made, each told in a line with what is taken instead."""
    return replace(
        recipe,
        pipeline=tuple(_available(recipe.pipeline, recipe.language, progress)),
        policies=tuple(_available(recipe.policies, recipe.language, progress)),
    )


def _available(parts: Sequence[Part], language: str | None, progress: Progress) -> Iterator[Part]:
    missing: set[str] = set()
    for part in parts:
        try:
            part.check(language)
            if _NEEDS.get(part.name) in missing:
                raise ConfigError(f"It needs {_NEEDS[part.name]}.")
        except ConfigError as error:
            missing.add(part.name)
            other = STAND_INS.get(part.name)
            if other is None:
                progress(f"Goes on without {part.name}. {error.sentence}")
                continue
            progress(f"Goes on with {other} in place of {part.name}. {error.sentence}")
            yield Part(part.kind, other, {}, part.where)
        else:
            yield part
