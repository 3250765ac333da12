"""This repository's own assistant on both sides: Rasa reads it by config.rasa.yml, and both call the same actions."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.engines import ROOT, assistant
from bench.peers.cases import CONVERSATIONS, Case, domain_of, exact_config, read_yaml, talks_of
from bench.processes import serving
from frontdesk.testing.servers import free_port

NAME = "assistant"
CONFIG = "config.rasa.yml"
COMMAND = (sys.executable, "-m", "frontdesk.cli.main")


def assistant_case(seed: int) -> Case:
    """Return the assistant and what is said to it. Raises ValueError where the configurations have other policies."""
    ours, theirs = read_yaml(ROOT / "config.yml"), read_yaml(ROOT / CONFIG)
    if ours["policies"] != theirs["policies"]:
        raise ValueError(f"config.yml and {CONFIG} name different policies.")
    talks = talks_of(NAME, CONVERSATIONS / f"{NAME}.yml", domain_of(ROOT), seed)
    return Case(NAME, ROOT, talks, "actions", theirs)


def copies(case: Case, work: Path, *, quick: bool = False) -> dict[str, dict[str, Any]]:
    """Copy the assistant for both sides, and return what each is to do, as far as it is the same.

    Messages name their intents, so that Rasa's understanding does not matter; `quick` leaves it untrained.
    """
    jobs = {}
    for side in ("rasa", "frontdesk"):
        folder = work / side / NAME
        shutil.rmtree(folder, ignore_errors=True)
        assistant(folder)
        shutil.copy(ROOT / CONFIG, folder / CONFIG)
        if quick:
            (folder / CONFIG).write_text(json.dumps(exact_config(case.config)), "utf-8")
        jobs[side] = {
            "folder": str(folder),
            "domain": "domain",
            "config": CONFIG,
            "data": ["data"],
            "validate": not quick,
            "conversations": list(case.conversations),
        }
    return jobs


@contextlib.contextmanager
def actions(project: Path, work: Path, side: str) -> Iterator[str]:
    """Run `frontdesk run actions` over a shop of its own, and yield where it answers."""
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "FRONTDESK_SHOP_DB": f"sqlite:///{work / f'shop-{side}.db'}",
        "FRONTDESK_OUTBOX": "manual",
    }
    environment.pop("FRONTDESK_ACTIONS_SECRET", None)  # neither side's callers are known
    (work / f"shop-{side}.db").unlink(missing_ok=True)
    command = [*COMMAND, "run", "actions", "--project", str(project), "-p", str(port)]
    log = work / f"actions-{side}.log"
    with serving(command, project, f"http://127.0.0.1:{port}", environment, log):
        yield f"http://127.0.0.1:{port}/webhook"


def train(project: Path, log: Path) -> None:
    """Train Frontdesk's model, whose articles the actions answer from under Rasa, too."""
    with log.open("w") as out:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        command = [*COMMAND, "train", "--project", str(project)]
        subprocess.run(command, check=True, stdout=out, stderr=out, env=environment)
