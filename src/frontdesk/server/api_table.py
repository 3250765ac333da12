"""Every operation of the HTTP API, in one table: routes, access, and the OpenAPI document come from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sanic.response import HTTPResponse

from frontdesk.server import api_conversations as conversations
from frontdesk.server import api_evaluation as evaluation
from frontdesk.server import api_models as models
from frontdesk.server import api_training as training
from frontdesk.server.api_context import Call

Schema = Mapping[str, Any]
Run = Callable[[Call], Awaitable[HTTPResponse]]

JSON, YAML, PLAIN = "application/json", "application/yaml", "text/plain"
OLD_YAML = "application/x-yaml"


@dataclass(frozen=True)
class Parameter:
    """A query parameter."""

    name: str
    says: str
    schema: Schema


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    `body` maps content types to schemas (none: no body). `answers` does so for the success, whose status is `status`.
    An operation that is `open` asks for no token; one that is not `needs_model` works without a model.
    """

    method: str
    path: str
    name: str
    group: str
    title: str
    says: str
    run: Run
    query: tuple[Parameter, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)
    body_required: bool = True
    answers: Mapping[str, Schema] = field(default_factory=dict)
    status: int = 200
    errors: tuple[int, ...] = ()
    open: bool = False
    needs_model: bool = True
    deprecated: bool = False
    example: Any = None

    @property
    def on_conversation(self) -> bool:
        """Tell whether the path names a conversation."""
        return "{conversation_id}" in self.path


