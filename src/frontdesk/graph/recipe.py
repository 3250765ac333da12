"""What is trained and run: the components and policies of config.yml, resolved and ready to be made."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from frontdesk.errors import FrontdeskError, PackageError
from frontdesk.graph.fingerprint import digest, file_digest
from frontdesk.registry import TABLES, resolve

Kind = Literal["component", "policy"]


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the pipeline or of the policies."""

    kind: Kind
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    where: str | None = None

    def make(self) -> Any:
        """Make the component or policy with its options. Raises UnknownName, ConfigError at the line of config.yml."""
        try:
            return resolve(self.kind, self.name, where=self.where)(dict(self.options))
        except FrontdeskError as error:
            raise error.at(self.where) from error.__cause__

    def check(self, language: str | None) -> None:
        """Make it, and let it say what its training would miss (`check(language)`, if it has such a function).

        Raises UnknownName, ConfigError at the line of config.yml.
        """
        made = self.make()
        try:
            getattr(made, "check", lambda _: None)(language)
        except FrontdeskError as error:
            raise error.at(self.where) from error.__cause__

    @property
    def foreign(self) -> bool:
        """Tell whether the class is named by its path, and so is not the engine's own."""
        return "." in self.name or ":" in self.name

    def fingerprint(self) -> str:
        """Return a digest over what it is and its options; of a foreign class also over its module's source."""
        source = None
        if self.foreign:
            found = resolve(self.kind, self.name, where=self.where)
            source = source_digest(found.__module__)
        return digest(self.to_json(), source)

    def folder(self, position: int) -> str:
        """Return the name of its folder in a package."""
        return f"{position:02d}_{self.name.rpartition('.')[2].rpartition(':')[2]}"

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready, without its place."""
        return {"kind": self.kind, "name": self.name, "options": dict(self.options)}


def source_digest(module: str) -> str | None:
    """Return a digest over a module, or where it is part of a package over all modules beside it."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return None
    path = Path(file)
    files = sorted(path.parent.glob("*.py")) if "." in module else [path]
    return digest([(found.name, file_digest(found)) for found in files])


@dataclass(frozen=True, slots=True)
class Recipe:
    """The pipeline and the policies of one assistant."""

    pipeline: tuple[Part, ...] = ()
    policies: tuple[Part, ...] = ()
    language: str | None = None

    @property
    def needs_encoder(self) -> bool:
        """Tell whether a part of the pipeline works on the sentence encoder."""
        return any(
            getattr(resolve(p.kind, p.name, where=p.where), "uses_embedder", False) for p in self.pipeline
        )

    @property
    def wants_encoder(self) -> bool:
        """Tell whether a part of the pipeline gets better by the sentence encoder, and can do without."""
        for part in self.pipeline:
            wants = getattr(resolve(part.kind, part.name, where=part.where), "wants_embedder", None)
            if wants is not None and wants(part.options, self.language):
                return True
        return False

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "pipeline": [p.to_json() for p in self.pipeline],
            "policies": [p.to_json() for p in self.policies],
            "language": self.language,
        }

    @classmethod
    def from_json(cls, wire: Mapping[str, Any], *, allowed: Iterable[str] = ()) -> Recipe:
        """Read it from a package.

        A class that is not the engine's own is made only if the project's own config.yml (`allowed`) names it too: a
        package from elsewhere cannot bring code to run. Raises PackageError.
        """

        def parts(kind: Kind, wires: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
            known = {*TABLES[kind], *allowed}
            for item in wires:
                if item["name"] not in known:
                    hint = "Name it in config.yml if you trust it."
                    raise PackageError(f"The model wants to run '{item['name']}'.", hint=hint)
            return tuple(Part(kind, item["name"], item.get("options") or {}) for item in wires)

        return cls(
            parts("component", wire["pipeline"]), parts("policy", wire["policies"]), wire.get("language")
        )
