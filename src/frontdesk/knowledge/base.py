"""The knowledge base: built from a folder of articles, loaded from a model, asked by the assistant."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.core.ports import LLM, Answer, Embedder, Progress, Source
from frontdesk.errors import ConfigError, PackageError
from frontdesk.knowledge.articles import read_articles
from frontdesk.knowledge.calibration import Calibration, calibrate
from frontdesk.knowledge.extract import quote
from frontdesk.knowledge.grounded import PROMPT, Grounded
from frontdesk.knowledge.passages import Passage, passages
from frontdesk.knowledge.questions import clauses, points_back, searched
from frontdesk.knowledge.ranking import Ranked, Ranker, Vectors

FORMAT = 1
PASSAGES = "passages.json"
VECTORS = "vectors.npz"
CALIBRATION = "calibration.json"
PROMPT_FILE = "prompt.txt"
REBUILD = "Train again, so that the knowledge base is built anew."
SHOWN = 3
SURE = 1.25
"""A second part of a question is answered when its score is so many times the threshold."""


@dataclass(frozen=True)
class Search:
    """What was found for a question: what was searched for, its vector, and the articles, best first."""

    text: str
    vector: Any
    ranked: Sequence[Ranked]

    @property
    def score(self) -> float:
        """The score of the best article."""
        return self.ranked[0].score if self.ranked else 0.0


class Articles:
    """Answer questions from articles, in their own words, or say that they do not know.

        Articles.build(Path("kb"), facts, encoder, Path("model/knowledge"), print)
        knowledge = Articles.load(Path("model/knowledge"), encoder)
        answer = await knowledge.answer("how do I clean it?", history=["I bought a lamp"])

    With a language model, an answer is phrased from the passages and checked against them; whatever fails the
    check is replaced by the quoted words. An answer that is not `known` names the nearest articles as sources
    if any come close.
    """

    def __init__(
        self,
        ranker: Ranker,
        calibration: Calibration,
        embedder: Embedder | None,
        grounded: Grounded | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.ranker = ranker
        self.calibration = calibration
        self.embedder = embedder
        self.grounded = grounded
        self.executor = executor

    @staticmethod
    def build(
        articles_folder: Path,
        facts: Mapping[str, Any],
        embedder: Embedder | None,
        out: Path,
        progress: Progress = lambda _: None,
        *,
        hosts: Collection[str] = (),
        prompt: Path | None = None,
    ) -> None:
        """Write the knowledge base of a folder of Markdown articles into another folder.

        `hosts` are sites that articles may point to beside those named in facts; `prompt` replaces the
        instructions for a language model. Raises ConfigError with file:line.
        """
        reading = read_articles(articles_folder, facts, hosts)
        for notice in reading.notices:
            progress(notice.sentence)
        if not reading.articles:
            raise ConfigError("There are no articles.", where=str(articles_folder), hint="Add a .md file.")
        cut = [passage for article in reading.articles for passage in passages(article, reading.hosts)]
        asked = [(article.slug, question) for article in reading.articles for question in article.questions]
        progress(f"{len(reading.articles)} articles, {len(cut)} passages, {len(asked)} questions.")
        vectors = _embedded(embedder, cut, [question for _, question in asked])
        questions = _placed(cut, asked, vectors)
        calibration = calibrate(Ranker(cut, questions, vectors), embedder)
        progress(f"Questions below a score of {calibration.threshold:.2f} are left unanswered.")
        out.mkdir(parents=True, exist_ok=True)
        wire = {
            "format": FORMAT,
            "encoder": _fingerprint(embedder),
            "questions": [[text, at] for text, at in questions],
            "passages": [passage.to_wire() for passage in cut],
        }
        (out / PASSAGES).write_text(json.dumps(wire, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if vectors is not None:
            np.savez(out / VECTORS, **vars(vectors))
        calibration.write(out / CALIBRATION)
        (out / PROMPT_FILE).write_text((prompt or PROMPT).read_text(encoding="utf-8"), encoding="utf-8")

    @classmethod
    def load(
        cls,
        folder: Path,
        embedder: Embedder | None,
        llm: LLM | None = None,
        *,
        executor: Executor | None = None,
    ) -> Articles:
        """Read what `build` wrote. Raises PackageError if it is damaged or made with another encoder."""
        wire = _wire(folder / PASSAGES)
        if wire["encoder"] != _fingerprint(embedder):
            what = "The knowledge base was built with another sentence encoder."
            raise PackageError(what, where=str(folder), hint=REBUILD)
        cut = [Passage.from_wire(passage) for passage in wire["passages"]]
        questions = [(str(text), int(at)) for text, at in wire["questions"]]
        vectors = None if embedder is None else _vectors(folder / VECTORS, cut, questions, embedder.size)
        ranker = Ranker(cut, questions, vectors)
        ranker.prepare()
        grounded = None if llm is None else Grounded(llm, _prompt(folder / PROMPT_FILE))
        return cls(ranker, Calibration.read(folder / CALIBRATION), embedder, grounded, executor)

    async def answer(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Answer only what the articles say; `history` are the user's last messages, oldest first."""
        if not question.strip():
            return Answer("", known=False)
        loop = asyncio.get_running_loop()
        # Encoding takes milliseconds of a core: the event loop goes on with other conversations.
        searches = await loop.run_in_executor(self.executor, self.search, question, history)
        if self.grounded is not None and searches[0].score >= self.calibration.doubtful:
            phrased = await self._phrased(self.grounded, question, history, searches)
            if phrased is not None:
                return phrased
        return await loop.run_in_executor(self.executor, self._quoted, searches)

    def search(self, question: str, history: Sequence[str] = ()) -> list[Search]:
        """Return what is found: for the whole question, and for a second one in the same message."""
        alone, joined = searched(question, history)
        search = self._find(joined if joined and points_back(alone) else alone)
        if joined and search.text == alone and search.score < self.calibration.threshold:
            search = max(search, self._find(joined), key=lambda found: found.score)
        parts = clauses(alone)
        if joined or len(parts) < 2:
            return [search]
        return self._several(search, [self._find(part) for part in parts])

    def _several(self, whole: Search, parts: Sequence[Search]) -> list[Search]:
        """Take the parts of a message where each is clearly answered, and by another passage."""
        sure = all(part.score >= SURE * self.calibration.threshold for part in parts)
        if sure and len({part.ranked[0].passages[0] for part in parts}) == len(parts):
            return list(parts)
        return [whole]

    def _find(self, text: str) -> Search:
        vector = None if self.embedder is None else self.embedder.embed([text])[0]
        return Search(text, vector, self.ranker.rank(text, vector, SHOWN))

    def _quoted(self, searches: Sequence[Search]) -> Answer:
        first = searches[0]
        confidence = self._confidence(searches)
        if first.score < self.calibration.threshold:
            return Answer("", self._near(first), known=False, confidence=confidence)
        texts = []
        sources: dict[int, Source] = {}
        for search in searches:
            at = search.ranked[0].passages[0]
            nearness = None if search.vector is None else self.ranker.unit_scores(at, search.vector)
            texts.append(quote(search.text, self.ranker.passages[at], nearness).text)
            sources.setdefault(search.ranked[0].article, self._source(search.ranked[0]))
        return Answer("\n\n".join(texts), tuple(sources.values()), known=True, confidence=confidence)

    async def _phrased(
        self, grounded: Grounded, question: str, history: Sequence[str], searches: Sequence[Search]
    ) -> Answer | None:
        shown = self._shown(searches)
        phrased = await grounded.answer(question, history, [passage for passage, _ in shown])
        if phrased is None:
            return None
        confidence = self._confidence(searches)
        if phrased.refused:
            return Answer("", self._near(searches[0]), known=False, confidence=confidence)
        sources: dict[str, Source] = {}
        for at in phrased.cited:
            passage, ranked = shown[at]
            sources.setdefault(passage.article, Source(passage.title, passage.url, round(ranked.score, 4)))
        return Answer(phrased.text, tuple(sources.values()), known=True, confidence=confidence)

    def _confidence(self, searches: Sequence[Search]) -> float:
        return round(self.calibration.confidence(min(search.score for search in searches)), 4)

    def _shown(self, searches: Sequence[Search]) -> list[tuple[Passage, Ranked]]:
        """Return what a language model sees: two passages of the best article, one of each other."""
        shown: dict[int, Ranked] = {}
        for search in searches:
            for rank, one in enumerate(search.ranked):
                for at in one.passages[: 2 if rank == 0 else 1]:
                    shown.setdefault(at, one)
        return [(self.ranker.passages[at], one) for at, one in shown.items()]

    def _near(self, search: Search) -> tuple[Source, ...]:
        return tuple(self._source(one) for one in search.ranked if one.score >= self.calibration.doubtful)

    def _source(self, ranked: Ranked) -> Source:
        passage = self.ranker.passages[ranked.passages[0]]
        return Source(passage.title, passage.url, round(ranked.score, 4))


