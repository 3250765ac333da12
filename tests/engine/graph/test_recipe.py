from __future__ import annotations

import sys
from pathlib import Path

import pytest

from frontdesk.errors import ConfigError, PackageError, UnknownName
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


def test_a_part_of_ones_own_counts_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "own_parts"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "words.py").write_text("WORDS = 1\n")
    (package / "part.py").write_text("class Mine:\n    pass\n")
    part = Part("component", "own_parts.part.Mine", {"a": 1})
    assert part.foreign
    before = part.fingerprint()
    assert part.fingerprint() == before
    (package / "words.py").write_text("WORDS = 2\n")
    assert part.fingerprint() != before, "what it imports from beside it counts, too"
    assert Part("component", "own_parts.part.Mine", {"a": 2}).fingerprint() != part.fingerprint()
    for name in ("own_parts", "own_parts.part"):
        sys.modules.pop(name)


def test_a_part_of_the_engine_counts_by_name_and_options() -> None:
    part = Part("policy", "RulePolicy", {"priority": 9}, "config.yml:3")
    assert not part.foreign
    assert part.fingerprint() == Part("policy", "RulePolicy", {"priority": 9}, "config.yml:7").fingerprint()
    assert part.fingerprint() != Part("policy", "RulePolicy").fingerprint()


def test_an_encoder_may_be_wanted_without_being_needed() -> None:
    english = Recipe((Part("component", "DIETClassifier"),), language="en")
    assert (english.needs_encoder, english.wants_encoder) == (False, True)
    spanish = Recipe(
        (Part("component", "DIETClassifier"), Part("component", "ResponseSelector")), language="es"
    )
    assert not spanish.wants_encoder
    told = Recipe((Part("component", "DIETClassifier", {"use_encoder": True}),), language="es")
    assert told.wants_encoder


def test_an_error_of_a_part_gets_its_place() -> None:
    with pytest.raises(ConfigError, match=r"^config.yml:5: MitieTokenizer"):
        Part("component", "MitieTokenizer", {}, "config.yml:5").make()
