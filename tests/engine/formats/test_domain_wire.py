"""Any domain that is written is read again as it was."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.domain import (
    DEFAULT_INTENTS,
    REQUESTED_SLOT,
    SESSION_START_METADATA,
    Domain,
    EntityType,
    Form,
    Intent,
    Response,
    ResponseCondition,
    SessionConfig,
)
from frontdesk.core.message import Button
from frontdesk.core.slots import OTHER, Slot, SlotMapping
from frontdesk.formats import domain as domain_file
from frontdesk.formats.complaints import Complaints
from frontdesk.formats.domain_wire import to_wire
from frontdesk.formats.yaml import Block, read_text

OWN_SLOTS = {
    REQUESTED_SLOT: Slot(REQUESTED_SLOT, "text", influence_conversation=False),
    SESSION_START_METADATA: Slot(SESSION_START_METADATA, "any"),
}
INTENTS = ("greet", "no", "order+cancel", "faq")
ENTITIES = ("city", "on", "123")
SLOTS = ("email", "yes", "1.5", "größe")
# what YAML could take for something else, and what spans lines
TEXTS = st.sampled_from(
    ["no", "1", "1e3", "null", "~", "- a", "a: b", "# x", "'", '"', "{slot}", "é\n\nb", "  x", "日本"]
) | st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=12,
)
VALUES = TEXTS | st.booleans() | st.integers(-9, 9)
CONDITIONS = st.fixed_dictionaries(
    {}, optional={"active_loop": st.none() | st.just("trip_form"), "requested_slot": st.sampled_from(SLOTS)}
).filter(bool)


def some(of: tuple[str, ...], least: int = 0) -> st.SearchStrategy[tuple[str, ...]]:
    if not of:
        return st.just(())
    return st.lists(st.sampled_from(of), unique=True, min_size=least).map(tuple)


@st.composite
def intents(draw: st.DrawFn, name: str) -> Intent:
    used = draw(st.none() | some(ENTITIES))
    return Intent(name, used, draw(some(ENTITIES)) if used is None else ())


@st.composite
def mappings(draw: st.DrawFn) -> SlotMapping:
    where = {"intent": list(draw(some(INTENTS, 1)))} if draw(st.booleans()) else {}
    kind, options = draw(
        st.sampled_from(
            [
                ("from_text", where),
                ("from_entity", {"entity": "city", "role": "to", **where}),
                ("from_intent", {"value": draw(VALUES), **where}),
                ("from_trigger_intent", {"value": draw(VALUES)}),
                ("custom", {"action": "action_look"}),
            ]
        )
    )
    return SlotMapping(kind, options, tuple(draw(st.lists(CONDITIONS, max_size=2))))


@st.composite
def slots(draw: st.DrawFn, name: str) -> Slot:
    kind = draw(st.sampled_from(["text", "bool", "any", "list", "float", "categorical"]))
    kept = {"influence_conversation": draw(st.booleans()), "initial_value": draw(st.none() | VALUES)}
    found = tuple(draw(st.lists(mappings(), max_size=3)))
    if kind == "float":
        low = draw(st.integers(-5, 5))
        kept |= {
            "minimum": float(low),
            "maximum": low + 0.5,
            "initial_value": draw(st.none() | st.floats(-5, 6)),
        }
    if kind == "categorical":
        kept["values"] = (
            *dict.fromkeys(draw(st.lists(st.sampled_from(["Rome", "no", "7"]), min_size=1))),
            OTHER,
        )
    return Slot(name, kind, mappings=found, **kept)


BUTTONS = st.builds(Button, title=TEXTS, payload=TEXTS)
CONDITION = st.builds(ResponseCondition, st.sampled_from(SLOTS), VALUES)
RESPONSES = st.builds(
    Response,
    text=TEXTS,
    buttons=st.lists(BUTTONS, max_size=2).map(tuple),
    channel=st.none() | st.just("slack"),
    conditions=st.lists(CONDITION, max_size=2).map(tuple),
    id=st.none() | TEXTS,
    data=st.dictionaries(st.just("image"), TEXTS),
)


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    named = draw(some(INTENTS))
    asked = {name: draw(slots(name)) for name in draw(some(SLOTS))}
    entities = {
        name: EntityType(name, draw(some(("from", "to"))), draw(some(("1", "2")))) for name in ENTITIES
    }
    forms = {"trip_form": Form("trip_form", tuple(asked), draw(some(named)))} if asked else {}
    return Domain(
        intents={**{n: draw(intents(n)) for n in named}, **{n: Intent(n) for n in DEFAULT_INTENTS}},
        entities=entities,
        slots={**asked, **{n: s for n, s in OWN_SLOTS.items() if forms or n != REQUESTED_SLOT}},
        responses=draw(
            st.dictionaries(
                st.sampled_from(["utter_a", "utter_b/c"]), st.lists(RESPONSES, min_size=1).map(tuple)
            )
        ),
        forms=forms,
        actions=("action_look", "action_no"),
        send_domain_actions=frozenset(draw(some(("action_look",)))),
        session=SessionConfig(float(draw(st.integers(0, 90))), draw(st.booleans())),
        store_entities_as_slots=draw(st.booleans()),
    )


def parts(domain: Domain) -> Domain:
    """Return a domain without what only repeats the rest of it; a domain says nothing of the order of intents."""
    return dataclasses.replace(domain, wire={}, intents=dict(sorted(domain.intents.items())))


@given(domains())
def test_any_domain_is_read_again(domain: Domain) -> None:
    complaints = Complaints()
    root = read_text(domain_file.write(domain), "domain.yml")
    assert isinstance(root, Block)
    again = domain_file.read([root], complaints)
    assert not complaints.errors
    assert parts(again) == parts(domain)


@given(domains())
def test_the_wire_form_says_all_of_it(domain: Domain) -> None:
    again = domain_file.read([read_block(domain_file.write(domain))], Complaints())
    assert to_wire(again) == to_wire(domain)


def read_block(text: str) -> Block:
    root = read_text(text, "domain.yml")
    assert isinstance(root, Block)
    return root
