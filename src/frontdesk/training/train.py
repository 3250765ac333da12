"""From a project's files to a model package."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from frontdesk import __version__
from frontdesk.actions.facts import read_facts
from frontdesk.core.ports import Embedder, Progress
from frontdesk.core.training import Place
from frontdesk.encoding.weights import EncoderWeights
from frontdesk.errors import ConfigError, FrontdeskError
from frontdesk.formats import yaml
from frontdesk.formats.config import Config
from frontdesk.formats.domain import write as write_domain
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.importers import import_folders, names_a_class
from frontdesk.formats.nlu import write as write_examples
from frontdesk.formats.project import Project
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_config
from frontdesk.formats.sources import YAML_ENDINGS
from frontdesk.formats.yaml import Block, Expansion
from frontdesk.graph.cache import TrainingCache
from frontdesk.graph.fingerprint import digest, engine_digest, file_digest, folder_digest
from frontdesk.graph.package import newest, pack, peek_manifest
from frontdesk.graph.recipe import Part, Recipe
from frontdesk.graph.slot_types import with_slot_types, without_slot_types
from frontdesk.runtime.model import DOMAIN, ENCODER, KNOWLEDGE, load_embedder
from frontdesk.training.finetune import KEY as LEARNT
from frontdesk.training.finetune import checked, learnt
from frontdesk.training.lenient import available, completed
from frontdesk.training.parts import Trained, copy_into, train_pipeline, train_policies

PROMPT = Path("data") / "prompts" / "answer.txt"
"""A project's own instructions for the language model that phrases answers."""
EXAMPLES = "nlu_training_data.yml"
"""Where a package keeps the NLU examples that it was trained from, if asked to."""
ENDING = ".tar.gz"
Kind = Literal["nlu", "core"]


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What training made: the archive, how many parts were trained and how many reused, and the seconds it took."""

    archive: Path
    trained: int
    reused: int
    seconds: float


def recipe_of(project: Project) -> Recipe:
    """Return the recipe in config.yml; a pipeline, or policies, that it leaves empty get Rasa's defaults."""
    training = project.training
    stories = bool(training.stories or training.rules)
    return recipe_of_config(project.config, examples=bool(training.nlu.examples), stories=stories)


def recipe_of_config(config: Config, *, examples: bool = False, stories: bool = False) -> Recipe:
    """Return the recipe of a config; `examples` and `stories` say whether defaults would have something to learn."""
    recipe = Recipe(
        pipeline=tuple(Part("component", c.name, c.options, str(c.place)) for c in config.pipeline),
        policies=tuple(Part("policy", p.name, p.options, str(p.place)) for p in config.policies),
        language=config.language,
    )
    return completed(recipe, examples=examples, stories=stories)


def restricted(recipe: Recipe, only: Kind | None) -> Recipe:
    """Return the recipe without its policies (`nlu`) or without its pipeline (`core`)."""
    if only == "nlu":
        return dataclasses.replace(recipe, policies=())
    return dataclasses.replace(recipe, pipeline=()) if only == "core" else recipe


def inputs_digest(
    folder: Path, endpoints: Endpoints, layout: Layout | None = None, only: Kind | None = None
) -> str:
    """Return a digest over all files that a model is trained from, without reading what they say."""
    knowledge = endpoints.knowledge
    named = (layout or Layout(folder)).learnt_from()
    beside = [str(path) for path in (knowledge.articles, knowledge.facts) if path] if knowledge else []
    config = named["config.yml"]
    if config.is_file():
        beside += _own_modules(folder, config, file_digest(config))
        beside += _imports(folder, config)
    beside += [*_slot_modules(path for name, path in named.items() if name.startswith("domain")), str(PROMPT)]
    named |= {name: folder / name for name in beside}
    found = {name: _path_digest(path) for name, path in named.items()}
    return digest(engine_digest(*_LEARNING_ROOMS), os.environ.get("FRONTDESK_ENCODER"), found, only)


_LEARNING_ROOMS = ("core", "encoding", "formats", "graph", "knowledge", "nlu", "policies", "training")


@functools.lru_cache(maxsize=8)
def _own_modules(folder: Path, path: Path, _: str) -> list[str]:
    """Return the files of the components and policies that config.yml names and the project brings itself."""
    try:
        config = read_config(folder, path)
    except FrontdeskError:  # training will say what is wrong with it
        return []
    paths = {part.name.partition(":")[0] for part in (*config.pipeline, *config.policies)}
    names = [
        "/".join(path.split(".")[:end]) for path in sorted(paths) for end in range(1, path.count(".") + 2)
    ]
    return [f"{name}.py" for name in names if (folder / f"{name}.py").is_file()]


