"""Train over HTTP: a process of its own, in a scratch folder made from the request."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sanic.response import HTTPResponse, empty, file

from frontdesk.channels.http import Refusal, failure
from frontdesk.errors import AddressRefused, FrontdeskError
from frontdesk.formats import config as config_file
from frontdesk.formats.domain_merge import KEYS as DOMAIN_KEYS
from frontdesk.formats.importers import reads_own_files
from frontdesk.formats.project_layout import Layout
from frontdesk.formats.settings_files import read_endpoints
from frontdesk.formats.writer import dump
from frontdesk.formats.yaml import Block, read_text
from frontdesk.outgoing import checked, post
from frontdesk.runtime.assembly import STATE, named_addresses, named_paths, named_slot_types
from frontdesk.server.api_context import Api, Call
from frontdesk.server.api_workers import job

log = logging.getLogger("frontdesk.server")

LONGEST_TRAINING = 6 * 3600.0  # seconds
PASSED_ON = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV|PYTHON\w*|OMP_NUM_THREADS|FRONTDESK_ENCODER"
)
"""Variables that a training sees; the training data may name any variable, so no secret is among them."""

Operation = Callable[[Call], Awaitable[HTTPResponse]]


def with_callback(work: Operation) -> Operation:
    """Let an operation answer 204 at once where the caller gives a `callback_url`, to which its answer is sent."""

    @functools.wraps(work)
    async def begin(call: Call) -> HTTPResponse:
        url = call.text("callback_url")
        if not url:
            return await work(call)
        await checked(url, call.api.options.hosts)
        call.api.background(_report(work, call, url))
        return empty()

    return begin


async def _report(work: Operation, call: Call, url: str) -> None:
    try:
        answer = await work(call)
    except Refusal as refusal:
        answer = failure(refusal)
    except Exception as error:  # whatever it was, the caller waits for an answer
        log.exception("Work in the background failed.", exc_info=error)
        answer = failure(Refusal(500, "UnexpectedError", "Something went wrong on the server."))
    try:
        # Looked at again: the name may stand for another address by now.
        target = await checked(url, call.api.options.hosts)
        status = await post(target, answer.body or b"", answer.content_type or "application/json")
    except AddressRefused as error:
        log.error("The callback for '%s' could not be called: %s", call.request.path, error)
        return
    if status >= 400:
        log.error("The callback for '%s' answered with the status %d.", call.request.path, status)


@with_callback
async def train_model(call: Call) -> HTTPResponse:
    """Train a model from the YAML in the body, and return its archive."""
    text = yaml_body(call, "You must provide training data in the request body in order to train your model.")
    force = call.flag("force_training")
    keep = call.flag("save_to_default_model_directory", default=True)
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    with tempfile.TemporaryDirectory(prefix="frontdesk-train-") as scratch:
        folder = Path(scratch).resolve()
        lay_out(text, folder, call.api, fresh=force)
        out = call.api.models if keep else folder / "models"
        command = ["-m", "frontdesk.cli.main", "train", "--quiet", "--project", str(folder)]
        command += ["--out", str(out), "--fixed-model-name", name]
        async with job(call.api):
            await run(command, folder, "TrainingError")
        archive = out / f"{name}.tar.gz"
        if not archive.is_file():
            message = "Ran training, but it finished without a trained model."
            raise Refusal(500, "TrainingError", message)
        return await file(archive, filename=archive.name, headers={"filename": archive.name})


def yaml_body(call: Call, missing: str) -> str:
    """Return the YAML in the body of a request. Raises Refusal (400) where there is none."""
    if not call.request.body:
        raise Refusal(400, "BadRequest", missing)
    try:
        text: str = call.request.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(400, "BadRequest", "The request body is not UTF-8 text.") from error
    return text


def sections(text: str) -> Block:
    """Return the content of a body that is a YAML mapping. Raises Refusal (400)."""
    try:
        found = read_text(text, "body")
    except FrontdeskError as error:
        message = f"The request body does not contain valid YAML. Error: {error.sentence}"
        raise Refusal(400, "BadRequest", message) from error
    if not isinstance(found, Block):
        message = "The request body does not contain valid YAML. Error: it must be a mapping."
        raise Refusal(400, "BadRequest", message)
    return found


def lay_out(text: str, folder: Path, api: Api, *, fresh: bool = False) -> None:
    """Make a project in `folder` from one YAML text that holds config, domain and training data.

    Lines stay where they were, so that a complaint names the line of the body. Classes named by path are allowed only
    where the project's own config.yml or domain names them, for training would run them. Raises Refusal (400).
    """
    found = sections(text)
    if not any(found.get(key) for key in ("nlu", "stories", "rules")):
        message = "The request body holds no training data: it needs 'nlu', 'stories' or 'rules'."
        raise Refusal(400, "BadRequest", message)
    _check_classes(found, api)
    in_config = [key for key in found if key in config_file.KEYS and key != "version"]
    in_domain = [key for key in found if key in DOMAIN_KEYS and key not in ("version", "responses")]
    in_domain += [key for key in ("responses",) if key in found]
    rest = [key for key in found if key not in (*in_config, *in_domain, "version")]
    (folder / "data").mkdir()
    for name, keys in (("config.yml", in_config), ("domain.yml", in_domain), ("data/data.yml", rest)):
        (folder / name).write_text(_only(text, found, keys), "utf-8")
    endpoints = read_endpoints(api.folder)
    if endpoints.knowledge is not None:
        parts = {"articles": endpoints.knowledge.articles, "facts": endpoints.knowledge.facts}
        named = {key: str(api.folder / path) for key, path in parts.items() if path}
        knowledge = {**endpoints.knowledge.options, **named}
        (folder / "endpoints.yml").write_text(dump({"knowledge": knowledge}), "utf-8")
    if not fresh:
        (folder / STATE).mkdir()
        (api.folder / STATE / "cache").mkdir(parents=True, exist_ok=True)
        (folder / STATE / "cache").symlink_to(api.folder / STATE / "cache")


def _check_classes(found: Block, api: Api) -> None:
    """Raise Refusal (400) for a class or a server that the project's own files do not name, or an importer."""
    trusted, servers = named_paths(api.folder), named_addresses(api.folder)
    pipeline = found.get("pipeline")
    for part in pipeline if isinstance(pipeline, list) else ():
        url = part.get("url") if isinstance(part, Mapping) else None
        if url and str(url) not in servers:
            message = f"'{url}' is the address of a server that the project's own config.yml does not name."
            raise Refusal(400, "BadRequest", message)
    for name in (*_names(found, "pipeline"), *_names(found, "policies")):
        if ("." in name or ":" in name) and name not in trusted:
            raise _untrusted(name, "config.yml")
    for name in _names(found, "importers"):
        if not reads_own_files(name):
            message = f"The importer '{name}' cannot be used here: what is learnt from comes in the request."
            raise Refusal(400, "BadRequest", message)
    own = _slot_types(found)
    known = named_slot_types(api.options.layout or Layout(api.folder)) if own else frozenset()
    for kind in own:
        if kind not in known:
            raise _untrusted(kind, "domain")


