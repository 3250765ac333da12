"""Interactive learning at a real terminal: each step confirmed or corrected, and what was learnt in the files."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frontdesk.formats.project import read_training
from tests.conftest import frontdesk, until_it_waits

PROGRAM = [sys.executable, "-m", "frontdesk.cli.main", "interactive"]
CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Terminal:
    """A person at a terminal: waits for what is shown, and types lines."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._parent, child = pty.openpty()
        self.process = subprocess.Popen(
            [*PROGRAM, *options],
            cwd=folder,
            stdin=child,
            stdout=child,
            stderr=child,
            preexec_fn=lambda: os.login_tty(child),  # so that Ctrl-C reaches it as at any terminal
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )
        os.close(child)
        self._shown = ""

    def see(self, *wanted: str) -> str:
        """Wait until these texts have been shown, in this order; returns everything up to there."""
        passed = ""
        for text in wanted:
            while text not in self._shown:
                passed_so_far = passed + self._shown
                ready, _, _ = select.select([self._parent], [], [], 120)
                assert ready, f"'{text}' is not shown, but only: {passed_so_far}"
                self._shown += self._read(passed_so_far, text)
            before, _, self._shown = self._shown.partition(text)
            passed += before + text
        return passed

    def _read(self, shown: str, wanted: str) -> str:
        try:
            read = os.read(self._parent, 65536)
        except OSError:  # the program has ended
            read = b""
        assert read, f"It ended, and '{wanted}' was not shown, but only: {shown}"
        return CODES.sub("", read.decode())

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._parent, f"{line}\n".encode())

    def say(self, text: str, *, right: bool | None = True) -> None:
        """Say something to the assistant, and whether it was understood (None: it is not asked)."""
        self.see("You:")
        self.type(text)
        if right is not None:
            self.answer("Is that what was meant?", right)

    def does(self, action: str, right: bool = True) -> str:
        """Wait for a proposed action, and say whether it is right."""
        shown = self.see(f"The assistant would now do: {action}  ", "Is that right?")
        self.type("y" if right else "n")
        return shown

    def answer(self, question: str, answer: bool | str) -> str:
        """Wait for a question, and answer it."""
        shown = self.see(question)
        self.type(answer if isinstance(answer, str) else "y" if answer else "n")
        return shown

    def interrupt(self) -> None:
        """Press Ctrl-C, once the program waits: a signal just before it reads would wait for the next key."""
        until_it_waits(self.process.pid)
        os.write(self._parent, b"\x03")

    def ends(self) -> int:
        """Wait for the end; returns the exit code."""
        while True:  # what it says last must be taken, or it waits for that
            try:
                if not os.read(self._parent, 65536):
                    break
            except OSError:
                break
        return self.process.wait(60)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._parent)


Sit = Callable[..., Terminal]


@pytest.fixture
def sit() -> Iterator[Sit]:
    """A function that starts the program at a terminal."""
    opened: list[Terminal] = []

    def start(folder: Path, *options: str) -> Terminal:
        opened.append(Terminal(folder, *options))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def added(before: str, after: str) -> list[str]:
    """Return the lines that are new; every other line must still be there, in its order."""
    old, new = before.splitlines(keepends=True), []
    for line in after.splitlines(keepends=True):
        if old and line == old[0]:
            old.pop(0)
        else:
            new.append(line.rstrip("\n"))
    assert old == []
    return [line for line in new if line]


def test_everything_confirmed_becomes_a_story(copy_of_starter: Path, sit: Sit) -> None:
    stories = copy_of_starter / "data" / "stories.yml"
    stories.write_text("# by hand\n" + stories.read_text() + "  # so long\n")
    before, nlu = stories.read_text(), (copy_of_starter / "data" / "nlu.yml").read_text()
    frontdesk("train", "--quiet", cwd=copy_of_starter)
    terminal = sit(copy_of_starter)
    terminal.say("hi there, good morning")
    assert "Say what this is" in terminal.does("utter_greet")
    shown = terminal.does("action_listen")
    assert "intent: greet" in shown
    assert "I'm an automated assistant" in shown
    terminal.see("1  Leave a message  (/leave_message)")
    terminal.say("are you a bot?")
    terminal.does("utter_iamabot")
    terminal.does("action_listen")
    terminal.answer("You:", ":export")
    terminal.see("  - intent: bot_challenge")
    terminal.answer("The name of this story:", "a morning")
    terminal.see("What was learnt stands in:", "data/stories.yml:", "Train with it: frontdesk train")
    terminal.answer("You:", ":quit")
    assert terminal.ends() == 0
    assert added(before, stories.read_text()) == [
        "- story: a morning", "  steps:", "  - intent: greet", "  - action: utter_greet",
        "  - intent: bot_challenge", "  - action: utter_iamabot",
    ]  # fmt: skip
    assert added(nlu, (copy_of_starter / "data" / "nlu.yml").read_text()) == ["    - hi there, good morning"]


