"""Measure the NLU: on examples, by cross-validation, or of several configs side by side."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk.cli.options import named, progress, quiet
from frontdesk.errors import ConfigError

if TYPE_CHECKING:
    from frontdesk.core.ports import TrainContext
    from frontdesk.core.training import NluExamples
    from frontdesk.evaluation.nlu import NluReport
    from frontdesk.evaluation.nlu_files import Measured
    from frontdesk.formats.project_layout import Layout
    from frontdesk.graph.recipe import Recipe
    from frontdesk.nlu.pipeline import Pipeline
    from frontdesk.runtime.model import Model


def configs(given: Sequence[Path]) -> list[Path]:
    """Return the config files that were named; of a folder all that it holds. Raises ConfigError."""
    found = []
    for path in given:
        if not path.exists():
            raise ConfigError("There is no such config file.", where=str(path))
        found += sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
    return [path.resolve() for path in found]


def loaded(layout: Layout, model: Path | None) -> Model:
    """Load a model of a project."""
    from frontdesk.runtime.assembly import trusted_model

    return trusted_model(layout, model or layout.folder / "models")


def nlu(
    options: argparse.Namespace, layout: Layout, model: Path | None, config: Sequence[Path], out: Path
) -> tuple[NluReport | None, list[Measured]]:
    """Measure, print and write; returns what was measured, nothing where there are no examples."""
    from frontdesk.evaluation.nlu import cross_validate, evaluate
    from frontdesk.evaluation.nlu_files import Wanted, write_nlu
    from frontdesk.evaluation.report import nlu_text

    examples = _examples(options, layout)
    if options.cross_validation:
        make, context = _pipelines(layout, config[0] if config else None, options)
        show = progress(quiet(options))
        report = cross_validate(make, examples, context, options.folds, show, undo_fallback=True)
        title = "Cross-validation"
    else:
        understood = loaded(layout, model)
        if not (examples.examples and understood.recipe.pipeline):
            if options.what == "nlu":
                what = "The model holds no NLU." if examples.examples else "There are no examples."
                raise ConfigError(what, hint="Train one (frontdesk train nlu), or name examples: --nlu PATH.")
            return None, []
        report = evaluate(understood.pipeline.process, examples.examples, undo_fallback=True)
        title = "NLU" if options.nlu else "NLU, on the examples that it learnt from"
    print(nlu_text(report, title))
    return report, write_nlu(out, report, Wanted(options.successes, not options.no_errors))


def _examples(options: argparse.Namespace, layout: Layout) -> NluExamples:
    from frontdesk.core.training import NluExamples
    from frontdesk.formats.project import read_training

    path = named(options, "nlu") or layout.folder / "data"
    return read_training(path, strict=False).nlu if path.exists() else NluExamples()


def _pipelines(
    layout: Layout, config: Path | None, options: argparse.Namespace
) -> tuple[Callable[[], Pipeline], TrainContext]:
    """Return how a config's pipeline is made anew, and what it is trained with."""
    from frontdesk.core.ports import TrainContext
    from frontdesk.formats.settings_files import read_config
    from frontdesk.nlu.pipeline import Pipeline
    from frontdesk.training.train import embedder_of, recipe_of_config

    recipe: Recipe = recipe_of_config(read_config(layout.folder, config), examples=True)
    show = progress(quiet(options))
    embedder = embedder_of(recipe, layout.folder, show)
    context = TrainContext(language=recipe.language, embedder=embedder)
    return (lambda: Pipeline([part.make() for part in recipe.pipeline])), context


def compare(options: argparse.Namespace, layout: Layout, out: Path, configs: Sequence[Path]) -> int:
    """Compare the pipelines of several configs; writes `results.json` and a graph."""
    from frontdesk.evaluation.comparison import TrainOn, compare_nlu

    def training(config: Path) -> TrainOn:
        make, context = _pipelines(layout, config, options)

        def train_on(examples: NluExamples) -> Any:
            pipeline = make()
            pipeline.train(examples, context)
            return pipeline.process

        return train_on

    by_name = {config.stem: training(config) for config in configs}
    show = progress(quiet(options))
    examples = _examples(options, layout)
    found = compare_nlu(out, by_name, examples, options.runs, options.percentages, show)
    for name, runs in found.scores.items():
        means = [sum(column) / len(column) for column in zip(*runs, strict=True)]
        told = ", ".join(f"{mean:.3f} of {count}" for mean, count in zip(means, found.counts, strict=True))
        print(f"{name}: F1 {told} examples")
    write_curve(options, out / "nlu_model_comparison_graph.pdf", found.scores, found.counts)
    print(f"Results: {out / 'results.json'}", file=sys.stderr)
    return 0


def write_curve(
    options: argparse.Namespace, file: Path, results: Mapping[str, Any], counts: Sequence[int] | Path
) -> None:
    """Draw a comparison, where matplotlib is there and pictures are wanted; `counts` may be a file of them."""
    from frontdesk.evaluation import plots

    if options.no_plot:
        return
    if not plots.can_draw():
        print(plots.MISSING_CURVE, file=sys.stderr)
        return
    numbers = _numbers(counts) if isinstance(counts, Path) else list(counts)
    if not numbers:
        return
    what = (
        ("stories learnt from", "test stories followed")
        if "core" in file.name
        else ("examples learnt from", "F1")
    )
    plots.draw_curve(file, results, numbers, *what)


def _numbers(file: Path) -> list[int]:
    return list(json.loads(file.read_text("utf-8"))) if file.is_file() else []
