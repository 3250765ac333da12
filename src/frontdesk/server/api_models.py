"""Operations on the model: what is loaded, load another, unload, and ask it directly."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import secrets
import time
from pathlib import Path
from typing import Any

from sanic.response import HTTPResponse, empty
from sanic.response import json as json_response
from sanic.response import text as text_response

from frontdesk import __version__
from frontdesk.actions.responses import DomainResponses
from frontdesk.channels.http import Refusal, text_field
from frontdesk.core.codec import message_to_wire
from frontdesk.core.domain import Domain
from frontdesk.core.message import Message
from frontdesk.core.tracker import Tracker
from frontdesk.errors import FrontdeskError
from frontdesk.formats.writer import dump
from frontdesk.graph.package import newest
from frontdesk.outgoing import checked, download
from frontdesk.registry import MODEL_STORAGES
from frontdesk.runtime.assembly import reload
from frontdesk.runtime.processor import Processor
from frontdesk.runtime.understanding import Understanding
from frontdesk.server.api_context import Api, Call, bad_parameter
from frontdesk.server.api_conversations import prediction_to_wire
from frontdesk.server.api_emulation import MODES, emulate
from frontdesk.server.api_events import events_in, json_object, verbosity
from frontdesk.server.api_workers import changing, statuses, tell_others
from frontdesk.stores.model_storage import ModelStorage

YAML_TYPE = "application/x-yaml"


async def get_version(_: Call) -> HTTPResponse:
    """Return the version of this server and the oldest model version that it can load."""
    return json_response({"version": __version__, "minimum_compatible_version": "3.0.0"})


async def get_status(call: Call) -> HTTPResponse:
    """Return which model is loaded and how many trainings run; of several workers, for each, too."""
    workers = await statuses(call.api)
    elsewhere = sum(
        found.get("num_active_training_jobs", 0) for found in workers if found.get("pid") != os.getpid()
    )
    status: dict[str, Any] = {
        "model_file": call.api.archive,
        "model_id": call.agent.model_id,
        "num_active_training_jobs": call.api.jobs + elsewhere,
    }
    return json_response(status | ({"workers": workers} if workers else {}))


async def get_domain(call: Call) -> HTTPResponse:
    """Return the domain of the model in use, as JSON or YAML."""
    wire = call.agent.processor.domain.wire
    for accepted in call.request.headers.get("Accept", "*/*").split(","):
        kind = accepted.partition(";")[0].strip().lower()
        if kind.endswith("json") or kind in ("*/*", "application/*"):
            return json_response(wire)
        if kind.endswith(("yml", "yaml")):
            return text_response(dump(wire), content_type=YAML_TYPE)
    message = "Invalid Accept header. Domain can be provided as "
    message += f'json ("Accept: application/json") or yml ("Accept: {YAML_TYPE}"). '
    raise Refusal(406, "NotAcceptable", message + "Make sure you've set the appropriate Accept header.")


async def parse_message(call: Call) -> HTTPResponse:
    """Return what the model understands of a text."""
    found = json_object(call.request)
    mode = (call.text("emulation_mode") or "").lower()
    if mode and mode not in MODES:
        message = (
            "Invalid parameter value for 'emulation_mode'. Should be one of 'WIT', 'LUIS', 'DIALOGFLOW'."
        )
        raise bad_parameter("emulation_mode", "query", message)
    if isinstance(found.get("text"), list):  # Rasa takes the first of a list
        found = {**found, "text": next(iter(found["text"]), None)}
    said = text_field(found, "text")
    if said is None:
        message = "No text message defined in request_body. Add text message to request body "
        raise bad_parameter("text", "body", message + "in order to obtain the intent and extracted entities.")
    if len(said) > call.agent.settings.max_message:
        raise Refusal(413, "PayloadTooLarge", f"The text has {len(said):,} characters.")
    return json_response(emulate(message_to_wire(await call.agent.processor.understanding.parse(said)), mode))


async def predict_from_events(call: Call) -> HTTPResponse:
    """Return what the assistant would do after these events."""
    shown, events = verbosity(call), events_in(call.request)
    processor = call.agent.processor
    tracker = Tracker.start("default", processor.domain.initial_slots, events)
    prediction = processor.loop.predict(tracker, processor.domain)
    return json_response(prediction_to_wire(prediction, tracker, processor.domain, shown))


async def load_model(call: Call) -> HTTPResponse:
    """Answer with another model from the next message on."""
    if not call.request.body:
        raise Refusal(400, "BadRequest", "No path to model file defined in request_body.")
    found = json_object(call.request)
    storage = found.get("remote_storage")
    async with changing(call.api):
        server = found.get("model_server")
        if server:
            archive = await fetch_and_use(call.api, server)
        elif storage:
            archive = await stored_elsewhere(call.api, storage, text_field(found, "model_file"))
            await use(call.api, archive)
        else:
            named = chosen(call.api, text_field(found, "model_file"))
            archive = newest(named) or named
            await use(call.api, archive)
        await tell_others(call.api, archive)
    return empty()


async def unload_model(call: Call) -> HTTPResponse:
    """Let go of the model; messages are refused (503) until another one is loaded."""
    async with changing(call.api):
        await let_go(call.api)
        await tell_others(call.api, None)
    return empty()


async def let_go(api: Api) -> None:
    """Take no more messages, and let go of the model."""
    if api.agent.ready:
        await api.agent.unload(nothing_loaded(api.agent.processor))
        api.app.ctx.model_id = ""
        api.app.ctx.articles = {}


async def follow(api: Api, archive: Path | None) -> None:
    """Do as another worker did. Raises Refusal (400)."""
    if archive is None:
        await let_go(api)
    else:
        await use(api, archive)


def chosen(api: Api, name: str | None) -> Path:
    """Return a model of the project: by its path, its file name, or (None) the newest; links are looked through.

    Raises Refusal (400) for anything outside of the project's models folder.
    """
    if name is None:
        return api.models
    home = api.models.resolve()
    tried = [api.folder / name, api.models / name]
    inside = []
    try:
        inside = [found for path in tried if (found := path.resolve()).is_relative_to(home)]
        for path in inside:
            if path == home or (path.is_file() and path.name.endswith(".tar.gz")):
                return path
    except (OSError, ValueError):  # a name that no file can have
        pass
    message = f"Agent with name '{name}' could not be loaded."
    if not inside:
        message += " Models are loaded only from the project's models folder."
    raise bad_parameter("model_file", "body", message)


async def stored_elsewhere(api: Api, storage: Any, name: str | None) -> Path:
    """Fetch a model from the bucket that the operator's environment names. Raises Refusal (400)."""
    if not isinstance(storage, str) or storage not in MODEL_STORAGES:  # a caller names no code
        message = f"Supplied 'remote_storage' is not valid. It can be {', '.join(MODEL_STORAGES)}."
        raise bad_parameter("remote_storage", "body", message)
    try:
        return await asyncio.to_thread(lambda: ModelStorage.named(storage).fetch(name, api.models))
    except FrontdeskError as error:
        raise bad_parameter("model_file", "body", f"The model could not be fetched. {error.what}") from error