def test_corrections_are_learnt_and_predicted_after_training(copy_of_starter: Path, sit: Sit) -> None:
    files = {name: copy_of_starter / name for name in ("domain.yml", "data/nlu.yml", "data/stories.yml")}
    files["domain.yml"].write_text(files["domain.yml"].read_text().replace("- affirm", "- affirm   # yes"))
    before = {name: path.read_text() for name, path in files.items()}
    terminal = sit(copy_of_starter)  # which trains first, for the domain has changed
    terminal.see("training a model first")
    terminal.say("I wish to be called on 555", right=False)
    shown = terminal.answer("What is the intent?", "ask_call")
    assert re.search(r"\n +1 +\w+ +0\.\d\d", shown)
    terminal.answer("There is no intent 'ask_call'. Is it new?", "y")
    terminal.see("Mark the entities, as in [Rome](city): I wish to be called on 555")
    terminal.type("\x15I wish to be called on [555](phone)")  # what is there is cleared first
    terminal.does("action_default_fallback", right=False)
    shown = terminal.answer("What should it do?", "utter_call")
    assert "action_keep_message" in shown
    terminal.answer("There is no action 'utter_call'. Is it new?", "y")
    terminal.answer("What does it say?", "We call you: soon.")
    assert '"We call you: soon."' in terminal.see("The assistant would now do: ")
    terminal.answer("Is that right?", "n")
    terminal.answer("What should it do?", "action_listen")
    terminal.answer("You:", ":quit")
    terminal.answer("Write what was learnt into the project's files?", "y")
    terminal.answer("The name of this story:", "a call")
    assert terminal.ends() == 0
    after = {name: added(before[name], path.read_text()) for name, path in files.items()}
    assert after == {
        "domain.yml": ["- ask_call", "- phone", "  utter_call:", '  - text: "We call you: soon."'],
        "data/nlu.yml": ["- intent: ask_call", "  examples: |", "    - I wish to be called on [555](phone)"],
        "data/stories.yml": [
            "- story: a call", "  steps:", "  - intent: ask_call", "    entities:", '    - phone: "555"',
            "  - action: utter_call",
        ],
    }  # fmt: skip
    assert "- affirm   # yes" in files["domain.yml"].read_text()
    assert frontdesk("train", "--quiet", cwd=copy_of_starter).returncode == 0
    shell = subprocess.run(
        [sys.executable, "-m", "frontdesk.cli.main", "shell"],
        input="I wish to be called on 555\n",
        cwd=copy_of_starter,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "Bot:  We call you: soon." in shell.stdout


def test_a_corrected_intent_is_acted_on(copy_of_starter: Path, sit: Sit) -> None:
    terminal = sit(copy_of_starter)
    terminal.say("good evening", right=False)
    shown = terminal.see("What is the intent?")
    number = re.search(r"(\d+) +goodbye ", shown)
    assert number is not None
    terminal.type(number[1])
    terminal.answer("Mark the entities", "")
    terminal.does("utter_goodbye")
    shown = terminal.see("The assistant would now do: action_listen")
    assert "intent: goodbye 1.00" in shown
    assert '"Goodbye!"' in shown
    terminal.answer("Is that right?", ":quit")
    terminal.answer("Write what was learnt", "y")
    terminal.answer("The name of this story:", "")
    assert terminal.ends() == 0
    found = read_training(copy_of_starter / "data")
    assert [e.intent for e in found.nlu.examples if e.text == "good evening"] == ["greet", "goodbye"]
    assert found.stories[-1].name == "interactive_story_1"


def test_undo_and_fork(copy_of_starter: Path, sit: Sit) -> None:
    terminal = sit(copy_of_starter)
    terminal.say("/greet", right=None)
    terminal.does("utter_greet")
    terminal.answer("Is that right?", ":undo")
    terminal.see("The last step is undone.")
    terminal.does("utter_greet")
    terminal.does("action_listen")
    terminal.say("see you later")
    terminal.does("utter_goodbye")
    terminal.does("action_listen")
    terminal.answer("You:", ":fo")
    terminal.see("1  before: /greet", "2  before: see you later")
    terminal.answer("Where do you go back to?", "2")
    terminal.say("are you a bot?")
    terminal.does("utter_iamabot")
    terminal.does("action_listen")
    terminal.answer("You:", ":undo")  # listening
    terminal.answer("Is that right?", ":undo")  # what it said
    terminal.answer("Is that right?", ":undo")  # what was said to it
    terminal.answer("You:", "who am I talking to?")
    terminal.answer("Is that what was meant?", ":undo")  # nothing is kept of it
    terminal.see("The message is taken back.")
    terminal.say("are you a bot?")
    terminal.does("utter_iamabot")
    terminal.does("action_listen")
    terminal.answer("You:", ":export")
    terminal.answer("The name of this story:", "left early")
    terminal.answer("The name of this story:", "asked on")
    terminal.answer("You:", ":quit")
    assert terminal.ends() == 0
    told = {
        s.name: [getattr(step, "intent", None) or getattr(step, "name", "") for step in s.steps]
        for s in read_training(copy_of_starter / "data").stories[1:]
    }
    # the first one is what there was already, so it is not written again
    assert told == {"asked on": ["greet", "utter_greet", "bot_challenge", "utter_iamabot"]}
    assert "who am I talking to?\n    - " not in (copy_of_starter / "data" / "nlu.yml").read_text()


def test_a_form_that_is_interrupted(copy_of_starter: Path, sit: Sit) -> None:
    terminal = sit(copy_of_starter)
    terminal.say("/leave_message", right=None)
    terminal.does("message_form")
    shown = terminal.does("action_listen")
    assert 'slots: requested_slot = "email"' in shown
    assert "What is your e-mail address?" in shown
    terminal.say("are you a bot?")
    terminal.does("message_form", right=False)
    terminal.answer("What should it do?", "utter_iamabot")
    assert "message_form refused to run" in terminal.see("The assistant would now do: ")
    terminal.answer("Is that right?", "n")
    terminal.answer("What should it do?", "action_listen")
    terminal.say("write to ann@example.com", right=False)
    terminal.answer("What is the intent?", "leave_message")
    terminal.answer("Mark the entities", "")
    terminal.answer("Is that right?", "n")
    terminal.answer("What should it do?", "message_form")
    terminal.answer("Should 'message_form' take the message for the slot 'email'?", "y")
    assert 'email = "ann@example.com"' in terminal.does("action_listen")
    terminal.say("call me", right=False)
    terminal.answer("What is the intent?", "nlu_fallback")
    terminal.answer("Mark the entities", "")
    terminal.does("message_form")
    terminal.does("action_keep_message")
    assert "I have passed that on" in terminal.does("action_listen")
    assert "call me" in (copy_of_starter / ".frontdesk" / "messages.jsonl").read_text()
    terminal.answer("You:", ":export")
    terminal.answer("The name of this story:", "interrupted")
    terminal.see("Train with it")
    story = read_training(copy_of_starter / "data").stories[-1]
    assert [getattr(step, "name", None) or getattr(step, "intent", None) for step in story.steps] == [
        "leave_message", "message_form", "message_form", "bot_challenge", "utter_iamabot", "leave_message",
        "email", "message_form", None, "action_keep_message",
    ]  # fmt: skip


def test_ctrl_c_asks_and_a_second_one_keeps_what_was_learnt(copy_of_starter: Path, sit: Sit) -> None:
    terminal = sit(copy_of_starter)
    terminal.say("good evening to you")
    terminal.does("utter_greet")
    terminal.see("Is that right?")
    terminal.interrupt()
    terminal.see("1  continue", "7  quit")
    terminal.answer("What now?", "continue")
    terminal.does("action_listen")
    terminal.see("You:")
    terminal.interrupt()
    terminal.see("What now?")
    terminal.interrupt()
    kept = terminal.see("What was learnt is kept in ", ".yml").split()[-1]
    assert terminal.ends() == 130
    found = read_training(Path(kept))
    assert [(e.text, e.intent) for e in found.nlu.examples] == [("good evening to you", "greet")]
    assert len(found.stories[0].steps) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_that_is_closed_loses_nothing(copy_of_starter: Path, sit: Sit, number: int) -> None:
    terminal = sit(copy_of_starter)
    terminal.say("good evening to you")
    terminal.does("utter_greet")
    terminal.see("Is that right?")
    until_it_waits(terminal.process.pid)
    terminal.process.send_signal(number)
    assert terminal.process.wait(60) == 128 + number
    (kept,) = (copy_of_starter / ".frontdesk").glob("interactive-*.yml")
    assert len(read_training(kept).stories) == 1


def piped(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *options], input=text, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_pipe_will_do_and_its_end_loses_nothing(copy_of_starter: Path) -> None:
    done = piped(copy_of_starter, "/greet\n\n\n1\n\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The assistant would now do: message_form" in done.stdout
    (kept,) = (copy_of_starter / ".frontdesk").glob("interactive-*.yml")
    assert f"What was learnt is kept in {kept}" in done.stdout
    assert [len(story.steps) for story in read_training(kept).stories] == [5]


def test_what_was_learnt_goes_where_it_is_told(copy_of_starter: Path) -> None:
    lines = "good evening to all\n\n\n\n:export\nwords\n:quit\n"
    options = ("--e2e", "--skip-visualization", "-s", "data/learnt/e2e.yml")
    done = piped(copy_of_starter, lines, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert (copy_of_starter / "data" / "learnt" / "e2e.yml").read_text() == (
        'version: "3.1"\n\nstories:\n- story: words\n  steps:\n  - intent: greet\n'
        "    user: good evening to all\n  - action: utter_greet\n"
    )


def test_a_stored_conversation_is_gone_on_with_and_left_alone(copy_of_starter: Path) -> None:
    shell = [sys.executable, "-m", "frontdesk.cli.main", "shell", "--conversation-id", "ann"]
    subprocess.run(shell, input="hello\n", cwd=copy_of_starter, capture_output=True, text=True, check=True)
    stored = frontdesk("export", "--conversation-ids", "ann", cwd=copy_of_starter).stdout
    done = piped(
        copy_of_starter, ":show\n/goodbye\n\n\n:export\ngone on\n:quit\n", "--conversation-id", "ann"
    )
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout
    assert len(read_training(copy_of_starter / "data").stories[-1].steps) == 4
    assert frontdesk("export", "--conversation-ids", "ann", cwd=copy_of_starter).stdout == stored


def test_without_understanding_only_payloads_are_read(project: Path) -> None:
    lines = "/greet\n\n\nsay something\nbot_challenge\n\n\n\n:quit\ny\nby hand\n"
    done = piped(project, lines, "core")
    assert done.returncode == 0, done.stderr
    assert "training RulePolicy" in done.stderr
    assert "LogisticRegression" not in done.stderr
    assert "What is the intent?" in done.stdout
    found = read_training(project / "data")
    assert found.stories[-1].name == "by hand"
    assert [e.intent for e in found.nlu.examples if e.text == "say something"] == ["bot_challenge"]


def test_a_button_a_restart_and_a_name_that_is_taken(copy_of_starter: Path) -> None:
    lines = ["/greet", "", "", "1", "", ":show", ":restart", "/goodbye", "", ""]
    lines += [":export", "a short visit", "x", ":export", "asked", "left", ":quit"]
    done = piped(copy_of_starter, "\n".join(lines) + "\n")
    assert done.returncode == 0
    assert "slot requested_slot = 'email'" in done.stdout
    assert "A new conversation begins." in done.stdout
    assert done.stderr.startswith("frontdesk: data/stories.yml:4: A story is called 'a short visit' already.")
    told = {story.name: len(story.steps) for story in read_training(copy_of_starter / "data").stories}
    assert told == {"a short visit": 4, "asked": 5, "left": 2}


def test_a_message_that_cannot_be_marked_so_is_asked_for_again(copy_of_starter: Path) -> None:
    lines = ["good evening you", "n", "greet", "[good day](time)", "n", "greet", "[good evening](time) you"]
    done = piped(copy_of_starter, "\n".join([*lines, "", "", ":export", "", ":quit"]) + "\n")
    assert done.returncode == 0
    assert "frontdesk: Only the marks may differ: 'good day' is not what was said" in done.stderr
    assert "- [good evening](time) you" in (copy_of_starter / "data" / "nlu.yml").read_text()


def test_stories_are_written_as_yaml_only(copy_of_starter: Path) -> None:
    done = piped(copy_of_starter, "", "--stories", "data/stories.md")
    assert done.returncode == 1
    assert done.stderr == (
        "frontdesk: data/stories.md: Stories and examples are written as YAML. "
        "Name a file that ends with .yml or .yaml.\n"
    )


def test_outside_a_project(tmp_path: Path) -> None:
    done = frontdesk("interactive", cwd=tmp_path)
    assert done.returncode == 1
    assert "There is no config.yml" in done.stderr
    assert "Traceback" not in done.stderr


def test_commands(copy_of_starter: Path) -> None:
    done = piped(copy_of_starter, ":help\n:nothing\n:undo\n:fork\n:export\n:quit\n")
    assert done.returncode == 0
    for text in (
        ":fork     go back", "There is no command ':nothing'", "There is nothing to undo.",
        "Nothing has been said yet.", "Nothing was learnt yet.",
    ):  # fmt: skip
        assert text in done.stdout
