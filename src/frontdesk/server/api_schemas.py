"""Shapes of what the HTTP API takes and gives, as JSON Schema."""

from __future__ import annotations

from typing import Any

from frontdesk.server.api_events import KINDS

_TEXT = {"type": "string"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": "number"}
_OBJECT = {"type": "object"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_SCORE = _object(["name", "confidence"], name=_MAYBE_TEXT, confidence=_NUMBER)
_PARSED = _object(
    ["text", "intent", "entities", "intent_ranking"],
    text=_MAYBE_TEXT,
    intent=_SCORE,
    entities=_list(_ref("Entity")),
    intent_ranking=_list(_SCORE),
    text_tokens=_list(_list({"type": "integer"})),
)
_EVENT = _object(
    ["event"],
    event={"type": "string", "enum": list(KINDS)},
    timestamp={"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 100_000_000_000},
    metadata={"type": ["object", "null"]},
    name=_MAYBE_TEXT,
    text=_MAYBE_TEXT,
    value={"description": "The value of a slot."},
    parse_data={"type": ["object", "null"]},
    data={"type": ["object", "null"]},
    policy=_MAYBE_TEXT,
    confidence={"type": ["number", "null"]},
)
_TRACKER = _object(
    [
        "sender_id",
        "slots",
        "latest_message",
        "latest_event_time",
        "followup_action",
        "paused",
        "events",
        "latest_input_channel",
        "active_loop",
        "latest_action",
        "latest_action_name",
    ],
    sender_id=_TEXT,
    slots=_OBJECT,
    latest_message=_OBJECT,
    latest_event_time={"type": ["number", "null"]},
    followup_action=_MAYBE_TEXT,
    paused={"type": "boolean"},
    events={"type": ["array", "null"], "items": _ref("Event")},
    latest_input_channel=_MAYBE_TEXT,
    active_loop=_OBJECT,
    latest_action=_OBJECT,
    latest_action_name=_MAYBE_TEXT,
)
_PREDICTION = _object(
    ["scores", "policy", "confidence", "tracker"],
    scores=_list(_object(["action", "score"], action=_TEXT, score=_NUMBER)),
    policy=_MAYBE_TEXT,
    confidence=_NUMBER,
    tracker=_ref("Tracker"),
)
_FAILURE = _object(
    ["version", "status", "message", "reason", "details", "help", "code"],
    version=_TEXT,
    status={"const": "failure"},
    message=_TEXT,
    reason=_TEXT,
    details=_OBJECT,
    help=_MAYBE_TEXT,
    code={"type": "integer"},
)
_STORY_REPORT = _object(
    [
        "report",
        "precision",
        "f1",
        "accuracy",
        "actions",
        "in_training_data_fraction",
        "is_end_to_end_evaluation",
    ],
    report=_OBJECT,
    precision=_NUMBER,
    f1=_NUMBER,
    accuracy=_NUMBER,
    actions=_list(_OBJECT),
    in_training_data_fraction=_NUMBER,
    is_end_to_end_evaluation={"type": "boolean"},
)

SCHEMAS: dict[str, Any] = {
    "Failure": _FAILURE,
    "Version": _object(
        ["version", "minimum_compatible_version"], version=_TEXT, minimum_compatible_version=_TEXT
    ),
    "Status": _object(
        ["model_file", "model_id", "num_active_training_jobs"],
        model_file=_TEXT,
        model_id=_TEXT,
        num_active_training_jobs={"type": "integer"},
        workers=_list(
            _object(
                ["worker", "ready"],
                worker={"type": "integer"},
                ready={"type": "boolean"},
                pid={"type": "integer"},
                model_file=_TEXT,
                model_id=_TEXT,
                num_active_training_jobs={"type": "integer"},
            )
        ),
    ),
    "Entity": _object(["entity", "value"], entity=_TEXT, value={}, role=_MAYBE_TEXT, group=_MAYBE_TEXT),
    "Event": _EVENT,
    "Tracker": _TRACKER,
    "TrackerAndMessages": _object(
        ["tracker", "messages"],
        tracker=_ref("Tracker"),
        messages=_list(_object(["recipient_id"], recipient_id=_TEXT)),
    ),
    "Prediction": _PREDICTION,
    "ActionRequest": _object(
        ["name"], name={**_TEXT, "minLength": 1}, policy=_MAYBE_TEXT, confidence={"type": ["number", "null"]}
    ),
    "IntentRequest": _object(
        ["name"],
        name={**_TEXT, "minLength": 1},
        entities={"oneOf": [_list(_ref("Entity")), _OBJECT, {"type": "null"}]},
    ),
    "MessageRequest": _object(
        ["text", "sender"],
        text=_TEXT,
        sender={"const": "user"},
        parse_data={
            "oneOf": [{"type": "null"}, _object(["intent"], intent=_OBJECT, entities=_list(_ref("Entity")))],
        },
    ),
    "ParseRequest": _object(["text"], text=_TEXT),
    "Parsed": {"anyOf": [_PARSED, {"type": "object", "description": "In the shape of another service."}]},
    "ModelRequest": _object(
        [],
        model_file=_MAYBE_TEXT,
        model_server={"oneOf": [{"type": "null"}, _object(["url"], url=_TEXT, token=_MAYBE_TEXT)]},
    ),
    "StoryReport": _STORY_REPORT,
    "NluReport": _object(
        ["intent_evaluation", "entity_evaluation", "response_selection_evaluation"],
        intent_evaluation={"type": ["object", "null"]},
        entity_evaluation={"type": ["object", "null"]},
        response_selection_evaluation={"type": ["object", "null"]},
    ),
    "OldExamples": _object(
        ["rasa_nlu_data"],
        rasa_nlu_data=_object(["common_examples"], common_examples=_list(_object(["text"], text=_TEXT))),
    ),
}
