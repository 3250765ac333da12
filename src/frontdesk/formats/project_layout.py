"""Which files make up a project: those of its folder, unless others are named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """A project's folder, and the files that stand in for `config.yml`, the domain, `data/` and so on."""

    folder: Path
    config: Path | None = None
    domain: Path | None = None
    data: tuple[Path, ...] = ()
    endpoints: Path | None = None
    credentials: Path | None = None

    def learnt_from(self) -> dict[str, Path]:
        """Return what a model is trained from, by the name it has in a fingerprint; not all of it need exist."""
        domain = {"domain": self.domain} if self.domain else {n: self.folder / n for n in _DOMAIN}
        data = self.data or (self.folder / "data",)
        usual = next((path for name in _CONFIG if (path := self.folder / name).exists()), None)
        return {
            "config.yml": self.config or usual or self.folder / "config.yml",
            **domain,
            **{f"data{number or ''}": path for number, path in enumerate(data)},
        }


_CONFIG = ("config.yml", "config.yaml")
_DOMAIN = ("domain.yml", "domain.yaml", "domain")