def _slot_types(found: Block) -> list[str]:
    """Return the class paths among the types of slots; where policies do not look at one, nothing is run."""
    slots = found.get("slots")
    listed = slots.values() if isinstance(slots, Mapping) else ()
    seen = [
        slot.get("type")
        for slot in listed
        if isinstance(slot, Mapping) and slot.get("influence_conversation") is not False
    ]
    return [kind.strip() for kind in seen if isinstance(kind, str) and "." in kind]


def _names(found: Block, key: str) -> list[str]:
    parts = found.get(key)
    listed = parts if isinstance(parts, list) else ()
    names = [part.get("name") if isinstance(part, Mapping) else part for part in listed]
    return [name.strip() for name in names if isinstance(name, str)]


def _untrusted(name: str, where: str) -> Refusal:
    message = f"'{name}' is a class path that the project's own {where} does not name."
    return Refusal(400, "BadRequest", message)


def _only(text: str, found: Block, keys: Sequence[str]) -> str:
    """Return the text with the lines of all other top-level keys left blank."""
    begins = sorted((found.at(key).line or 1, key) for key in found)
    if len({line for line, _ in begins}) < len(begins) or text.lstrip().startswith("{"):
        return dump({key: found[key] for key in keys}) if keys else ""
    lines = text.splitlines()
    kept = [""] * len(lines)
    for (line, key), (end, _) in zip(begins, [*begins[1:], (len(lines) + 1, "")], strict=True):
        if key in keys:
            kept[line - 1 : end - 1] = lines[line - 1 : end - 1]
    return "\n".join(kept) + "\n"


async def run(arguments: Sequence[str], folder: Path, reason: str) -> bytes:
    """Run Python in a process of its own, without the server's secrets; returns what it printed.

    Raises Refusal: 400 with its complaint about what was sent, 500 where it broke.
    """
    environment = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LONGEST_TRAINING):
            printed, complaint = await process.communicate()
    except TimeoutError as error:
        raise Refusal(500, reason, "It took too long and was stopped.") from error
    finally:
        if process.returncode is None:  # too late, or the server stops
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return printed
    said = complaint.decode(errors="replace").replace(f"{folder}/", "").strip()
    told = said.rpartition("frontdesk: ")[2] if "frontdesk: " in said else ""
    if told and "Traceback" not in said:
        raise Refusal(400, reason, told)
    log.error("A process that a request started ended with the code %s: %s", process.returncode, said[-2000:])
    raise Refusal(500, reason, "An unexpected error occurred. The server's log has the reason.")


def printed_json(printed: bytes) -> Any:
    """Return the JSON in the last line that a process printed."""
    return json.loads(printed.decode().strip().splitlines()[-1])
