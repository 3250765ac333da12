"""Files that stand in for a project's own."""

from __future__ import annotations

from pathlib import Path

from frontdesk.formats.project import read_laid_out
from frontdesk.formats.project_layout import Layout

HERE = Path("/project")


def test_the_usual_files() -> None:
    assert Layout(HERE).learnt_from() == {
        "config.yml": HERE / "config.yml",
        "domain.yml": HERE / "domain.yml",
        "domain.yaml": HERE / "domain.yaml",
        "domain": HERE / "domain",
        "data": HERE / "data",
    }


def test_others() -> None:
    layout = Layout(HERE, Path("/c.yml"), Path("/d"), (Path("/one"), Path("/two")))
    assert layout.learnt_from() == {
        "config.yml": Path("/c.yml"), "domain": Path("/d"), "data": Path("/one"), "data1": Path("/two"),
    }  # fmt: skip


def test_a_project_is_read_from_where_they_are(tmp_path: Path) -> None:
    for name, text in {
        "c.yml": "language: de\n",
        "d.yml": "intents: [a]\n",
        "one.yml": "nlu:\n- intent: a\n  examples: |\n    - x\n",
        "two.yml": "rules:\n- rule: r\n  steps:\n  - intent: a\n  - action: action_listen\n",
        "e.yml": "tracker_store: {type: SQL}\n",
    }.items():
        (tmp_path / name).write_text(text)
    data = (tmp_path / "one.yml", tmp_path / "two.yml")
    layout = Layout(tmp_path / "none", tmp_path / "c.yml", tmp_path / "d.yml", data, tmp_path / "e.yml")
    project = read_laid_out(layout)
    assert project.config.language == "de"
    assert [e.text for e in project.training.nlu.examples] == ["x"]
    assert [r.name for r in project.training.rules] == ["r"]
    assert project.endpoints.tracker_store is not None
    nlu_only = Layout(tmp_path / "none", tmp_path / "c.yml", data=(tmp_path / "one.yml",))
    assert "a" not in read_laid_out(nlu_only, names=False, domain_needed=False).domain.intents
