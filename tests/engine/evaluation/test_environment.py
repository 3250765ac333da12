from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.errors import ConfigError
from frontdesk.evaluation.environment import PlainEnvironment, load_environment


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "tests").mkdir()
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop("own_shop", None)


def write(project: Path, source: str) -> None:
    (project / "tests" / "environment.py").write_text(source)


def test_a_project_without_one(project: Path) -> None:
    environment = load_environment(project)
    assert isinstance(environment, PlainEnvironment)
    environment.begin(project)
    environment.end()
    assert environment.check("shop", {"orders": 1}) == [
        f"'shop: {{'orders': 1}}' cannot be checked: {Path('tests/environment.py')} defines no Environment that knows it."
    ]


def test_a_projects_own(project: Path) -> None:
    (project / "own_shop.py").write_text("ROWS = 3\n")
    write(
        project,
        "from own_shop import ROWS\n"
        "class Environment:\n"
        "    def begin(self, folder): self.folder = folder\n"
        "    def check(self, key, expected): return [] if expected == ROWS else [f'{ROWS} rows']\n"
        "    def end(self): pass\n",
    )
    environment = load_environment(project)
    environment.begin(project)
    assert environment.check("rows", 3) == []
    assert environment.check("rows", 4) == ["3 rows"]


@pytest.mark.parametrize(
    "source",
    [
        "class Other: pass",
        "1 / 0",
        "class Environment:\n    def __init__(self): raise OSError('no disk')",
        "def (",
    ],
)
def test_one_that_cannot_be_made_is_told_at_its_file(project: Path, source: str) -> None:
    write(project, source)
    with pytest.raises(ConfigError, match=r"environment\.py: The test environment cannot be made"):
        load_environment(project)
