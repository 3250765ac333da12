"""One source for policy figures: actions/policies/. Nowhere else stands "30 days", "$5.95" or "10%"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
POLICIES = sorted((ROOT / "actions" / "policies").glob("*.yml"))
TEXTS = sorted(
    [*(ROOT / "kb").glob("*.md"), *(ROOT / "domain").glob("*.yml"), *(ROOT / "actions" / "flows").glob("*.*")]
)
UNITS = (
    r"(?:business |working |calendar )?(?:days?|hours?|minutes?|weeks?|months?|years?|items?|units?|points?)"
)
WORDS = "two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|forty|sixty|ninety|hundred"
FIGURE = re.compile(
    rf"\$\s?\d|\d\s?%|\b\d+(?:\s?(?:-|to|or)\s?\d+)?[\s-]{UNITS}\b|\b(?:{WORDS})[\s-]{UNITS}\b", re.IGNORECASE
)
COMMENT = re.compile(r"(?:^|\s)#.*$|\"\"\".*?\"\"\"", re.MULTILINE | re.DOTALL)
FACT = re.compile(r"\{([a-z_]+\.[\w.]+)\}")


def spoken(path: Path) -> str:
    """Return what of a file customers may read: no comments, no docstrings."""
    text = path.read_text("utf-8")
    return text if path.suffix == ".md" else COMMENT.sub("", text)


@pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.name)
def test_no_figure_stands_here(path: Path) -> None:
    assert FIGURE.findall(spoken(path)) == [], f"{path.name}: take it from actions/policies/ as {{file.key}}"


@pytest.mark.parametrize(
    "text", ["within 30 days", "costs $5.95", "10% off", "5-7 business days", "thirty days", "24-hour"]
)
def test_the_search_finds_figures(text: str) -> None:
    assert FIGURE.search(text)


def facts() -> set[str]:
    found = set()
    for path in POLICIES:
        stack = [(path.stem, YAML(typ="safe", pure=True).load(path))]
        while stack:
            name, value = stack.pop()
            if isinstance(value, dict):
                stack += [(f"{name}.{key}", inner) for key, inner in value.items()]
            else:
                found.add(name)
    return found


@pytest.mark.parametrize("path", [p for p in TEXTS if p.suffix in (".md", ".yml")], ids=lambda p: p.name)
def test_every_fact_that_is_named_exists(path: Path) -> None:
    used = set(FACT.findall(path.read_text("utf-8")))
    assert used - facts() == set()


def test_facts_are_used() -> None:
    used = {name for path in TEXTS for name in FACT.findall(path.read_text("utf-8"))}
    assert len(used) > 100


def test_the_readme_counts_the_articles() -> None:
    assert f"| {len(list((ROOT / 'kb').glob('*.md')))} articles " in (ROOT / "README.md").read_text("utf-8")
