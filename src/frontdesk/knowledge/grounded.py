"""Have a language model phrase an answer from passages, and let through only what the passages bear out."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frontdesk.core.ports import LLM
from frontdesk.errors import LLMError
from frontdesk.knowledge.evidence import unsupported
from frontdesk.knowledge.passages import Passage

PROMPT = Path(__file__).parent / "prompt.txt"
REFUSAL = "NOT_IN_PASSAGES"
DEADLINE = 5.0
LONGEST = 700
MAX_TOKENS = 300
EARLIER = 3

_CITED = re.compile(r"\s*\[\s*(\d{1,2}(?:\s*,\s*\d{1,2})*)\s*\]")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phrased:
    """What the model said: a text and the positions of the passages that it cites, or a refusal (no text)."""

    text: str
    cited: tuple[int, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the model found no answer in the passages."""
        return not self.text


class Grounded:
    """Ask a language model for an answer from passages; passages are handed over as data.

    grounded = Grounded(llm, PROMPT.read_text())
    phrased = await grounded.answer("how do I clean it?", [], found)   # None: quote instead
    """

    def __init__(self, llm: LLM, prompt: str, *, deadline: float = DEADLINE) -> None:
        self.llm = llm
        self.prompt = prompt
        self.deadline = deadline

    async def answer(
        self, question: str, history: Sequence[str], passages: Sequence[Passage]
    ) -> Phrased | None:
        """Return the model's checked answer or its refusal; None if it fails, is late or says too much."""
        try:
            async with asyncio.timeout(self.deadline):
                reply = await self.llm.complete(
                    self._messages(question, history, passages), max_tokens=MAX_TOKENS
                )
        except TimeoutError:
            _log.warning(
                "The language model took longer than %.0f s; the articles are quoted instead.", self.deadline
            )
            return None
        except LLMError as error:
            _log.warning("The articles are quoted instead: %s", error)
            return None
        return self._checked(reply, passages)

    def _messages(
        self, question: str, history: Sequence[str], passages: Sequence[Passage]
    ) -> list[dict[str, str]]:
        earlier = [text for text in history if text.strip() and text.strip() != question.strip()][-EARLIER:]
        material = {
            "earlier": [text[:300] for text in earlier],
            "passages": [
                {"number": number, "title": passage.title, "heading": passage.heading, "text": passage.text}
                for number, passage in enumerate(passages, 1)
            ],
            "question": question[:1000],
        }
        # JSON keeps the borders: no text can end the string that it stands in.
        return [
            {"role": "system", "content": self.prompt},
            {"role": "user", "content": json.dumps(material, ensure_ascii=False, indent=1)},
        ]

    def _checked(self, reply: str, passages: Sequence[Passage]) -> Phrased | None:
        if REFUSAL in reply.upper():
            return Phrased("")
        numbers = [int(number) for found in _CITED.findall(reply) for number in found.split(",")]
        text = _CITED.sub("", reply).strip()
        problem = self._problem(text, numbers, passages)
        if problem is not None:
            _log.warning(
                "The language model's answer is dropped, the articles are quoted instead: %s", problem
            )
            return None
        return Phrased(text, tuple(dict.fromkeys(number - 1 for number in numbers)))

    def _problem(self, text: str, numbers: Sequence[int], passages: Sequence[Passage]) -> str | None:
        if not text:
            return "it is empty."
        if len(text) > LONGEST:
            return f"it is longer than {LONGEST} characters."
        if not numbers:
            return "it cites no passage."
        if not all(1 <= number <= len(passages) for number in numbers):
            return "it cites a passage that does not exist."
        cited = "\n".join(f"{passages[n - 1].name}\n{passages[n - 1].text}" for n in sorted(set(numbers)))
        return unsupported(text, cited)