def _imports(folder: Path, config: Path) -> list[str]:
    try:
        return [str(path) for path in import_folders(read_config(folder, config), folder, _read)]
    except FrontdeskError:  # training will say what is wrong with it
        return []


def _read(path: Path, expand: Expansion) -> Block:
    content = yaml.read(path, expand=expand)
    return content if isinstance(content, Block) else Block(Place(path.name))


_OWN_TYPE = re.compile(r"""\btype:\s*["']?([A-Za-z_]\w*(?:\.\w+)+)""")


def _slot_modules(domain: Iterable[Path]) -> list[str]:
    """Return the files of slot types that the domain seems to name; it is not read for that, only looked through."""
    files = [file for path in domain for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    known = [file for file in files if file.suffix in YAML_ENDINGS and file.is_file()]
    texts = [file.read_text("utf-8", errors="replace") for file in known]
    paths = {found for text in texts for found in _OWN_TYPE.findall(text)}
    return [f"{path.rpartition('.')[0].replace('.', '/')}.py" for path in sorted(paths)]


def _path_digest(path: Path) -> str | None:
    if path.is_dir():
        return folder_digest(path)
    return file_digest(path) if path.is_file() else None


def is_current(
    folder: Path,
    endpoints: Endpoints,
    models: Path,
    layout: Layout | None = None,
    only: Kind | None = None,
) -> bool:
    """Tell whether the newest model was trained from exactly these files.

    What an importer of the project's own brings may always have changed.
    """
    with suppress(FrontdeskError):  # training will say what is wrong with it
        if names_a_class(read_config(folder, layout.config if layout else None)):
            return False
    archive = newest(models)
    if archive is None:
        return False
    return bool(peek_manifest(archive).get("inputs") == inputs_digest(folder, endpoints, layout, only))


def train(
    project: Project,
    models: Path,
    progress: Progress,
    *,
    name: str | None = None,
    force: bool = False,
    lenient: bool = False,
    only: Kind | None = None,
    layout: Layout | None = None,
    base: Path | None = None,
    keep_examples: bool = False,
) -> TrainingReport:
    """Train a project and write the model package into `models`, whole or not at all.

    `lenient` goes on without components and policies that cannot be had. `only` leaves out the policies (`nlu`) or the
    pipeline (`core`). `layout` says where the files were read from. `base` is the model to go on from. `keep_examples`
    puts the NLU examples into the package. Raises UnknownName for a part that does not exist, ConfigError for one that
    is gone, TrainingError where the examples do not do, or `base` does not fit.
    """
    begun = time.monotonic()
    # now: a file that is saved while this trains counts as changed
    inputs = inputs_digest(project.folder, project.endpoints, layout, only)
    project, recipe = _ready(project, restricted(recipe_of(project), only), progress, lenient=lenient)
    known = checked(base, learnt(recipe, project))
    cache = TrainingCache(project.folder / ".frontdesk" / "cache")
    if force:
        shutil.rmtree(cache.folder, ignore_errors=True)
    facts = project_facts(project)
    embedder, encoder = _encoder(recipe, cache, progress, needed=_needs_encoder(recipe, project, only))
    pipeline = train_pipeline(
        recipe, project.training.nlu, cache, embedder, progress, _retrieval_responses(project)
    )
    policies = train_policies(recipe, project.training, project.domain, cache, progress)
    knowledge = _knowledge(project, facts, embedder, cache, progress) if only != "nlu" else None
    model_id = _model_id(name, only)
    about = {
        "model_id": model_id,
        "assistant_id": project.config.assistant_id,
        "frontdesk": __version__,
        "inputs": inputs,
        "training_type": only or "both",
        "finetuned_from": peek_manifest(base).get("model_id") if base else None,
        LEARNT: known,
    }
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as draft:
        folder = Path(draft)
        copy_into(recipe.pipeline, pipeline.folders, folder / "pipeline")
        copy_into(recipe.policies, policies.folders, folder / "policies")
        for source, target in ((encoder, ENCODER), (knowledge, KNOWLEDGE)):
            if source is not None:
                shutil.copytree(source, folder / target)
        _write_rest(folder, project, recipe, facts, keep_examples=keep_examples)
        archive = pack(folder, models / f"{model_id}{ENDING}", {**about, "trained_at": time.time()})
    return _report(archive, [pipeline, policies], time.monotonic() - begun)


def _needs_encoder(recipe: Recipe, project: Project, only: Kind | None) -> bool:
    knowledge = project.endpoints.knowledge
    return recipe.needs_encoder or bool(only != "nlu" and knowledge and knowledge.articles)


def _ready(project: Project, recipe: Recipe, progress: Progress, *, lenient: bool) -> tuple[Project, Recipe]:
    """Return the project with its own slot types, and a recipe whose parts can all be had."""
    domain = project.domain
    if lenient:
        recipe = available(recipe, progress)
        domain = without_slot_types(domain, progress)
    project = replace(project, domain=with_slot_types(domain))
    for part in (*recipe.pipeline, *recipe.policies):
        part.check(recipe.language)  # so that a misspelt name is told before minutes of training
    return project, recipe


def _model_id(name: str | None, only: Kind | None) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return name.removesuffix(ENDING) if name else f"{only}-{stamp}" if only else stamp


def _retrieval_responses(project: Project) -> dict[str, Any]:
    return {name: said for name, said in project.domain.wire.get("responses", {}).items() if "/" in name}


def _write_rest(
    folder: Path, project: Project, recipe: Recipe, facts: dict[str, Any], *, keep_examples: bool
) -> None:
    """Write what a package holds beside trained parts."""
    _write(folder / "recipe.json", recipe.to_json())
    (folder / DOMAIN).write_text(write_domain(project.domain), "utf-8")
    _write(folder / "facts.json", facts)
    if keep_examples:
        (folder / EXAMPLES).write_text(write_examples(project.training.nlu), "utf-8")


def _report(archive: Path, groups: list[Trained], seconds: float) -> TrainingReport:
    fresh = sum(group.fresh for group in groups)
    return TrainingReport(archive, fresh, sum(len(group.folders) for group in groups) - fresh, seconds)


def project_facts(project: Project) -> dict[str, Any]:
    """Return the facts that responses and articles may name."""
    knowledge = project.endpoints.knowledge
    return dict(read_facts(project.folder / knowledge.facts)) if knowledge and knowledge.facts else {}


def embedder_of(recipe: Recipe, folder: Path, progress: Progress) -> Embedder | None:
    """Return the sentence encoder that a pipeline works with, from the project's cache, or None."""
    cache = TrainingCache(folder / ".frontdesk" / "cache")
    return _encoder(recipe, cache, progress, needed=recipe.needs_encoder)[0]


def _encoder(
    recipe: Recipe, cache: TrainingCache, progress: Progress, *, needed: bool
) -> tuple[Embedder | None, Path | None]:
    if not needed and not recipe.wants_encoder:
        return None, None
    from frontdesk.encoding import weights

    try:
        found = weights.locate()
    except ConfigError as error:
        if needed:
            raise
        progress(f"Goes on without the sentence encoder, less well. {error.sentence}")
        return None, None
    fingerprint = digest("encoder", engine_digest("encoding"), found.hashes)
    folder = cache.find(fingerprint)
    if folder is None:
        progress("building the sentence encoder's graph")
        folder = cache.keep(fingerprint, lambda target: _build_encoder(found, target))
    return load_embedder(folder), folder


def _build_encoder(found: EncoderWeights, target: Path) -> None:
    from frontdesk.encoding.graph import build

    build(found, target)


def _knowledge(
    project: Project,
    facts: dict[str, Any],
    embedder: Embedder | None,
    cache: TrainingCache,
    progress: Progress,
) -> Path | None:
    knowledge = project.endpoints.knowledge
    if knowledge is None or not knowledge.articles:
        return None
    from frontdesk.knowledge.base import Articles

    articles = project.folder / knowledge.articles
    prompt = project.folder / PROMPT
    instructions = file_digest(prompt) if prompt.is_file() else None
    encoder = getattr(embedder, "fingerprint", None)
    code = engine_digest("core", "encoding", "knowledge")
    fingerprint = digest("knowledge", code, folder_digest(articles), facts, encoder, instructions)
    folder = cache.find(fingerprint)
    if folder is None:
        progress("indexing the knowledge base")
        folder = cache.keep(
            fingerprint,
            lambda out: Articles.build(
                articles, facts, embedder, out, progress, prompt=prompt if instructions else None
            ),
        )
    return folder


def _write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
