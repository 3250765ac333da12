"""Make and load the trained parts of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from frontdesk.errors import FrontdeskError, PackageError
from frontdesk.graph.recipe import Part


def load_parts(parts: tuple[Part, ...], folder: Path, load: Callable[[Any, Path], None]) -> list[Any]:
    """Return the parts of one kind, each loaded from its own folder under `folder`."""
    loaded: list[Any] = []
    for position, part in enumerate(parts):
        own = folder / part.folder(position)
        made = part.make()
        try:
            load(made, own)
        except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
            hint = "Train again: frontdesk train."
            raise PackageError(
                f"'{part.name}' cannot be loaded ({error!r}).", where=str(own), hint=hint
            ) from error
        except FrontdeskError:
            raise
        loaded.append(made)
    return loaded
