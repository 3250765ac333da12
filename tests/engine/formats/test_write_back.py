"""What was learnt goes to where its kind stands, in real projects' layouts and styles."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.core import events as ev
from frontdesk.core.domain import Domain, EntityType, Intent
from frontdesk.core.message import Entity
from frontdesk.core.training import Place, Story, UserStep
from frontdesk.errors import ConfigError
from frontdesk.formats.annotations import annotate
from frontdesk.formats.project import read_training
from frontdesk.formats.told import story_of
from frontdesk.formats.write_back import Additions

DOMAIN = Domain(
    intents={"greet": Intent("greet"), "fly": Intent("fly")}, entities={"city": EntityType("city")}
)
EVENTS = [
    ev.UserUttered("fly to Rome", {"intent": {"name": "fly"}}, (Entity("city", "Rome", 7, 11, role="to"),)),
    ev.ActionExecuted("utter_fly"),
    ev.ActionExecuted("action_listen"),
]
NLU = """
    version: "3.1"
    # ours
    nlu:
    - intent: greet   # say hello
      examples: |
        - hi
        - hello

    - synonym: Rome
      examples: |
        - roma
    stories: []
    """


def add_examples(folder: Path, examples: dict[str, list[str]], target: Path | None = None) -> list[Place]:
    additions = Additions(folder)
    places = additions.examples(examples, target)
    additions.commit()
    return places


def add_story(folder: Path, name: str, events, target: Path | None = None, *, e2e: bool = False) -> Place:
    additions = Additions(folder)
    place = additions.story(story_of(name, events, DOMAIN, e2e=e2e), target)
    additions.commit()
    return place


def add_name(folder: Path, section: str, name: str) -> Place:
    additions = Additions(folder)
    place = additions.name(section, name)
    additions.commit()
    return place


def add_response(folder: Path, name: str, text: str) -> Place:
    additions = Additions(folder)
    place = additions.response(name, text)
    additions.commit()
    return place


def diff(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[:2] in ("+ ", "- ")]


def test_an_example_goes_to_its_intent(write) -> None:
    folder = write({"data/nlu.yml": NLU, "data/more.yml": NLU.replace("- hello", "- hey")})
    before = (folder / "data/nlu.yml").read_text()
    places = add_examples(folder, {"greet": ["good morning", "hi", "good morning", "from [Rome](city)"]})
    # the files are read in the order of their names, and both hold as many
    assert places == [Place("data/more.yml", n) for n in (8, 6, 8, 9)]
    assert (folder / "data/nlu.yml").read_text() == before
    more = (folder / "data/more.yml").read_text()
    assert diff(before.replace("hello\n\n", "hey\n\n"), more) == [
        "+     - good morning",
        "+     - from [Rome](city)",
    ]


def test_the_file_with_most_examples_of_the_intent_is_chosen(write) -> None:
    folder = write({"data/a.yml": NLU, "data/b.yml": NLU.replace("- hello", "- hey\n        - hello you")})
    assert add_examples(folder, {"greet": ["hi there"]}) == [Place("data/b.yml", 9)]


def test_what_is_there_already_is_not_written_again(write) -> None:
    folder = write({"data/nlu.yml": NLU})
    path = folder / "data/nlu.yml"
    before, changed = path.read_bytes(), path.stat().st_mtime_ns
    assert add_examples(folder, {"greet": ["hello"]}) == [Place("data/nlu.yml", 7)]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, changed)


def test_lists_of_texts_with_metadata(write) -> None:
    text = """
        nlu:
          - intent: greet
            examples:
              - text: |
                  hi
                metadata: {sentiment: good}   # a note
              - text: |
                  hello
          - intent: bye
            examples: ["bye", 'see you' ]
          - intent: thanks
            examples:
            - text: "thank you"
        """
    folder = write({"data/nlu.yml": text})
    before = (folder / "data/nlu.yml").read_text()
    add_examples(folder, {"greet": ["hey [you](who)"], "bye": ["so long"], "thanks": ["a: b"]})
    after = (folder / "data/nlu.yml").read_text()
    assert diff(before, after) == [
        "+       - text: |",
        "+           hey [you](who)",
        """-     examples: ["bye", 'see you' ]""",
        """+     examples: ["bye", 'see you', "so long" ]""",
        '+     - text: "a: b"',
    ]
    found = read_training(folder / "data").nlu.examples
    assert [(e.intent, e.text) for e in found][2] == ("greet", "hey you")


def test_a_sentence_of_two_lines_is_kept_whole(write) -> None:
    folder = write({"data/nlu.yml": NLU})
    add_examples(folder, {"greet": ["good\nmorning"]})
    found = read_training(folder / "data").nlu.examples
    assert [e.text for e in found if e.intent == "greet"] == ["hi", "hello", "good\nmorning"]
    assert "  - text: |-\n      good\n      morning\n" in (folder / "data/nlu.yml").read_text()


def test_windows_files_without_a_last_line_end(write) -> None:
    folder = write({})
    path = folder / "data/nlu.yml"
    path.parent.mkdir()
    path.write_bytes(b"nlu:\r\n- intent: greet\r\n  examples: |\r\n    - hi")
    add_examples(folder, {"greet": ["hello"], "bye": ["so long"]})
    assert path.read_bytes() == (
        b"nlu:\r\n- intent: greet\r\n  examples: |\r\n    - hi\r\n    - hello"
        b"\r\n\r\n- intent: bye\r\n  examples: |\r\n    - so long"
    )


def test_examples_in_quotes_get_an_entry_beside_them(write) -> None:
    folder = write({"data/nlu.yml": 'nlu:\n- {intent: greet, examples: "- hi\\n- hello"}\n'})
    add_examples(folder, {"greet": ["hey"]})
    assert (folder / "data/nlu.yml").read_text() == (
        'nlu:\n- {intent: greet, examples: "- hi\\n- hello"}\n\n- intent: greet\n  examples: |\n    - hey\n'
    )


def test_a_new_intent_goes_to_where_intents_are(write) -> None:
    folder = write({"data/nlu.yml": NLU})
    assert add_examples(folder, {"bye": ["so long"]}) == [Place("data/nlu.yml", 15)]
    single = "nlu:\n- intent: {}\n  examples: |\n    - {}\n"
    layout = write({f"p/data/nlu/{name}.yml": single.format(name, name) for name in ("a", "b", "faq/x")})
    assert add_examples(layout / "p", {"c/d e": ["see"]}) == [Place("data/nlu/c_d_e.yml", 6)]
    assert (layout / "p/data/nlu/c_d_e.yml").read_text() == (
        'version: "3.1"\n\nnlu:\n- intent: c/d e\n  examples: |\n    - see\n'
    )
    assert add_examples(layout / "p", {"faq/y": ["why"]})[0].file == "data/nlu/faq/x.yml"


def test_a_project_without_examples_gets_a_file(write) -> None:
    folder = write({"data/rules.yml": "rules: []\n"})
    assert add_examples(folder, {"bye": ["so long"]}) == [Place("data/nlu.yml", 6)]
    assert add_examples(folder, {"x": ["y"]}, target=folder / "data/learnt.yml")[0].file == "data/learnt.yml"


def test_an_annotation_that_cannot_be_read_is_refused(write) -> None:
    folder = write({"data/nlu.yml": NLU})
    before = (folder / "data/nlu.yml").read_text()
    with pytest.raises(ConfigError, match="not valid JSON"):
        add_examples(folder, {"greet": ["good", '[x]{"entity": }']})
    with pytest.raises(ConfigError, match="'greet' is empty"):
        add_examples(folder, {"greet": ["  "]})
    with pytest.raises(ConfigError, match="Nothing was written"):
        add_examples(folder, {"greet": ["a \x00 b"]})
    assert (folder / "data/nlu.yml").read_text() == before


STORIES = """
    version: "3.1"
    stories:
      # the way it goes
      - story: one
        steps:
          - intent: greet
          - action: utter_greet   # hello

      - story: "two"
        steps:
          - intent: greet
          # - action: not_this
    rules:
      - rule: r
        steps: [{intent: greet}, {action: utter_greet}]
    """


def test_a_story_goes_below_the_last_one(write) -> None:
    folder = write(
        {"data/stories.yml": STORIES, "data/rules.yml": "stories:\n- story: z\n  steps: [{intent: a}]\n"}
    )
    before = (folder / "data/stories.yml").read_text()
    assert add_story(folder, "learnt", EVENTS) == Place("data/stories.yml", 14)
    assert diff(before, (folder / "data/stories.yml").read_text()) == [
        "+ ",
        "+   - story: learnt",
        "+     steps:",
        "+       - intent: fly",
        "+         entities:",
        "+           - city: Rome",
        "+             role: to",
        "+       - action: utter_fly",
    ]
    told = read_training(folder / "data").stories
    assert [story.name for story in told] == ["z", "one", "two", "learnt"]
    assert add_story(folder, "again", EVENTS) == Place("data/stories.yml", 14)
    other = [*EVENTS, ev.ActionExecuted("utter_more")]
    with pytest.raises(ConfigError, match=r"data/stories\.yml:14: A story is called 'learnt' already\."):
        add_story(folder, "learnt", other)


def test_a_story_in_the_users_own_words(write) -> None:
    folder = write({"data/rules.yml": "rules: []\n"})
    place = add_story(folder, "learnt", EVENTS, folder / "data" / "e2e" / "learnt.yml", e2e=True)
    assert place == Place("data/e2e/learnt.yml", 4)
    (story,) = read_training(folder / "data").stories
    words = UserStep("fly", "fly to Rome", (Entity("city", "Rome", 7, 11, role="to"),))
    assert (story.name, story.steps[0]) == ("learnt", words)


def test_a_conversation_in_which_nobody_speaks_is_no_story(write) -> None:
    folder = write({"data/rules.yml": "rules: []\n"})
    with pytest.raises(ConfigError, match="The user says nothing"):
        add_story(folder, "learnt", EVENTS[1:])


def test_names_go_to_their_sections_of_the_domain(write) -> None:
    text = """
        version: "3.1"
        intents:
          - greet   # hello
          - bye:
              use_entities: []
        entities: [city]
        responses:
          utter_greet:
            - text: "Hi"   # nice
        # the end
        """
    folder = write({"domain.yml": text})
    before = (folder / "domain.yml").read_text()
    assert add_name(folder, "intents", "faq") == Place("domain.yml", 6)
    assert add_name(folder, "intents", "bye") == Place("domain.yml", 4)
    assert add_name(folder, "entities", "date") == Place("domain.yml", 7)
    assert add_name(folder, "actions", "action_fly") == Place("domain.yml", 13)
    assert add_response(folder, "utter_fly", "We fly: up") == Place("domain.yml", 11)
    assert diff(before, (folder / "domain.yml").read_text()) == [
        "+   - faq",
        "- entities: [city]",
        "+ entities: [city, date]",
        "+   utter_fly:",
        '+     - text: "We fly: up"',
        "+ ",
        "+ actions:",
        "+   - action_fly",
    ]


def test_a_domain_in_several_files(write) -> None:
    folder = write(
        {
            "domain/a.yml": "actions:\n- action_x\n",
            "domain/b.yml": "intents:\n- greet\nresponses: {}\n",
        }
    )
    assert add_name(folder, "intents", "bye") == Place("domain/b.yml", 3)
    assert add_response(folder, "utter_x", "X") == Place("domain/b.yml", 4)
    assert add_name(folder, "entities", "city") == Place("domain/a.yml", 5)
    assert add_name(folder, "actions", "action_x") == Place("domain/a.yml", 2)


def test_all_or_nothing(write) -> None:
    folder = write({"data/nlu.yml": NLU, "domain.yml": "intents: [greet]\n"})
    additions = Additions(folder)
    additions.examples({"greet": ["hey"], "bye": ["so long"]})
    additions.story(Story("learnt", (UserStep("bye"),)))
    additions.name("intents", "bye")
    before = (folder / "data/nlu.yml").read_text()
    (folder / "domain.yml").write_text("intents: [greet, other]\n")
    with pytest.raises(ConfigError, match=r"domain\.yml: The file was changed in the meantime"):
        additions.commit()
    assert (folder / "data/nlu.yml").read_text() == before
    again = Additions(folder)
    again.story(Story("learnt", (UserStep("bye"),)))
    again.examples({"bye": ["so long"]})
    again.name("intents", "bye")
    again.commit()
    assert (folder / "domain.yml").read_text() == "intents: [greet, other, bye]\n"
    assert [story.name for story in read_training(folder / "data").stories] == ["learnt"]


SENTENCES = st.text(
    st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="\x85"), min_size=1, max_size=25
).map(str.strip)
"""Whatever people type on one line."""


def laid_out(form: str, offset: int, gap: int, end: str, cut: bool, kept: list[str]) -> bytes:
    """Return a training file of one intent in one of the ways in which people write them."""
    dash = f"-{' ' * gap}"
    outer, key = " " * offset, " " * (offset + 1 + gap)
    lines = ["# ours", "nlu:", f"{outer}{dash}intent: greet   # hello"]
    if form == "block":
        lines += [f"{key}examples: |", *(f"{key}  {dash}{text}" for text in kept)]
    elif form == "texts":
        lines += [f"{key}examples:", *(f"{key}{dash}{json.dumps(text)}" for text in kept)]
    elif form == "mappings":
        lines += [f"{key}examples:"]
        for text in kept:
            lines += [f"{key}{dash}text: |", f"{key}{' ' * (gap + 3)}{text}", f"{key} {' ' * gap}metadata: 1"]
    else:
        lines += [f"{key}examples: [{', '.join(map(json.dumps, kept))}] # few"]
    if not cut:
        lines += ["", "# the end", "rules: []", ""]
    return end.join(lines).encode()


@given(
    form=st.sampled_from(["block", "texts", "mappings", "flow"]),
    offset=st.integers(0, 4),
    gap=st.integers(1, 3),
    end=st.sampled_from(["\n", "\r\n"]),
    cut=st.booleans(),
    new=SENTENCES.filter(bool),
)
@settings(max_examples=150, deadline=None)
def test_any_sentence_in_any_layout(
    tmp_path_factory: pytest.TempPathFactory, form: str, offset: int, gap: int, end: str, cut: bool, new: str
) -> None:
    folder = tmp_path_factory.mktemp("layout")
    path = folder / "data" / "nlu.yml"
    path.parent.mkdir()
    before = laid_out(form, offset, gap, end, cut, ["hi", "hello you"])
    path.write_bytes(before)
    add_examples(folder, {"greet": [annotate(new, ())]})
    assert [e.text for e in read_training(folder / "data").nlu.examples] in (
        ["hi", "hello you", new], ["hi", "hello you"][: 2 if new in ("hi", "hello you") else 0],
    )  # fmt: skip
    after = path.read_bytes()
    start = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    added = len(after) - len(before)
    # nothing but one insertion: what stands around it is what was there
    assert any(after[:at] + after[at + added :] == before for at in range(max(0, start - added), start + 1))
