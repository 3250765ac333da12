from __future__ import annotations

from collections.abc import Sequence

import pytest

from frontdesk.actions.answers import AnswerQuestion
from frontdesk.core.events import BotUttered, Restarted, SlotSet
from frontdesk.core.ports import Answer, Source
from frontdesk.errors import LLMError


class Library:
    """A knowledge base of one answer."""

    def __init__(self, answer: Answer | Exception) -> None:
        self.found = answer
        self.asked: list[tuple[str, Sequence[str]]] = []

    async def answer(self, question: str, history: Sequence[str] = ()) -> Answer:
        self.asked.append((question, list(history)))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


async def ask(build, knowledge, domain=None, *texts):
    domain = domain or build.domain()
    tracker = build.tracker(domain)
    for text in texts or ("How?",):
        tracker = tracker.append(Restarted()) if text is None else build.said(tracker, text)
    return list(await AnswerQuestion().run(build.turn(tracker, domain, knowledge=knowledge)))


async def test_an_answer_names_its_sources_beside_the_text(build) -> None:
    answer = Answer("Like this.", (Source("How to", "/kb/how"), Source("More")), confidence=0.7)
    (said,) = await ask(build, Library(answer))
    assert said.text == "Like this."
    assert said.metadata["sources"] == [{"title": "How to", "url": "/kb/how"}, {"title": "More", "url": None}]
    assert said.metadata["utter_action"] == "action_answer_question"
    assert not any(said.data.values())


async def test_earlier_messages_go_along_oldest_first(build) -> None:
    library = Library(Answer("x"))
    await ask(build, library, None, "before", None, *"abcdefg", "now")
    assert library.asked == [("now", ["c", "d", "e", "f", "g"])]


async def test_a_question_that_waited_is_the_one_that_is_answered(build) -> None:
    library, domain = Library(Answer("x")), build.domain()
    tracker = build.said(build.tracker(domain), "ok").append(
        SlotSet(name="question", value="and the warranty?")
    )
    await AnswerQuestion().run(build.turn(tracker, domain, knowledge=library))
    tracker = build.said(tracker, "and now?")
    await AnswerQuestion().run(build.turn(tracker, domain, knowledge=library))
    assert library.asked == [("and the warranty?", []), ("and now?", ["ok"])]


@pytest.mark.parametrize("library", [Library(Answer("guess", known=False)), Library(Answer("  ")), None])
async def test_what_is_not_known_is_said(build, library) -> None:
    (said,) = await ask(build, library)
    assert said.text
    assert said.text != "guess"
    (said,) = await ask(build, library, build.domain(responses={"utter_no_answer": "No idea."}))
    assert said.text == "No idea."


@pytest.mark.parametrize("error", [LLMError("late"), OSError("disk")])
async def test_a_failing_knowledge_base_is_an_apology(build, error) -> None:
    said, kept, _ = await ask(build, Library(error))
    assert isinstance(said, BotUttered)
    assert kept.wire["name"] == "action_answer_question"
    assert kept.wire["reason"] == type(error).__name__


class Own:
    """The project's own action of that name."""

    name = "action_answer_question"

    async def run(self, turn):
        return [BotUttered("by the project")]


async def test_the_projects_own_action_answers_where_there_is_no_knowledge_base(build) -> None:
    domain = build.domain()
    tracker = build.said(build.tracker(domain), "How?")
    action = AnswerQuestion(instead=Own())
    [said] = await action.run(build.turn(tracker, domain))
    assert said.text == "by the project"
    [said] = await action.run(build.turn(tracker, domain, knowledge=Library(Answer("from the articles"))))
    assert said.text == "from the articles"
