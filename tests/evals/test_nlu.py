"""How well the trained assistant understands: on sentences from other hands, by cross-validation, and the gap.

Run with `make eval`. Thresholds lie a little below what was measured when they were set; figures are printed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.ports import TrainContext
from frontdesk.evaluation.nlu import NluReport, cross_validate, evaluate
from frontdesk.evaluation.report import nlu_text
from frontdesk.formats.project import Project, read_project, read_training
from frontdesk.nlu.pipeline import Pipeline
from frontdesk.runtime.model import Model, load_model
from frontdesk.training.train import recipe_of, train

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent

pytestmark = [pytest.mark.eval, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(ROOT)


@pytest.fixture(scope="module")
def model(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("model")
    report = train(project, folder, print)
    return load_model(report.archive, folder / "unpacked")


@pytest.fixture(scope="module")
def independent(model: Model) -> NluReport:
    examples = read_training(HERE / "nlu_test.yml").nlu.examples
    assert len(examples) >= 300
    return evaluate(model.pipeline.process, examples)


@pytest.fixture(scope="module")
def crossed(project: Project, model: Model) -> NluReport:
    recipe = recipe_of(project)
    context = TrainContext(language=recipe.language, embedder=model.embedder)
    return cross_validate(
        lambda: Pipeline([p.make() for p in recipe.pipeline]), project.training.nlu, context, 5, print
    )


def test_intents_on_independent_sentences(independent: NluReport) -> None:
    print(nlu_text(independent, "Independent sentences"))
    assert independent.accuracy >= 0.93
    assert independent.macro_f1 >= 0.94


def test_intents_without_sentences_that_are_also_in_the_training_data(
    project: Project, independent: NluReport
) -> None:
    seen = {e.text.lower().strip(" .!?") for e in project.training.nlu.examples}
    unseen = NluReport(tuple(g for g in independent.guesses if g.text.lower().strip(" .!?") not in seen))
    print(f"{len(unseen.guesses)} of {len(independent.guesses)} are unseen: {unseen.accuracy:.1%}")
    assert unseen.accuracy >= 0.92


def test_intents_by_cross_validation_and_the_gap(crossed: NluReport, independent: NluReport) -> None:
    print(nlu_text(crossed, "Cross-validation, 5 folds"))
    gap = crossed.accuracy - independent.accuracy
    print(f"gap (cross-validation - independent): {gap:+.1%}")
    # Training sentences were written to differ from each other, so a fold is harder than what customers write (measured:
    # 73 % against 95 %). What matters is that the one does not fall while the other stays.
    assert crossed.accuracy >= 0.71
    assert -0.26 <= gap <= 0.06


def test_products_on_independent_sentences(independent: NluReport) -> None:
    assert independent.entities["product"].f1 >= 0.83
    assert independent.entities["email"].f1 == 1.0


def test_sentiment_on_independent_sentences(model: Model) -> None:
    examples = read_training_of_sentiment(HERE / "sentiment_test.yml")
    assert len(examples) >= 100
    found = model.pipeline.process([text for text, _ in examples])
    right = sum(
        m.sentiment is not None and m.sentiment.name == label
        for m, (_, label) in zip(found, examples, strict=True)
    )
    wrong = [
        f"  {text[:80]}: {m.sentiment and m.sentiment.name}, expected {label}"
        for m, (text, label) in zip(found, examples, strict=True)
        if m.sentiment is None or m.sentiment.name != label
    ]
    print(f"sentiment: {right} of {len(examples)}", *wrong, sep="\n")
    assert right / len(examples) >= 0.80


def read_training_of_sentiment(path: Path) -> list[tuple[str, Any]]:
    return [(item.text, item.label) for item in read_training(path).nlu.sentiment]
