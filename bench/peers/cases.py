"""What is said in a comparison: projects, their conversations, and copies of both to work in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.peers.walks import Walk, walks

CASES = Path(__file__).parents[1] / "parity"
PROJECTS = CASES / "projects"
CONVERSATIONS = CASES / "conversations"

EXACT_NLU = ("WhitespaceTokenizer", "KeywordIntentClassifier", "RegexEntityExtractor", "EntitySynonymMapper")
"""The components that learn nothing, so that both sides understand the same."""

EXACT = ("RulePolicy", "MemoizationPolicy", "AugmentedMemoizationPolicy")
"""The policies that leave nothing to chance."""

LEFT_OUT = (
    ".git", "__pycache__", "models", ".rasa", ".frontdesk", "results", "*.db", ".github", "screenshots",
    "conversations.yml",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One project and what is said to it; docs/parity.md tells what the turns of a conversation may be."""

    name: str
    folder: Path
    conversations: Sequence[Mapping[str, Any]]
    actions: str | None
    config: Mapping[str, Any]

    @property
    def turns(self) -> int:
        """How many messages the user sends in all."""
        return sum("wait" not in turn for talk in self.conversations for turn in talk["turns"])

    def job(self, side: str, work: Path) -> dict[str, Any]:
        """Copy the project for one side, and return what that side is to do."""
        copy = work / side / self.name
        shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        (copy / "config.yml").write_text(json.dumps(self.config, indent=1), "utf-8")
        (copy / "endpoints.yml").unlink(missing_ok=True)
        (copy / "credentials.yml").unlink(missing_ok=True)
        return {
            "folder": str(copy),
            "domain": "domain" if (copy / "domain").is_dir() else "domain.yml",
            "config": "config.yml",
            "data": ["data"],
            "actions": self.actions,
            "conversations": list(self.conversations),
        }


def read_case(folder: Path, seed: int) -> Case:
    """Read a project; its conversations lie in it, or under its name in `bench/parity/conversations`."""
    told = folder / "conversations.yml"
    if not told.is_file():
        told = CONVERSATIONS / f"{folder.name}.yml"
    config = exact_config(read_yaml(folder / "config.yml"))
    talks = talks_of(folder.name, told, domain_of(folder), seed)
    has_actions = (folder / "actions").is_dir() or (folder / "actions.py").is_file()
    return Case(folder.name, folder, talks, "actions" if has_actions else None, config)


def talks_of(name: str, file: Path, domain: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    """Return the conversations that a file tells, and random ones over the domain."""
    found = read_yaml(file) if file.is_file() else {}
    talks = [_talk(name, number, talk) for number, talk in enumerate(found.get("conversations") or ())]
    plan = Walk(seed=seed, **(found.get("walk") or {}))
    for number, turns in enumerate(walks(domain, plan), start=1):
        talks.append({"name": f"walk {number}", "sender": f"{name}-walk-{number}", "turns": turns})
    return talks


def _talk(project: str, number: int, talk: Mapping[str, Any]) -> dict[str, Any]:
    turns = [turn if isinstance(turn, dict) else {"user": str(turn)} for turn in talk["turns"]]
    found = {
        "name": talk.get("name") or f"#{number + 1}",
        "sender": f"{project}-{number + 1}",
        "turns": turns,
    }
    return {**found, "differs": talk["differs"]} if "differs" in talk else found


def exact_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration that leaves nothing to chance: keywords only, and no learnt policy."""
    policies = [p for p in config.get("policies") or () if p["name"] in EXACT]
    if not any(policy["name"] == "RulePolicy" for policy in policies):
        policies.append({"name": "RulePolicy"})
    pipeline = [part for part in config.get("pipeline") or () if part["name"] in EXACT_NLU]
    return {
        "recipe": "default.v1",
        "assistant_id": "parity",
        "language": config.get("language") or "en",
        "pipeline": pipeline or [{"name": "WhitespaceTokenizer"}],
        "policies": policies,
    }


def domain_of(folder: Path) -> dict[str, Any]:
    """Return the domain as written, its files laid one over another."""
    files = (
        [folder / "domain.yml"]
        if (folder / "domain.yml").is_file()
        else sorted(folder.glob("domain/**/*.yml"))
    )
    whole: dict[str, Any] = {}
    for file in files:
        for key, value in (read_yaml(file) or {}).items():
            if isinstance(value, list):
                whole[key] = [*whole.get(key, []), *value]
            elif isinstance(value, dict):
                whole[key] = {**whole.get(key, {}), **value}
            else:
                whole[key] = value
    return whole


def read_yaml(file: Path) -> Any:
    """Read a YAML file as plain values."""
    return YAML(typ="safe", pure=True).load(file.read_text("utf-8"))
