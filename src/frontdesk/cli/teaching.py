"""Lead a person through a session of interactive learning in the terminal."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from frontdesk.cli.chat_table import conversation_table, said
from frontdesk.cli.prompts import Command, Prompts
from frontdesk.core.events import BotUttered, UserUttered
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import LISTEN
from frontdesk.errors import FrontdeskError
from frontdesk.formats import stories
from frontdesk.formats.write_back import Additions
from frontdesk.formats.writer import lines_of
from frontdesk.training.interactive import Session, Teacher, annotated, corrected, ranked_intents
from frontdesk.training.learnt import Learnt, as_file, free_names, learnt, named, write

COMMANDS = {
    "undo": "take back the last step",
    "fork": "go back to an earlier message, and keep what came after it as a story of its own",
    "restart": "begin a new conversation, and keep this one",
    "show": "show the conversation and the slots",
    "export": "write what was learnt into the project's files",
    "quit": "end; asks whether to write what was learnt",
    "help": "show these commands",
}
INTERRUPTED = 130


class _End(Exception):
    """The session is over."""


@dataclass(frozen=True)
class Files:
    """Where what is learnt goes; `additions` reads the project's files anew."""

    additions: Callable[[], Additions]
    recovery: Path
    stories: Path | None = None
    nlu: Path | None = None


