"""Entity annotations: every form, escapes, complaints, and that what is written is read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.message import Entity
from frontdesk.core.training import Place
from frontdesk.errors import ConfigError
from frontdesk.formats.annotations import annotate, parse


def entity(name: str, value: object, start: int, end: int, **more: str) -> Entity:
    return Entity(
        entity=name, value=value, start=start, end=end, role=more.get("role"), group=more.get("group")
    )


@pytest.mark.parametrize(
    ("written", "text", "entities"),
    [
        ("to [Rome](city)", "to Rome", (entity("city", "Rome", 3, 7),)),
        ("to [rome](city:Rome)!", "to rome!", (entity("city", "Rome", 3, 7),)),
        ("[x]( city )", "x", (entity("city", "x", 0, 1),)),
        (
            'from [a]{"entity": "city", "role": "from"} to [b]{"entity": "city", "role": "to", "group": "1"}',
            "from a to b",
            (entity("city", "a", 5, 6, role="from"), entity("city", "b", 10, 11, role="to", group="1")),
        ),
        ('[a]{"entity": "n", "value": "{odd} ]) value"}', "a", (entity("n", "{odd} ]) value", 0, 1),)),
        ('[two]{"entity": "count", "value": 2}', "two", (entity("count", 2, 0, 3),)),
        (
            '[a][{"entity": "x"}, {"entity": "y", "value": "b"}] c',
            "a c",
            (entity("x", "a", 0, 1), entity("y", "b", 0, 1)),
        ),
        ("[a [b](c)", "a [b", (entity("c", "a [b", 0, 4),)),
        (r"[a\] b](c)", "a] b", (entity("c", "a] b", 0, 4),)),
        (r"\[a](c)", "[a](c)", ()),
        (r"\\[a](c)", "\\a", (entity("c", "a", 1, 2),)),
        (r"\[a]{no json}", "[a]{no json}", ()),
        (r"C:\[dir] stays", r"C:\[dir] stays", ()),
        ("[note] and [] and [a]() and [a]{} and [a][b]", "[note] and [] and [a]() and [a]{} and [a][b]", ()),
        ("[a](b:) [open", "[a](b:) [open", ()),
        ("[a]", "[a]", ()),
        ("plain", "plain", ()),
    ],
)
def test_each_form_is_read(written: str, text: str, entities: tuple[Entity, ...]) -> None:
    assert parse(written) == (text, entities)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("[a]{nonsense}", "What follows '[a]' is not valid JSON"),
        ('[a]{"value": "b"}', "The annotation of '[a]' names no entity."),
        ('[a]{"entity": "b", "rol": "c"}', "The annotation of '[a]' has no key 'rol'. Did you mean 'role'?"),
        ('[a]{"entity": "b", "role": 3}', "The role of '[a]' must be a text."),
        ('[a]{"entity": "b", "value": [1]}', "The value of '[a]' must be a text or a number."),
        ('[a][{"entity": "b"}, 3]', "What follows '[a]' must be a mapping."),
    ],
)
def test_a_malformed_annotation_is_named_with_its_line(written: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(written, Place("data/nlu.yml", 7))
    assert caught.value.sentence.startswith("data/nlu.yml:7: ")
    assert message in caught.value.sentence


@pytest.mark.parametrize(
    ("entities", "written"),
    [
        ((entity("city", "Rome", 0, 4),), "[Rome](city) is"),
        ((entity("city", "roma", 0, 4),), '[Rome]{"entity": "city", "value": "roma"} is'),
        ((entity("a:b", "Rome", 0, 4),), '[Rome]{"entity": "a:b"} is'),
        (
            (entity("x", "Rome", 0, 4), entity("y", "Rome", 0, 4)),
            '[Rome][{"entity": "x"}, {"entity": "y"}] is',
        ),
        ((Entity("x", "Rome"),), "Rome is"),
    ],
)
def test_each_form_is_written(entities: tuple[Entity, ...], written: str) -> None:
    assert annotate("Rome is", entities) == written


def test_overlapping_entities_cannot_be_written() -> None:
    with pytest.raises(ConfigError, match="overlaps another one"):
        annotate("a b c", (entity("x", "a b", 0, 3), entity("y", "b c", 2, 5)))


CHARACTERS = st.text(alphabet='ab []{}()\\:"é🙂', max_size=12)
NAMES = st.text(alphabet="ab_:)(", min_size=1, max_size=4)


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, tuple[Entity, ...]]:
    text = ""
    entities: list[Entity] = []
    for _ in range(draw(st.integers(0, 4))):
        text += draw(CHARACTERS)
        inner = draw(CHARACTERS)
        if inner:
            start, end = len(text), len(text) + len(inner)
            for _ in range(draw(st.integers(0, 2))):
                value = draw(st.one_of(st.just(inner), CHARACTERS, st.integers()))
                role = draw(st.one_of(st.none(), NAMES))
                entities.append(Entity(draw(NAMES), value, start, end, role=role))
        text += inner
    return text + draw(CHARACTERS), tuple(entities)


@given(sentences())
def test_what_is_written_is_read_again(sentence: tuple[str, tuple[Entity, ...]]) -> None:
    text, entities = sentence
    assert parse(annotate(text, entities)) == (text, entities)


@given(CHARACTERS)
def test_any_text_is_read_or_complained_of(text: str) -> None:
    try:
        plain, entities = parse(text)
    except ConfigError:
        return
    for found in entities:
        assert found.start is not None and found.end is not None
        assert 0 <= found.start < found.end <= len(plain)
