"""Read a whole project: config, domain, training files, endpoints, credentials and its tests."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from frontdesk.core.domain import Domain
from frontdesk.core.training import ActionStep, NluExamples, Place, Rule, Story, TrainingSet
from frontdesk.errors import ConfigError, YamlError, suggestion
from frontdesk.formats import config, credentials, cross_checks, domain, endpoints, nlu, stories, test_stories
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.config import Config
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.domain_merge import KEYS as DOMAIN_KEYS
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.importers import Imported, imported
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.sources import SourceFile, Sources
from frontdesk.formats.test_stories import TestSuite
from frontdesk.formats.yaml import Block, Expansion

VERSION = (3, 1)
TRAINING_KEYS = ("version", "nlu", "stories", "rules", "responses", "sentiment")
_FOREIGN_KEYS = ("e2e_tests", "test_cases", "fixtures", "metadata", "flows")
"""Keys that Rasa's other products put into such files; they are left alone."""


@dataclass(frozen=True)
class Project:
    """Everything that a project's files say.

    `files` are those that were read, with digests, for fingerprints; `notices` and (where reading was not
    strict) `doubts` are sentences with file and line.
    """

    folder: Path
    config: Config
    domain: Domain
    training: TrainingSet
    endpoints: Endpoints = field(default_factory=Endpoints)
    credentials: Credentials = field(default_factory=Credentials)
    files: tuple[SourceFile, ...] = ()
    notices: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    strict: bool = True

    @cached_property
    def tests(self) -> TestSuite:
        """The tests in `tests/`, read on first use and as strictly as the rest. Raises ProjectError."""
        return read_tests(self.folder / "tests", self.domain, base=self.folder, strict=self.strict)


def read_project(
    folder: Path,
    *,
    strict: bool = True,
    settings: bool = True,
    names: bool = True,
    env: Mapping[str, str] | None = None,
    config_path: Path | None = None,
    domain_path: Path | None = None,
    data_paths: Sequence[Path] = (),
    endpoints_path: Path | None = None,
    domain_needed: bool = True,
) -> Project:
    """Read a project's folder, or say everything that is wrong with it.

    Not `strict`, names that nothing defines (of which Rasa only warns) are kept as `doubts`; so are environment
    variables of endpoints.yml and credentials.yml that are not set, for training needs no secrets. Without
    `settings` both files are left alone. Without `names`
    it is left to the caller to check training files against the domain (`cross_checks`). `env` replaces the
    environment. `config_path`, `domain_path`, `data_paths` (files or folders) and `endpoints_path` stand in for
    config.yml, the domain, `data/` and endpoints.yml. Without `domain_needed` a project may have no domain at all.
    Raises ProjectError with all complaints.
    """
    reader = _Reader(folder, env)
    settled = reader.root("config.yml", "config.yaml", path=config_path, needed=True)
    read_config = config.read(settled, reader.complaints)
    domain_files, files = reader.files(read_config, domain_path, data_paths, domain_needed)
    responses = [_only_responses(block) for block in files if block.get("responses") is not None]
    read_domain = domain.read([*domain_files, *responses], reader.complaints)
    training = reader.training(files)
    read_domain = _with_training(read_domain, training)
    if names and any(domain_files) and read_domain.intents:
        # Without a domain every name would be unknown, and the one true complaint hard to find.
        cross_checks.check(training, read_domain, reader.complaints)
    read_endpoints, read_credentials = Endpoints(), Credentials()
    if settings:
        found = reader.root("endpoints.yml", "endpoints.yaml", path=endpoints_path, secrets=True)
        read_endpoints = endpoints.read(found, reader.complaints)
        found = reader.root("credentials.yml", "credentials.yaml", secrets=True)
        read_credentials = credentials.read(found, reader.complaints)
    reader.old_versions()
    reader.complaints.raise_all(strict=strict)
    return Project(
        folder=folder,
        config=read_config,
        domain=read_domain,
        training=training,
        endpoints=read_endpoints,
        credentials=read_credentials,
        files=reader.sources.files,
        notices=tuple(notice.sentence for notice in reader.complaints.notices),
        doubts=tuple(doubt.sentence for doubt in reader.complaints.doubts),
        strict=strict,
    )


