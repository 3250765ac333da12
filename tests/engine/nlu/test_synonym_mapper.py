from __future__ import annotations

from pathlib import Path

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.nlu.synonym_mapper import EntitySynonymMapper
from tests.engine.nlu.conftest import example, reloaded, trained

EXAMPLES = NluExamples(
    examples=(
        example("play [LPs](medium=record)"),
        example("to [Vienna](city)"),
        example("it is [late](mood=tired)"),
        example("[Late](time=evening)"),
    ),
    synonyms={"nyc": "New York", "disc": "record"},
)


def mapped(mapper: EntitySynonymMapper, kind: str, value: object) -> object:
    [message] = mapper.process([Message("x", entities=(Entity(kind, value),))])
    return message.entities[0].value


def test_wordings_become_values(tmp_path: Path) -> None:
    for mapper in (
        trained(EntitySynonymMapper(), EXAMPLES),
        reloaded(trained(EntitySynonymMapper(), EXAMPLES), tmp_path),
    ):
        assert mapped(mapper, "city", "nyc") == "New York"
        assert mapped(mapper, "city", "NYC") == "New York"
        assert mapped(mapper, "city", "new york") == "New York"
        assert mapped(mapper, "medium", "lps") == "record"
        assert mapped(mapper, "anything", "Disc") == "record"
        assert mapped(mapper, "city", "VIENNA") == "Vienna"  # as in Rasa
        assert mapped(mapper, "city", "Paris") == "Paris"
        assert mapped(mapper, "count", 7) == 7


def test_the_last_meaning_of_a_wording_counts_for_every_kind() -> None:
    mapper = trained(EntitySynonymMapper(), EXAMPLES)
    assert mapped(mapper, "mood", "late") == "evening"
    assert mapped(mapper, "time", "LATE") == "evening"


def test_the_mapper_signs_what_it_changed() -> None:
    mapper = trained(EntitySynonymMapper(), EXAMPLES)
    [message] = mapper.process(
        [Message("x", entities=(Entity("city", "nyc", processors=("A",)), Entity("city", "Rome")))]
    )
    assert [entity.processors for entity in message.entities] == [("A", "EntitySynonymMapper"), ()]
    final = Message("/go", entities=(Entity("city", "nyc"),), final=True)
    assert mapper.process([final]) == [final]


def test_conflicts_are_told() -> None:
    said: list[str] = []
    examples = NluExamples(examples=(example("[lp](a=one)"), example("[lp](a=two)")))
    mapper = EntitySynonymMapper()
    mapper.train(examples, TrainContext(progress=said.append))
    assert mapped(mapper, "a", "lp") == "two"
    assert "'one' and 'two'" in said[0]
