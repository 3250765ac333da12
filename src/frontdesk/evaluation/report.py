"""Reports of a test run: a readable summary for the terminal, JSON files, and one HTML page."""

from __future__ import annotations

import dataclasses
import html
import json
from collections.abc import Sequence
from pathlib import Path

from frontdesk.evaluation.charts import chart
from frontdesk.evaluation.conversations import ConversationResult
from frontdesk.evaluation.nlu import NluReport, Score
from frontdesk.evaluation.nlu_files import Measured
from frontdesk.evaluation.stories import StoryResult

MISTAKES = 100
"""So many are shown; `intent_errors.json` has them all."""
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .5rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.matrix td { min-width: 1.6rem; text-align: center; font-size: .8rem; }
.matrix thead th { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: 400; padding: .3rem 0; }
.ok { color: #1c7c54; } .bad { color: #b3261e; } details { margin: .4rem 0; } .wide { overflow-x: auto; }
.said { white-space: pre-wrap; margin: 0 0 .4rem 1rem; } .user { font-weight: 600; }
"""


def failure_text(result: ConversationResult) -> str:
    """Return a conversation that failed, up to where it did, for the terminal."""
    lines = [f"FAILED  {result.name}  ({result.place})"]
    for step in result.steps:
        lines.append(f"    You:  {step.user}")
        lines += [f"    Bot:  {line}" for text in step.said for line in text.splitlines()]
        if step.failures:
            lines.append(f"          (understood '{step.intent}', ran {', '.join(step.actions)})")
        lines += [f"      ->  {failure}" for failure in step.failures]
    if result.error:
        lines.append(f"      ->  {result.error}")
    return "\n".join(lines)


def nlu_text(report: NluReport, title: str) -> str:
    """Return a report on the NLU for the terminal: each intent, each entity, the surest mistakes."""
    measured = f"intent accuracy {report.accuracy:.1%}, macro F1 {report.macro_f1:.3f}"
    lines = [f"{title}: {len(report.guesses)} examples, {measured}"]
    lines += _score_lines("intent", report.intents) + _score_lines("entity", dict(report.entities))
    for guess in report.wrong[:15]:
        lines.append(
            f"  {guess.confidence:.2f}  '{guess.text[:90]}': {guess.found}, expected {guess.expected}"
        )
    return "\n".join(lines)


def _score_lines(kind: str, scores: dict[str, Score]) -> list[str]:
    if not scores:
        return []
    width = max(len(name) for name in scores) + 2
    lines = [f"  {kind:<{width}}precision  recall    F1  support"]
    for name, row in scores.items():
        lines.append(f"  {name:<{width}}{row.precision:9.3f}{row.recall:8.3f}{row.f1:6.2f}{row.support:9d}")
    return lines


def write_reports(
    out: Path,
    conversations: Sequence[ConversationResult] = (),
    stories: Sequence[StoryResult] = (),
    nlu: NluReport | None = None,
    measured: Sequence[Measured] = (),
) -> Path:
    """Write the conversations as JSON, and everything as one HTML page, into a folder; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    if conversations:
        _json(
            out / "conversation_report.json",
            [dataclasses.asdict(r) | {"passed": r.passed} for r in conversations],
        )
    page = out / "index.html"
    page.write_text(_page(conversations, stories, nlu, measured), "utf-8")
    return page


def _json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False), "utf-8")


def _page(
    conversations: Sequence[ConversationResult],
    stories: Sequence[StoryResult],
    nlu: NluReport | None,
    measured: Sequence[Measured],
) -> str:
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Test report</title>",
        f"<style>{_STYLE}</style>",
    ]
    parts.append("<h1>Test report</h1>")
    if conversations:
        parts.append(_heading("Conversations", [r.passed for r in conversations]))
        parts += [_conversation(result) for result in conversations]
    if stories:
        parts.append(_heading("Test stories", [r.passed for r in stories]))
        for story in stories:
            parts += [f"<p class='bad'>{html.escape(failure)}</p>" for failure in story.failures]
    if nlu is not None:
        parts.append(
            f"<h2>NLU: {nlu.accuracy:.1%} of {len(nlu.guesses)} intents, macro F1 {nlu.macro_f1:.3f}</h2>"
        )
        parts += [_scores("intent", nlu.intents), _scores("entity", dict(nlu.entities)), _mistakes(nlu)]
    parts += [chart(one) for one in measured]
    return "\n".join(parts)


def _heading(title: str, passed: Sequence[bool]) -> str:
    kind = "ok" if all(passed) else "bad"
    return f"<h2>{title}: <span class='{kind}'>{sum(passed)} of {len(passed)} passed</span></h2>"


def _conversation(result: ConversationResult) -> str:
    kind, state = ("ok", "") if result.passed else ("bad", " open")
    parts = [f"<details{state}><summary class='{kind}'>{html.escape(result.name)}</summary>"]
    for step in result.steps:
        parts.append(f"<p class='user'>{html.escape(step.user)}</p>")
        parts.append(f"<p class='said'>{html.escape(chr(10).join(step.said))}</p>")
        parts += [f"<p class='bad'>{html.escape(failure)}</p>" for failure in step.failures]
    if result.error:
        parts.append(f"<p class='bad'>{html.escape(result.error)}</p>")
    return "".join(parts) + "</details>"


def _scores(kind: str, scores: dict[str, Score]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{s.precision:.3f}</td><td>{s.recall:.3f}</td><td>{s.f1:.3f}</td><td>{s.support}</td></tr>"
        for name, s in scores.items()
    )
    return f"<table><tr><th>{kind}</th><th>precision</th><th>recall</th><th>F1</th><th>support</th></tr>{rows}</table>"


def _mistakes(report: NluReport) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(g.text)}</td><td>{html.escape(g.expected)}</td>"
        f"<td>{html.escape(str(g.found))}</td><td>{g.confidence:.2f}</td></tr>"
        for g in report.wrong[:MISTAKES]
    )
    if not rows:
        return ""
    head = "<tr><th>text</th><th>expected</th><th>understood</th><th>confidence</th></tr>"
    return f"<details><summary>The surest mistakes</summary><table>{head}{rows}</table></details>"
