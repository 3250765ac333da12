"""Where a project's files come from, as `importers:` in config.yml says.

`RasaFileImporter` (or nothing) is the project's own domain and `data/`. `MultiProjectImporter` adds what `imports:`
names: folders of other projects, each with all that is below it, and their own imports. A class of the project's own,
named by its dotted path, writes files, which are read like any other.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from frontdesk.core.ports import Importer
from frontdesk.core.training import Place
from frontdesk.errors import ConfigError
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.config import Config, Part
from frontdesk.formats.domain_merge import KEYS as DOMAIN_KEYS
from frontdesk.formats.sources import Sources
from frontdesk.formats.yaml import Block, Expansion, Items
from frontdesk.registry import resolve

FILES = "RasaFileImporter"
PROJECTS = "MultiProjectImporter"
_WRAPPERS = ("E2EImporter", "ResponsesSyncImporter", "NluDataImporter", "CoreDataImporter")
"""What Rasa puts around importers by itself; here it is part of reading, so naming one changes nothing."""
TRAINING_KEYS = ("nlu", "stories", "rules", "sentiment")
CONFIGS = ("config.yml", "config.yaml")
WRITTEN = Path(".frontdesk") / "imported"

Read = Callable[[Path, Expansion], Block]


@dataclass
class Imported:
    """Files of a domain and of training from elsewhere; `own` tells whether the project's own files count, too."""

    own: bool
    domain: list[Block]
    training: list[Block]


def imported(config: Config, sources: Sources, complaints: Complaints, read: Read) -> Imported:
    """Return what the importers of config.yml bring; `read` reads a file whose content is a mapping."""
    kinds = [(part, short(part.name)) for part in config.importers]
    for part, kind in kinds:
        if kind in _WRAPPERS:
            what = f"'{part.name}' is part of reading here; naming it changes nothing."
            complaints.notice(what, part.place, "Remove it.")
    custom = [part for part, kind in kinds if kind not in (FILES, PROJECTS, *_WRAPPERS)]
    several = any(kind == PROJECTS for _, kind in kinds)
    found = Imported(several or not custom or any(kind == FILES for _, kind in kinds), [], [])
    if config.imports and not several:
        what = "'imports' is not read: no MultiProjectImporter is among the importers."
        complaints.doubt(what, config.imports_place, "Add '- name: MultiProjectImporter' to 'importers:'.")
    if several:
        for folder in imports(config.imports, sources.folder, complaints, config.imports_place, read):
            _take(folder, sources, read, found)
    for position, part in enumerate(custom):
        _take(_written(part, position, sources.folder), sources, read, found)
    return found


def short(name: str) -> str:
    """Return the name of one of Rasa's importers without its path."""
    return name.rpartition(".")[2] if name.startswith("rasa.") else name


def reads_own_files(name: str) -> bool:
    """Tell whether an importer reads the project's own files and nothing else."""
    return short(name) in (FILES, *_WRAPPERS)


def brings_more(config: Config) -> bool:
    """Tell whether an importer brings files beside the project's own, a domain maybe among them."""
    return not all(reads_own_files(part.name) for part in config.importers)


def names_a_class(config: Config) -> bool:
    """Tell whether an importer is a class of the project's own: then nobody knows when what it brings has changed."""
    return any(short(part.name) not in (FILES, PROJECTS, *_WRAPPERS) for part in config.importers)


def imports(
    named: Sequence[str], base: Path, complaints: Complaints, place: Place | None, read: Read
) -> list[Path]:
    """Return the folders of imported projects, each once, with those that they import themselves."""
    found: list[Path] = []
    seen = {base.resolve()}
    waiting = [((base / name).resolve(), place) for name in named]
    while waiting:
        path, at = waiting.pop(0)
        if path in seen or any(path.is_relative_to(known) for known in found):
            continue
        seen.add(path)  # a file, too: it may name itself, or one that names it
        if not path.exists():
            hint = "Give paths relative to the file that names them."
            complaints.error(f"The project '{path.name}' to import is not there.", at, hint)
            continue
        configs = [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if p.name in CONFIGS]
        if path.is_dir():
            found.append(path)
        for config in configs:
            block = read(config, "all")
            names = block.get("imports")
            for name in names if isinstance(names, Items) else ():
                target = (config.parent / str(name)).resolve()
                waiting.append((target, block.at("imports")))
    return found


def _take(folder: Path, sources: Sources, read: Read, found: Imported) -> None:
    for path in sources.yaml_files(folder):
        if path.name.startswith("test_") or path.name in CONFIGS or path.stem in ("endpoints", "credentials"):
            continue
        block = read(path, "plain")
        if any(key in block for key in TRAINING_KEYS):
            found.training.append(block)
        elif any(key in block for key in DOMAIN_KEYS[1:]):
            found.domain.append(block)


def _written(part: Part, position: int, folder: Path) -> Path:
    """Let an importer write its files, and return the folder, which is replaced whole. Raises ConfigError."""
    where = str(part.place) if part.place else None
    importer: Importer = resolve("importer", part.name, where=where)(dict(part.options))
    if not callable(getattr(importer, "write", None)):
        hint = "Give it 'write(folder)', which writes files in Rasa's formats."
        raise ConfigError(f"The importer '{part.name}' is none.", where=where, hint=hint)
    home = folder / WRITTEN
    home.mkdir(parents=True, exist_ok=True)
    target = home / f"{position:02d}_{part.name.rpartition('.')[2]}"
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=home))
    try:
        importer.write(draft)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except Exception as error:  # the project's own code may raise anything
        what = f"The importer '{part.name}' failed ({type(error).__name__}: {error})."
        raise ConfigError(what, where=where) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def import_folders(config: Config, folder: Path, read: Read) -> Iterator[Path]:
    """Yield the folders that a model is trained from beside the project's own."""
    if any(short(part.name) == PROJECTS for part in config.importers):
        yield from imports(config.imports, folder, Complaints(), None, read)
