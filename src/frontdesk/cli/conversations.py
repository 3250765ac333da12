"""Open the store of conversations that a project names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from frontdesk.errors import ConfigError

if TYPE_CHECKING:
    from frontdesk.core.ports import TrackerStore


def open_store(folder: Path, endpoints_path: Path | None) -> TrackerStore:
    """Return the tracker store of endpoints.yml, or of another such file. Raises ConfigError where it names none."""
    from frontdesk.formats.settings_files import read_endpoints
    from frontdesk.runtime.assembly import tracker_store

    endpoint = read_endpoints(folder, endpoints_path).tracker_store
    if endpoint is None or (endpoint.type or "memory").lower() in ("memory", "inmemorytrackerstore"):
        where = str(endpoints_path or folder / "endpoints.yml")
        hint = "Name one that lasts under 'tracker_store', such as 'type: SQL'."
        raise ConfigError("No tracker store is named that keeps conversations.", where=where, hint=hint)
    return tracker_store(endpoint, folder)