def ref(name: str) -> Schema:
    """Return a reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


_FLAG = {"type": "boolean", "default": False}
INCLUDE = Parameter(
    "include_events",
    "Which events the answer holds: all, those after the last restart, those that count, or none.",
    {"type": "string", "enum": ["ALL", "APPLIED", "AFTER_RESTART", "NONE"], "default": "AFTER_RESTART"},
)
UNTIL = Parameter(
    "until",
    "Only what happened up to this time, in seconds since 1970.",
    {"type": "number", "minimum": 0, "maximum": conversations.LATEST},
)
CHANNEL = Parameter(
    "output_channel",
    "For which channel responses are chosen; `latest` is the channel of the last message. "
    "What is said stands in the answer, and is sent there, too, where the channel can send by itself (`chat`).",
    {"type": "string", "default": conversations.COLLECTOR},
)
CALLBACK = Parameter(
    "callback_url",
    "Answer 204 at once, and POST the result (or the error) to this URL. Private addresses are refused, but for hosts "
    "that the operator allows.",
    {"type": "string", "format": "uri"},
)
TRACKER = "/conversations/{conversation_id}/tracker"
ONE = "/conversations/{conversation_id}"
_STATE = {JSON: ref("Tracker")}
_DONE = {JSON: ref("TrackerAndMessages")}
_EVENTS: Schema = {"oneOf": [ref("Event"), {"type": "array", "items": ref("Event"), "maxItems": 10_000}]}
_GIVEN = {"event": "slot", "name": "name", "value": "Ann"}
_TRAINING: Mapping[str, Schema] = {YAML: {"type": "string"}, OLD_YAML: {"type": "string"}}


_SERVER = (
    Operation(
        "GET", "/version", "getVersion", "Server", "Version of the server",
        "Which version runs, and the oldest version whose models it loads.",
        models.get_version, answers={JSON: ref("Version")}, open=True, needs_model=False,
    ),
    Operation(
        "GET", "/status", "getStatus", "Server", "Status of the server",
        "Which model answers, and how many trainings run.",
        models.get_status, answers={JSON: ref("Status")},
    ),
    Operation(
        "GET", "/domain", "getDomain", "Domain", "The domain",
        "The domain of the model in use; as YAML where `Accept` asks for it.",
        models.get_domain, answers={JSON: {"type": "object"}, OLD_YAML: {"type": "string"}}, errors=(406,),
    ),
)  # fmt: skip

_CONVERSATIONS = (
    Operation(
        "GET", TRACKER, "getConversationTracker", "Tracker", "A conversation",
        "What is known of a conversation. One that is new is shown as it would begin; nothing is stored.",
        conversations.get_tracker, (INCLUDE, UNTIL), answers=_STATE, errors=(503,),
    ),
    Operation(
        "POST", f"{TRACKER}/events", "addConversationTrackerEvents", "Tracker", "Add events",
        "Adds one event or several to a conversation, in one commit. They go through the line in which messages wait.",
        conversations.append_events,
        (INCLUDE, CHANNEL, Parameter("execute_side_effects", "Schedule reminders, send what is said.", _FLAG)),
        {JSON: _EVENTS}, answers=_STATE, errors=(413, 503), example=[_GIVEN],
    ),
    Operation(
        "PUT", f"{TRACKER}/events", "replaceConversationTrackerEvents", "Tracker", "Replace events",
        "Lets a conversation consist of these events. What was before stays in the store, behind a restart.",
        conversations.replace_events, (INCLUDE,), {JSON: _EVENTS}, answers=_STATE, errors=(413, 503), example=[_GIVEN],
    ),
    Operation(
        "GET", f"{ONE}/story", "getConversationStory", "Tracker", "A conversation as a test story",
        "The latest session, or all of them, in the format of test stories.",
        conversations.get_story, (UNTIL, Parameter("all_sessions", "One story for each session.", _FLAG)),
        answers={PLAIN: {"type": "string"}}, errors=(404, 503),
    ),
    Operation(
        "POST", f"{ONE}/execute", "executeConversationAction", "Tracker", "Run an action",
        "Runs one action, whatever the policies say. Better let the policies decide: trigger an intent.",
        conversations.execute_action, (INCLUDE, CHANNEL), {JSON: ref("ActionRequest")},
        answers=_DONE, errors=(404, 413, 503), deprecated=True, example={"name": "action_listen"},
    ),
    Operation(
        "POST", f"{ONE}/trigger_intent", "triggerConversationIntent", "Tracker", "Trigger an intent",
        "Lets the assistant answer an intent as if the user had expressed it.",
        conversations.trigger_intent, (INCLUDE, CHANNEL), {JSON: ref("IntentRequest")},
        answers=_DONE, errors=(404, 413, 503), example={"name": "greet", "entities": {}},
    ),
    Operation(
        "POST", f"{ONE}/predict", "predictConversationAction", "Tracker", "Predict the next action",
        "Says what the assistant would do next; nothing is done.",
        conversations.predict_next, answers={JSON: ref("Prediction")}, errors=(404, 503),
    ),
    Operation(
        "POST", f"{ONE}/messages", "addConversationMessage", "Tracker", "Add a message",
        "Adds a message of the user; the assistant understands it but does not answer.",
        conversations.add_message, (INCLUDE,), {JSON: ref("MessageRequest")},
        answers=_STATE, errors=(413, 503), example={"text": "hello", "sender": "user"},
    ),
)  # fmt: skip

_MODELS = (
    Operation(
        "POST", "/model/train", "trainModel", "Model", "Train a model",
        "Trains in a process of its own from one YAML text that holds config, domain and training data, and returns "
        "the model's archive; its name stands in the header `filename`. The model in use is not exchanged: PUT /model.",
        training.train_model,
        (
            CALLBACK,
            Parameter("save_to_default_model_directory", "Keep the model in the project.", {**_FLAG, "default": True}),
            Parameter("force_training", "Train everything anew.", _FLAG),
            Parameter("augmentation", "Accepted, and without effect.", {"type": "integer"}),
            Parameter("num_threads", "Accepted, and without effect.", {"type": "integer"}),
        ),
        _TRAINING, answers={"application/gzip": {"type": "string"}}, errors=(413, 429, 500), needs_model=False,
    ),
    Operation(
        "POST", "/model/test/stories", "testModelStories", "Model", "Test on stories",
        "Follows test stories with the model in use.",
        evaluation.measure_stories, (Parameter("e2e", "Told again in the answer.", _FLAG),), _TRAINING,
        answers={JSON: ref("StoryReport")}, errors=(413,),
    ),
    Operation(
        "POST", "/model/test/intents", "testModelIntent", "Model", "Test the NLU",
        "Measures intents and entities on examples (YAML, or Rasa's old JSON), or by cross-validation on YAML that "
        "holds a pipeline, too.",
        evaluation.measure_intents,
        (
            CALLBACK,
            Parameter("model", "Another model of the project's models folder.", {"type": "string"}),
            Parameter("cross_validation_folds", "In so many parts.", {"type": "integer", "minimum": 2, "maximum": 50}),
        ),
        {**_TRAINING, JSON: ref("OldExamples")}, answers={JSON: ref("NluReport")},
        errors=(409, 413, 429, 500), needs_model=False,
    ),
    Operation(
        "POST", "/model/predict", "predictModelAction", "Model", "Predict from events",
        "Says what the assistant would do after these events.",
        models.predict_from_events, (INCLUDE,), {JSON: _EVENTS},
        answers={JSON: ref("Prediction")}, errors=(413,), example=[_GIVEN],
    ),
    Operation(
        "POST", "/model/parse", "parseModelMessage", "Model", "Understand a text",
        "What the NLU makes of a text.",
        models.parse_message,
        (Parameter("emulation_mode", "In the shape of another service: WIT, LUIS or DIALOGFLOW.", {"type": "string"}),),
        {JSON: ref("ParseRequest")}, answers={JSON: ref("Parsed")}, errors=(413,), example={"text": "hello"},
    ),
    Operation(
        "PUT", "/model", "replaceModel", "Model", "Load a model",
        "Answers with another model from the next message on; turns under way end with the one they began with. "
        "`model_file` is a file of the project's models folder, `model_server` a host that the operator allows.",
        models.load_model, body={JSON: ref("ModelRequest")}, status=204, errors=(413,), needs_model=False,
        example={"model_file": "models/20260101-120000.tar.gz"},
    ),
    Operation(
        "DELETE", "/model", "unloadModel", "Model", "Unload the model",
        "Ends the turns under way, then lets go of the model. Until another one is loaded, messages get 503.",
        models.unload_model, status=204, needs_model=False,
    ),
)  # fmt: skip

OPERATIONS = (*_SERVER, *_CONVERSATIONS, *_MODELS)
