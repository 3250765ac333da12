from __future__ import annotations

import pytest

from frontdesk.errors import PackageError, UnknownName
from frontdesk.graph.recipe import Part, Recipe


def test_json_round_trip() -> None:
    recipe = Recipe(
        (Part("component", "WhitespaceTokenizer"),), (Part("policy", "RulePolicy", {"priority": 9}),), "en"
    )
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe


def test_an_unknown_name_says_where_and_what_was_meant() -> None:
    with pytest.raises(UnknownName) as caught:
        Part("policy", "RulesPolicy", {}, "config.yml:12").make()
    assert str(caught.value) == "config.yml:12: No policy is called 'RulesPolicy'. Did you mean 'RulePolicy'?"


def test_a_package_cannot_name_code_that_the_project_does_not() -> None:
    wire = {"pipeline": [{"name": "os.system", "options": {}}], "policies": [], "language": None}
    with pytest.raises(PackageError, match=r"wants to run 'os\.system'"):
        Recipe.from_json(wire)
    assert Recipe.from_json(wire, allowed=["os.system"]).pipeline[0].name == "os.system"


def test_folders_are_in_order_and_readable() -> None:
    assert Part("component", "my.module.Speller").folder(3) == "03_Speller"


def test_the_encoder_is_needed_only_by_what_uses_it() -> None:
    assert not Recipe((Part("component", "WhitespaceTokenizer"),)).needs_encoder
    assert Recipe((Part("component", "SentenceEncoderFeaturizer"),)).needs_encoder
