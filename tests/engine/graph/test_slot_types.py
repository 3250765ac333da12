"""Slot types of a project's own: seen by policies, trusted only where the project's own domain names them."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from frontdesk import UserMessage
from frontdesk.cli.main import main, make_parser
from frontdesk.cli.options import layout_of
from frontdesk.core.domain import Domain
from frontdesk.core.slots import Slot
from frontdesk.errors import ConfigError, PackageError
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.project import read_project
from frontdesk.formats.project_layout import Layout
from frontdesk.graph.slot_types import own_types, with_slot_types, without_slot_types
from frontdesk.runtime.assembly import assemble
from frontdesk.settings import Settings
from frontdesk.stores.memory import MemoryTrackerStore
from frontdesk.training.train import inputs_digest, train
from frontdesk.training.validate import validate

FILES = {
    "party.py": """
        class Party:
            size = 2

            def __init__(self, options):
                self.most = options["most"]

            def features(self, value):
                return [value <= self.most, value > self.most] if value else [0, 0]
        """,
    "config.yml": """
        recipe: default.v1
        language: en
        pipeline: [{name: WhitespaceTokenizer}, {name: KeywordIntentClassifier}]
        policies: [{name: MemoizationPolicy}]
        """,
    "domain.yml": """
        version: "3.1"
        intents: [book]
        entities: [people]
        slots:
          people:
            type: party.Party
            most: 6
            mappings: [{type: from_entity, entity: people}]
        responses:
          utter_table: [{text: "A table, then."}]
          utter_room: [{text: "A whole room!"}]
        """,
    "data/nlu.yml": """
        version: "3.1"
        nlu:
        - intent: book
          examples: |
            - book
        """,
    "data/stories.yml": """
        version: "3.1"
        stories:
        - story: few
          steps:
          - intent: book
            entities: [{people: 4}]
          - slot_was_set: [{people: 4}]
          - action: utter_table
        - story: many
          steps:
          - intent: book
            entities: [{people: 9}]
          - slot_was_set: [{people: 9}]
          - action: utter_room
        """,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "party", raising=False)
    return tmp_path


def trained(folder: Path, **options: bool) -> list[str]:
    told: list[str] = []
    train(read_project(folder), folder / "models", told.append, **options)
    return told


async def test_stories_are_told_apart_by_the_types_own_numbers(folder: Path) -> None:
    trained(folder)
    agent = assemble(folder, None, Settings(), store=MemoryTrackerStore({}))

    async def told(people: int) -> list[str]:
        message = UserMessage(f'/book{{"people": {people}}}', f"ann{people}", "rest")
        return [reply["text"] for reply in await agent.receive(message)]

    assert await told(2) == ["A table, then."]  # neither 2 nor 40 is in a story
    assert await told(40) == ["A whole room!"]
    await agent.close()


def test_a_type_that_another_project_brought_is_not_run(folder: Path) -> None:
    trained(folder)
    domain = folder / "domain.yml"
    domain.write_text(domain.read_text("utf-8").replace("type: party.Party", "type: float"), "utf-8")
    with pytest.raises(
        PackageError, match=r"wants to run 'party\.Party' for the slot 'people'.*domain if you trust it"
    ):
        assemble(folder, None, Settings())


def test_a_type_of_another_domain_is_run_where_that_domain_is_named(folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    (folder / "domain.yml").rename(other / "domain.yml")
    (folder / "domain.yml").write_text("intents: [book]\n", "utf-8")
    run = ["--project", str(folder)]
    assert main(["train", *run, "-d", str(other)]) == 0
    with pytest.raises(PackageError, match="another domain, name that with -d"):
        assemble(folder, None, Settings())
    for command in ("run", "shell"):
        layout = layout_of(make_parser([command]).parse_args([command, *run, "-d", str(other)]))
        agent = assemble(folder, None, Settings(), store=MemoryTrackerStore({}), layout=layout)
        assert agent.processor.domain.slots["people"].own is not None


def test_a_changed_type_is_trained_again(folder: Path) -> None:
    trained(folder)
    project = read_project(folder)
    before = inputs_digest(folder, project.endpoints)
    party = folder / "party.py"
    party.write_text(party.read_text("utf-8") + "\n# changed\n", "utf-8")
    assert inputs_digest(folder, project.endpoints) != before
    assert "training MemoizationPolicy" in trained(folder)


@pytest.mark.parametrize("name", ["elsewhere.yml", "domain.yaml"])
def test_a_changed_type_counts_wherever_the_domain_stands(folder: Path, name: str) -> None:
    domain = (folder / "domain.yml").rename(folder / name)
    layout = Layout(folder, domain=domain if name == "elsewhere.yml" else None)
    before = inputs_digest(folder, Endpoints(), layout)
    party = folder / "party.py"
    party.write_text(party.read_text("utf-8") + "\n# changed\n", "utf-8")
    assert inputs_digest(folder, Endpoints(), layout) != before


def test_a_slot_class_that_was_written_for_rasa(folder: Path) -> None:
    source = "from rasa.shared.core.slots import Slot\n\n\nclass Party(Slot):\n    pass\n"
    (folder / "party.py").write_text(source, "utf-8")
    words = r"domain\.yml:7: The slot type 'party\.Party' is written for Rasa itself.*Code of your own"
    with pytest.raises(ConfigError, match=words):
        trained(folder)
    findings = [str(found) for found in validate(read_project(folder)) if found.severity == "error"]
    assert any("written for Rasa itself" in line for line in findings)
    told = trained(folder, lenient=True)
    assert any(line.startswith("Goes on with the slot 'people' as text: filled or empty.") for line in told)
    agent = assemble(folder, None, Settings(), store=MemoryTrackerStore({}))
    assert agent.processor.domain.slots["people"].type == "text"


def test_one_that_policies_do_not_look_at_is_never_imported(folder: Path) -> None:
    (folder / "party.py").write_text("raise ValueError\n", "utf-8")
    domain = folder / "domain.yml"
    text = domain.read_text("utf-8").replace("most: 6", "influence_conversation: false")
    domain.write_text(text, "utf-8")
    assert own_types(read_project(folder).domain) == {}
    stories = folder / "data" / "stories.yml"
    stories.write_text(stories.read_text("utf-8").split("- story: many")[0], "utf-8")
    trained(folder)
    assemble(folder, None, Settings(), store=MemoryTrackerStore({}))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    features = None\n    size = 1", "is none. Give it 'size'"),
        ("    size = 0\n    def features(self, value): return []", "is none"),
        ("    size = 2\n    def features(self, value): return [1]", "gave 1 numbers; its size is 2"),
        (
            "    size = 1\n    def features(self, value): return [{}]",
            "failed at a value of 'people' \\(TypeError",
        ),
        (
            "    size = 1\n    def features(self, value): return value.x",
            "failed at a value of 'people' \\(Attrib",
        ),
    ],
)
def test_types_that_keep_no_promise(folder: Path, body: str, words: str) -> None:
    (folder / "party.py").write_text(
        f"class Party:\n    def __init__(self, options): pass\n{body}\n", "utf-8"
    )
    with pytest.raises(ConfigError, match=rf"domain\.yml:7: .*{words}"):
        trained(folder)


def test_a_domain_without_such_types_stays_as_it_is() -> None:
    domain = Domain(slots={"a": Slot("a", "text")})
    assert with_slot_types(domain) is domain
    assert without_slot_types(domain, print) is domain
