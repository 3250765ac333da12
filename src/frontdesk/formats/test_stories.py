r"""Read test conversations: Rasa's test stories, and Frontdesk's own format, which says what the user reads.

A conversation of our own:

    conversations:
    - name: greeting
      channel: chat
      steps:
      - user: "hi"
        intent: greet
        bot: ["automated assistant", "not: sorry", "re: \\d+ minutes"]
        slots: {verified: true}
        events: [{event: active_loop, name: null}]
        actions: [utter_greet, action_listen]

Any other key of a step is kept in `extra` for those who extend the format.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from frontdesk.core.training import Place, Story
from frontdesk.formats import stories
from frontdesk.formats.complaints import Complaints, describe
from frontdesk.formats.writer import dump
from frontdesk.formats.yaml import Block, plain

PREFIX = "test_"
"""Files of tests are named so, as in Rasa."""

_STEP_KEYS = ("user", "bot", "intent", "slots", "events", "actions")
_PREFIXES: Mapping[str, Literal["lacks", "matches"]] = {"not:": "lacks", "re:": "matches"}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must hold for what the assistant says in a step: it contains, lacks, or matches a text.

    `contains` and `lacks` ignore case; `matches` is a regular expression, searched anywhere.
    """

    kind: Literal["contains", "lacks", "matches"]
    text: str
    place: Place | None = field(default=None, compare=False)

    def holds(self, said: str) -> bool:
        """Tell whether everything that was said in the step fulfils this."""
        if self.kind == "matches":
            return re.search(self.text, said) is not None
        return (self.text.casefold() in said.casefold()) == (self.kind == "contains")


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user says (None: nothing) and what must be true then; None is not looked at."""

    user: str | None = None
    bot: tuple[Expectation, ...] | None = None
    intent: str | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Mapping[str, Any], ...] = ()
    actions: tuple[str, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as a user has it; its keys beside name, channel and steps are kept in `extra`."""

    name: str
    steps: tuple[Turn, ...]
    channel: str = "chat"
    extra: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True)
class TestSuite:
    """All tests of a project: conversations that run everything, and Rasa's test stories."""

    __test__ = False  # pytest looks at classes with such a name

    conversations: tuple[Conversation, ...] = ()
    stories: tuple[Story, ...] = ()


def read(root: Block, complaints: Complaints) -> TestSuite:
    """Read the keys `conversations` and `stories` of a file of tests."""
    complaints.keys(root, ("version", "conversations", "stories", "rules"), "A file of tests", tolerable=True)
    found = []
    items = complaints.items(root.get("conversations"), root.at("conversations"), "'conversations'")
    for item, place in items.placed():
        conversation = _conversation(complaints.block(item, place, "A conversation"), complaints)
        if conversation is not None:
            found.append(conversation)
    return TestSuite(tuple(found), stories.read_stories(root, complaints, tests=True))


def write(suite: TestSuite) -> str:
    """Write a file of tests; `read` gives the same again (but for the lines)."""
    content: dict[str, Any] = {"version": "3.1"}
    if suite.conversations:
        content["conversations"] = [_written(conversation) for conversation in suite.conversations]
    if suite.stories:
        content["stories"] = stories.written_stories(suite.stories)
    return dump(content)


def _conversation(block: Block, complaints: Complaints) -> Conversation | None:
    name = complaints.text(block.get("name"), block.at("name"), "The 'name' of a conversation")
    channel = complaints.text(block.get("channel", "chat"), block.at("channel"), "'channel'")
    items = complaints.items(block.get("steps"), block.at("steps"), "'steps'")
    if not items:
        complaints.error("The conversation has no steps.", block.place, "Add 'steps:' with '- user: ...'.")
    turns = tuple(_turn(complaints.block(item, at, "A step"), complaints) for item, at in items.placed())
    if name is None:
        return None
    extra = {k: plain(v) for k, v in block.items() if k not in ("name", "channel", "steps")}
    return Conversation(name.strip(), turns, channel or "chat", extra, block.place)


