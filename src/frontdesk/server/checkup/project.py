"""The files of the project, and the model."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

from frontdesk.formats.settings_files import read_credentials, read_endpoints
from frontdesk.graph.package import newest
from frontdesk.registry import resolve
from frontdesk.runtime.assembly import trusted_model
from frontdesk.server.checkup.deployment import Deployment, Finding, Level
from frontdesk.training.train import is_current

_SECRET = re.compile(r"\s*([\w-]*(?:token|secret|password|api_key))\s*:\s*[\"']?(?!\$\{)([^\s\"'#]{6,})")
"""A line that sets a secret, to something else than a variable of the environment."""


async def check_files(deployment: Deployment) -> list[Finding]:
    """Read endpoints.yml and credentials.yml, and look for the classes of channels."""
    layout = deployment.layout
    deployment.endpoints = read_endpoints(layout.folder, layout.endpoints)
    deployment.credentials = read_credentials(layout.folder, layout.credentials)
    for entry in deployment.credentials.channels.values():
        resolve("channel", entry.name, where=str(entry.place) if entry.place else None)
    found = [Finding("files", Level.OK, "endpoints.yml and credentials.yml can be read.")]
    found += [Finding("files", Level.NOTE, notice) for notice in deployment.credentials.notices]
    if not deployment.credentials.channels and not deployment.api:
        mend = "Add 'rest:' or another channel to credentials.yml, or open the HTTP API: --enable-api."
        found.append(
            Finding("files", Level.WARNING, "No channel is open, and no API: nobody can talk.", mend)
        )
    for kind in ("endpoints", "credentials"):
        path = getattr(layout, kind) or layout.folder / f"{kind}.yml"
        found += secrets_in(path) if path.is_file() else ()
    return found


def secrets_in(file: Path) -> Iterator[Finding]:
    """Tell which secrets stand in a file itself; only their names and lines."""
    for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
        match = _SECRET.match(line)
        if match:
            what = f"{file.name}:{number}: '{match[1]}' stands in the file itself."
            mend = f"Write ${{{match[1].upper()}}} there, and set that variable where the server runs."
            yield Finding("files", Level.WARNING, what, mend)


async def check_model(deployment: Deployment) -> list[Finding]:
    """Load the model as the server would."""
    layout = deployment.layout
    archive = newest(deployment.models)
    if archive is None:
        what = f"There is no trained model in {deployment.models}."
        return [Finding("model", Level.ERROR, what, "Train one: frontdesk train.")]
    begun = time.monotonic()
    model = await asyncio.to_thread(trusted_model, layout, deployment.models)
    deployment.domain = model.domain
    what = f"{archive.name} loads in {time.monotonic() - begun:.1f} s."
    found = [Finding("model", Level.OK, what)]
    if not await asyncio.to_thread(
        is_current, layout.folder, deployment.endpoints, deployment.models, layout
    ):
        what = "The project's files, or Frontdesk itself, changed since the model was trained."
        found.append(Finding("model", Level.WARNING, what, "Train again: frontdesk train."))
    if not model.recipe.policies or not model.recipe.pipeline:
        half = "policies" if not model.recipe.policies else "NLU"
        what = f"The model has no {half}."
        found.append(Finding("model", Level.WARNING, what, "Train all of it: frontdesk train."))
    return found
