"""Ask in the terminal: a line, yes or no, one of several. It works in a pipe as well as at a keyboard."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from frontdesk.errors import suggestion

SIGN = ":"
"""What a command begins with, at whatever question it is typed."""


class Command(Exception):
    """A command was typed in place of an answer."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Prompts:
    """Asks questions; raises Command where a command is typed, EOFError at the end of the input.

    `commands` are names with what they do; a command may be shortened (`:u` for `:undo`).
    """

    def __init__(self, commands: Mapping[str, str], read: Callable[[str], str] | None = None) -> None:
        self.commands = commands
        self._read = read or input
        self._editable = read is None and _line_editing()

    def line(self, question: str, default: str = "", *, edit: bool = False) -> str:
        """Return a line; an empty one stands for the default, which with `edit` can be edited."""
        in_place = edit and self._editable and default
        shown = question if in_place or not default else f"{question} [{default}]"
        while True:
            typed = (_prefilled(shown, default) if in_place else self._read(f"{shown} ")).strip()
            self._look_for_command(typed)
            if typed or default:
                return typed or default

    def yes(self, question: str, default: bool = True) -> bool:
        """Return whether the answer is yes."""
        while True:
            typed = self._read(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
            self._look_for_command(typed)
            if not typed:
                return default
            if typed in ("y", "yes", "n", "no"):
                return typed.startswith("y")
            print("Please answer yes or no.")

    def choose(self, question: str, options: Sequence[tuple[str, str]], *, shown: int = 15) -> str:
        """Return the name of one of several (name, what is shown beside it), by its number or its name.

        The first `shown` are listed; `?` lists them all. A name that is not among them is returned as typed.
        """
        self._list(options, shown)
        names = [name for name, _ in options]
        while True:
            typed = self._read(f"{question} (number or name) ").strip()
            self._look_for_command(typed)
            if typed == "?":
                self._list(options, len(options))
            elif typed.isdigit() and 0 < int(typed) <= len(options):
                return names[int(typed) - 1]
            elif typed.isdigit():
                print(f"Please give a number up to {len(options)}, or a name.")
            elif typed:
                return typed

    def _list(self, options: Sequence[tuple[str, str]], shown: int) -> None:
        width = max((len(name) for name, _ in options[:shown]), default=0)
        for number, (name, beside) in enumerate(options[:shown], start=1):
            print(f"  {number:3}  {name:{width}}  {beside}".rstrip())
        if len(options) > shown:
            print(f"       ? lists all {len(options)}")

    def _look_for_command(self, typed: str) -> None:
        if not typed.startswith(SIGN) or len(typed) == 1:
            return
        word = typed.removeprefix(SIGN).lower()
        found = [name for name in self.commands if name.startswith(word)]
        if len(found) == 1 or word in self.commands:
            raise Command(word if word in self.commands else found[0])
        hint = suggestion(word, self.commands) if not found else f"Did you mean {' or '.join(found)}?"
        print(f"There is no command '{typed}'. {hint}")
        raise Command("")


def _line_editing() -> bool:
    """Tell whether lines can be edited: at a keyboard, where Python was built with readline."""
    if not sys.stdin.isatty():
        return False
    try:
        import readline
    except ImportError:
        return False
    readline.set_history_length(200)
    return True


def _prefilled(question: str, text: str) -> str:
    """Read a line that begins with a text, which can be edited."""
    import readline

    readline.set_startup_hook(lambda: readline.insert_text(text))
    try:
        return input(f"{question} ")
    finally:
        readline.set_startup_hook(None)
