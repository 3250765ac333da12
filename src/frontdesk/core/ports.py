"""Everything that can be plugged in, on one page.

A class named in YAML is found through `frontdesk.registry` (or by dotted path), made with its options, and then
spoken to only through these protocols. Making one is light: `__init__` stores options; weight arrives in `train()`
or `load()`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from frontdesk.core.announcing import Announcement as Announcement
from frontdesk.core.announcing import BatchBroker as BatchBroker
from frontdesk.core.announcing import EventBroker as EventBroker
from frontdesk.core.announcing import Outbox as Outbox
from frontdesk.core.announcing import Outgoing as Outgoing
from frontdesk.core.answers import Answer as Answer
from frontdesk.core.answers import Source as Source
from frontdesk.core.channel_ports import AnsweringChannel as AnsweringChannel
from frontdesk.core.channel_ports import Bringing as Bringing
from frontdesk.core.channel_ports import Channel as Channel
from frontdesk.core.channel_ports import Exchange as Exchange
from frontdesk.core.channel_ports import Gate as Gate
from frontdesk.core.channel_ports import Hear as Hear
from frontdesk.core.channel_ports import Peers as Peers
from frontdesk.core.channel_ports import PushChannel as PushChannel
from frontdesk.core.channel_ports import SharedChannel as SharedChannel
from frontdesk.core.domain import Domain
from frontdesk.core.events import Event
from frontdesk.core.message import BotMessage, Message, UserMessage
from frontdesk.core.prediction import Prediction
from frontdesk.core.reminders import Change, Reminder
from frontdesk.core.slots import SlotType as SlotType
from frontdesk.core.tracker import Tracker
from frontdesk.core.training import NluExamples, TrainingSet

Progress = Callable[[str], None]
Options = Mapping[str, Any]


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors of one length; shared by everything in a process that needs one."""

    size: int

    def embed(self, texts: Sequence[str]) -> Any:
        """Return a float32 array (len(texts), size) of unit vectors."""

    def embed_tokens(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[Any, list[Any]]:
        """Return the sentence vectors and, for each text, one vector for each character span."""


@dataclass(frozen=True)
class TrainContext:
    """What a component may use in training beside its examples.

    `messages` are the examples as the components before it left them (tokens and features), parallel to
    `examples.examples`. `embedder` is None where the pipeline names no encoder. `responses` are those of retrieval
    intents (`utter_faq/hours`) with their variations; only a component that has `uses_responses = True` gets them.
    """

    messages: Sequence[Message] = ()
    language: str | None = None
    embedder: Embedder | None = None
    progress: Progress = lambda _: None
    seed: int = 0
    responses: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadContext:
    """What a component may use when it is loaded: shared weights of the process."""

    embedder: Embedder | None = None
    language: str | None = None


class Component(Protocol):
    """One step of the NLU pipeline.

    `save` writes only JSON, npz (no pickle) and other data files into its own folder; `load` reads them back. `process`
    gets all messages that wait at the same time and returns as many, in order; it never changes a message whose `final`
    is True (tokenizing it, and taking a retrieval intent apart, is fine). A component that works on the sentence
    encoder has a class attribute `uses_embedder = True`, or, if it can do without, a function
    `wants_embedder(options, language)`.
    """

    options: Options

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Learn from the examples."""

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Fill in this component's part of each message."""

    def save(self, folder: Path) -> None:
        """Write what was learnt into an empty folder."""

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read what was learnt."""


class Policy(Protocol):
    """Proposes the next action; `predict` is pure.

    It may have a `priority` (1) and say `yields = True`: its predictions carry no events, never go by the user's very
    words and never answer an action, so that it need not be asked where a policy of higher priority is sure. A
    subclass says so for itself, or is always asked.
    """

    options: Options

    def train(self, training: TrainingSet, domain: Domain, progress: Progress) -> None:
        """Learn from rules and stories."""

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction | None:
        """Return the next action, or None where this policy has nothing to say."""

    def save(self, folder: Path) -> None:
        """Write what was learnt into an empty folder."""

    def load(self, folder: Path, domain: Domain) -> None:
        """Read what was learnt."""


class Importer(Protocol):
    """Brings training files from elsewhere; made with its options under `importers:` in config.yml."""

    def write(self, folder: Path) -> None:
        """Write files in Rasa's formats (a domain, NLU examples, stories ...) into an empty folder."""


class ResponseGenerator(Protocol):
    """Turns the name of a response into what is said.

    One of your own is named by its dotted path (`nlg: {type: my.module.MyWords}` in endpoints.yml) and made with its
    options and the domain.
    """

    async def generate(
        self, name: str, tracker: Tracker, channel: str, arguments: Mapping[str, Any] | None = None
    ) -> BotMessage | None:
        """Return one message, or None where there is no such response for this channel and these slots.

        Raises ActionError where it cannot be told; then the user hears an apology in its place.
        """

    async def close(self) -> None:
        """Let go of connections."""


class ActionServer(Protocol):
    """Runs custom actions, in this process or elsewhere."""

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Run one action.

        Raises ActionRejected where the action refuses, ActionTimeout after the deadline, ActionError otherwise.
        """

    async def names(self) -> frozenset[str]:
        """Return the names of the actions that can be run (empty where that cannot be known)."""

    async def close(self) -> None:
        """Let go of threads and connections."""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """For whom and for which message an action runs; `nth` counts the same action within one message.

    `idempotency_key` is the same when the same message is handled again, so that a retry finds the effect of the first
    try.
    """

    channel: str = "cmdline"
    authenticated: bool = False
    message_id: str = ""
    nth: int = 0
    idempotency_key: str = ""


@dataclass(frozen=True)
class ActionResult:
    """What a custom action gave back: events in Rasa's wire form, and responses (`utter_...` names or texts)."""

    events: Sequence[Mapping[str, Any]] = ()
    responses: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Turn:
    """All that a built-in action may use while a message is handled."""

    tracker: Tracker
    domain: Domain
    channel: str
    nlg: ResponseGenerator
    server: ActionServer
    call: ActionCall = ActionCall()
    knowledge: KnowledgeBase | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Action(Protocol):
    """Something the assistant does; it changes nothing but through the events that it returns."""

    name: str

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Do it, and return what happened (`BotUttered` for what is said)."""


class KnowledgeBase(Protocol):
    """Answers open questions from articles."""

    async def answer(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Answer only what the articles say; `history` are the user's last messages, oldest first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, by its position in the index."""

    position: int
    score: float


class Index(Protocol):
    """Finds the nearest of many vectors or texts."""

    def search(self, query: Any, limit: int) -> list[Hit]:
        """Return the best hits, best first."""


class LLM(Protocol):
    """A language model."""

    async def complete(self, messages: Sequence[Mapping[str, str]], *, max_tokens: int = 300) -> str:
        """Return the model's text for chat messages ({role, content}). Raises LLMError."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of one message: the same three values again are the same message."""

    channel: str
    sender_id: str
    message_id: str


@dataclass(frozen=True)
class Conversation:
    """What a store knows of a conversation: its latest session, and how many events were before it."""

    events: Sequence[Event] = ()
    offset: int = 0


@dataclass(frozen=True)
class Commit:
    """What one step of a turn adds to a conversation, written whole or not at all.

    `expected` is the number of events that the writer has seen (offset included). With `delivery`, the turn is done:
    `replies` (JSON-ready, as the channel will send them) are stored under it in the same transaction, and so is what
    changes about the conversation's `reminders`. `firing` is the one that the turn answers: it is gone when the turn is
    done, and not touched before. `fence` is that of the writer's hold; 0 where nobody else can write. What is
    `announced` waits in the store's outbox, too, from the same transaction on.
    """

    sender_id: str
    events: Sequence[Event]
    expected: int
    delivery: Delivery | None = None
    replies: Sequence[Mapping[str, Any]] = ()
    reminders: Sequence[Change] = ()
    firing: Reminder | None = None
    fence: int = 0
    announced: bool = False


class TrackerStore(Protocol):
    """Keeps conversations and their reminders.

    Every implementation passes `frontdesk.testing.contracts.tracker_store`. One that only its own process can see has
    `local = True`.
    """

    local: bool

    async def load(self, sender_id: str, *, whole: bool = False) -> Conversation:
        """Return the latest session (all events where `whole`); an unknown conversation is empty."""

    async def save(self, commit: Commit) -> None:
        """Add events, in one transaction. Raises StaleConversation, and LockLost where a higher fence is known."""

    async def admit(self, sender_id: str, fence: int) -> None:
        """Refuse from now on what writers with a lower fence commit to a conversation."""

    async def begin(self, delivery: Delivery, message: UserMessage) -> Sequence[Mapping[str, Any]] | None:
        """Write a message into the inbox, or return the stored replies where it was already answered."""

    async def unfinished(
        self, older_than: float, sender_id: str | None = None
    ) -> list[tuple[Delivery, UserMessage]]:
        """Return messages (of one conversation) that began so many seconds ago and were not answered, oldest first."""

    async def tried(self, delivery: Delivery) -> int:
        """Count one more try to finish an unanswered message, and return how many there were with this one."""

    async def reopen(self, delivery: Delivery) -> bool:
        """Take an answered message as one that was not, and was never tried; False where there is no such one."""

    async def next_reminder(self) -> float | None:
        """Return when a reminder can next be leased, in seconds since the epoch; None where there is none."""

    async def lease_reminders(
        self, now: float, until: float, most: int, *, taken: bool = False
    ) -> list[Reminder]:
        """Return reminders that are due, first those due first, and give them to nobody else until a time.

        With `taken`, those that somebody has a lease of, too.
        """

    async def keep_reminder(self, reminder: Reminder, until: float) -> bool:
        """Let a lease end at another time; False where the reminder was fired, replaced or called off."""

    async def pending_reminders(self, sender_id: str) -> list[Reminder]:
        """Return a conversation's reminders, leased or not, first those due first."""

    async def senders(self) -> AsyncIterator[str]:
        """Yield the ids of all conversations."""
        yield ""

    async def newest(self, most: int) -> list[str]:
        """Return the ids of conversations that went on last, newest first: at most a few hundred, perhaps fewer."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class Erasing(Protocol):
    """A tracker store that can forget a conversation.

    Every implementation passes `frontdesk.testing.contracts.erasure`.
    """

    async def erase(self, sender_id: str) -> bool:
        """Take away all of a conversation: events, messages and replies, reminders, what an event broker is to be told.

        False where there was nothing.
        """


@runtime_checkable
class Noticing(Protocol):
    """A tracker store that notices, as it writes a message down, where no events are stored of its conversation.

    `nothing_of` is told of each such conversation before `begin` returns. So whoever keeps one hears that it was erased
    elsewhere. It is for stores that need no step of its own to know. Suite: `frontdesk.testing.contracts.noticing`.
    """

    nothing_of: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Hold:
    """A conversation's lock. Not `clean`: who had it before came to no end, and may still try to write."""

    fence: int
    clean: bool = True


class LockStore(Protocol):
    """Lets one message of a conversation be handled at a time, in the order of arrival.

    One for a single process has `local = True`: nobody else writes to a conversation. One for several may have a
    method `exchange()`, which returns an `Exchange` over the same server.
    """

    local: bool

    def lock(self, sender_id: str, *, above: int = 0) -> AbstractAsyncContextManager[Hold]:
        """Wait for the turn; its fence is higher than all before, and than `above`. Raises StoreError, LockLost."""

    async def close(self) -> None:
        """Let go of connections."""
