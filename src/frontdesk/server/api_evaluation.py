"""Operations that measure the model in use: test stories and NLU examples sent in the request."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.channels.http import Refusal
from frontdesk.core.domain import Domain
from frontdesk.core.prediction import Prediction
from frontdesk.core.tracker import Tracker
from frontdesk.core.training import Example, Step, Story
from frontdesk.errors import FrontdeskError
from frontdesk.evaluation.nlu import evaluate
from frontdesk.evaluation.stories import StoryTest, run_stories
from frontdesk.formats.project import read_tests, read_training
from frontdesk.formats.project_layout import Layout
from frontdesk.runtime.assembly import trusted_model
from frontdesk.runtime.loop import Loop
from frontdesk.server.api_context import Call, bad_parameter
from frontdesk.server.api_events import entities_in, json_object
from frontdesk.server.api_measure import classification, nlu_to_wire
from frontdesk.server.api_models import chosen
from frontdesk.server.api_training import lay_out, printed_json, run, sections, with_callback, yaml_body
from frontdesk.server.api_workers import job

IN_TRAINING = ("RulePolicy", "MemoizationPolicy", "AugmentedMemoizationPolicy")
"""Policies that predict only what stands in the training data."""


@dataclass(frozen=True)
class _Recorded(Loop):
    """A loop that remembers what was predicted."""

    seen: list[Prediction] = field(default_factory=list)

    def predict(self, tracker: Tracker, domain: Domain) -> Prediction:
        self.seen.append(super().predict(tracker, domain))
        return self.seen[-1]


class _StoryTest(StoryTest):
    """A story test that keeps each expected action with the prediction for it."""

    def __init__(self, loop: Loop, process: Any, domain: Domain) -> None:
        parts = {f.name: getattr(loop, f.name) for f in dataclasses.fields(Loop)}
        self.recorded = _Recorded(**parts)
        super().__init__(self.recorded, process, domain)
        self.actions: list[tuple[str, Prediction]] = []

    def _expect(self, tracker: Tracker, expected: str, step: Step, failures: list[str]) -> Tracker:
        after = super()._expect(tracker, expected, step, failures)
        self.actions.append((expected, self.recorded.seen[-1]))
        return after


async def measure_stories(call: Call) -> HTTPResponse:
    """Follow test stories with the model in use."""
    missing = "You must provide some stories in the request body in order to evaluate your model."
    text = yaml_body(call, missing)
    sections(text)
    processor = call.agent.processor
    with tempfile.TemporaryDirectory(prefix="frontdesk-test-") as scratch:
        stories = _stories(text, Path(scratch))
    test = _StoryTest(processor.loop, processor.understanding.process, processor.domain)
    await asyncio.to_thread(run_stories, test, stories)
    found = classification([(expected, p.action or "None") for expected, p in test.actions])
    actions = [
        {"action": expected, "predicted": p.action, "policy": p.policy or None, "confidence": p.confidence}
        for expected, p in test.actions
    ]
    known = sum(p.policy in IN_TRAINING for _, p in test.actions)
    answer = {
        **found,
        "actions": actions,
        "in_training_data_fraction": known / len(actions) if actions else 0,
        "is_end_to_end_evaluation": call.flag("e2e"),
    }
    return json_response(answer)


def _stories(text: str, folder: Path) -> list[Story]:
    written = folder / "test_data.yml"
    written.write_text(text, "utf-8")
    try:
        return list(read_tests(written, base=folder, strict=False).stories)
    except FrontdeskError as error:
        raise Refusal(400, "BadRequest", f"The test stories cannot be read. {error.sentence}") from error


@with_callback
async def measure_intents(call: Call) -> HTTPResponse:
    """Measure the NLU on examples, or (YAML with a config) by cross-validation."""
    missing = "You must provide some nlu data in the request body in order to evaluate your model."
    is_yaml = "yaml" in (call.request.headers.get("Content-Type") or "").lower()
    count = call.number("cross_validation_folds", 2, 50)
    if count is not None:
        if not is_yaml:
            raise Refusal(400, "TestingError", "Cross-validation is only supported for YAML data.")
        return await _in_folds(call, yaml_body(call, missing), int(count))
    if not call.request.body:
        raise Refusal(400, "BadRequest", missing)
    examples = await asyncio.to_thread(_from_yaml, yaml_body(call, missing)) if is_yaml else _from_json(call)
    process = await _process(call)
    return json_response(nlu_to_wire(await asyncio.to_thread(evaluate, process, examples)))


async def _in_folds(call: Call, text: str, count: int) -> HTTPResponse:
    with tempfile.TemporaryDirectory(prefix="frontdesk-folds-") as scratch:
        folder = Path(scratch).resolve()
        lay_out(text, folder, call.api)
        command = ["-m", "frontdesk.server.api_measure", str(folder), str(count)]
        async with job(call.api):
            return json_response(printed_json(await run(command, folder, "TestingError")))


async def _process(call: Call) -> Any:
    """Return the NLU of the model in use, or of the project's model that `model` names."""
    named = call.text("model")
    if not named:
        if not call.agent.ready:
            raise Refusal(409, "Conflict", "Loaded model file not found.")
        return call.agent.processor.understanding.process
    archive, layout = chosen(call.api, named), call.api.options.layout or Layout(call.api.folder)
    try:
        model = await asyncio.to_thread(trusted_model, layout, archive)
    except FrontdeskError as error:
        message = f"The model could not be loaded. {error.what}"
        raise bad_parameter("model", "query", message) from error
    return model.pipeline.process


def _from_yaml(text: str) -> list[Example]:
    sections(text)
    with tempfile.TemporaryDirectory(prefix="frontdesk-test-") as scratch:
        written = Path(scratch) / "data.yml"
        written.write_text(text, "utf-8")
        try:
            return list(read_training(written, strict=False).nlu.examples)
        except FrontdeskError as error:
            raise Refusal(400, "BadRequest", f"The examples cannot be read. {error.sentence}") from error


def _from_json(call: Call) -> list[Example]:
    """Read Rasa's old JSON form: {"rasa_nlu_data": {"common_examples": [{text, intent, entities}]}}."""
    found = json_object(call.request).get("rasa_nlu_data")
    rows = found.get("common_examples") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        message = "The body needs 'rasa_nlu_data' with a list of 'common_examples'."
        raise bad_parameter("rasa_nlu_data", "body", message)
    examples = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise bad_parameter("common_examples", "body", "Each example needs a 'text'.")
        intent = row.get("intent")
        if not isinstance(intent, str | None):
            raise bad_parameter("common_examples", "body", "The 'intent' of an example must be a text.")
        examples.append(Example(row["text"], intent or "", entities_in(row.get("entities"))))
    return examples
