"""What is trained and run: the components and policies of config.yml, resolved and ready to be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from frontdesk.errors import PackageError
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
        """Make the component or policy with its options. Raises UnknownName at the line of config.yml."""
        return resolve(self.kind, self.name, where=self.where)(dict(self.options))

    def folder(self, position: int) -> str:
        """Return the name of its folder in a package."""
        return f"{position:02d}_{self.name.rpartition('.')[2].rpartition(':')[2]}"

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready, without its place."""
        return {"kind": self.kind, "name": self.name, "options": dict(self.options)}


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

        A class named by its path is made only if the project's own config.yml (`allowed`) names it too: a package from
        elsewhere cannot bring code to run.
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