class Lesson:
    """One session at the terminal: asks until it is ended, and loses nothing.

    At the end of the input, and at a second Ctrl-C, what was not written yet is put into a file of its own.
    """

    def __init__(
        self,
        teacher: Teacher,
        session: Session,
        files: Files,
        runner: asyncio.Runner,
        *,
        prompts: Prompts | None = None,
        e2e: bool = False,
    ) -> None:
        self._teacher = teacher
        self._session = session
        self._files = files
        self._run = runner.run
        self._ask = prompts or Prompts(COMMANDS)
        self._e2e = e2e
        self._pending: UserUttered | None = None
        self._written = Learnt()

    def run(self) -> int:
        """Teach until the person ends it; returns the exit code."""
        print("Talk to the assistant, and say what is right and what is not.")
        print("A command can be typed at any question (:help lists them); Ctrl-C asks what to do.")
        step: Callable[[], None] = self._round
        try:
            while True:
                now, step = step, self._round
                try:
                    now()
                except Command as command:
                    step = partial(self._obey, command.name)
                except KeyboardInterrupt:
                    if now == self._menu:
                        raise
                    step = self._menu
                except FrontdeskError as error:
                    print(f"frontdesk: {error}", file=sys.stderr, flush=True)
        except _End:
            return 0
        except EOFError:
            self._keep_aside()
            return 0
        except KeyboardInterrupt:
            self._keep_aside()
            return INTERRUPTED
        except BaseException:  # whatever ends this, what was learnt is not lost with it
            self._keep_aside()
            raise

    def _round(self) -> None:
        if self._pending is not None:
            self._check_message(self._pending)
        elif self._session.listening:
            self._take_message()
        else:
            self._check_action()

    # What the user says.

    def _take_message(self) -> None:
        buttons = _buttons(self._session)
        for number, (title, payload) in enumerate(buttons, start=1):
            print(f"  {number}  {title}  ({payload})")
        text = self._ask.line("\nYou:")
        if text.isdigit() and 0 < int(text) <= len(buttons):
            text = buttons[int(text) - 1][1]
        if text == "/restart":
            raise Command("restart")
        if text == "/stop":
            raise Command("quit")
        heard = self._run(self._teacher.understand(self._session, text))
        if text.startswith("/") and heard.intent in self._session.domain.intents:
            self._hear(heard)
        else:
            self._pending = heard

    def _check_message(self, heard: UserUttered) -> None:
        known = heard.intent is not None
        for line in said(heard) if known else [heard.text or ""]:
            print(f"  {line}")
        for entity in heard.entities:
            label = "".join(f", {k} {v}" for k in ("role", "group") if (v := getattr(entity, k)))
            print(f"  {entity.entity}{label}: {entity.value}")
        if known and self._ask.yes("Is that what was meant?"):
            self._hear(heard)
            return
        options = [
            (name, f"{score:.2f}" if score else "")
            for name, score in ranked_intents(heard, self._session.domain)
        ]
        intent = self._ask.choose("What is the intent?", options)
        if intent not in dict(options) and not self._ask.yes(
            f"There is no intent '{intent}'. Is it new?", False
        ):
            return
        marked = self._ask.line("Mark the entities, as in [Rome](city):", annotated(heard), edit=True)
        self._hear(corrected(heard, intent, marked))

    def _hear(self, heard: UserUttered) -> None:
        self._session = self._run(self._teacher.hear(self._session, heard))
        self._pending = None

    # What the assistant does.

    def _check_action(self) -> None:
        proposal = self._teacher.propose(self._session)
        chosen = proposal.chosen
        action = chosen.action or LISTEN
        self._show()
        print(f"The assistant would now do: {action}  ({_grounds(chosen)})")
        if self._ask.yes("Is that right?"):
            self._act(action, confirmed=chosen)
            return
        print(f"  {proposal.why}")
        about = {p.action: _grounds(p) for p in reversed(proposal.predictions)}
        options = [(name, about.get(name, "")) for name in proposal.actions]
        action = self._ask.choose("What should it do?", options)
        text = None
        if action not in proposal.actions:
            if not self._ask.yes(f"There is no action '{action}'. Is it new?", False):
                return
            if action.startswith("utter_"):
                text = self._ask.line("What does it say?")
        if action != chosen.action and chosen.basis is not None and chosen.basis.kind == "rule":
            rules = ", ".join(f"'{name}'" for name in chosen.basis.names)
            print(f"Mind that a rule says otherwise ({rules}): change it too, or training will not go on.")
        self._act(action, text=text)

    def _act(self, action: str, *, confirmed: Prediction | None = None, text: str | None = None) -> None:
        slot = self._teacher.asks_for_input(self._session, action)
        takes = None
        if slot is not None:
            takes = self._ask.yes(f"Should '{action}' take the message for the slot '{slot}'?")
        step = self._teacher.act(self._session, action, confirmed=confirmed, text=text, takes_input=takes)
        self._session = self._run(step)

    def _show(self) -> None:
        width = shutil.get_terminal_size().columns
        print(f"\n{conversation_table(self._session.tracker.events_after_restart(), width)}\n", flush=True)

    # Commands.

    def _obey(self, name: str) -> None:
        commands: Mapping[str, Callable[[], None]] = {
            "undo": self._undo, "fork": self._fork, "restart": self._restart, "show": self._show_all,
            "export": self._export, "quit": self._quit, "help": self._help,
        }  # fmt: skip
        if name in commands:
            commands[name]()

    def _menu(self) -> None:
        print()
        options = [("continue", "go on where you were"), *COMMANDS.items()]
        self._obey(self._ask.choose("What now?", options))

    def _undo(self) -> None:
        if self._pending is not None:
            self._pending = None
            print("The message is taken back.")
            return
        before = self._session.before
        if before is None:
            print("There is nothing to undo.")
            return
        self._session = before
        print("The last step is undone.")
        self._show()

    def _fork(self) -> None:
        forks = self._session.forks()
        if not forks:
            print("Nothing has been said yet.")
            return
        options = [(str(number), f"before: {text}") for number, (text, _) in enumerate(forks, start=1)]
        choice = self._ask.choose("Where do you go back to?", options, shown=len(options))
        if choice not in dict(options):
            print(f"There is no message '{choice}'.")
            return
        self._pending = None
        self._session = self._session.forked(forks[int(choice) - 1][1])
        self._show()

    def _restart(self) -> None:
        self._pending = None
        self._session = self._run(self._teacher.restart(self._session))
        print("A new conversation begins.")

    def _show_all(self) -> None:
        self._show()
        for name, value in self._session.tracker.slots.items():
            if value is not None:
                print(f"  slot {name} = {value!r}")

    def _help(self) -> None:
        for name, text in COMMANDS.items():
            print(f"  :{name:8} {text}")

    # What was learnt.

    def _learnt(self) -> Learnt:
        return learnt(self._session, self._teacher.domain, e2e=self._e2e)

    def _export(self) -> None:
        found = self._learnt()
        if not found:
            print("Nothing was learnt yet.")
            return
        additions = self._files.additions()
        suggested = free_names(len(found.stories), additions.story_names())
        names: list[str] = []
        for story, name in zip(found.stories, suggested, strict=True):
            print()
            for line in lines_of(stories.written_stories([story])[0]["steps"]):
                print(f"  {line}")
            names.append(self._ask.line("The name of this story:", name))
        places = write(
            named(found, names), additions, nlu_file=self._files.nlu, story_file=self._files.stories
        )
        print("What was learnt stands in:")
        for place in dict.fromkeys(str(place) for place in places):
            print(f"  {place}")
        print("Train with it: frontdesk train", flush=True)
        self._written = found

    def _quit(self) -> None:
        found = self._learnt()
        if (
            found
            and found != self._written
            and self._ask.yes("Write what was learnt into the project's files?")
        ):
            self._export()
        raise _End

    def _keep_aside(self) -> None:
        found = self._learnt()
        if not found or found == self._written:
            return
        path = self._files.recovery / f"interactive-{time.strftime('%Y%m%d-%H%M%S')}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_file(found), "utf-8")
        with suppress(OSError):  # the terminal may be gone
            print(f"\nWhat was learnt is kept in {path}; copy from it into data/.", flush=True)


def _grounds(prediction: Prediction) -> str:
    """Say who proposed an action, how sure, and on what grounds."""
    who = prediction.policy or "nobody"
    return f"{who} {prediction.confidence:.2f}" + (f": {prediction.reason}" if prediction.reason else "")


def _buttons(session: Session) -> list[tuple[str, str]]:
    """Return the buttons of what the assistant said last, if it said so in this turn."""
    for event in session.tracker.newest_first():
        if isinstance(event, UserUttered):
            break
        if isinstance(event, BotUttered):
            found = event.data.get("buttons") or ()
            return [(str(b.get("title")), str(b.get("payload") or b.get("title"))) for b in found]
    return []