def _fingerprint(embedder: Embedder | None) -> str | None:
    """Return what tells one encoder from another: its fingerprint, else the length of its vectors."""
    if embedder is None:
        return None
    return str(getattr(embedder, "fingerprint", embedder.size))


def _embedded(embedder: Embedder | None, cut: Sequence[Passage], questions: Sequence[str]) -> Vectors | None:
    if embedder is None:
        return None
    units = [f"{passage.heading or passage.title}: {unit.text}" for passage in cut for unit in passage.units]
    texts = [f"{passage.name}. {passage.text}" for passage in cut]
    rows = np.asarray(
        embedder.embed([*texts, *(passage.name for passage in cut), *units, *questions]), dtype=np.float32
    )
    ends = np.cumsum([len(texts), len(cut), len(units)])
    of_passages, of_names, of_units, of_questions = np.split(rows, ends)
    return Vectors(of_passages, of_names, of_units, of_questions)


def _placed(
    cut: Sequence[Passage], asked: Sequence[tuple[str, str]], vectors: Vectors | None
) -> list[tuple[str, int]]:
    """Find for each question the passage of its article that answers it."""
    alone = Ranker(cut, [], None if vectors is None else replace(vectors, questions=vectors.questions[:0]))
    numbers = {slug: number for number, slug in enumerate(dict.fromkeys(passage.article for passage in cut))}
    placed = []
    for row, (slug, question) in enumerate(asked):
        vector = None if vectors is None else vectors.questions[row]
        placed.append((question, alone.best_passage(numbers[slug], question, vector)))
    return placed


def _wire(file: Path) -> dict[str, Any]:
    try:
        wire = json.loads(file.read_text(encoding="utf-8"))
        if wire["format"] != FORMAT:
            raise ValueError("unknown format")
        return dict(wire)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"The passages cannot be read ({error}).", where=str(file), hint=REBUILD
        ) from error


def _prompt(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(f"The prompt cannot be read ({error}).", where=str(file), hint=REBUILD) from error


def _vectors(file: Path, cut: Sequence[Passage], questions: Sequence[Any], size: int) -> Vectors:
    units = sum(len(passage.units) for passage in cut)
    wanted = {"passages": len(cut), "names": len(cut), "units": units, "questions": len(questions)}
    try:
        with np.load(file, allow_pickle=False) as stored:
            vectors = Vectors(**{name: np.asarray(stored[name], dtype=np.float32) for name in wanted})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise PackageError(f"The vectors cannot be read ({error}).", where=str(file), hint=REBUILD) from error
    for name, rows in wanted.items():
        if getattr(vectors, name).shape != (rows, size):
            raise PackageError(
                f"The vectors do not fit the passages ('{name}').", where=str(file), hint=REBUILD
            )
    return vectors
