"""Importers: several projects in one, and training files that a class of the project's own brings."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from frontdesk.errors import ConfigError
from frontdesk.formats.project import Project, read_laid_out, read_project
from frontdesk.formats.project_layout import Layout
from frontdesk.training.train import inputs_digest, is_current, train

ROOT = {
    "config.yml": """
        language: en
        pipeline: [{name: WhitespaceTokenizer}, {name: KeywordIntentClassifier}]
        policies: [{name: RulePolicy}]
        importers:
        - name: MultiProjectImporter
        imports:
        - projects/greet
        - projects/order/config.yml
        """,
}
GREET = {
    "projects/greet/domain.yml": """
        intents: [greet]
        responses: {utter_greet: [{text: Hello}], utter_both: [{text: "from greet"}]}
        """,
    "projects/greet/data/nlu.yml": "nlu: [{intent: greet, examples: '- hello'}]\n",
    "projects/greet/data/rules.yml": """
        rules:
        - rule: greet
          steps: [{intent: greet}, {action: utter_greet}]
        """,
    "projects/greet/tests/test_stories.yml": """
        stories:
        - story: a test, not an example
          steps: [{user: hello, intent: greet}, {action: utter_greet}]
        """,
    "projects/greet/endpoints.yml": "action_endpoint: {url: 'http://x/webhook'}\n",
}
ORDER = {
    "projects/order/config.yml": "imports: [../pay]\n",
    "projects/pay/domain.yml": """
        intents: [pay]
        responses: {utter_pay: [{text: Paid}], utter_both: [{text: "from pay"}]}
        """,
    "projects/pay/everything.yml": """
        nlu: [{intent: pay, examples: '- pay'}]
        rules:
        - rule: pay
          steps: [{intent: pay}, {action: utter_pay}]
        responses: {utter_ask: [{text: Which one}]}
        """,
}


def write(folder: Path, *groups: dict[str, str]) -> None:
    for name, text in (pair for group in groups for pair in group.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), "utf-8")


def told(project: Project) -> dict[str, Any]:
    return {
        "intents": {e.intent for e in project.training.nlu.examples},
        "rules": [rule.name for rule in project.training.rules],
        "stories": [story.name for story in project.training.stories],
        "responses": sorted(project.domain.responses),
    }


def test_imported_projects_and_their_imports(tmp_path: Path) -> None:
    write(tmp_path, ROOT, GREET, ORDER)
    project = read_project(tmp_path, strict=False, settings=False)
    assert told(project) == {
        "intents": {"greet", "pay"},
        "rules": ["greet", "pay"],
        "stories": [],
        "responses": ["utter_ask", "utter_both", "utter_greet", "utter_pay"],
    }
    assert project.domain.responses["utter_both"][0].text == "from greet"  # the first one counts
    assert any("projects/greet/domain.yml:3 as well; that one counts" in doubt for doubt in project.doubts)
    assert [part.name for part in project.config.policies] == ["RulePolicy"]


def test_the_projects_own_files_come_first(tmp_path: Path) -> None:
    own = {
        "domain.yml": "intents: [own]\nresponses: {utter_both: [{text: mine}]}\n",
        "data/nlu.yml": "nlu: [{intent: own, examples: '- own'}]\n",
    }
    write(tmp_path, ROOT, GREET, ORDER, own)
    project = read_project(tmp_path, strict=False, settings=False)
    assert project.domain.responses["utter_both"][0].text == "mine"
    assert told(project)["intents"] == {"greet", "pay", "own"}
    assert read_laid_out(Layout(tmp_path)).domain.responses["utter_both"][0].text == "mine"


def test_what_is_imported_is_trained_from(tmp_path: Path) -> None:
    write(tmp_path, ROOT, GREET, ORDER)
    project = read_project(tmp_path, strict=False)
    train(project, tmp_path / "models", lambda _: None)
    assert is_current(tmp_path, project.endpoints, tmp_path / "models")
    before = inputs_digest(tmp_path, project.endpoints)
    write(tmp_path, {"projects/pay/domain.yml": "intents: [pay]\nresponses: {utter_pay: [{text: Done}]}\n"})
    assert inputs_digest(tmp_path, project.endpoints) != before
    assert not is_current(tmp_path, project.endpoints, tmp_path / "models")


def test_a_circle_of_imports_ends(tmp_path: Path) -> None:
    write(
        tmp_path, ROOT, GREET, ORDER, {"projects/pay/config.yml": "imports: [../order, ../greet, ../../]\n"}
    )
    assert told(read_project(tmp_path, strict=False, settings=False))["rules"] == ["greet", "pay"]


def test_a_file_that_imports_itself_ends(tmp_path: Path) -> None:
    write(tmp_path, ROOT, GREET, {"projects/order/config.yml": "imports: [config.yml, ../greet]\n"})
    assert told(read_project(tmp_path, strict=False, settings=False))["rules"] == ["greet"]


def test_a_project_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, ROOT, GREET)
    with pytest.raises(ConfigError, match=r"config\.yml:7: The project 'config\.yml' to import is not there"):
        read_project(tmp_path, strict=False)


def test_imports_without_the_importer(tmp_path: Path) -> None:
    config = {"config.yml": "language: en\nimports: [projects/greet]\n"}
    write(tmp_path, config, GREET, {"domain.yml": "intents: [a]\n", "data/nlu.yml": "nlu: []\n"})
    project = read_project(tmp_path, strict=False)
    assert project.doubts[0].startswith("config.yml:2: 'imports' is not read")


@pytest.mark.parametrize(
    "name",
    [
        "RasaFileImporter",
        "rasa.shared.importers.rasa.RasaFileImporter",
        "E2EImporter",
        "ResponsesSyncImporter",
    ],
)
def test_names_that_change_nothing(tmp_path: Path, name: str) -> None:
    config = {"config.yml": f"language: en\nimporters: [{{name: {name}}}]\n"}
    write(
        tmp_path,
        config,
        {"domain.yml": "intents: [a]\n", "data/nlu.yml": "nlu: [{intent: a, examples: '- x'}]\n"},
    )
    project = read_project(tmp_path, strict=False)
    assert told(project)["intents"] == {"a"}
    assert any("naming it changes nothing" in n for n in project.notices) is ("File" not in name)


# A class of the project's own.

IMPORTER = """
    class FromElsewhere:
        def __init__(self, options):
            self.words = options["words"]

        def write(self, folder):
            lines = [f"- {word}" for word in self.words]
            (folder / "nlu.yml").write_text("nlu:\\n- intent: greet\\n  examples: |\\n    " + "\\n    ".join(lines))
            (folder / "domain.yml").write_text("intents: [greet]\\nresponses: {utter_x: [{text: X}]}\\n")
    """


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = """
        language: en
        pipeline: [{name: WhitespaceTokenizer}, {name: KeywordIntentClassifier}]
        importers:
        - name: elsewhere.FromElsewhere
          words: [hello, hi]
        """
    write(tmp_path, {"config.yml": config, "elsewhere.py": IMPORTER})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "elsewhere", raising=False)
    return tmp_path


def test_an_importer_of_the_projects_own(folder: Path) -> None:
    write(folder, {"data/nlu.yml": "nlu: [{intent: own, examples: '- own'}]\n"})
    project = read_project(folder, strict=False)
    assert [e.text for e in project.training.nlu.examples] == ["hello", "hi"]  # instead of data/, as in Rasa
    assert project.training.nlu.examples[0].place.file == ".frontdesk/imported/00_FromElsewhere/nlu.yml"
    assert list(project.domain.responses) == ["utter_x"]
    config = folder / "config.yml"
    config.write_text(
        config.read_text("utf-8").replace("[hello, hi]", "[hey]") + "- name: RasaFileImporter\n"
    )
    again = read_project(folder, strict=False)
    assert [e.text for e in again.training.nlu.examples] == [
        "own",
        "hey",
    ]  # beside it, and nothing is left over


def test_what_it_brings_may_always_have_changed(folder: Path) -> None:
    project = read_project(folder, strict=False)
    train(project, folder / "models", lambda _: None)
    assert not is_current(folder, project.endpoints, folder / "models")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "from rasa.shared.importers.importer import TrainingDataImporter\n",
            "is written for Rasa itself.*Code of your own",
        ),
        ("class FromElsewhere:\n    def __init__(self, options): pass\n", "is none. Give it 'write"),
        (
            "class FromElsewhere:\n    def __init__(self, options): pass\n    def write(self, folder): 1 / 0\n",
            "failed \\(ZeroDivisionError",
        ),
    ],
)
def test_an_importer_that_is_none_or_fails(folder: Path, source: str, words: str) -> None:
    write(folder, {"elsewhere.py": source})
    with pytest.raises(ConfigError, match=rf"config\.yml:5: .*{words}"):
        read_project(folder, strict=False)
    assert not [p for p in folder.glob(".frontdesk/imported/*") if p.name.startswith(".draft")]
