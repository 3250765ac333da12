"""Questions in the terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frontdesk.cli.prompts import Command, Prompts

COMMANDS = {"undo": "go back", "export": "write", "explain": "tell"}
OPTIONS = [("one", "the first"), ("two", ""), ("three", "")]


def asked(*answers: str) -> tuple[Prompts, list[str]]:
    given = list(answers)
    questions: list[str] = []

    def read(question: str) -> str:
        questions.append(question)
        if not given:
            raise EOFError
        return given.pop(0)

    return Prompts(COMMANDS, read), questions


def test_a_line_is_asked_for_until_there_is_one() -> None:
    prompts, questions = asked("", "  ", " hello ")
    assert prompts.line("You:") == "hello"
    assert questions == ["You: "] * 3


def test_nothing_stands_for_the_default() -> None:
    prompts, questions = asked("", "other")
    assert prompts.line("Name:", "story") == "story"
    assert prompts.line("Name:", "story", edit=True) == "other"
    assert questions == ["Name: [story] "] * 2


def test_yes_and_no(capsys: pytest.CaptureFixture[str]) -> None:
    prompts, questions = asked("", "", "Y", "no", "what", "yes")
    assert [prompts.yes("Right?"), prompts.yes("Right?", default=False)] == [True, False]
    assert [prompts.yes("Right?"), prompts.yes("Right?"), prompts.yes("Right?")] == [True, False, True]
    assert questions[:2] == ["Right? [Y/n] ", "Right? [y/N] "]
    assert capsys.readouterr().out == "Please answer yes or no.\n"


def test_one_of_several_by_number_or_name(capsys: pytest.CaptureFixture[str]) -> None:
    prompts, _ = asked("2", "three", "4", "", "0", "?", "four")
    assert [prompts.choose("Which?", OPTIONS) for _ in range(2)] == ["two", "three"]
    capsys.readouterr()
    assert prompts.choose("Which?", OPTIONS, shown=1) == "four"
    assert capsys.readouterr().out.splitlines() == [
        "    1  one  the first", "       ? lists all 3", "Please give a number up to 3, or a name.",
        "Please give a number up to 3, or a name.", "    1  one    the first", "    2  two", "    3  three",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "ask",
    [lambda p: p.line("?"), lambda p: p.yes("?"), lambda p: p.choose("?", OPTIONS)],
)
def test_a_command_can_be_typed_at_any_question(ask: Callable[[Prompts], object]) -> None:
    for typed, name in ((":undo", "undo"), (":U", "undo"), (":exp", ""), (":expo", "export"), (":what", "")):
        prompts, _ = asked(typed)
        with pytest.raises(Command) as command:
            ask(prompts)
        assert command.value.name == name


def test_the_sign_alone_is_no_command() -> None:
    prompts, _ = asked(":")
    assert prompts.line("You:") == ":"
    with pytest.raises(EOFError):
        prompts.line("You:")