def read_laid_out(
    layout: Layout, *, settings: bool = True, names: bool = True, domain_needed: bool = True
) -> Project:
    """Read a project whose files are where a layout says, not strictly. Raises ProjectError."""
    return read_project(
        layout.folder,
        strict=False,
        settings=settings,
        names=names,
        domain_needed=domain_needed,
        config_path=layout.config,
        domain_path=layout.domain,
        data_paths=layout.data,
        endpoints_path=layout.endpoints,
    )


def read_domain(path: Path, *, strict: bool = True) -> Domain:
    """Read a domain from a file or a folder of files, by itself. Raises ProjectError."""
    reader = _Reader(path.parent, None)
    found = domain.read(reader.domain_files(path), reader.complaints)
    reader.complaints.raise_all(strict=strict)
    return found


def read_training(path: Path, *, strict: bool = True) -> TrainingSet:
    """Read a training file, or a folder of them, by itself (an evaluation set). Raises ProjectError."""
    reader = _Reader(path if path.is_dir() else path.parent, None)
    found = reader.training(reader.training_files(path))
    reader.complaints.raise_all(strict=strict)
    return found


def read_tests(
    path: Path, known: Domain | None = None, *, base: Path | None = None, strict: bool = True
) -> TestSuite:
    """Read tests from a file, or from the files named `test_*` below a folder; a missing folder holds none.

    With a domain (`known`) the names in test stories are checked; places are relative to `base`. Raises
    ProjectError.
    """
    reader = _Reader(base or path.parent, None)
    paths = [path] if path.is_file() else [
        p for p in reader.sources.yaml_files(path) if p.name.startswith(test_stories.PREFIX)
    ]  # fmt: skip
    suites = [test_stories.read(reader.block(p, "none"), reader.complaints) for p in paths]
    found = TestSuite(
        tuple(c for suite in suites for c in suite.conversations),
        tuple(s for suite in suites for s in suite.stories),
    )
    if known is not None:
        cross_checks.check_stories(found.stories, known, reader.complaints)
    reader.complaints.raise_all(strict=strict)
    return found