async def fetch_and_use(api: Api, server: Any) -> Path:
    """Fetch a model from a server that the operator allows, answer with it and return it. Raises Refusal (400)."""
    url = server.get("url") if isinstance(server, dict) else None
    if not isinstance(url, str):
        message = "Supplied 'model_server' is not valid. It needs a 'url'."
        raise bad_parameter("model_server", "body", message)
    token = server.get("token")
    target = await checked(url, api.options.hosts, only_allowed=True)
    api.models.mkdir(parents=True, exist_ok=True)
    # It gets a model's name only after it was loaded, so that a restart never takes a bad one for the newest.
    draft = api.models / f".fetched-{secrets.token_hex(4)}"
    try:
        await download(target, draft, token if isinstance(token, str) else None)
        await use(api, draft)
        name = f"fetched-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}.tar.gz"
        draft.rename(api.models / name)
        api.archives[api.agent.model_id] = name
        return api.models / name
    finally:
        draft.unlink(missing_ok=True)


async def use(api: Api, archive: Path) -> None:
    """Load a model and answer with it; the one in use stays where that fails. Raises Refusal (400)."""
    try:
        model_id = await reload(api.agent, api.folder, archive, api.options.layout)
    except (FrontdeskError, OSError, ValueError, KeyError) as error:
        said = error.sentence if isinstance(error, FrontdeskError) else type(error).__name__
        said = said.replace(f"{api.folder}/", "")
        raise bad_parameter("model_file", "body", f"The model could not be loaded. {said}") from error
    if archive.is_file():
        api.archives[model_id] = archive.name
    api.app.ctx.model_id = model_id
    api.app.ctx.articles = await asyncio.to_thread(api.pages)


def nothing_loaded(processor: Processor) -> Processor:
    """Return what stands where a model was: it keeps the action server, and nothing that takes memory."""
    domain = Domain()
    return dataclasses.replace(
        processor,
        domain=domain,
        understanding=Understanding(lambda texts: [Message(text) for text in texts]),
        loop=dataclasses.replace(processor.loop, policies=()),
        nlg=DomainResponses(domain, {}),
        knowledge=None,
    )
