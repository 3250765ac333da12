"""Every key of the policies is read by code or by a text, and docs/policies.md names every key and every rule."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from actions.services.rulebook import Policies, load_policies

ROOT = Path(__file__).parents[2]
POLICIES = load_policies()
KINDS = {kind.__name__: name for name, kind in get_type_hints(Policies).items() if name != "facts"}
FILES = {"delivery": "shipping"}  # two typed policies share this file
TYPED = {
    (name, field)
    for name, kind in get_type_hints(Policies).items()
    if name != "facts"
    for field in get_type_hints(kind)
}
SOURCES = {path: path.read_text("utf-8") for path in sorted((ROOT / "actions").rglob("*.py"))}
TEXTS = "\n".join(
    path.read_text("utf-8")
    for pattern in ("kb/*.md", "domain/*.yml", "data/**/*.yml", "actions/flows/*.yml")
    for path in sorted(ROOT.glob(pattern))
)
GUIDE = (ROOT / "docs" / "policies.md").read_text("utf-8")


def told() -> set[tuple[str, str]]:
    """The keys that a text names as {file.key}, or code as "file.key"."""
    named = re.findall(r"\{([a-z_]+)\.(\w+)", TEXTS + "\n".join(SOURCES.values()))
    code = re.findall(r"""fact\(f?["']([a-z_]+)\.(\w+)["'.]""", "\n".join(SOURCES.values()))
    return {*named, *code}


def by_tier() -> set[tuple[str, str]]:
    """The keys that code makes of a tier's name."""
    return {
        ("loyalty", f"{tier}_{end}") for tier in POLICIES.loyalty.tiers for end in ("from", "benefit_text")
    }


class Readings(ast.NodeVisitor):
    """Finds which fields of which typed policy a module reads, by the names under which it knows the policies."""

    def __init__(self, tree: ast.Module) -> None:
        self.known: dict[str, set[str]] = {}
        self.found: set[tuple[str, str]] = set()
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.arg) and node.annotation is not None:
                for name in KINDS.keys() & set(re.findall(r"\w+", ast.unparse(node.annotation))):
                    self.known.setdefault(node.arg, set()).add(KINDS[name])
        for node in nodes:
            if isinstance(node, ast.Assign):
                for target, value in _pairs(node):
                    self._note(ast.unparse(target), value)
        self.visit(tree)

    def _note(self, name: str, value: ast.expr) -> None:
        """Note that a name stands for a policy."""
        if isinstance(value, ast.IfExp):
            self._note(name, value.body)
            self._note(name, value.orelse)
        owners = self.known.get(value.id, set()) if isinstance(value, ast.Name) else set()
        if isinstance(value, ast.Attribute) and value.attr in KINDS.values():
            owners = {value.attr}
        if owners:
            self.known.setdefault(name, set()).update(owners)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.name in KINDS:
            self.known["self"] = {KINDS[node.name]}
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        base = node.value
        owners = self.known.get(ast.unparse(base), set())
        if isinstance(base, ast.Attribute) and base.attr in KINDS.values():
            owners = owners | {base.attr}
        self.found |= {(owner, node.attr) for owner in owners}
        self.generic_visit(node)


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The single assignments of one, also of "a, b = x, y"."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def read() -> set[tuple[str, str]]:
    """All fields of typed policies that code reads."""
    return set().union(*(Readings(ast.parse(text)).found for text in SOURCES.values()))


def test_every_typed_field_is_read() -> None:
    shown = {(FILES.get(name, name), key) for name, key in TYPED} & told()
    unread = {
        (name, key)
        for name, key in TYPED - read()
        if (FILES.get(name, name), key) not in shown and not key.endswith("rules")  # rulebook._check_rules
    }
    assert sorted(unread) == []


def test_every_other_key_is_told() -> None:
    typed = {(FILES.get(name, name), key) for name, key in TYPED}
    keys = {(file, key) for file, content in POLICIES.facts.items() for key in content}
    assert sorted(keys - typed - told() - by_tier()) == []


def test_the_search_finds_what_nothing_reads() -> None:
    module = "def f(policy: ReturnsPolicy): return policy.carrier\nx = policies.quotes\nx.valid_days\ny.ask"
    assert Readings(ast.parse(module)).found == {("returns", "carrier"), ("quotes", "valid_days")}


def rules_of(file: str) -> set[str]:
    """The rules of a file, whatever they are about."""
    return {rule for key, value in POLICIES.facts[file].items() if key.endswith("rules") for rule in value}


def test_code_decides_by_every_rule() -> None:
    decided = set(re.findall(r"""["'](\w+)["']""", "\n".join(SOURCES.values())))
    assert sorted(set().union(*map(rules_of, POLICIES.facts)) - decided) == []


@pytest.mark.parametrize("file", sorted(POLICIES.facts))
def test_the_guide_names_every_key_and_rule(file: str) -> None:
    named = set(re.findall(r"`([^`\n]+)`", GUIDE))
    assert sorted((rules_of(file) | {str(key) for key in POLICIES.facts[file]}) - named) == []