class _Reader:
    def __init__(self, folder: Path, env: Mapping[str, str] | None) -> None:
        self.complaints = Complaints()
        self.sources = Sources(folder, env)
        self._old: list[tuple[str, Place]] = []

    def root(
        self, *names: str, path: Path | None = None, needed: bool = False, secrets: bool = False
    ) -> Block:
        """Read a file of settings (or another one at `path`); an empty mapping where there is none.

        Where it holds `secrets`, variables that are not set are doubts.
        """
        path = path or self.sources.first(*names)
        unset: list[YamlError] = []
        if path is not None:
            read = self.block(path, "all", unset if secrets else None)
            self.complaints.doubts += unset
            return read
        if needed:
            hint = "Run this in the project's folder, or make a project: frontdesk init."
            self.complaints.error(f"There is no {names[0]} in '{self.sources.folder}'.", None, hint)
        return Block(Place(names[0]))

    def block(self, path: Path, expand: Expansion, unset: list[YamlError] | None = None) -> Block:
        """Read a file whose content is a mapping; complaints stand for what cannot be read."""
        where = Place(self.sources.name(path), 1)
        try:
            content = self.sources.read_yaml(path, expand, unset)
        except ConfigError as error:
            self.complaints.caught(error)
            return Block(where)
        return self.complaints.block(content, where, "The content of the file")

    def files(
        self, settled: Config, domain_path: Path | None, data_paths: Sequence[Path], domain_needed: bool
    ) -> tuple[list[Block], list[Block]]:
        """Read the files of the domain and of training: the project's own, then what its importers bring."""
        found = self._imported(settled)
        if not found.own:
            return found.domain, found.training
        optional = bool(found.domain or found.training)
        named: Sequence[Path | None] = data_paths or [None]
        training = [block for path in named for block in self.training_files(path, optional=optional)]
        own = self.domain_files(domain_path, optional=optional or not domain_needed)
        return [*own, *found.domain], [*training, *found.training]

    def _imported(self, settled: Config) -> Imported:

        def read(path: Path, expand: Expansion) -> Block:
            return self._checked(self.block(path, expand))

        try:
            return imported(settled, self.sources, self.complaints, read)
        except ConfigError as error:
            self.complaints.caught(error)
            return Imported(True, [], [])

    def domain_files(self, path: Path | None = None, *, optional: bool = False) -> list[Block]:
        """Read the files of the domain."""
        found = path or self.sources.first("domain.yml", "domain.yaml", "domain")
        if found is None or not found.exists():
            if not optional:
                what = "There is no domain.yml and no folder 'domain'."
                self.complaints.error(what, None, "Make one of them.")
            return []
        if found.is_file():
            if path is None and (self.sources.folder / "domain").is_dir():
                what = "The folder 'domain' is not read, for there is a domain file."
                self.complaints.notice(what, Place(self.sources.name(found)), "Remove one of them.")
            return [self._checked(self.block(found, "plain"))]
        blocks = [self.block(p, "plain") for p in self.sources.yaml_files(found)]
        return [self._checked(block) for block in blocks if any(key in DOMAIN_KEYS[1:] for key in block)]

    def training_files(self, path: Path | None = None, *, optional: bool = False) -> list[Block]:
        """Read every training file below `data/`."""
        data = path or self.sources.folder / "data"
        if data.is_file():
            return [self._checked(self.block(data, "plain"))]
        if not data.is_dir():
            if optional:
                return []
            self.complaints.error("There is no folder 'data' with training files.", None, "Make one.")
            return []
        return [self._checked(self.block(p, "plain")) for p in self.sources.yaml_files(data)]

    def training(self, files: list[Block]) -> TrainingSet:
        """Read what training files hold: any file may hold any part."""
        examples: list[NluExamples] = []
        found_stories: list[Story] = []
        found_rules: list[Rule] = []
        for block in files:
            self._foreign_keys(block)
            examples.append(nlu.read(block, self.complaints, self.sources))
            found_stories += stories.read_stories(block, self.complaints)
            found_rules += stories.read_rules(block, self.complaints)
        return TrainingSet(nlu.merge(examples, self.complaints), tuple(found_stories), tuple(found_rules))

    def old_versions(self) -> None:
        """Notice once that files are of an older version."""
        if self._old:
            version, place = self._old[0]
            count = len(self._old)
            others = f" (and {count - 1} more file{'s' if count > 2 else ''})" if count > 1 else ""
            what = f"The file says version {version}{others}; it is read as 3.1."
            self.complaints.notice(what, place, "Write 'version: \"3.1\"'.")

    def _foreign_keys(self, block: Block) -> None:
        domain_keys = [key for key in block if key in DOMAIN_KEYS and key not in TRAINING_KEYS]
        for key in domain_keys:
            self.complaints.doubt(f"'{key}' is not read here.", block.at(key), "Move it to domain.yml.")
        rest = (*TRAINING_KEYS, *_FOREIGN_KEYS, *domain_keys)
        for key in block:
            if key not in rest:
                hint = suggestion(key, TRAINING_KEYS)
                self.complaints.doubt(f"A training file has no key '{key}'.", block.at(key), hint)

    def _checked(self, block: Block) -> Block:
        """Look at the key `version`."""
        written = block.get("version")
        if written is None:
            return block
        match = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:\.\d+)?", str(written).strip("\"' "))
        if match is None:
            self.complaints.doubt(f"The version '{written}' is none.", block.at("version"), 'Write "3.1".')
            return block
        version = (int(match[1]), int(match[2] or 0))
        if version > VERSION:
            hint = "Check what the file uses; it is read as 3.1 all the same."
            self.complaints.doubt(f"The version {written} is newer than 3.1.", block.at("version"), hint)
        elif version < (3, 0):
            self._old.append((str(written), block.at("version")))
        return block


def _only_responses(block: Block) -> Block:
    part = Block(block.place)
    line = block.at("responses").line or 0
    part.note("responses", block["responses"], line, line)
    return part


def _with_training(known: Domain, training: TrainingSet) -> Domain:
    """Add what Rasa takes from training files: actions of retrieval intents, texts of end-to-end stories."""
    retrieval = {e.intent.split("/")[0]: None for e in training.nlu.examples if "/" in e.intent}
    actions = tuple(dict.fromkeys([*known.actions, *(f"utter_{name}" for name in retrieval)]))
    steps = [step for story in training.stories for step in story.steps]
    steps += [step for rule in training.rules for step in rule.steps]
    said = [step.text for step in steps if isinstance(step, ActionStep) and step.text is not None]
    texts = tuple(dict.fromkeys([*known.e2e_action_texts, *said]))
    return dataclasses.replace(known, actions=actions, e2e_action_texts=texts)
