"""Answer open questions from the knowledge base."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from frontdesk.actions.failures import apology
from frontdesk.actions.utterances import say, sentence
from frontdesk.core.events import Event, SlotSet, UserUttered
from frontdesk.core.ports import Action, Answer, Turn
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionError

log = logging.getLogger("frontdesk.actions")

UNKNOWN = "utter_no_answer"
NO_ANSWER = "I don't have an answer to that in what I can look up."
SLOT = "question"
HISTORY = 5


class AnswerQuestion:
    """Answers the last message from the knowledge base; the sources are in the metadata of what it says.

    A question that waited is answered where an action before it put it into the slot `question`.

    Where the articles do not say, `utter_no_answer` is said, or a plain sentence where the domain has no such
    response. Where no knowledge base is set up, the project's own action of this name runs `instead`.
    """

    name = "action_answer_question"

    def __init__(self, instead: Action | None = None) -> None:
        self.instead = instead

    async def run(self, turn: Turn) -> Sequence[Event]:
        """Return what was said."""
        if turn.knowledge is None and self.instead is not None:
            return await self.instead.run(turn)
        question = asked(turn.tracker)
        if turn.knowledge is None or not question or not question.strip():
            if turn.knowledge is None:
                log.warning(
                    "A question was asked, and no knowledge base is set up: see `knowledge` in endpoints.yml."
                )
            return await self._unknown(turn)
        try:
            answer = await turn.knowledge.answer(question, history(turn.tracker))
        except (
            Exception
        ) as error:  # any implementation may stand here, and the user is to hear of its failure
            failed = ActionError("The knowledge base could not answer.")
            failed.__cause__ = error
            return await apology(turn, self.name, failed)
        if not answer.known or not answer.text.strip():
            return await self._unknown(turn)
        return [
            sentence(
                answer.text, utter_action=self.name, sources=_sources(answer), confidence=answer.confidence
            )
        ]

    async def _unknown(self, turn: Turn) -> Sequence[Event]:
        said = await say(turn, UNKNOWN, optional=True)
        return said or [sentence(NO_ANSWER, utter_action=UNKNOWN)]


def asked(tracker: Tracker) -> str | None:
    """Return the question: what the slot `question` got since the last message, else that message itself."""
    for event in tracker.newest_first():
        if isinstance(event, UserUttered):
            return event.text
        if isinstance(event, SlotSet) and event.name == SLOT and event.value:
            return str(event.value)
    return None


def history(tracker: Tracker, limit: int = HISTORY) -> list[str]:
    """Return the user's last messages before this one, oldest first."""
    said = [e.text for e in tracker.events_after_restart() if isinstance(e, UserUttered) and e.text]
    return said[:-1][-limit:]


def _sources(answer: Answer) -> list[dict[str, str | None]]:
    return [{"title": source.title, "url": source.url} for source in answer.sources]