def _turn(block: Block, complaints: Complaints) -> Turn:
    if not block:
        complaints.error("The step is empty.", block.place, "Write '- user: ...' and what is expected.")
    for key in block:
        # Other keys are for extensions, but 'slot' or 'action' would silently test nothing.
        near = [] if key in _STEP_KEYS else difflib.get_close_matches(key, _STEP_KEYS, n=1, cutoff=0.8)
        if near:
            complaints.error(f"A step has no key '{key}'.", block.at(key), f"Did you mean '{near[0]}'?")
    user = (
        complaints.text(block["user"], block.at("user"), "What follows 'user:'") if "user" in block else None
    )
    intent = complaints.text(block["intent"], block.at("intent"), "'intent'") if "intent" in block else None
    events = complaints.items(block.get("events"), block.at("events"), "'events'")
    return Turn(
        user=user,
        bot=tuple(_expectations(block, complaints)) if "bot" in block else None,
        intent=intent,
        slots=plain(complaints.block(block.get("slots"), block.at("slots"), "'slots'")),
        events=tuple(_event(item, place, complaints) for item, place in events.placed()),
        actions=complaints.texts(block["actions"], block.at("actions"), "'actions'")
        if "actions" in block
        else None,
        extra={key: plain(value) for key, value in block.items() if key not in _STEP_KEYS},
        place=block.place,
    )


def _event(item: Any, place: Place, complaints: Complaints) -> Mapping[str, Any]:
    event = complaints.block(item, place, "An expected event")
    if not isinstance(event.get("event"), str):
        complaints.error("An expected event has no kind.", place, "Write '{event: slot, name: ...}'.")
    return dict(plain(event))


def _expectations(block: Block, complaints: Complaints) -> Iterable[Expectation]:
    value = block["bot"]
    entries: list[tuple[Any, Place]] = [(value, block.text_at("bot"))]
    if not isinstance(value, str):
        entries = list(complaints.items(value, block.at("bot"), "'bot'").placed())
    for written, place in entries:
        if isinstance(written, Block):
            # `not: sorry` without quotes is a mapping of one key in YAML.
            hint = "Put it in quotes: '- \"not: ...\"'."
            complaints.error(f"What the bot says must be a text, not {describe(written)}.", place, hint)
            continue
        text = complaints.text(written, place, "What follows 'bot:'")
        if text is None:
            continue
        kind: Literal["contains", "lacks", "matches"] = "contains"
        for prefix, meaning in _PREFIXES.items():
            if text.startswith(prefix):
                kind, text = meaning, text[len(prefix) :].strip()
        if kind == "matches":
            try:
                re.compile(text)
            except re.error as error:
                what = f"'{text}' is no valid regular expression ({error})."
                complaints.error(what, place, "Put a backslash before characters that mean themselves.")
                continue
        yield Expectation(kind, text, place)


def _written(conversation: Conversation) -> dict[str, Any]:
    written: dict[str, Any] = {"name": conversation.name}
    if conversation.channel != "chat":
        written["channel"] = conversation.channel
    return {**written, **conversation.extra, "steps": [_written_turn(turn) for turn in conversation.steps]}


def _written_turn(turn: Turn) -> dict[str, Any]:
    names = {"contains": "", "lacks": "not: ", "matches": "re: "}
    written: dict[str, Any] = {}
    if turn.user is not None:
        written["user"] = turn.user
    if turn.intent is not None:
        written["intent"] = turn.intent
    if turn.bot is not None:
        written["bot"] = [names[e.kind] + e.text for e in turn.bot]
    if turn.slots:
        written["slots"] = dict(turn.slots)
    if turn.events:
        written["events"] = [dict(event) for event in turn.events]
    if turn.actions is not None:
        written["actions"] = list(turn.actions)
    return {**written, **turn.extra}
