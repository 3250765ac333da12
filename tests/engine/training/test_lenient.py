from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.errors import ConfigError, UnknownName
from frontdesk.formats.project import read_project
from frontdesk.graph.recipe import Part, Recipe
from frontdesk.nlu import language_model_featurizer
from frontdesk.runtime.model import load_model
from frontdesk.training.lenient import DEFAULT_PIPELINE, DEFAULT_POLICIES, available, completed
from frontdesk.training.train import recipe_of, train

FILES = {
    "domain.yml": """
version: "3.1"
intents: [greet, faq, bye]
responses:
  utter_greet: [{text: Hello}]
  utter_faq/hours: [{text: From nine to five}]
  utter_faq/place: [{text: Here}]
""",
    "data/nlu.yml": """
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hola
    - buenos días
    - muy buenas
- intent: bye
  examples: |
    - adiós
    - hasta luego
    - hasta mañana
- intent: faq/hours
  examples: |
    - a qué hora abren
    - cuándo abren
    - cuál es el horario
- intent: faq/place
  examples: |
    - dónde están
    - cuál es la dirección
    - en qué calle están
""",
    "data/stories.yml": """
version: "3.1"
stories:
- story: greet
  steps: [{intent: greet}, {action: utter_greet}]
rules:
- rule: faq
  steps: [{intent: faq}, {action: utter_faq}]
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_an_empty_config_gets_rasas_defaults_and_answers(folder: Path) -> None:
    (folder / "config.yml").write_text("recipe: default.v1\nlanguage: es\npipeline:\npolicies:\n", "utf-8")
    project = read_project(folder)
    assert recipe_of(project).pipeline == DEFAULT_PIPELINE
    assert recipe_of(project).policies == DEFAULT_POLICIES
    said: list[str] = []
    train(project, folder / "models", said.append)
    model = load_model(folder / "models", folder / "unpacked")
    assert model.embedder is None
    [message] = model.pipeline.process(["¿cuándo abren hoy?"])
    answer = message.extra["response_selector"]["default"]["response"]
    assert answer["utter_action"] == "utter_faq/hours"
    assert answer["responses"] == [{"text": "From nine to five"}]


def test_nothing_to_learn_from_gets_no_defaults() -> None:
    assert completed(Recipe(), examples=False, stories=False) == Recipe()


def test_what_is_gone_stops_training_unless_lenient(folder: Path) -> None:
    config = """
language: es
pipeline:
- name: MitieNLP
- name: MitieTokenizer
- name: MitieIntentClassifier
policies:
- name: FormPolicy
- name: RulePolicy
"""
    (folder / "config.yml").write_text(config, "utf-8")
    project = read_project(folder)
    with pytest.raises(ConfigError, match=r"config.yml:4: MitieNLP .*--lenient"):
        train(project, folder / "models", lambda _: None)
    said: list[str] = []
    train(project, folder / "models", said.append, lenient=True)
    told = [line for line in said if line.startswith("Goes on")]
    assert [line.split(". ")[0] for line in told] == [
        "Goes on without MitieNLP",
        "Goes on with WhitespaceTokenizer in place of MitieTokenizer",
        "Goes on with DIETClassifier in place of MitieIntentClassifier",
        "Goes on without FormPolicy",
    ]
    model = load_model(folder / "models", folder / "unpacked")
    [message] = model.pipeline.process(["muy buenas a todos"])
    assert message.intent is not None
    assert message.intent.name == "greet"


def test_what_needs_a_missing_part_goes_too() -> None:
    names = ("SpacyTokenizer", "SpacyFeaturizer", "SpacyEntityExtractor")
    nlp = Part("component", "SpacyNLP", {"model": "xx_none"})
    recipe = Recipe((nlp, *(Part("component", name) for name in names)))
    said: list[str] = []
    left = available(recipe, said.append).pipeline
    assert [part.name for part in left] == ["WhitespaceTokenizer", "CountVectorsFeaturizer"]
    assert len(said) == 4


def test_an_unknown_name_is_told_with_its_line() -> None:
    recipe = Recipe((Part("component", "DIETClasifier", {}, "config.yml:3"),))
    with pytest.raises(UnknownName, match="config.yml:3: .*Did you mean 'DIETClassifier'"):
        recipe.pipeline[0].make()
    said: list[str] = []
    assert available(recipe, said.append).pipeline == ()


def test_what_could_not_be_built_in_training_is_left_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model_featurizer, "can_export", lambda: False)
    model = Part("component", "LanguageModelFeaturizer", {"model_weights": "nobody/has-this-model"})
    said: list[str] = []
    [left] = available(Recipe(pipeline=(model,)), said.append).pipeline
    assert left.name == "CountVectorsFeaturizer"
    assert said[0].startswith("Goes on with CountVectorsFeaturizer in place of LanguageModelFeaturizer.")
    assert "pip install 'frontdesk[transformers]'" in said[0]
